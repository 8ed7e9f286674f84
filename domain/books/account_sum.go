package books

import (
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

// SumRowOf returns the values of a live record.
func SumRowOf(t domain.Transaction) SumRow {
	return SumRow{
		Date: t.Date, FirstSeenAt: t.FirstSeenAt, Posted: t.Status == domain.Posted, Amount: t.Amount,
		AccountMoney: t.AccountMoney,
	}
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
	day      domain.Date // of the reading; "" if records of later days are not left out
}

// NewAccountSum returns a sum without records. balance is the vendor's balance at the time readAt. baseline is nil if
// the account has no baseline.
func NewAccountSum(balance VendorBalance, baseline *Baseline, readAt time.Time) *AccountSum {
	return &AccountSum{
		baseline: baseline,
		reading: AccountReading{
			At: readAt, Missing: balance.Missing, Currency: balance.Currency, Balance: balance.Amount,
			Parts: balance.Parts,
		},
	}
}

// On sets the day of the reading and the time at which the bank was last read. Posted records of later days are left
// out, because the balance does not contain them yet.
func (s *AccountSum) On(day domain.Date, bankReadAt time.Time) *AccountSum {
	s.day, s.reading.BankReadAt = day, bankReadAt
	return s
}

// isFuture reports whether a record is dated after the day of the reading.
func (s *AccountSum) isFuture(row SumRow) bool { return s.day != "" && row.Date > s.day }

// Add adds a live record. The amount is added only if the record is posted, but the date of any record can become the
// first day.
func (s *AccountSum) Add(row SumRow) {
	r := &s.reading
	if r.FirstDay == "" {
		r.FirstDay = row.Date
	}
	r.FirstDay = min(r.FirstDay, row.Date)
	if !row.Posted || r.Missing != "" {
		return
	}
	if s.isFuture(row) {
		r.FutureRows++
		return
	}
	amount, ok := row.InCurrency(r.Currency)
	if !ok {
		if b := s.baseline; b == nil || !b.contains(row) {
			r.Unconverted++
		}
		return
	}
	r.Posted = r.Posted.Add(amount)
	if s.isLate(row) {
		r.Late = r.Late.Add(amount)
	}
}

// LeaveOut subtracts a live record that was added before. It is for a record that is missing from the latest listing
// and will be removed if it is missing from the next one, too.
func (s *AccountSum) LeaveOut(row SumRow) {
	r := &s.reading
	amount, ok := row.InCurrency(r.Currency)
	if !row.Posted || r.Missing != "" || !ok || s.isFuture(row) {
		return
	}
	r.Waiting++
	r.Posted = r.Posted.Sub(amount)
	if s.isLate(row) {
		r.Late = r.Late.Sub(amount)
	}
}

// isLate reports whether a record is late. See AccountReading.Late.
func (s *AccountSum) isLate(row SumRow) bool {
	b := s.baseline
	return b != nil && row.Date < b.FirstDay && row.FirstSeenAt.After(b.At)
}

// Reading returns the reading that results from all added records. quarantined states whether rows of the account are
// in the quarantine. chain contains the records whose running balances are checked.
func (s *AccountSum) Reading(quarantined bool, chain []ChainRow) AccountReading {
	r := s.reading
	r.Quarantined = quarantined
	if r.Missing == "" {
		if _, ok := r.Anchor(); !ok || !domain.IsAmount(r.Posted) || !domain.IsAmount(r.Late) {
			r.Missing = BasisTooLarge
		}
		r.ChainCheck = CheckRunningBalances(chain)
	}
	return r
}
