package books

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// CompletenessState reports whether the records of an account explain its balance.
type CompletenessState string

// The states of completeness.
const (
	CompletenessUnknown CompletenessState = "unknown"  // there is nothing to compare with
	Complete            CompletenessState = "complete" // no check has failed for the grace period or longer
	Drifting            CompletenessState = "drifting" // a check has failed for at least the grace period
)

// CheckName is the name of a completeness check in the API, such as "balance_anchor".
type CheckName string

// The completeness checks.
const (
	// CheckBalanceAnchor compares the account's current anchor with the anchor of the account's Baseline. An anchor is
	// a balance minus the sum of the posted records; see AccountReading.Anchor.
	CheckBalanceAnchor CheckName = "balance_anchor"
	// CheckRunningBalance compares the balances that the bank states after consecutive records with the amounts of
	// these records.
	CheckRunningBalance CheckName = "running_balance"
	// CheckAnnouncedCount compares the number of rows that the vendor has announced with the rows that were read.
	CheckAnnouncedCount CheckName = "announced_count"
	// CheckBillTotal compares the total of the last closed bill of a card with the rows of the bill.
	CheckBillTotal CheckName = "bill_total"
)

// Basis is a code for what an account's latest reading is compared with. If there is no comparison, the code
// describes the reason.
type Basis string

// The bases of an unknown state, in the order in which they are found.
const (
	BasisNone        Basis = "no_settled_read"  // the account has no reading yet
	BasisSignIn      Basis = "sign_in"          // nothing arrives until the account holder signs in again
	BasisConsent     Basis = "consent"          // nothing arrives, because the consent has expired or was revoked
	BasisNoBalance   Basis = "no_balance"       // the vendor states no balance
	BasisInvoice     Basis = "invoice_balance"  // the balance is the open invoice of a card
	BasisCurrency    Basis = "unknown_amount"   // a record has no amount in the account's currency
	BasisUnsupported Basis = "unsupported_type" // the meaning of the balance is not known for this type of account
	BasisTooLarge    Basis = "too_many_digits"  // a sum has more digits than an amount can have
	BasisFirst       Basis = "first_reading"    // the baseline was not confirmed by a later synchronisation yet
)

// The bases of a state that the checks give. If another check than CheckBalanceAnchor decides, its name is the basis.
const (
	BasisQuarantined Basis = "quarantined_rows" // rows of the account are in the quarantine
	BasisUndated     Basis = "undated"          // the vendor does not state when it read the bank
	BasisBaseline    Basis = "baseline"         // the latest reading is compared with the baseline
)

// VendorBalance is the balance of an account from its holder's point of view: a debt is negative.
type VendorBalance struct {
	Amount   decimal.Decimal
	Currency string
	// Parts is the money that the bank has invested or set apart by itself, and that Amount does not contain. A
	// movement between Amount and Parts has no record.
	Parts decimal.Decimal
	// Missing is the reason why the balance cannot be compared with the records; "" if it can. If Missing is not "",
	// the other members are zero.
	Missing Basis
}

// BalanceWithDebtOnCards returns the balance of an account from its holder's point of view. It is for vendors that
// state the amount owed as the balance of a card. For an account that is neither a bank account nor a card, Missing is
// BasisUnsupported.
func BalanceWithDebtOnCards(account domain.AccountData) VendorBalance {
	switch {
	case account.Type == domain.OtherAccount:
		return VendorBalance{Missing: BasisUnsupported}
	case account.Balance == nil:
		return VendorBalance{Missing: BasisNoBalance}
	}
	balance := *account.Balance
	if account.Type == domain.CreditAccount {
		balance = balance.Negate()
	}
	return VendorBalance{Amount: balance.Amount, Currency: balance.Currency}
}

