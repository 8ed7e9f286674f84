package vendorhttp

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

type around struct {
	Next *string `json:"next"`
}

func texts(rows []jsontext.Value) []string {
	all := []string{}
	for _, row := range rows {
		all = append(all, string(row))
	}
	return all
}

func TestDecodeListCutsRowsOut(t *testing.T) {
	for text, want := range map[string][]string{
		`{"rows":[],"next":"n"}`: {},
		"{ \"x\":{\"rows\":[{}]} , \"rows\" : [\n{\"a\":\"]}\\\"\"} , { \"b\":[1,{}] }\t] ,\"next\":\"n\"} ": {`{"a":"]}\""}`, `{ "b":[1,{}] }`},
		`{"next":"n","\u0072ows":[{"a":"\\"},{"b":"\\\""}]}`:                                                 {`{"a":"\\"}`, `{"b":"\\\""}`},
	} {
		var got around
		rows, err := DecodeList([]byte(text), "rows", &got)
		if err != nil || got.Next == nil || *got.Next != "n" {
			t.Fatalf("%s: %+v, %v", text, got, err)
		}
		if diff := cmp.Diff(want, texts(rows)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for _, none := range []string{`{}`, `{"rows":null}`, `{"rows":""}`, `{"rows":{}}`, `{"x":{"rows":[{}]}}`} {
		if rows, err := DecodeList([]byte(none), "rows", new(around)); rows != nil || err != nil {
			t.Errorf("%s has %v (%v)", none, rows, err)
		}
	}
}

func TestDecodeListRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                  "",
		"an array":                 `[{}]`,
		"rows that are none":       `{"rows":[1]}`,
		"a null row":               `{"rows":[{},null]}`,
		"a list in the list":       `{"rows":[[]]}`,
		"no comma between rows":    `{"rows":[{} {}]}`,
		"two commas":               `{"rows":[{},,{}]}`,
		"a comma before":           `{"rows":[,{}]}`,
		"a comma behind":           `{"rows":[{},]}`,
		"no end of the list":       `{"rows":[{}`,
		"another end of the list":  `{"rows":[{}}}`,
		"a colon for a comma":      `{"rows":[{}:{}]}`,
		"no end of the answer":     `{"rows":[{}]`,
		"more than one answer":     `{"rows":[{}]}{}`,
		"doubled rows":             `{"rows":[{}],"rows":[{}]}`,
		"rows, and null":           `{"rows":[{}],"rows":null}`,
		"rows of two names":        `{"rows":[{}],"\u0072ows":[]}`,
		"a doubled member":         `{"rows":[{}],"next":"a","next":"b"}`,
		"another type":             `{"rows":[{}],"next":7}`,
		"invalid UTF-8":            "{\"rows\":[{}],\"x\":\"\xff\"}",
		"sixty-five levels, rows":  `{"rows":[{"x":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `}]}`,
		"a million levels, rows":   `{"rows":[` + strings.Repeat(`{"x":`, 1<<20),
		"sixty-five levels beside": `{"rows":[{}],"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := DecodeList([]byte(text), "rows", new(around))
			if !errors.Is(err, domain.Unavailable) || !errors.Is(err, domain.MalformedResponse) || rows != nil {
				t.Errorf("%v, %v", texts(rows), err)
			}
		})
	}
	deep := `{"rows":[{"x":` + strings.Repeat("[", 61) + strings.Repeat("]", 61) + `}]}`
	if rows, err := DecodeList([]byte(deep), "rows", new(around)); len(rows) != 1 || err != nil {
		t.Errorf("sixty-four levels: %v", err)
	}
}

// FuzzDecodeList holds it to the decoder that looks at everything: what that takes is
// taken, with the same rows, and what it refuses is refused by then or by a row's decoding.
func FuzzDecodeList(f *testing.F) {
	for _, seed := range []string{
		`{"rows":[{"a":"\\\"]"},{}],"next":"n"}`, `{"rows":[{"a":1,"a":2}]}`, `{"rows":[{"a":[}]}`, `{"r\u006fws":[{}]}`,
		`{"rows":[{"a":NaN}]}`, "{\"rows\":[{\"a\":\"\xff\"}]}", `{"rows":[{]}]}`, `{"x":"\"rows\":[{}]","rows":[ ]}`, `{"rows":[{"a":"\`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var whole struct {
			around
			Rows *[]map[string]jsontext.Value `json:"rows"`
		}
		var raw struct {
			Rows []jsontext.Value `json:"rows"`
		}
		want := Decode(text, &whole)
		if whole.Rows != nil && slices.ContainsFunc(*whole.Rows, func(m map[string]jsontext.Value) bool { return m == nil }) {
			return // a null row, which is refused here at once
		}
		var got around
		rows, err := DecodeList(text, "rows", &got)
		for _, row := range rows {
			if err == nil {
				err = Decode(row, new(map[string]jsontext.Value))
			}
		}
		switch {
		case want == nil && err != nil:
			t.Fatalf("refused: %v", err)
		case want != nil && err == nil && rows != nil:
			t.Fatalf("taken, against %v", want)
		case want == nil && whole.Rows != nil:
			if Decode(text, &raw) != nil || cmp.Diff(texts(raw.Rows), texts(rows)) != "" {
				t.Fatalf("rows %q, want %q", rows, raw.Rows)
			}
		}
	})
}

var fidgets = VolatileMembers{"*": {`"seen"`}, "": {`"turn"`, `"list"`}, `"of"`: {`"turn"`}}

func sifted(t testing.TB, row string) string {
	t.Helper()
	text, sound := fidgets.AppendStable(nil, []byte(row), nil)
	if !sound {
		t.Fatalf("%s is no object", row)
	}
	return string(text)
}

func TestSiftLeavesOutWhatIsIdle(t *testing.T) {
	base := sifted(t, `{"a":1,"turn":2,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`)
	for _, alike := range []string{
		`{"a":1,"turn":3,"of":{"b":[1,2],"turn":-20.5,"seen":"y"},"seen":true}`,
		` {"a" : 1, "turn":"2026", "of":{ "b":[1,2],"turn":0,"seen":""},"seen" :1 } `,
	} {
		if sifted(t, alike) != base {
			t.Errorf("%s differs", alike)
		}
	}
	for _, other := range []string{
		`{"a":2,"turn":2,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":2,"of":{"b":[1,3],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":2,"turn":2,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`, // refused when it is decoded
		`{"a":1,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":{"x":1},"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":NaN,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":01,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":1.,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":2,"of":{"b":[1,2],"turn":1.5,"seen":"\ud800"},"seen":null}`,
		"{\"a\":1,\"turn\":\"\xff\",\"of\":{\"b\":[1,2],\"turn\":1.5,\"seen\":\"x\"},\"seen\":null}",
	} {
		if sifted(t, other) == base {
			t.Errorf("%s is the same", other)
		}
	}
}

func TestAnObjectIsIdleWhereItStandsAlone(t *testing.T) {
	if sifted(t, `{"of":{"of":{"turn":1}}}`) == sifted(t, `{"of":{"of":{"turn":2}}}`) {
		t.Error("a member of another object is taken for idle")
	}
}

func TestSiftRefusesWhatIsNoObject(t *testing.T) {
	for _, row := range []string{``, `7`, `[]`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{,}`, `{"a":1}}`, `{a:1}`, `{"of":{"a":1,}}`, `{"a":"`} {
		if text, sound := fidgets.AppendStable(nil, []byte(row), nil); sound {
			t.Errorf("%s became %s", row, text)
		}
	}
}
