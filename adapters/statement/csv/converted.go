package csv

import (
	"regexp"
	"strings"
	"unicode"
)

// isConverted reports whether a spreadsheet in Brazil may read the text of a cell as another kind of value:
//
//   - a boolean (VERDADEIRO) or an error (#N/D),
//   - a number, an amount, a date or a time: a text with a digit whose only words are those of valueWords, whatever its
//     punctuation. Examples are 1.234, (5), 1E+05, R$ 5,00, 12/11/2026, 5 jan and nov/2026. Behind one letter, digits
//     are no number: an end-to-end id can be E and digits.
//
// Apostrophes at the start of the text do not count, so that one removed apostrophe always restores it. A text before
// which Text has inserted an apostrophe needs no other.
func isConverted(cell string) bool {
	text := strings.ToLower(strings.TrimSpace(strings.TrimLeft(cell, "'")))
	if text == "" || cell[0] == '\'' && strings.ContainsRune(formulas, firstAfterApostrophes(cell)) {
		return false
	}
	if strings.HasPrefix(text, "#") || booleans[text] {
		return true
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) > 0 && len(words[0]) == 1 && text[0] == words[0][0] && !strings.HasPrefix(text[1:], "$") {
		return false
	}
	for _, word := range words {
		if !valueWords[word] {
			return false
		}
	}
	return strings.ContainsFunc(text, unicode.IsDigit)
}

// isUUID reports whether the text of a cell is a UUID with its hyphens. No spreadsheet converts it: a value has at most
// two hyphens. isConverted takes some of them for a value, because their letters can be words of a value, such as a
// and e.
func isUUID(cell string) bool {
	return uuidForm.MatchString(strings.TrimSpace(strings.TrimLeft(cell, "'")))
}

var uuidForm = regexp.MustCompile(`^(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// booleans contains the booleans that a spreadsheet reads, in lower case.
var booleans = setOf("verdadeiro falso true false")

// valueWords contains the words that can be a part of a number, an amount, a date or a time, in lower case: the sign of
// the exponent, currencies, months, days of the week, and parts of a day. English names are read besides.
var valueWords = setOf(`
	e r us c a brl usd eur gbp jpy
	de d h m s t z am pm p utc gmt
	jan fev mar abr mai jun jul ago set out nov dez
	janeiro fevereiro março marco abril maio junho julho agosto setembro outubro novembro dezembro
	feb apr may aug sep sept oct dec
	january february march april june july august september october november december
	dom seg ter qua qui sex sáb sab domingo segunda terça terca quarta quinta sexta sábado sabado feira
	sun mon tue tues wed thu thur thurs fri sat sunday monday tuesday wednesday thursday friday saturday
`)

// setOf returns the words of a list.
func setOf(list string) map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		words[word] = true
	}
	return words
}
