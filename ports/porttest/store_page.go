package porttest

import (
	"fmt"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// storePageTests check Pulls.StorePage: which differences are treated as an edit, and what an edit changes in a stored
// row.
var storePageTests = []storeTest{
	{"a new row is added with version 1", pageAdds},
	{"a changed row increments the version and keeps its id", pageModifies},
	{"an equal row is no change, but its metadata is replaced", pageLeavesEqual},
	{"a removed row that returns increments the version", pageReturns},
	{"a removal is marked once, and unknown ids are ignored", pageRemoves},
	{"a row that a page both lists and removes is removed", pageListsAndRemoves},
	{"of a row that occurs twice in a page the later one counts", pageDuplicates},
	{"rows are distinguished by connection", rowsPerConnection},
	{"page, progress and counts are stored in one transaction", pageProgress},
	{"an empty page stores the pull's progress", emptyPage},
	{"a huge page is stored completely, and again without a change", hugePage},
}

func pageAdds(f *fixture) {
	c, l := f.runningPull()
	at := f.now()
	o := row("1")
	counts := f.mustStorePage(l, ports.PageWrite{Transactions: []domain.TransactionData{o}, At: at})
	f.equal("counts", domain.Counts{Read: 1, Added: 1}, counts)
	got := f.getRow(c, "1")
	f.equal("id", false, got.ID.IsZero())
	f.equal("row", domain.Transaction{
		ID: got.ID, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		TransactionData: o, Version: 1, FirstSeenAt: at, UpdatedAt: at, Pull: l.Pull,
	}, got)
	f.equal("change", domain.Added, got.Change())
	f.inUTC(got.FirstSeenAt, got.UpdatedAt)
}

// edits contains functions that each change one member of a row. A store must treat each of these changes as an edit
// of the row.
var edits = map[string]func(*domain.TransactionData){
	"amount":        func(o *domain.TransactionData) { o.Amount = money("-12.51", "BRL") },
	"currency":      func(o *domain.TransactionData) { o.Amount = money("-12.5", "USD") },
	"account money": func(o *domain.TransactionData) { m := money("-2.5", "USD"); o.AccountMoney = &m },
	"status":        func(o *domain.TransactionData) { o.Status = domain.Pending },
	"date":          withDate("2026-02-11"),
	"occurred at":   func(o *domain.TransactionData) { o.OccurredAt = epoch },
	"description":   withDescription("another"),
	"counterparty":  func(o *domain.TransactionData) { o.Counterparty = "somebody" },
	"warnings":      func(o *domain.TransactionData) { o.Warnings = []domain.Warning{domain.DirectionConflict} },
	"account":       withAccount("unknown"),
	"references": func(o *domain.TransactionData) {
		o.References = domain.References{
			EndToEndID: "E12345678202611101200abcDEF12345", TransactionID: "t", AuthenticationCode: "a",
			ReferenceNumber: "r", ReceiverReferenceID: "x", TrackingKey: "k", ChequeNumber: "417",
			Barcode: barcode, TxID: "c",
		}
	},
	"document": func(o *domain.TransactionData) {
		o.CounterpartyDocument = domain.PartyDocument{Type: domain.CNPJ, Value: "12ABC34501DE35"}
	},
}

// pageModifies checks that each of the edits changes a stored row. Each row also gets new metadata, which must be
// stored too.
func pageModifies(f *fixture) {
	for name, edit := range edits {
		c, l := f.runningPull()
		f.storeRows(l, row("1"))
		first := f.getRow(c, "1")
		at := f.now()
		edited := row("1", edit)
		edited.Metadata = []byte(`{"new": true}`)
		counts := f.mustStorePage(l, ports.PageWrite{Transactions: []domain.TransactionData{edited}, At: at})
		f.equal(name+": counts", domain.Counts{Read: 1, Modified: 1}, counts)
		want := first
		want.TransactionData, want.Version, want.UpdatedAt = edited, 2, at
		got := f.getRow(c, "1")
		f.equal(name, want, got)
		f.equal("change", domain.Modified, got.Change())
	}
}

// pageLeavesEqual checks that a stored row stays unchanged if its new version has only differences that are not edits:
// other metadata, another category, the same instant in another time zone, and the same amount with more digits. The
// metadata and the category are replaced, but there is no new version, no item of the feed and no row of the history.
func pageLeavesEqual(f *fixture) {
	c, l := f.runningPull()
	detailed := row("1", func(o *domain.TransactionData) { o.OccurredAt = epoch })
	f.storeRows(l, detailed)
	first := f.getRow(c, "1")
	_, position := f.readFeedFrom(domain.Position{}, 10, 1)
	moved := detailed
	moved.Metadata, moved.ContentHash = []byte(`{"collected": "later"}`), domain.ContentHash{1}
	moved.Category = "enriched"
	moved.OccurredAt = epoch.In(time.FixedZone("elsewhere", 3600))
	moved.Amount = money("-12.500", "BRL")
	f.equal("counts", domain.Counts{Read: 1, Unchanged: 1}, f.storeRows(l, moved))
	want := first
	want.Metadata, want.Category = moved.Metadata, moved.Category
	f.equal("row", want, f.getRow(c, "1"))
	moved.Metadata, moved.ContentHash = []byte(`{"collected": "without a content hash"}`), domain.ContentHash{}
	f.equal("counts again", domain.Counts{Read: 1, Unchanged: 1}, f.storeRows(l, moved))
	want.Metadata = moved.Metadata
	f.equal("row again", want, f.getRow(c, "1"))
	moved.Metadata = nil
	f.storeRows(l, moved)
	want.Metadata = nil
	f.equal("row without metadata", want, f.getRow(c, "1"))
	f.equal("feed", 0, len(f.readFeed(position, 10, 0)))
}

// pageReturns checks that a removed row that is stored again is treated as changed, even if its digest equals the
// stored digest.
func pageReturns(f *fixture) {
	for _, returned := range []domain.TransactionData{row("1"), row("1", withDescription("edited"))} {
		c, l := f.runningPull()
		f.storeRows(l, row("1"))
		first := f.getRow(c, "1")
		f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
		at := f.now()
		counts := f.mustStorePage(l, ports.PageWrite{Transactions: []domain.TransactionData{returned}, At: at})
		f.equal("counts", domain.Counts{Read: 1, Modified: 1}, counts)
		want := first
		want.TransactionData, want.Version, want.UpdatedAt = returned, 3, at
		got := f.getRow(c, "1")
		f.equal("row", want, got)
		f.equal("change", domain.Modified, got.Change())
	}
}

// pageRemoves checks that a page removes the rows with the given ids. The list of ids contains one id twice, an unknown
// id, and ids with characters that are special in quoted strings.
func pageRemoves(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"), row("2"), row("it's"))
	first := f.getRow(c, "1")
	at := f.now()
	counts := f.mustStorePage(l, ports.PageWrite{Removed: []string{"1", "unknown", "1", "it's", "%"}, At: at})
	f.equal("counts", domain.Counts{Removed: 2}, counts)
	want := first
	want.Version, want.UpdatedAt, want.RemovedAt = 2, at, at
	got := f.getRow(c, "1")
	f.equal("removed row", want, got)
	f.equal("change", domain.Removed, got.Change())
	f.inUTC(got.RemovedAt)
	f.equal("the other row", 1, f.getRow(c, "2").Version)
	f.equal("counts of a second removal", domain.Counts{}, f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}}))
	f.equal("removed again", want, f.getRow(c, "1"))
}

