package belvo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/goldenfile"
)

// contentHash returns the content hash of a row of the link that l describes. The row must be valid.
func contentHash(t *testing.T, l linkContext, raw json.RawMessage) domain.ContentHash {
	t.Helper()
	raws, _, err := l.rawTransactions([]jsontext.Value{jsontext.Value(raw)}, collectedFrom{})
	if err != nil {
		t.Fatal(err)
	}
	o, err := raws[0].Normalize()
	if err != nil || o.ExternalID != raws[0].ExternalID || raws[0].ContentHash.IsZero() {
		t.Fatalf("row %q has the raw id %q (%v)", o.ExternalID, raws[0].ExternalID, err)
	}
	return raws[0].ContentHash
}

// embeddedAccountEdits returns an argument for transactionRow that sets the member "account" of the row. The account is
// a valid bank account in which some members are changed.
func embeddedAccountEdits(edits map[string]any) map[string]any {
	account := map[string]any{
		"id": "bank", "link": "l-1", "category": "CHECKING_ACCOUNT", "currency": "MXN",
		"collected_at":     "2026-05-04T09:10:11Z",
		"last_accessed_at": "2026-05-04T09:10:11Z", "balance": map[string]any{"current": 10, "available": 9.5},
	}
	maps.Copy(account, edits)
	return map[string]any{"account": account}
}

func TestContentHashChangesWithEveryMember(t *testing.T) {
	base := embeddedAccountEdits(nil)
	base["loan_data"] = map[string]any{"balance": map[string]any{"current": 1}}
	base["balance"], base["merchant"] = 5, map[string]any{"merchant_name": "x", "logo": "https://a"}
	was := contentHash(t, testContext(), transactionRow(t, base))
	for name, edits := range map[string]map[string]any{
		// These changes are not edits of the transaction, but they must change the content hash, so that the stored
		// metadata is updated.
		"time of collection": {"collected_at": "2026-05-09T09:10:11.120Z"},
		"balance":            {"balance": 77.5},
		"logo":               {"merchant": map[string]any{"merchant_name": "x", "logo": "https://b"}},
		"time of reading the account": embeddedAccountEdits(
			map[string]any{"collected_at": "2026-05-09T09:10:11Z", "last_accessed_at": nil},
		),
		"balance of the account": embeddedAccountEdits(
			map[string]any{"balance": map[string]any{"current": 11, "available": -3}},
		),
		"amount": {"amount": 12.51}, "date": {"value_date": "2026-05-04"}, "created_at": {
			"created_at": "2026-05-04T09:10:12Z",
		},
		"merchant": {
			"merchant": map[string]any{"merchant_name": "y", "logo": "https://a"},
		}, "account": embeddedAccountEdits(map[string]any{"id": "card"}),
		"balance of another object": {"loan_data": map[string]any{"balance": map[string]any{"current": 2}}},
		"currency of the account": embeddedAccountEdits(
			map[string]any{"currency": "USD"},
		), "new member": {"tags": nil},
	} {
		all := maps.Clone(base)
		maps.Copy(all, edits)
		if contentHash(t, testContext(), transactionRow(t, all)) == was {
			t.Errorf("another %s does not change the content hash", name)
		}
	}
}

// TestContentHashDependsOnAccountsAndLink checks that the content hash of an unchanged row changes if another input of
// its normalization changes. The other inputs are:
//
//   - the id of the link
//   - the type and the currency of the row's account in the account list
//   - for a row without an account, the currency that all accounts share.
func TestContentHashDependsOnAccountsAndLink(t *testing.T) {
	list := func(accounts ...domain.AccountData) linkContext { return newLinkContext("l-1", accounts) }
	for name, raw := range map[string]json.RawMessage{
		"with its account": transactionRow(t, embeddedAccountEdits(nil)),
		"without":          transactionRow(t, map[string]any{"account": nil}),
	} {
		hashes := map[domain.ContentHash]int{}
		for i, l := range []linkContext{
			list(domain.AccountData{ExternalID: "bank", Type: domain.BankAccount, Currency: "MXN"}),
			list(domain.AccountData{ExternalID: "bank", Type: domain.CreditAccount, Currency: "USD"}),
			list(domain.AccountData{ExternalID: "bank", Type: domain.CreditAccount}), list(),
		} {
			if _, dup := hashes[contentHash(t, l, raw)]; dup && (name == "with its account" || i != 3) {
				t.Errorf("a row %s has the same content hash under account list %d", name, i)
			}
			hashes[contentHash(t, l, raw)] = i
		}
	}
	a, b := newLinkContext("l-1", nil), newLinkContext("L-1", nil)
	if contentHash(t, a, transactionRow(t, embeddedAccountEdits(nil))) == contentHash(
		t, b, transactionRow(t, embeddedAccountEdits(nil)),
	) {
		t.Error("a row has the same content hash under another link")
	}
}

// TestMalformedRowHasAnotherContentHash checks that a malformed row never has the content hash of a valid row. A row
// with a known hash is not decoded. With an equal hash, the malformed row would therefore pass as unchanged.
func TestMalformedRowHasAnotherContentHash(t *testing.T) {
	good := string(transactionRow(t, embeddedAccountEdits(nil)))
	was := contentHash(t, testContext(), json.RawMessage(good))
	for name, raw := range map[string]string{
		"duplicate volatile member": strings.Replace(good, `{`, `{"collected_at":1,`, 1),
		"balance of NaN":            strings.Replace(good, `"current":10`, `"current":NaN`, 1),
		"invalid UTF-8":             strings.Replace(good, `"collected_at":"`, "\"collected_at\":\"\xff", 1),
		"crossed brackets":          strings.Replace(good, `{`, `{"future":[{]},`, 1),
	} {
		if raw == good {
			t.Fatalf("%s: the edited row equals the valid one, so the edit did nothing", name)
		}
		raws, _, err := testContext().rawTransactions([]jsontext.Value{jsontext.Value(raw)}, collectedFrom{})
		if err == nil {
			if raws[0].ContentHash == was {
				t.Errorf("%s: known", name)
			}
			_, err = raws[0].Normalize()
		}
		if err == nil {
			t.Errorf("%s: the row was normalised", name)
		}
	}
}

// TestRulesVersionChangesWithGoldenRows checks that the normalized golden rows change only together with the version of
// the rules. After an intended change, increase the version (the constant rules) and run the tests with -update.
func TestRulesVersionChangesWithGoldenRows(t *testing.T) {
	const path = "testdata/rules"
	h := sha256.New()
	files, err := filepath.Glob("testdata/transactions_*.golden.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden rows", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(text)
	}
	now := rules + " " + hex.EncodeToString(h.Sum(nil)) + "\n"
	stored, err := os.ReadFile(path)
	if goldenfile.Update() && !strings.HasPrefix(string(stored), rules+" ") {
		stored, err = []byte(now), os.WriteFile(path, []byte(now), 0o644)
	}
	if err != nil || string(stored) != now {
		t.Errorf("the golden rows have changed: raise rules, now %q, and run with -update (%v)", rules, err)
	}
}
