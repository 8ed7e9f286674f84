package belvo

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// transactionRow returns a valid transaction row in which some members are changed. The map edits contains the new
// values by member name. A nil json.RawMessage removes the member.
func transactionRow(t testing.TB, edits map[string]any) json.RawMessage {
	t.Helper()
	members := map[string]any{
		"id": "t-1", "account": map[string]any{"id": "bank", "link": "l-1"}, "amount": json.Number("12.50"),
		"currency": "MXN", "type": "OUTFLOW", "status": "PROCESSED", "value_date": "2026-05-03",
		"created_at": "2026-05-04T09:10:12.300400Z", "collected_at": "2026-05-04T09:10:11.120Z",
	}
	maps.Copy(members, edits)
	for name, value := range edits {
		if raw, ok := value.(json.RawMessage); ok && raw == nil {
			delete(members, name)
		}
	}
	written, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// testContext returns a link with a bank account in pesos, a card in pesos, and an account whose
// currency is unknown.
func testContext() linkContext {
	return newLinkContext("l-1", []domain.AccountData{
		{ExternalID: "bank", Type: domain.BankAccount, Currency: "MXN"},
		{ExternalID: "card", Type: domain.CreditAccount, Currency: "MXN"},
		{ExternalID: "no-currency", Type: domain.OtherAccount},
	})
}

func embedded(id string) map[string]any { return map[string]any{"id": id, "link": "l-1"} }

func TestDirectionComesFromTypeNotSign(t *testing.T) {
	for name, c := range map[string]struct {
		account, amount, kind, want string
		conflict                    bool
	}{
		"inflow":                                {"bank", "12.50", "INFLOW", "12.5", false},
		"outflow":                               {"bank", "12.50", "OUTFLOW", "-12.5", false},
		"inflow on a card":                      {"card", "12.50", "INFLOW", "12.5", false},
		"outflow on a card":                     {"card", "12.50", "OUTFLOW", "-12.5", false},
		"outflow of a negative number":          {"bank", "-12.50", "OUTFLOW", "-12.5", false},
		"inflow of a negative number":           {"bank", "-12.50", "INFLOW", "12.5", true},
		"inflow of a negative number on a card": {"card", "-12.50", "INFLOW", "12.5", true},
		"inflow of zero":                        {"bank", "-0.00", "INFLOW", "0", false},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := testContext().normalize(transactionRow(t, map[string]any{
				"account": embedded(c.account), "amount": json.Number(c.amount), "type": c.kind,
			}))
			if err != nil || o.Amount.Amount.String() != c.want {
				t.Errorf("got %v (%v), want %s", o.Amount, err, c.want)
			}
			if slices.Contains(o.Warnings, domain.DirectionConflict) != c.conflict {
				t.Errorf("the warnings are %q", o.Warnings)
			}
		})
	}
}

func TestAmountsAreExact(t *testing.T) {
	for written, want := range map[string]string{
		`0.1`: "0.1", `"0.1"`: "0.1", `1e3`: "1000", `"1E-2"`: "0.01", `0`: "0", `-0.0`: "0",
		`1234567890123456.789`: "1234567890123456.789", `"1234567890123456.789"`: "1234567890123456.789",
	} {
		o, err := testContext().normalize(
			transactionRow(t, map[string]any{"type": "INFLOW", "amount": json.RawMessage(written)}),
		)
		if err != nil || o.Amount.Amount.String() != want {
			t.Errorf("%s: got %v (%v), want %s", written, o.Amount, err, want)
		}
	}
}

