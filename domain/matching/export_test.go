package matching

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// LineOf returns the line of Table that decides about two rows.
func LineOf(oldRow, newRow banktext.Row, context Context) Line {
	return Table[compare(parse(&oldRow), parse(&newRow), &context).line()]
}

// VerdictOf returns the verdict about two rows, and whether the rewriting of an account can be learned from them. The
// comparison may end early, unless it collects findings.
func VerdictOf(oldRow, newRow banktext.Row, explain bool) (Verdict, bool) {
	c := &comparison{explain: explain}
	c.compare(parse(&oldRow), parse(&newRow), &Context{})
	return Table[c.line()].Verdict, c.support() > excluded
}

// NumberOf returns the position in Table of the line that decides about two rows, counted from 1.
func NumberOf(oldRow, newRow banktext.Row, context Context) int {
	name := LineOf(oldRow, newRow, context).Name
	return 1 + slices.IndexFunc(Table, func(l Line) bool { return l.Name == name })
}

// emptyMembers matches the members of a printed struct that have no value.
var emptyMembers = regexp.MustCompile(`\w+:(\[[ \[\]]*\]|map\[\]|false|0|\{[^{}a-z]*\}|)( |\})`)

// EvidenceText returns the evidence of a row as text, without the members that the row does not state.
func EvidenceText(row banktext.Row) string {
	text := fmt.Sprintf("%+v", banktext.Parse(&row))
	for {
		shorter := emptyMembers.ReplaceAllString(text, "$2")
		if shorter == text {
			return strings.Join(strings.Fields(text), " ")
		}
		text = shorter
	}
}

// The limits of comparisons.
const (
	MaxRowWords   = maxRowWords
	MaxMatchWords = maxMatchWords
)

// MaxRecognitionRows is the maximum number of rows that Recognize compares by their texts.
const MaxRecognitionRows = maxRecognitionRows

// ComparedRows returns how many rows Recognize compares by their texts.
func ComparedRows(before, after []LinkedAccount) int {
	r := newRecognizer(before, after)
	r.pairByRows()
	return r.compared
}

// ParsedText returns all that is read from a row, as text.
func ParsedText(row banktext.Row) string {
	parsed := parse(&row)
	parsed.Row = nil
	return fmt.Sprintf("%+v", parsed)
}

// WithoutIdentity returns a row without what parse does not read.
func WithoutIdentity(row banktext.Row) banktext.Row { return withoutIdentity(row) }
