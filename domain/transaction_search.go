package domain

import (
	"slices"

	"github.com/shopspring/decimal"
)

// TransactionSearch selects transactions of all connections of a tenant. A member that is zero does not
// restrict the search.
type TransactionSearch struct {
	Connection ConnectionID
	// Among selects the transactions of these connections; nil selects those of all.
	Among  []ConnectionID
	Window Window
	ID     TransactionID
	// Amount is the exact amount, in the currency of the movement or in that of the account: 12.5 equals 12.50. If
	// BothDirections is set, its sign does not matter, as in an invoice, which states no sign.
	Amount         *decimal.Decimal
	BothDirections bool
	// Currency is the currency of Amount, ISO 4217; "" means any.
	Currency string
	// Text is a substring of the description or of the counterparty. Case and accents are ignored (see FoldText).
	Text string
	// Reference is the value of one of the transaction's References, for example its end-to-end id; see References.Has.
	Reference string
	// Document is the tax number of the counterparty.
	Document PartyDocument
	// Removed selects only removed transactions if true, and only live transactions if false; nil selects
	// both.
	Removed *bool
}

// Matches reports whether t matches the search.
func (s TransactionSearch) Matches(t Transaction) bool {
	if t.Erased() || !s.Connection.IsZero() && t.Connection != s.Connection || !s.Window.Contains(t.Date) {
		return false
	}
	if s.Among != nil && !slices.Contains(s.Among, t.Connection) || !s.ID.IsZero() && s.ID != t.ID {
		return false
	}
	if !s.matchesAmount(t) || s.Removed != nil && *s.Removed == t.RemovedAt.IsZero() {
		return false
	}
	if s.Reference != "" && !t.References.Has(s.Reference) {
		return false
	}
	if !s.Document.IsZero() && s.Document != t.CounterpartyDocument {
		return false
	}
	return containsText(&t, FoldText(s.Text))
}

func (s TransactionSearch) matchesAmount(t Transaction) bool {
	shows := func(money Money, amount decimal.Decimal) bool {
		return amount.Equal(money.Amount) && (s.Currency == "" || s.Currency == money.Currency)
	}
	for _, amount := range s.Amounts() {
		if shows(t.Amount, amount) || t.AccountMoney != nil && shows(*t.AccountMoney, amount) {
			return true
		}
	}
	return s.Amount == nil
}

// Amounts returns the amounts that match the search: none if it does not restrict them, or one or two.
func (s TransactionSearch) Amounts() []decimal.Decimal {
	switch {
	case s.Amount == nil:
		return nil
	case s.BothDirections && !s.Amount.IsZero():
		return []decimal.Decimal{*s.Amount, s.Amount.Neg()}
	}
	return []decimal.Decimal{*s.Amount}
}
