package records_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// sweep writes a complete listing of the rows with these external ids.
func (b *book) sweep(w records.SweepWrite, seen ...string) error {
	w.Seen, w.At = func(id string) bool { return slices.Contains(seen, id) }, now
	if w.Page.NewID == nil {
		w.Page.NewID, w.Page.Matching = pageOf().NewID, pageOf().Matching
	}
	page := records.NewSweep(w)
	return b.write(page, page.Rows())
}

func dated(externalID string, date domain.Date) domain.TransactionData {
	return data(externalID, "row "+externalID, "-7", date)
}

func TestASweep(t *testing.T) {
	two := func() *book { return newBook(record(1, dated("a", "2026-03-10")), record(2, dated("b", "2026-03-12"))) }
	absent := func(pull int) *book {
		b := two()
		b.absences["b"] = absentRow("b", pull)
		return b
	}
	collected := func(w records.SweepWrite, from time.Time) records.SweepWrite {
		w.CollectedFrom = map[string]time.Time{"acc": from}
		w.CollectedAt = func(json.RawMessage) time.Time { return now }
		return w
	}
	twoReads := records.SweepWrite{Proof: domain.TwoReads}
	stream := records.SweepWrite{Proof: domain.TwoReads, Stream: true}
	withdrawn := func(version int) *book { // the present pull has stored the second record
		b := two()
		b.records[1].Pull, b.records[1].Version = pullID(9), version
		return b
	}
	carriedOver := func(externalID string) *book {
		b := two()
		b.carriedOver[externalID] = true
		return b
	}
	for name, tc := range map[string]struct {
		book  *book
		write records.SweepWrite
		seen  []string
		want  []string
	}{
		"one listing is enough: the missing record is removed": {
			two(), records.SweepWrite{Proof: domain.OneRead}, []string{"a"}, []string{"1 a v1", "2 b v2 removed"},
		},
		"one listing is enough, even without listed rows": {
			two(), records.SweepWrite{Proof: domain.OneRead}, nil, []string{"1 a v2 removed", "2 b v2 removed"},
		},
		"records outside of the window stay": {
			two(), records.SweepWrite{Proof: domain.OneRead, Window: domain.Window{From: "2026-03-11"}}, nil,
			[]string{"1 a v1", "2 b v2 removed"},
		},
		"records of other accounts stay": {
			two(), records.SweepWrite{Proof: domain.OneRead, Account: "other"}, nil, []string{"1 a v1", "2 b v1"},
		},
		"the account is not listed any more: its records stay": {
			two(), records.SweepWrite{Proof: domain.OneRead, Accounts: []string{"other"}}, nil,
			[]string{"1 a v1", "2 b v1"},
		},
		"the account is not listed any more: its absent records are forgotten": {
			absent(8), records.SweepWrite{Proof: domain.TwoReads, Accounts: []string{}}, nil,
			[]string{"1 a v1", "2 b v1"},
		},
		"the account is not listed any more, but a row of it is": {
			two(), records.SweepWrite{Proof: domain.OneRead, Accounts: []string{"other"}}, []string{"a"},
			[]string{"1 a v1", "2 b v2 removed"},
		},
		"the account is listed without rows": {
			two(), records.SweepWrite{Proof: domain.OneRead, Accounts: []string{"acc"}}, nil,
			[]string{"1 a v2 removed", "2 b v2 removed"},
		},
		"two listings are needed: the first is remembered": {
			two(), twoReads, []string{"a"}, []string{"1 a v1", "2 b v1", "absent b since 9"},
		},
		"the record is missing from the second listing, too": {
			absent(8), twoReads, []string{"a"}, []string{"1 a v1", "2 b v2 removed"},
		},
		"the same pull has read both listings": {
			absent(9), twoReads, []string{"a"}, []string{"1 a v1", "2 b v1", "absent b since 9"},
		},
		"the record is listed again": {
			absent(8), twoReads, []string{"a", "b"}, []string{"1 a v1", "2 b v1"},
		},
		"the listing does not reach back to the record": {
			two(), twoReads, []string{"b"}, []string{"1 a v1", "2 b v1"},
		},
		"the listing reaches back by a new row": {
			two(), records.SweepWrite{Proof: domain.TwoReads, Page: pageOf(dated("c", "2026-03-10"))}, []string{"c"},
			[]string{"1 a v1", "2 b v1", "101 c v1", "absent a since 9", "absent b since 9"},
		},
		"a row outside of the window does not make the listing reach back": {
			two(), records.SweepWrite{
				Proof: domain.TwoReads, Window: domain.Window{From: "2026-03-09"},
				Page: pageOf(dated("c", "2026-03-01")),
			}, []string{"c"}, []string{"1 a v1", "2 b v1", "101 c v1"},
		},
		"the oldest listed row tells how far the listing reaches back": {
			newBook(record(1, dated("a", "2026-03-08")), record(2, dated("b", "2026-03-10")),
				record(3, dated("c", "2026-03-12")), record(4, dated("d", "2026-03-07"))),
			twoReads, []string{"a", "c"},
			[]string{"1 a v1", "2 b v1", "3 c v1", "4 d v1", "absent b since 9"},
		},
		"two listings are needed: no row of the account is listed": {
			newBook(record(1, dated("a", "2026-03-10")), record(2, dated("b", "2026-03-12")),
				record(3, dated("c", "2026-03-12")), record(4, dated("d", "2024-03-12"))),
			collected(twoReads, now), nil,
			[]string{
				"1 a v1", "2 b v1", "3 c v1", "4 d v1", "absent a since 9", "absent b since 9", "absent c since 9",
			},
		},
		"two listings are needed: no row is listed, but few are recent": {
			newBook(record(1, dated("a", "2026-03-10")), record(2, dated("b", "2026-03-12")),
				record(3, dated("c", "2024-03-12"))),
			twoReads, nil, []string{"1 a v1", "2 b v1", "3 c v1"},
		},
		"the second listing does not reach back to the record": {
			func() *book {
				b := two()
				b.absences["a"] = absentRow("a", 8)
				return b
			}(), twoReads, []string{"b"}, []string{"1 a v1", "2 b v1"},
		},
		"the stream lacks a record that the pull has stored": {
			withdrawn(1), stream, []string{"a"}, []string{"1 a v1", "2 b v2 removed"},
		},
		"the stream lacks an older record that the pull has stored": {
			func() *book {
				b := withdrawn(1)
				b.records[1].Date = "2026-03-08"
				return b
			}(), stream, []string{"a"}, []string{"1 a v1", "2 b v2 removed"},
		},
		"the stream lacks a record that the pull has changed": {
			withdrawn(2), stream, []string{"a"}, []string{"1 a v1", "2 b v2", "absent b since 9"},
		},
		"the stream lacks a record that another pull has stored": {
			two(), stream, []string{"a"}, []string{"1 a v1", "2 b v1", "absent b since 9"},
		},
		"a listing that is no stream lacks a record that the pull has stored": {
			withdrawn(1), twoReads, []string{"a"}, []string{"1 a v1", "2 b v1", "absent b since 9"},
		},
		"a stream that proves nothing lacks a record that the pull has stored": {
			withdrawn(1), records.SweepWrite{Stream: true}, []string{"a"},
			[]string{"1 a v1", "2 b v1", "absent b since 9"},
		},
		"the vendor tells of no collection of the account": {
			two(), func() records.SweepWrite {
				w := collected(twoReads, now)
				w.CollectedFrom = nil
				return w
			}(), []string{"a"}, []string{"1 a v1", "2 b v1"},
		},
		"the vendor collected the record recently": {
			two(), collected(twoReads, now), []string{"a"}, []string{"1 a v1", "2 b v1", "absent b since 9"},
		},
		"the vendor may have purged the record": {
			two(), collected(twoReads, now.Add(1)), []string{"a"}, []string{"1 a v1", "2 b v1"},
		},
		"a carried-over record is older than the listing": {
			carriedOver("a"), records.SweepWrite{Proof: domain.OneRead}, []string{"b"},
			[]string{"1 a v1 carried over", "2 b v1"},
		},
		"a carried-over record is not older than the listing": {
			carriedOver("b"), records.SweepWrite{Proof: domain.OneRead}, []string{"a"},
			[]string{"1 a v1", "2 b v2 removed carried over"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.book.sweep(tc.write, tc.seen...); err != nil {
				t.Fatal(err)
			}
			tc.book.want(t, tc.want...)
		})
	}
}

