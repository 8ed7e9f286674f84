package domain

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// SumRow contains the values of a live record from which AccountSum computes its sums.
type SumRow struct {
	Date        Date
	FirstSeenAt time.Time
	Posted      bool
	Amount      Money
	// AccountMoney is the amount in the account's currency. It is set only if that currency differs from the currency
	// of Amount.
	AccountMoney *Money
}

// InCurrency returns the amount in the currency of the account. ok is false if this amount is not known.
func (r SumRow) InCurrency(currency string) (amount decimal.Decimal, ok bool) {
	m := r.Amount
	if r.AccountMoney != nil {
		m = *r.AccountMoney
	}
	return m.Amount, m.Currency == currency
}

// AccountSum adds up the live records of an account and computes an AccountReading from the sums.
type AccountSum struct {
	reading  AccountReading
	baseline *Baseline
}

// NewAccountSum returns a sum without records. balance is the balance that the vendor states at the given time.
// baseline is the account's baseline, or nil if the account has none.
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

// Reading returns the reading that results from all added records.
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

// RunningBalance is the account balance that the vendor states together with a record.
type RunningBalance struct {
	Order   int              // position among the records of the day
	Balance *decimal.Decimal // after the record; nil if the bank states none
}

// ChainRow contains the values of a posted live record with which running balances are checked.
type ChainRow struct {
	RunningBalance

	ID     TransactionID
	Date   Date
	Amount decimal.Decimal
}

// MaxChain is the number of an account's newest posted records whose running balances are checked.
const MaxChain = 1000

// BalanceGaps orders the records by date and order, and compares the running balance of each record with the balance of
// the next record that has one. links is the number of pairs that were compared. gaps contains the pairs whose balances
// do not agree with the amounts, oldest first. The vendor does not document whether the order is ascending or
// descending within a day, so the direction with fewer gaps is used. Records of one day that have the same order are
// not compared.
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
