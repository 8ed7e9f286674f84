package application

import (
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// try is one attempt at a pull, under one lease.
type try struct {
	*Service

	lease      domain.Lease
	pull       domain.Pull
	connection domain.Connection
	first      bool
	bare       bool // nothing was stored when the try began

	access   ports.Access
	vendor   ports.Aggregator
	standing domain.LinkStatus
	accounts []domain.AccountData
	counts   domain.Counts
	written  time.Time // when the pull's row was
	passed   passed
}

func (t *try) run(ctx context.Context) error {
	credential, err := t.open(ctx, t.connection)
	if err != nil {
		return err
	}
	t.vendor, t.access = t.aggregators[t.connection.Vendor], accessOf(t.connection, credential)
	if t.vendor == nil { // wired when the connection was made, and no more
		return &domain.Error{Kind: domain.Rejected, Code: domain.TypeUnknown}
	}
	if err := t.survey(ctx); err != nil {
		return err
	}
	t.plan()
	for !t.pull.Progress.Done() {
		if err := t.step(ctx); err != nil {
			return err
		}
	}
	return t.remove(ctx)
}

// survey asks how the reference stands and stores its accounts.
func (t *try) survey(ctx context.Context) (err error) {
	if t.standing, err = t.vendor.Check(ctx, t.access); err != nil {
		return err
	}
	if err = t.extend(ctx); err != nil {
		return err
	}
	if t.accounts, err = t.vendor.Accounts(ctx, t.access); err != nil {
		return err
	}
	return t.store(ctx, ports.PageWrite{Accounts: t.accounts, Progress: t.pull.Progress})
}

// plan fixes the steps once; a later try goes on with them, unless the connection points
// elsewhere by then. One that never had a pull succeed where it points reads everything,
// whatever was asked: an event tells only what is new.
func (t *try) plan() {
	reference := t.connection.Target()
	if t.pull.Progress.Planned && t.pull.Progress.Target == reference {
		return
	}
	ask := t.pull.Scope
	if t.first {
		ask = ask.Merge(domain.PullScope{Everything: true})
	}
	today := domain.DateOf(t.Clock.Now())
	t.pull.Progress = domain.Progress{Planned: true, Target: reference, Steps: t.vendor.Plan(ask, t.accounts, today)}
}

// remove comes last: the vendor said that the rows are gone, and a page read before it
// said so may still have shown them.
func (t *try) remove(ctx context.Context) error {
	for some := range slices.Chunk(t.pull.Scope.Removed, maxTogether) {
		if err := t.store(ctx, ports.PageWrite{Removed: some, Progress: t.pull.Progress}); err != nil {
			return err
		}
	}
	return nil
}

// extend keeps the lease without storing anything new.
func (t *try) extend(ctx context.Context) error {
	return t.store(ctx, ports.PageWrite{Progress: t.pull.Progress})
}

// store writes a page and the progress with it, and counts the pages that were passed.
func (t *try) store(ctx context.Context, w ports.PageWrite) error {
	w.At, w.Until = t.now()
	w.Unchanged += t.passed.rows
	w.NewID = func() domain.TransactionID { return domain.TransactionID{UUID: t.IDs.New()} }
	counts, err := t.Pulls.StorePage(ctx, t.lease, w)
	if err != nil {
		return err
	}
	t.pull.Progress, t.counts = w.Progress, t.counts.Plus(counts)
	t.written, t.passed = w.At, passed{}
	return nil
}

func (t *try) now() (at, until time.Time) {
	at = t.Clock.Now()
	return at, at.Add(leaseTime)
}