func TestACompleteListingEndsOldCarriedOverRecords(t *testing.T) {
	for name, tc := range map[string]struct {
		carriedOver bool
		proof       domain.AbsenceProof
		want        bool
	}{
		"a listing that proves something": {true, domain.TwoReads, true},
		"a listing that proves nothing":   {true, domain.NoProof, false},
		"nothing is carried over":         {false, domain.OneRead, false},
	} {
		b := newBook(record(1, dated("a", "2026-03-10")))
		if tc.carriedOver {
			b.carriedOver["a"] = true
		}
		if err := b.sweep(records.SweepWrite{Proof: tc.proof, Page: pageOf()}, "a"); err != nil {
			t.Fatal(err)
		}
		if b.expired != tc.want {
			t.Errorf("%s: expired records are forgotten: %t", name, b.expired)
		}
	}
}

// A sweep of some days must not end the absences of the rows of other days: their removals would be held back again
// from then on, and a second listing would count as the first.
func TestRowsOutsideOfTheWindowRemainAbsent(t *testing.T) {
	for name, tc := range map[string]struct {
		window domain.Window
		seen   []string
		absent []string
	}{
		"the window ends before the row":             {domain.Window{To: "2026-03-11"}, []string{"a"}, []string{"b"}},
		"the window starts after the row":            {domain.Window{From: "2026-03-13"}, nil, []string{"b"}},
		"the row is in the window and listed":        {domain.Window{From: "2026-03-12"}, []string{"b"}, nil},
		"the row is in the window and still missing": {domain.Window{From: "2026-03-12"}, nil, []string{"b"}},
		"the listing contains all days and the row":  {domain.Window{}, []string{"a", "b"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(record(1, dated("a", "2026-03-10")), record(2, dated("b", "2026-03-12")))
			before := absentRow("b", 8)
			b.absences["b"] = before
			if err := b.sweep(records.SweepWrite{Proof: domain.NoProof, Window: tc.window}, tc.seen...); err != nil {
				t.Fatal(err)
			}
			for id, state := range b.absences {
				if id == "b" && state != before {
					t.Errorf("the absence is %+v, and was %+v", state, before)
				}
			}
			if got := slices.Sorted(maps.Keys(b.absences)); !slices.Equal(got, tc.absent) {
				t.Errorf("absent are %v, want %v", got, tc.absent)
			}
		})
	}
}

