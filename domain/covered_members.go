package domain

import (
	"iter"
	"strings"
)

// CoveredMembers contains the members of a record that are part of the digest of a closed period. An absent member is
// "". No member contains "|".
type CoveredMembers struct {
	Status, Date, Amount, Currency, AccountAmount, AccountCurrency string
}

// NewCoveredMembers returns the covered members of a record. Amounts have the form in which the API returns
// them. accountMoney may be nil.
func NewCoveredMembers(status TransactionStatus, date Date, amount Money, accountMoney *Money) CoveredMembers {
	m := CoveredMembers{
		Status: string(status), Date: string(date), Amount: amount.Amount.String(), Currency: amount.Currency,
	}
	if accountMoney != nil {
		m.AccountAmount, m.AccountCurrency = accountMoney.Amount.String(), accountMoney.Currency
	}
	return m
}

// Covered returns the members that are part of the digest of a closed period.
func (o TransactionData) Covered() CoveredMembers {
	return NewCoveredMembers(o.Status, o.Date, o.Amount, o.AccountMoney)
}

// coveredNames contains the names of the covered members in the API, in the order in which a line of the digest
// contains them. The date comes first.
var coveredNames = [...]string{"date", "status", "amount", "currency", "accountAmount", "accountCurrency"}

// values returns pointers to the members, in the order of coveredNames.
func (m *CoveredMembers) values() [len(coveredNames)]*string {
	return [...]*string{&m.Date, &m.Status, &m.Amount, &m.Currency, &m.AccountAmount, &m.AccountCurrency}
}

// All returns an iterator over the names and the values of the members, in the order of String.
func (m CoveredMembers) All() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for i, value := range m.values() {
			if !yield(coveredNames[i], *value) {
				return
			}
		}
	}
}

// String returns the members, separated by "|".
func (m CoveredMembers) String() string {
	var texts [len(coveredNames)]string
	for i, value := range m.values() {
		texts[i] = *value
	}
	return strings.Join(texts[:], "|")
}

// ParseCoveredMembers parses a text that String returned. ok is false for every other text.
func ParseCoveredMembers(text string) (m CoveredMembers, ok bool) {
	parts := strings.Split(text, "|")
	if len(parts) != len(coveredNames) {
		return CoveredMembers{}, false
	}
	for i, value := range m.values() {
		*value = parts[i]
	}
	return m, true
}
