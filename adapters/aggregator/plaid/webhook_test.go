package plaid

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/goldenfile"
)

func TestEventsAreParsed(t *testing.T) {
	files, err := filepath.Glob("testdata/webhook/*.json")
	if err != nil {
		t.Fatal(err)
	}
	events := map[string]domain.WebhookEvent{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		event, err := (*Adapter)(nil).Parse(body)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if event.ID != "" || event.DedupKey != "" {
			t.Errorf("%s has an id", file)
		}
		events[filepath.Base(file)] = event
	}
	goldenfile.Compare(t, "testdata/events.golden.json", events)
}

// An event of this kind must count as confidential. Its body contains the URL of a webhook, and the URL contains the
// secret webhook token.
func TestTheAcknowledgementOfAWebhookIsConfidential(t *testing.T) {
	body := `{"webhook_type":"ITEM","webhook_code":"WEBHOOK_UPDATE_ACKNOWLEDGED","item_id":"i",` +
		`"new_webhook_url":"https://x"}`
	event, err := (*Adapter)(nil).Parse([]byte(body))
	if err != nil || !event.Confidential || event.WantsPull {
		t.Errorf("%+v, %v", event, err)
	}
}

func TestAnEventWithAnOddItemReadsEverything(t *testing.T) {
	for _, item := range []string{`1`, `"../x"`, `"` + strings.Repeat("x", 100) + `"`, `"\ud800"`} {
		body := `{"webhook_type":"TRANSACTIONS","webhook_code":"SYNC_UPDATES_AVAILABLE","item_id":` + item + `}`
		event, err := (*Adapter)(nil).Parse([]byte(body))
		if err != nil || !event.Scope.Everything || event.AccountRef != "" {
			t.Errorf("%s: %+v, %v", item, event, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/webhook/*.json")
	for _, file := range files {
		body, _ := os.ReadFile(file)
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := (*Adapter)(nil).Parse(body)
		if err != nil && !errors.Is(err, domain.Invalid) {
			t.Error(err)
		}
		if len(event.Name) > domain.MaxEventID || len(event.AccountRef) > domain.MaxEventID {
			t.Error("a name or reference is too long")
		}
	})
}
