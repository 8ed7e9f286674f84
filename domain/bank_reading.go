package domain

import "time"

// Institution is the bank of a connection, by the vendor's id and name. At Pluggy it is the connector of the item. The
// zero Institution is unknown.
type Institution struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// InstitutionKey identifies a bank: its id at a vendor.
type InstitutionKey struct {
	Vendor Vendor
	ID     string
}

// BankReading is what a vendor states about an account reference: when it last read transactions at the bank with
// success, how often it reads them, and which bank it is.
type BankReading struct {
	// Bank is the reading of the transactions of all accounts except cards, and Cards that of the cards.
	Bank, Cards ProductReading
	// Failing means that the vendor's last synchronisation has failed, is under way, or waits for the account holder.
	// The times are then only upper bounds, because some vendors move them with each attempt.
	Failing bool
	// Every is the vendor's own interval between two readings; 0 if it is not known.
	Every time.Duration
	// OnDemand means that the vendor reads the bank only when it is asked.
	OnDemand    bool
	Institution Institution
}

// BankFacts contains what a vendor states about the bank of a connection, except when it was read.
type BankFacts struct {
	Institution Institution
	Every       time.Duration // see BankReading
	OnDemand    bool          // see BankReading
}

// After returns the facts after the vendor has stated r. An institution that is missing from r stays known.
func (f BankFacts) After(r BankReading) BankFacts {
	next := BankFacts{Institution: r.Institution, Every: r.Every, OnDemand: r.OnDemand}
	if next.Institution.ID == "" {
		next.Institution = f.Institution
	}
	return next
}

// ProductReading is the vendor's last successful reading of one product at the bank.
type ProductReading struct {
	At    time.Time // zero if the vendor states no time
	Never bool      // the vendor states that it has never read the product; At is zero
}

// Older returns the reading that is older than the other one. A product that was never read is the oldest; a reading
// without a time is ignored.
func (r ProductReading) Older(other ProductReading) ProductReading {
	if r.Never || other.Never {
		return ProductReading{Never: true}
	}
	return ProductReading{At: EarlierNonZero(r.At, other.At)}
}

// Of returns the reading of the transactions of an account of the given type.
func (r BankReading) Of(account AccountType) ProductReading {
	if account == CreditAccount {
		return r.Cards
	}
	return r.Bank
}

// ReadAt returns when the bank was last read for an account of the given type; zero if that is not known. known is the
// time that was known before, and readAt is when the vendor stated the reading. A time that is more than maxClockSkew
// after readAt is not believed: the known time stays, because two pulls would otherwise take one synchronisation for
// two. If no time was known, the bank was read before readAt.
//
// While the vendor's synchronisation fails, the result is never later than known. If no time was known, a stated time
// of the last maxFailing proves nothing, because it may be that of a failed attempt. A known time stays if the vendor
// states that it has never read the product. The product was read before, and the account must not look like one whose
// vendor states no times.
func (r BankReading) ReadAt(account AccountType, known, readAt time.Time) time.Time {
	if r.Of(account).Never {
		return known
	}
	stated := r.Of(account).At
	if stated.Sub(readAt) > maxClockSkew {
		if stated = readAt; !known.IsZero() {
			return known
		}
	}
	if !r.Failing {
		return stated
	}
	if known.IsZero() && readAt.Sub(stated) < maxFailing {
		return known
	}
	return EarlierNonZero(known, stated)
}

// maxClockSkew is how much later than ours the clock of a vendor may be.
const maxClockSkew = 5 * time.Minute

// maxFailing is how long vendors repeat a failed synchronisation.
const maxFailing = 24 * time.Hour

// Coverage determines up to which day the transactions of an account are complete after a reading of the bank.
type Coverage struct {
	After  time.Duration // how long into a banking day the bank books the transactions of the days before
	Offset time.Duration // the offset from UTC of the time zone of the days
}

// To returns the last day whose transactions the bank has had time to book when it was read; "" for the zero time. This
// is the day before the last banking day that had begun at least c.After before the reading. currency is that of the
// account.
func (c Coverage) To(bankReadAt time.Time, currency string) Date {
	if bankReadAt.IsZero() {
		return ""
	}
	day := DateOf(bankReadAt.UTC().Add(c.Offset - c.After))
	for !IsBankingDay(day, currency) {
		day = day.AddDays(-1)
	}
	return day.AddDays(-1)
}

// Day returns the day of a moment in the time zone of the days.
func (c Coverage) Day(at time.Time) Date { return DateOf(at.UTC().Add(c.Offset)) }

// EndOf returns when a day ends in the time zone of the days; the zero time if it is no date.
func (c Coverage) EndOf(day Date) time.Time {
	at, err := time.Parse(time.DateOnly, string(day))
	if err != nil {
		return time.Time{}
	}
	return at.AddDate(0, 0, 1).Add(-c.Offset)
}

// usualInterval is the time between two readings of a vendor that does not state its interval.
const usualInterval = 24 * time.Hour

// StaleSince returns when a connection became stale: when its oldest bank reading became older than both the limit and
// one and a half of the vendor's intervals. It returns the zero time if the connection is not stale at the time now. A
// limit of 0 means never. every is 0 if the interval is not known.
func StaleSince(bankReadAt time.Time, every, limit time.Duration, now time.Time) time.Time {
	if every == 0 {
		every = usualInterval
	}
	since := bankReadAt.Add(max(limit, every*3/2))
	if limit <= 0 || bankReadAt.IsZero() || !since.Before(now) {
		return time.Time{}
	}
	return since
}
