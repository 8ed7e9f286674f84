package domain

import "time"

// PullState is how far a pull has come.
type PullState string

// The states. A pull that waits for its next try is Queued again.
const (
	PullQueued    PullState = "queued"
	PullRunning   PullState = "running"
	PullSucceeded PullState = "succeeded"
	PullFailed    PullState = "failed"
)

// Trigger is who asked for a pull first.
type Trigger string

// The triggers.
const (
	TriggerWebhook   Trigger = "webhook"
	TriggerOperator  Trigger = "manual"
	TriggerReconcile Trigger = "reconcile"
	TriggerReplay    Trigger = "replay"
)

// MaxAttempts is how often a pull is tried before it is given up.
const MaxAttempts = 25

// Counts says what a pull saw and did, in rows.
type Counts struct {
	Accounts  int `json:"accounts"`
	Read      int `json:"read"`
	Added     int `json:"added"`
	Modified  int `json:"modified"`
	Removed   int `json:"removed"`
	Unchanged int `json:"unchanged"`
}

// Plus adds two counts; Accounts is a level and takes the larger.
func (c Counts) Plus(d Counts) Counts {
	return Counts{
		Accounts: max(c.Accounts, d.Accounts), Read: c.Read + d.Read, Added: c.Added + d.Added,
		Modified: c.Modified + d.Modified, Removed: c.Removed + d.Removed, Unchanged: c.Unchanged + d.Unchanged,
	}
}

// Step is one list to be read at the vendor, page by page.
type Step struct {
	Account     string    `json:"account,omitempty"` // external id; "" reads the whole reference
	Window      Window    `json:"window,omitzero"`
	CreatedFrom time.Time `json:"createdFrom,omitzero"`
	IDs         []string  `json:"ids,omitempty"`
	// Sweep: the list is complete for its account and window, so that a stored row it
	// does not show has been removed at the vendor.
	Sweep bool `json:"sweep,omitempty"`
}

// Progress is where a pull goes on after a crash. Steps are fixed when the pull first
// reads; Step counts those done; Cursor is the adapter's own, "" at a step's begin.
type Progress struct {
	Planned bool `json:"planned"`
	// Reference is where the connection pointed when the steps were planned.
	Target string `json:"reference,omitempty"`
	Steps  []Step `json:"steps,omitempty"`
	Step   int    `json:"step"`
	Cursor string `json:"cursor,omitempty"`
	Pages  int    `json:"pages"` // of the current step; bounds a cursor that never ends
}

// Done says whether every step has been read.
func (p Progress) Done() bool { return p.Planned && p.Step >= len(p.Steps) }

// Current is the step to read next; not to be called when Done.
func (p Progress) Current() Step { return p.Steps[p.Step] }

// Advance moves past a page: to cursor next, or to the next step where next is "".
func (p Progress) Advance(next string) Progress {
	p.Cursor, p.Pages = next, p.Pages+1
	if next == "" {
		p.Step, p.Pages = p.Step+1, 0
	}
	return p
}

// Restart goes back to the begin of the current step.
func (p Progress) Restart() Progress {
	p.Cursor, p.Pages = "", 0
	return p
}

// Lease is a worker's hold on a pull. Its id fences: a store refuses the writes of a
// lease that another has replaced.
type Lease struct {
	ID    LeaseID
	Pull  PullID
	Until time.Time
}

// Pull is one piece of work at a vendor, for one connection. At most one pull of a
// connection is under way (running, or waiting for its next try) and at most one
// more is queued behind it.
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
	LastError  Code      // "" when the last try had none
	NotBefore  time.Time // zero: as soon as possible
	Trace      string    // W3C traceparent of the request that queued it; "" without one
	CreatedAt  time.Time
	StartedAt  time.Time // zero until first claimed
	FinishedAt time.Time // zero until succeeded or failed
}

// firstTries are the waits before the second to sixth try: together within 30 s.
var firstTries = [...]time.Duration{
	time.Second, 2 * time.Second, 4 * time.Second, 7 * time.Second, 11 * time.Second,
}

// maxBackoff is the longest wait between two tries.
const maxBackoff = time.Hour

// Backoff is the wait after the given number of tries (1 = the first has failed).
// jitter in [0,1) takes up to a quarter off, so that pulls which failed together do
// not return together. A vendor's wish for a longer wait wins.
func Backoff(attempts int, jitter float64, wish time.Duration) time.Duration {
	wait := maxBackoff
	if attempts <= len(firstTries) {
		wait = firstTries[max(attempts, 1)-1]
	} else if shift := attempts - len(firstTries); shift < 8 {
		wait = min(maxBackoff, 15*time.Second<<shift)
	}
	wait -= time.Duration(jitter * float64(wait) / 4)
	return max(wait, min(wish, maxBackoff))
}
