package belvo

import "github.com/LerianStudio/aggregator-connections/domain"

// windowOverlapDays is the number of days by which Plan widens a window at both ends. A bank that corrects a row may
// change the row's date. The overlap finds a row whose date has moved just out of the window.
const windowOverlapDays = 7

// Plan returns one step that reads the whole link or a window of it, or nil if the scope requires no read.
//
// A scope that asks for changes reads the whole link, because no filter of the vendor selects the changed rows:
//
//   - A filter by created_at does not find edits, because an edit does not change created_at.
//   - A filter by collected_at also finds unchanged rows, because each collection changes collected_at.
//   - A filter by date is not sufficient, because a row may become visible weeks after it was booked.
//   - There is no filter for a list of ids.
//
// Unchanged rows are not written to the store.
//
// A window becomes a filter on value_date. Such a filter excludes every row without a value date. The next complete
// listing contains these rows.
//
// A step that reads the whole link is a sweep: it also finds removed rows. However, the bank may still have a row that
// the vendor does not list. The vendor purges old rows (stale_in). The vendor also hides the rows of an account that it
// cannot reach. A missing row therefore counts as removed only if both conditions are true:
//
//   - Two listings lack the row (domain.TwoReads).
//   - The list contains a row of the same account that was collected at the same time or earlier (CollectedAt).
//
// The event TRANSACTIONS.transactions_deleted reports a removal immediately.
func (*Adapter) Plan(scope domain.PullScope, _ []domain.AccountData, _ domain.Date) []domain.Step {
	switch {
	case scope.Everything, len(scope.Created) > 0, hasIDs(scope.Changed),
		scope.Window != nil && *scope.Window == domain.Window{}:
		return []domain.Step{{Sweep: true, Resume: true}}
	case scope.Window != nil:
		return []domain.Step{{Window: domain.Window{
			From: scope.Window.From.AddDays(-windowOverlapDays), To: scope.Window.To.AddDays(windowOverlapDays),
		}}}
	}
	return nil
}

func hasIDs(changed map[string][]string) bool {
	for _, ids := range changed {
		if len(ids) > 0 {
			return true
		}
	}
	return false
}
