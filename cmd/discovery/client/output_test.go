package client

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyFormulasGetAnApostrophe(t *testing.T) {
	for text, want := range map[string]string{
		"":              "",
		"plain":         "plain",
		"-212.45":       "-212.45",
		"1500":          "1500",
		"-2+3":          "'-2+3",
		"=1+1":          "'=1+1",
		"+55 11 1":      "'+55 11 1",
		"@SUM(A1)":      "'@SUM(A1)",
		" =1":           "' =1",
		"\t=1":          "'\t=1",
		"\rx":           "'\rx",
		"＝1":            "'＝1",
		"-1.2.3":        "'-1.2.3",
		"a=b":           "a=b",
		"-":             "'-",
		"\u00a0=HYPER(": "'\u00a0=HYPER(",
	} {
		if got := safeCell(text); got != want {
			t.Errorf("%q is printed as %q, want %q", text, got, want)
		}
	}
}

// The description of a transaction comes from the vendor and can contain escape sequences, which must not reach the
// terminal.
func TestATableContainsNoControlCharacters(t *testing.T) {
	var out bytes.Buffer
	w := &tableWriter{out: &out, view: transactionView}
	item := `{"id":"t1","description":"a\u001b[31mred\u0007\nb\u202e","amount":"-1","date":"2026-01-02"}`
	if err := w.write([]json.RawMessage{json.RawMessage(item)}); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.ContainsAny(text, "\x1b\x07\u202e") || strings.Count(text, "\n") != 2 {
		t.Errorf("the table is %q", text)
	}
}

func TestWideCharactersCountTwice(t *testing.T) {
	var out bytes.Buffer
	w := &tableWriter{out: &out, view: connectionView}
	id := "01a1fb2b-0551-7a6e-aaca-dd984c539666"
	items := []json.RawMessage{
		json.RawMessage(`{"configName":"` + strings.Repeat("銀", 60) + `","vendor":"pluggy","id":"` + id + `"}`),
		json.RawMessage(`{"configName":"short","vendor":"belvo","id":"` + id + `"}`),
	}
	if err := w.write(items); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if !strings.Contains(lines[1], "…") || strings.Count(lines[1], "銀") > 30 || !strings.Contains(lines[2], id) {
		t.Errorf("the table is\n%s", out.String())
	}
}

// An erased transaction must be printed, although it has no amount, date or status.
func TestAnErasedTransactionIsPrinted(t *testing.T) {
	item := json.RawMessage(`{"id":"t1","connectionId":"c1","version":3,"erasedAt":"2026-01-02T03:04:05Z"}`)
	var out bytes.Buffer
	w := &tableWriter{out: &out, view: transactionView}
	if err := w.write([]json.RawMessage{item}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "erased") {
		t.Errorf("the table is\n%s", out.String())
	}
}

func TestEveryColumnIsAMemberOfTheSchema(t *testing.T) {
	for name, v := range map[string]view{
		"connection": connectionView, "health": healthView, "test": testView, "account": accountView,
		"transaction": transactionView, "change": changeView, "pull": pullView, "delivery": deliveryView,
		"delivery detail": deliveryDetailView, "token": tokenView, "minted token": mintedView,
		"shared token":    sharedView,
		"quarantined row": quarantineView, "close": closeView, "adjustment": adjustmentView,
		"subscription": subscriptionView, "created subscription": createdSubscriptionView, "sink test": sinkTestView,
		"attempt": attemptView, "summary": summaryView, "sum of a day": dayTotalView,
	} {
		known := jsonNames(v.schema)
		if v.inner != "" {
			field, found := fieldOf(v.schema, v.inner)
			if !found {
				t.Fatalf("%s: the schema has no member %s", name, v.inner)
			}
			known = append(known, jsonNames(field)...)
		}
		for _, c := range v.columns {
			if !slices.Contains(known, c.member) {
				t.Errorf("%s: the schema has no member %s", name, c.member)
			}
		}
	}
}

func TestJSONKeepsTheExactTextOfTheItems(t *testing.T) {
	items := []json.RawMessage{json.RawMessage(`{"a":1e400}`), json.RawMessage(`{"b":12345678901234567890}`)}
	const array = "[\n  {\"a\":1e400},\n  {\"b\":12345678901234567890}\n]\n"
	for name, c := range map[string]struct {
		pages [][]json.RawMessage
		want  string
	}{
		"no items":  {[][]json.RawMessage{nil}, "[]\n"},
		"one page":  {[][]json.RawMessage{items}, array},
		"two pages": {[][]json.RawMessage{items[:1], items[1:]}, array},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			w := &arrayWriter{out: &out}
			for _, page := range c.pages {
				if err := w.write(page); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFileIsNotATerminal(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if terminalOf(file) != nil || terminalOf(strings.NewReader("")) != nil {
		t.Error("a file or a reader is taken for a terminal")
	}
}

func TestHiddenCharactersAreVisible(t *testing.T) {
	const text = "a\x1b[31m\u009b\u202eb\u2066\u061c\x7f\u0085\t\u00e9\U0001F600"
	if got, want := printable(text), `a\u001b[31m\u009b\u202eb\u2066\u061c\u007f\u0085 é😀`; got != want {
		t.Errorf("a table contains %q, want %q", got, want)
	}
	if got, want := visible(text), `a\u001b[31m\u009b\u202eb\u2066\u061c\u007f\u0085`+"\té😀"; got != want {
		t.Errorf("CSV contains %q, want %q", got, want)
	}
	item := []byte("{\"a\":\"\u009b\u202e\\u001b\"}")
	var b strings.Builder
	for _, w := range []writer{&lineWriter{&b}, &arrayWriter{out: &b}} {
		b.Reset()
		err := w.write([]json.RawMessage{item})
		if err != nil || !strings.Contains(b.String(), `{"a":"\u009b\u202e\u001b"}`) {
			t.Errorf("%T: %q, %v", w, &b, err)
		}
	}
}
