package matching

import (
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// minCutReason is the minimum length of a message, without blanks, that may be the beginning of a longer one.
const minCutReason = 12

// compareReasons compares the payer's messages. One person may be paid the same amount for two reasons on one day, so
// two different messages are a doubt. A message that only one row states is no evidence.
func (c *comparison) compareReasons() {
	a, b := c.old.Message, c.new.Message
	x, y := strings.Join(a, ""), strings.Join(b, "")
	if len(x) > len(y) {
		x, y = y, x
	}
	r := doubtful
	switch {
	case x == "":
		r = unknown
	case banktext.SameWord(x, y):
		r = agree
	case len(x) >= minCutReason && strings.HasPrefix(y, x) && !isCutNumber(x, y):
		r = contained
	}
	c.finding("reason", a, b, r)
}

// isCutNumber reports whether the beginning of a text ends within a number: ALUGUEL SALA 1, ALUGUEL SALA 12.
func isCutNumber(beginning, text string) bool {
	isDigit := func(b byte) bool { return '0' <= b && b <= '9' }
	return isDigit(beginning[len(beginning)-1]) && isDigit(text[len(beginning)])
}