func TestASweepTellsWhetherThereAreAbsencesToForget(t *testing.T) {
	for _, known := range []bool{false, true} {
		b := newBook(record(1, dated("a", "2026-03-10")))
		if known {
			b.absences["x"] = absentRow("x", 1)
		}
		if err := b.sweep(records.SweepWrite{Proof: domain.OneRead}, "a"); err != nil {
			t.Fatal(err)
		}
		forgotten := false
		for _, c := range b.written {
			forgotten = forgotten || slices.ContainsFunc(c.Clear, func(which records.StatesOf) bool {
				return which.Mark == records.MarkAbsent
			})
		}
		if forgotten != known {
			t.Errorf("absences are forgotten: %t, want %t", forgotten, known)
		}
	}
}

// New rows of the listing, and rows whose announced removals are held back, count as rows of the account.
func TestAMassRemovalIsMeasuredAgainstAllRowsOfTheAccount(t *testing.T) {
	b, ids := days(40)
	stays := record(99, dated("stays", "2026-01-20"))
	b.records = append(b.records, stays)
	var page []domain.TransactionData
	for i := range 20 {
		page = append(page, data(fmt.Sprintf("n%02d", i), fmt.Sprint("new ", i), fmt.Sprint(1000+i), "2026-01-20"))
	}
	for _, id := range ids[:20] { // 20 rows are missing from the listing, and 20 are held back
		b.announced[id] = records.RowState{
			ExternalID: id, Account: "acc", Announced: domain.AnnouncedRemoval{At: now, State: domain.AnnouncedHeld},
		}
	}
	seen := []string{"stays"}
	for _, row := range page {
		seen = append(seen, row.ExternalID)
	}
	listing := records.SweepWrite{Proof: domain.OneRead, Page: pageOf(page...)}
	if err := b.sweep(listing, seen...); err != nil {
		t.Fatal(err)
	}
	if b.counts.Removed != 40 || b.counts.Added != 20 || len(b.absences) > 0 {
		t.Errorf("%+v, and %d rows wait", b.counts, len(b.absences))
	}
	for name, removedBefore := range map[string]bool{"new rows": false, "rows that return": true} {
		b, _ := days(20)
		b.records = append(b.records, stays)
		if removedBefore {
			for i, row := range page {
				b.records = append(b.records, removed(record(50+i, row), 400))
			}
		}
		if err := b.sweep(listing, seen...); err != nil {
			t.Fatal(err)
		}
		if b.counts.Removed != 20 {
			t.Errorf("%s: %d of 40 rows were removed, want 20", name, b.counts.Removed)
		}
	}
}

