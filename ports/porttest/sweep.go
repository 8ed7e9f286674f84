package porttest

import (
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// sweepTests check Pulls.Sweep.
var sweepTests = []storeTest{
	{"rows of the window that were not seen are removed", sweepRemoves},
	{"a sweep is limited to its window, both ends included", sweepWindow},
	{"a sweep is limited to its account and its connection", sweepAccount},
	{"a sweep ignores removed rows, and counts for the pull", sweepCounts},
}

// sweep calls Pulls.Sweep, which marks the rows that are not in seen as removed, and returns the
// counts.
func (f *fixture) sweep(l domain.Lease, write ports.SweepWrite, seen ...string) domain.Counts {
	f.Helper()
	write.Seen = func(externalID string) bool { return slices.Contains(seen, externalID) }
	if write.At.IsZero() {
		write.At = f.now()
	}
	write.LeaseUntil = l.Until
	counts, err := f.Pulls.Sweep(f.ctx, l, write)
	f.noError(err)
	return counts
}

// removedIDs returns the external ids of the connection's removed rows, sorted.
func (f *fixture) removedIDs(c domain.Connection) []string {
	f.Helper()
	removed := slices.DeleteFunc(f.allRows(c), func(t domain.Transaction) bool { return t.RemovedAt.IsZero() })
	return slices.Sorted(slices.Values(ids(removed, externalID)))
}

// sweepRemoves checks that a sweep removes the rows that were not seen. It also reads the feed,
// because a removal is a change.
func sweepRemoves(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("seen"), row("it's gone"), row("pending", func(o *domain.TransactionData) {
		o.Status = domain.Pending
	}))
	first := f.getRow(c, "it's gone")
	_, position := f.readFeedFrom(domain.Position{}, 10, 3)
	at := f.now()
	f.equal("counts", domain.Counts{Removed: 2}, f.sweep(l, ports.SweepWrite{At: at}, "seen", "never stored"))
	want := first
	want.Version, want.UpdatedAt, want.RemovedAt = 2, at, at
	f.equal("row", want, f.getRow(c, "it's gone"))
	f.equal("removed", []string{"it's gone", "pending"}, f.removedIDs(c))
	changed := ids(f.readFeed(position, 10, 2), externalID)
	slices.Sort(changed)
	f.equal("feed", []string{"it's gone", "pending"}, changed)
}

func sweepWindow(f *fixture) {
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
		c, l := f.runningPull()
		f.storeRows(l, row("1", withDate("2026-02-01")), row("2", withDate("2026-02-02")),
			row("3", withDate("2026-02-03")), row("4", withDate("2026-02-04")))
		counts := f.sweep(l, ports.SweepWrite{Window: tc.window})
		f.equal(fmt.Sprintf("%+v: counts", tc.window), domain.Counts{Removed: len(tc.want)}, counts)
		f.equal(fmt.Sprintf("%+v: removed", tc.window), tc.want, f.removedIDs(c))
	}
}

func sweepAccount(f *fixture) {
	for name, want := range map[string][]string{"a": {"of a"}, "absent": nil, "": {"of a", "of b", "of none"}} {
		c, l := f.runningPull()
		page := ports.PageWrite{
			Accounts: []domain.AccountData{accountData("a"), accountData("b")},
			Transactions: []domain.TransactionData{row("of a", withAccount("a")), row("of b", withAccount("b")),
				row("of none")},
		}
		f.mustStorePage(l, page)
		other, second := f.runningPull()
		f.mustStorePage(second, page)
		f.sweep(l, ports.SweepWrite{Account: name})
		f.equal("removed of account "+name, want, f.removedIDs(c))
		f.equal("removed of another connection", 0, len(f.removedIDs(other)))
	}
}

// sweepCounts checks the counts of sweeps. It also stores a swept row again, as happens when a vendor
// has hidden a row for some time.
func sweepCounts(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"), row("2"), row("3"))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
	removed := f.getRow(c, "1")
	f.equal("counts", domain.Counts{Removed: 1}, f.sweep(l, ports.SweepWrite{}, "2"))
	f.equal("a row removed before", removed, f.getRow(c, "1"))
	f.equal("counts of the pull", domain.Counts{Read: 3, Added: 3, Removed: 2}, f.getPull(l.Pull).Counts)
	f.equal("counts of a second sweep", domain.Counts{}, f.sweep(l, ports.SweepWrite{}, "2"))
	f.storeRows(l, row("3"))
	f.equal("a row that returned", 3, f.getRow(c, "3").Version)
}
