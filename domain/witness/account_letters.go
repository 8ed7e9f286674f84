package witness

import (
	"regexp"
	"strings"
)

// Characters of account numbers that are not digits.
const (
	capitals       = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits         = "0123456789"
	maxBBAN        = 30 // characters of an account number (ISO 13616); ids such as a UUID are longer
	minIBANOfForm  = 6  // characters of a text that begins like an IBAN
	ibanCheckStart = 2
	ibanCheckEnd   = 4
)

// hiddenRun matches the characters that hide a part of a number. A single X is the check digit.
var hiddenRun = regexp.MustCompile(`(?i)[*•][X*•]*|X[X*•]+`)

// hasBothCases reports whether a text has capital and small letters, so that it is a name or an id.
func hasBothCases(text string) bool {
	return strings.ContainsAny(text, capitals) && strings.ContainsAny(text, strings.ToLower(capitals))
}

// isNumberWithLetters reports whether a text in capital letters is an account number with letters. It has at least
// minSuffix digits, or begins like an IBAN; other texts are names.
func isNumberWithLetters(text string) bool {
	if len(text) > maxBBAN || strings.Trim(text, capitals+digits) != "" || !strings.ContainsAny(text, capitals) ||
		digitsWithoutZeros(text) != "" {
		return false
	}
	count := 0
	for _, c := range text {
		if '0' <= c && c <= '9' {
			count++
		}
	}
	return count >= minSuffix || len(text) >= minIBANOfForm && beginsLikeIBAN(text) &&
		strings.Trim(text[ibanCheckStart:ibanCheckEnd], digits) == ""
}

func beginsLikeIBAN(text string) bool {
	return len(text) >= ibanCheckStart && strings.Trim(text[:ibanCheckStart], capitals) == ""
}

// isHidden reports whether characters behind the first visible one are hidden.
func (n bankNumber) isHidden() bool { return n.length > 0 }

// whole returns the number as it is stated.
func (n bankNumber) whole() string { return n.iban + n.digits }

// compareHidden compares a number of which characters are hidden with another one. The match is MatchAbsent if too few
// characters are visible, and "" if a visible one is another.
func compareHidden(hidden, other bankNumber) Match {
	text := other.whole()
	common := min(len(hidden.digits), len(text))
	if hidden.digits[len(hidden.digits)-common:] != text[len(text)-common:] {
		return ""
	}
	front := 0
	// A number without its country, bank or zeros has another beginning.
	compares := len(text) == hidden.length && (other.iban != "" || !beginsLikeIBAN(hidden.visible)) ||
		other.iban != "" && beginsLikeIBAN(hidden.visible)
	switch {
	case other.masked || other.isHidden() || !compares:
	case !strings.HasPrefix(text, hidden.visible):
		return ""
	default:
		front = len(hidden.visible)
	}
	if front+common < minSuffix {
		return MatchAbsent
	}
	return MatchNormalised
}

// compareLetters compares two numbers of which at least one contains letters. The match is MatchAbsent if the letters
// only surround the other number, or one number is the end of the other: they may be the bank's.
func (m numberMatcher) compareLetters(their, our bankNumber, theirBank string) Match {
	x, y := strings.TrimLeft(their.whole(), "0"), strings.TrimLeft(our.whole(), "0")
	if x == y {
		return MatchExact
	}
	if endsWith(x, y) || endsWith(y, x) {
		return MatchAbsent
	}
	if their.letters == our.letters {
		return ""
	}
	for _, n := range []*bankNumber{&their, &our} {
		if n.letters {
			n.digits, n.letters = strings.Trim(n.digits, capitals), false
		}
	}
	isNumber := func(n bankNumber) bool { return n.iban != "" || digitsWithoutZeros(n.digits) != "" }
	if isNumber(their) && isNumber(our) && m.compare(their, our, theirBank) != "" {
		return MatchAbsent
	}
	return ""
}
