package porttest

import (
	"fmt"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// filterUnchangedTests check Pulls.FilterUnchanged. They also check that StorePage stores the content hashes.
var filterUnchangedTests = []storeTest{
	{"a row is unchanged if it has the content hash that it was stored with", unchangedByContentHash},
	{"a row without a content hash is never unchanged", changedWithoutContentHash},
	{"a removed row is changed until it is stored again", removedRowIsChanged},
	{"rows of other connections do not matter", unchangedPerConnection},
	{"an equal row gets its new content hash, and is no change", newContentHashIsStored},
	{"unchanged rows are only counted", unchangedRowsAreCounted},
	{"a huge page is filtered completely", unchangedHugePage},
	{"a page is filtered in any order, among any rows of the same dates", unchangedInAnyOrder},
}

// withContentHash returns an edit that sets the content hash of a row to a hash made from seed. Different seeds make
// different hashes.
func withContentHash(seed byte) func(*domain.TransactionData) {
	return func(o *domain.TransactionData) { o.ContentHash = domain.ContentHash{seed, 15: 0xff} }
}

func (f *fixture) unchanged(c domain.Connection, rows ...domain.TransactionData) []bool {
	f.Helper()
	unchanged, err := f.Pulls.FilterUnchanged(f.ctx, c.Tenant, c.ID, domain.RawTransactionsOf(rows...))
	f.noError(err)
	return unchanged
}

func unchangedByContentHash(f *fixture) {
	c, l := f.runningPull()
	f.equal("of no rows", 0, len(f.unchanged(c)))
	f.equal("before it is stored", []bool{false}, f.unchanged(c, row("1", withContentHash(1))))
	f.storeRows(l, row("1", withContentHash(1)), row("it's", withContentHash(2)), row("🏦", withContentHash(3)))
	f.equal("in the order of the arguments", []bool{true, false, true, false, true, false}, f.unchanged(c,
		row("🏦", withContentHash(3)), row("1", withContentHash(2)), row("it's", withContentHash(2)),
		row("unknown", withContentHash(1)), row("1", withContentHash(1)), row("1 ", withContentHash(1))))
	f.equal("twice", []bool{true, true}, f.unchanged(c, row("1", withContentHash(1)), row("1", withContentHash(1))))
	f.storeRows(l, row("1", withContentHash(4), withDescription("edited")))
	f.equal("by the old and the new content hash", []bool{false, true},
		f.unchanged(c, row("1", withContentHash(1)), row("1", withContentHash(4))))
	f.equal("the content hash is not returned", domain.ContentHash{}, f.getRow(c, "1").ContentHash)
}

// changedWithoutContentHash checks that a row is treated as changed if either the stored row or the given row has no
// content hash.
func changedWithoutContentHash(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("none"), row("some", withContentHash(1)))
	f.equal("unchanged", []bool{false, false, false},
		f.unchanged(c, row("none"), row("none", withContentHash(1)), row("some")))
	f.storeRows(l, row("some"))
	f.equal("after it was stored without a content hash", []bool{false, false},
		f.unchanged(c, row("some", withContentHash(1)), row("some")))
}

func removedRowIsChanged(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1", withContentHash(1)), row("2", withContentHash(2)), row("3", withContentHash(3)))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
	f.sweep(l, ports.SweepWrite{}, "3")
	f.equal("removed and swept", []bool{false, false, true},
		f.unchanged(c, row("1", withContentHash(1)), row("2", withContentHash(2)), row("3", withContentHash(3))))
	f.equal("counts", domain.Counts{Read: 1, Modified: 1}, f.storeRows(l, row("1", withContentHash(1))))
	f.equal("returned", []bool{true}, f.unchanged(c, row("1", withContentHash(1))))
}

func unchangedPerConnection(f *fixture) {
	one, first := f.runningPull()
	two, second := f.runningPull()
	f.storeRows(first, row("1", withContentHash(1)))
	f.storeRows(second, row("1", withContentHash(2)))
	f.equal("the first's", []bool{true, false},
		f.unchanged(one, row("1", withContentHash(1)), row("1", withContentHash(2))))
	f.equal("the second's", []bool{false, true},
		f.unchanged(two, row("1", withContentHash(1)), row("1", withContentHash(2))))
	f.equal("of an unknown connection", []bool{false},
		f.unchanged(domain.Connection{ID: newID[domain.Connection]()}, row("1", withContentHash(1))))
}

func newContentHashIsStored(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1", withContentHash(1)), row("2"), row("3", withContentHash(3)))
	first := f.allRows(c)
	_, position := f.readFeedFrom(domain.Position{}, 10, 3)
	counts := f.storeRows(l, row("1", withContentHash(5)), row("2", withContentHash(6)), row("3", withContentHash(3)))
	f.equal("counts", domain.Counts{Read: 3, Unchanged: 3}, counts)
	f.equal("unchanged", []bool{false, true, true, true},
		f.unchanged(c, row("1", withContentHash(1)), row("1", withContentHash(5)), row("2", withContentHash(6)),
			row("3", withContentHash(3))))
	f.equal("rows", first, f.allRows(c))
	f.equal("feed", 0, len(f.readFeed(position, 10, 0)))
}