func TestAMassRemovalIsDelayed(t *testing.T) {
	for listed, want := range map[int]int{0: 0, 20: 0, 21: 0, 40: 20} {
		var all []records.Record
		var seen []string
		for i := range 40 + 20 {
			row := dated(fmt.Sprintf("r%02d", i), "2026-03-10")
			if i < 20 || i-20 < listed {
				all = append(all, record(i+1, row))
			}
			if i >= 20 && i-20 < listed {
				seen = append(seen, row.ExternalID)
			}
		}
		b := newBook(all...)
		if err := b.sweep(records.SweepWrite{Proof: domain.OneRead}, seen...); err != nil {
			t.Fatal(err)
		}
		if listed == 20 || listed == 21 { // half of the records, or less, is no mass removal
			want = 20
		}
		if b.counts.Removed != want {
			t.Errorf("20 of %d records are missing: %d removed, want %d", 20+listed, b.counts.Removed, want)
		}
	}
}

// churned returns a book with n records of the rows old-0, old-1 and so on, and the same rows with the names new-0,
// new-1 and so on.
func churned(n int) (b *book, now []domain.TransactionData) {
	var before []records.Record
	for i := range n {
		was := data(fmt.Sprintf("old-%02d", i), "PADARIA REAL", fmt.Sprintf("-%d.17", 40+i), "2026-03-10")
		row := was
		row.ExternalID = fmt.Sprintf("new-%02d", i)
		before, now = append(before, record(i+1, was)), append(now, row)
	}
	return newBook(before...), now
}

// sweepOf writes a complete listing that contains these rows.
func (b *book) sweepOf(w records.SweepWrite, rows []domain.TransactionData, also ...string) error {
	seen := also
	for i := range rows {
		seen = append(seen, rows[i].ExternalID)
	}
	w.Page = pageOf(rows...)
	w.Page.Progress = wholeList
	return b.sweep(w, seen...)
}

// TestRowsThatMayHaveBeenPurgedContinueWithTheirPartners changes the ids of rows that the vendor collected before the
// rows of the listing. Their absence proves no removal, but their partners show that they have left.
func TestRowsThatMayHaveBeenPurgedContinueWithTheirPartners(t *testing.T) {
	fresh := records.SweepWrite{
		Proof: domain.TwoReads, CollectedFrom: map[string]time.Time{"acc": now.Add(time.Hour)},
		CollectedAt: func(json.RawMessage) time.Time { return now },
	}
	for _, n := range []int{1, 12} {
		b, rows := churned(n)
		if err := b.sweepOf(fresh, rows); err != nil {
			t.Fatal(err)
		}
		if kept := b.continued(n); kept != n || len(b.records) != n {
			t.Errorf("%d of %d records continue, and there are %d", kept, n, len(b.records))
		}
	}
	b, rows := churned(12)
	if err := b.sweepOf(fresh, rows[1:], "old-00"); err != nil {
		t.Fatal(err)
	}
	if kept := b.continued(12); kept != 11 || b.counts.Added != 0 || b.records[0].ExternalID != "old-00" {
		t.Errorf("one row has stayed: %d records continue, and %d were added", kept, b.counts.Added)
	}
}

