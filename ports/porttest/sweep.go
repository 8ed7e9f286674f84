package porttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// sweepTests check Pulls.Sweep.
var sweepTests = []storeTest{
	{"rows of the window that were not seen are removed", sweepRemoves},
	{"a sweep is limited to its window, both ends included", sweepWindow},
	{"a sweep is limited to its account and its connection", sweepAccount},
	{"a sweep ignores removed rows, and counts for the pull", sweepCounts},
	{"with two reads, two pulls in a row must miss a row that they could have returned", sweepNeedsTwoPulls},
	{"a stream removes a row that the same pull has stored", sweepOfStream},
	{"with two reads, a row that was collected before those of the read stays", sweepKeepsPurged},
	{"the removal of many rows of an account waits for an hour", sweepHoldsBack},
	{"rows that return, or whose account is gone, are not held back any more", sweepReleases},
	{"new rows do not hide that a listing lacks all earlier ones", sweepLacksEarlier},
	{"all records continue with the new ids of a listing, and go back to the former ones", sweepRenames},
}

// sweepRenames checks listings in which all ids have changed: to new ids, and back to the former ones. There are so
// many rows that a store may prepare the new versions.
func sweepRenames(f *fixture) {
	const n = 205
	rows := func(prefix string) (rows []domain.TransactionData) {
		for i := range n {
			rows = append(rows, row(fmt.Sprintf("%s %03d", prefix, i), withAccount("a"),
				withAmount(fmt.Sprintf("-%d.17", 100+i), "BRL"), withDescription(fmt.Sprint("PADARIA REAL ", i))))
		}
		return rows
	}
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a")
	f.storeRows(l, rows("old")...)
	own := map[string]domain.TransactionID{}
	for _, t := range f.allRows(c) {
		own[t.Description] = t.ID
	}
	for version, prefix := range []string{"new", "old", "new"} {
		l = f.nextPull(c, l)
		listed := rows(prefix)
		at := f.now()
		counts := f.sweep(l, ports.SweepWrite{At: at, Page: ports.PageWrite{
			Transactions: listed, NewID: newID[domain.Transaction], Matching: &ports.Matching{},
			Progress: domain.Progress{Planned: true, Steps: []domain.Step{{Sweep: true}}},
		}}, ids(listed, func(t domain.TransactionData) string { return t.ExternalID })...)
		f.equal("counts", domain.Counts{Read: n, Modified: n, IDChanges: n}, counts)
		all := f.allRows(c)
		f.equal("records", n, len(all))
		for i, t := range all {
			want := listed[slices.IndexFunc(listed, func(r domain.TransactionData) bool {
				return r.ExternalID == t.ExternalID
			})]
			f.equal("the record", own[t.Description], t.ID)
			f.equal("the row", want.Description, t.Description)
			f.equal("the version", 2+version, t.Version)
			f.equal("the pull", l.Pull, t.Pull)
			f.equal("the time", at, t.UpdatedAt)
			if i < 3 {
				history := f.historyOf(t.ID, 10, nil)
				f.equal("the number of versions", 2+version, len(history))
				f.equal("the former rows", 1, len(t.Supersedes))
			}
		}
	}
	_, feed := f.readFeedFrom(domain.Position{}, 1000, n)
	f.equal("the end of the feed", false, feed.IsZero())
}

