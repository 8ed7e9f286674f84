package belvo

import "github.com/LerianStudio/aggregator-connections/domain"

// overlap widens a window on both sides, in days. A bank that corrects a row may move
// its date, and a row that left the window would keep its old date in the ledger.
const overlap = 7

// Plan gives one step over the whole link, or none.
//
// Whatever asks for change reads everything. The vendor has no way to name what
// changed: created_at does not move with an edit, collected_at moves with every read, a
// row may be booked weeks before the day it is seen, and a list of ids is no filter.
// What is unchanged costs a read and no write.
//
// A window becomes a filter on value_date. Rows without a value date are outside of
// every such filter; they come with the next whole read.
//
// No step sweeps. The vendor purges old rows (stale_in) and hides those of an account
// it cannot reach, so a row that is not shown may well exist; only the event
// TRANSACTIONS.transactions_deleted says that it does not, and the pull then marks it.
func (*Adapter) Plan(ask domain.PullScope, _ []domain.AccountData, _ domain.Date) []domain.Step {
	switch {
	case ask.Everything, len(ask.Created) > 0, namesRows(ask.Changed),
		ask.Window != nil && *ask.Window == domain.Window{}:
		return []domain.Step{{}}
	case ask.Window != nil:
		return []domain.Step{{Window: domain.Window{
			From: ask.Window.From.AddDays(-overlap), To: ask.Window.To.AddDays(overlap),
		}}}
	}
	return nil
}

func namesRows(changed map[string][]string) bool {
	for _, ids := range changed {
		if len(ids) > 0 {
			return true
		}
	}
	return false
}
