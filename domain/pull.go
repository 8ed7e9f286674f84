package domain

import (
	"io"
	"slices"
	"time"
)

// PullState states whether a pull waits, runs, or has ended.
type PullState string

// The states of a pull. A pull that waits for its next attempt is PullQueued again.
const (
	PullQueued    PullState = "queued"
	PullRunning   PullState = "running"
	PullSucceeded PullState = "succeeded"
	PullFailed    PullState = "failed"
)

// Trigger is the cause of the first request for a pull.
type Trigger string

// The triggers of pulls.
const (
	TriggerWebhook   Trigger = "webhook"
	TriggerOperator  Trigger = "manual"
	TriggerReconcile Trigger = "reconcile"
	TriggerReplay    Trigger = "replay"
	TriggerSilence   Trigger = "silence" // an expected webhook did not arrive
)

// MaxAttempts is the number of attempts after which a pull fails for good.
const MaxAttempts = 25

// Counts are the numbers of rows that a pull has read and changed.
type Counts struct {
	Accounts  int `json:"accounts"`
	Read      int `json:"read"`
	Added     int `json:"added"`
	Modified  int `json:"modified"`
	Removed   int `json:"removed"`
	Unchanged int `json:"unchanged"`
	// Quarantined is the number of transactions and accounts that could not be normalised exactly.
	Quarantined int `json:"quarantined"`
	// IDChanges is the number of records that continue under another id of the vendor. LateRows is the number of new
	// rows dated on or before a day that the previous reading of their account covered. Callers see both only as sums
	// of a bank; see InstitutionActivity.
	IDChanges int `json:"-"`
	LateRows  int `json:"-"`
}

// Plus returns the sum of two counts. Accounts is the exception: several writes may count
// the same accounts, so Plus takes the larger number instead of the sum.
func (c Counts) Plus(d Counts) Counts {
	return Counts{
		Accounts: max(c.Accounts, d.Accounts), Read: c.Read + d.Read, Added: c.Added + d.Added,
		Modified: c.Modified + d.Modified, Removed: c.Removed + d.Removed, Unchanged: c.Unchanged + d.Unchanged,
		Quarantined: c.Quarantined + d.Quarantined, IDChanges: c.IDChanges + d.IDChanges,
		LateRows: c.LateRows + d.LateRows,
	}
}

// Step is one list that a pull reads from the vendor, page by page.
type Step struct {
	Account     string    `json:"account,omitempty"` // external id; "" means all accounts of the account reference
	Window      Window    `json:"window,omitzero"`
	CreatedFrom time.Time `json:"createdFrom,omitzero"`
	IDs         []string  `json:"ids,omitempty"`
	// Sweep means that the list is complete for its account and window: a stored row that the list does not
	// contain was removed at the vendor.
	Sweep bool `json:"sweep,omitempty"`
	// Resume means that an attempt continues the list where the previous attempt stopped. Such an attempt has not seen
	// the whole list, so it cannot conclude that a row was removed. If Sweep is set without Resume, each attempt starts
	// with the first page.
	Resume bool `json:"resume,omitempty"`
	// Since is the stream position from which the step reads the vendor's changes; "" for any other step. The list of
	// such a step contains changed rows and the ids of removed rows. Each attempt starts with its first page.
	Since string `json:"since,omitempty"`
}