// AccountReading contains the vendor's balance of an account and the sum of the account's live posted records, both in
// the account's currency. A reading results from a pull that reads everything. If the vendor synchronises during the
// pull, there is no reading.
type AccountReading struct {
	At       time.Time       `json:"at"`
	Pull     domain.PullID   `json:"pull,omitzero"`     // whose end made the reading; zero in readings of earlier releases
	Missing  Basis           `json:"missing,omitempty"` // why Balance or Posted is not known; "" if both are known
	Currency string          `json:"currency,omitempty"`
	Balance  decimal.Decimal `json:"balance"`
	Parts    decimal.Decimal `json:"parts,omitzero"` // see VendorBalance
	Posted   decimal.Decimal `json:"posted"`
	// BankReadAt is when the vendor had last read the bank; zero if it does not state that. Readings with different
	// times come from different synchronisations.
	BankReadAt time.Time `json:"bankReadAt,omitzero"`
	// FutureRows is the number of live posted records that Posted leaves out because they are dated after the day of
	// the reading. The balance does not contain them yet.
	FutureRows int `json:"futureRows,omitempty"`
	// Unconverted is the number of live posted records without an amount in the account's currency that an accepted
	// baseline does not contain. Posted leaves out all such records.
	Unconverted int `json:"unconverted,omitempty"`
	// Late is the sum of the late records. Posted includes these records. A late record arrived after the baseline was
	// set, and its date is before the baseline's FirstDay.
	Late decimal.Decimal `json:"late"`
	// Waiting is the number of live posted records that Posted leaves out. The latest listing does not contain them,
	// and they will be removed if the next listing does not contain them either. See domain.TwoReads.
	Waiting int `json:"waiting,omitempty"`
	// FirstDay is the date of the oldest live record; "" if there is none.
	FirstDay    domain.Date `json:"firstDay,omitempty"`
	Quarantined bool        `json:"quarantined,omitempty"` // rows of the account are in the quarantine
	ChainCheck
}

// Anchor returns the balance minus the sum of the posted records. The anchor does not change as long as every record of
// the account is stored once and with the right amount. ok is false if the balance or the sum is not known.
func (r AccountReading) Anchor() (anchor decimal.Decimal, ok bool) {
	if r.Missing != "" {
		return decimal.Decimal{}, false
	}
	return difference(r.Balance, r.Posted)
}

// difference returns a − b. ok is false if the result has more digits than an amount can have.
func difference(a, b decimal.Decimal) (result decimal.Decimal, ok bool) {
	result = a.Sub(b)
	return result, domain.IsAmount(result)
}

// Baseline is the reading of an account with which later readings are compared.
type Baseline struct {
	At         time.Time       `json:"at"`
	BankReadAt time.Time       `json:"bankReadAt,omitzero"` // of the reading
	Anchor     decimal.Decimal `json:"anchor"`
	Parts      decimal.Decimal `json:"parts,omitzero"` // see VendorBalance
	// Confirmed means that a reading of a later synchronisation has matched the baseline, or that an operator has
	// accepted it. Until then the account is compared only with itself.
	Confirmed bool        `json:"confirmed,omitempty"`
	FirstDay  domain.Date `json:"firstDay,omitempty"` // "" if the account had no record
	// Provisional means that rows of the account were in the quarantine when the baseline was set. Such a baseline is
	// replaced by the first reading without such rows.
	Provisional bool         `json:"provisional,omitempty"`
	Gaps        []BalanceGap `json:"gaps,omitempty"`   // the gaps of this reading; CheckRunningBalance ignores them
	Reason      string       `json:"reason,omitempty"` // why an operator has accepted the baseline; "" if none has
}

// contains reports whether an operator has accepted the baseline while the record existed. The amount of a record that
// is not known in the account's currency is then part of the anchor.
func (b Baseline) contains(row SumRow) bool { return b.Reason != "" && !row.FirstSeenAt.After(b.At) }

// CheckResult is the result of one completeness check of an account, at its latest reading.
type CheckResult struct {
	Check CheckName
	State CompletenessState
	// Expected and Actual are known unless State is CompletenessUnknown and they are equal. If they differ then, the
	// second reading does not confirm the first, and that is no drift yet.
	Expected, Actual decimal.Decimal
	Between          []domain.TransactionID // the two records of a BalanceGap; nil for other checks
	At               time.Time              // of the reading
}

// Difference returns Actual − Expected.
func (r CheckResult) Difference() decimal.Decimal {
	return r.Actual.Sub(r.Expected)
}

