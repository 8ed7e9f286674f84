package belvo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// source takes a row, which must be good.
func source(t *testing.T, s scope, raw json.RawMessage) domain.ContentHash {
	t.Helper()
	seen, _, err := s.sightings([]jsontext.Value{jsontext.Value(raw)})
	if err != nil {
		t.Fatal(err)
	}
	o, err := seen[0].Normalize()
	if err != nil || o.ExternalID != seen[0].ExternalID || seen[0].ContentHash.IsZero() {
		t.Fatalf("row %q seen as %q (%v)", o.ExternalID, seen[0].ExternalID, err)
	}
	return seen[0].ContentHash
}

// owned is the account inside a row, with edits.
func owned(edits map[string]any) map[string]any {
	account := map[string]any{
		"id": "bank", "link": "l-1", "category": "CHECKING_ACCOUNT", "currency": "MXN", "collected_at": "2026-05-04T09:10:11Z",
		"last_accessed_at": "2026-05-04T09:10:11Z", "balance": map[string]any{"current": 10, "available": 9.5},
	}
	maps.Copy(account, edits)
	return map[string]any{"account": account}
}

func TestWhatARowIsKnownBy(t *testing.T) {
	base := owned(nil)
	base["loan_data"] = map[string]any{"balance": map[string]any{"current": 1}}
	base["balance"], base["merchant"] = 5, map[string]any{"merchant_name": "x", "logo": "https://a"}
	was := source(t, holders(), row(t, base))
	for name, edits := range map[string]map[string]any{
		"collected later":      {"collected_at": "2026-05-09T09:10:11.120Z"},
		"another balance":      {"balance": 77.5},
		"another logo":         {"merchant": map[string]any{"merchant_name": "x", "logo": "https://b"}},
		"the account was read": owned(map[string]any{"collected_at": "2026-05-09T09:10:11Z", "last_accessed_at": nil}),
		"the account moved":    owned(map[string]any{"balance": map[string]any{"current": 11, "available": -3}}),
	} {
		all := maps.Clone(base)
		maps.Copy(all, edits)
		if source(t, holders(), row(t, all)) != was {
			t.Errorf("%s makes the row unknown", name)
		}
	}
	for name, edits := range map[string]map[string]any{
		"amount": {"amount": 12.51}, "date": {"value_date": "2026-05-04"}, "created_at": {"created_at": "2026-05-04T09:10:12Z"},
		"merchant": {"merchant": map[string]any{"merchant_name": "y", "logo": "https://a"}}, "account": owned(map[string]any{"id": "card"}),
		"balance elsewhere":       {"loan_data": map[string]any{"balance": map[string]any{"current": 2}}},
		"currency of the account": owned(map[string]any{"currency": "USD"}), "new member": {"tags": nil},
	} {
		all := maps.Clone(base)
		maps.Copy(all, edits)
		if source(t, holders(), row(t, all)) == was {
			t.Errorf("another %s leaves the row known", name)
		}
	}
}

// TestARowIsKnownAmongItsAccountsAlone: what the link's list says of the accounts decides
// sign and currency, and so does the currency that all share.
func TestARowIsKnownAmongItsAccountsAlone(t *testing.T) {
	list := func(views ...domain.AccountData) scope { return newScope("l-1", views) }
	for name, raw := range map[string]json.RawMessage{"with its account": row(t, owned(nil)), "without": row(t, map[string]any{"account": nil})} {
		sources := map[domain.ContentHash]int{}
		for i, s := range []scope{
			list(domain.AccountData{ExternalID: "bank", Type: domain.BankAccount, Currency: "MXN"}),
			list(domain.AccountData{ExternalID: "bank", Type: domain.CreditAccount, Currency: "USD"}),
			list(domain.AccountData{ExternalID: "bank", Type: domain.CreditAccount}), list(),
		} {
			if _, dup := sources[source(t, s, raw)]; dup && (name == "with its account" || i != 3) {
				t.Errorf("a row %s is known under list %d", name, i)
			}
			sources[source(t, s, raw)] = i
		}
	}
	a, b := newScope("l-1", nil), newScope("L-1", nil)
	if source(t, a, row(t, owned(nil))) == source(t, b, row(t, owned(nil))) {
		t.Error("a row is known under another link")
	}
}

// TestABadRowIsNeverKnown: what is known is not decoded, so that a row which is no JSON must
// differ from every good one, also where it is bad in what moves.
func TestABadRowIsNeverKnown(t *testing.T) {
	good := string(row(t, owned(nil)))
	was := source(t, holders(), json.RawMessage(good))
	for name, raw := range map[string]string{
		"doubled moving":   strings.Replace(good, `{`, `{"collected_at":1,`, 1),
		"balance of NaN":   strings.Replace(good, `"current":10`, `"current":NaN`, 1),
		"invalid UTF-8":    strings.Replace(good, `"collected_at":"`, "\"collected_at\":\"\xff", 1),
		"brackets crossed": strings.Replace(good, `{`, `{"future":[{]},`, 1),
	} {
		if raw == good {
			t.Fatalf("%s: the row is the good one", name)
		}
		seen, _, err := holders().sightings([]jsontext.Value{jsontext.Value(raw)})
		if err == nil {
			if seen[0].ContentHash == was {
				t.Errorf("%s: known", name)
			}
			_, err = seen[0].Normalize()
		}
		if !errors.Is(err, domain.MalformedResponse) {
			t.Errorf("%s: %v, want malformed_response", name, err)
		}
	}
}

// TestRulesFollowTheGolden: what observe makes of the golden rows has not changed without
// the version moving. After a change, raise rules and run with -update.
func TestRulesFollowTheGolden(t *testing.T) {
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
	kept, err := os.ReadFile(path)
	if *update && !strings.HasPrefix(string(kept), rules+" ") {
		kept, err = []byte(now), os.WriteFile(path, []byte(now), 0o644)
	}
	if err != nil || string(kept) != now {
		t.Errorf("the golden rows have changed: raise rules, now %q, and run with -update (%v)", rules, err)
	}
}
