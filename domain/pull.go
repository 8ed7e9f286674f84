package domain

import "time"

// PullState is the progress of a pull.
type PullState string

// The states. A pull that waits for its next attempt is Queued again.
const (
	PullQueued    PullState = "queued"
	PullRunning   PullState = "running"
	PullSucceeded PullState = "succeeded"
	PullFailed    PullState = "failed"
)

// Trigger is what first caused a pull.
type Trigger string

// The triggers.
const (
	TriggerWebhook   Trigger = "webhook"
	TriggerOperator  Trigger = "manual"
	TriggerReconcile Trigger = "reconcile"
	TriggerReplay    Trigger = "replay"
)

// MaxAttempts is the number of attempts after which a pull is given up.
const MaxAttempts = 25

// Counts is what a pull read and did, in rows.
type Counts struct {
	Accounts  int `json:"accounts"`
	Read      int `json:"read"`
	Added     int `json:"added"`
	Modified  int `json:"modified"`
	Removed   int `json:"removed"`
	Unchanged int `json:"unchanged"`
}

// Plus returns the sum of two counts. Accounts is a level, so the larger one is taken.
func (c Counts) Plus(d Counts) Counts {
	return Counts{
		Accounts: max(c.Accounts, d.Accounts), Read: c.Read + d.Read, Added: c.Added + d.Added,
		Modified: c.Modified + d.Modified, Removed: c.Removed + d.Removed, Unchanged: c.Unchanged + d.Unchanged,
	}
}

// Step is one list to read at the vendor, page by page.
type Step struct {
	Account     string    `json:"account,omitempty"` // external id; "" reads all accounts of the reference
	Window      Window    `json:"window,omitzero"`
	CreatedFrom time.Time `json:"createdFrom,omitzero"`
	IDs         []string  `json:"ids,omitempty"`
	// Sweep means that the list is complete for its account and window: a stored row that
	// the list does not contain has been removed at the vendor.
	Sweep bool `json:"sweep,omitempty"`
}

// Progress is where a pull continues after a crash. Steps are fixed when the pull first
// reads. Step counts the steps done. Cursor belongs to the vendor's adapter and is "" at
// the start of a step.
type Progress struct {
	Planned bool `json:"planned"`
	// Target is the connection's target at the time when the steps were planned.
	Target string `json:"reference,omitempty"`
	Steps  []Step `json:"steps,omitempty"`
	Step   int    `json:"step"`
	Cursor string `json:"cursor,omitempty"`
	Pages  int    `json:"pages"` // of the current step; the bound against endless pagination
}

// Done reports whether every step has been read.
func (p Progress) Done() bool { return p.Planned && p.Step >= len(p.Steps) }

// Current returns the step to read next. It must not be called when Done.
func (p Progress) Current() Step { return p.Steps[p.Step] }

// Advance returns the progress after a page: at cursor next, or at the next step if next
// is "".
func (p Progress) Advance(next string) Progress {
	p.Cursor, p.Pages = next, p.Pages+1
	if next == "" {
		p.Step, p.Pages = p.Step+1, 0
	}
	return p
}

// Restart returns the progress at the start of the current step.
func (p Progress) Restart() Progress {
	p.Cursor, p.Pages = "", 0
	return p
}

// Lease is a worker's temporary ownership of a pull. ID is the fencing token: a store
// refuses writes under a lease that another one has replaced.
type Lease struct {
	ID    LeaseID
	Pull  PullID
	Until time.Time
}

// Pull is one unit of work at a vendor, for one connection. At most one pull of a
// connection is under way (running, or waiting for its next attempt), and at most one
// more is queued after it.
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
	NotBefore  time.Time // zero: as soon as possible
	Trace      string    // W3C traceparent of the request that queued it; "" if there was none
	CreatedAt  time.Time
	StartedAt  time.Time // zero until first claimed
	FinishedAt time.Time // zero until succeeded or failed
}

// firstBackoffs are the waits before the second to the sixth attempt: together 25 s, so
// within 30 s.
var firstBackoffs = [...]time.Duration{
	time.Second, 2 * time.Second, 4 * time.Second, 7 * time.Second, 11 * time.Second,
}

// maxBackoff is the longest wait between two attempts.
const maxBackoff = time.Hour

// Backoff returns the wait after the given number of attempts (1 means the first has
// failed). jitter in [0,1) shortens it by up to a quarter, so pulls that failed together
// do not retry together. If retryAfter, the wait the vendor asks for, is longer, it wins,
// up to an hour.
func Backoff(attempts int, jitter float64, retryAfter time.Duration) time.Duration {
	wait := maxBackoff
	if attempts <= len(firstBackoffs) {
		wait = firstBackoffs[max(attempts, 1)-1]
	} else if shift := attempts - len(firstBackoffs); shift < 8 {
		wait = min(maxBackoff, 15*time.Second<<shift)
	}
	wait -= time.Duration(jitter * float64(wait) / 4)
	return max(wait, min(retryAfter, maxBackoff))
}