func TestAccountMoneyIsSetOnlyWhenCurrenciesDiffer(t *testing.T) {
	for name, c := range map[string]struct {
		edits map[string]any
		want  string
	}{
		"other currency":          {map[string]any{"currency": "USD", "local_currency_amount": 201.5}, "-201.5"},
		"other currency, as text": {map[string]any{"currency": "USD", "local_currency_amount": "201.50"}, "-201.5"},
		"other currency, inflow": {
			map[string]any{"currency": "USD", "type": "INFLOW", "local_currency_amount": 201.5}, "201.5",
		},
		"same currency":   {map[string]any{"local_currency_amount": 201.5}, ""},
		"no local amount": {map[string]any{"currency": "USD"}, ""},
		"account's currency unknown": {
			map[string]any{"account": embedded("no-currency"), "local_currency_amount": 201.5}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := testContext().normalize(transactionRow(t, c.edits))
			got := ""
			if o.AccountMoney != nil {
				got = o.AccountMoney.Amount.String()
			}
			if err != nil || got != c.want {
				t.Errorf("got %q (%v), want %q", got, err, c.want)
			}
		})
	}
}

func TestMissingCurrencyComesFromTheAccount(t *testing.T) {
	peso := newLinkContext(
		"l-1", []domain.AccountData{{ExternalID: "bank", Currency: "MXN"}, {ExternalID: "card", Currency: "MXN"}},
	)
	for name, c := range map[string]struct {
		scope   linkContext
		account any
		want    string
	}{
		"the listed account's": {testContext(), embedded("bank"), "MXN"},
		"the embedded account's": {
			testContext(), map[string]any{"id": "new", "currency": "USD"}, "USD",
		},
		"the embedded account's if the listed one has none": {
			testContext(), map[string]any{"id": "no-currency", "currency": "USD"}, "USD",
		},
		"no account, one shared currency": {peso, nil, "MXN"},
		"no account, several currencies":  {testContext(), nil, ""},
		"no account listed at all":        {newLinkContext("l-1", nil), nil, ""},
		"unknown":                         {testContext(), embedded("no-currency"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := c.scope.normalize(transactionRow(t, map[string]any{"currency": nil, "account": c.account}))
			refused := domain.UnreadableReason(err) == domain.InvalidCurrency
			if o.Amount.Currency != c.want || refused != (c.want == "") {
				t.Errorf("got %q (%v), want %q", o.Amount.Currency, err, c.want)
			}
		})
	}
}

func TestInvalidRowIsUnreadable(t *testing.T) {
	for name, edits := range map[string]map[string]any{
		"no id":                         {"id": nil},
		"an id too long":                {"id": strings.Repeat("x", domain.MaxEventID+1)},
		"an id with a control char":     {"id": "a\x00b"},
		"an id that is a number":        {"id": 7},
		"no amount":                     {"amount": nil},
		"amount absent":                 {"amount": json.RawMessage(nil)},
		"an empty amount":               {"amount": ""},
		"an amount with a comma":        {"amount": "1,200.50"},
		"an amount in words":            {"amount": "seven"},
		"an amount out of range":        {"amount": json.Number("1e400")},
		"an amount that would round":    {"amount": json.Number("0.12345678901234567891")},
		"an amount that is a list":      {"amount": []int{1}},
		"a currency in lower case":      {"currency": "mxn"},
		"an unknown type":               {"type": "SIDEWAYS"},
		"no type":                       {"type": nil},
		"no type, negative":             {"type": nil, "amount": -12.5},
		"no type, on a card":            {"type": "", "account": embedded("card")},
		"an unknown status":             {"status": "LOST"},
		"an invalid value date":         {"value_date": "2026-02-30"},
		"a time without a zone":         {"accounting_date": "2026-05-03T10:00:00"},
		"a date in the year 0":          {"value_date": "0000-05-03"},
		"an invalid local time":         {"local_datetime_transacted_at": "yesterday"},
		"a local time in the year 0":    {"local_datetime_transacted_at": "0000-05-03T10:00:00"},
		"a local time that is a number": {"local_datetime_transacted_at": 20260503},
		"year 0 in its own zone":        {"accounting_date": "0000-12-31T23:30:00-03:00"},
		"year 10000 in UTC":             {"accounting_date": "9999-12-31T23:30:00-03:00"},
		"a date that is a number":       {"value_date": 20260503},
		"no date":                       {"value_date": nil},
		"an invalid local amount":       {"currency": "USD", "local_currency_amount": "many"},
		"an account without an id":      {"account": map[string]any{}},
		"an account that is text":       {"account": "bank"},
		"an account of another link":    {"account": map[string]any{"id": "bank", "link": "l-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			row := transactionRow(t, edits)
			o, err := testContext().normalize(row)
			if domain.UnreadableReason(err) == "" || !bytes.Equal(o.Metadata, row) {
				t.Errorf("got %s, %v, want the bytes of the row with a reason", o.Metadata, err)
			}
		})
	}
	for _, raw := range []string{`null`, `7`, `[]`, `{}`, `{"id":"a","id":"b"}`} {
		if _, err := testContext().normalize([]byte(raw)); domain.UnreadableReason(err) == "" {
			t.Errorf("%s: got %v", raw, err)
		}
	}
}

