package pluggy

import (
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The vendor retains twelve months. A sweep begins a week after that, so that a row that
// expires at the vendor while it is read is never mistaken for one that was removed.
const (
	historyDays = 365
	marginDays  = 7
)

// horizon returns the first date from which on the vendor's list is complete.
func horizon(today domain.Date) domain.Date { return today.AddDays(marginDays - historyDays) }

// Plan returns the steps of a pull: first, for each account, a read of the scope's window or
// a sweep of everything, then the lists of new rows, then those of rows by id. An account
// that is not in accounts has no step, because it no longer belongs to the item.
func (*Adapter) Plan(scope domain.PullScope, accounts []domain.AccountData, today domain.Date) []domain.Step {
	var steps []domain.Step
	listed := make(map[string]bool, len(accounts))
	for _, account := range accounts {
		listed[account.ExternalID] = true
		if step, ok := fullRead(scope, account.ExternalID, today); ok {
			steps = append(steps, step)
		}
	}
	if scope.Everything {
		return steps
	}
	for _, id := range slices.Sorted(maps.Keys(scope.Created)) {
		if listed[id] {
			steps = append(steps, domain.Step{Account: id, CreatedFrom: scope.Created[id]})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(scope.Changed)) {
		if listed[id] && len(scope.Changed[id]) > 0 {
			steps = append(steps, domain.Step{Account: id, IDs: scope.Changed[id]})
		}
	}
	return steps
}

// fullRead returns a step that reads the window of an account, or sweeps all of it. Rows
// before the horizon are read if the vendor still lists them, but a missing one proves
// nothing. Nor does a row missing from a window: it may have moved to another date.
func fullRead(scope domain.PullScope, account string, today domain.Date) (domain.Step, bool) {
	switch {
	case scope.Everything:
		return domain.Step{Account: account, Window: domain.Window{From: horizon(today)}, Sweep: true}, true
	case scope.Window != nil:
		return domain.Step{Account: account, Window: *scope.Window}, true
	}
	return domain.Step{}, false
}
