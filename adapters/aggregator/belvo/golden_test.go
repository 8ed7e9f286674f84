package belvo

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what was made with the file of that name in testdata.
func golden(t *testing.T, name string, got any) {
	t.Helper()
	var written bytes.Buffer
	encoder := json.NewEncoder(&written)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(got); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, written.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), written.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// results gives the rows of a list in testdata.
func results(t testing.TB, name string) []json.RawMessage {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Results []json.RawMessage }
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	return list.Results
}

const (
	mexican   = "7b0f3c52-2f34-4a0e-9b54-30b1b3a1c001"
	brazilian = "c1d6a8e0-94b7-4f5e-8a86-6a1d2f90b002"
)

// accountsOf reads a list of accounts in testdata.
func accountsOf(t *testing.T, link, name string) []domain.AccountData {
	t.Helper()
	views := []domain.AccountData{}
	for _, raw := range results(t, name) {
		view, err := scope{link: link}.account(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(view.Metadata, raw) {
			t.Errorf("metadata of %s is not the vendor's own", view.ExternalID)
		}
		views = append(views, view)
	}
	return views
}

// shown is how an amount stands in the golden files.
type shown struct{ Amount, Currency string }

func show(m *domain.Money) *shown {
	if m == nil {
		return nil
	}
	return &shown{m.Amount.String(), m.Currency}
}

func TestAccountsGolden(t *testing.T) {
	for link, name := range map[string]string{mexican: "accounts_mx", brazilian: "accounts_ofda"} {
		t.Run(name, func(t *testing.T) {
			lines := []any{}
			for _, v := range accountsOf(t, link, name+".json") {
				lines = append(lines, struct {
					ExternalID, Type, Subtype, Name, Number, Currency string
					Balance                                           *shown
				}{v.ExternalID, string(v.Type), v.Subtype, v.Name, v.Number, v.Currency, show(v.Balance)})
			}
			golden(t, name+".golden.json", lines)
		})
	}
}

func TestTransactionsGolden(t *testing.T) {
	for _, c := range []struct{ link, accounts, name string }{
		{mexican, "accounts_mx.json", "transactions_mx"},
		{mexican, "accounts_mx.json", "transactions_nulls"},
		{brazilian, "accounts_ofda.json", "transactions_ofda"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScope(c.link, accountsOf(t, c.link, c.accounts))
			lines := []any{}
			for _, raw := range results(t, c.name+".json") {
				seen, _, err := s.sightings([]jsontext.Value{jsontext.Value(raw)})
				if err != nil {
					t.Fatal(err)
				}
				o, err := seen[0].Normalize()
				if err != nil || o.ExternalID != seen[0].ExternalID {
					t.Fatal(o.ExternalID, err)
				}
				var g glance
				idle.AppendStable(nil, raw, g.see)
				if !bytes.Equal(o.Metadata, raw) {
					t.Errorf("metadata of %s is not the vendor's own", o.ExternalID)
				}
				lines = append(lines, line(o, g.holder))
			}
			golden(t, c.name+".golden.json", lines)
		})
	}
}

func line(o domain.TransactionData, carried string) any {
	at := ""
	if !o.OccurredAt.IsZero() {
		at = o.OccurredAt.Format(time.RFC3339Nano)
	}
	return struct {
		ExternalID, Account, Carried        string
		Amount, AccountMoney                *shown
		Status, Date, OccurredAt            string
		Description, Category, Counterparty string
		StableMetadata                      json.RawMessage `json:"Detail"`
	}{
		o.ExternalID, o.Account, carried, show(&o.Amount), show(o.AccountMoney), string(o.Status),
		string(o.Date), at, o.Description, o.Category, o.Counterparty, o.StableMetadata,
	}
}

func TestEventsGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/webhook/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no events", err)
	}
	read := map[string]any{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		event, err := (&Adapter{}).Parse(body)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		event.DedupKey = strings.Join(strings.Split(event.DedupKey, "\n")[:3], " + ") + " + body"
		read[strings.TrimSuffix(filepath.Base(file), ".json")] = event
	}
	golden(t, "events.golden.json", read)
}