func TestDateAndTimeFallBackInOrder(t *testing.T) {
	const day, stamp = "2026-05-03", "2026-05-03T22:41:09.123456+00:00"
	for name, c := range map[string]struct {
		edits    map[string]any
		date, at string
	}{
		"the value date comes first": {map[string]any{"accounting_date": "2026-05-06"}, day, ""},
		"then the accounting date": {
			map[string]any{"value_date": nil, "accounting_date": "2026-05-06", "transacted_at": stamp}, "2026-05-06",
			"22:41:09.123456",
		},
		"then the time of the transaction": {
			map[string]any{"value_date": nil, "transacted_at": stamp}, day, "22:41:09.123456",
		},
		"the local date comes before the value date": {
			map[string]any{
				"value_date": "2026-05-04", "transacted_at": "2026-05-04T01:30:00Z",
				"local_datetime_transacted_at": "2026-05-03T22:30:00-03:00",
			}, day, "01:30:00",
		},
		"the local time is the time in UTC if there is no other": {
			map[string]any{
				"value_date": "2026-05-04", "accounting_date": "2026-05-06T12:00:00Z",
				"local_datetime_transacted_at": "2026-05-03T22:30:00.25-03:00",
			}, day, "01:30:00.25",
		},
		"a local time without a zone is only a date": {
			map[string]any{
				"value_date": "2026-05-04", "local_datetime_transacted_at": "2026-05-03T22:30:00.123",
			}, day, "",
		},
		"local midnight is only a date": {
			map[string]any{
				"value_date": "2026-05-02", "local_datetime_transacted_at": "2026-05-03T00:00:00-03:00",
			}, day, "",
		},
		"a local date": {
			map[string]any{"value_date": "2026-05-04", "local_datetime_transacted_at": day}, day, "",
		},
		"no local time": {
			map[string]any{"value_date": "2026-05-04", "local_datetime_transacted_at": nil}, "2026-05-04", "",
		},
		"the date is taken as written": {
			map[string]any{
				"value_date": nil, "accounting_date": "2026-05-02T23:30:00-03:00",
			}, "2026-05-02", "02:30:00",
		},
		"midnight is only a date": {
			map[string]any{"transacted_at": "2026-05-03T00:00:00.000Z"}, day, "",
		},
		"otherwise the time of the booking": {
			map[string]any{"transacted_at": "2026-05-03T00:00:00Z", "accounting_date": "2026-05-05T13:00:01.5Z"}, day,
			"13:00:01.5",
		},
		"three and six fractional digits are equal": {
			map[string]any{"transacted_at": "2026-05-03T10:00:00.100Z"}, day, "10:00:00.1",
		},
		"at most microseconds": {
			map[string]any{"transacted_at": "2026-05-03T10:00:00.123456789Z"}, day, "10:00:00.123456",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := testContext().normalize(transactionRow(t, c.edits))
			occurredAt := ""
			if !o.OccurredAt.IsZero() {
				occurredAt = o.OccurredAt.Format("15:04:05.999999999")
			}
			if err != nil || string(o.Date) != c.date || occurredAt != c.at {
				t.Errorf("got %s %s (%v), want %s %s", o.Date, occurredAt, err, c.date, c.at)
			}
		})
	}
}