// Progress is the point from which a pull continues after a crash. The list in Steps is fixed after planning, and Step
// is the index of the current step. Cursor has a meaning only for the vendor's adapter; it is "" at the start of a
// step.
type Progress struct {
	Planned bool `json:"planned"`
	// Target is the connection's target at the time when the steps were planned.
	Target string `json:"reference,omitempty"`
	// PlannedOn is the day on which the steps were planned; "" for a pull of an earlier release.
	PlannedOn Date   `json:"plannedOn,omitempty"`
	Steps     []Step `json:"steps,omitempty"`
	Step      int    `json:"step"`
	Cursor    string `json:"cursor,omitempty"`
	// Pages is the number of pages that were read in the current step. A limit on this number detects endless
	// pagination.
	Pages int `json:"pages"`
	// Rows is the number of rows that were read in the current step.
	Rows int `json:"rows,omitempty"`
	// Total is the number of rows in the current step's list, as the vendor reported it with the first
	// page; nil if the vendor reported no number.
	Total *int `json:"total,omitempty"`
	// Awaited contains the accounts that the scope names, but that the vendor does not list yet. It maps the external
	// id of each account to the time at which the pull began to wait for it.
	Awaited map[string]time.Time `json:"awaited,omitempty"`
	// ReadAt is the time at which the pull had read everything except the accounts in Awaited. It is zero before that
	// time.
	ReadAt time.Time `json:"readAt,omitzero"`
	// Shifted means that the vendor's total has changed between two pages of the list.
	Shifted bool `json:"shifted,omitempty"`
	// Shown contains the external ids of rows returned in steps that do not read a complete list. ShownMore means that
	// there were too many ids to keep: Shown is empty, and the vendor may have returned any row.
	Shown     []string `json:"shown,omitempty"`
	ShownMore bool     `json:"shownMore,omitempty"`
	// Listed contains the rows that the pull has read so far. It is set if the pull was interrupted, has read a list
	// twice, reads only some rows, or has found many new rows after its first page. If it is nil, Steps, Shown and the
	// remembered absences tell which rows the pull has read.
	Listed *ListedRows `json:"listed,omitempty"`
	// Reread means that a list of the pull was read more than once, in whole or in part.
	Reread bool `json:"reread,omitempty"`
	// Staged means that the rows of the steps are staged (stored, but not visible) until the pull publishes them.
	Staged bool `json:"staged,omitempty"`
	// SyncState is the vendor's synchronisation state (LinkStatus.State) when the steps were planned. It is "" if
	// Staged is false.
	SyncState string `json:"syncState,omitempty"`
	// StreamPosition is the position in the vendor's stream of changes up to which the pull has read everything; "" if
	// it has not read the stream to its end. If several steps have read the stream, it is the position of the
	// first one.
	StreamPosition string `json:"streamPosition,omitempty"`
	// Incomplete is set if the vendor had not read its whole history yet when the pull read it. A row that the pull has
	// not read may then still exist.
	Incomplete bool `json:"incomplete,omitempty"`
	// Inconsistency describes how the list of the current step contradicted itself in earlier attempts; zero if it did
	// not. Inconsistent is set if a list was stored although it contradicts itself. Incomplete is then set, too.
	Inconsistency Inconsistency `json:"inconsistency,omitzero"`
	Inconsistent  bool          `json:"inconsistent,omitempty"`
	// Widened is set if the scope of the pull was widened after the steps were planned. The next attempt plans again.
	Widened bool `json:"widened,omitempty"`
	// ChangeFailures is the number of attempts that have failed while they read the changes of the current step.
	ChangeFailures int `json:"changeFailures,omitempty"`
}

// Inconsistency describes how a list contradicts itself: it has other rows than the vendor counts, or has a row twice.
type Inconsistency struct {
	// Missing is the vendor's count minus the number of different rows. Shifted means that pages state different
	// counts.
	Missing int  `json:"missing,omitempty"`
	Shifted bool `json:"shifted,omitempty"`
	// Repeated is the number of rows that a list without a count has more than once. Another row may be missing in the
	// place of each of them.
	Repeated int `json:"repeated,omitempty"`
	// Attempts is the number of successive attempts that have ended because of this.
	Attempts int `json:"attempts"`
}

// MaxInconsistentAttempts is the number of attempts that end because a list contradicts itself in the same way. The
// next attempt stores such a list.
const MaxInconsistentAttempts = 2

// IsLasting reports whether enough attempts have ended because a list contradicted itself in the way of found.
func (i Inconsistency) IsLasting(found Inconsistency) bool {
	return i.Attempts >= MaxInconsistentAttempts && i.isLike(found)
}