// sweepNeedsTwoPulls checks sweeps that remove a row only if it is missing from two consecutive pulls:
//
//   - Row 2 is missing from the first two pulls, and is removed.
//   - Row 3 is missing from the first and the third pull. It is removed only when the fourth pull does not return it
//     either.
//   - Row 1 is older than all returned rows, and stays.
//   - Row 5 is the only row of its account, and stays.
func sweepNeedsTwoPulls(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1", withDate("2026-02-01")), row("2", withDate("2026-02-02")), row("3", withDate("2026-02-03")),
		row("4", withDate("2026-02-02")), row("5", withAccount("b")))
	sweep := func(seen ...string) domain.Counts {
		f.Helper()
		return f.sweep(l, ports.SweepWrite{Proof: domain.TwoReads}, seen...)
	}
	f.equal("the first read", domain.Counts{}, sweep("4"))
	f.equal("another read of the pull", domain.Counts{}, sweep("4"))
	l = f.nextPull(c, l)
	f.equal("the second read", domain.Counts{Removed: 1}, sweep("3", "4"))
	f.equal("removed", []string{"2"}, f.removedIDs(c))
	l = f.nextPull(c, l)
	f.equal("the third read", domain.Counts{}, sweep("4"))
	l = f.nextPull(c, l)
	f.equal("the fourth read returns no row", domain.Counts{Removed: 1}, sweep())
	f.equal("removed", []string{"2", "3"}, f.removedIDs(c))
}

// sweepOfStream checks sweeps of a stream that was read from its start. Such a sweep removes a row at once if the same
// pull has stored it. Row 1 was stored by an earlier pull, row 3 was changed since the pull has stored it, and row 4 is
// a row of another connection.
func sweepOfStream(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"))
	l = f.nextPull(c, l)
	f.storeRows(l, row("2"), row("3"), row("5"))
	f.storeRows(l, row("3", withDescription("changed")))
	_, other := f.runningPull()
	f.storeRows(other, row("4"))
	stream := ports.SweepWrite{Proof: domain.TwoReads, Stream: true}
	f.equal("the read", domain.Counts{Removed: 1}, f.sweep(l, stream, "5"))
	f.equal("removed", []string{"2"}, f.removedIDs(c))
	l = f.nextPull(c, l)
	f.equal("the next read", domain.Counts{Removed: 2}, f.sweep(l, ports.SweepWrite{Proof: domain.TwoReads}, "5"))
}

// sweepKeepsPurged checks sweeps of a vendor that purges old rows. The field CollectedFrom states that the listing
// contains only rows collected at minute 5 or later. Rows that were collected earlier, or at an unknown time, may have
// been purged, so the sweeps must not remove them.
func sweepKeepsPurged(f *fixture) {
	c, l := f.runningPull()
	start := f.now()
	for minute := range 8 {
		f.storeRows(l, row(fmt.Sprint(minute), func(o *domain.TransactionData) {
			o.Metadata = json.RawMessage(fmt.Sprint(minute))
		}))
	}
	f.storeRows(l, row("unknown"))
	for range 2 {
		f.sweep(l, ports.SweepWrite{
			Proof: domain.TwoReads, CollectedFrom: map[string]time.Time{"": start.Add(5 * time.Minute)},
			CollectedAt: func(metadata json.RawMessage) time.Time {
				minute, err := strconv.Atoi(string(metadata))
				if err != nil {
					return time.Time{}
				}
				return start.Add(time.Duration(minute) * time.Minute)
			},
		}, "7")
		l = f.nextPull(c, l)
	}
	f.equal("removed", []string{"5", "6"}, f.removedIDs(c))
}

// manyRows stores n new rows in an account, and returns their external ids.
func (f *fixture) manyRows(l domain.Lease, account string, n int) (externalIDs []string) {
	f.Helper()
	var rows []domain.TransactionData
	for i := range n {
		externalIDs = append(externalIDs, fmt.Sprintf("%s %03d", account, i))
		rows = append(rows, row(externalIDs[i], withAccount(account)))
	}
	f.storeRows(l, rows...)
	return externalIDs
}

// holdsBack reports whether the store withholds removals of the connection's rows because there are too many of them.
func (f *fixture) holdsBack(c domain.Connection) bool {
	f.Helper()
	return f.factsOf(c).HeldRemovals > 0
}

