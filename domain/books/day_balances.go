package books

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// DayBalance is the balance of an account at the end of a day.
type DayBalance struct {
	Date   domain.Date
	Amount decimal.Decimal
}

// DayBalances computes the balances of an account at the ends of days, as the vendor's readings imply them: the latest
// balance without the posted records after the day. The days are the last covered days of the readings. Only readings
// count that agree with the latest one about the records, and only if no record has changed since the latest one, and
// no record waits for its removal: it is not known which records the latest balance lacks. One of them must be of
// another day than the latest one: a balance alone may contain movements that the vendor has not listed yet.
type DayBalances struct {
	days    []domain.Date
	latest  *AccountReading
	lastDay domain.Date // the last day whose records the latest balance contains
	posted  map[domain.Date]decimal.Decimal
	unknown domain.Date // the last day of a record without a known amount
}

// NewDayBalances returns DayBalances without records. currency is that of the account.
func NewDayBalances(c Completeness, currency string, readings []AccountBalance, rules domain.Coverage) *DayBalances {
	d := &DayBalances{posted: map[domain.Date]decimal.Decimal{}}
	last := c.Last
	if last == nil || !c.changes().IsZero() || last.Waiting > 0 || last.Currency != currency {
		return d
	}
	anchor, known := last.Anchor()
	if !known {
		return d
	}
	confirmed := false
	present := dayOfReading(last.At, last.BankReadAt, currency, rules)
	for _, r := range readings {
		if r.Currency == currency && r.Anchor.Equal(anchor) {
			day := dayOfReading(r.At, r.BankReadAt, r.Currency, rules)
			d.days, confirmed = append(d.days, day), confirmed || day != present
		}
	}
	if confirmed {
		d.latest, d.lastDay = last, rules.Day(last.At)
	}
	return d
}

// dayOfReading returns the day whose balance a reading states: the last one that its reading of the bank covers.
func dayOfReading(at, bankReadAt time.Time, currency string, rules domain.Coverage) domain.Date {
	if bankReadAt.IsZero() {
		return rules.Day(at).AddDays(-1)
	}
	return rules.To(bankReadAt, currency)
}

// Add adds a live posted record. amount is in the currency of the account; known reports whether it is known. Records
// may have any order.
func (d *DayBalances) Add(date domain.Date, amount decimal.Decimal, known bool) {
	switch {
	case d.latest == nil, date > d.lastDay: // the balance does not contain the record
	case !known:
		d.unknown = max(d.unknown, date)
	default:
		d.posted[date] = d.posted[date].Add(amount)
	}
}

// In returns the balances at the ends of those days that are in the window. All records after its first day must have
// been added.
func (d *DayBalances) In(window domain.Window) (all []DayBalance) {
	if d.latest == nil {
		return nil
	}
	seen := map[domain.Date]bool{}
	for _, day := range d.days {
		if seen[day] || !window.Contains(day) || d.unknown > day {
			continue
		}
		seen[day] = true
		balance := d.latest.Balance
		for date, sum := range d.posted {
			if date > day {
				balance = balance.Sub(sum)
			}
		}
		all = append(all, DayBalance{day, balance})
	}
	return all
}
