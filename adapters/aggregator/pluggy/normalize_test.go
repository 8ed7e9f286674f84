package pluggy

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/goldenfile"
)

// golden is the format of the transaction data in the golden files. It
// omits the unchanged row of the vendor (Metadata), because this row is the input of the test.
type golden struct {
	domain.TransactionData
	Warnings    []domain.Warning `json:"Warnings,omitempty"`
	Metadata    string
	ContentHash string `json:"ContentHash,omitempty"`
	RowSHA256   []byte `json:"RowSHA256,omitempty"`
	Normalizer  string `json:"Normalizer,omitempty"`
}

// goldenAccounts returns the normalised accounts of testdata: a bank account and a card account.
func goldenAccounts(t testing.TB) []domain.AccountData {
	t.Helper()
	var all []domain.AccountData
	for _, raw := range objects(t, "accounts") {
		account, err := normalizeAccount(raw, "ref")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, account)
	}
	return all
}

// objects returns the JSON objects in the file testdata/rows/<name>.json.
func objects(t testing.TB, name string) []jsontext.Value {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "rows", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	out := make([]jsontext.Value, len(raw))
	for i := range raw {
		out[i] = jsontext.Value(raw[i])
	}
	return out
}

func TestNormalizeGolden(t *testing.T) {
	accounts := goldenAccounts(t)
	for i, name := range []string{"bank", "card"} {
		t.Run(name, func(t *testing.T) {
			var got []golden
			for _, raw := range objects(t, name) {
				row, err := normalize(raw, accounts[i])
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(row.Metadata, raw) {
					t.Errorf("metadata of %s is not the vendor's bytes", row.ExternalID)
				}
				got = append(got, golden{TransactionData: row, Warnings: row.Warnings})
			}
			goldenfile.Compare(t, "testdata/golden/"+name+".json", got)
		})
	}
}

func TestNormalizeAccountsGolden(t *testing.T) {
	accounts := goldenAccounts(t)
	for i, raw := range objects(t, "accounts") {
		if !bytes.Equal(accounts[i].Metadata, raw) {
			t.Errorf("metadata of %s is not the vendor's bytes", accounts[i].ExternalID)
		}
		accounts[i].Metadata = nil
	}
	goldenfile.Compare(t, "testdata/golden/accounts.json", accounts)
}

// TestAnInvalidCurrencyOfAnAccountIsUnknown checks that an account's currency is either an ISO 4217 code
// or empty. PostgreSQL cannot store a NUL, so such a currency must not reach a store.
func TestAnInvalidCurrencyOfAnAccountIsUnknown(t *testing.T) {
	for currency, want := range map[string]string{
		`"BRL"`: "BRL", `null`: "", `""`: "", `"BR\u0000"`: "", `"\u0000"`: "", `"USDT"`: "", `"brl"`: "",
	} {
		got, err := normalizeAccount(jsontext.Value(`{"id":"a","currencyCode":`+currency+`,"balance":null}`), "ref")
		if err != nil || got.Currency != want || got.Balance != nil {
			t.Errorf("the currency %s became %q with the balance %v (%v), want %q", currency, got.Currency, got.Balance,
				err, want)
		}
	}
	_, err := normalizeAccount(jsontext.Value(`{"id":"a","currencyCode":"BR\u0000","balance":1}`), "ref")
	if domain.UnreadableReason(err) != domain.InvalidCurrency {
		t.Errorf("a balance in an invalid currency: %v, want invalid_currency", err)
	}
}

