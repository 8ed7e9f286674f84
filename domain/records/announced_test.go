package records_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// states returns the number of announced removals in each state, as "state number".
func (b *book) states() string {
	counts := map[string]int{}
	for _, a := range b.announced {
		counts[string(a.Announced.State)]++
	}
	var all []string
	for _, state := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprint(state, " ", counts[state]))
	}
	return strings.Join(all, ", ")
}

// days returns a book with n records, one on each day from 2026-01-01 on, and their external ids.
func days(n int) (b *book, ids []string) {
	var all []records.Record
	for i := range n {
		row := dated(fmt.Sprintf("r%03d", i), domain.Date("2026-01-01").AddDays(i))
		all, ids = append(all, record(i+1, row)), append(ids, row.ExternalID)
	}
	return newBook(all...), ids
}

// announce writes announced removals.
func (b *book) announce(t *testing.T, w records.PageWrite) {
	t.Helper()
	if w.At.IsZero() {
		w.At = now
	}
	w.Matching = &records.Matching{}
	if err := b.store(w); err != nil {
		t.Fatal(err)
	}
}

func TestAnnouncedMassRemovalsAreHeldBack(t *testing.T) {
	ago := func(d time.Duration, state domain.AnnouncedState, b *book, ids []string) {
		for _, id := range ids {
			b.announced[id] = records.RowState{
				ExternalID: id, Account: "acc", Date: b.byKey(id).Date,
				Announced: domain.AnnouncedRemoval{At: now.Add(-d), Pull: pullID(8), State: state},
			}
			if state == domain.AnnouncedApplied {
				b.byKey(id).RemovedAt = now.Add(-d)
			}
		}
	}
	for name, tc := range map[string]struct {
		records, from, to int // the announced records
		before            func(b *book, ids []string)
		removed           int
		states            string
	}{
		"19 of 19 records are removed": {19, 0, 19, nil, 19, "applied 19"},
		"20 of 20 records are held":    {20, 0, 20, nil, 0, "held 20"},
		"the records between the first and the last count": {
			60, 0, 20, nil, 0, "held 20",
		},
		"half of the records of the days are removed": {
			40, 0, 20, func(b *book, ids []string) {
				for _, id := range ids[20:] {
					b.byKey(id).Date = "2026-01-05"
				}
			}, 20, "applied 20",
		},
		"applied ones of the hour count": {
			60, 12, 24, func(b *book, ids []string) {
				ago(59*time.Minute, domain.AnnouncedApplied, b, ids[:12])
			}, 0, "applied 12, held 12",
		},
		"applied ones of an hour ago do not count": {
			60, 12, 24, func(b *book, ids []string) {
				ago(time.Hour, domain.AnnouncedApplied, b, ids[:12])
			}, 12, "applied 24",
		},
		"waiting ones of other pages count": {
			60, 12, 24, func(b *book, ids []string) {
				ago(time.Minute, domain.AnnouncedWaiting, b, ids[:12])
			}, 0, "held 12, waiting 12",
		},
		"void ones of the hour count": {
			60, 12, 24, func(b *book, ids []string) {
				ago(time.Minute, domain.AnnouncedVoid, b, ids[:12])
			}, 0, "held 12, void 12",
		},
		"void ones of an hour ago do not count": {
			60, 12, 24, func(b *book, ids []string) {
				ago(time.Hour, domain.AnnouncedVoid, b, ids[:12])
			}, 12, "applied 12, void 12",
		},
		"ones that came back after they were applied": {
			60, 20, 25, func(b *book, ids []string) {
				ago(time.Minute, domain.AnnouncedApplied, b, ids[:15])
				for _, id := range ids[:15] {
					b.byKey(id).RemovedAt = time.Time{}
				}
				ago(time.Minute, domain.AnnouncedVoid, b, ids[15:20])
			}, 0, "applied 15, held 5, void 5",
		},
		"held ones stay held for a day": {
			60, 0, 1, func(b *book, ids []string) {
				ago(24*time.Hour, domain.AnnouncedHeld, b, ids[:1])
			}, 0, "held 1",
		},
		"void ones can be announced again": {
			60, 0, 1, func(b *book, ids []string) {
				ago(time.Minute, domain.AnnouncedVoid, b, ids[:1])
			}, 1, "applied 1",
		},
		"ones that this pull has found void are ignored": {
			60, 0, 1, func(b *book, ids []string) {
				ago(time.Minute, domain.AnnouncedVoid, b, ids[:1])
				a := b.announced[ids[0]]
				a.Announced.Pull = pullID(9)
				b.announced[ids[0]] = a
			}, 0, "void 1",
		},
		"those that waited count from their first announcement": {
			60, 0, 24, func(b *book, ids []string) {
				ago(2*time.Hour, domain.AnnouncedWaiting, b, ids[:12])
			}, 24, "applied 24",
		},
		"void ones that are announced again count from now": {
			60, 0, 24, func(b *book, ids []string) {
				ago(2*time.Hour, domain.AnnouncedVoid, b, ids[:12])
			}, 0, "held 24",
		},
		"those of two days ago are forgotten": {
			60, 0, 1, func(b *book, ids []string) {
				ago(48*time.Hour, domain.AnnouncedApplied, b, ids[5:7])
			}, 1, "applied 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, ids := days(tc.records)
			if tc.before != nil {
				tc.before(b, ids)
			}
			b.announce(t, records.PageWrite{Removed: ids[tc.from:tc.to]})
			if got := b.states(); b.counts.Removed != tc.removed || got != tc.states {
				t.Errorf("%d removed, %s; want %d, %s", b.counts.Removed, got, tc.removed, tc.states)
			}
		})
	}
}

