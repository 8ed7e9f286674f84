package porttest

import (
	"fmt"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pagePromises are those of Pulls.StorePage: what makes an edit, and what it does to a row.
var pagePromises = []promise{
	{"a new row is added with version 1", pageAdds},
	{"a differing row raises the version and keeps its id", pageModifies},
	{"an equal row is left untouched", pageLeavesEqual},
	{"a row that was removed returns with the version raised", pageReturns},
	{"what is removed is marked once, and unknown ids are passed over", pageRemoves},
	{"a row that a page shows and removes is removed", pageShowsRemoved},
	{"a row that stands twice in a page counts once, the later one", pageDuplicates},
	{"rows are told apart by connection", rowsPerConnection},
	{"the page, the progress and the counts are one change", pageProgress},
	{"an empty page moves the pull on", emptyPage},
	{"a huge page is stored whole, and again without a change", hugePage},
}

func pageAdds(b *bench) {
	c, l := b.running()
	at := b.now()
	o := row("1")
	counts := b.stored(l, ports.PageWrite{Transactions: []domain.TransactionData{o}, At: at})
	b.same("counts", domain.Counts{Read: 1, Added: 1}, counts)
	got := b.row(c, "1")
	b.same("id", false, got.ID.IsZero())
	b.same("row", domain.Transaction{
		ID: got.ID, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		TransactionData: o, Version: 1, FirstSeenAt: at, UpdatedAt: at, Pull: l.Pull,
	}, got)
	b.same("change", domain.Added, got.Change())
	b.utc(got.FirstSeenAt, got.UpdatedAt)
}

// edits are one for each member that makes an edit.
var edits = map[string]func(*domain.TransactionData){
	"amount":        func(o *domain.TransactionData) { o.Amount = money("-12.51", "BRL") },
	"currency":      func(o *domain.TransactionData) { o.Amount = money("-12.5", "USD") },
	"account money": func(o *domain.TransactionData) { m := money("-2.5", "USD"); o.AccountMoney = &m },
	"status":        func(o *domain.TransactionData) { o.Status = domain.Pending },
	"date":          on("2026-02-11"),
	"occurred at":   func(o *domain.TransactionData) { o.OccurredAt = epoch },
	"description":   described("another"),
	"category":      func(o *domain.TransactionData) { o.Category = "food" },
	"counterparty":  func(o *domain.TransactionData) { o.Counterparty = "somebody" },
	"account":       of("unknown"),
	"detail":        func(o *domain.TransactionData) { o.StableMetadata = []byte("detail") },
}

// pageModifies makes each edit that is one, with another metadata beside: it comes along.
func pageModifies(b *bench) {
	for name, edit := range edits {
		c, l := b.running()
		b.write(l, row("1"))
		first := b.row(c, "1")
		at := b.now()
		edited := row("1", edit)
		edited.Metadata = []byte(`{"new": true}`)
		counts := b.stored(l, ports.PageWrite{Transactions: []domain.TransactionData{edited}, At: at})
		b.same(name+": counts", domain.Counts{Read: 1, Modified: 1}, counts)
		want := first
		want.TransactionData, want.Version, want.UpdatedAt = edited, 2, at
		want.StableMetadata = nil
		got := b.row(c, "1")
		b.same(name, want, got)
		b.same("change", domain.Modified, got.Change())
	}
}

// pageLeavesEqual has what looks like an edit and is none: other metadata, the same
// instant in another zone, the same amount in other digits.
func pageLeavesEqual(b *bench) {
	c, l := b.running()
	detailed := row("1", func(o *domain.TransactionData) { o.StableMetadata, o.OccurredAt = []byte("detail"), epoch })
	b.write(l, detailed)
	first := b.row(c, "1")
	_, position := b.feedFrom(domain.Position{}, 10, 1)
	moved := detailed
	moved.Metadata = []byte(`{"collected": "later"}`) // what moves with every read is no edit
	moved.OccurredAt = epoch.In(time.FixedZone("elsewhere", 3600))
	moved.Amount = money("-12.500", "BRL")
	b.same("counts", domain.Counts{Read: 1, Unchanged: 1}, b.write(l, moved))
	b.same("row", first, b.row(c, "1"))
	b.same("feed", 0, len(b.feed(position, 10, 0)))
}

// pageReturns has a row that returns as it was: its digest is equal, but it changed.
func pageReturns(b *bench) {
	for _, returned := range []domain.TransactionData{row("1"), row("1", described("edited"))} {
		c, l := b.running()
		b.write(l, row("1"))
		first := b.row(c, "1")
		b.stored(l, ports.PageWrite{Removed: []string{"1"}})
		at := b.now()
		counts := b.stored(l, ports.PageWrite{Transactions: []domain.TransactionData{returned}, At: at})
		b.same("counts", domain.Counts{Read: 1, Modified: 1}, counts)
		want := first
		want.TransactionData, want.Version, want.UpdatedAt = returned, 3, at
		got := b.row(c, "1")
		b.same("row", want, got)
		b.same("change", domain.Modified, got.Change())
	}
}

// pageRemoves names a row twice, and ids that mean something to quoting.
func pageRemoves(b *bench) {
	c, l := b.running()
	b.write(l, row("1"), row("2"), row("it's"))
	first := b.row(c, "1")
	at := b.now()
	counts := b.stored(l, ports.PageWrite{Removed: []string{"1", "unknown", "1", "it's", "%"}, At: at})
	b.same("counts", domain.Counts{Removed: 2}, counts)
	want := first
	want.Version, want.UpdatedAt, want.RemovedAt = 2, at, at
	got := b.row(c, "1")
	b.same("removed row", want, got)
	b.same("change", domain.Removed, got.Change())
	b.utc(got.RemovedAt)
	b.same("the other row", 1, b.row(c, "2").Version)
	b.same("counts of a second removal", domain.Counts{}, b.stored(l, ports.PageWrite{Removed: []string{"1"}}))
	b.same("removed again", want, b.row(c, "1"))
}

// pageShowsRemoved has a page show what it removes: a row that is new, one that is as it
// was, one that was edited, and one that comes back.
func pageShowsRemoved(b *bench) {
	c, l := b.running()
	b.write(l, row("equal"), row("edited"), row("back"))
	b.stored(l, ports.PageWrite{Removed: []string{"back"}})
	all := []string{"new", "equal", "edited", "back"}
	at := b.now()
	counts := b.stored(l, ports.PageWrite{
		Transactions: []domain.TransactionData{row("new"), row("equal"), row("edited", described("anew")), row("back")},
		Removed:      all, At: at,
	})
	b.same("counts", domain.Counts{Read: 4, Added: 1, Modified: 2, Unchanged: 1, Removed: 4}, counts)
	for name, version := range map[string]int{"new": 2, "equal": 2, "edited": 3, "back": 4} {
		got := b.row(c, name)
		b.same(name+" was removed", at, got.RemovedAt)
		b.same(name+"'s version", version, got.Version)
	}
	told := ids(b.feed(domain.Position{}, 10, len(all)), externalID)
	slices.Sort(told)
	slices.Sort(all)
	b.same("feed", all, told)
}

// pageDuplicates: an upsert of one statement fails on the second of two equal keys.
func pageDuplicates(b *bench) {
	c, l := b.running()
	counts := b.write(l, row("1", described("earlier")), row("2"), row("1", described("later")))
	b.same("counts", domain.Counts{Read: 2, Added: 2}, counts)
	first := b.row(c, "1")
	b.same("description", "later", first.Description)
	b.same("version", 1, first.Version)
	b.same("counts again", domain.Counts{Read: 1, Unchanged: 1}, b.write(l, row("1", described("earlier")), row("1", described("later"))))
	b.same("row", first, b.row(c, "1"))
	counts = b.stored(l, ports.PageWrite{Accounts: []domain.AccountData{account("a"), account("a")}})
	b.same("counts of accounts", domain.Counts{Accounts: 1}, counts)
	b.same("accounts", 1, len(b.accounts(c)))
}

// rowsPerConnection: two items of one vendor may well show the same transaction ids.
func rowsPerConnection(b *bench) {
	one, first := b.running()
	two, second := b.running()
	b.write(first, row("1"))
	b.same("counts", domain.Counts{Read: 1, Added: 1}, b.write(second, row("1", described("another"))))
	if b.row(one, "1").ID == b.row(two, "1").ID {
		b.Error("two connections share a row")
	}
	b.stored(second, ports.PageWrite{Removed: []string{"1"}})
	b.same("the first's", domain.Added, b.row(one, "1").Change())
	upper := b.write(first, row("ID"), row("id"), row("id "))
	b.same("ids are compared exactly", domain.Counts{Read: 3, Added: 3}, upper)
}

// pageProgress reads the pull after each page, as the next worker would.
func pageProgress(b *bench) {
	c, l := b.running()
	before := b.pull(l.Pull)
	progress := domain.Progress{
		Planned: true, Step: 1, Cursor: "cur'sor 🏦", Pages: 3,
		Steps: []domain.Step{
			{Account: "a", Window: domain.Window{From: "2026-01-01", To: "2026-02-01"}, Sweep: true},
			{Account: "b", CreatedFrom: epoch, IDs: []string{"x", "y"}},
		},
	}
	b.stored(l, ports.PageWrite{Accounts: []domain.AccountData{account("a"), account("b")}, Transactions: []domain.TransactionData{row("1")}, Progress: progress})
	want := before
	want.Progress, want.Counts = progress, domain.Counts{Accounts: 2, Read: 1, Added: 1}
	b.same("after a page", want, b.pull(l.Pull))
	counts := b.stored(l, ports.PageWrite{
		Accounts: []domain.AccountData{account("a")}, Removed: []string{"1"}, Transactions: []domain.TransactionData{row("2")}, Progress: progress.Advance(""),
	})
	b.same("counts of this page", domain.Counts{Accounts: 1, Read: 1, Added: 1, Removed: 1}, counts)
	want.Progress, want.Counts = progress.Advance(""), domain.Counts{Accounts: 2, Read: 2, Added: 2, Removed: 1}
	b.same("after a second page", want, b.pull(l.Pull))
	b.finish(l, domain.PullQueued, domain.VendorUnreachable)
	_, claimed := b.claimAt(l.Pull, behind(epoch))
	b.same("where the next try goes on", want.Progress, claimed.Pull.Progress)
	b.same("what it counts on from", want.Counts, claimed.Pull.Counts)
	b.same("accounts", 2, len(b.accounts(c)))
}

func emptyPage(b *bench) {
	_, l := b.running()
	progress := domain.Progress{Planned: true, Step: 4}
	b.same("counts", domain.Counts{}, b.stored(l, ports.PageWrite{Progress: progress}))
	b.same("progress", progress, b.pull(l.Pull).Progress)
}

// hugePage is beyond the parameters that one statement may have in some databases.
func hugePage(b *bench) {
	c, l := b.running()
	var rows []domain.TransactionData
	var removed []string
	for i := range 1000 {
		rows = append(rows, row(fmt.Sprint("row ", i), of("a"), on(domain.Date("2026-01-01").AddDays(i%40))))
		removed = append(removed, fmt.Sprint("row ", i))
	}
	page := ports.PageWrite{Accounts: []domain.AccountData{account("a")}, Transactions: rows}
	b.same("counts", domain.Counts{Accounts: 1, Read: 1000, Added: 1000}, b.stored(l, page))
	b.same("counts again", domain.Counts{Accounts: 1, Read: 1000, Unchanged: 1000}, b.stored(l, page))
	once(b, removed, ids(b.rows(c), externalID))
	b.same("counts of the removal", domain.Counts{Removed: 1000}, b.stored(l, ports.PageWrite{Removed: removed}))
}
