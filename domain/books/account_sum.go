package books

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// SumRow contains the values of a live record from which AccountSum computes its sums.
type SumRow struct {
	Date        domain.Date
	FirstSeenAt time.Time
	Posted      bool
	Amount      domain.Money
	// AccountMoney is the amount in the account's currency. It is set only if that currency differs from the currency
	// of Amount.
	AccountMoney *domain.Money
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

// NewAccountSum returns a sum without records. balance is the vendor's balance at the time readAt. baseline is nil if
// the account has no baseline.
func NewAccountSum(balance VendorBalance, baseline *Baseline, readAt time.Time) *AccountSum {
	return &AccountSum{
		baseline: baseline,
		reading: AccountReading{
			At: readAt, Missing: balance.Missing, Currency: balance.Currency, Balance: balance.Amount,
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
		if _, ok := r.Anchor(); !ok || !domain.IsAmount(r.Posted) || !domain.IsAmount(r.Late) {
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

// ChainRow contains the values of a posted live record that are needed to check its running balance.
type ChainRow struct {
	RunningBalance

	ID     domain.TransactionID
	Date   domain.Date
	Amount decimal.Decimal
}

// MaxChain is the number of records whose running balances are checked: the newest posted records of an account.
const MaxChain = 1000

// BalanceGaps checks the running balances of the records. The difference between two consecutive balances must be the
// sum of the amounts between them. links is the number of pairs of balances that were compared. gaps contains the pairs
// with a wrong difference, oldest first.
//
// The records are sorted by Date, and within a day by Order. The vendor does not document whether Order ascends or
// descends, so the direction with fewer gaps is used. If records of one day have the same Order, their sequence is
// unknown. Balances of such records are ignored, and a balance before them is not compared with a balance after them.
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

// tied reports whether another record of the same day has the same Order as rows[i].
func tied(rows []ChainRow, i int) bool {
	same := func(j int) bool { return rows[j].Date == rows[i].Date && rows[j].Order == rows[i].Order }
	return i > 0 && same(i-1) || i+1 < len(rows) && same(i+1)
}
