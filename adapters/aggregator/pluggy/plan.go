package pluggy

import (
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The vendor keeps twelve months of transactions. A sweep (a read of a whole account, which also detects removed rows)
// starts a week after the beginning of these twelve months. Otherwise a row that the vendor drops because of its age,
// while the list is read, could be mistaken for a removed row.
const (
	historyDays = 365
	marginDays  = 7
)

// horizon returns the earliest date for which the vendor's list is certainly complete.
func horizon(today domain.Date) domain.Date { return today.AddDays(marginDays - historyDays) }

// Plan returns the steps of a pull. For each account, the first steps read the scope's window, or the whole account in
// a sweep. The next steps read the lists of new rows, and the last steps read the rows that the scope requests by id.
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
// second result reports whether the scope needs such a step. Only a sweep infers removals, and only for rows dated on
// or after the horizon. A row that is missing from a window may have moved to another date, so the read of a window
// infers no removal.
func fullRead(scope domain.PullScope, account string, today domain.Date) (domain.Step, bool) {
	switch {
	case scope.Everything:
		return domain.Step{Account: account, Window: domain.Window{From: horizon(today)}, Sweep: true}, true
	case scope.Window != nil:
		return domain.Step{Account: account, Window: *scope.Window}, true
	}
	return domain.Step{}, false
}
