package vendorhttp

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

type page struct {
	Name   string            `json:"name"`
	Amount Number            `json:"amount"`
	Loose  NumberOrString    `json:"loose"`
	Next   *string           `json:"next"`
	Rows   []json.RawMessage `json:"rows"`
}

func TestDecodeKeepsNumbersAndRawMembersUnchanged(t *testing.T) {
	text := `{"name":"a","new":[1,{"x":null}],"amount":-0.10e2,"loose":" 1.50 ","next":null,` +
		`"rows":[{ "b" : 1.0,"a":"\u0041"}]}`
	var got page
	if err := Decode([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := page{
		Name: "a", Amount: "-0.10e2", Loose: "1.50",
		Rows: []json.RawMessage{[]byte(`{ "b" : 1.0,"a":"\u0041"}`)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeRefusesInvalidText(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                              "",
		"a page":                               "<html>" + canary + "</html>",
		"an array":                             "[]",
		"a text for a number":                  `{"amount":"` + canary + `"}`,
		"a number for a text":                  `{"name":1}`,
		"an object for text":                   `{"loose":{}}`,
		"a text for a list":                    `{"rows":"` + canary + `"}`,
		"a duplicate member":                   `{"name":"a","name":"b"}`,
		"a duplicate member in an ignored one": `{"x":{"y":1,"y":2}}`,
		"NaN":                                  `{"amount":NaN}`,
		"a leading zero":                       `{"amount":01}`,
		"more than one value":                  `{}{}`,
		"half a value":                         `{"name":`,
		"invalid UTF-8":                        "{\"name\":\"\xff\"}",
		"a lone surrogate":                     `{"name":"\ud800"}`,
		"sixty-five levels":                    `{"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
		"a million levels":                     strings.Repeat("[", 1<<20),
		"levels after quotes":                  `{"a\"":"[","x":` + strings.Repeat(`[{"y":`, 50),
	} {
		t.Run(name, func(t *testing.T) {
			var got page
			err := Decode([]byte(text), &got)
			if !errors.Is(err, domain.Unavailable) || !errors.Is(err, domain.MalformedResponse) {
				t.Fatalf("got %v", err)
			}
			assertNoLeak(t, err, Call{BaseURL: "http://" + canary})
		})
	}
}

func TestParseMoneyIsExactOrFails(t *testing.T) {
	for amount, want := range map[string]string{
		"1500": "1500", "-212.45": "-212.45", "0.10": "0.1", "900.0": "900", "1e3": "1000", "1.5E-3": "0.0015",
		"0":     "0",
		"-0.00": "0", "1234567890123456.789": "1234567890123456.789", "0.1000000000000000000000": "0.1",
	} {
		if got, err := ParseMoney(amount, "BRL"); err != nil || got.Amount.String() != want {
			t.Errorf("ParseMoney(%q) = %v, %v, want %s", amount, got.Amount, err, want)
		}
	}
	for _, amount := range []string{
		"", "x", "1e400", "-1e400", "1e-400", "1e-25", "0.12345678901234567890123", "12345678901234567890.1",
		"99999999999999999999", "0x1p4", "1_000", " 1", "NaN", "Infinity",
	} {
		if got, err := ParseMoney(amount, "BRL"); err == nil {
			t.Errorf("ParseMoney(%q) = %v, want an error", amount, got.Amount)
		}
	}
	if _, err := ParseMoney("1", "real"); err == nil {
		t.Error("an invalid currency passed")
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"name":"a","amount":1}`, `{"rows":[{}]}`, `[[[[`, `"`, `{"a":"\\"}`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got page
		if err := Decode(text, &got); err != nil {
			return
		}
		for _, raw := range got.Rows {
			if !json.Valid(raw) {
				t.Errorf("a raw member that is not JSON: %q", raw)
			}
		}
	})
}
