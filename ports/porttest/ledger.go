package porttest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ledgerPromises are what readers of a connection's rows are promised.
var ledgerPromises = []promise{
	{"another tenant reads nothing", ledgerKeepsTenants},
	{"transactions come by date, newest first, removed ones too", transactionsByDate},
	{"transactions narrow by every member of the filter, and by all at once", transactionFilters},
	{"paging meets every row once while rows come", transactionPaging},
	{"a position of another list is Invalid", transactionPositions},
}

// ledgerKeepsTenants: an unknown connection has no rows, and another tenant's neither.
func ledgerKeepsTenants(b *bench) {
	c, l := b.running()
	b.stored(l, ports.PageWrite{Accounts: []domain.AccountData{account("a")}, Transactions: []domain.TransactionData{row("1")}})
	page := domain.PageRequest{Limit: 10}
	for _, reader := range []struct {
		tenant     domain.TenantID
		connection domain.ConnectionID
	}{{newTenant(), c.ID}, {b.tenant, newID[domain.Connection]()}} {
		accounts, err := b.Ledger.Accounts(b.ctx, reader.tenant, reader.connection, page)
		b.ok(err)
		b.same("accounts", domain.Page[domain.Account]{}, accounts)
		rows, err := b.Ledger.Transactions(b.ctx, reader.tenant, reader.connection, ports.TransactionFilter{}, page)
		b.ok(err)
		b.same("transactions", domain.Page[domain.Transaction]{}, rows)
	}
	feed, err := b.Ledger.Changes(b.ctx, newTenant(), page)
	b.ok(err)
	b.same("changes", 0, len(feed.Items))
	b.same("more changes", false, feed.More)
}

// newestFirst orders as Ledger.Transactions does.
func newestFirst(x, y domain.Transaction) int {
	return cmp.Or(cmp.Compare(y.Date, x.Date), bytes.Compare(y.ID.UUID[:], x.ID.UUID[:]))
}

func transactionsByDate(b *bench) {
	c, l := b.running()
	for i := range 9 {
		b.write(l, row(fmt.Sprint(i), on(domain.Date("2026-01-31").AddDays(i%3))))
	}
	b.stored(l, ports.PageWrite{Removed: []string{"4"}})
	all := b.rows(c)
	b.same("rows", 9, len(all))
	if !slices.IsSortedFunc(all, newestFirst) {
		b.Errorf("the rows are not by date and id, newest first: %v", ids(all, externalID))
	}
	b.same("by pages of 2", all, b.transactions(c, ports.TransactionFilter{}, 2, nil))
	b.same("by pages of 9", all, b.transactions(c, ports.TransactionFilter{}, 9, nil))
	page, err := b.Ledger.Transactions(b.ctx, b.tenant, c.ID, ports.TransactionFilter{}, domain.PageRequest{Limit: 1})
	b.ok(err)
	b.same("position", domain.Position{Key: string(all[0].Date), ID: all[0].ID.UUID}, page.Next)
}

func transactionFilters(b *bench) {
	c, l := b.running()
	pending := func(o *domain.TransactionData) { o.Status = domain.Pending }
	b.stored(l, ports.PageWrite{
		Accounts: []domain.AccountData{account("a"), account("b")},
		Transactions: []domain.TransactionData{
			row("4", on("2026-02-04"), of("a")), row("3", on("2026-02-03"), of("b"), pending),
			row("2", on("2026-02-02"), of("a"), pending), row("1", on("2026-02-01")),
		},
	})
	a := b.accounts(c)[0].ID
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
		b.same(fmt.Sprintf("%+v", tc.filter), tc.want, ids(b.transactions(c, tc.filter, 1, nil), externalID))
	}
}

// transactionPaging lets rows come on both sides of the position; those behind it are met.
func transactionPaging(b *bench) {
	c, l := b.running()
	var want []string
	for i := range 7 {
		want = append(want, fmt.Sprint("old ", i))
		b.write(l, row(want[i], on(domain.Date("2026-02-10").AddDays(i/2))))
	}
	round := 0
	got := ids(b.transactions(c, ports.TransactionFilter{}, 2, func() {
		if round++; round < 4 {
			b.write(l, row(fmt.Sprint("newer ", round), on("2026-03-01")), row(fmt.Sprint("older ", round), on("2026-01-01")))
		}
	}), externalID)
	once(b, want, got)
	once(b, []string{"older 1", "older 2", "older 3"}, got)
	b.same("rows before the position", false, slices.Contains(got, "newer 1"))
}

func transactionPositions(b *bench) {
	c, l := b.running()
	b.write(l, row("1"))
	for _, key := range []string{"a name", domain.TimeKey(epoch), "17", "2026-02-30", "';--"} {
		_, err := b.Ledger.Transactions(b.ctx, b.tenant, c.ID, ports.TransactionFilter{}, domain.PageRequest{
			Limit: 10, After: domain.Position{Key: key, ID: newUUID()},
		})
		b.badCursor(key, err)
	}
}
