// Package csv writes statements as CSV (RFC 4180) in UTF-8, with a header line.
//
// A spreadsheet evaluates a cell that begins with a formula character. Write therefore inserts an apostrophe before a
// formula character at the start of a text. A spreadsheet may also divide a text into cells at certain characters.
// Write inserts an apostrophe before a formula character that follows such a character, too. Amounts are numbers and
// keep their minus sign.
package csv

import (
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Format implements ports.StatementFormat.
type Format struct{}

var _ ports.StatementFormat = Format{}

// Name implements ports.StatementFormat.
func (Format) Name() string { return "csv" }

// MediaType implements ports.StatementFormat.
func (Format) MediaType() string { return "text/csv; charset=utf-8" }

// Extension implements ports.StatementFormat.
func (Format) Extension() string { return "csv" }

// HasBalances implements ports.StatementFormat.
func (Format) HasBalances() bool { return false }

// PrintsUnconverted implements ports.StatementFormat.
func (Format) PrintsUnconverted() bool { return true }

// columns is the list of the columns, in their order. The cell of a text is protected against formulas.
var columns = []struct {
	title string
	cell  func(s *books.Statement, r *books.StatementRecord) string
}{
	{"id", func(_ *books.Statement, r *books.StatementRecord) string { return r.ID.String() }},
	{"date", func(_ *books.Statement, r *books.StatementRecord) string { return string(r.Date) }},
	{"amount", func(_ *books.Statement, r *books.StatementRecord) string { return amountOf(r) }},
	{"currency", func(s *books.Statement, _ *books.StatementRecord) string { return s.Currency }},
	{"description", text(func(r *books.StatementRecord) string { return r.Description })},
	{"counterparty", text(func(r *books.StatementRecord) string { return r.Counterparty })},
	{"originalAmount", original(func(m domain.Money) string { return m.Amount.String() })},
	{"originalCurrency", original(func(m domain.Money) string { return m.Currency })},
	{"externalId", text(func(r *books.StatementRecord) string { return r.ExternalID })},
	{"endToEndId", text(func(r *books.StatementRecord) string { return r.References.EndToEndID })},
	{"reference", text(func(r *books.StatementRecord) string { return r.References.Main() })},
	{"counterpartyDocument", text(func(r *books.StatementRecord) string { return r.CounterpartyDocument.Value })},
	{"version", func(_ *books.Statement, r *books.StatementRecord) string { return strconv.Itoa(r.Version) }},
}

// amountOf returns the amount of a record; "" if it is not known in the currency of the statement.
func amountOf(r *books.StatementRecord) string {
	if r.Unconverted {
		return ""
	}
	return r.Amount.String()
}

// text returns a function for the cell of a text that comes from a vendor.
func text(of func(r *books.StatementRecord) string) func(*books.Statement, *books.StatementRecord) string {
	return func(_ *books.Statement, r *books.StatementRecord) string { return Text(Visible(of(r))) }
}

// original returns a function for a cell that describes the amount before its conversion. The cell is empty if the
// amount was not converted.
func original(of func(domain.Money) string) func(*books.Statement, *books.StatementRecord) string {
	return func(_ *books.Statement, r *books.StatementRecord) string {
		if r.Original == nil {
			return ""
		}
		return of(*r.Original)
	}
}

// Write implements ports.StatementFormat. It does not use encoding/csv, because that package changes line breaks inside
// texts when it writes the line ends of RFC 4180.
func (Format) Write(w io.Writer, s books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
	var line []byte
	for _, c := range columns {
		line = appendCell(line, c.title)
	}
	if err := writeLine(w, line); err != nil {
		return err
	}
	for r, err := range records {
		if err != nil {
			return err
		}
		line = line[:0]
		for _, c := range columns {
			line = appendCell(line, c.cell(&s, &r))
		}
		if err := writeLine(w, line); err != nil {
			return err
		}
	}
	return nil
}

// writeLine writes the cells of a line without the first comma.
func writeLine(w io.Writer, line []byte) error {
	_, err := w.Write(append(line[1:], "\r\n"...))
	return err
}

// appendCell appends a comma and the cell, in quotes if it contains a special character.
func appendCell(line []byte, cell string) []byte {
	line = append(line, ',')
	if !strings.ContainsAny(cell, ",;\"\r\n\t") {
		return append(line, cell...)
	}
	line = append(line, '"')
	line = append(line, strings.ReplaceAll(cell, `"`, `""`)...)
	return append(line, '"')
}

// Visible returns text in which each control character and each mark of the direction of text is an escape sequence
// such as \u009b. Tabs and line breaks remain. Otherwise a terminal could execute control sequences in the text, or
// show the text in another order.
func Visible(text string) string {
	hidden := func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r) || unicode.Is(unicode.Bidi_Control, r)
	}
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

const (
	// formulas contains the characters that begin a formula. The last four are full-width forms, which some
	// spreadsheets treat like the first four.
	formulas = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
	// dividers contains the characters that may end a cell. A spreadsheet can be configured to divide a line at
	// characters other than commas. It then ignores quotes.
	dividers = ",;|\"\t\r\n"
)

// Text changes a text so that no spreadsheet evaluates it. A cell may begin at the start of the text and after each
// divider. If a formula character follows there, Text inserts an apostrophe before it. It does so even if there are
// already apostrophes before the formula character.
//
// To restore the original text, examine the same places. If apostrophes and then a formula character follow, remove one
// apostrophe.
func Text(text string) string {
	if !strings.ContainsAny(text, formulas) {
		return text
	}
	var b strings.Builder
	begins := true // whether a cell may begin here
	for i, r := range text {
		if begins && strings.ContainsRune(formulas, firstAfterApostrophes(text[i:])) {
			b.WriteByte('\'')
		}
		b.WriteRune(r)
		begins = strings.ContainsRune(dividers, r)
	}
	return b.String()
}

// firstAfterApostrophes returns the first character of the text that is not an apostrophe.
func firstAfterApostrophes(text string) rune {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, "'"))
	return r
}
