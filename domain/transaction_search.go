package domain

import (
	"strings"
	"unicode"

	"github.com/shopspring/decimal"
)

// TransactionSearch selects transactions of all connections of a tenant. A member that is zero does not
// restrict the search.
type TransactionSearch struct {
	Connection ConnectionID
	Window     Window
	// Amount is the exact amount with its sign: 12.5 equals 12.50, and differs from -12.5.
	Amount *decimal.Decimal
	// Text is a substring of the description or of the counterparty. Case is ignored in every script.
	Text string
	// Reference is the exact value of a member of the references.
	Reference string
	// Removed selects only removed transactions if true, and only live transactions if false; nil selects
	// both.
	Removed *bool
}

// Matches reports whether t matches the search.
func (s TransactionSearch) Matches(t Transaction) bool {
	if t.Erased() || !s.Connection.IsZero() && t.Connection != s.Connection || !s.Window.Contains(t.Date) {
		return false
	}
	if s.Amount != nil && s.Amount.Cmp(t.Amount.Amount) != 0 || s.Removed != nil && *s.Removed == t.RemovedAt.IsZero() {
		return false
	}
	if s.Reference != "" && !t.References.Has(s.Reference) {
		return false
	}
	text := foldCase(s.Text)
	return strings.Contains(foldCase(t.Description), text) || strings.Contains(foldCase(t.Counterparty), text)
}

// foldCase replaces all case variants of a character with the same variant: the variant with the smallest code point.
// Two texts that differ only in case therefore have the same result. The variants are defined by the simple case
// folding of Unicode.
func foldCase(text string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII { // the smallest variant of an ASCII letter is the capital letter
			if 'a' <= r && r <= 'z' {
				return r - 'a' + 'A'
			}
			return r
		}
		smallest := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			smallest = min(smallest, other)
		}
		return smallest
	}, text)
}
