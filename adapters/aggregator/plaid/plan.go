package plaid

import "github.com/LerianStudio/aggregator-connections/domain"

// windowOverlapDays is the number of days by which Plan widens a window at both ends. A bank that corrects a row may
// change the row's date. The overlap finds a row whose date has moved just out of the window.
const windowOverlapDays = 7

// Plan returns one step that reads the whole history or a window of dates, or nil if the scope requires no read.
//
// The whole history is the stream of changes from its start. Such a step is a sweep: it also finds removed rows. A row
// counts as removed only if two listings lack it, because the vendor does not document for how long it keeps a row. A
// window is read from the listing by date.
func (*Adapter) Plan(scope domain.PullScope, _ []domain.AccountData, _ domain.Date) []domain.Step {
	switch {
	case readsChanges(scope):
		return []domain.Step{{Sweep: true}}
	case scope.Window != nil:
		return []domain.Step{{Window: widened(*scope.Window)}}
	}
	return nil
}

// PlanFrom implements ports.ChangeStream. The stream contains all rows that were created, changed or removed after
// the position. Therefore a scope that requests such rows needs only one step.
//
// If the scope has a window, the changes are read first. Otherwise a removal could be missed: the window returns a
// new row, and the row is removed before the changes are read. The stream then reports neither its addition nor its
// removal.
func (*Adapter) PlanFrom(
	position string, scope domain.PullScope, _ []domain.AccountData, _ domain.Date,
) []domain.Step {
	if scope.Window == nil && !readsChanges(scope) {
		return nil
	}
	steps := []domain.Step{{Since: position}}
	switch {
	case scope.Window == nil:
	case *scope.Window == domain.Window{}:
		steps = append(steps, domain.Step{Sweep: true})
	default:
		steps = append(steps, domain.Step{Window: widened(*scope.Window)})
	}
	return steps
}

// readsChanges reports whether the scope requests rows whose dates are not known, or all rows.
func readsChanges(scope domain.PullScope) bool {
	return scope.Everything || scope.News || len(scope.Created) > 0 || hasIDs(scope.Changed) ||
		scope.Window != nil && *scope.Window == domain.Window{}
}

func hasIDs(changed map[string][]string) bool {
	for _, ids := range changed {
		if len(ids) > 0 {
			return true
		}
	}
	return false
}

func widened(w domain.Window) domain.Window {
	if w.From != "" {
		w.From = w.From.AddDays(-windowOverlapDays)
	}
	if w.To != "" {
		w.To = w.To.AddDays(windowOverlapDays)
	}
	return w
}
