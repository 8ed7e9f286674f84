package porttest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ledgerTests check the reads of a connection's accounts and transactions.
var ledgerTests = []storeTest{
	{"another tenant reads nothing", ledgerIsTenantScoped},
	{"transactions are sorted by date, newest first, removed ones included", transactionsByDate},
	{"transactions are filtered by every member of the filter, and by all combined", transactionFilters},
	{"paging returns every row once while rows are added", transactionPaging},
	{"a position of another list is Invalid", transactionPositions},
}

// ledgerIsTenantScoped checks that a list is empty for another tenant, and for a connection that does not exist.
func ledgerIsTenantScoped(f *fixture) {
	c, l := f.runningPull()
	f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{accountData("a")},
		Transactions: []domain.TransactionData{row("1")}})
	page := domain.PageRequest{Limit: 10}
	for _, reader := range []struct {
		tenant     domain.TenantID
		connection domain.ConnectionID
	}{{newTenant(), c.ID}, {f.tenant, newID[domain.Connection]()}} {
		accounts, err := f.Ledger.Accounts(
			f.ctx,
			reader.tenant,
			ports.AccountFilter{Connection: reader.connection},
			page,
		)
		f.noError(err)
		f.equal("accounts", domain.Page[domain.Account]{}, accounts)
		rows, err := f.Ledger.Transactions(f.ctx, reader.tenant, reader.connection, ports.TransactionFilter{}, page)
		f.noError(err)
		f.equal("transactions", domain.Page[domain.Transaction]{}, rows)
	}
	feed, err := f.Ledger.Changes(f.ctx, newTenant(), page)
	f.noError(err)
	f.equal("changes", 0, len(feed.Items))
	f.equal("more changes", false, feed.More)
}

// newestFirst compares transactions by the order in which Ledger.Transactions returns them.
func newestFirst(x, y domain.Transaction) int {
	return cmp.Or(cmp.Compare(y.Date, x.Date), bytes.Compare(y.ID.UUID[:], x.ID.UUID[:]))
}

func transactionsByDate(f *fixture) {
	c, l := f.runningPull()
	for i := range 9 {
		f.storeRows(l, row(fmt.Sprint(i), withDate(domain.Date("2026-01-31").AddDays(i%3))))
	}
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"4"}})
	all := f.allRows(c)
	f.equal("rows", 9, len(all))
	if !slices.IsSortedFunc(all, newestFirst) {
		f.Errorf("the rows are not sorted by date and id, newest first: %v", ids(all, externalID))
	}
	f.equal("by pages of 2", all, f.listTransactions(c, ports.TransactionFilter{}, 2, nil))
	f.equal("by pages of 9", all, f.listTransactions(c, ports.TransactionFilter{}, 9, nil))
	page, err := f.Ledger.Transactions(f.ctx, f.tenant, c.ID, ports.TransactionFilter{}, domain.PageRequest{Limit: 1})
	f.noError(err)
	f.equal("position", domain.Position{Key: string(all[0].Date), ID: all[0].ID.UUID}, page.Next)
}

func transactionFilters(f *fixture) {
	c, l := f.runningPull()
	pending := func(o *domain.TransactionData) { o.Status = domain.Pending }
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("a"), accountData("b")},
		Transactions: []domain.TransactionData{
			row("4", withDate("2026-02-04"), withAccount("a")),
			row("3", withDate("2026-02-03"), withAccount("b"), pending),
			row("2", withDate("2026-02-02"), withAccount("a"), pending), row("1", withDate("2026-02-01")),
		},
	})
	a := f.listAccounts(c)[0].ID
	for _, tc := range []struct {
		filter ports.TransactionFilter
		want   []string
	}{
		{ports.TransactionFilter{}, []string{"4", "3", "2", "1"}},
		{ports.TransactionFilter{Window: domain.Window{From: "2026-02-02"}}, []string{"4", "3", "2"}},
		{ports.TransactionFilter{Window: domain.Window{To: "2026-02-02"}}, []string{"2", "1"}},
		{ports.TransactionFilter{Window: domain.Window{From: "2026-02-02", To: "2026-02-03"}}, []string{"3", "2"}},
		{ports.TransactionFilter{Window: domain.Window{From: "2026-02-05"}}, nil},
		{ports.TransactionFilter{Account: a}, []string{"4", "2"}},
		{ports.TransactionFilter{Account: newID[domain.Account]()}, nil},
		{ports.TransactionFilter{Status: domain.Pending}, []string{"3", "2"}},
		{ports.TransactionFilter{Status: domain.Posted}, []string{"4", "1"}},
		{ports.TransactionFilter{
			Window: domain.Window{From: "2026-02-01", To: "2026-02-03"}, Account: a, Status: domain.Pending,
		}, []string{"2"}},
	} {
		f.equal(fmt.Sprintf("%+v", tc.filter), tc.want, ids(f.listTransactions(c, tc.filter, 1, nil), externalID))
	}
}

// transactionPaging checks a list that is read page by page while rows are added before and after the current position.
// The list must contain the rows that were added after the position, and omit the rows that were added before the
// position.
func transactionPaging(f *fixture) {
	c, l := f.runningPull()
	var want []string
	for i := range 7 {
		want = append(want, fmt.Sprint("old ", i))
		f.storeRows(l, row(want[i], withDate(domain.Date("2026-02-10").AddDays(i/2))))
	}
	round := 0
	got := ids(f.listTransactions(c, ports.TransactionFilter{}, 2, func() {
		if round++; round < 4 {
			f.storeRows(l, row(fmt.Sprint("newer ", round), withDate("2026-03-01")),
				row(fmt.Sprint("older ", round), withDate("2026-01-01")))
		}
	}), externalID)
	exactlyOnce(f, want, got)
	exactlyOnce(f, []string{"older 1", "older 2", "older 3"}, got)
	f.equal("rows before the position", false, slices.Contains(got, "newer 1"))
}

func transactionPositions(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"))
	for _, key := range []string{"a name", domain.TimeKey(epoch), "17", "2026-02-30", "';--"} {
		_, err := f.Ledger.Transactions(f.ctx, f.tenant, c.ID, ports.TransactionFilter{}, domain.PageRequest{
			Limit: 10, After: domain.Position{Key: key, ID: newUUID()},
		})
		f.invalidCursor(key, err)
	}
}
