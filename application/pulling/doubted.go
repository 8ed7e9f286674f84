package pulling

import (
	"context"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// noteDoubted remembers which doubted rows the step has returned. A doubted row was announced as removed, but not
// through the connection's own webhook (see domain.PullScope.Doubted). It must be called after all pages of the step
// were read. shown reports whether the step has returned the row with an external id.
func (a *attempt) noteDoubted(shown func(externalID string) bool) {
	for _, ids := range a.pull.Scope.Doubted {
		for _, id := range ids {
			if shown(id) {
				if a.shownDoubted == nil {
					a.shownDoubted = map[string]bool{}
				}
				a.shownDoubted[id] = true
			}
		}
	}
}

// removeDoubted removes the doubted rows that the vendor no longer returns. It must be called after all steps were
// read. It removes nothing if the steps do not prove that a row is gone. A later complete listing then finds the
// removal.
func (a *attempt) removeDoubted(ctx context.Context) error {
	if len(a.pull.Scope.Doubted) == 0 || a.relink.staged || !a.readsDoubted() {
		return nil
	}
	var gone []string
	for account, ids := range a.pull.Scope.Doubted {
		if account != "" && !slices.Contains(a.listed, account) {
			continue // nothing was read of the account
		}
		for _, id := range ids {
			if !a.shownDoubted[id] && !slices.Contains(a.shown.Shown, id) {
				gone = append(gone, id)
			}
		}
	}
	slices.Sort(gone)
	gone = slices.Compact(gone)
	if err := a.storeRemovals(ctx, gone); err != nil {
		return err
	}
	return a.confirmHeld(ctx, gone)
}

// readsDoubted reports whether the pull would have read the doubted rows if the vendor still had them. This is true
// in two cases:
//
//   - The pull has read the rows by id, and the ids of the returned rows are known from all attempts: ShownMore is
//     not set.
//   - The pull reads everything without a window of dates, in its first attempt. With a window, it would miss older
//     rows.
func (a *attempt) readsDoubted() bool {
	if !a.initial && !a.pull.Scope.Everything {
		return !a.shown.ShownMore
	}
	return !a.resumed && !slices.ContainsFunc(a.pull.Progress.Steps, func(s domain.Step) bool {
		return s.Window != domain.Window{}
	})
}
