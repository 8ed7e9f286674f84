package pluggy

import (
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The vendor keeps twelve months of transactions. A sweep is a read of a whole account that also detects removed rows.
// A sweep does not read the oldest week. The vendor could delete a row of that week during the read, only because the
// row is too old.
const (
	historyDays = 365
	marginDays  = 7
)

// horizon returns the earliest date for which the vendor's list is certainly complete.
func horizon(today domain.Date) domain.Date { return today.AddDays(marginDays - historyDays) }

// Plan returns the steps of a pull, in this order:
//
//   - for each account, the read of the scope's window or of the whole account
//   - the lists of new rows
//   - the rows that the scope requests by id
//
// If the scope requests everything, there are only steps that read a whole account.
//
// An account of the scope that is missing from accounts gets no step, because it does not belong to the item any more.
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

// fullRead returns the step that reads an account, either completely (a sweep) or only within the scope's window. The
// second result reports whether the scope needs such a step.
//
// A sweep finds removed rows that are dated on or after the horizon. The read of a window finds no removed rows. A row
// that is missing from the window may only have a new date.
func fullRead(scope domain.PullScope, account string, today domain.Date) (domain.Step, bool) {
	switch {
	case scope.Everything:
		return domain.Step{Account: account, Window: domain.Window{From: horizon(today)}, Sweep: true}, true
	case scope.Window != nil:
		return domain.Step{Account: account, Window: *scope.Window}, true
	}
	return domain.Step{}, false
}
