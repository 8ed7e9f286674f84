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

// Plan gives, account by account, one sweep of the asked window (or of everything), then
// the lists of new rows, then those of rows by name. An account that is not among the
// given ones has no step: it is not the item's any more.
func (*Adapter) Plan(ask domain.Ask, accounts []domain.AccountView, today domain.Date) []domain.Step {
	var steps []domain.Step
	listed := make(map[string]bool, len(accounts))
	for _, account := range accounts {
		listed[account.ExternalID] = true
		if step, wanted := sweep(ask, account.ExternalID, today); wanted {
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

// sweep reads an account's window. What lies before the horizon is read as well as the
// vendor still shows it, but nothing is concluded from what it does not.
func sweep(ask domain.Ask, account string, today domain.Date) (domain.Step, bool) {
	var window domain.Window
	switch {
	case ask.Everything:
	case ask.Window != nil:
		window = *ask.Window
	default:
		return domain.Step{}, false
	}
	if window.To != "" && window.To < horizon(today) {
		return domain.Step{Account: account, Window: window}, true
	}
	window.From = max(window.From, horizon(today))
	return domain.Step{Account: account, Window: window, Sweep: true}, true
}