// continued returns how many of the first n records have the row new-… instead of old-….
func (b *book) continued(n int) (kept int) {
	for i := range n {
		if b.records[i].ExternalID == fmt.Sprintf("new-%02d", i) && b.records[i].RemovedAt.IsZero() {
			kept++
		}
	}
	return kept
}

// TestTheRowsOfAMassRemovalContinueWithTheirPartners removes more than half of the rows of an account. Most of them
// return under new ids.
func TestTheRowsOfAMassRemovalContinueWithTheirPartners(t *testing.T) {
	b, rows := churned(25)
	if err := b.sweepOf(records.SweepWrite{Proof: domain.OneRead}, rows[:23]); err != nil {
		t.Fatal(err)
	}
	if kept := b.continued(25); kept != 23 || b.counts.Removed != 2 {
		t.Errorf("%d records continue, and %d were removed", kept, b.counts.Removed)
	}
	if len(b.absences) != 0 {
		t.Errorf("%d rows wait for another listing, but only 2 are lacking", len(b.absences))
	}
	b, rows = churned(45)
	if err := b.sweepOf(records.SweepWrite{Proof: domain.OneRead}, rows[:2]); err != nil {
		t.Fatal(err)
	}
	if kept := b.continued(45); kept != 2 || b.counts.Removed != 0 || len(b.absences) != 43 {
		t.Errorf("%d records continue, %d were removed, %d wait", kept, b.counts.Removed, len(b.absences))
	}
}

// Missing rows whose removal is not proved are not suggested, because their records stay live. If the rest of the rows
// is no mass removal without those that continue, they are removed, and suggested.
func TestMissingRowsAreNotSuggested(t *testing.T) {
	for n, removed := range map[int]bool{50: false, 25: true} {
		b, rows := churned(n)
		twin := rows[n-1]
		twin.ExternalID = "twin"
		listing := append(rows[:22:22], rows[n-1], twin)
		if err := b.sweepOf(records.SweepWrite{Proof: domain.OneRead}, listing); err != nil {
			t.Fatal(err)
		}
		if kept := b.continued(
			n,
		); kept < 22 || (len(b.absences) == 0) != removed ||
			(len(b.suggestions) > 0) != removed {
			t.Errorf("%d continue, %d wait, suggestions: %+v", kept, len(b.absences), b.suggestions)
		}
	}
}

// The vendor may have purged the old row. The new row came with an earlier page of the same pull.
func TestARowOfAnEarlierPageReplacesAPurgedOne(t *testing.T) {
	b, rows := churned(1)
	b.records = append(b.records, firstSeen(record(2, rows[0]), 0, 9))
	listing := records.SweepWrite{
		Proof: domain.TwoReads, CollectedFrom: map[string]time.Time{"acc": now.Add(time.Hour)},
		CollectedAt: func(json.RawMessage) time.Time { return now },
	}
	if err := b.sweepOf(listing, nil, "new-00"); err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 new-00 v2 <old-00", "2 new-00 v2 removed superseded by 1")
}

// Both records are from this pull, which has read the old row before the listing.
func TestARowThatThePullHasNotShownBeforeTheListingReplacesTheMissingOne(t *testing.T) {
	for shownBefore, want := range map[bool][]string{
		false: {"1 b v2 <a", "2 b v2 removed superseded by 1"},
		true:  {"1 a v2 removed", "2 b v1"},
	} {
		b := newBook(firstSeen(record(1, purchase("a")), 2, 9), firstSeen(record(2, purchase("b")), 1, 9))
		listing := pageOf()
		listing.Progress = wholeList
		if err := b.sweep(records.SweepWrite{
			Proof: domain.OneRead, Page: listing, ShownBefore: func(id string) bool { return id == "a" || shownBefore },
		}, "b"); err != nil {
			t.Fatal(err)
		}
		b.want(t, want...)
	}
}

