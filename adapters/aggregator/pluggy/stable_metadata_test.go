package pluggy

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
)

// FuzzStableMetadata checks that stableMetadata, which needs one pass over the row, returns the same result as a simple
// implementation, which removes the omitted members and then canonicalizes the rest.
func FuzzStableMetadata(f *testing.F) {
	for _, name := range []string{"bank", "card"} {
		for _, raw := range objects(f, name) {
			f.Add([]byte(raw))
		}
	}
	for _, odd := range []string{
		`{"b":[1, -0,{"z":"\u00e9","a":[]},[ ]],"a":1.50,"order":{"x":1}}`,
		`{"\u0061":1,"é":2,"😀":3,"":{"balance":1}}`,
		`{"a":-0.0,"b":1e2,"c":12345678901234567891,"d":"\ud83d\ude00\/","e":true,"f":null}`,
		`{"\u0062alance":1,"b":{"\u0062alance":1}}`, `{"order":[],"a b":{},"a!":0,"a":1}`,
	} {
		f.Add([]byte(odd))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		members := map[string]jsontext.Value{}
		if vendorhttp.Decode(raw, &members) != nil || raw[0] != '{' {
			return
		}
		for _, name := range []string{"updatedAt", "balance", "order", "amount"} {
			delete(members, name)
		}
		want, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		canonical := jsontext.Value(want)
		if err := canonical.Canonicalize(jsontext.CanonicalizeRawInts(false)); err != nil {
			t.Fatal(err)
		}
		got, err := stableMetadata(raw)
		if err != nil || string(got) != string(canonical) {
			t.Errorf("%s\ngot  %s (%v)\nwant %s", raw, got, err, canonical)
		}
	})
}