// Again returns the inconsistency after one more attempt has ended because of found.
func (i Inconsistency) Again(found Inconsistency) Inconsistency {
	if found.Attempts = 1; i.isLike(found) {
		found.Attempts += i.Attempts
	}
	return found
}

func (i Inconsistency) isLike(other Inconsistency) bool {
	return i.Missing == other.Missing && i.Shifted == other.Shifted && i.Repeated == other.Repeated
}

// AtStart reports whether no page of any step has been read.
func (p Progress) AtStart() bool { return p.Step == 0 && p.Pages == 0 }

// Done reports whether every step has been read.
func (p Progress) Done() bool { return p.Planned && p.Step >= len(p.Steps) }

// Current returns the step to read next. It must not be called when Done returns true.
func (p Progress) Current() Step { return p.Steps[p.Step] }

// Count returns the progress after a page with this number of rows. total is the number of rows in the whole list, as
// the vendor reported it with that page; nil if it reported none.
func (p Progress) Count(rows int, total *int) Progress {
	p.Rows += rows
	switch {
	case total == nil:
	case p.Pages == 0:
		p.Total = total
	case p.Total != nil && *p.Total != *total:
		p.Shifted = true
	}
	return p
}

// InconsistencyOf returns how the list of the current step contradicts itself if it has the given number of rows. See
// Complete.
func (p Progress) InconsistencyOf(read int) Inconsistency {
	found := Inconsistency{Shifted: p.Shifted}
	if p.Total != nil {
		found.Missing = *p.Total - read
	}
	return found
}

// Complete reports whether the given number of rows equals the total that the vendor reported with every page of the
// current step. It returns true if the vendor reported no total.
func (p Progress) Complete(read int) bool {
	return !p.Shifted && (p.Total == nil || *p.Total == read)
}

// Advance returns the progress after one more page. nextCursor is the cursor of the next page; "" means that the step
// is finished.
func (p Progress) Advance(nextCursor string) Progress {
	p.Cursor, p.Pages = nextCursor, p.Pages+1
	if nextCursor == "" {
		p = p.Restart()
		p.Inconsistency, p.ChangeFailures = Inconsistency{}, 0
		p.Step++
	}
	return p
}

// Restart returns the progress at the start of the current step.
func (p Progress) Restart() Progress {
	p.Cursor, p.Pages, p.Rows, p.Total, p.Shifted = "", 0, 0, nil, false
	return p
}

// Lease is a worker's temporary ownership of a pull. ID is the fencing token: a store
// refuses a write under a lease that was replaced by a newer lease.
type Lease struct {
	ID    LeaseID
	Pull  PullID
	Until time.Time
	// Tenant is the tenant of the pull. It is zero while the pull is being claimed, because the tenant is known only
	// after the claim.
	Tenant TenantID
}

// Pull is one unit of work: it reads one connection's data from the vendor. At most one pull
// of a connection is under way (running, or waiting for its next attempt), and at most one
// more pull is queued after it.
type Pull struct {
	ID         PullID
	Tenant     TenantID
	Connection ConnectionID
	Vendor     Vendor
	Trigger    Trigger
	State      PullState
	Scope      PullScope
	Progress   Progress
	Counts     Counts
	Attempts   int
	LastError  Code      // "" when the last attempt succeeded
	NotBefore  time.Time // the earliest time of the next attempt; zero means as soon as possible
	Trace      string    // W3C traceparent of the request that queued the pull; "" if there was none
	CreatedAt  time.Time
	StartedAt  time.Time // when the pull was first claimed; zero before that
	FinishedAt time.Time // when the pull succeeded or failed; zero before that
	// ScheduledAt is set while an early attempt is due or running. It is the time at which the next attempt was due
	// before. An early attempt does not count in Attempts. See records.Wake.
	ScheduledAt time.Time
	// RetryAfterUntil is the earliest time at which the vendor permits the next attempt; zero if it stated none.
	RetryAfterUntil time.Time
}

// IsEarly reports whether the present attempt of the pull is an early one.
func (p Pull) IsEarly() bool { return !p.ScheduledAt.IsZero() }

