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

type envelope struct {
	Next *string `json:"next"`
}

func texts(rows []jsontext.Value) []string {
	all := []string{}
	for _, row := range rows {
		all = append(all, string(row))
	}
	return all
}

func TestDecodeListSplitsTheRows(t *testing.T) {
	for text, want := range map[string][]string{
		`{"rows":[],"next":"n"}`: {},
		"{ \"x\":{\"rows\":[{}]} , \"rows\" : [\n{\"a\":\"]}\\\"\"} , { \"b\":[1,{}] }\t] ,\"next\":\"n\"} ": {
			`{"a":"]}\""}`, `{ "b":[1,{}] }`,
		},
		`{"next":"n","\u0072ows":[{"a":"\\"},{"b":"\\\""}]}`: {`{"a":"\\"}`, `{"b":"\\\""}`},
	} {
		var got envelope
		rows, err := DecodeList([]byte(text), "rows", &got)
		if err != nil || got.Next == nil || *got.Next != "n" {
			t.Fatalf("%s: %+v, %v", text, got, err)
		}
		if diff := cmp.Diff(want, texts(rows)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for _, none := range []string{`{}`, `{"rows":null}`, `{"rows":""}`, `{"rows":{}}`, `{"x":{"rows":[{}]}}`} {
		if rows, err := DecodeList([]byte(none), "rows", new(envelope)); rows != nil || err != nil {
			t.Errorf("%s has %v (%v)", none, rows, err)
		}
	}
}

func TestDecodeListRefusesInvalidPages(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                  "",
		"an array":                 `[{}]`,
		"no comma between rows":    `{"rows":[{} {}]}`,
		"two commas":               `{"rows":[{},,{}]}`,
		"a comma before":           `{"rows":[,{}]}`,
		"a comma after the last":   `{"rows":[{},]}`,
		"no end of the list":       `{"rows":[{}`,
		"another end of the list":  `{"rows":[{}}}`,
		"a colon for a comma":      `{"rows":[{}:{}]}`,
		"no end of the response":   `{"rows":[{}]`,
		"more than one value":      `{"rows":[{}]}{}`,
		"duplicate rows":           `{"rows":[{}],"rows":[{}]}`,
		"rows, and null":           `{"rows":[{}],"rows":null}`,
		"rows of two spellings":    `{"rows":[{}],"\u0072ows":[]}`,
		"a duplicate member":       `{"rows":[{}],"next":"a","next":"b"}`,
		"another type":             `{"rows":[{}],"next":7}`,
		"invalid UTF-8":            "{\"rows\":[{}],\"x\":\"\xff\"}",
		"a million levels, rows":   `{"rows":[` + strings.Repeat(`{"x":`, 1<<20),
		"sixty-five levels around": `{"rows":[{}],"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := DecodeList([]byte(text), "rows", new(envelope))
			if !errors.Is(err, domain.Unavailable) || !errors.Is(err, domain.MalformedResponse) || rows != nil {
				t.Errorf("%v, %v", texts(rows), err)
			}
		})
	}
	deep := `{"rows":[{"x":` + strings.Repeat("[", 61) + strings.Repeat("]", 61) + `}]}`
	if rows, err := DecodeList([]byte(deep), "rows", new(envelope)); len(rows) != 1 || err != nil {
		t.Errorf("sixty-four levels: %v", err)
	}
}

// An element of any JSON type is returned as a row, so that one malformed row does not make the
// whole page unreadable.
func TestDecodeListSeparatesRowsOfAnyKind(t *testing.T) {
	deep := `{"x":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`
	want := []string{`1`, `null`, `[]`, deep, `{"a":1,"a":2}`, `"x,y]"`, `{}`}
	var rest struct{}
	rows, err := DecodeList([]byte(`{"rows":[`+strings.Join(want, " , ")+`]}`), "rows", &rest)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows {
		got = append(got, string(row))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzDecodeList compares DecodeList with a decoder that checks the whole page. If the decoder
// accepts a page, DecodeList must accept it with the same rows. If the decoder refuses a page,
// DecodeList must refuse the page, or decoding one of its rows must fail.
func FuzzDecodeList(f *testing.F) {
	for _, seed := range []string{
		`{"rows":[{"a":"\\\"]"},{}],"next":"n"}`, `{"rows":[{"a":1,"a":2}]}`, `{"rows":[{"a":[}]}`,
		`{"r\u006fws":[{}]}`,
		`{"rows":[{"a":NaN}]}`, "{\"rows\":[{\"a\":\"\xff\"}]}", `{"rows":[{]}]}`,
		`{"x":"\"rows\":[{}]","rows":[ ]}`, `{"rows":[{"a":"\`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var whole struct {
			envelope
			Rows *[]map[string]jsontext.Value `json:"rows"`
		}
		var raw struct {
			Rows []jsontext.Value `json:"rows"`
		}
		want := Decode(text, &whole)
		isNull := func(row map[string]jsontext.Value) bool { return row == nil }
		if whole.Rows != nil && slices.ContainsFunc(*whole.Rows, isNull) {
			return // a list that contains a null row is not compared
		}
		var got envelope
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
			t.Fatalf("accepted, want %v", want)
		case want == nil && whole.Rows != nil:
			if Decode(text, &raw) != nil || cmp.Diff(texts(raw.Rows), texts(rows)) != "" {
				t.Fatalf("rows %q, want %q", rows, raw.Rows)
			}
		}
	})
}

func TestDecodeListsSplitsTheRowsOfEachList(t *testing.T) {
	var page struct {
		Added, Modified []jsontext.Value
		Next            string `json:"next"`
	}
	body := `{"modified":[{"id":2,"id":3}],"next":"x","added":[ {"id":1} , [[]]],"other":[1]}`
	lists, err := DecodeLists([]byte(body), &page, "added", "modified", "removed")
	want := [][]jsontext.Value{
		{jsontext.Value(`{"id":1}`), jsontext.Value(`[[]]`)}, {jsontext.Value(`{"id":2,"id":3}`)}, nil,
	}
	if diff := cmp.Diff(want, lists); diff != "" || err != nil || page.Next != "x" {
		t.Errorf("%v, %+v: %s", err, page, diff)
	}
	for _, bad := range []string{
		`{"modified":[1,"added":[]}`, `{"modified":[],"added":[}`, `{"modified":[],"added":[],"added":[]}`,
	} {
		if _, err := DecodeLists([]byte(bad), &page, "added", "modified"); !errors.Is(err, domain.MalformedResponse) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