func TestAnnouncedRemovalsOfSeveralPagesAreJudgedTogether(t *testing.T) {
	b, ids := days(30)
	b.announce(t, records.PageWrite{Announced: ids[:10]})
	b.announce(t, records.PageWrite{Announced: ids[10:25]})
	if got := b.states(); got != "waiting 25" || b.counts.Removed != 0 {
		t.Errorf("%d removed, %s", b.counts.Removed, got)
	}
	b.announce(t, records.PageWrite{Removed: ids[:10]})
	b.announce(t, records.PageWrite{Removed: ids[10:25]})
	if got := b.states(); got != "held 25" || b.counts.Removed != 0 {
		t.Errorf("%d removed, %s", b.counts.Removed, got)
	}
}

func TestAPageMayRemoveAndAnnounceEquallyMany(t *testing.T) {
	b, ids := days(30)
	b.announce(t, records.PageWrite{Removed: ids[:5], Announced: ids[5:10]})
	if got := b.states(); got != "applied 5, waiting 5" || b.counts.Removed != 5 {
		t.Errorf("%d removed, %s", b.counts.Removed, got)
	}
}

func TestOnlyAnnouncementsOfLiveRowsAreStored(t *testing.T) {
	b, _ := days(30)
	b.announced["old"] = records.RowState{
		ExternalID: "old", Announced: domain.AnnouncedRemoval{At: now.AddDate(0, 0, -9), State: "applied"},
	}
	b.announce(t, records.PageWrite{Removed: []string{"unknown"}})
	b.announce(t, records.PageWrite{Removed: []string{"staged"}, Staged: &records.Staging{}})
	if got := b.states(); got != "applied 1" {
		t.Error(got)
	}
}

func TestMassRemovalsOnAPageOfStagedRowsAreHeldBack(t *testing.T) {
	b, ids := days(30)
	b.announce(t, records.PageWrite{Removed: ids[:25], Staged: &records.Staging{}})
	if got := b.states(); got != "held 25" || b.counts.Removed != 0 {
		t.Errorf("%d removed, %s", b.counts.Removed, got)
	}
	b.announce(t, records.PageWrite{Removed: ids[25:27], Staged: &records.Staging{}})
	if b.counts.Removed != 0 {
		t.Errorf("%d removed later", b.counts.Removed)
	}
	b, ids = days(30)
	b.announce(t, records.PageWrite{Removed: ids[:5], Staged: &records.Staging{}})
	if got := b.states(); got != "applied 5" || b.counts.Removed != 5 {
		t.Errorf("%d removed of few, %s", b.counts.Removed, got)
	}
}

func TestAWaitingAnnouncementIsNotJudged(t *testing.T) {
	b, ids := days(30)
	b.announce(t, records.PageWrite{Announced: ids})
	if b.calls["States(announced)"] > 0 {
		t.Error("the announcements are counted")
	}
}

func TestAListingJudgesHeldRemovalsInOrder(t *testing.T) {
	b, ids := days(30)
	b.announce(t, records.PageWrite{Removed: ids})
	asked := b.calls["VisitLive(by id)"]
	b.written = nil
	if err := b.sweep(records.SweepWrite{Proof: domain.OneRead}, ids[15:]...); err != nil {
		t.Fatal(err)
	}
	if got := b.states(); got != "void 15" || b.calls["VisitLive(by id)"] != asked {
		t.Errorf("%s, and the live rows were read %d times", got, b.calls["VisitLive(by id)"]-asked)
	}
	for _, c := range b.written {
		if !slices.IsSortedFunc(c.States, func(x, y records.RowState) int {
			return strings.Compare(x.ExternalID, y.ExternalID)
		}) {
			t.Errorf("no order: %+v", c.States)
		}
	}
}