// unchangedRowsAreCounted checks that unchanged rows are counted, both if a page has only unchanged rows and if it also
// has other rows. Unchanged rows must not be counted if the lease was lost.
func unchangedRowsAreCounted(f *fixture) {
	c, l := f.runningPull()
	progress := domain.Progress{Planned: true, Step: 1, Cursor: "on"}
	f.equal("only unchanged rows", domain.Counts{Read: 7, Unchanged: 7},
		f.mustStorePage(l, ports.PageWrite{Unchanged: 7, Progress: progress}))
	f.equal("progress", progress, f.getPull(l.Pull).Progress)
	page := ports.PageWrite{Unchanged: 2, Transactions: []domain.TransactionData{row("1"), row("2")}}
	f.equal("with other rows", domain.Counts{Read: 4, Added: 2, Unchanged: 2}, f.mustStorePage(l, page))
	f.equal("of the pull", domain.Counts{Read: 11, Added: 2, Unchanged: 9}, f.getPull(l.Pull).Counts)
	f.equal("rows", 2, len(f.allRows(c)))
	f.deleteConnection(c)
	f.errorIs(f.storePage(l, ports.PageWrite{Unchanged: 7}), domain.LeaseLost)
	f.equal("of a deleted connection", 11, f.getPull(l.Pull).Counts.Read)
	_, other := f.runningPull()
	foreign := other
	foreign.ID = newID[domain.Lease]()
	f.errorIs(f.storePage(foreign, ports.PageWrite{Unchanged: 7}), domain.LeaseLost)
	f.equal("under another lease", domain.Counts{}, f.getPull(other.Pull).Counts)
}

func unchangedHugePage(f *fixture) {
	c, l := f.runningPull()
	var rows []domain.TransactionData
	for i := range 1000 {
		rows = append(rows, row(fmt.Sprint("row ", i), withContentHash(byte(i%250+1))))
	}
	f.storeRows(l, rows...)
	rows[7].ContentHash, rows[999].ExternalID = domain.ContentHash{1}, "another"
	for i, unchanged := range f.unchanged(c, rows...) {
		f.equal(rows[i].ExternalID, i != 7 && i != 999, unchanged)
	}
}

// unchangedInAnyOrder checks FilterUnchanged with pages in several orders: newest row first, oldest row first, and
// unsorted. There are pages of one account and of two accounts. Some rows are new, edited or removed, occur twice, or
// have no content hash. One row is much older than the others.
func unchangedInAnyOrder(f *fixture) {
	c, l := f.runningPull()
	_, other := f.runningPull()
	const rows = 300
	day := func(i int) domain.Date { return domain.DateOf(epoch.AddDate(0, 0, -i/3)) }
	at := func(i int, edits ...func(*domain.TransactionData)) domain.TransactionData {
		source, holder := domain.ContentHash{byte(i), byte(i >> 8), 15: 1}, withAccount(fmt.Sprint("account ", i%2))
		return row(fmt.Sprint("row ", i),
			append([]func(*domain.TransactionData){withDate(day(i)), holder,
				func(o *domain.TransactionData) { o.ContentHash = source }}, edits...)...)
	}
	var stored, others []domain.TransactionData
	for i := range rows {
		stored, others = append(stored, at(i)), append(others, at(i, withContentHash(9)))
	}
	stored[100].ContentHash, stored[101].Date = domain.ContentHash{}, "1999-01-01"
	f.storeRows(l, stored...)
	f.storeRows(other, others...)
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"row 50", "row 299"}})
	changed := map[int]bool{50: true, 299: true, 100: true, 7: true, 8: true, 1000: true, 1001: true}
	places := map[string][]int{"twice": {5, 5, 5}, "unsorted": nil, "newest first": nil, "oldest first": nil,
		"one account": nil, "new at both ends": {1000}}
	for i := range rows {
		places["newest first"] = append(places["newest first"], i)
		places["oldest first"] = append(places["oldest first"], rows-1-i)
		places["unsorted"] = append(places["unsorted"], i*7%rows)
		places["one account"] = append(places["one account"], i/2*2)
		places["twice"] = append(places["twice"], i)
		places["new at both ends"] = append(places["new at both ends"], i)
	}
	places["new at both ends"] = append(places["new at both ends"], 1001)
	for name, order := range places {
		var page []domain.TransactionData
		var want []bool
		for _, i := range order {
			o := at(i)
			switch i {
			case 7:
				o.ContentHash = domain.ContentHash{}
			case 8:
				o.ContentHash = at(9).ContentHash
			}
			page, want = append(page, o), append(want, !changed[i])
		}
		f.equal(name, want, f.unchanged(c, page...))
	}
}
