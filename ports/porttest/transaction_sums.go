package porttest

import (
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// sumTests check the sums of Ledger.Sum.
var sumTests = []storeTest{
	{"sums are exact, by day and currency", sumsAreExact},
	{"sums are narrowed by every member of the filter", sumsAreNarrowed},
	{"removed records are not summed, and sums are limited to the tenant", sumsOfLiveRecords},
	{"sums contain each change, whether it is indexed or not", sumsFollowChanges},
	{"erased records are not summed, whether they were indexed or not", sumsWithoutErased},
	{"a record is summed once after it was moved and its former connection is erased", sumsOfMoved},
}

// sums returns the result of Ledger.Sum, one text per sum.
func (f *fixture) sums(filter domain.SumFilter) []string {
	f.Helper()
	found, err := f.Ledger.Sum(f.ctx, f.tenant, filter)
	f.noError(err)
	texts := []string{}
	for _, s := range found {
		texts = append(texts, fmt.Sprintf("%s %s +%s -%s %d", s.Date, s.Currency, s.In, s.Out, s.Count))
	}
	return texts
}

func sumsAreExact(f *fixture) {
	_, l := f.runningPull()
	var rows []domain.TransactionData
	for i, amount := range []string{
		"0.1", "0.2", "-0.0000000000000000001", "9999999999999999999", "9999999999999999999", "-999999999.9", "-0.1",
		"12.50", "0",
	} {
		rows = append(rows, row(fmt.Sprint(i), withAmount(amount, "BRL"), withDate("2026-02-01")))
	}
	rows = append(rows, row("usd", withAmount("-7.25", "USD"), withDate("2026-02-01")),
		row("older", withAmount("3", "BRL"), withDate("2026-01-31")))
	f.storeRows(l, rows...)
	for _, state := range []string{"sums", "sums that are indexed"} {
		f.equal(state, []string{
			"2026-02-01 BRL +20000000000000000010.8 -1000000000.0000000000000000001 9",
			"2026-02-01 USD +0 -7.25 1",
			"2026-01-31 BRL +3 -0 1",
		}, f.sums(domain.SumFilter{}))
		f.indexTexts()
	}
}

func sumsAreNarrowed(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	pending := func(o *domain.TransactionData) { o.Status = domain.Pending }
	party := func(o *domain.TransactionData) { o.Counterparty = "Pão de Açúcar" }
	f.storeRows(l,
		row("1", withAccount("a"), withAmount("1", "BRL"), withDate("2026-02-01")),
		row("2", withAccount("b"), withAmount("2", "BRL"), withDate("2026-02-02"), pending),
		row("3", withAccount("b"), withAmount("4", "BRL"), withDate("2026-02-03"), party))
	_, l = f.runningPull()
	f.storeRows(l, row("4", withAmount("8", "BRL"), withDate("2026-02-04")))
	for _, state := range []string{"not indexed", "partly indexed", "indexed"} {
		switch state {
		case "partly indexed":
			_, err := f.Ledger.IndexTexts(f.ctx, 2)
			f.noError(err)
		case "indexed":
			f.indexTexts()
		}
		f.checkNarrowedSums(state, c, f.listAccounts(c)[1].ID)
	}
}

// checkNarrowedSums checks the sums of the rows that the test sumsAreNarrowed has stored. It uses a filter for each
// member of domain.SumFilter. b is the id of the account "b" of the connection c.
func (f *fixture) checkNarrowedSums(state string, c domain.Connection, b domain.AccountID) {
	f.Helper()
	for _, tc := range []struct {
		name   string
		filter domain.SumFilter
		want   int
	}{
		{"all", domain.SumFilter{}, 15},
		{"connection", domain.SumFilter{Connection: c.ID}, 7},
		{"account", domain.SumFilter{Account: b}, 6},
		{"account of the connection", domain.SumFilter{Connection: c.ID, Account: b}, 6},
		{"unknown account", domain.SumFilter{Account: newID[domain.Account]()}, 0},
		{"status", domain.SumFilter{Status: domain.Pending}, 2},
		{"status and window", domain.SumFilter{Status: domain.Posted, Window: domain.Window{From: "2026-02-02"}}, 12},
		{"both days included", domain.SumFilter{Window: domain.Window{From: "2026-02-02", To: "2026-02-03"}}, 6},
		{"text", domain.SumFilter{Text: "PAO de"}, 4},
		{"text and window", domain.SumFilter{Text: "pao", Window: domain.Window{To: "2026-02-02"}}, 0},
	} {
		found, err := f.Ledger.Sum(f.ctx, f.tenant, tc.filter)
		f.noError(err)
		total := "0"
		if sums := domain.SumCurrencies(found); len(sums) > 0 {
			total = sums[0].In.String()
		}
		f.equal(state+": "+tc.name, fmt.Sprint(tc.want), total)
	}
}

func sumsOfLiveRecords(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1", withAmount("1", "BRL")), row("2", withAmount("2", "BRL")))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"2"}})
	day := string(f.getRow(c, "1").Date)
	f.equal("sums", []string{day + " BRL +1 -0 1"}, f.sums(domain.SumFilter{}))
	f.equal("with a text", []string{day + " BRL +1 -0 1"}, f.sums(domain.SumFilter{Text: "row"}))
	f.deleteConnection(c)
	f.equal("of a deleted connection", 1, len(f.sums(domain.SumFilter{})))
	foreign, err := f.Ledger.Sum(f.ctx, newTenant(), domain.SumFilter{Connection: c.ID})
	f.noError(err)
	f.equal("of another tenant", 0, len(slices.Clone(foreign)))
}

func sumsFollowChanges(f *fixture) {
	_, l := f.runningPull()
	one := func(change ...func(*domain.TransactionData)) domain.TransactionData {
		return row("1", append([]func(*domain.TransactionData){
			withAmount("1", "BRL"), withDate("2026-02-01"),
		}, change...)...)
	}
	f.storeRows(l, one(), row("2", withAmount("-2", "BRL"), withDate("2026-02-01")))
	pending := func(o *domain.TransactionData) { o.Status = domain.Pending }
	change := func(page ports.PageWrite) func() { return func() { f.mustStorePage(l, page) } }
	stored := func(rows ...domain.TransactionData) func() { return change(ports.PageWrite{Transactions: rows}) }
	for _, indexed := range []bool{false, true} {
		for _, step := range []struct {
			name   string
			change func()
			want   []string
		}{
			{"another amount", stored(one(withAmount("-1.5", "BRL"))), []string{"2026-02-01 BRL +0 -3.5 2"}},
			{"another day", stored(one(withDate("2026-02-03"))), []string{
				"2026-02-03 BRL +1 -0 1", "2026-02-01 BRL +0 -2 1",
			}},
			{"another currency", stored(one(withAmount("4", "USD"))), []string{
				"2026-02-01 BRL +0 -2 1", "2026-02-01 USD +4 -0 1",
			}},
			{"another status", stored(one(pending)), []string{"2026-02-01 BRL +1 -2 2"}},
			{"removed", change(ports.PageWrite{Removed: []string{"1"}}), []string{"2026-02-01 BRL +0 -2 1"}},
			{"again", stored(one()), []string{"2026-02-01 BRL +1 -2 2"}},
		} {
			step.change()
			if indexed {
				f.indexTexts()
			}
			f.equal(fmt.Sprintf("%s, indexed: %t", step.name, indexed), step.want, f.sums(domain.SumFilter{}))
			if step.name == "another status" {
				f.equal("pending", []string{"2026-02-01 BRL +1 -0 1"}, f.sums(domain.SumFilter{Status: domain.Pending}))
			}
		}
		f.indexTexts()
	}
}

func sumsWithoutErased(f *fixture) {
	_, kept := f.runningPull()
	f.storeRows(kept, row("kept", withAmount("3", "BRL"), withDate("2026-02-01")))
	for _, indexed := range []bool{false, true} {
		c, l := f.runningPull()
		f.storeRows(l, row("1", withAmount("1", "BRL"), withDate("2026-02-01")),
			row("2", withAmount("-2", "USD"), withDate("2026-02-02")))
		if indexed {
			f.indexTexts()
		}
		f.deleteConnection(c)
		f.erase(c)
		for _, state := range []string{"after the erasure", "indexed again"} {
			f.equal(state, []string{"2026-02-01 BRL +3 -0 1"}, f.sums(domain.SumFilter{}))
			f.indexTexts()
		}
	}
}

func sumsOfMoved(f *fixture) {
	deleted, l, _ := f.accountWithRows(
		row("1", withAccount("a"), withAmount("1", "BRL"), withDate("2026-02-01")))
	account := f.getRow(deleted, "1").AccountID
	f.finish(l, domain.PullSucceeded, "")
	f.indexTexts()
	f.deleteConnection(deleted)
	to := f.createConnection()
	next := f.startPull(to)
	_, err := f.Pulls.Publish(f.ctx, next, ports.Publication{
		Target: to.Target(), AccountRef: to.AccountRef, NewID: newID[domain.Transaction], At: f.now(),
		LeaseUntil: next.Until, Unproved: true,
		Accounts: []ports.PublishedAccount{{Data: accountData("a"), Listed: true, Continues: account}},
	})
	f.noError(err)
	f.erase(deleted) // before the index contains the new connection of the record
	for _, state := range []string{"after the erasure", "indexed again"} {
		f.equal(state, []string{"2026-02-01 BRL +1 -0 1"}, f.sums(domain.SumFilter{}))
		f.indexTexts()
	}
	f.equal("records", 1, len(f.allRows(to)))
}