// pageListsAndRemoves checks that a row is removed if it is in both Transactions and Removed. The page contains a new
// row, an unchanged row, an edited row, and a removed row that returns.
func pageListsAndRemoves(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("equal"), row("edited"), row("back"))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"back"}})
	all := []string{"new", "equal", "edited", "back"}
	at := f.now()
	counts := f.mustStorePage(l, ports.PageWrite{
		Transactions: []domain.TransactionData{row("new"), row("equal"), row("edited", withDescription("anew")),
			row("back")},
		Removed: all, At: at,
	})
	f.equal("counts", domain.Counts{Read: 4, Added: 1, Modified: 2, Unchanged: 1, Removed: 4}, counts)
	for name, version := range map[string]int{"new": 2, "equal": 2, "edited": 3, "back": 4} {
		got := f.getRow(c, name)
		f.equal(name+" was removed", at, got.RemovedAt)
		f.equal(name+"'s version", version, got.Version)
	}
	fed := ids(f.readFeed(domain.Position{}, 10, len(all)), externalID)
	slices.Sort(fed)
	slices.Sort(all)
	f.equal("feed", all, fed)
}

// pageDuplicates checks that, if a page contains a row twice, the later occurrence is stored. A single upsert statement
// for the whole page would fail, because two of its rows have the same key.
func pageDuplicates(f *fixture) {
	c, l := f.runningPull()
	counts := f.storeRows(l, row("1", withDescription("earlier")), row("2"), row("1", withDescription("later")))
	f.equal("counts", domain.Counts{Read: 2, Added: 2}, counts)
	first := f.getRow(c, "1")
	f.equal("description", "later", first.Description)
	f.equal("version", 1, first.Version)
	f.equal("counts again", domain.Counts{Read: 1, Unchanged: 1},
		f.storeRows(l, row("1", withDescription("earlier")), row("1", withDescription("later"))))
	f.equal("row", first, f.getRow(c, "1"))
	counts = f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{accountData("a"), accountData("a")}})
	f.equal("counts of accounts", domain.Counts{Accounts: 1}, counts)
	f.equal("accounts", 1, len(f.listAccounts(c)))
}

