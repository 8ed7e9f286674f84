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

// FuzzDetail holds the one walk to what it is a short cut for.
func FuzzDetail(f *testing.F) {
	for _, name := range []string{"mx", "nulls", "ofda"} {
		if _, err := os.Stat("testdata/transactions_" + name + ".json"); err != nil {
			f.Fatal(err)
		}
		for _, raw := range results(f, "transactions_"+name+".json") {
			f.Add([]byte(raw))
		}
	}
	for _, odd := range []string{
		`{"b":[1, -0,null,{"z":"\u00e9","a":[],"n":null},[ ]],"a":1.50,"balance":{"x":1}}`, `{"\u0061":1,"é":2,"😀":3,"z":"2026-05-03T10:00:00.100+02:00"}`,
		`{"a":-0.0,"b":1e2,"c":12345678901234567891,"d":"\ud83d\ude00\/","e":true}`, `{"merchant":[{"logo":1,"x":"<&>"}],"a b":{},"a!":0,"a":"2026-02-30T10:00:00Z"}`,
		`{"\u0063ollected_at":1,"m\u0065rchant":{"log\u006f":1,"é\u0065":{"collected_at":2,"b":1,"a":2}}}`,
		`{"a":"2026-05-03t10:00:00z","b":"0000-01-01T00:00:00+23:59","c":"9999-12-31T23:59:60Z"}`,
	} {
		f.Add([]byte(odd))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if vendorhttp.Decode(raw, &map[string]jsontext.Value{}) != nil || raw[0] != '{' {
			return
		}
		want, err := detailByMembers(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := detail(raw)
		if err != nil || string(got) != string(want) {
			t.Errorf("%s\ngot  %s (%v)\nwant %s", raw, got, err, want)
		}
	})
}

// without looks a member up as detail does, by its name in quotes; holder is "" for the row,
// "*" for any object, or a name in its quotes, be that empty.
func without(holder, member string) bool {
	return slices.Contains(form.Omit[holder], strconv.Quote(member))
}

// detailByMembers is detail by way of a map of members.
func detailByMembers(raw []byte) ([]byte, error) {
	var row map[string]any
	if json.Unmarshal(raw, &row, numbers) != nil {
		return nil, errors.New("no row")
	}
	written, err := json.Marshal(settledMember("", row), json.Deterministic(true))
	if err != nil {
		return nil, errors.New("no row")
	}
	return written, nil
}

// numbers keeps a number's digits; a float64 would drop some.
var numbers = json.WithUnmarshalers(json.UnmarshalFromFunc(
	func(dec *jsontext.Decoder, value *any) error {
		if dec.PeekKind() != '0' {
			return errors.ErrUnsupported
		}
		text, err := dec.ReadValue()
		*value = text.Clone()
		return err
	}))

// settledMember gives the value of a member without its moving parts; holder is as of without.
func settledMember(holder string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for member, held := range value {
			if held == nil || without("*", member) || without(holder, member) {
				delete(value, member)
				continue
			}
			value[member] = settledMember(strconv.Quote(member), held)
		}
	case []any:
		for i := range value {
			value[i] = settledMember(holder, value[i])
		}
	case jsontext.Value:
		return jsontext.Value(shortest(nil, value))
	case string:
		at, err := time.Parse(time.RFC3339, value)
		if err == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
	}
	return value
}
