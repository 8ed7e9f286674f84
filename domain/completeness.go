package domain

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// CompletenessState reports whether the records of an account explain its balance.
type CompletenessState string

// The states of completeness.
const (
	CompletenessUnknown CompletenessState = "unknown"  // there is nothing to compare with
	Complete            CompletenessState = "complete" // no check fails, or none has failed for the whole grace period
	Drifting            CompletenessState = "drifting" // a check has failed for at least the grace period
)

// CheckName is the name of a completeness check.
type CheckName string

// The completeness checks.
const (
	// CheckBalanceAnchor compares the anchor of the account with the anchor of its baseline. The anchor is the balance
	// minus the sum of the posted records; see AccountReading.Anchor.
	CheckBalanceAnchor CheckName = "balance_anchor"
	// CheckRunningBalance compares the balances that the bank states after consecutive records with the amounts of
	// these records.
	CheckRunningBalance CheckName = "running_balance"
	// CheckAnnouncedCount compares the number of rows that the vendor has announced with the rows that were read.
	CheckAnnouncedCount CheckName = "announced_count"
)

// Basis is a code that states with what the latest reading of an account is compared, or why there is no comparison.
type Basis string

// The bases. All of them except BasisBaseline and BasisQuarantined mean that there is no comparison.
const (
	BasisNone        Basis = "no_settled_read"  // no settled pull has read the account yet
	BasisBaseline    Basis = "baseline"         // the anchor is compared with the baseline
	BasisQuarantined Basis = "quarantined_rows" // as BasisBaseline, but rows of the account are in the quarantine
	BasisNoBalance   Basis = "no_balance"       // the vendor states no balance
	BasisInvoice     Basis = "invoice_balance"  // the balance is the open invoice of a card
	BasisCurrency    Basis = "unknown_amount"   // a record has no amount in the account's currency
	BasisUnsupported Basis = "unsupported_type" // the meaning of the balance is not known for this type of account
	BasisTooLarge    Basis = "too_many_digits"  // a sum has more digits than an amount can have
)

// VendorBalance is the balance of an account from its holder's point of view: a debt is negative.
type VendorBalance struct {
	Amount   decimal.Decimal
	Currency string
	// Missing is the reason why the balance cannot be compared with the records; "" if it can. If Missing is not "",
	// the other members are zero.
	Missing Basis
}

// BalanceGap is a pair of consecutive records whose running balances do not agree with the amounts.
type BalanceGap struct {
	Before TransactionID `json:"before"`
	After  TransactionID `json:"after"`
	// Date is the date of the later record.
	Date Date `json:"date"`
	// Expected is the running balance of the earlier record plus the amounts up to the later record. Actual is the
	// running balance of the later record.
	Expected decimal.Decimal `json:"expected"`
	Actual   decimal.Decimal `json:"actual"`
}

// AccountReading is the result of a settled pull for an account: the vendor's balance, and the sum of the account's
// live posted records in the account's currency. A pull is settled if it reads everything after the vendor's own
// synchronisation is over.
type AccountReading struct {
	At       time.Time       `json:"at"`
	Missing  Basis           `json:"missing,omitempty"` // why Balance or Posted is not known; "" if both are known
	Currency string          `json:"currency,omitempty"`
	Balance  decimal.Decimal `json:"balance"`
	Posted   decimal.Decimal `json:"posted"`
	// Late is the part of Posted that was first read after the baseline was set, and that is dated before the first day
	// that was known at that time.
	Late decimal.Decimal `json:"late"`
	// FirstDay is the date of the oldest live record; "" if there is none.
	FirstDay    Date         `json:"firstDay,omitempty"`
	Quarantined bool         `json:"quarantined,omitempty"` // rows of the account are in the quarantine
	Links       int          `json:"links,omitempty"`       // pairs of records with running balances
	Gaps        []BalanceGap `json:"gaps,omitempty"`        // oldest first
}

// Anchor returns the balance minus the sum of the posted records. It does not change as long as every record of the
// account is read once and with the right amount. ok is false if the balance or the sum is not known.
func (r AccountReading) Anchor() (anchor decimal.Decimal, ok bool) {
	if r.Missing != "" {
		return decimal.Decimal{}, false
	}
	return difference(r.Balance, r.Posted)
}