func TestARowOfTheListingReplacesTheMissingOne(t *testing.T) {
	listing := pageOf(purchase("b"))
	listing.Progress = wholeList
	for seen, want := range map[string][]string{
		"b": {"1 b v2 <a"},
		"a": {"1 a v1", "101 b v1"},
	} {
		b := newBook(firstSeen(record(1, purchase("a")), 1, 9)) // this pull has read the row before the listing
		if err := b.sweep(records.SweepWrite{Proof: domain.OneRead, Page: listing}, seen); err != nil {
			t.Fatal(err)
		}
		b.want(t, want...)
	}
}

// The vendor goes back to the former ids of all rows. The listing does not prove that the present rows were removed,
// because it lacks all of them, but each of them was only another name of the row that the vendor returns.
func TestAllRecordsGoBackToTheirFormerRows(t *testing.T) {
	for _, proof := range []domain.AbsenceProof{domain.OneRead, domain.TwoReads} {
		for _, n := range []int{1, 12, 50} {
			b, rows := churned(n)
			if err := b.sweepOf(records.SweepWrite{Proof: domain.OneRead}, rows); err != nil {
				t.Fatal(err)
			}
			if kept := b.continued(n); kept != n {
				t.Fatalf("%d of %d records continue", kept, n)
			}
			for i := range rows {
				rows[i].ExternalID = fmt.Sprintf("old-%02d", i)
			}
			if err := b.sweepOf(records.SweepWrite{Proof: proof}, rows); err != nil {
				t.Fatal(err)
			}
			back := 0
			for i := range n {
				if b.records[i].ExternalID == rows[i].ExternalID && b.records[i].RemovedAt.IsZero() {
					back++
				}
			}
			if back != n || len(b.records) != n || len(b.absences) > 0 || len(b.never) > 0 {
				t.Errorf("%d of %d records go back, there are %d records, %d absences, and %d pairs that never match",
					back, n, len(b.records), len(b.absences), len(b.never))
			}
		}
	}
}

// The vendor changes the id of a row twice: from a to b before a read that proves nothing, and from b to c before the
// listing. The record of b is no second movement.
func TestARowWhoseIDChangesTwiceKeepsItsRecord(t *testing.T) {
	purged := records.SweepWrite{
		Proof: domain.TwoReads, CollectedFrom: map[string]time.Time{"acc": now.Add(time.Hour)},
		CollectedAt: func(json.RawMessage) time.Time { return now },
	}
	pages := domain.ListedRows{}.WithPages(domain.HashedPage([]string{"b"})).WithPages(domain.HashedPage([]string{"c"}))
	kept := []string{"1 c v3 <a <b", "2 b v2 removed superseded by 1"}
	for name, tc := range map[string]struct {
		firstPull   int // the pull that stored b
		absentSince int // the first pull that lacked a
		sweep       records.SweepWrite
		read        *domain.ListedRows
		want        []string
	}{
		"an earlier pull has stored b":            {8, 8, records.SweepWrite{Proof: domain.OneRead}, nil, kept},
		"an earlier attempt of the pull stored b": {9, 9, records.SweepWrite{Proof: domain.OneRead}, &pages, kept},
		"the vendor may have purged both rows":    {8, 8, purged, nil, kept},
		"a was returned together with b": {8, 9, records.SweepWrite{Proof: domain.OneRead}, nil, []string{
			"1 a v2 removed", "2 b v2 removed", "101 c v1 ~1 ~2", "1?101 open", "2?101 open",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(record(1, purchase("a")), firstSeen(record(2, purchase("b")), 1, tc.firstPull))
			b.absences["a"] = absentRow("a", tc.absentSince)
			tc.sweep.Page = pageOf(purchase("c"))
			tc.sweep.Page.Progress, tc.sweep.Page.ReadRows = wholeList, tc.read
			if err := b.sweep(tc.sweep, "c"); err != nil {
				t.Fatal(err)
			}
			b.want(t, tc.want...)
			if len(b.absences) > 0 {
				t.Errorf("absences: %v", b.absences)
			}
		})
	}
}