// rowsPerConnection checks that rows of two connections are separate even if their external ids are equal, because two
// items (account references) of one vendor may have the same transaction ids.
func rowsPerConnection(f *fixture) {
	one, first := f.runningPull()
	two, second := f.runningPull()
	f.storeRows(first, row("1"))
	f.equal("counts", domain.Counts{Read: 1, Added: 1}, f.storeRows(second, row("1", withDescription("another"))))
	if f.getRow(one, "1").ID == f.getRow(two, "1").ID {
		f.Error("two connections share a row")
	}
	f.mustStorePage(second, ports.PageWrite{Removed: []string{"1"}})
	f.equal("the first's", domain.Added, f.getRow(one, "1").Change())
	upper := f.storeRows(first, row("ID"), row("id"), row("id "))
	f.equal("ids are compared exactly", domain.Counts{Read: 3, Added: 3}, upper)
}

// pageProgress checks the stored pull after each page, because a worker that takes over continues from it.
func pageProgress(f *fixture) {
	c, l := f.runningPull()
	before := f.getPull(l.Pull)
	progress := domain.Progress{
		Planned: true, Step: 1, Cursor: "cur'sor 🏦", Pages: 3, Rows: 41, Total: new(77), Shifted: true,
		Steps: []domain.Step{
			{Account: "a", Window: domain.Window{From: "2026-01-01", To: "2026-02-01"}, Sweep: true},
			{Account: "b", CreatedFrom: epoch, IDs: []string{"x", "y"}},
		},
	}
	f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{accountData("a"), accountData("b")},
		Transactions: []domain.TransactionData{row("1")}, Progress: progress})
	want := before
	want.Progress, want.Counts = progress, domain.Counts{Accounts: 2, Read: 1, Added: 1}
	f.equal("after a page", want, f.getPull(l.Pull))
	counts := f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("a")}, Removed: []string{"1"},
		Transactions: []domain.TransactionData{row("2")}, Progress: progress.Advance(""),
	})
	f.equal("counts of this page", domain.Counts{Accounts: 1, Read: 1, Added: 1, Removed: 1}, counts)
	want.Progress, want.Counts = progress.Advance(""), domain.Counts{Accounts: 2, Read: 2, Added: 2, Removed: 1}
	f.equal("after a second page", want, f.getPull(l.Pull))
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	_, claimed := f.claimAt(l.Pull, longAfter(epoch))
	f.equal("the progress of the next attempt", want.Progress, claimed.Pull.Progress)
	f.equal("the counts of the next attempt", want.Counts, claimed.Pull.Counts)
	f.equal("accounts", 2, len(f.listAccounts(c)))
}

func emptyPage(f *fixture) {
	_, l := f.runningPull()
	progress := domain.Progress{Planned: true, Step: 4}
	f.equal("counts", domain.Counts{}, f.mustStorePage(l, ports.PageWrite{Progress: progress}))
	f.equal("progress", progress, f.getPull(l.Pull).Progress)
}

// hugePage checks that a page can be stored even if it has more values than some databases allow as parameters of one
// statement.
func hugePage(f *fixture) {
	c, l := f.runningPull()
	var rows []domain.TransactionData
	var removed []string
	for i := range 1000 {
		rows = append(rows, row(fmt.Sprint("row ", i), withAccount("a"),
			withDate(domain.Date("2026-01-01").AddDays(i%40))))
		removed = append(removed, fmt.Sprint("row ", i))
	}
	page := ports.PageWrite{Accounts: []domain.AccountData{accountData("a")}, Transactions: rows}
	f.equal("counts", domain.Counts{Accounts: 1, Read: 1000, Added: 1000}, f.mustStorePage(l, page))
	f.equal("counts again", domain.Counts{Accounts: 1, Read: 1000, Unchanged: 1000}, f.mustStorePage(l, page))
	exactlyOnce(f, removed, ids(f.allRows(c), externalID))
	f.mustStorePage(l, ports.PageWrite{Announced: removed})
	f.equal("counts of the announced removal", domain.Counts{}, f.mustStorePage(l, ports.PageWrite{Removed: removed}))
	f.equal("counts of the removal", domain.Counts{Removed: 1000},
		f.mustStorePage(l, ports.PageWrite{Removed: removed, Confirmed: true}))
}