// Completeness is the stored completeness state of an account. The zero value means that there is no reading of the
// account yet.
type Completeness struct {
	Baseline *Baseline       `json:"baseline,omitempty"` // nil if the anchor was never known
	Last     *AccountReading `json:"last,omitempty"`     // the latest reading; nil if there is none
	// Since is the time at which the account became complete. At this time, the baseline was set or accepted, or the
	// last failing check passed again.
	Since time.Time `json:"since,omitzero"`
	// AnchorDrift, ChainDrift and CountDrift are the times at which CheckBalanceAnchor, CheckRunningBalance and
	// CheckAnnouncedCount began to fail. Each is zero while its check passes.
	AnchorDrift time.Time `json:"anchorDrift,omitzero"`
	ChainDrift  time.Time `json:"chainDrift,omitzero"`
	CountDrift  time.Time `json:"countDrift,omitzero"`
	// AnchorDriftRead is BankReadAt of the reading with which AnchorDrift began. AnchorDriftFrom is the earliest date
	// of the posted records that have changed since the reading before it; "" if none has.
	AnchorDriftRead time.Time   `json:"anchorDriftRead,omitzero"`
	AnchorDriftFrom domain.Date `json:"anchorDriftFrom,omitempty"`
	// Announced contains the announced counts for which too few rows have been read so far, oldest first.
	Announced []domain.AnnouncedCount `json:"announced,omitempty"`
	// Counted is the latest result of CheckAnnouncedCount; nil if no announced count was compared. It describes the
	// oldest announced count for which rows are missing. If no rows are missing, it describes the newest announced
	// count.
	Counted *Counted `json:"counted,omitempty"`
	// Changed describes the posted records that have changed since the latest reading. A store keeps it beside the
	// other members, because each change of a record extends it.
	Changed ChangedRecords `json:"-"`
	// Held describes the records whose removal is held back: the vendor has announced it, or a complete listing lacked
	// the records, so that balance and records are not of one attempt. It is not part of the stored state: a store sets
	// it when it loads the completeness for a caller.
	Held ChangedRecords `json:"-"`
	// AccountReadAt is the BankReadAt of the account, Link what stops the account's data from arriving, and Currency
	// that of the account. Like Held, they are not part of the stored state.
	AccountReadAt time.Time `json:"-"`
	Link          LinkState `json:"-"`
	Currency      string    `json:"-"` // of the account
	// Bill is the last closed bill of a card; nil if there is none. BillDiffers is since when it has differed, unless
	// an operator has accepted that, and BillDrift since when this is a drift. Both are zero while the check passes.
	Bill         *BillCheck    `json:"bill,omitempty"`
	BillDiffers  time.Time     `json:"billDiffers,omitzero"`
	BillDrift    time.Time     `json:"billDrift,omitzero"`
	AcceptedBill *AcceptedBill `json:"acceptedBill,omitempty"` // the latest one; nil if there is none
	// AcceptedWithoutAmount is how many records without a known amount an operator has accepted on a card.
	AcceptedWithoutAmount int `json:"acceptedWithoutAmount,omitempty"`
	// CountMissed means that a comparison has found fewer rows than the vendor announced. Accept resets this field.
	CountMissed bool `json:"countMissed,omitempty"`
}

// LinkState contains what can stop the data of an account from arriving.
type LinkState struct {
	NeedsReauth bool
	Consent     domain.Consent
}

// Stopped returns why no data can arrive at the time now: BasisSignIn or BasisConsent; "" if it can.
func (l LinkState) Stopped(now time.Time) Basis {
	if state := l.Consent.State(now); state == domain.ConsentExpired || state == domain.ConsentRevoked {
		return BasisConsent
	}
	if l.NeedsReauth {
		return BasisSignIn
	}
	return ""
}

// BankReadAt returns when the bank had last been read when the latest reading was made; zero if the vendor does not
// state that. No verdict goes beyond this time.
func (c Completeness) BankReadAt() time.Time {
	if c.Last == nil || c.AccountReadAt.IsZero() || c.Last.BankReadAt.IsZero() {
		if c.Last == nil {
			return c.AccountReadAt
		}
		return time.Time{}
	}
	return domain.Earlier(c.AccountReadAt, c.Last.BankReadAt)
}

