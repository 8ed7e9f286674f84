package pluggy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// source takes a row, which must be good.
func source(t *testing.T, raw jsontext.Value, holder domain.AccountData) domain.ContentHash {
	t.Helper()
	seen, err := sightings([]jsontext.Value{raw}, holder)
	if err != nil {
		t.Fatal(err)
	}
	row, err := seen[0].Normalize()
	if err != nil || row.ExternalID != seen[0].ExternalID || seen[0].ContentHash.IsZero() {
		t.Fatalf("row %q seen as %q (%v)", row.ExternalID, seen[0].ExternalID, err)
	}
	return seen[0].ContentHash
}

func TestWhatARowIsKnownBy(t *testing.T) {
	bank := holders(t)[0]
	was := source(t, with(t), bank)
	named := bank
	named.Name, named.Balance, named.Metadata = "another", nil, nil
	if source(t, with(t), named) != was {
		t.Error("what the account is called makes its rows unknown")
	}
	for name, raw := range map[string]jsontext.Value{
		"written again":   with(t, "updatedAt", `"2026-11-20T00:00:00.000Z"`),
		"another balance": with(t, "balance", "1.00"),
		"another place":   with(t, "order", "7"),
	} {
		if source(t, raw, bank) != was {
			t.Errorf("%s makes the row unknown", name)
		}
	}
	for name, raw := range map[string]jsontext.Value{
		"amount": with(t, "amount", "1500.01"), "status": with(t, "status", `"PENDING"`), "new member": with(t, "future", "null"),
		"balance within": with(t, "future", `{"balance":1}`), "balance of another kind": with(t, "balance", "{}"),
	} {
		if source(t, raw, bank) == was {
			t.Errorf("another %s leaves the row known", name)
		}
	}
	for name, change := range map[string]func(*domain.AccountData){
		"type":     func(a *domain.AccountData) { a.Type = domain.CreditAccount },
		"currency": func(a *domain.AccountData) { a.Currency = "USD" },
	} {
		other := bank
		if change(&other); source(t, with(t), other) == was {
			t.Errorf("another %s of the account leaves its rows known", name)
		}
	}
}

// TestABadRowIsNeverKnown: what is known is not decoded, so that a row which is no JSON must
// differ from every good one, also where it is bad in what moves.
func TestABadRowIsNeverKnown(t *testing.T) {
	bank := holders(t)[0]
	was, good := source(t, with(t), bank), string(with(t))
	for name, raw := range map[string]string{
		"doubled balance":  strings.Replace(good, `{`, `{"balance":1,`, 1),
		"balance of NaN":   strings.Replace(good, `"balance":`, `"balance":NaN,"x":`, 1),
		"invalid UTF-8":    strings.Replace(good, `"updatedAt":"`, "\"updatedAt\":\"\xff", 1),
		"lone surrogate":   strings.Replace(good, `"updatedAt":"`, `"updatedAt":"\ud800`, 1),
		"brackets crossed": strings.Replace(good, `{`, `{"future":[{]},`, 1),
	} {
		if raw == good {
			t.Fatalf("%s: the row is the good one", name)
		}
		seen, err := sightings([]jsontext.Value{jsontext.Value(raw)}, bank)
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

// TestRulesFollowTheGolden: what normalize makes of the golden rows has not changed without
// the version moving. After a change, raise rules and run with -update.
func TestRulesFollowTheGolden(t *testing.T) {
	const path = "testdata/golden/rules"
	h := sha256.New()
	for _, name := range []string{"bank", "card"} {
		text, err := os.ReadFile("testdata/golden/" + name + ".json")
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
