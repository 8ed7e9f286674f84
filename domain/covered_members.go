package domain

import "strings"

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

// String returns the members, separated by "|", in the order in which a line of the digest contains them. The date
// comes first.
func (m CoveredMembers) String() string {
	return strings.Join([]string{m.Date, m.Status, m.Amount, m.Currency, m.AccountAmount, m.AccountCurrency}, "|")
}

// ParseCoveredMembers parses a text that String returned. ok is false for every other text.
func ParseCoveredMembers(text string) (m CoveredMembers, ok bool) {
	parts := strings.Split(text, "|")
	if len(parts) != 6 {
		return CoveredMembers{}, false
	}
	return CoveredMembers{
		Date: parts[0], Status: parts[1], Amount: parts[2], Currency: parts[3],
		AccountAmount: parts[4], AccountCurrency: parts[5],
	}, true
}