// MaxAccountWait is how long pulls wait for an account that the vendor does not list yet. After this time, the pull
// fails. The time begins with the first attempt that waits for the account. A later pull that waits for the same
// account does not extend it.
const MaxAccountWait = 24 * time.Hour

// AwaitsAccount reports whether the pull only waits for an account that the vendor does not list yet. The pull has read
// everything else, and is queued for another attempt.
func (p Pull) AwaitsAccount() bool {
	return p.State == PullQueued && !p.StartedAt.IsZero() && p.LastError == AccountNotListed
}

// The values of RequestTimeout.
const (
	MinRequestTimeout = 8 * time.Second
	MaxRequestTimeout = time.Minute
)

// RequestTimeout returns how long one request to the vendor may take in an attempt of a pull: 8 s in the first two
// attempts, 20 s in the next two, and 60 s after that. A bank that is slow is not unreachable.
func RequestTimeout(attempt int) time.Duration {
	switch {
	case attempt <= 2:
		return MinRequestTimeout
	case attempt <= 4:
		return 20 * time.Second
	}
	return MaxRequestTimeout
}

// MaxBackoff is the longest wait between two attempts.
const MaxBackoff = time.Hour

// Backoff returns the wait before the next attempt. It is at most one hour.
//
//   - attempts is the number of attempts so far: 1 means that the first attempt has failed.
//   - jitter in [0,1) shortens the wait by up to a quarter. Pulls that failed together are therefore retried at
//     different times.
//   - retryAfter is the delay that the vendor requests. The wait is not shorter than retryAfter, except if retryAfter
//     is longer than one hour.
func Backoff(attempts int, jitter float64, retryAfter time.Duration) time.Duration {
	// The waits before the second to the sixth attempt. Together they are 25 s, so the sixth attempt starts within
	// 30 s.
	firstBackoffs := [...]time.Duration{
		time.Second, 2 * time.Second, 4 * time.Second, 7 * time.Second, 11 * time.Second,
	}
	var wait time.Duration
	if attempts <= len(firstBackoffs) {
		wait = firstBackoffs[max(attempts, 1)-1]
	} else {
		doublings := min(attempts-len(firstBackoffs), 8)
		wait = min(15*time.Second<<doublings, MaxBackoff)
	}
	wait -= time.Duration(jitter * float64(wait) / 4)
	return max(wait, min(retryAfter, MaxBackoff))
}

// Jitter returns a random number in [0,1) for Backoff, from one byte of entropy; 0 if the byte cannot be read.
func Jitter(entropy io.Reader) float64 {
	var b [1]byte
	if _, err := entropy.Read(b[:]); err != nil {
		return 0
	}
	return float64(b[0]) / 256
}

// MayHaveShown reports whether the pull may have returned the row although Shown does not contain it. This is the case
// if the step of a complete list covers the row, or if Shown is incomplete and any step covers the row.
func (p Progress) MayHaveShown(row TransactionData) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool {
		return (s.Sweep || p.ShownMore) && (s.Account == "" || s.Account == row.Account) && s.Window.Contains(row.Date)
	})
}

// maxShownBytes is the maximum size of the external ids in Progress.Shown. It is enough for 10,000 ids of 36 bytes.
const maxShownBytes = 400_000

// WithShown returns a copy of the progress. In the copy, Shown also contains the given external ids. The ids must
// belong to rows from steps that do not read a complete list. If the ids have more than maxShownBytes, Shown is empty
// and ShownMore is set: the pull then counts as one that may have returned every row of its steps.
func (p Progress) WithShown(externalIDs []string) Progress {
	size := 0
	for _, ids := range [][]string{p.Shown, externalIDs} {
		for _, id := range ids {
			size += len(id)
		}
	}
	if p.ShownMore = p.ShownMore || size > maxShownBytes; p.ShownMore {
		p.Shown = nil
		return p
	}
	p.Shown = slices.Concat(p.Shown, externalIDs)
	return p
}
