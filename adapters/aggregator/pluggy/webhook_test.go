package pluggy

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// bodies returns the webhook bodies in testdata, by file name.
func bodies(t testing.TB) map[string][]byte {
	t.Helper()
	found, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(found) < 11 {
		t.Fatalf("%d webhooks: %v", len(found), err)
	}
	all := map[string][]byte{}
	for _, path := range found {
		if all[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

const (
	webhookItem    = "9d9d9d9d-1111-4222-8333-444444444444"
	webhookAccount = "5b0c1d2e-0001-4a00-8000-00000000000a"
	webhookCard    = "5b0c1d2e-0002-4a00-8000-00000000000b"
)

func TestParseReturnsTheScopeOfEachEvent(t *testing.T) {
	everything := domain.PullScope{Everything: true}
	recovered := domain.PullScope{Everything: true, Signal: domain.SignalRecovered}
	updated := recovered
	updated.Bills = domain.BillsDaily
	reauth := domain.PullScope{Signal: domain.SignalReauth}
	for name, want := range map[string]struct {
		wantsPull bool
		scope     domain.PullScope
	}{
		"item_created":             {true, everything},
		"item_updated":             {true, updated},
		"item_login_succeeded":     {true, recovered},
		"item_error":               {true, reauth},
		"item_waiting_user_input":  {true, reauth},
		"item_waiting_user_action": {true, reauth},
		"item_deleted":             {true, domain.PullScope{}},
		"connector_status_updated": {},
		"transactions_created": {true, domain.PullScope{
			Created: map[string]time.Time{webhookAccount: time.Date(2026, 11, 19, 8, 57, 11, 0, time.UTC)},
			Announced: []domain.AnnouncedCount{{
				Account: webhookAccount, From: time.Date(2026, 11, 19, 9, 2, 11, 0, time.UTC), Count: 5,
			}},
		}},
		"transactions_updated": {true, domain.PullScope{Changed: map[string][]string{
			webhookCard: {"7a7a7a7a-0000-4000-8000-000000000021"}}}},
		"transactions_deleted": {true, domain.PullScope{Removed: []string{"7a7a7a7a-0000-4000-8000-000000000022"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := (*Adapter)(nil).Parse(bodies(t)[name+".json"])
			if err != nil {
				t.Fatal(err)
			}
			if got.WantsPull != want.wantsPull || !strings.HasPrefix(got.ID, "ab000000") || got.DedupKey != got.ID {
				t.Errorf("got %+v", got)
			}
			if ref := got.AccountRef; ref != webhookItem && (ref != "" || name != "connector_status_updated") {
				t.Errorf("account reference %q", ref)
			}
			if diff := cmp.Diff(want.scope, got.Scope); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseWantsEverythingIfMembersAreMissing(t *testing.T) {
	everything := domain.PullScope{Everything: true}
	many := make([]string, 10_001)
	for i := range many {
		many[i] = fmt.Sprintf("id-%d", i)
	}
	list, _ := json.Marshal(many)
	for body, want := range map[string]domain.PullScope{
		`{"event":"transactions/created","accountId":"a","transactionsMinDate":"2026-11-17T01:30:00.000Z"}`: {
			Window: &domain.Window{From: "2026-11-16"},
		},
		`{"event":"transactions/created","transactionsCreatedAtFrom":"2026-11-19T09:02:11.000Z"}`: everything,
		`{"event":"transactions/created","accountId":"a","transactionsCreatedAtFrom":"soon"}`:     everything,
		`{"event":"transactions/updated","accountId":"a"}`:                                        everything,
		`{"event":"transactions/updated","transactionIds":["x"]}`:                                 everything,
		`{"event":"transactions/updated","accountId":"a","transactionIds":` + string(list) + `}`: {
			Everything: true, Accounts: []string{"a"},
		},
		`{"event":"transactions/updated","accountId":"a","transactionIds":["y","x","y"]}`: {
			Changed: map[string][]string{"a": {"x", "y"}},
		},
		`{"event":"transactions/deleted"}`:                                     everything,
		`{"event":"item/error","error":{"code":"SITE_NOT_AVAILABLE"}}`:         {Problem: true},
		`{"event":"item/error","error":{"code":"SOMETHING_NEW"}}`:              {Problem: true},
		`{"event":"item/error"}`:                                               {Problem: true},
		`{"event":"item/error","error":{"code":"USER_AUTHORIZATION_PENDING"}}`: {Signal: domain.SignalDevice},
	} {
		got, err := (*Adapter)(nil).Parse([]byte(body))
		if err != nil || !got.WantsPull {
			t.Errorf("%.90s: %+v %v", body, got.WantsPull, err)
		}
		if diff := cmp.Diff(want, got.Scope); diff != "" {
			t.Errorf("%.90s: %s", body, diff)
		}
	}
}

func TestParseWantsNoPullForUnknownEvents(t *testing.T) {
	got, err := (*Adapter)(nil).Parse([]byte(`{"event":"payment_intent/created","eventId":"e","itemId":"i"}`))
	if err != nil || got.WantsPull || got.Name != "payment_intent/created" || got.DedupKey != "e" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestParseWantsEverythingIfAnIDOrADateIsOdd checks that an event with an invalid id or date asks for a pull that reads
// everything, and that its valid ids are still used.
func TestParseWantsEverythingIfAnIDOrADateIsOdd(t *testing.T) {
	long := strings.Repeat("x", domain.MaxEventID+1)
	everything := domain.WebhookEvent{WantsPull: true, Scope: domain.PullScope{Everything: true}}
	with := func(change func(*domain.WebhookEvent)) domain.WebhookEvent {
		event := everything
		change(&event)
		return event
	}
	problem := with(func(e *domain.WebhookEvent) { e.Scope.Problem = true })
	ofItem := with(func(e *domain.WebhookEvent) { e.ID, e.DedupKey, e.AccountRef = "e", "e", "i" })
	removing := func(ids ...string) domain.WebhookEvent {
		return with(func(e *domain.WebhookEvent) { e.Scope.Removed = ids })
	}
	for body, want := range map[string]domain.WebhookEvent{
		`{"event":"item/created","eventId":"` + long + `"}`: everything,
		`{"event":"item/created","eventId":7}`:              everything,
		`{"event":"item/error","itemId":"\udc00"}`:          problem,
		`{"event":"item/updated","text":"\ud800","itemId":"i","eventId":"e"}`: with(func(e *domain.WebhookEvent) {
			e.ID, e.DedupKey, e.AccountRef, e.Scope.Signal = "e", "e", "i", domain.SignalRecovered
		}),
		`{"event":"item/deleted","itemId":"a\u0000"}`:                                 everything,
		`{"event":"item/error","itemId":{}}`:                                          problem,
		`{"event":"transactions/deleted","transactionIds":"a"}`:                       everything,
		`{"event":"transactions/deleted","transactionIds":[1]}`:                       everything,
		`{"event":"transactions/deleted","transactionIds":["a,b"]}`:                   everything,
		`{"event":"transactions/deleted","transactionIds":["a","` + long + `","b"]}`:  removing("a", "b"),
		`{"event":"transactions/deleted","transactionIds":["a","",null,["c"],"b",1]}`: removing("a", "b"),
		`{"event":"transactions/deleted","accountId":7,"transactionIds":["a"]}`:       removing("a"),
		`{"event":"transactions/updated","accountId":"a","transactionIds":["x","a b"]}`: with(
			func(e *domain.WebhookEvent) { e.Scope.Accounts = []string{"a"} }),
		`{"event":"transactions/created","accountId":["a"],"eventId":"e","itemId":"i"}`:   ofItem,
		`{"event":"transactions/created","accountId":"a","transactionsCreatedAtFrom":7}`:  everything,
		`{"event":"transactions/created","accountId":"a","transactionsMinDate":"2026-2"}`: everything,
		`{"event":"item/waiting_user_input","eventId":[]}`: with(func(e *domain.WebhookEvent) {
			e.Scope.Signal = domain.SignalReauth
		}),
		`{"event":"payment_intent/created","eventId":7}`: {},
	} {
		got, err := (*Adapter)(nil).Parse([]byte(body))
		got.Name = ""
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%.90s: %v (-want +got)\n%s", body, err, diff)
		}
	}
}

func TestParseRefusesInvalidWebhooks(t *testing.T) {
	long := strings.Repeat("x", domain.MaxEventID+1)
	for name, body := range map[string]string{
		"no event":              `{"eventId":"e"}`,
		"event as a number":     `{"event":7}`,
		"event too long":        `{"event":"` + long + `"}`,
		"event in another case": `{"Event":"item/updated"}`,
		"duplicate event":       `{"event":"item/updated","event":"item/deleted"}`,
		"error as text":         `{"event":"item/error","error":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := (*Adapter)(nil).Parse([]byte(body)); !errors.Is(err, domain.Invalid) {
				t.Fatalf("got %+v, %v, want Invalid", got, err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, body := range bodies(f) {
		f.Add(body)
	}
	for _, body := range []string{
		``, `null`, `[]`, `{"event":"x","eventId":null}`, `{"event":"transactions/deleted","transactionIds":[null]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := (*Adapter)(nil).Parse(body)
		if err != nil {
			if !errors.Is(err, domain.Invalid) {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		for _, id := range append([]string{got.Name}, got.Scope.Removed...) {
			if !validID(id) {
				t.Errorf("id %q", id)
			}
		}
		if len(got.ID) > domain.MaxEventID || len(got.AccountRef) > domain.MaxEventID {
			t.Error("an id too long")
		}
	})
}
