package pluggy_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var seventyLevels = strings.Repeat("[", 70) + strings.Repeat("]", 70)

const validRow = `{"id":"good","accountId":"a","date":"2026-11-19T00:00:00.000Z","description":"coffee",` +
	`"currencyCode":"BRL","amount":12.5,"type":"CREDIT","status":"POSTED","metadata":{"k":1}}`

// unreadableRows contains rows that cannot be normalised exactly. Each row is a copy of validRow with one replacement:
// old becomes new.
var unreadableRows = map[string]struct {
	old, new string
	reason   domain.Code
}{
	"an unknown type":                   {`"CREDIT"`, `"TRANSFER"`, domain.UnknownType},
	"an unknown status":                 {`"POSTED"`, `"BOOKED"`, domain.UnknownStatus},
	"a null currency":                   {`"BRL"`, `null`, domain.InvalidCurrency},
	"a null amount":                     {`12.5`, `null`, domain.InvalidAmount},
	"an amount as text":                 {`12.5`, `"12.5"`, domain.InvalidAmount},
	"an amount of 20 digits":            {`12.5`, `12345678901234567890.1`, domain.InvalidAmount},
	"an amount beyond every range":      {`12.5`, `1E400`, domain.InvalidAmount},
	"half of a surrogate pair":          {`coffee`, `\ud83d`, domain.InvalidText},
	"invalid UTF-8":                     {`coffee`, "\xff", domain.InvalidText},
	"a number as description":           {`"coffee"`, `7`, domain.InvalidText},
	"a doubled member deep in metadata": {`{"k":1}`, `{"x":[{"k":1,"k":2}]}`, domain.DuplicateMember},
	"70 levels of metadata":             {`{"k":1}`, seventyLevels, domain.TooDeep},
	"262,145 bytes":                     {`coffee`, fill(validRow, 262_145), domain.TooLarge},
	"a null date":                       {`"2026-11-19T00:00:00.000Z"`, `null`, domain.InvalidDate},
	"a currency of four letters":        {`"BRL"`, `"USDT"`, domain.InvalidCurrency},
	"a currency in lower case":          {`"BRL"`, `"brl"`, domain.InvalidCurrency},
	"an id with a space":                {`"good"`, `"not good"`, domain.InvalidID},
	"a null id":                         {`"good"`, `null`, domain.InvalidID},
	"two ids":                           {`"id":"good"`, `"id":"good","id":"other"`, domain.DuplicateMember},
	"another account":                   {`"accountId":"a"`, `"accountId":"b"`, domain.AccountMismatch},
	"a row that is a number":            {validRow, `1`, domain.InvalidMember},
	"a null row":                        {validRow, `null`, domain.InvalidID},
}

// fill returns a replacement for the word coffee in the row. After this replacement, and after the replacement of the
// id "good" by "bad", the row has the given number of bytes.
func fill(row string, bytes int) string {
	return strings.Repeat("x", bytes-len(row)+len("coffee")+len("good")-len("bad"))
}

func TestARowOfTheMaximumSizeIsRead(t *testing.T) {
	row := strings.Replace(validRow, `"good"`, `"bad"`, 1)
	row = strings.Replace(row, "coffee", fill(validRow, domain.MaxRowBytes), 1)
	adapter, access := newFixedVendor(t, http.StatusOK, `{"results":[`+row+`],"next":null}`)
	accounts := []domain.AccountData{{ExternalID: "a", Type: domain.BankAccount, Currency: "BRL"}}
	page, err := adapter.Read(t.Context(), access, domain.Step{Account: "a"}, accounts, "")
	if err != nil || len(row) != 262_144 {
		t.Fatalf("a row of %d bytes: %v", len(row), err)
	}
	if _, err := page.Transactions[0].Normalize(); err != nil {
		t.Error(err)
	}
}

func TestAnUnreadableRowKeepsItsBytesAndTheRestOfThePage(t *testing.T) {
	for name, tc := range unreadableRows {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(strings.Replace(validRow, `"good"`, `"bad"`, 1), tc.old, tc.new, 1)
			if strings.Contains(tc.old, "good") {
				bad = strings.Replace(validRow, tc.old, tc.new, 1)
			}
			if tc.old == validRow {
				bad = tc.new
			}
			adapter, access := newFixedVendor(t, http.StatusOK, `{"results":[`+bad+`,`+validRow+`],"next":null}`)
			accounts := []domain.AccountData{{ExternalID: "a", Type: domain.BankAccount, Currency: "BRL"}}
			page, err := adapter.Read(t.Context(), access, domain.Step{Account: "a"}, accounts, "")
			if err != nil || len(page.Transactions) != 2 {
				t.Fatalf("%d rows, %v, want 2", len(page.Transactions), err)
			}
			got, err := page.Transactions[0].Normalize()
			if domain.UnreadableReason(err) != tc.reason || string(got.Metadata) != bad {
				t.Errorf("%s with %q, want %s with the row's bytes", domain.CodeOf(err), got.Metadata, tc.reason)
			}
			readable := !strings.Contains(tc.old, "good") && tc.old != validRow
			key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: page.Transactions[0].ExternalID}
			if id := key.ExternalID(); (id == "bad") != readable {
				t.Errorf("the external id of the unreadable row is %q", id)
			}
			if row, err := page.Transactions[1].Normalize(); err != nil || row.ExternalID != "good" {
				t.Errorf("the row after it: %q, %v", row.ExternalID, err)
			}
		})
	}
}