func TestACompleteListingDecidesAboutHeldRemovals(t *testing.T) {
	for name, tc := range map[string]struct {
		sweep   records.SweepWrite
		seen    func(ids []string) []string
		removed int
		states  string
	}{
		"a row that is missing leaves at once": {
			records.SweepWrite{Proof: domain.OneRead}, func([]string) []string { return nil }, 30, "",
		},
		"also where two listings are needed": {
			records.SweepWrite{Proof: domain.TwoReads}, func([]string) []string { return nil }, 30, "",
		},
		"a row that is shown stays": {
			records.SweepWrite{Proof: domain.OneRead}, func(ids []string) []string { return ids[10:] }, 10, "void 20",
		},
		"a listing that is not settled decides nothing": {
			records.SweepWrite{Proof: domain.NoProof}, func(ids []string) []string { return ids[10:] }, 0, "held 30",
		},
		"rows outside of the window wait": {
			records.SweepWrite{Proof: domain.OneRead, Window: domain.Window{From: "2026-01-11"}},
			func([]string) []string { return nil }, 20, "held 10",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, ids := days(30)
			b.announce(t, records.PageWrite{Removed: ids})
			if err := b.sweep(tc.sweep, tc.seen(ids)...); err != nil {
				t.Fatal(err)
			}
			if got := b.states(); b.counts.Removed != tc.removed || got != tc.states || len(b.absences) > 0 {
				t.Errorf("%d removed, %s, %d absent", b.counts.Removed, got, len(b.absences))
			}
		})
	}
}

func TestAHeldRemovalOfARowThatIsGoneIsForgotten(t *testing.T) {
	b, ids := days(30)
	b.announce(t, records.PageWrite{Removed: ids})
	b.byKey(ids[3]).RemovedAt = now
	if err := b.sweep(records.SweepWrite{}, ids...); err != nil {
		t.Fatal(err)
	}
	if got := b.states(); got != "held 29" {
		t.Error(got)
	}
}

func TestHeldRemovalsAreMatchedWithTheRowsThatReplaceThem(t *testing.T) {
	b, ids := days(30)
	b.announce(t, records.PageWrite{Removed: ids})
	var rows []domain.TransactionData
	var seen []string
	for _, id := range ids {
		row := b.byKey(id).TransactionData
		row.ExternalID = "new " + id
		rows, seen = append(rows, row), append(seen, row.ExternalID)
	}
	listing := pageOf(rows...)
	listing.Progress = wholeList
	if err := b.sweep(records.SweepWrite{Proof: domain.OneRead, Page: listing}, seen...); err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if r := b.byKey("new " + id); r == nil || r.ID != recordID(i+1) {
			t.Errorf("%s was not continued", id)
		}
	}
}

func TestAnOperatorAppliesHeldRemovals(t *testing.T) {
	b, ids := days(30)
	if page := records.ApplyHeld(maps.Values(b.announced), records.PageWrite{}); page != nil {
		t.Error("nothing is held back, but there is a page")
	}
	b.announce(t, records.PageWrite{Removed: ids})
	page := records.ApplyHeld(maps.Values(b.announced), records.PageWrite{At: now, Matching: &records.Matching{}})
	if err := b.write(page, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.states(); b.counts.Removed != 30 || got != "" {
		t.Errorf("%d removed, %s", b.counts.Removed, got)
	}
}

func TestAnnouncedRemovalsReturnTheErrorsOfTheStore(t *testing.T) {
	for _, method := range []string{
		"States(announced by id)", "VisitLive(by id)", "States(announced)", "VisitLive",
	} {
		b, ids := days(30)
		b.fails = method
		if err := b.store(records.PageWrite{Removed: ids, At: now}); err == nil {
			t.Errorf("%s failed, but not the write", method)
		}
	}
	for _, method := range []string{"States(held)", "VisitLive(by id)"} {
		b, ids := days(30)
		if err := b.store(records.PageWrite{Removed: ids, At: now}); err != nil {
			t.Fatal(err)
		}
		b.byKey(ids[0]).RemovedAt = now
		b.fails = method
		if err := b.sweep(records.SweepWrite{}, ids...); err == nil {
			t.Errorf("%s failed, but not the sweep", method)
		}
	}
}

// A row whose announced removal is held back and that a listing lacks leaves once.
func TestTheHeldRemovalsOfARowAreAppliedOnce(t *testing.T) {
	held, missing := records.RowState{ExternalID: "b"}, absentRow("b", 5)
	held.Announced.State = domain.AnnouncedHeld
	missing.Absent.Held.At = now
	first := held
	first.ExternalID = "a"
	page := records.ApplyHeld(slices.Values([]records.RowState{held, first, missing}), pageOf())
	if page == nil || !slices.Equal(page.Removed, []string{"a", "b"}) || !page.Confirmed {
		t.Errorf("the page is %+v", page)
	}
	if page := records.ApplyHeld(slices.Values([]records.RowState{absentRow("c", 5)}), pageOf()); page != nil {
		t.Errorf("nothing is held back, and the page removes %v", page.Removed)
	}
}
