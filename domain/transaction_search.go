package domain

import "github.com/shopspring/decimal"

// TransactionSearch selects transactions of all connections of a tenant. A member that is zero does not
// restrict the search.
type TransactionSearch struct {
	Connection ConnectionID
	Window     Window
	// Amount is the exact amount with its sign: 12.5 equals 12.50, and differs from -12.5.
	Amount *decimal.Decimal
	// Text is a substring of the description or of the counterparty. Case and accents are ignored (see FoldText).
	Text string
	// Reference is the exact value of one of the transaction's References, for example its end-to-end id.
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
	return containsText(&t, FoldText(s.Text))
}
