package pulling

import (
	"context"
	"errors"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxBatchRemovals is the maximum number of removals that are stored with one write.
const maxBatchRemovals = 10 * maxBatchRows

// markRemoved stores the removals that the vendor announced, and removes these rows from the quarantine. The store
// holds back removals that together are a mass removal. If several writes are necessary, all removals are therefore
// announced to the store before the first row is removed.
func (a *attempt) markRemoved(ctx context.Context) error {
	if a.pull.Scope.MoreRemoved || len(a.pull.Scope.Removed) > maxBatchRemovals {
		if err := a.eachAnnounced(ctx, a.announceRemovals); err != nil {
			return err
		}
	}
	return a.eachAnnounced(ctx, a.storeRemovals)
}

// eachAnnounced calls fn with the external ids of all rows that the scope or a delivery of the pull announces as
// removed. It may call fn several times, each time with a part of the ids.
func (a *attempt) eachAnnounced(ctx context.Context, fn func(context.Context, []string) error) error {
	if err := fn(ctx, a.pull.Scope.Removed); err != nil || !a.pull.Scope.MoreRemoved {
		return err
	}
	return a.Pulls.VisitAnnouncedRemovals(ctx, a.lease, func(externalIDs []string) error {
		if len(externalIDs) == 0 && a.Clock.Now().Sub(a.lastWrite) >= progressFlushInterval {
			return a.writePage(ctx, ports.PageWrite{Progress: a.pull.Progress}) // extends the lease
		}
		return fn(ctx, externalIDs)
	})
}

// announceRemovals stores removals that storeRemovals applies later.
func (a *attempt) announceRemovals(ctx context.Context, externalIDs []string) error {
	for ids := range slices.Chunk(externalIDs, maxBatchRemovals) {
		if err := a.writePage(ctx, ports.PageWrite{Announced: ids, Progress: a.pull.Progress}); err != nil {
			return err
		}
	}
	return nil
}

// storeRemovals marks rows as removed, except those that the store holds back.
func (a *attempt) storeRemovals(ctx context.Context, externalIDs []string) error {
	for ids := range slices.Chunk(externalIDs, maxBatchRemovals) {
		var changes quarantineChanges
		for _, id := range ids {
			changes.release(a.quarantine, domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: id})
		}
		w := ports.PageWrite{Removed: ids, Released: changes.released, Progress: a.pull.Progress}
		if err := a.writePage(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// storeChanges stores the end of a step that reads what has changed since a stream position: the rows of the last
// batch, together with the removals. A removed row and the new row that replaces it thus become one change. If there
// are too many removals for one write, storeChanges stores the excess in earlier writes.
//
// If the pull reads everything, a later step decides about removals that are held back. Otherwise storeChanges
// requests a pull of everything.
func (a *attempt) storeChanges(ctx context.Context, changes *differ, lastBatch batch) error {
	removed := changes.removedInStep()
	last := removed
	if first := len(removed) - maxBatchRemovals; first > 0 {
		if err := a.announceRemovals(ctx, removed); err != nil {
			return err
		}
		if err := a.storeRemovals(ctx, removed[:first]); err != nil {
			return err
		}
		last = removed[first:]
	}
	for _, id := range last {
		lastBatch.quarantine.release(a.quarantine, domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: id})
	}
	w := lastBatch.write()
	w.Removed = last
	if err := a.writePage(ctx, w); err != nil || a.pull.Scope.Everything {
		return err
	}
	return a.confirmHeld(ctx, removed)
}

// noteRemoved sets a.removed to the rows that are already marked as removed. If removals of the pull are held back,
// the attempt reads everything, because only a complete listing shows whether the vendor still has the rows.
func (a *attempt) noteRemoved(ctx context.Context) error {
	announced := slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.removed, a.pull.Scope.Removed))))
	if a.removed = announced; len(announced) == 0 {
		return nil
	}
	held, err := a.Pulls.FilterHeld(ctx, a.lease, announced)
	if err != nil || len(held) == 0 {
		return err
	}
	isHeld := func(id string) bool {
		_, found := slices.BinarySearch(held, id)
		return found
	}
	a.removed = slices.DeleteFunc(announced, isHeld)
	if slices.ContainsFunc(a.pull.Scope.Removed, isHeld) {
		a.pull.Scope = a.pull.Scope.Merge(domain.PullScope{Everything: true})
	}
	return nil
}

// confirmHeld requests a complete pull if the removal of one of these rows is held back. This attempt itself cannot
// show whether the vendor still has the rows, because it has already read its pages.
func (a *attempt) confirmHeld(ctx context.Context, externalIDs []string) error {
	if len(externalIDs) == 0 {
		return nil
	}
	held, err := a.Pulls.FilterHeld(ctx, a.lease, externalIDs)
	if err != nil || len(held) == 0 {
		return err
	}
	_, err = a.Pulls.Request(ctx, a.connection.Tenant, a.connection.ID, ports.PullRequest{
		ID: domain.PullID{UUID: a.IDs.New()}, Scope: domain.PullScope{Everything: true}, Trigger: a.pull.Trigger,
		At: a.Clock.Now(), Trace: a.pull.Trace,
	}, nil)
	if errors.Is(err, domain.NotFound) || errors.Is(err, domain.ConnectionPaused) {
		return nil // the next complete pull decides about the rows
	}
	return err
}
