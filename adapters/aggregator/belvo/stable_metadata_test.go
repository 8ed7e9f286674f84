package belvo

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
)

// FuzzStableMetadata checks that stableMetadata, which needs one pass over the row, returns the
// same result as stableMetadataByMap, which is simpler and slower.
func FuzzStableMetadata(f *testing.F) {
	for _, name := range []string{"mx", "nulls", "ofda"} {
		if _, err := os.Stat("testdata/transactions_" + name + ".json"); err != nil {
			f.Fatal(err)
		}
		for _, raw := range readResults(f, "transactions_"+name+".json") {
			f.Add([]byte(raw))
		}
	}
	for _, odd := range []string{
		`{"b":[1, -0,null,{"z":"\u00e9","a":[],"n":null},[ ]],"a":1.50,` +
			`"balance":{"x":1}}`, `{"\u0061":1,"é":2,"😀":3,"z":"2026-05-03T10:00:00.100+02:00"}`,
		`{"a":-0.0,"b":1e2,"c":12345678901234567891,"d":"\ud83d\ude00\/","e":true}`, `{"merchant":[{"logo":1,` +
			`"x":"<&>"}],"a b":{},"a!":0,"a":"2026-02-30T10:00:00Z"}`,
		`{"\u0063ollected_at":1,"m\u0065rchant":{"log\u006f":1,"é\u0065":{"collected_at":2,"b":1,"a":2}}}`,
		`{"a":"2026-05-03t10:00:00z","b":"0000-01-01T00:00:00+23:59","c":"9999-12-31T23:59:60Z"}`,
	} {
		f.Add([]byte(odd))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if vendorhttp.Decode(raw, &map[string]jsontext.Value{}) != nil || raw[0] != '{' {
			return
		}
		want, err := stableMetadataByMap(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := stableMetadata(raw)
		if err != nil || string(got) != string(want) {
			t.Errorf("%s\ngot  %s (%v)\nwant %s", raw, got, err, want)
		}
	})
}

// isVolatile reports whether stableMetadata omits a member from an object. The member's name has no quotes. The holder
// is a key of stableForm.Omit, and identifies the object:
//
//   - "": the row itself
//   - "*": any object
//   - a name in quotes: the value of the member with this name.
func isVolatile(holder, member string) bool {
	return slices.Contains(stableForm.Omit[holder], strconv.Quote(member))
}

// stableMetadataByMap is a simple implementation of stableMetadata that decodes the row to maps.
func stableMetadataByMap(raw []byte) ([]byte, error) {
	var row map[string]any
	if json.Unmarshal(raw, &row, exactNumbers) != nil {
		return nil, errors.New("no row")
	}
	written, err := json.Marshal(stableMember("", row), json.Deterministic(true))
	if err != nil {
		return nil, errors.New("no row")
	}
	return written, nil
}

// exactNumbers makes the decoder keep each number as its JSON text, which retains all digits; a
// float64 would lose some.
var exactNumbers = json.WithUnmarshalers(json.UnmarshalFromFunc(
	func(dec *jsontext.Decoder, value *any) error {
		if dec.PeekKind() != '0' {
			return errors.ErrUnsupported
		}
		text, err := dec.ReadValue()
		*value = text.Clone()
		return err
	}))

// stableMember returns a value without its volatile members. For the first argument, see isVolatile.
func stableMember(holder string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for member, inner := range value {
			if inner == nil || isVolatile("*", member) || isVolatile(holder, member) {
				delete(value, member)
				continue
			}
			value[member] = stableMember(strconv.Quote(member), inner)
		}
	case []any:
		for i := range value {
			value[i] = stableMember(holder, value[i])
		}
	case jsontext.Value:
		return jsontext.Value(appendShortestNumber(nil, value))
	case string:
		at, err := time.Parse(time.RFC3339, value)
		if err == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
	}
	return value
}
