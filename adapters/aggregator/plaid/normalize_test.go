package plaid

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/goldenfile"
)

// goldenRow is a normalised row as the golden files contain it.
type goldenRow struct {
	ID, Account, Amount, Currency, Status, Date string
	OccurredAt                                  time.Time `json:",omitzero"`
	Description                                 string
	Category, Counterparty                      string            `json:",omitempty"`
	References                                  domain.References `json:",omitzero"`
	Link                                        string            `json:",omitempty"`
	Unreadable                                  domain.Code       `json:",omitempty"`
}

// normalizedRows returns the rows of all files of testdata in golden form.
func normalizedRows(t *testing.T) map[string][]goldenRow {
	t.Helper()
	files, err := filepath.Glob("testdata/transactions_*.json")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	all := map[string][]goldenRow{}
	for _, file := range files {
		if strings.Contains(file, ".golden.") {
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var page struct{ Added, Modified []json.RawMessage }
		if err := json.Unmarshal(body, &page); err != nil {
			t.Fatal(err)
		}
		for _, raw := range append(page.Added, page.Modified...) {
			all[filepath.Base(file)] = append(all[filepath.Base(file)], goldenOf(t, raw))
		}
	}
	return all
}

func goldenOf(t *testing.T, raw json.RawMessage) goldenRow {
	t.Helper()
	data, err := normalize(raw)
	if reason := domain.UnreadableReason(err); reason != "" {
		return goldenRow{Unreadable: reason}
	}
	if err != nil {
		t.Fatal(err)
	}
	return goldenRow{
		ID: data.ExternalID, Account: data.Account, Amount: data.Amount.Amount.String(), Currency: data.Amount.Currency,
		Status: string(data.Status), Date: string(data.Date), OccurredAt: data.OccurredAt,
		Description: data.Description,
		Category:    data.Category, Counterparty: data.Counterparty, References: data.References,
		Link: (*Adapter)(nil).RowOf(data, domain.AccountID{}).Link,
	}
}

func TestRowsAreNormalised(t *testing.T) {
	goldenfile.Compare(t, "testdata/transactions.golden.json", normalizedRows(t))
}

// If a change of normalize changes the result for one of the golden rows, the version of its rules must change, too.
// The stored content hashes then no longer match, so that all rows are normalised again.
func TestTheVersionOfTheRulesIsThatOfTheirResults(t *testing.T) {
	text, err := json.Marshal(normalizedRows(t))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	goldenfile.Compare(t, "testdata/rules.golden.json", map[string]string{rules: hex.EncodeToString(sum[:])})
}

const validRow = `{"transaction_id":"t1","account_id":"a1","amount":12.5,"iso_currency_code":"USD",` +
	`"unofficial_currency_code":null,"date":"2026-11-17","pending":false,"name":"N"}`

func TestARowIsReadExactlyOrNotAtAll(t *testing.T) {
	replace := func(old, by string) string {
		if !strings.Contains(validRow, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(validRow, old, by, 1)
	}
	for name, tc := range map[string]struct {
		row    string
		reason domain.Code
	}{
		"valid":                   {validRow, ""},
		"no id":                   {replace(`"transaction_id":"t1",`, ""), domain.InvalidID},
		"two ids":                 {replace(`"name"`, `"transaction_id":1,"name"`), domain.DuplicateMember},
		"no account":              {replace(`"account_id":"a1",`, ""), domain.AccountMismatch},
		"account of another type": {replace(`"a1"`, "1"), domain.AccountMismatch},
		"amount as text":          {replace(`12.5`, `"12.5"`), domain.InvalidAmount},
		"no amount":               {replace(`12.5`, `null`), domain.InvalidAmount},
		"an inexact amount":       {replace(`12.5`, `1e400`), domain.InvalidAmount},
		"an unofficial currency": {
			replace(`"USD","unofficial_currency_code":null`, `null,"unofficial_currency_code":"BTC"`),
			domain.InvalidCurrency,
		},
		"an unknown currency":    {replace(`USD`, `usd`), domain.InvalidCurrency},
		"no date":                {replace(`"2026-11-17"`, `null`), domain.InvalidDate},
		"no such date":           {replace(`2026-11-17`, `2026-02-30`), domain.InvalidDate},
		"a time as date":         {replace(`2026-11-17`, `2026-11-17T00:00:00Z`), domain.InvalidDate},
		"no status":              {replace(`"pending":false,`, ""), domain.UnknownStatus},
		"status of another type": {replace(`false`, `"false"`), domain.UnknownStatus},
		"an odd time":            {replace(`"name"`, `"datetime":"noon","name"`), domain.InvalidDate},
		"the year 0":             {replace(`"name"`, `"datetime":"0000-01-01T10:00:00Z","name"`), domain.InvalidDate},
		"no name":                {replace(`"name":"N"`, `"name":null`), ""},
		"an odd category":        {replace(`"name"`, `"personal_finance_category":{"detailed":1},"name"`), ""},
		"a list as category":     {replace(`"name"`, `"personal_finance_category":[],"name"`), domain.InvalidMember},
	} {
		_, err := normalize(json.RawMessage(tc.row))
		if reason := domain.UnreadableReason(err); reason != tc.reason || (err == nil) != (tc.reason == "") {
			t.Errorf("%s: %v, want %q", name, err, tc.reason)
		}
	}
}

func TestATimeOfDayIsUsedIfTheInstitutionStatesOne(t *testing.T) {
	for text, want := range map[string]string{
		`"datetime":"2026-11-17T00:00:00Z"`:                                              "0001-01-01T00:00:00Z",
		`"datetime":"2026-11-17T10:11:12-03:00"`:                                         "2026-11-17T13:11:12Z",
		`"datetime":"2026-11-17T00:00:00Z","authorized_datetime":"2026-11-16T01:02:03Z"`: "2026-11-16T01:02:03Z",
		`"datetime":null,"authorized_datetime":null`:                                     "0001-01-01T00:00:00Z",
		`"datetime":"2026-11-17T10:11:12.1234567Z","authorized_datetime":"20"`:           "2026-11-17T10:11:12.123456Z",
	} {
		data, err := normalize(json.RawMessage(strings.Replace(validRow, `"name"`, text+`,"name"`, 1)))
		if err != nil || data.OccurredAt.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %v, %v", text, data.OccurredAt, err)
		}
	}
}

// From time to time, the vendor adds merchants and categories to many old rows. Such a change must not count as an
// edit of the rows.
func TestEnrichmentIsNoEdit(t *testing.T) {
	before, err := normalize(json.RawMessage(validRow))
	if err != nil {
		t.Fatal(err)
	}
	enriched := strings.Replace(validRow, `"name"`, `"merchant_name":"Shop","logo_url":"https://x","counterparties":[
		{"name":"Shop","type":"merchant"}],"personal_finance_category":{"primary":"X","detailed":"X_Y"},
		"location":{"city":"Z"},"name"`, 1)
	after, err := normalize(json.RawMessage(enriched))
	if err != nil || before.Digest() != after.Digest() || after.Category != "X_Y" {
		t.Errorf("%+v, %v", after, err)
	}
	edited, err := normalize(json.RawMessage(strings.Replace(validRow, `"N"`, `"M"`, 1)))
	if err != nil || edited.Digest() == before.Digest() {
		t.Error("another name is no edit", err)
	}
}

func TestAccountsAreNormalised(t *testing.T) {
	type golden struct {
		ID, Name, Number, Type, Subtype, Currency string
		Balance                                   string `json:",omitempty"`
		OfHolder                                  string `json:",omitempty"`
		Identity                                  string `json:",omitempty"`
	}
	all := map[string][]golden{}
	for _, name := range []string{"accounts.json", "accounts_persistent_id.json"} {
		body, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		var page struct{ Accounts []json.RawMessage }
		if err := json.Unmarshal(body, &page); err != nil {
			t.Fatal(err)
		}
		for _, raw := range page.Accounts {
			a, err := readAccount(raw)
			if err != nil || a.Unreadable != "" {
				t.Fatal(a.Unreadable, err)
			}
			g := golden{
				ID: a.ExternalID, Name: a.Name, Number: a.Number, Type: string(a.Type), Subtype: a.Subtype,
				Currency: a.Currency, Identity: (*Adapter)(nil).AccountIdentity(a).ID,
			}
			if a.Balance != nil {
				g.Balance = a.Balance.Amount.String()
				g.OfHolder = (*Adapter)(nil).Balance(a).Amount.String()
			}
			all[name] = append(all[name], g)
		}
	}
	goldenfile.Compare(t, "testdata/accounts.golden.json", all)
}

func TestAnUnreadableAccountKeepsItsID(t *testing.T) {
	for raw, want := range map[string]domain.AccountData{
		`{"account_id":"a","type":1}`: {ExternalID: "a", Unreadable: domain.UnknownType},
		`{"account_id":1}`:            {Unreadable: domain.InvalidID},
		`{"account_id":"a","balances":{"current":1e400,"iso_currency_code":"USD"}}`: {
			ExternalID: "a", Unreadable: domain.InvalidAmount,
		},
		`{"account_id":"a","type":"depository","balances":{"current":1,"unofficial_currency_code":"BTC"}}`: {
			ExternalID: "a", Type: domain.BankAccount,
		},
	} {
		got, err := readAccount(json.RawMessage(raw))
		if err != nil || got.ExternalID != want.ExternalID ||
			got.Unreadable != want.Unreadable || got.Type != want.Type ||
			got.Balance != nil {
			t.Errorf("%s: %+v, %v", raw, got, err)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add([]byte(validRow))
	f.Fuzz(func(t *testing.T, raw []byte) {
		data, err := normalize(raw)
		if err != nil {
			if domain.UnreadableReason(err) == "" && json.Valid(raw) {
				t.Errorf("JSON without a reason: %v", err)
			}
			return
		}
		if data.ExternalID == "" || data.Account == "" || data.Date == "" || data.Amount.Currency == "" {
			t.Errorf("%+v", data)
		}
	})
}
