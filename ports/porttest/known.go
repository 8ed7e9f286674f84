package porttest

import (
	"fmt"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// knownPromises are those of Pulls.Known, and of what StorePage keeps for it.
var knownPromises = []promise{
	{"a row is known by the source that it was stored with", knownBySource},
	{"a row without a source is never known", knownWithoutSource},
	{"a removed row is not known until it was read again", knownRemoved},
	{"what is known is told apart by connection", knownPerConnection},
	{"a row that is equal is known by its new source, and is no change", knownAnew},
	{"known rows are counted, and nothing else", knownCounts},
	{"a huge page is known whole", knownHuge},
	{"a page is known in whatever order, and whatever else has its dates", knownInAnyOrder},
}

// read gives a row a source.
func read(from byte) func(*domain.TransactionData) {
	return func(o *domain.TransactionData) { o.ContentHash = domain.ContentHash{from, 15: 0xff} }
}

func (b *bench) known(c domain.Connection, seen ...domain.TransactionData) []bool {
	b.Helper()
	known, err := b.Pulls.FilterUnchanged(b.ctx, c.ID, domain.RawTransactionsOf(seen...))
	b.ok(err)
	return known
}

func knownBySource(b *bench) {
	c, l := b.running()
	b.same("of nothing", 0, len(b.known(c)))
	b.same("before it is stored", []bool{false}, b.known(c, row("1", read(1))))
	b.write(l, row("1", read(1)), row("it's", read(2)), row("🏦", read(3)))
	b.same("in the order they were asked", []bool{true, false, true, false, true, false}, b.known(c,
		row("🏦", read(3)), row("1", read(2)), row("it's", read(2)), row("unknown", read(1)), row("1", read(1)), row("1 ", read(1))))
	b.same("twice", []bool{true, true}, b.known(c, row("1", read(1)), row("1", read(1))))
	b.write(l, row("1", read(4), described("edited")))
	b.same("by what it was", []bool{false, true}, b.known(c, row("1", read(1)), row("1", read(4))))
	b.same("not given back", domain.ContentHash{}, b.row(c, "1").ContentHash)
}

// knownWithoutSource: neither who stores nor who asks may leave it out.
func knownWithoutSource(b *bench) {
	c, l := b.running()
	b.write(l, row("none"), row("some", read(1)))
	b.same("known", []bool{false, false, false}, b.known(c, row("none"), row("none", read(1)), row("some")))
	b.write(l, row("some"))
	b.same("after it was stored without", []bool{false, false}, b.known(c, row("some", read(1)), row("some")))
}

func knownRemoved(b *bench) {
	c, l := b.running()
	b.write(l, row("1", read(1)), row("2", read(2)), row("3", read(3)))
	b.stored(l, ports.PageWrite{Removed: []string{"1"}})
	b.sweep(l, ports.SweepWrite{}, "3")
	b.same("removed and swept", []bool{false, false, true}, b.known(c, row("1", read(1)), row("2", read(2)), row("3", read(3))))
	b.same("counts", domain.Counts{Read: 1, Modified: 1}, b.write(l, row("1", read(1))))
	b.same("returned", []bool{true}, b.known(c, row("1", read(1))))
}

func knownPerConnection(b *bench) {
	one, first := b.running()
	two, second := b.running()
	b.write(first, row("1", read(1)))
	b.write(second, row("1", read(2)))
	b.same("the first's", []bool{true, false}, b.known(one, row("1", read(1)), row("1", read(2))))
	b.same("the second's", []bool{false, true}, b.known(two, row("1", read(1)), row("1", read(2))))
	b.same("of a connection that is none", []bool{false}, b.known(domain.Connection{ID: newID[domain.Connection]()}, row("1", read(1))))
}

func knownAnew(b *bench) {
	c, l := b.running()
	b.write(l, row("1", read(1)), row("2"), row("3", read(3)))
	first := b.rows(c)
	_, position := b.feedFrom(domain.Position{}, 10, 3)
	counts := b.write(l, row("1", read(5)), row("2", read(6)), row("3", read(3)))
	b.same("counts", domain.Counts{Read: 3, Unchanged: 3}, counts)
	b.same("known", []bool{false, true, true, true}, b.known(c, row("1", read(1)), row("1", read(5)), row("2", read(6)), row("3", read(3))))
	b.same("rows", first, b.rows(c))
	b.same("feed", 0, len(b.feed(position, 10, 0)))
}

// knownCounts has them alone in a page, beside others, and under a lease that is lost.
func knownCounts(b *bench) {
	c, l := b.running()
	progress := domain.Progress{Planned: true, Step: 1, Cursor: "on"}
	b.same("alone", domain.Counts{Read: 7, Unchanged: 7}, b.stored(l, ports.PageWrite{Unchanged: 7, Progress: progress}))
	b.same("progress", progress, b.pull(l.Pull).Progress)
	page := ports.PageWrite{Unchanged: 2, Transactions: []domain.TransactionData{row("1"), row("2")}}
	b.same("beside others", domain.Counts{Read: 4, Added: 2, Unchanged: 2}, b.stored(l, page))
	b.same("of the pull", domain.Counts{Read: 11, Added: 2, Unchanged: 9}, b.pull(l.Pull).Counts)
	b.same("rows", 2, len(b.rows(c)))
	b.delete(c)
	b.fails(b.page(l, ports.PageWrite{Unchanged: 7}), domain.LeaseLost)
	b.same("of a connection that was deleted", 11, b.pull(l.Pull).Counts.Read)
	_, other := b.running()
	stranger := other
	stranger.ID = newID[domain.Lease]()
	b.fails(b.page(stranger, ports.PageWrite{Unchanged: 7}), domain.LeaseLost)
	b.same("under another lease", domain.Counts{}, b.pull(other.Pull).Counts)
}

func knownHuge(b *bench) {
	c, l := b.running()
	var rows []domain.TransactionData
	for i := range 1000 {
		rows = append(rows, row(fmt.Sprint("row ", i), read(byte(i%250+1))))
	}
	b.write(l, rows...)
	rows[7].ContentHash, rows[999].ExternalID = domain.ContentHash{1}, "another"
	for i, known := range b.known(c, rows...) {
		b.same(rows[i].ExternalID, i != 7 && i != 999, known)
	}
}

// knownInAnyOrder has pages by date, newest and oldest first, by nothing, of one account and
// of two, with rows in them that are new, edited, removed, without a source, twice, and far
// away.
func knownInAnyOrder(b *bench) {
	c, l := b.running()
	_, stranger := b.running()
	const rows = 300
	day := func(i int) domain.Date { return domain.DateOf(epoch.AddDate(0, 0, -i/3)) }
	at := func(i int, edits ...func(*domain.TransactionData)) domain.TransactionData {
		source, holder := domain.ContentHash{byte(i), byte(i >> 8), 15: 1}, of(fmt.Sprint("account ", i%2))
		return row(fmt.Sprint("row ", i), append([]func(*domain.TransactionData){on(day(i)), holder, func(o *domain.TransactionData) { o.ContentHash = source }}, edits...)...)
	}
	var stored, others []domain.TransactionData
	for i := range rows {
		stored, others = append(stored, at(i)), append(others, at(i, read(9)))
	}
	stored[100].ContentHash, stored[101].Date = domain.ContentHash{}, "1999-01-01"
	b.write(l, stored...)
	b.write(stranger, others...)
	b.stored(l, ports.PageWrite{Removed: []string{"row 50", "row 299"}})
	strange := map[int]bool{50: true, 299: true, 100: true, 7: true, 8: true, 1000: true, 1001: true}
	places := map[string][]int{"twice": {5, 5, 5}, "by nothing": nil, "newest first": nil, "oldest first": nil, "one account": nil, "new at both ends": {1000}}
	for i := range rows {
		places["newest first"] = append(places["newest first"], i)
		places["oldest first"] = append(places["oldest first"], rows-1-i)
		places["by nothing"] = append(places["by nothing"], i*7%rows)
		places["one account"] = append(places["one account"], i/2*2)
		places["twice"] = append(places["twice"], i)
		places["new at both ends"] = append(places["new at both ends"], i)
	}
	places["new at both ends"] = append(places["new at both ends"], 1001)
	for name, order := range places {
		var shown []domain.TransactionData
		var want []bool
		for _, i := range order {
			o := at(i)
			switch i {
			case 7:
				o.ContentHash = domain.ContentHash{}
			case 8:
				o.ContentHash = at(9).ContentHash
			}
			shown, want = append(shown, o), append(want, !strange[i])
		}
		b.same(name, want, b.known(c, shown...))
	}
}