// RowsReadAt returns when the bank had last been read when the rows of the account were last read; zero if BankReadAt
// is. It is later than BankReadAt if the last pull has read all rows, but has made no reading, for example because it
// continued an attempt that had failed. The records are then known up to RowsReadAt, but no balance verifies them.
func (c Completeness) RowsReadAt() time.Time {
	if c.BankReadAt().IsZero() {
		return time.Time{}
	}
	return c.AccountReadAt
}

// undatedInterval is the time between two readings of a vendor that does not state when it reads the bank. After this
// time the readings count as readings of different synchronisations.
const undatedInterval = 6 * time.Hour

// confirmedBy reports whether a reading comes from a later synchronisation than the baseline.
func (b Baseline) confirmedBy(r AccountReading) bool {
	if b.BankReadAt.IsZero() || r.BankReadAt.IsZero() {
		return r.At.Sub(b.At) >= undatedInterval
	}
	return r.BankReadAt.After(b.BankReadAt)
}

// confirmed reports whether the state rests on more than one reading of the balance: the baseline is confirmed, or the
// bank states running balances that can be used.
func (c Completeness) confirmed() bool {
	return c.compared() && (c.Baseline.Confirmed || c.Last.IsUsable() && !c.chainFails())
}

// After returns the state that results from the reading r. If the anchor of the reading is known, the reading becomes
// the baseline in these cases:
//   - There is no baseline.
//   - The baseline is provisional, and no row of the account is in the quarantine any more.
//   - The account had no record when the baseline was set, and now it has one.
//
// The reading contains all changes of records so far, so Changed becomes zero.
func (c Completeness) After(r AccountReading) Completeness {
	changedFrom := c.Changed.First
	c.Last, c.Changed = &r, ChangedRecords{}
	_, known := r.Anchor()
	if !known {
		return c
	}
	if b := c.Baseline; b == nil || b.Provisional && !r.Quarantined || b.FirstDay == "" && r.FirstDay != "" {
		return c.rebase(r, "")
	}
	drifting := c.DriftSince()
	switch c.AnchorDrift = driftSince(c.AnchorDrift, c.anchorFails(), r.At); {
	case c.AnchorDrift.IsZero():
		c.AnchorDriftRead, c.AnchorDriftFrom = time.Time{}, ""
	case c.AnchorDrift.Equal(r.At):
		c.AnchorDriftRead, c.AnchorDriftFrom = r.BankReadAt, changedFrom
	default:
		c.AnchorDriftFrom = domain.EarlierDate(c.AnchorDriftFrom, changedFrom)
	}
	c.ChainDrift = driftSince(c.ChainDrift, c.chainFails(), r.At)
	if b := *c.Baseline; !b.Confirmed && c.DriftElsewhere().IsZero() && b.confirmedBy(r) {
		if b.Confirmed = true; !r.IsUsable() {
			c.Since = r.At
		}
		c.Baseline = &b
	}
	return c.endDrift(drifting, r.At)
}

// AllowsBalance reports whether a pull that has read the balance, but not the records, may make a new reading. It
// returns false if there is no reading yet, or if the new reading could become the baseline.
func (c Completeness) AllowsBalance(balance VendorBalance) bool {
	return c.Last != nil && (balance.Missing != "" ||
		c.Baseline != nil && !c.Baseline.Provisional && c.Baseline.FirstDay != "")
}

