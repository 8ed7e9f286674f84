package belvo

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/goldenfile"
)

// readResults returns the rows of a list in a file of testdata, without decoding them.
func readResults(t testing.TB, name string) []json.RawMessage {
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

// readAccounts returns the normalized accounts of a list in a file of testdata.
func readAccounts(t *testing.T, link, name string) []domain.AccountData {
	t.Helper()
	accounts := []domain.AccountData{}
	for _, raw := range readResults(t, name) {
		account, err := linkContext{link: link}.normalizeAccount(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(account.Metadata, raw) {
			t.Errorf("metadata of %s differs from the vendor's row", account.ExternalID)
		}
		accounts = append(accounts, account)
	}
	return accounts
}

// goldenMoney is an amount as the golden files contain it.
type goldenMoney struct{ Amount, Currency string }

func goldenMoneyOf(m *domain.Money) *goldenMoney {
	if m == nil {
		return nil
	}
	return &goldenMoney{m.Amount.String(), m.Currency}
}

func TestAccountsGolden(t *testing.T) {
	for link, name := range map[string]string{mexican: "accounts_mx", brazilian: "accounts_ofda"} {
		t.Run(name, func(t *testing.T) {
			lines := []any{}
			for _, v := range readAccounts(t, link, name+".json") {
				lines = append(lines, struct {
					ExternalID, Type, Subtype, Name, Number, Currency string
					Balance                                           *goldenMoney
				}{v.ExternalID, string(v.Type), v.Subtype, v.Name, v.Number, v.Currency, goldenMoneyOf(v.Balance)})
			}
			goldenfile.Compare(t, "testdata/"+name+".golden.json", lines)
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
			s := newLinkContext(c.link, readAccounts(t, c.link, c.accounts))
			lines := []any{}
			for _, raw := range readResults(t, c.name+".json") {
				raws, _, err := s.rawTransactions([]jsontext.Value{jsontext.Value(raw)}, collectedFrom{})
				if err != nil {
					t.Fatal(err)
				}
				o, err := raws[0].Normalize()
				if reason := domain.UnreadableReason(err); reason != "" {
					lines = append(lines, struct{ ExternalID, Unreadable string }{raws[0].ExternalID, string(reason)})
					continue
				}
				if err != nil || o.ExternalID != raws[0].ExternalID {
					t.Fatal(o.ExternalID, err)
				}
				header, _ := readHeader(raw)
				if !bytes.Equal(o.Metadata, raw) {
					t.Errorf("metadata of %s differs from the vendor's row", o.ExternalID)
				}
				lines = append(lines, goldenTransaction(o, header.accountID))
			}
			goldenfile.Compare(t, "testdata/"+c.name+".golden.json", lines)
		})
	}
}

func goldenTransaction(o domain.TransactionData, carried string) any {
	occurredAt := ""
	if !o.OccurredAt.IsZero() {
		occurredAt = o.OccurredAt.Format(time.RFC3339Nano)
	}
	return struct {
		ExternalID, Account, Carried        string
		Amount, AccountMoney                *goldenMoney
		Status, Date, OccurredAt            string
		Description, Category, Counterparty string
		References                          domain.References
		Document                            domain.PartyDocument
	}{
		o.ExternalID, o.Account, carried, goldenMoneyOf(&o.Amount), goldenMoneyOf(o.AccountMoney), string(o.Status),
		string(o.Date), occurredAt, o.Description, o.Category, o.Counterparty, o.References,
		o.CounterpartyDocument,
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
		if event.DedupKey != "" {
			event.DedupKey = strings.Join(strings.Split(event.DedupKey, "\n")[:3], " + ") + " + body"
		}
		read[strings.TrimSuffix(filepath.Base(file), ".json")] = event
	}
	goldenfile.Compare(t, "testdata/events.golden.json", read)
}
