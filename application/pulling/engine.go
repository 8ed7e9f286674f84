// Package pulling runs pulls: it reads the pages of a vendor and stores the rows that changed.
//
//   - RunPull (run.go) claims a pull under a lease, makes one attempt at it, and records the outcome.
//   - The attempt (attempt.go) checks the account reference, plans the steps, and reads and stores the pages of each
//     step.
//   - The pager (pager.go) prefetches the pages of a step.
//   - The differ (differ.go) finds the rows of a page that changed.
//   - An account reference that replaces another one is read to its end before its rows become visible (relink.go).
package pulling

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

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

	Workers               int                // number of workers of the job queue; 0 means 32
	Memory                ports.MemoryBudget // bounds the pages that pulls hold; nil means no bound
	KeepReplacementsApart bool               // each new row becomes a separate transaction
}

// Engine implements ports.Worker.
type Engine struct {
	Deps

	load *pullLoad // limits the running pulls
	// unreserved contains an element while a comparison of rows is made for which there is no memory.
	unreserved chan struct{}
}

// New returns an Engine.
func New(d Deps) *Engine {
	return &Engine{Deps: d, load: newPullLoad(d.Workers), unreserved: make(chan struct{}, 1)}
}
