package pluggy

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/goldenfile"
)

// decodeRows decodes a page and returns its rows. The argument rows is the JSON text between the
// brackets of the page's list.
func decodeRows(rows string, account domain.AccountData) ([]domain.RawTransaction, error) {
	transactions, _, err := decodePage([]byte(`{"results":[`+rows+`]}`), account)
	return transactions, err
}

// contentHash returns the content hash of a row. The row must be valid.
func contentHash(t *testing.T, raw jsontext.Value, account domain.AccountData) domain.ContentHash {
	t.Helper()
	got, err := decodeRows(string(raw), account)
	if err != nil {
		t.Fatal(err)
	}
	row, err := got[0].Normalize()
	if err != nil || row.ExternalID != got[0].ExternalID || got[0].ContentHash.IsZero() {
		t.Fatalf("row %q has the id %q (%v)", row.ExternalID, got[0].ExternalID, err)
	}
	return got[0].ContentHash
}

func TestWhatChangesTheContentHash(t *testing.T) {
	bank := goldenAccounts(t)[0]
	original := contentHash(t, changedRow(t), bank)
	renamed := bank
	renamed.Name, renamed.Balance, renamed.Metadata = "another", nil, nil
	if contentHash(t, changedRow(t), renamed) != original {
		t.Error("the name of the account changes the content hash of its rows")
	}
	for name, raw := range map[string]jsontext.Value{
		"amount":         changedRow(t, "amount", "1500.01"),
		"status":         changedRow(t, "status", `"PENDING"`),
		"new member":     changedRow(t, "future", "null"),
		"nested balance": changedRow(t, "future", `{"balance":1}`),
		// These changes are not edits of the transaction, but they must change the content hash, so that the stored
		// metadata is updated.
		"time of writing": changedRow(t, "updatedAt", `"2026-11-20T00:00:00.000Z"`),
		"balance":         changedRow(t, "balance", "1.00"),
		"order":           changedRow(t, "order", "7"),
	} {
		if contentHash(t, raw, bank) == original {
			t.Errorf("another %s does not change the content hash", name)
		}
	}
	for name, change := range map[string]func(*domain.AccountData){
		"type":     func(a *domain.AccountData) { a.Type = domain.CreditAccount },
		"currency": func(a *domain.AccountData) { a.Currency = "USD" },
	} {
		other := bank
		if change(&other); contentHash(t, changedRow(t), other) == original {
			t.Errorf("another %s of the account does not change the content hash", name)
		}
	}
}

// TestAnInvalidRowHasAnotherContentHash tests rows that are not valid JSON. A row with a known content hash is not
// decoded. The hash of an invalid row must therefore differ from the hash of every valid row. That includes a row in
// which only a volatile member is invalid.
func TestAnInvalidRowHasAnotherContentHash(t *testing.T) {
	bank := goldenAccounts(t)[0]
	original, valid := contentHash(t, changedRow(t), bank), string(changedRow(t))
	for name, raw := range map[string]string{
		"doubled balance":  strings.Replace(valid, `{`, `{"balance":1,`, 1),
		"balance of NaN":   strings.Replace(valid, `"balance":`, `"balance":NaN,"x":`, 1),
		"invalid UTF-8":    strings.Replace(valid, `"updatedAt":"`, "\"updatedAt\":\"\xff", 1),
		"lone surrogate":   strings.Replace(valid, `"updatedAt":"`, `"updatedAt":"\ud800`, 1),
		"brackets crossed": strings.Replace(valid, `{`, `{"future":[{]},`, 1),
	} {
		if raw == valid {
			t.Fatalf("%s: the row is the valid one", name)
		}
		got, err := decodeRows(raw, bank)
		if err == nil {
			if got[0].ContentHash == original {
				t.Errorf("%s: the content hash of the valid row", name)
			}
			_, err = got[0].Normalize()
		}
		if err == nil {
			t.Errorf("%s: the row was normalised", name)
		}
	}
}

// TestRulesVersionMatchesTheGoldenFiles checks that the results of normalize for the golden rows change only together
// with the version of the rules. After an intended change, increase the version (the constant rules) and run the tests
// with -update.
func TestRulesVersionMatchesTheGoldenFiles(t *testing.T) {
	const path = "testdata/golden/rules"
	h := sha256.New()
	for _, name := range []string{"bank", "card"} {
		text, err := os.ReadFile("testdata/golden/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		h.Write(text)
	}
	want := rules + " " + hex.EncodeToString(h.Sum(nil)) + "\n"
	stored, err := os.ReadFile(path)
	if goldenfile.Update() && !strings.HasPrefix(string(stored), rules+" ") {
		stored, err = []byte(want), os.WriteFile(path, []byte(want), 0o644)
	}
	if err != nil || string(stored) != want {
		t.Errorf("the golden rows have changed: raise rules, now %q, and run with -update (%v)", rules, err)
	}
}
