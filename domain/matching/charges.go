package matching

import (
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// A company id, a contract and the name of a firm say who is paid, and not what for. One employer pays wages and
// expenses on one day, and one lender takes the instalment and more.

// compareCharges records a doubt if a word says that one of two rows is another charge of the same party.
func (c *comparison) compareCharges() {
	if !hasCharges(c.old) || !hasCharges(c.new) {
		return
	}
	x := furtherWords(c.old.Further, c.new.AllWords)
	y := furtherWords(c.new.Further, c.old.AllWords)
	if len(x)+len(y) == 0 {
		x, y = c.wordsBetween()
	}
	if len(x)+len(y) > 0 {
		c.finding("charge", x, y, doubtful)
	}
}

// wordsBetween returns the words that each text has between the same beginning, which names something, and the same
// end with the number of a contract or a company: EXAMPLE CORP PAYROLL PPD ID: 9123456780, EXAMPLE CORP BONUS PPD ID:
// 9123456780. It returns nil if only one text has such words, or if they are forms of the same word.
func (c *comparison) wordsBetween() (old, new []string) {
	a, b := c.old.tokens, c.new.tokens
	first, last := 0, 0
	for first < min(len(a), len(b)) && a[first] == b[first] {
		first++
	}
	for last < min(len(a), len(b))-first && a[len(a)-1-last] == b[len(b)-1-last] {
		last++
	}
	isName := func(word string) bool { return slices.Contains(c.old.Words, word) }
	isContract := func(word string) bool { return len(word) >= minContract && banktext.IsNumber(word) }
	if !slices.ContainsFunc(a[:first], isName) || !slices.ContainsFunc(a[len(a)-last:], isContract) {
		return nil, nil
	}
	isNumber := func(word string) bool { return banktext.DigitsOf(word) != "" }
	x := slices.DeleteFunc(slices.Clone(a[first:len(a)-last]), isNumber)
	y := slices.DeleteFunc(slices.Clone(b[first:len(b)-last]), isNumber)
	x, y = furtherWords(x, y), furtherWords(y, x)
	if len(x) == 0 || len(y) == 0 {
		return nil, nil
	}
	return x, y
}

// hasCharges reports whether the text of the row may say what a party is paid for. The words of a transfer name people,
// those of a payout what was sold, and those of a levy the movement that is taxed.
func hasCharges(r *row) bool {
	return !r.IsPayment() && r.Operation != banktext.Payout && r.Operation != banktext.Levy
}
