package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

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
	w := &tableWriter{out: &out, view: transactionView, width: defaultWidth}
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
	w := &tableWriter{out: &out, view: connectionView, width: defaultWidth}
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
	w := &tableWriter{out: &out, view: transactionView, width: defaultWidth}
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
		"attempt": attemptView, "summary": summaryView, "sum of a day": dayTotalView, "bank": bankView,
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

// tableOf returns the table of the items, and the titles of the columns that it leaves out.
func tableOf(t *testing.T, w tableWriter, items ...string) (text string, omitted []string) {
	t.Helper()
	var out bytes.Buffer
	w.out, w.omitted = &out, func(titles []string) { omitted = titles }
	var all []json.RawMessage
	for _, item := range items {
		all = append(all, json.RawMessage(item))
	}
	if err := w.write(all); err != nil {
		t.Fatal(err)
	}
	return out.String(), omitted
}

func TestNamesThatDifferLookDifferent(t *testing.T) {
	const id = "01a1fb2b-0551-7a6e-aaca-dd984c539666"
	item := func(name string) string {
		return `{"configName":"` + name + `","vendor":"pluggy","health":"healthy","connectionId":"` + id + `"}`
	}
	same := strings.Repeat("branch ", 20)
	for name, names := range map[string][2]string{
		"the end":    {same + "north", same + "south"},
		"the middle": {same + "north " + same, same + "south " + same},
	} {
		w := tableWriter{view: connectionListView, width: defaultWidth}
		text, _ := tableOf(t, w, item(names[0]), item(names[1]))
		lines := strings.Split(text, "\n")
		if lines[1] == lines[2] || !strings.Contains(lines[1], id) {
			t.Errorf("%s: the table is\n%s", name, text)
		}
	}
}

func TestATerminalThatIsTooNarrowShowsFewerColumns(t *testing.T) {
	item := `{"configName":"main","connectionId":"01a1fb2b-0551-7a6e-aaca-dd984c539666","vendor":"pluggy",
		"health":"healthy","lastPullAt":"2026-01-02T03:04:05Z","lastWebhookAt":"2026-01-02T03:04:05Z"}`
	for width, want := range map[int][]string{
		80:  {"LAST PULL", "LAST WEBHOOK", "ID"},
		200: nil,
	} {
		text, omitted := tableOf(t, tableWriter{view: healthListView, width: width, omit: true}, item)
		if diff := cmp.Diff(want, omitted); diff != "" {
			t.Errorf("%d columns (-want +got):\n%s\n%s", width, diff, text)
		}
		for line := range strings.Lines(text) {
			if len(strings.TrimSpace(line)) > width || !strings.Contains(text, "main") {
				t.Errorf("%d columns:\n%s", width, text)
			}
		}
	}
}

// The reason why a connection needs a person must be visible on a terminal with 80 columns.
func TestAListOfConnectionsAlwaysShowsWhatTheyNeed(t *testing.T) {
	item := func(name, reason string) string {
		return `{"configName":"` + name + `","vendor":"pluggy","health":"unhealthy",
			"connectionId":"01a1fb2b-0551-7a6e-aaca-dd984c539666","attention":[{"reason":"` + reason + `"}]}`
	}
	branches, long := strings.Repeat("branch ", 20), strings.Repeat("x", 45)
	for _, c := range []struct {
		width   int
		names   [2]string
		omitted []string
	}{
		{80, [2]string{"north", "south"}, nil},
		{80, [2]string{branches + "north", branches + "south"}, []string{"ID"}},
		// These names differ in the middle, so only a few characters can be left out.
		{80, [2]string{long + "n" + long[:26], long + "s" + long[:26]}, []string{"HEALTH", "ID"}},
		{120, [2]string{"north", "south"}, nil},
		{120, [2]string{branches + "north", branches + "south"}, nil},
	} {
		for name, view := range map[string]view{"list": connectionListView, "health": healthListView} {
			w := tableWriter{view: view, width: c.width, omit: true}
			text, omitted := tableOf(t, w, item(c.names[0], "login_needed"), item(c.names[1], "quarantined"))
			lines := strings.Split(strings.TrimSpace(text), "\n")
			if !strings.Contains(lines[1], "login_needed") || !strings.Contains(lines[2], "quarantined") {
				t.Errorf("%s, %d columns: what a connection needs is missing:\n%s", name, c.width, text)
			}
			if strings.ReplaceAll(lines[1], "login_needed", "") == strings.ReplaceAll(lines[2], "quarantined", "") {
				t.Errorf("%s, %d columns: the names look equal:\n%s", name, c.width, text)
			}
			for _, line := range lines {
				if utf8.RuneCountInString(line) > c.width {
					t.Errorf("%s: %q is wider than %d columns", name, line, c.width)
				}
			}
			if diff := cmp.Diff(c.omitted, omitted); name == "list" && diff != "" {
				t.Errorf("%d columns: omitted (-want +got):\n%s\n%s", c.width, diff, text)
			}
		}
	}
}

