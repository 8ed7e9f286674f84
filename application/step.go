package application

import (
	"context"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// step reads the current step to its end, and stores each page while the next are read.
func (t *try) step(ctx context.Context) error {
	step := t.pull.Progress.Current()
	if step.Sweep {
		// What was seen before a crash is not known any more, and a sweep needs all of it.
		t.pull.Progress = t.pull.Progress.Restart()
	}
	r := &reader{try: t, step: step, at: t.pull.Progress, looked: func() {}}
	for read, err := range r.pages(ctx) {
		if errors.Is(err, domain.EndlessCursor) {
			return t.circled(ctx, err)
		}
		if err != nil {
			return t.failed(ctx, err)
		}
		if err := t.keep(ctx, step, read); err != nil {
			return err
		}
		r.stored.Add(int64(read.pages))
	}
	if step.Sweep {
		return t.sweep(ctx, step, r)
	}
	return nil
}

// circled gives the step up. The next try begins it anew, for its cursor leads nowhere.
func (t *try) circled(ctx context.Context, failure error) error {
	if err := t.store(ctx, ports.PageWrite{Progress: t.pull.Progress.Restart()}); err != nil {
		return err
	}
	return failure
}

// failed keeps what was read before the failure.
func (t *try) failed(ctx context.Context, failure error) error {
	if t.passed.pages == 0 {
		return failure
	}
	if err := t.store(ctx, ports.PageWrite{Progress: t.passed.progress}); err != nil {
		return err
	}
	return failure
}

// passed are pages that brought nothing since the last write: all that they change is where
// the pull goes on, and that is written with what comes next.
type passed struct {
	pages, rows int
	progress    domain.Progress
}

// unwritten is how long the pull's row may stay behind pages that bring nothing. It is as
// much as may be read twice after a crash, and short beside what a lease has left.
const unwritten = time.Second

// pass says whether the page needs no write of its own.
func (t *try) pass(read page) bool {
	since := t.Clock.Now().Sub(t.written) // below zero once the clock was set back
	if len(read.rows)+len(read.accounts) > 0 || read.last || since < 0 || since >= unwritten {
		return false
	}
	t.passed = passed{t.passed.pages + read.pages, t.passed.rows + read.unchanged, read.progress}
	return true
}

// keep stores a page. The last page of a sweep moves on only together with the sweep's
// success: a crash between the two reads the step again.
func (t *try) keep(ctx context.Context, step domain.Step, read page) error {
	if t.pass(read) {
		return nil
	}
	write := ports.PageWrite{
		Accounts: read.accounts, Transactions: read.rows, AssumeNew: read.fresh, Unchanged: read.unchanged, Progress: read.progress,
	}
	if read.last && step.Sweep {
		write.Progress = t.pull.Progress
	}
	return t.store(ctx, write)
}

// sweep marks what a complete read did not show, and moves on. It holds back unless the
// vendor says, before and after the read, that its own synchronisation is whole and the
// same one: an absence in the middle of one proves nothing.
func (t *try) sweep(ctx context.Context, step domain.Step, r *reader) error {
	settled := t.standing.SyncComplete
	if settled {
		after, err := t.vendor.Check(ctx, t.access)
		if err != nil {
			return err
		}
		settled = after == t.standing
	}
	if settled {
		r.seen.sort()
		w := ports.SweepWrite{Account: step.Account, Window: step.Window, Seen: r.seen.has}
		w.At, w.Until = t.now()
		counts, err := t.Pulls.Sweep(ctx, t.lease, w)
		if err != nil {
			return err
		}
		t.counts = t.counts.Plus(counts)
	}
	return t.store(ctx, ports.PageWrite{Progress: r.at})
}