// rowDigest returns the digest of a normalized row. The ledger detects an edit by a changed digest.
func rowDigest(t *testing.T, edits map[string]any) [32]byte {
	t.Helper()
	o, err := testContext().normalize(transactionRow(t, edits))
	if err != nil {
		t.Fatal(err)
	}
	return o.Digest()
}

func TestMembersThatAreNotNormalizedAreNoEdit(t *testing.T) {
	card := func(bill any) map[string]any {
		return map[string]any{"collected_at": "2026-05-04T09:10:11Z", "bill_amount": bill, "bill_name": "may"}
	}
	base := rowDigest(
		t, map[string]any{"credit_card_data": card(10), "accounting_date": "2026-05-03T10:00:00.100Z"},
	)
	for name, edits := range map[string]map[string]any{
		"collected later":    {"collected_at": "2026-05-09T09:10:11.120Z"},
		"another balance":    {"balance": 77},
		"amount as a string": {"amount": "12.5"},
		"another balance of the account": {
			"account": map[string]any{"id": "bank", "link": "l-1", "balance": map[string]any{"current": 1}},
		},
		"another time format":  {"accounting_date": "2026-05-03T10:00:00.1+00:00"},
		"a higher bill amount": {"credit_card_data": card(11)},
		"a new null member":    {"tags": nil},
		"a new member":         {"tags": []string{"x"}},
		"category":             {"category": "x"},
		"subcategory":          {"subcategory": "x"},
		"dummy id":             {"internal_identification": "0000000000"},
	} {
		all := map[string]any{
			"credit_card_data": card(10), "accounting_date": "2026-05-03T10:00:00.100Z",
		}
		maps.Copy(all, edits)
		if rowDigest(t, all) != base {
			t.Errorf("%s looks like an edit", name)
		}
	}
}

func TestEditsChangeTheDigest(t *testing.T) {
	base := rowDigest(t, nil)
	for name, edits := range map[string]map[string]any{
		"amount":      {"amount": 12.51},
		"direction":   {"type": "INFLOW"},
		"status":      {"status": "PENDING"},
		"date":        {"value_date": "2026-05-04"},
		"account":     {"account": embedded("card")},
		"description": {"description": "x"},
		"id":          {"internal_identification": "x"},
		"reference":   {"reference": "x"},
		"merchant":    {"merchant": map[string]any{"merchant_name": "x"}},
		"person":      {"counterparty": map[string]any{"document_number": "39053344705"}},
	} {
		if rowDigest(t, edits) == base {
			t.Errorf("an edit of the %s does not change the digest", name)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, edits := range []map[string]any{
		nil, {"amount": "1.50"}, {"account": nil, "currency": nil}, {"type": nil}, {"value_date": nil},
		{"currency": "USD", "local_currency_amount": "3"}, {"description": "\x00 "}, {
			"merchant": map[string]any{"merchant_name": "x"},
		},
	} {
		f.Add([]byte(transactionRow(f, edits)))
	}
	f.Add([]byte(`{"id":"a","amount":1e400}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := testContext().normalize(raw)
		if err != nil {
			if domain.UnreadableReason(err) == "" && !errors.Is(err, domain.MalformedResponse) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		if o.ExternalID == "" || o.Date == "" || len(o.Amount.Currency) != 3 || !bytes.Equal(o.Metadata, raw) {
			t.Fatalf("incomplete: %+v", o)
		}
		if _, err := domain.ParseDate(string(o.Date)); err != nil {
			t.Fatalf("date %q", o.Date)
		}
		if o.AccountMoney != nil && o.AccountMoney.Amount.Sign()*o.Amount.Amount.Sign() < 0 {
			t.Fatal("Amount and AccountMoney have different directions")
		}
		again, err := testContext().normalize(raw)
		if err != nil || again.Digest() != o.Digest() {
			t.Fatal("the same row has another digest the second time")
		}
	})
}
