package porttest

import (
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// sweepPromises are those of Pulls.Sweep.
var sweepPromises = []promise{
	{"rows of the window that were not seen are removed", sweepRemoves},
	{"a sweep keeps to its window, both ends included", sweepWindow},
	{"a sweep keeps to its account and its connection", sweepAccount},
	{"a sweep passes removed rows over, and counts for the pull", sweepCounts},
}

// sweep marks what seen does not hold, and gives what it was asked for.
func (b *bench) sweep(l domain.Lease, w ports.SweepWrite, seen ...string) domain.Counts {
	b.Helper()
	w.Seen = func(externalID string) bool { return slices.Contains(seen, externalID) }
	if w.At.IsZero() {
		w.At = b.now()
	}
	w.LeaseUntil = l.Until
	counts, err := b.Pulls.Sweep(b.ctx, l, w)
	b.ok(err)
	return counts
}

// gone lists the external ids of the removed rows, sorted.
func (b *bench) gone(c domain.Connection) []string {
	b.Helper()
	removed := slices.DeleteFunc(b.rows(c), func(t domain.Transaction) bool { return t.RemovedAt.IsZero() })
	return slices.Sorted(slices.Values(ids(removed, externalID)))
}

// sweepRemoves asks the feed, too: a removal is a change.
func sweepRemoves(b *bench) {
	c, l := b.running()
	b.write(l, row("seen"), row("it's gone"), row("pending", func(o *domain.TransactionData) { o.Status = domain.Pending }))
	first := b.row(c, "it's gone")
	_, position := b.feedFrom(domain.Position{}, 10, 3)
	at := b.now()
	b.same("counts", domain.Counts{Removed: 2}, b.sweep(l, ports.SweepWrite{At: at}, "seen", "never stored"))
	want := first
	want.Version, want.UpdatedAt, want.RemovedAt = 2, at, at
	b.same("row", want, b.row(c, "it's gone"))
	b.same("gone", []string{"it's gone", "pending"}, b.gone(c))
	changed := ids(b.feed(position, 10, 2), externalID)
	slices.Sort(changed)
	b.same("feed", []string{"it's gone", "pending"}, changed)
}

func sweepWindow(b *bench) {
	for _, tc := range []struct {
		window domain.Window
		want   []string
	}{
		{domain.Window{}, []string{"1", "2", "3", "4"}},
		{domain.Window{From: "2026-02-02", To: "2026-02-03"}, []string{"2", "3"}},
		{domain.Window{From: "2026-02-03"}, []string{"3", "4"}},
		{domain.Window{To: "2026-02-01"}, []string{"1"}},
		{domain.Window{From: "2026-03-01"}, nil},
	} {
		c, l := b.running()
		b.write(l, row("1", on("2026-02-01")), row("2", on("2026-02-02")), row("3", on("2026-02-03")), row("4", on("2026-02-04")))
		counts := b.sweep(l, ports.SweepWrite{Window: tc.window})
		b.same(fmt.Sprintf("%+v: counts", tc.window), domain.Counts{Removed: len(tc.want)}, counts)
		b.same(fmt.Sprintf("%+v: gone", tc.window), tc.want, b.gone(c))
	}
}

func sweepAccount(b *bench) {
	for name, want := range map[string][]string{"a": {"of a"}, "absent": nil, "": {"of a", "of b", "of none"}} {
		c, l := b.running()
		page := ports.PageWrite{
			Accounts:     []domain.AccountData{account("a"), account("b")},
			Transactions: []domain.TransactionData{row("of a", of("a")), row("of b", of("b")), row("of none")},
		}
		b.stored(l, page)
		other, second := b.running()
		b.stored(second, page)
		b.sweep(l, ports.SweepWrite{Account: name})
		b.same("gone of account "+name, want, b.gone(c))
		b.same("gone elsewhere", 0, len(b.gone(other)))
	}
}

// sweepCounts lets a row return after it was swept, as one does that a vendor had hidden.
func sweepCounts(b *bench) {
	c, l := b.running()
	b.write(l, row("1"), row("2"), row("3"))
	b.stored(l, ports.PageWrite{Removed: []string{"1"}})
	removed := b.row(c, "1")
	b.same("counts", domain.Counts{Removed: 1}, b.sweep(l, ports.SweepWrite{}, "2"))
	b.same("a row removed before", removed, b.row(c, "1"))
	b.same("counts of the pull", domain.Counts{Read: 3, Added: 3, Removed: 2}, b.pull(l.Pull).Counts)
	b.same("counts of a second sweep", domain.Counts{}, b.sweep(l, ports.SweepWrite{}, "2"))
	b.write(l, row("3"))
	b.same("a row that returned", 3, b.row(c, "3").Version)
}