// A listing whose only row continues a carried-over record does not lack all rows of the account, so that the removal
// of the other rows is not held back.
func TestAListingThatContinuesACarriedOverRecordDoesNotLackAllRows(t *testing.T) {
	var all []records.Record
	for n, name := range []string{"ALUGUEL", "SALARIO", "CINEMA", "FARMACIA"} {
		row := data(fmt.Sprint("gone ", n), name, fmt.Sprint(10+n), "2026-03-10")
		all = append(all, record(1+n, row))
	}
	b := newBook(append(all, record(5, purchase("x")))...)
	b.carriedOver["x"] = true
	listing := pageOf(purchase("y"))
	listing.Progress = wholeList
	if err := b.sweep(records.SweepWrite{Proof: domain.OneRead, Page: listing}, "y"); err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 gone 0 v2 removed", "2 gone 1 v2 removed", "3 gone 2 v2 removed", "4 gone 3 v2 removed", "5 y v2 <x")
	if len(b.absences) > 0 {
		t.Errorf("the absences are %v", b.absences)
	}
}

// Rows of many pulls have left, each in the place of an older row, and all came back under further ids. The write needs
// few comparisons: those of the rows that the latest pulls have stored are made together.
func TestRowsOfManyPullsThatHaveLeftNeedFewComparisons(t *testing.T) {
	const pulls, compared = 8, 4
	names := []string{"ALUGUEL", "SALARIO", "CINEMA", "FARMACIA", "MERCADO", "ESCOLA", "SEGURO", "PADARIA"}
	row := func(kind string, n int) domain.TransactionData {
		return data(fmt.Sprint(kind, n), names[n], fmt.Sprint(10+n), "2026-03-10")
	}
	b := newBook()
	var listed []domain.TransactionData
	for n := range pulls {
		b.records = append(b.records, record(1+n, row("old", n)),
			firstSeen(record(101+n, row("middle", n)), pulls+1-n, 1+n))
		b.absences[fmt.Sprint("old", n)] = absentRow(fmt.Sprint("old", n), 1+n)
		listed = append(listed, row("new", n))
	}
	w := records.SweepWrite{Proof: domain.OneRead, Page: pageOf(listed...)}
	w.Page.Progress = wholeList
	if err := b.sweep(w, externalIDs(listed)...); err != nil {
		t.Fatal(err)
	}
	for n := pulls - compared; n < pulls; n++ {
		if r := b.byKey(fmt.Sprint("new", n)); r == nil || r.ID != recordID(1+n) {
			t.Errorf("the record of %s has not continued", names[n])
		}
	}
}

// externalIDs returns the external ids of the rows.
func externalIDs(rows []domain.TransactionData) (ids []string) {
	for i := range rows {
		ids = append(ids, rows[i].ExternalID)
	}
	return ids
}

// An operator has excluded one of two records of a movement as the double of the other, which counts. The record that
// continues must count. If the record was excluded before the other one came, that one is its row under another id.
func TestAnExcludedRecordDoesNotTakeOverItsDouble(t *testing.T) {
	for name, tc := range map[string]struct {
		excluded int // the index of the record
		hours    int // how long ago it was excluded; b came an hour ago
		row      string
		counts   bool
	}{
		"a, and b stays":                   {0, 0, "b", true},
		"a, and b changes its id":          {0, 0, "c", true},
		"b, and it changes its id":         {1, 0, "c", true},
		"a, before it changed its id to b": {0, 2, "b", false},
	} {
		all := []records.Record{record(1, purchase("a")), firstSeen(record(2, purchase("b")), 1, 8)}
		all[tc.excluded].ExcludedAt = now.Add(-time.Duration(tc.hours)*time.Hour - time.Minute)
		b := newBook(all...)
		b.absences["a"] = absentRow("a", 8)
		w := records.SweepWrite{Proof: domain.OneRead, Page: pageOf()}
		if tc.row != "b" {
			w.Page.Transactions = []domain.TransactionData{purchase(tc.row)}
		}
		w.Page.Progress = wholeList
		if err := b.sweep(w, tc.row); err != nil {
			t.Fatal(err)
		}
		r := b.byKey(tc.row)
		if counts := r != nil && r.RemovedAt.IsZero() && r.ExcludedAt.IsZero(); counts != tc.counts {
			t.Errorf("%s: the row that is left counts: %t", name, counts)
		}
	}
}