// difference returns a − b. ok is false if the result has more digits than an amount can have.
func difference(a, b decimal.Decimal) (result decimal.Decimal, ok bool) {
	result = a.Sub(b)
	return result, isAmount(result)
}

// chained reports whether the running balances can be used. They can be used if at most one pair of records in ten has
// a gap. If there are more gaps, the bank computes the balances in another way, or the order of the records is not
// known.
func (r AccountReading) chained() bool { return r.Links > 0 && len(r.Gaps)*10 <= r.Links }

// Baseline is the reading of an account with which later readings are compared.
type Baseline struct {
	At       time.Time       `json:"at"`
	Anchor   decimal.Decimal `json:"anchor"`
	FirstDay Date            `json:"firstDay,omitempty"` // "" if the account had no record
	// Provisional means that rows of the account were in the quarantine when the baseline was set. Such a baseline is
	// replaced by the first reading without such rows.
	Provisional bool         `json:"provisional,omitempty"`
	Gaps        []BalanceGap `json:"gaps,omitempty"`   // known gaps, which do not count as a drift
	Reason      string       `json:"reason,omitempty"` // why an operator has accepted it; "" for a first baseline
}

// CheckResult is the result of a completeness check.
type CheckResult struct {
	Check            CheckName
	State            CompletenessState
	Expected, Actual decimal.Decimal // only if State is not CompletenessUnknown
	Between          []TransactionID // the two records around a gap, or nil
	At               time.Time       // of the reading
}

// Difference returns Actual − Expected.
func (r CheckResult) Difference() decimal.Decimal {
	return r.Actual.Sub(r.Expected)
}

// Completeness is the stored state of the completeness of an account. The zero value belongs to an account that no
// settled pull has read.
type Completeness struct {
	Baseline *Baseline       `json:"baseline,omitempty"` // nil until an anchor is known
	Last     *AccountReading `json:"last,omitempty"`     // the latest reading; nil if there is none
	// Since is when the current state began: the time of the baseline, or of the end of the last drift.
	Since time.Time `json:"since,omitzero"`
	// AnchorDrift, ChainDrift and CountDrift state, for each check, since when it has failed: the time of the first of
	// the consecutive readings that failed the check. The time is zero while the check passes.
	AnchorDrift time.Time `json:"anchorDrift,omitzero"`
	ChainDrift  time.Time `json:"chainDrift,omitzero"`
	CountDrift  time.Time `json:"countDrift,omitzero"`
	// Announced are the announced counts that no reading has reached yet, oldest first.
	Announced []AnnouncedCount `json:"announced,omitempty"`
	// Counted is the result for the oldest announced count that the latest comparison did not reach. If all counts were
	// reached, it is the result for the newest one. It is nil if no count was compared.
	Counted *Counted `json:"counted,omitempty"`
	// CountMissed means that, since the baseline was accepted, a comparison has found fewer rows than announced.
	CountMissed bool `json:"countMissed,omitempty"`
}

// After returns the state after the reading r. If r has an anchor, r becomes the baseline if (a) there is no baseline,
// (b) the baseline is provisional and r is not, or (c) the baseline was set while the account had no record, and now it
// has one.
func (c Completeness) After(r AccountReading) Completeness {
	c.Last = &r
	_, known := r.Anchor()
	if !known {
		return c
	}
	if b := c.Baseline; b == nil || b.Provisional && !r.Quarantined || b.FirstDay == "" && r.FirstDay != "" {
		return c.rebase(r, "")
	}
	drifting := c.DriftSince()
	c.AnchorDrift = driftSince(c.AnchorDrift, c.anchorFails(), r.At)
	c.ChainDrift = driftSince(c.ChainDrift, r.chained() && len(c.newGaps()) > 0, r.At)
	return c.endDrift(drifting, r.At)
}

// endDrift sets c.Since to the given time (at) if the drift that began at the time since has ended. The argument since
// is zero if there was no drift.
func (c Completeness) endDrift(since, at time.Time) Completeness {
	if !since.IsZero() && c.DriftSince().IsZero() {
		c.Since = at
	}
	return c
}