func TestAListOverSeveralConnectionsShowsTheirNames(t *testing.T) {
	names := func(ids []string) (map[string]string, error) {
		if diff := cmp.Diff([]string{"c1", "c2"}, ids); diff != "" {
			t.Errorf("ids (-want +got):\n%s", diff)
		}
		return map[string]string{"c1": "main\u202e"}, nil
	}
	view := pullView.overSeveral(nil)
	text, _ := tableOf(t, tableWriter{view: view, width: defaultWidth, names: names},
		`{"id":"p1","connectionId":"c1","counts":{}}`, `{"id":"p2","connectionId":"c2","counts":{}}`)
	lines := strings.Split(text, "\n")
	if !strings.HasPrefix(lines[1], `main\u202e `) || !strings.HasPrefix(lines[2], "c2 ") {
		t.Errorf("the table is\n%s", text)
	}
	if diff := cmp.Diff(pullView.members(), view.members()); diff != "" {
		t.Errorf("the members of CSV (-one connection +several):\n%s", diff)
	}
	one := "c1"
	if got := pullView.overSeveral(&one); len(got.columns) != len(pullView.columns) {
		t.Errorf("the list of one connection has the columns %v", got.columns)
	}
}

func TestColumnsAreSelectedByMemberOrTitle(t *testing.T) {
	s := &session{format: formatTable, columns: []string{"configname", " last webhook", "quarantined"}}
	v, err := s.selected(healthListView)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"configName", "lastWebhookAt", "quarantined"}, v.members()); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	for format, columns := range map[string]string{formatCSV: "nothing", formatJSON: "health"} {
		s := &session{format: format, columns: []string{columns}}
		if _, err := s.selected(healthListView); !errors.As(err, &UsageError{}) {
			t.Errorf("%s, %s: %v", format, columns, err)
		}
	}
}

// slowBuffer is the terminal of a test. Several goroutines may write to it.
type slowBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *slowBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func TestAProgressLineFitsItsLineAndIsErased(t *testing.T) {
	var out slowBuffer
	bar := &progressLine{out: &out, started: time.Now(), width: func() int { return 40 }}
	bar.clear() // nothing is shown yet
	bar.show("running, " + strings.Repeat("transactions ", 10))
	bar.clear()
	bar.clear()
	frames := strings.Split(out.all.String(), eraseLine)
	if len(frames) < 3 || frames[0] != "" || frames[len(frames)-1] != "" {
		t.Fatalf("the line is %q", frames)
	}
	if first := frames[1]; !strings.HasPrefix(first, "| running, ") || utf8.RuneCountInString(first) != 39 {
		t.Errorf("the line is %q", first)
	}
	var none *progressLine
	none.show("x")
	none.clear()
}

func TestACountOfOneIsInTheSingular(t *testing.T) {
	for n, want := range map[int]string{0: "0 pages", 1: "1 page", 2: "2 pages"} {
		if got := countOf(n, "page"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestTablesSayWhenTheBankWasReadAndWhatThatCovers(t *testing.T) {
	for name, c := range map[string]struct {
		view    view
		members []string
	}{
		"account":      {accountView, []string{"coversTo"}}, // with bankReadAt, a line has more than 100 columns
		"completeness": {completenessView, []string{"bankReadAt", "coversTo"}},
		"balance":      {balanceView, []string{"bankReadAt", "coversTo"}},
		"close":        {closeView, []string{"bankReadAt", "completeness"}},
		"health":       {healthView, []string{"bankReadAt"}},
		"healths":      {healthListView, []string{"bankReadAt"}},
		"bank":         {bankView, []string{"bankReadAt"}},
	} {
		for _, member := range c.members {
			if !slices.ContainsFunc(c.view.columns, func(found column) bool { return found.member == member }) {
				t.Errorf("the table of a %s has no column for %s", name, member)
			}
		}
	}
}

// The tables of bank statements, of their lines and of closes must show the verdicts.
func TestTheTablesOfBankStatementsShowTheirVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		view view
		item string
		want []string
	}{
		"statement": {
			bankStatementView,
			`{"id":"s1","state":"compared","comparison":{"verdict":"differs","stale":true},` +
				`"source":{"kind":"file","name":"a.ofx"},"uploadedAt":"2026-01-02T03:04:05Z"}`,
			[]string{"s1", "compared", "differs (stale)", "a.ofx"},
		},
		"refused statement": {
			bankStatementView, `{"id":"s1","state":"refused","source":{"kind":"file"},"reason":"the file is a PDF"}`,
			[]string{"refused", "the file is a PDF"},
		},
		"line": {
			bankStatementLineView,
			`{"position":3,"date":"2026-01-02","amount":"-5.00","text":"PIX","bucket":"only_theirs"}`,
			[]string{"3", "2026-01-02", "-5.00", "only_theirs", "PIX"},
		},
		"close": {
			closeView, `{"date":"2026-01-31","count":2,"witness":{"verdict":"agrees"}}`,
			[]string{"2026-01-31", "agrees"},
		},
		"close without a witness": {closeView, `{"date":"2026-01-31","count":2}`, []string{"2026-01-31", "2"}},
	} {
		var out bytes.Buffer
		w := &tableWriter{out: &out, view: c.view, width: 400}
		if err := w.write([]json.RawMessage{json.RawMessage(c.item)}); err != nil {
			t.Fatal(err)
		}
		_, row, _ := strings.Cut(out.String(), "\n")
		for _, want := range c.want {
			if !strings.Contains(row, want) {
				t.Errorf("%s: %q has no %q", name, row, want)
			}
		}
	}
}
