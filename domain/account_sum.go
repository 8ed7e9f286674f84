package domain

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// SumRow contains the values of a live record that the sum of an account needs.
type SumRow struct {
	Date        Date
	FirstSeenAt time.Time
	Posted      bool
	Amount      Money
	// AccountMoney is the amount in the account's currency; nil unless that differs from the currency of Amount.
	AccountMoney *Money
}

// InCurrency returns the amount in the currency of the account. ok is false if it is not known.
func (r SumRow) InCurrency(currency string) (amount decimal.Decimal, ok bool) {
	m := r.Amount
	if r.AccountMoney != nil {
		m = *r.AccountMoney
	}
	return m.Amount, m.Currency == currency
}

// AccountSum sums the live records of an account, from which it computes a reading.
type AccountSum struct {
	reading  AccountReading
	baseline *Baseline
}

// NewAccountSum returns an empty sum for the balance that the vendor states at this time. baseline is the baseline of
// the account; nil if it has none.
func NewAccountSum(balance VendorBalance, baseline *Baseline, at time.Time) *AccountSum {
	return &AccountSum{
		baseline: baseline,
		reading: AccountReading{
			At: at, Missing: balance.Missing, Currency: balance.Currency, Balance: balance.Amount,
		},
	}
}

// Add adds a live record.
func (s *AccountSum) Add(row SumRow) {
	r := &s.reading
	if r.FirstDay == "" {
		r.FirstDay = row.Date
	}
	r.FirstDay = min(r.FirstDay, row.Date)
	if !row.Posted || r.Missing != "" {
		return
	}
	amount, ok := row.InCurrency(r.Currency)
	if !ok {
		r.Missing = BasisCurrency
		return
	}
	r.Posted = r.Posted.Add(amount)
	if b := s.baseline; b != nil && row.Date < b.FirstDay && row.FirstSeenAt.After(b.At) {
		r.Late = r.Late.Add(amount)
	}
}

// Reading returns the reading of all records that were added.
func (s *AccountSum) Reading(quarantined bool, chain []ChainRow) AccountReading {
	r := s.reading
	r.Quarantined = quarantined
	if r.Missing == "" {
		if _, ok := r.Anchor(); !ok || !isAmount(r.Posted) || !isAmount(r.Late) {
			r.Missing = BasisTooLarge
		}
		r.Links, r.Gaps = BalanceGaps(chain)
	}
	return r
}

// RunningBalance is the account balance that the vendor's object of a record contains.
type RunningBalance struct {
	Order   int              // among the records of the day
	Balance *decimal.Decimal // after the record; nil if the bank states none
}

// ChainRow is a posted live record for the check of running balances.
type ChainRow struct {
	RunningBalance

	ID     TransactionID
	Date   Date
	Amount decimal.Decimal
}

// MaxChain is the number of an account's newest posted records whose running balances are checked.
const MaxChain = 1000

// BalanceGaps orders the records by date and order and compares the running balance of each record with that of the
// next record that has one. links is the number of these pairs. gaps contains the pairs whose balances do not agree
// with the amounts, oldest first. The vendor does not document whether the order is ascending or descending within a
// day, so the direction with fewer gaps is used. Records of one day that have the same order are not compared.
func BalanceGaps(rows []ChainRow) (links int, gaps []BalanceGap) {
	links, gaps = chainGaps(rows, 1)
	if descending, fewer := chainGaps(rows, -1); len(fewer) < len(gaps) {
		return descending, fewer
	}
	return links, gaps
}

func chainGaps(rows []ChainRow, direction int) (links int, gaps []BalanceGap) {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b ChainRow) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), direction*cmp.Compare(a.Order, b.Order))
	})
	var before *ChainRow
	var expected decimal.Decimal
	for i := range rows {
		row := &rows[i]
		if tied(rows, i) {
			before = nil
			continue
		}
		if before != nil {
			expected = expected.Add(row.Amount)
		}
		if row.Balance == nil {
			continue
		}
		if before != nil {
			links++
			if expected.Cmp(*row.Balance) != 0 {
				gaps = append(gaps, BalanceGap{
					Before: before.ID, After: row.ID, Date: row.Date, Expected: expected, Actual: *row.Balance,
				})
			}
		}
		before, expected = row, *row.Balance
	}
	return links, gaps
}

// tied reports whether another record of the day has the same order as record i.
func tied(rows []ChainRow, i int) bool {
	same := func(j int) bool { return rows[j].Date == rows[i].Date && rows[j].Order == rows[i].Order }
	return i > 0 && same(i-1) || i+1 < len(rows) && same(i+1)
}
