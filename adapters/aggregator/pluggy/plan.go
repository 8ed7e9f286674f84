package pluggy

import (
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The vendor keeps twelve months. A sweep begins a week inside that, so that a row which
// aged out at the vendor while we read is never taken for one that was removed.
const (
	historyDays = 365
	marginDays  = 7
)

// horizon is the first date of which a complete list may be expected.
func horizon(today domain.Date) domain.Date { return today.AddDays(marginDays - historyDays) }

// Plan gives, account by account, a read of the asked window or a sweep of everything, then
// the lists of new rows, then those of rows by name. An account that is not among the
// given ones has no step: it is not the item's any more.
func (*Adapter) Plan(ask domain.PullScope, accounts []domain.AccountData, today domain.Date) []domain.Step {
	var steps []domain.Step
	listed := make(map[string]bool, len(accounts))
	for _, account := range accounts {
		listed[account.ExternalID] = true
		if step, wanted := whole(ask, account.ExternalID, today); wanted {
			steps = append(steps, step)
		}
	}
	if ask.Everything {
		return steps
	}
	for _, id := range slices.Sorted(maps.Keys(ask.Created)) {
		if listed[id] {
			steps = append(steps, domain.Step{Account: id, CreatedFrom: ask.Created[id]})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ask.Changed)) {
		if listed[id] && len(ask.Changed[id]) > 0 {
			steps = append(steps, domain.Step{Account: id, IDs: ask.Changed[id]})
		}
	}
	return steps
}

// whole reads an account's window, or sweeps all of it. What lies before the horizon is
// read as well as the vendor still shows it, but nothing is concluded from what it does
// not. Nor from what a window does not show: a row may have been moved to another date.
func whole(ask domain.PullScope, account string, today domain.Date) (domain.Step, bool) {
	switch {
	case ask.Everything:
		return domain.Step{Account: account, Window: domain.Window{From: horizon(today)}, Sweep: true}, true
	case ask.Window != nil:
		return domain.Step{Account: account, Window: *ask.Window}, true
	}
	return domain.Step{}, false
}
