// Package csv writes statements as CSV (RFC 4180) in UTF-8, with a header line.
//
// A spreadsheet evaluates a cell that begins with a formula character. Write therefore inserts an apostrophe before a
// formula character at the start of a text. A spreadsheet may also divide a text into cells at certain characters.
// Write inserts an apostrophe before a formula character that follows such a character, too. Amounts are numbers and
// keep their minus sign.
//
// Brazilian writes the form that spreadsheets in Brazil open without an import: semicolons between the cells, a comma
// in amounts, dates as dd/mm/yyyy, titles in Portuguese, and a byte order mark. A spreadsheet converts a text that is a
// number, a date or a boolean as a whole: leading zeros and digits after the fifteenth are lost. Therefore a CPF or
// CNPJ has its punctuation, and any other such text begins with an apostrophe, which remains a part of it.
package csv

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Format implements ports.StatementFormat.
type Format struct {
	Brazilian bool // write the form for spreadsheets in Brazil
}

var _ ports.StatementFormat = Format{}

// Name implements ports.StatementFormat.
func (Format) Name() string { return "csv" }

// Variant implements ports.StatementFormat.
func (f Format) Variant() string {
	if f.Brazilian {
		return "pt-BR"
	}
	return ""
}

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
	title, portuguese string
	kind              kind
	cell              func(s *books.Statement, r *books.StatementRecord) string
}{
	{"id", "ID", plain, func(_ *books.Statement, r *books.StatementRecord) string { return r.ID.String() }},
	{"date", "Data", day, func(_ *books.Statement, r *books.StatementRecord) string { return string(r.Date) }},
	{"amount", "Valor", number, func(_ *books.Statement, r *books.StatementRecord) string { return amountOf(r) }},
	{"currency", "Moeda", plain, func(s *books.Statement, _ *books.StatementRecord) string { return s.Currency }},
	{"description", "Descrição", plain, text(func(r *books.StatementRecord) string { return r.Description })},
	{"counterparty", "Contraparte", plain, text(func(r *books.StatementRecord) string { return r.Counterparty })},
	{"originalAmount", "Valor original", number, original(func(m domain.Money) string { return m.Amount.String() })},
	{"originalCurrency", "Moeda original", plain, original(func(m domain.Money) string { return m.Currency })},
	{"externalId", "ID no agregador", plain, text(func(r *books.StatementRecord) string { return r.ExternalID })},
	{
		"endToEndId",
		"EndToEndId",
		plain,
		text(func(r *books.StatementRecord) string { return r.References.EndToEndID }),
	},
	{"reference", "Referência", plain, text(func(r *books.StatementRecord) string { return r.References.Main() })},
	{"counterpartyDocument", "CPF/CNPJ", document, text(func(r *books.StatementRecord) string {
		return r.CounterpartyDocument.Value
	})},
	{"version", "Versão", number, func(_ *books.Statement, r *books.StatementRecord) string {
		return strconv.Itoa(r.Version)
	}},
}

// kind is how the cells of a column depend on the locale.
type kind int

const (
	plain    kind = iota // text
	number               // a decimal number of the service's own
	day                  // YYYY-MM-DD
	document             // a tax number without punctuation
)

// locale returns the cell of a record as the format writes it in a document of the given books.DocumentFormat.
func (f Format) locale(k kind, format int, r *books.StatementRecord, cell string) string {
	switch {
	case !f.Brazilian:
	case k == document && cell == r.CounterpartyDocument.Value && isPunctuated(r.CounterpartyDocument.Type):
		return punctuated(cell)
	case k == number:
		return strings.Replace(cell, ".", ",", 1)
	case k == day:
		year, month, date := cell[:4], cell[5:7], cell[8:]
		return date + "/" + month + "/" + year
	case format >= 1 && format <= 3:
		if isNumeric(cell) {
			return "'" + cell
		}
	case isConverted(cell) && (format == 4 || !isUUID(cell)):
		return "'" + cell
	}
	return cell
}

// isPunctuated reports whether documents of this type have punctuation in print.
func isPunctuated(t domain.DocumentType) bool { return t == domain.CPF || t == domain.CNPJ }

// punctuated returns a CPF (11 characters) or CNPJ (14 characters) with its punctuation, and other texts unchanged.
func punctuated(cell string) string {
	switch len(cell) {
	case 11:
		return cell[:3] + "." + cell[3:6] + "." + cell[6:9] + "-" + cell[9:]
	case 14:
		return cell[:2] + "." + cell[2:5] + "." + cell[5:8] + "/" + cell[8:12] + "-" + cell[12:]
	}
	return cell
}

// isNumeric reports whether documents of the formats 1 to 3 have an apostrophe before the text.
func isNumeric(cell string) bool {
	return strings.ContainsAny(cell, "0123456789") && strings.Trim(cell, "0123456789.,/-: eE%$R") == ""
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
func (f Format) Write(w io.Writer, s books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
	var line []byte
	for _, c := range columns {
		line = f.appendCell(line, f.title(c.title, c.portuguese))
	}
	if f.Brazilian {
		line = slices.Concat(line[:1], []byte(byteOrderMark), line[1:])
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
			line = f.appendCell(line, f.locale(c.kind, s.Format, &r, c.cell(&s, &r)))
		}
		if err := writeLine(w, line); err != nil {
			return err
		}
	}
	return nil
}

// byteOrderMark tells spreadsheets that a file is UTF-8.
const byteOrderMark = "\ufeff"

// title returns the title of a column.
func (f Format) title(english, portuguese string) string {
	if f.Brazilian {
		return portuguese
	}
	return english
}

// writeLine writes the cells of a line without the first separator.
func writeLine(w io.Writer, line []byte) error {
	_, err := w.Write(append(line[1:], "\r\n"...))
	return err
}

// appendCell appends a separator and the cell, in quotes if it contains a special character.
func (f Format) appendCell(line []byte, cell string) []byte {
	separator, special := byte(','), ",;\"\r\n\t"
	if f.Brazilian {
		separator, special = ';', ";\"\r\n\t" // an amount with its comma is no text
	}
	line = append(line, separator)
	if !strings.ContainsAny(cell, special) {
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