func driftSince(since time.Time, fails bool, at time.Time) time.Time {
	switch {
	case !fails:
		return time.Time{}
	case since.IsZero():
		return at
	}
	return since
}

// rebase returns the state with the reading as its new baseline.
func (c Completeness) rebase(r AccountReading, reason string) Completeness {
	anchor, _ := r.Anchor()
	r.Late = decimal.Decimal{}
	c.Last, c.Since, c.AnchorDrift, c.ChainDrift = &r, r.At, time.Time{}, time.Time{}
	c.Baseline = &Baseline{
		At: r.At, Anchor: anchor, FirstDay: r.FirstDay, Provisional: r.Quarantined, Reason: reason, Gaps: r.Gaps,
	}
	return c
}

// Accept returns the state after an operator has accepted the present numbers: the present anchor becomes the baseline,
// and the announced counts are no longer compared. Errors: Conflict (no_anchor) if no anchor is known and no count was
// missed.
func (c Completeness) Accept(reason string, at time.Time) (Completeness, error) {
	switch {
	case c.anchorKnown():
		c = c.rebase(*c.Last, reason)
	case c.CountDrift.IsZero():
		return c, &Error{Kind: Conflict, Code: NoAnchor}
	}
	c.Announced, c.Counted, c.CountDrift, c.CountMissed, c.Since = nil, nil, time.Time{}, false, at
	return c, nil
}

// anchorKnown reports whether the latest reading has an anchor.
func (c Completeness) anchorKnown() bool {
	if c.Last == nil {
		return false
	}
	_, known := c.Last.Anchor()
	return known
}

// expected returns the anchor that the latest reading should have. ok is false if the number is too large.
func (c Completeness) expected() (anchor decimal.Decimal, ok bool) {
	return difference(c.Baseline.Anchor, c.Last.Late)
}

func (c Completeness) anchorFails() bool {
	expected, ok := c.expected()
	actual, known := c.Last.Anchor()
	return ok && known && expected.Cmp(actual) != 0
}

// newGaps returns the gaps of the latest reading that were not known when the baseline was set. It also omits gaps that
// are not later than the first day known at that time, because they belong to history that arrived late.
func (c Completeness) newGaps() []BalanceGap {
	return slices.DeleteFunc(slices.Clone(c.Last.Gaps), func(g BalanceGap) bool {
		return g.Date <= c.Baseline.FirstDay || slices.ContainsFunc(c.Baseline.Gaps, func(known BalanceGap) bool {
			return known.Before == g.Before && known.After == g.After && known.Expected.Cmp(g.Expected) == 0 &&
				known.Actual.Cmp(g.Actual) == 0
		})
	})
}

// Basis returns the code that states with what the latest reading is compared, or why it is not compared.
func (c Completeness) Basis() Basis {
	switch {
	case c.Last == nil:
		return BasisNone
	case c.Last.Quarantined:
		return BasisQuarantined
	case c.Last.Missing != "":
		return c.Last.Missing
	}
	return BasisBaseline
}

// DriftSince returns when the oldest drift began, even if that drift has not lasted for the grace period yet. It
// returns the zero time if there is no drift.
func (c Completeness) DriftSince() time.Time {
	since := c.CountDrift
	if c.compared() {
		since = firstDrift(since, firstDrift(c.AnchorDrift, c.ChainDrift))
	}
	return since
}

