package books

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Unverified is the completeness of a closed period whose records the latest reading of the account did not verify.
// When the period was closed, posted records of the account had changed since the reading (Completeness.Changed),
// removals of posted records were held back (Completeness.Held), or only rows had been read late enough for
// the last day (Completeness.RowsReadAt).
const Unverified CompletenessState = "unverified"

// NotCovered is the completeness of a closed period whose last day the bank had not had time to book when the vendor
// last read it.
const NotCovered CompletenessState = "not_covered"

// BasisUnsettled means that posted records have changed since the latest reading, and that no settled pull has read the
// account for UnsettledAfter since then.
const BasisUnsettled Basis = "unsettled"

// UnsettledAfter is the maximum time from a change of records to the next reading. After this time without a reading,
// the basis is BasisUnsettled.
const UnsettledAfter = 24 * time.Hour

// ChangedRecords describes changes of the posted records of an account. The zero value means that there are none.
type ChangedRecords struct {
	Since time.Time   // when the first of the records changed
	First domain.Date // the earliest date of the records, before and after their changes
	// Decided is when an operator's decision last changed such a record; zero if none did. A decision can change
	// records while a pull runs.
	Decided time.Time
}

// IsZero reports whether there are no changes.
func (r ChangedRecords) IsZero() bool { return r.Since.IsZero() }

// And returns the combination of r and other. Either of them may be zero.
func (r ChangedRecords) And(other ChangedRecords) ChangedRecords {
	switch {
	case r.IsZero():
		return other
	case other.IsZero():
		return r
	}
	if other.Since.Before(r.Since) {
		r.Since = other.Since
	}
	if other.Decided.After(r.Decided) {
		r.Decided = other.Decided
	}
	r.First = min(r.First, other.First)
	return r
}

// PostedChanges calls visit with each account whose posted records change if a record changes from previous to after.
// The second argument of visit is the date of the record in this account. If the date or the account changes, visit
// is called twice. previous is nil for a new record.
//
// A change counts if the record is posted and live before or after the change. It does not count if the covered
// members and the vendor's bytes stay the same. For example, a suggestion, or the move of an account to another
// connection, creates a version in which they stay the same.
func PostedChanges(previous *RecordState, after RecordState, visit func(domain.AccountID, domain.Date)) {
	had, has := previous != nil && previous.isPosted(), after.isPosted()
	if had && has && *previous == after {
		return
	}
	if had {
		visit(previous.Account, domain.Date(previous.Date))
	}
	if has && (!had || previous.Account != after.Account || previous.Date != after.Date) {
		visit(after.Account, domain.Date(after.Date))
	}
}

// isPosted reports whether the record is a posted record that counts in an account.
func (s RecordState) isPosted() bool {
	return s.counts() && s.Status == string(domain.Posted)
}

// changes returns the changes since the latest reading, including those that are held back. It returns the zero value
// if there is no reading.
func (c Completeness) changes() ChangedRecords {
	if c.Last == nil {
		return ChangedRecords{}
	}
	return c.Changed.And(c.Held)
}

// ChangedSince reports whether posted records have changed since the latest reading, less than UnsettledAfter ago, or
// whether removals of such records are held back. After UnsettledAfter, the basis is BasisUnsettled.
func (c Completeness) ChangedSince(now time.Time) bool {
	changes := c.changes()
	return !changes.IsZero() && now.Sub(changes.Since) < UnsettledAfter
}

// BasisAt returns the code for what the state rests on, or for the reason why it is unknown. It is BasisUnsettled if
// records have changed at least UnsettledAfter ago, and no settled pull has read the account since.
func (c Completeness) BasisAt(now time.Time, grace time.Duration) Basis {
	stopped := c.Link.Stopped(now)
	if c.Last != nil && stopped != "" {
		return stopped
	}
	if state, _ := c.State(now, grace); state == CompletenessUnknown && !c.byBill() {
		return c.missing()
	}
	switch {
	case c.Last != nil && c.Last.Quarantined:
		return BasisQuarantined
	case c.Last != nil && c.BankReadAt().IsZero():
		return BasisUndated
	case !c.changes().IsZero() && !c.ChangedSince(now):
		return BasisUnsettled
	}
	return c.deciding(now, grace)
}

// OutdatedOn reports whether the balance at the end of a day may be wrong, because records dated on or before that
// day have changed since the latest reading. If the basis is BasisUnsettled, the balances of all days may be wrong.
func (c Completeness) OutdatedOn(day domain.Date, now time.Time) bool {
	changes := c.changes()
	return !changes.IsZero() && (changes.First <= day || !c.ChangedSince(now))
}

// StateOfClose returns the completeness of a period that ends on the day. currency is that of the account. It returns
// the first of these that applies:
//
//   - NotCovered if the bank was last read too early for the day.
//   - Unverified if posted records have changed since the latest reading, if removals of such records are held back, or
//     if the latest reading does not reach the day, although the rows do.
//   - The result of State, but CompletenessUnknown instead of Complete if the vendor does not state when it read the
//     bank, if the balance or a running balance differs, although that is no drift yet, or if only the last closed bill
//     of a card decides, and does not reach the day. A close is never corrected, so it cannot wait for the grace
//     period.
func (c Completeness) StateOfClose(
	day domain.Date, currency string, rules domain.Coverage, now time.Time, grace time.Duration,
) CompletenessState {
	readAt := c.BankReadAt()
	switch {
	case !readAt.IsZero() && day > rules.To(c.RowsReadAt(), currency):
		return NotCovered
	case !c.changes().IsZero(), c.unreadOn(day, currency, rules):
		return Unverified
	}
	state, _ := c.State(now, grace)
	if state == Complete && (readAt.IsZero() || c.anchorDiffers() || c.chainDiffers() || !c.billsCover(day, day)) {
		return CompletenessUnknown
	}
	return state
}

// StateOfPeriod is like StateOfClose, for the period from the day first on. It returns CompletenessUnknown instead of
// Complete if a bill that has closed since the first day does not add up.
func (c Completeness) StateOfPeriod(
	days domain.Window, currency string, rules domain.Coverage, now time.Time, grace time.Duration,
) CompletenessState {
	state := c.StateOfClose(days.To, currency, rules, now, grace)
	if state == Complete && !c.billsCover(days.From, days.To) {
		return CompletenessUnknown
	}
	return state
}

// unreadOn reports whether the rows of the account rest on a reading of the bank that was late enough for the day, but
// its latest balance does not. currency is that of the account.
func (c Completeness) unreadOn(day domain.Date, currency string, rules domain.Coverage) bool {
	return !c.Covers(day, currency, rules) && day <= rules.To(c.RowsReadAt(), currency)
}

// Covers reports whether the balance at the end of a day rests on a reading of the bank that was late enough for the
// day. currency is that of the account.
func (c Completeness) Covers(day domain.Date, currency string, rules domain.Coverage) bool {
	return day <= rules.To(c.BankReadAt(), currency)
}