// endDrift returns the state after a change of c. driftStart is the result of DriftSince before the change. If a
// check failed before the change and none fails now, Since becomes driftEnd.
func (c Completeness) endDrift(driftStart, driftEnd time.Time) Completeness {
	if !driftStart.IsZero() && c.DriftSince().IsZero() {
		c.Since = driftEnd
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

// rebase returns the state with the reading as its new baseline. reason is that of the operator who accepts the
// reading, with its gaps; "" if nobody does. The running balances need no baseline, so a gap of the first reading is a
// drift.
func (c Completeness) rebase(r AccountReading, reason string) Completeness {
	anchor, _ := r.Anchor()
	r.Late = decimal.Decimal{}
	gaps := r.Gaps
	if reason == "" {
		if gaps = nil; c.Baseline != nil {
			gaps = c.Baseline.Gaps
		}
	}
	c.Last, c.Since, c.AnchorDrift = &r, r.At, time.Time{}
	c.AnchorDriftRead, c.AnchorDriftFrom = time.Time{}, ""
	c.Baseline = &Baseline{
		At: r.At, BankReadAt: r.BankReadAt, Anchor: anchor, Parts: r.Parts, FirstDay: r.FirstDay,
		Provisional: r.Quarantined, Reason: reason, Gaps: gaps, Confirmed: reason != "",
	}
	c.ChainDrift = driftSince(c.ChainDrift, c.chainFails(), r.At)
	return c
}

// Accept returns the state after an operator has accepted the current numbers. If the anchor of the latest reading is
// known, the reading becomes the baseline. The announced counts in c.Announced are removed. The difference of the last
// closed bill is accepted for this bill only.
//
// If the anchor is unknown, and CheckAnnouncedCount and CheckBillTotal pass, there is nothing to accept. The error is
// then Conflict (no_anchor).
func (c Completeness) Accept(reason string, at time.Time) (Completeness, error) {
	switch {
	case c.anchorKnown():
		r := *c.Last
		r.Unconverted = 0
		c = c.rebase(r, reason)
	case c.CountDrift.IsZero() && c.BillDiffers.IsZero() && !c.hasUnknownAmounts():
		return c, &domain.Error{Kind: domain.Conflict, Code: domain.NoAnchor}
	}
	c.Announced, c.Counted, c.CountDrift, c.CountMissed, c.Since = nil, nil, time.Time{}, false, at
	return c.acceptBill(at), nil
}

// anchorKnown reports whether the anchor (the balance minus the sum of the records) of the latest reading is known.
func (c Completeness) anchorKnown() bool {
	if c.Last == nil {
		return false
	}
	_, known := c.Last.Anchor()
	return known
}

// expected returns the anchor (the balance minus the sum of the records) that the latest reading should have. ok is
// false if the anchor has too many digits.
func (c Completeness) expected() (anchor decimal.Decimal, ok bool) {
	return difference(c.Baseline.Anchor, c.Last.Late)
}

// anchorFails reports whether the anchor has left the baseline, both without and with the parts of the balance that the
// bank invests or sets apart by itself.
func (c Completeness) anchorFails() bool {
	expected, ok := c.expected()
	actual, known := c.Last.Anchor()
	return ok && known && expected.Cmp(actual) != 0 &&
		expected.Add(c.Baseline.Parts).Cmp(actual.Add(c.Last.Parts)) != 0
}

// anchorDiffers reports whether the latest reading contradicts the balances that the baseline implies, also if that has
// not lasted for the grace period yet.
func (c Completeness) anchorDiffers() bool { return c.compared() && !c.AnchorDrift.IsZero() }

// chainFails reports whether the running balances of the latest reading have a gap.
func (c Completeness) chainFails() bool { return c.Last.IsUsable() && len(c.newGaps()) > 0 }

// chainDiffers is like anchorDiffers, for the running balances.
func (c Completeness) chainDiffers() bool { return c.compared() && !c.ChainDrift.IsZero() }

// newGaps returns the gaps of the latest reading that are not in the baseline. It leaves out gaps up to and including
// the baseline's FirstDay, because they come from old records that arrived late.
func (c Completeness) newGaps() []BalanceGap {
	return slices.DeleteFunc(slices.Clone(c.Last.Gaps), func(g BalanceGap) bool {
		return g.Date <= c.Baseline.FirstDay || slices.ContainsFunc(c.Baseline.Gaps, func(known BalanceGap) bool {
			return known.Before == g.Before && known.After == g.After && known.Expected.Cmp(g.Expected) == 0 &&
				known.Actual.Cmp(g.Actual) == 0
		})
	})
}

// SameBaseline reports whether the baselines of c and other give the same balances for the same records.
func (c Completeness) SameBaseline(other Completeness) bool {
	if c.Known() != other.Known() || (c.Baseline == nil) != (other.Baseline == nil) || !c.Known() {
		return c.Known() == other.Known() && !c.Known()
	}
	return c.Last.Currency == other.Last.Currency && (c.Baseline == nil || c.Baseline.At.Equal(other.Baseline.At) &&
		c.Baseline.FirstDay == other.Baseline.FirstDay && c.Baseline.Anchor.Cmp(other.Baseline.Anchor) == 0)
}

// missing returns why the state is unknown although data can arrive.
func (c Completeness) missing() Basis {
	switch {
	case c.Last == nil:
		return BasisNone
	case c.Last.Missing != "":
		return c.Last.Missing
	case c.Last.Unconverted > 0:
		return BasisCurrency
	}
	return BasisFirst
}

// Incomparable reports whether there is nothing to compare with the records of the account, and never will be.
func (c Completeness) Incomparable() bool {
	return c.Last != nil && slices.Contains([]Basis{BasisNoBalance, BasisInvoice, BasisUnsupported}, c.Last.Missing)
}

// deciding returns the name of the check that decides about the state: the check that drifts, or the check that makes
// the account complete.
func (c Completeness) deciding(now time.Time, grace time.Duration) Basis {
	anchor := c.compared() && Lasted(c.AnchorDrift, now, grace)
	chain := c.compared() && Lasted(c.ChainDrift, now, grace)
	count := Lasted(c.CountDrift, now, grace)
	switch {
	case anchor:
		return BasisBaseline
	case chain:
		return Basis(CheckRunningBalance)
	case count:
		return Basis(CheckAnnouncedCount)
	case c.byBill() || Lasted(c.BillDrift, now, grace):
		return Basis(CheckBillTotal)
	case !c.Baseline.Confirmed:
		return Basis(CheckRunningBalance)
	}
	return BasisBaseline
}

// DriftSince returns when the oldest drift (a failing check) began, even if the drift has not lasted for the grace
// period yet. It returns the zero time if there is no drift.
func (c Completeness) DriftSince() time.Time {
	since := domain.EarlierNonZero(c.CountDrift, c.BillDrift)
	if c.compared() {
		since = domain.EarlierNonZero(since, domain.EarlierNonZero(c.AnchorDrift, c.ChainDrift))
	}
	return since
}

// Decided reports whether the state can be Complete: the latest reading is compared with a confirmed baseline, or with
// running balances, or a bill adds up with its rows.
func (c Completeness) Decided() bool { return c.confirmed() || c.byBill() && c.BillDiffers.IsZero() }

// Known reports whether there is something with which the records are compared:
//   - The latest reading is compared with a baseline.
//   - A comparison has found fewer rows than the vendor announced (CountMissed).
//
// If all announced rows were found, but there is no baseline, the state is unknown. The amounts of the rows may be
// wrong.
func (c Completeness) Known() bool { return c.compared() || c.CountMissed }

// compared reports whether the latest reading is compared with a baseline.
func (c Completeness) compared() bool {
	return c.balanced() && c.Last.Unconverted == 0
}

// balanced reports whether there is a baseline from which balances can be computed. They leave out the unconverted
// records.
func (c Completeness) balanced() bool {
	return c.Baseline != nil && c.Last != nil && c.Last.Missing == ""
}

// State returns the state at the latest reading, and the time at which it began. The time is zero if the state is
// unknown.
func (c Completeness) State(now time.Time, grace time.Duration) (CompletenessState, time.Time) {
	switch drift := c.DriftSince(); {
	case (c.Known() || !c.BillDrift.IsZero()) && Lasted(drift, now, grace):
		return Drifting, drift
	case c.byBill() && !c.BillDiffers.IsZero():
		return CompletenessUnknown, time.Time{}
	case c.byBill():
		return Complete, c.Bill.Since
	case !c.confirmed():
		return CompletenessUnknown, time.Time{}
	}
	return Complete, c.Since
}

// PresentState is like State, but returns CompletenessUnknown while no data can arrive.
func (c Completeness) PresentState(now time.Time, grace time.Duration) (CompletenessState, time.Time) {
	if c.Link.Stopped(now) != "" {
		return CompletenessUnknown, time.Time{}
	}
	return c.State(now, grace)
}

// Lasted reports whether a drift that began at the time start has lasted for the grace period. It returns false if
// start is zero, which means that there is no drift.
func Lasted(start, now time.Time, grace time.Duration) bool {
	return !start.IsZero() && now.Sub(start) >= grace
}

// Results returns the results of the checks. The first result is always that of CheckBalanceAnchor. The result of
// CheckRunningBalance follows if the bank states running balances that can be used. The result of CheckAnnouncedCount
// follows if an announced count was compared, and that of CheckBillTotal for a card with a closed bill.
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
	if c.Bill != nil {
		results = append(results, c.billResult(now, grace))
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
	if anchor.State == Complete && !c.Baseline.Confirmed {
		anchor.State = CompletenessUnknown
	}
	if !c.Last.IsUsable() {
		return []CheckResult{anchor}
	}
	chain := CheckResult{Check: CheckRunningBalance, State: checkState(c.ChainDrift, now, grace), At: c.Last.At}
	if gaps := c.newGaps(); len(gaps) > 0 {
		newest := gaps[len(gaps)-1]
		chain.Expected, chain.Actual = newest.Expected, newest.Actual
		chain.Between = []domain.TransactionID{newest.Before, newest.After}
		if chain.State == Complete && !c.Baseline.Confirmed {
			chain.State = CompletenessUnknown
		}
	}
	return []CheckResult{anchor, chain}
}

func checkState(drift, now time.Time, grace time.Duration) CompletenessState {
	if Lasted(drift, now, grace) {
		return Drifting
	}
	return Complete
}

// SameReading reports whether a new reading with this balance would equal the latest reading. The caller must know
// that no record has changed since then. SameReading returns false in these cases:
//   - CheckBalanceAnchor or CheckRunningBalance fails. The bank may have corrected a running balance without a change
//     of the record.
//   - The latest reading has Waiting records, because the vendor may return them again.
//   - The latest reading has records Ahead, because their day may have come.
func (c Completeness) SameReading(balance VendorBalance, quarantined bool) bool {
	return c.Last != nil && c.Last.Waiting == 0 && c.AnchorDrift.IsZero() && c.ChainDrift.IsZero() &&
		c.Last.Missing == balance.Missing &&
		c.Last.Currency == balance.Currency &&
		c.Last.Balance.Cmp(balance.Amount) == 0 && c.Last.Parts.Cmp(balance.Parts) == 0 && c.Last.FutureRows == 0 &&
		c.Last.Quarantined == quarantined
}

// Repeated returns the state after a new reading at the given time with the same numbers as c.Last. If both readings
// are from the same day in UTC, and the bank was not read since, it returns c unchanged, and hasChanged is false.
func (c Completeness) Repeated(at, bankReadAt time.Time) (next Completeness, hasChanged bool) {
	r := *c.Last
	sameDay := domain.DateOf(r.At.UTC()) == domain.DateOf(at.UTC())
	isNew := !r.BankReadAt.Equal(bankReadAt)
	r.At, r.BankReadAt = at, bankReadAt
	confirms := c.Baseline != nil && !c.Baseline.Confirmed && c.Baseline.confirmedBy(r)
	if sameDay && !isNew && !confirms {
		return c, false
	}
	return c.After(r), true
}

// AccountBalance is the last reading of an account on one day.
type AccountBalance struct {
	Day                     domain.Date // in UTC
	At                      time.Time
	Currency                string
	Balance, Posted, Anchor decimal.Decimal
	BankReadAt              time.Time   // zero if the vendor does not state when it read the bank
	CoversTo                domain.Date // the last day that the reading of the bank covers; set for callers only
}

// DayBalance converts the reading to the AccountBalance of its day. ok is false if the balance or the sum of the
// records is not known.
func (r AccountReading) DayBalance() (b AccountBalance, ok bool) {
	anchor, ok := r.Anchor()
	return AccountBalance{
		Day: domain.DateOf(
			r.At.UTC(),
		),
		At:       r.At,
		Currency: r.Currency,
		Balance:  r.Balance,
		Posted:   r.Posted,
		Anchor:   anchor, BankReadAt: r.BankReadAt,
	}, ok
}
