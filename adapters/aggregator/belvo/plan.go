package belvo

import "github.com/LerianStudio/aggregator-connections/domain"

// windowOverlapDays widens a window on both sides. A bank that corrects a row may change its
// date; a row that moved out of the window would otherwise keep its old date in the ledger.
const windowOverlapDays = 7

// Plan returns one step over the whole link, or none.
//
// A scope that asks for changes reads everything, because the vendor has no way to name what
// changed: created_at does not change with an edit, collected_at changes with every read, a
// row may be booked weeks before the day it becomes visible, and there is no filter by a
// list of ids. An unchanged row costs a read and no write.
//
// A window becomes a filter on value_date. Rows without a value date are outside of every
// such filter; the next full read returns them.
//
// No step sweeps. The vendor purges old rows (stale_in) and hides the rows of an account it
// cannot reach, so that a missing row may well exist. Only the event
// TRANSACTIONS.transactions_deleted reports a removal, and the pull then marks the row.
func (*Adapter) Plan(scope domain.PullScope, _ []domain.AccountData, _ domain.Date) []domain.Step {
	switch {
	case scope.Everything, len(scope.Created) > 0, hasIDs(scope.Changed),
		scope.Window != nil && *scope.Window == domain.Window{}:
		return []domain.Step{{}}
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
