package application

import (
	"context"
	"hash/fnv"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Bounds of one step. A vendor pages by hundreds of rows, so maxPages is millions of
// rows; maxStale pages without a row that is new to the step mean that the cursor goes
// round in a circle.
const (
	maxPages = 10_000
	maxStale = 3
)

// step reads the current step to its end.
func (t *try) step(ctx context.Context) error {
	step := t.pull.Progress.Current()
	t.seen = sightings{}
	if step.Sweep {
		// What was seen before a crash is not known any more, and a sweep needs all of it.
		t.pull.Progress = t.pull.Progress.Restart()
	}
	for stale, ended := 0, false; !ended; {
		fresh, last, err := t.page(ctx, step)
		if err != nil {
			return err
		}
		if ended = last; ended {
			break
		}
		if stale++; fresh {
			stale = 0
		}
		if stale >= maxStale || t.pull.Progress.Pages >= maxPages {
			return t.circled(ctx)
		}
	}
	return nil
}

// circled gives the step up. The next try begins it anew, for its cursor leads nowhere.
func (t *try) circled(ctx context.Context) error {
	if err := t.store(ctx, ports.PageWrite{Progress: t.pull.Progress.Restart()}); err != nil {
		return err
	}
	return &domain.Error{Kind: domain.Unavailable, Code: domain.EndlessCursor}
}

// page reads and stores one page, and says whether it showed a row that is new to the
// step, and whether it was the step's last. The last page of a sweep moves on only
// together with the sweep's success: a crash between the two reads the step again.
func (t *try) page(ctx context.Context, step domain.Step) (fresh, last bool, err error) {
	batch, err := t.vendor.Read(ctx, t.access, step, t.accounts, t.pull.Progress.Cursor)
	if err != nil {
		return false, false, err
	}
	fresh = t.seen.add(batch.Transactions)
	last = batch.Next == ""
	next := t.pull.Progress.Advance(batch.Next)
	write := ports.PageWrite{Accounts: batch.Accounts, Transactions: batch.Transactions, Progress: next}
	if last && step.Sweep {
		write.Progress = t.pull.Progress
	}
	if err := t.store(ctx, write); err != nil {
		return false, false, err
	}
	if last && step.Sweep {
		err = t.sweep(ctx, step, next)
	}
	return fresh, last, err
}

// sweep marks what a complete read did not show. It holds back unless the vendor says,
// before and after the read, that its own synchronisation is whole and the same one: an
// absence in the middle of one proves nothing.
func (t *try) sweep(ctx context.Context, step domain.Step, next domain.Progress) error {
	settled := t.standing.Settled
	if settled {
		after, err := t.vendor.Check(ctx, t.access)
		if err != nil {
			return err
		}
		settled = after == t.standing
	}
	if settled {
		w := ports.SweepWrite{Account: step.Account, Window: step.Window, Seen: t.seen.has}
		w.At, w.Until = t.now()
		counts, err := t.Pulls.Sweep(ctx, t.lease, w)
		if err != nil {
			return err
		}
		t.counts = t.counts.Plus(counts)
	}
	return t.store(ctx, ports.PageWrite{Progress: next})
}

// sightings remembers external ids by a 64-bit hash, so that a million rows take some
// tens of megabytes. A collision can only hide a removal until the next sweep.
type sightings map[uint64]struct{}

func (s sightings) add(rows []domain.Observation) (fresh bool) {
	for _, row := range rows {
		key := hashOf(row.ExternalID)
		if _, known := s[key]; !known {
			s[key], fresh = struct{}{}, true
		}
	}
	return fresh
}

func (s sightings) has(externalID string) bool {
	_, known := s[hashOf(externalID)]
	return known
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}