// firstDrift returns the earlier of the times at which two drifts began. A zero time means that there is no drift.
func firstDrift(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Known reports whether the state is not CompletenessUnknown. If only announced counts were compared, the state is
// known only if a count was missed: even if no row is missing, the rows can still be wrong.
func (c Completeness) Known() bool { return c.compared() || c.CountMissed }

// compared reports whether the latest reading is compared with a baseline.
func (c Completeness) compared() bool {
	return c.Baseline != nil && c.Last != nil && c.Last.Missing == ""
}

// State returns the state and the time since which it applies. The time is zero if the state is unknown.
func (c Completeness) State(now time.Time, grace time.Duration) (CompletenessState, time.Time) {
	switch drift := c.DriftSince(); {
	case !c.Known():
		return CompletenessUnknown, time.Time{}
	case Lasted(drift, now, grace):
		return Drifting, drift
	}
	return Complete, c.Since
}

// Lasted reports whether a drift that began at since has lasted for the grace period; since is zero if there
// is no drift.
func Lasted(since, now time.Time, grace time.Duration) bool {
	return !since.IsZero() && now.Sub(since) >= grace
}

// Results returns the results of the checks. The first result is always that of CheckBalanceAnchor. The result of
// CheckRunningBalance is absent unless the bank states running balances that can be used. The result of
// CheckAnnouncedCount is absent unless an announced count was compared.
func (c Completeness) Results(now time.Time, grace time.Duration) []CheckResult {
	anchor := CheckResult{Check: CheckBalanceAnchor, State: CompletenessUnknown}
	if c.Last != nil {
		anchor.At = c.Last.At
	}
	results := []CheckResult{anchor}
	if c.compared() {
		results = c.compareReading(now, grace)
	}
	if counted := c.Counted; counted != nil {
		results = append(results, CheckResult{
			Check: CheckAnnouncedCount, State: checkState(c.CountDrift, now, grace), At: counted.At,
			Expected: decimal.NewFromInt(int64(counted.Expected)), Actual: decimal.NewFromInt(int64(counted.Actual)),
		})
	}
	return results
}

// compareReading returns the results of CheckBalanceAnchor and CheckRunningBalance for the latest reading.
func (c Completeness) compareReading(now time.Time, grace time.Duration) []CheckResult {
	anchor := CheckResult{
		Check: CheckBalanceAnchor, State: checkState(c.AnchorDrift, now, grace), At: c.Last.At,
	}
	anchor.Expected, _ = c.expected()
	anchor.Actual, _ = c.Last.Anchor()
	if !c.Last.chained() {
		return []CheckResult{anchor}
	}
	chain := CheckResult{Check: CheckRunningBalance, State: checkState(c.ChainDrift, now, grace), At: c.Last.At}
	if gaps := c.newGaps(); len(gaps) > 0 {
		newest := gaps[len(gaps)-1]
		chain.Expected, chain.Actual = newest.Expected, newest.Actual
		chain.Between = []TransactionID{newest.Before, newest.After}
	}
	return []CheckResult{anchor, chain}
}

func checkState(drift, now time.Time, grace time.Duration) CompletenessState {
	if Lasted(drift, now, grace) {
		return Drifting
	}
	return Complete
}

// SameReading reports whether a reading with this balance would have the same numbers as the latest reading, provided
// that no record of the account has changed since. It returns false while a check fails, because the running balances
// that the bank states can change without a change of a record.
func (c Completeness) SameReading(balance VendorBalance, quarantined bool) bool {
	return c.Last != nil && c.AnchorDrift.IsZero() && c.ChainDrift.IsZero() && c.Last.Missing == balance.Missing &&
		c.Last.Currency == balance.Currency && c.Last.Balance.Cmp(balance.Amount) == 0 &&
		c.Last.Quarantined == quarantined
}

// Repeated returns the state after another reading, at the given time, that has the same numbers as the latest one.
// changed is false if nothing needs to be stored, because the latest reading is from the same day.
func (c Completeness) Repeated(at time.Time) (next Completeness, changed bool) {
	r := *c.Last
	if DateOf(r.At.UTC()) == DateOf(at.UTC()) {
		return c, false
	}
	r.At = at
	return c.After(r), true
}

// AccountBalance is the last reading of an account on one day.
type AccountBalance struct {
	Day                     Date // in UTC
	At                      time.Time
	Currency                string
	Balance, Posted, Anchor decimal.Decimal
}

// DayBalance returns the reading as the balance of its day; ok is false if no anchor is known.
func (r AccountReading) DayBalance() (b AccountBalance, ok bool) {
	anchor, ok := r.Anchor()
	return AccountBalance{
		Day: DateOf(r.At.UTC()), At: r.At, Currency: r.Currency, Balance: r.Balance, Posted: r.Posted, Anchor: anchor,
	}, ok
}