func sweepHoldsBack(f *fixture) {
	c, l := f.runningPull()
	a, b := f.manyRows(l, "a", 39), f.manyRows(l, "b", 40)
	seen, at := append(slices.Clone(a[20:]), b[20:]...), f.now()
	f.equal("held back before", false, f.holdsBack(c))
	first := domain.SyncTime{At: at, Planned: true}
	f.equal("the first read", domain.Counts{Removed: 20}, f.sweep(l, ports.SweepWrite{At: at, Sync: first}, seen...))
	f.equal("removed", b[:20], f.removedIDs(c))
	f.equal("held back", true, f.holdsBack(c))
	l = f.nextPull(c, l)
	synced := domain.SyncTime{At: at.Add(time.Minute), Planned: true}
	w := ports.SweepWrite{At: at.Add(time.Hour - time.Microsecond), Sync: synced}
	f.equal("within the hour", domain.Counts{}, f.sweep(l, w, seen...))
	w.At, w.Sync = at.Add(2*time.Hour), first
	f.equal("of the same synchronisation", domain.Counts{}, f.sweep(l, w, seen...))
	w.At, w.Sync = at.Add(time.Hour), synced
	f.equal("an hour later", domain.Counts{Removed: 20}, f.sweep(l, w, seen...))
	f.equal("removed", append(slices.Clone(a[:20]), b[:20]...), f.removedIDs(c))
	f.equal("held back after", false, f.holdsBack(c))
}

func sweepReleases(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	a, b := f.manyRows(l, "a", 30), f.manyRows(l, "b", 30)
	f.sweep(l, ports.SweepWrite{Account: "a"})
	f.sweep(l, ports.SweepWrite{Account: "b"})
	f.equal("held back", true, f.holdsBack(c))
	f.sweep(l, ports.SweepWrite{Account: "a"}, a...)
	f.equal("after the rows of one account returned", true, f.holdsBack(c))
	f.sweepAccounts(l, domain.OneRead, "a")
	f.equal("after the other account is gone", false, f.holdsBack(c))
	f.equal("removed", []string(nil), f.removedIDs(c))
	f.mustStorePage(l, ports.PageWrite{Removed: b[:19]})
	f.equal("an announced removal", b[:19], f.removedIDs(c))
}

func sweepLacksEarlier(f *fixture) {
	for _, proof := range []domain.AbsenceProof{domain.OneRead, domain.TwoReads} {
		c, l := f.runningPull()
		f.manyRows(l, "a", 3)
		at := f.now()
		sweep := func(after, synced time.Duration, page ...domain.TransactionData) domain.Counts {
			l = f.nextPull(c, l)
			sync := domain.SyncTime{At: at.Add(synced), Planned: true}
			w := ports.SweepWrite{Account: "a", Proof: proof, At: at.Add(after), Sync: sync}
			w.Page.Transactions, w.Page.NewID = page, newID[domain.Transaction]
			return f.sweep(l, w, "older")
		}
		older := row("older", withAccount("a"), withDate("2026-01-01"))
		f.equal("the first listing", domain.Counts{Added: 1, Read: 1}, sweep(0, 0, older))
		f.equal("held back at once", true, f.holdsBack(c))
		f.equal("the second listing", domain.Counts{}, sweep(time.Second, time.Second))
		f.equal("still held back", true, f.holdsBack(c))
		f.equal("an hour later", domain.Counts{Removed: 3}, sweep(time.Hour, time.Minute))
		f.equal("held back after", false, f.holdsBack(c))
	}
}

// sweep calls Pulls.Sweep, which marks the rows that are not in seenIDs as removed, and returns the counts.
func (f *fixture) sweep(l domain.Lease, write ports.SweepWrite, seenIDs ...string) domain.Counts {
	f.Helper()
	write.Seen = func(externalID string) bool { return slices.Contains(seenIDs, externalID) }
	if write.At.IsZero() {
		write.At = f.now()
	}
	if write.Proof == domain.NoProof {
		write.Proof = domain.OneRead
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
			row("3", withDate("2026-02-03")), row("4", withDate("2026-02-04")), row("5", withDate("2026-02-02")))
		counts := f.sweep(l, ports.SweepWrite{Window: tc.window}, "5")
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

// sweepCounts checks the counts of sweeps. It also checks that a row that a sweep has removed can be stored again,
// because a vendor can hide a row temporarily.
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
