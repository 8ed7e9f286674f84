// Package pulling runs pulls: it reads the pages of a vendor and stores the rows that changed. In the order of the
// calls:
//
//   - RunPull (run.go) claims a pull under a lease.
//   - An attempt (attempt.go) names its phases. It has four parts: the claim is what the store handed out, the journal
//     knows the progress and makes all writes, and the link and the stepReader follow.
//   - The link (link.go) stores announced removals, and then reads the status of the account reference, its consent
//     (consent.go) and its accounts (listing.go).
//   - The stepReader (steps.go) plans the steps (plan.go), and reads and stores the pages of each of them.
//   - The pager (pager.go) requests the pages in the background (vendor_request.go), remembers their ids
//     (step_rows.go), and lets the differ (differ.go) find the changed rows and those to quarantine (quarantine.go).
//   - Changed rows that may replace removed rows are withheld until the step ends (held_rows.go).
//   - The journal (journal.go) stores each batch.
//   - At the end of a step, missing rows are marked as removed. What a listing proves is in ground.go.
//   - After all steps, the rows of a new account reference become visible (publish.go), and missing rows and accounts
//     are removed (missing.go).
//   - The bills of cards are read (bills.go).
//   - The outcome is recorded (finish.go).
package pulling

import (
	"context"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Environment is what an Engine needs of the process. All members are required unless stated otherwise.
type Environment struct {
	Clock    ports.Clock
	Sleeper  ports.Sleeper
	IDs      ports.IDs
	Entropy  ports.Entropy
	Observer ports.Observer
	Tracer   ports.Tracer

	// Go starts fn concurrently. It returns a function that waits until fn has ended. The returned function panics if
	// fn has panicked. It can be called more than once.
	Go func(fn func()) (wait func())

	// Every calls fn at each interval, never twice at a time. It returns a function that ends the calls, and waits for
	// the last one. If Every is nil, the lease of a pull is not extended while it waits for a slow vendor.
	Every func(interval time.Duration, fn func()) (stop func())
}

// Deps holds everything that an Engine needs. All members are required unless stated otherwise.
type Deps struct {
	Pulls       ports.Pulls
	Connections ports.Connections
	Aggregators map[domain.Vendor]ports.Aggregator

	// OpenCredential returns the credential of a connection for a call to its vendor. Errors: Rejected
	// (address_not_allowed) and Unavailable (credential_unopened).
	OpenCredential func(context.Context, domain.Connection) (domain.Credential, error)

	// Coverage and DriftGrace are stored with the outcome of a pull; see records.Outcome.
	Coverage   domain.Coverage
	DriftGrace time.Duration

	// Changed is called after each write that may have changed records.
	Changed func()

	Environment

	Workers               int                // number of workers of the job queue; 0 means 32
	Memory                ports.MemoryBudget // bounds the pages that pulls hold; nil means no bound
	KeepReplacementsApart bool               // each new row becomes a separate transaction
}

// Engine implements ports.Worker.
type Engine struct {
	Deps

	load *pullLoad // limits the running pulls
	// blocked contains the queued pulls that this process has found to wait for a pull that waits for its next attempt:
	// values of type domain.PullID. A job of this process handles each of them again after a few seconds.
	blocked sync.Map
	// unreserved contains an element while a comparison of rows is made for which there is no memory.
	unreserved chan struct{}
	// comparisons limits how many comparisons of many rows are made at the same time; see comparisonLimit.
	comparisons *concurrency.Shares
}

// New returns an Engine.
func New(d Deps) *Engine {
	return &Engine{
		Deps: d, load: newPullLoad(d.Workers), unreserved: make(chan struct{}, 1),
		comparisons: concurrency.NewShares(comparisonLimit(), ""),
	}
}
