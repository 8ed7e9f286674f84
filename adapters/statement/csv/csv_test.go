package csv_test

import (
	stdcsv "encoding/csv"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/csv"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

const formulas, dividers = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20", ",;|\"\t\r\n"

// formula matches a place at which a spreadsheet may find a formula: a formula character at the beginning of a text or
// after a divider.
var formula = regexp.MustCompile("(^|[" + dividers + "])[" + strings.ReplaceAll(formulas, "-", `\-`) + "]")

// original is the inverse of Text: it returns the text from which Text has made the cell.
func original(cell string) string {
	var b strings.Builder
	for begins := true; cell != ""; {
		next, _ := utf8.DecodeRuneInString(strings.TrimLeft(cell, "'"))
		if begins && cell[0] == '\'' && strings.ContainsRune(formulas, next) {
			cell = cell[1:]
		}
		r, size := utf8.DecodeRuneInString(cell)
		b.WriteString(cell[:size])
		cell, begins = cell[size:], strings.ContainsRune(dividers, r)
	}
	return b.String()
}

// texts generates texts in which formula characters, dividers and apostrophes are frequent.
var texts = rapid.OneOf(
	rapid.StringOf(rapid.RuneFrom([]rune(formulas+dividers+"'a1 \u0001\U0001F600"))),
	rapid.String(),
)

func TestNoTextBeginsAFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := texts.Draw(t, "text")
		cell := csv.Text(text)
		if at := formula.FindStringIndex(cell); at != nil {
			t.Errorf("%q became %q, which has a formula at %d", text, cell, at[0])
		}
		if got := original(cell); got != text {
			t.Errorf("%q became %q, which is read as %q", text, cell, got)
		}
	})
}

func TestTextsThatAreNotFormulasStayAsTheyAre(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "PIX 12-34": "PIX 12-34", "a@b.example": "a@b.example", "1+1=2": "1+1=2", "'quoted'": "'quoted'",
		"=1+1": "'=1+1", "-5": "'-5", "+55 11": "'+55 11", "@SUM(A1)": "'@SUM(A1)", "'=1": "''=1", "a;=1": "a;'=1",
		"a, -1": "a, -1", "\uff1d1": "'\uff1d1",
	} {
		if got := csv.Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestAnyTextIsReadBack(t *testing.T) {
	s, records := porttest.SampleStatement()
	rapid.Check(t, func(t *rapid.T) {
		r := records[1]
		r.Description, r.Counterparty = texts.Draw(t, "description"), texts.Draw(t, "counterparty")
		r.ExternalID = texts.Draw(t, "externalId")
		var b strings.Builder
		if err := (csv.Format{}).Write(&b, s, porttest.Records(r)); err != nil {
			t.Fatal(err)
		}
		rows, err := stdcsv.NewReader(strings.NewReader(b.String())).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%v: %q", err, b.String())
		}
		want := []string{
			r.ID.String(),
			"2026-02-11",
			"-1355",
			"BRL",
			csv.Text(csv.Visible(r.Description)),
			csv.Text(csv.Visible(r.Counterparty)),
			"-20",
			"USD",
			csv.Text(csv.Visible(r.ExternalID)), "", r.References.TransactionID, "12ABC34501DE35", "12",
		}
		for i := range want {
			want[i] = strings.ReplaceAll(want[i], "\r\n", "\n") // as the reader of encoding/csv does
		}
		if diff := cmp.Diff(want, rows[1]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLinesEndWithCRLF(t *testing.T) {
	s, records := porttest.SampleStatement()
	text := porttest.WriteSample(t, csv.Format{}, s, porttest.Records(records...))
	if strings.Count(text, "\r\n") != 4 || strings.Count(text, "\n") != 4 || !strings.HasSuffix(text, "\r\n") {
		t.Errorf("%q", text)
	}
}

func TestHiddenCharactersAreVisible(t *testing.T) {
	const text = "a\x1b[31m\u009b\u202eb\u2066\x7f\t\r\n\u00e9"
	if got, want := csv.Visible(text), `a\u001b[31m\u009b\u202eb\u2066\u007f`+"\t\r\né"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
