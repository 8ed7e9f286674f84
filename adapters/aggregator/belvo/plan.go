package belvo

import "github.com/LerianStudio/aggregator-connections/domain"

// windowOverlapDays is the number of days by which Plan widens a window (a range of value dates) on both sides. A bank
// that corrects a row may change its date. Without the overlap, a row whose date moved out of the window would keep its
// old date in the ledger.
const windowOverlapDays = 7

// Plan returns one step that reads the whole link or a window of it, or nil if nothing has to be
// read for the scope.
//
// A scope that asks for changes reads everything, because the vendor has no way to list what
// changed: created_at does not change with an edit, and collected_at changes with every read. A row
// may be booked weeks before the day on which it becomes visible. The vendor has no filter for a
// list of ids. An unchanged row is read, but not written.
//
// A window becomes a filter on value_date. Such a filter excludes every row without a value
// date; the next full read returns these rows.
//
// A read of the whole link is a sweep, which means that rows that it does not find may have been removed. The vendor
// purges old rows (stale_in) and hides the rows of an account that it cannot reach, so a row that is missing from one
// list may still exist at the bank. Therefore a row counts as removed only if it is missing from two lists
// (domain.TwoReads) and was not collected before the oldest row in the list (CollectedAt). The event
// TRANSACTIONS.transactions_deleted reports a removal at once.
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