func TestARowThatIsNotJSONMakesThePageMalformed(t *testing.T) {
	adapter, access := newFixedVendor(t, http.StatusOK, `{"results":[{"id":"a","x":nope}],"next":null}`)
	page, err := adapter.Read(t.Context(), access, domain.Step{Account: "a"}, nil, "")
	if err == nil {
		_, err = page.Transactions[0].Normalize()
	}
	if domain.CodeOf(err) != domain.MalformedResponse {
		t.Errorf("%v, want malformed_response", err)
	}
}

// An unreadable account must not prevent the other accounts from being read. It keeps its readable members, so that its
// rows can be read. An account of another item (a linked login at a bank) keeps no members, so that its rows are not
// read.
func TestAnUnreadableAccountKeepsTheOtherAccounts(t *testing.T) {
	for name, tc := range map[string]struct {
		odd  string
		want domain.AccountData
	}{
		"a balance beyond every range": {
			`{"id":"b","itemId":"item","type":"CREDIT","currencyCode":"BRL","balance":1E400}`,
			domain.AccountData{
				ExternalID: "b", Type: domain.CreditAccount, Currency: "BRL", Unreadable: domain.InvalidAmount,
			},
		},
		"a balance in an invalid currency": {
			`{"id":"b","type":"BANK","currencyCode":"USDT","balance":1}`,
			domain.AccountData{ExternalID: "b", Type: domain.BankAccount, Unreadable: domain.InvalidCurrency},
		},
		"a doubled type": {
			`{"id":"b","type":"BANK","type":"CREDIT","currencyCode":"BRL"}`,
			domain.AccountData{ExternalID: "b", Currency: "BRL", Unreadable: domain.DuplicateMember},
		},
		"a lone surrogate": {
			`{"id":"b","type":"BANK","name":"\ud83d","currencyCode":"BRL"}`,
			domain.AccountData{
				ExternalID: "b", Type: domain.BankAccount, Currency: "BRL", Unreadable: domain.InvalidText,
			},
		},
		"another item": {
			`{"id":"b","itemId":"other","type":"BANK"}`, domain.AccountData{Unreadable: domain.AccountMismatch},
		},
		"no id":            {`{"type":"BANK"}`, domain.AccountData{Unreadable: domain.InvalidID}},
		"not an object":    {`7`, domain.AccountData{Unreadable: domain.InvalidMember}},
		"an id with space": {`{"id":"b c"}`, domain.AccountData{Unreadable: domain.InvalidID}},
	} {
		t.Run(name, func(t *testing.T) {
			good := `{"id":"a","itemId":"item","type":"BANK","currencyCode":"BRL"}`
			adapter, access := newAccountsVendor(t, func(string) string {
				return `{"page":1,"totalPages":1,"results":[` + tc.odd + `,` + good + `]}`
			})
			got, err := adapter.Accounts(t.Context(), access)
			if err != nil || len(got) != 2 {
				t.Fatalf("%d accounts, %v, want 2", len(got), err)
			}
			tc.want.Metadata = []byte(tc.odd)
			want := vendorhttp.SortAccounts([]domain.AccountData{tc.want, {
				ExternalID: "a", Type: domain.BankAccount, Currency: "BRL", Metadata: []byte(good),
			}})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The rules for the direction of a row differ between cards and other accounts. A row of an account whose
// type cannot be read is normalised only if both rules return the same direction.
func TestARowOfAnUnreadableAccountNeedsAnUnambiguousDirection(t *testing.T) {
	for amount, want := range map[string]string{`-12.5`: "12.5", `12.5`: "", `0`: "0"} {
		body := `{"results":[` + strings.Replace(validRow, `12.5`, amount, 1) + `],"next":null}`
		adapter, access := newFixedVendor(t, http.StatusOK, body)
		accounts := []domain.AccountData{{ExternalID: "a", Unreadable: domain.DuplicateMember}}
		page, err := adapter.Read(t.Context(), access, domain.Step{Account: "a"}, accounts, "")
		if err != nil {
			t.Fatal(err)
		}
		row, err := page.Transactions[0].Normalize()
		if want == "" {
			if domain.UnreadableReason(err) != domain.UnknownType {
				t.Errorf("%s: %v, want unknown_type", amount, err)
			}
		} else if err != nil || row.Amount.Amount.String() != want {
			t.Errorf("%s: %s, %v, want %s", amount, row.Amount.Amount, err, want)
		}
	}
}

// Another account may be missing in the place of one that is listed twice.
func TestAnAccountThatIsListedTwiceIsReturnedOnce(t *testing.T) {
	adapter, access := newAccountsVendor(t, func(page string) string { return accountsPage(page, 1, "a", "b", "a") })
	got, err := adapter.Accounts(t.Context(), access)
	if !errors.Is(err, ports.ErrInconsistentAccounts) || len(got) != 2 {
		t.Errorf("%d accounts, %v, want 2 of an inconsistent list", len(got), err)
	}
}