// changedRow returns the bank account's first row after some changes. Each change consists of two arguments: the
// member's name and its new JSON value. The value "" removes the member.
func changedRow(t testing.TB, changes ...string) jsontext.Value {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(objects(t, "bank")[0], &members); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		members[changes[i]] = json.RawMessage(changes[i+1])
		if changes[i+1] == "" {
			delete(members, changes[i])
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestNormalizeRefusesARowThatItCannotConvertExactly(t *testing.T) {
	bank := goldenAccounts(t)[0]
	for name, raw := range map[string]jsontext.Value{
		"no id":                       changedRow(t, "id", ""),
		"id of another type":          changedRow(t, "id", "7"),
		"id with a NUL":               changedRow(t, "id", `"a\u0000b"`),
		"id with a comma":             changedRow(t, "id", `"a,b"`),
		"id too long":                 changedRow(t, "id", `"`+strings.Repeat("x", domain.MaxEventID+1)+`"`),
		"another account":             changedRow(t, "accountId", `"5b0c1d2e-0002-4a00-8000-00000000000b"`),
		"no account":                  changedRow(t, "accountId", "null"),
		"no amount":                   changedRow(t, "amount", "null"),
		"amount as text":              changedRow(t, "amount", `"1.00"`),
		"amount beyond the decimal":   changedRow(t, "amount", "1e400"),
		"amount too long to be exact": changedRow(t, "amount", "0.12345678901234567890123"),
		"no currency":                 changedRow(t, "currencyCode", "null"),
		"invalid currency":            changedRow(t, "currencyCode", `"reais"`),
		"no date":                     changedRow(t, "date", "null"),
		"invalid date":                changedRow(t, "date", `"2026-13-01"`),
		"date as a number":            changedRow(t, "date", "1790000000"),
		"date before all years":       changedRow(t, "date", `"0000-06-01T00:00:00Z"`),
		"unknown type":                changedRow(t, "type", `"TRANSFER"`),
		"unknown status":              changedRow(t, "status", `"BOOKED"`),
		"payment of another type":     changedRow(t, "paymentData", `"x"`),
		"second amount as text":       changedRow(t, "currencyCode", `"USD"`, "amountInAccountCurrency", `"1"`),
		"array":                       jsontext.Value("[]"),
		"null":                        jsontext.Value("null"),
	} {
		t.Run(name, func(t *testing.T) {
			o, err := normalize(raw, bank)
			if domain.UnreadableReason(err) == "" || !bytes.Equal(o.Metadata, raw) {
				t.Fatalf("got %s, %v, want the bytes of the row with a reason", o.Metadata, err)
			}
		})
	}
	unknown := domain.AccountData{ExternalID: bank.ExternalID, Type: domain.OtherAccount}
	if _, err := normalize(changedRow(t, "type", "null"), unknown); err == nil {
		t.Error("a row without a direction passed")
	}
	if _, err := normalize(
		changedRow(t, "currencyCode", `"USD"`, "amountInAccountCurrency", "1"),
		unknown,
	); err == nil {
		t.Error("an amount in an unknown currency passed")
	}
}

func TestWhichChangesAreEdits(t *testing.T) {
	bank := goldenAccounts(t)[0]
	digest := func(raw jsontext.Value) [32]byte {
		t.Helper()
		row, err := normalize(raw, bank)
		if err != nil {
			t.Fatal(err)
		}
		return row.Digest()
	}
	original := digest(changedRow(t))
	for name, raw := range map[string]jsontext.Value{
		"written again":       changedRow(t, "updatedAt", `"2026-11-20T00:00:00.000Z"`),
		"another balance":     changedRow(t, "balance", "1.00"),
		"another order":       changedRow(t, "order", "7"),
		"1500.0 for 1500":     changedRow(t, "amount", "1500.0"),
		"category":            changedRow(t, "category", `"Rent"`),
		"new member":          changedRow(t, "future", `{"a":1}`),
		"reason":              changedRow(t, "operationTypeAdditionalInfo", `"x"`),
		"dummy id":            changedRow(t, "providerId", `"0000000000"`),
		"another white space": jsontext.Value(strings.ReplaceAll(string(changedRow(t)), `":`, `" : `)),
	} {
		if digest(raw) != original {
			t.Errorf("%s counts as an edit", name)
		}
	}
	for name, raw := range map[string]jsontext.Value{
		"amount":      changedRow(t, "amount", "1500.01"),
		"status":      changedRow(t, "status", `"PENDING"`),
		"date":        changedRow(t, "date", `"2026-11-18T15:04:06.123Z"`),
		"provider id": changedRow(t, "providerId", `"OF-2"`),
		"payer":       changedRow(t, "paymentData", `{"payer":{"name":"Another"}}`),
		"document": changedRow(t, "paymentData",
			`{"payer":{"name":"Pagador Exemplo","documentNumber":{"value":"390.533.447-05"}}}`),
	} {
		if digest(raw) == original {
			t.Errorf("another %s does not count as an edit", name)
		}
	}
}

func TestValueDates(t *testing.T) {
	for text, want := range map[string]struct {
		date domain.Date
		at   string
	}{
		"2026-11-17T00:00:00.000Z":     {"2026-11-17", ""},
		"2026-11-17T03:00:00.000Z":     {"2026-11-17", ""},
		"2026-11-17":                   {"2026-11-17", ""},
		"2026-11-17T02:59:59.999Z":     {"2026-11-16", "2026-11-17T02:59:59.999Z"},
		"2026-11-17T03:00:00.001Z":     {"2026-11-17", "2026-11-17T03:00:00.001Z"},
		"2026-11-17T23:30:00-03:00":    {"2026-11-17", "2026-11-18T02:30:00Z"},
		"2026-11-17T15:04:05.1234567Z": {"2026-11-17", "2026-11-17T15:04:05.123456Z"},
		"2026-01-01T01:00:00Z":         {"2025-12-31", "2026-01-01T01:00:00Z"},
		// At that time, São Paulo had daylight saving time (UTC-2).
		"2018-12-31T02:30:00Z": {"2018-12-31", "2018-12-31T02:30:00Z"},
	} {
		date, at, err := row{Date: text}.parseDate()
		shown := ""
		if !at.IsZero() {
			shown = at.Format(time.RFC3339Nano)
		}
		if err != nil || date != want.date || shown != want.at {
			t.Errorf("%s: %s %s %v, want %s %s", text, date, shown, err, want.date, want.at)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	accounts := goldenAccounts(f)
	for _, name := range []string{"bank", "card"} {
		for _, raw := range objects(f, name) {
			f.Add([]byte(raw))
		}
	}
	f.Add([]byte(changedRow(f, "amount", "1e400")))
	f.Add([]byte(changedRow(f, "date", `"9999-12-31T23:59:59.999Z"`)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, account := range accounts {
			got, err := normalize(bytes.Clone(raw), account)
			if err != nil {
				if domain.UnreadableReason(err) == "" && !errors.Is(err, domain.MalformedResponse) {
					t.Errorf("an error of another code: %v", err)
				}
				continue
			}
			if _, err := domain.ParseDate(string(got.Date)); err != nil {
				t.Errorf("date %q", got.Date)
			}
			if !bytes.Equal(got.Metadata, raw) || got.Account != account.ExternalID || !validID(got.ExternalID) {
				t.Errorf("row %+v", got)
			}
			again, err := normalize(raw, account)
			if err != nil || again.Digest() != got.Digest() {
				t.Errorf("another result the second time: %v", err)
			}
		}
	})
}
