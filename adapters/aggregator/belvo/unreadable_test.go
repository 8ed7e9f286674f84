package belvo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

var seventyLevels = strings.Repeat("[", 70) + strings.Repeat("]", 70)

const validRow = `{"id":"good","account":{"id":"bank","link":"l-1"},"value_date":"2026-05-03","description":"coffee",` +
	`"currency":"MXN","amount":12.5,"type":"INFLOW","status":"PROCESSED","metadata":{"k":1}}`

func TestAnUnreadableRowKeepsItsBytesAndTheRestOfThePage(t *testing.T) {
	for name, tc := range map[string]struct {
		old, new string
		reason   domain.Code
	}{
		"an unknown type":                   {`"INFLOW"`, `"TRANSFER"`, domain.UnknownType},
		"a null type":                       {`"INFLOW"`, `null`, domain.UnknownType},
		"an unknown status":                 {`"PROCESSED"`, `"BOOKED"`, domain.UnknownStatus},
		"a null amount":                     {`12.5`, `null`, domain.InvalidAmount},
		"an amount of 20 digits":            {`12.5`, `12345678901234567890.1`, domain.InvalidAmount},
		"an amount beyond every range":      {`12.5`, `1E400`, domain.InvalidAmount},
		"half of a surrogate pair":          {`coffee`, `\ud83d`, domain.InvalidText},
		"invalid UTF-8":                     {`coffee`, "\xff", domain.InvalidText},
		"a number as description":           {`"coffee"`, `7`, domain.InvalidText},
		"a doubled member deep in metadata": {`{"k":1}`, `{"x":[{"k":1,"k":2}]}`, domain.DuplicateMember},
		"70 levels of metadata":             {`{"k":1}`, seventyLevels, domain.TooDeep},
		"262,145 bytes": {
			`coffee`, strings.Repeat("x", domain.MaxRowBytes+1-len(validRow)+len("coffee")), domain.TooLarge,
		},
		"a null date": {`"2026-05-03"`, `null`, domain.InvalidDate},
		"only the day of storing it": {
			`"value_date":"2026-05-03"`, `"value_date":null,"created_at":"2026-05-04T09:10:12Z"`, domain.InvalidDate,
		},
		"a currency of four letters":     {`"MXN"`, `"USDT"`, domain.InvalidCurrency},
		"a currency in lower case":       {`"MXN"`, `"brl"`, domain.InvalidCurrency},
		"an id with a control character": {`"good"`, `"a\u0001b"`, domain.InvalidID},
		"two ids":                        {`"id":"good"`, `"id":"good","id":"x"`, domain.DuplicateMember},
		"an account without an id":       {`"id":"bank",`, ``, domain.AccountMismatch},
		"an account of another link":     {`"l-1"`, `"l-2"`, domain.AccountMismatch},
		"a row that is a number":         {validRow, `1`, domain.InvalidMember},
		"a null row":                     {validRow, `null`, domain.InvalidID},
	} {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(validRow, tc.old, tc.new, 1)
			page := readList(t, `[`+bad+`,`+validRow+`]`)
			raws, _, err := testContext().rawTransactions(page, collectedFrom{})
			if err != nil || len(raws) != 2 {
				t.Fatalf("%d rows, %v, want 2", len(raws), err)
			}
			got, err := raws[0].Normalize()
			if domain.UnreadableReason(err) != tc.reason || string(got.Metadata) != bad {
				t.Errorf("%s with %q, want %s with the row's bytes", domain.CodeOf(err), got.Metadata, tc.reason)
			}
			if row, err := raws[1].Normalize(); err != nil || row.ExternalID != "good" {
				t.Errorf("the row after it: %q, %v", row.ExternalID, err)
			}
		})
	}
}

// A row without a currency must be readable, because it gets the currency of its account. A row whose amount is a JSON
// string must be readable, because such an amount is exact.
func TestARowThatCanBeReadExactlyIsNotUnreadable(t *testing.T) {
	for old, replacement := range map[string]string{`"currency":"MXN"`: `"currency":null`, `12.5`: `"12.50"`} {
		row, err := testContext().normalize(json.RawMessage(strings.Replace(validRow, old, replacement, 1)))
		if err != nil || row.Amount.Amount.String() != "12.5" || row.Amount.Currency != "MXN" {
			t.Errorf("%s: %v, %v, want 12.5 MXN", replacement, row.Amount, err)
		}
	}
}

// A row must be read even if the account that is embedded in it cannot be normalised.
func TestARowOfAnUnreadableAccountIsReadWithoutIt(t *testing.T) {
	for name, tc := range map[string]struct {
		old, new string
		reason   domain.Code // why the account is unreadable
	}{
		"a balance beyond every range": {
			`"link"`, `"currency":"MXN","balance":{"current":1E400},"link"`, domain.InvalidAmount,
		},
		"an invalid currency":     {`"link"`, `"currency":"pesos","link"`, domain.InvalidCurrency},
		"a name that is a number": {`"link"`, `"name":7,"link"`, domain.InvalidText},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(validRow, `"bank"`, `"new"`, 1)
			text = strings.Replace(text, tc.old, tc.new, 1)
			raws, unlisted, err := testContext().rawTransactions(readList(t, `[`+text+`]`), collectedFrom{})
			if err != nil || len(unlisted) != 1 || unlisted[0].ExternalID != "new" ||
				unlisted[0].Unreadable != tc.reason {
				t.Fatalf("accounts %+v, %v, want one with the reason %s", unlisted, err, tc.reason)
			}
			row, err := raws[0].Normalize()
			if err != nil || row.Account != "new" {
				t.Errorf("account %q, %v", row.Account, err)
			}
		})
	}
}

// readList decodes a page whose list of rows is the given JSON text, and returns the rows.
func readList(t *testing.T, list string) []jsontext.Value {
	t.Helper()
	var rest struct{}
	rows, err := vendorhttp.DecodeList([]byte(`{"results":`+list+`}`), "results", &rest)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
