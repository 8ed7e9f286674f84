package records_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// with returns a copy of the page that the function change has modified.
func with(w records.PageWrite, change func(*records.PageWrite)) records.PageWrite {
	change(&w)
	return w
}

// wholeList is the progress of a pull that reads everything.
var wholeList = domain.Progress{Planned: true, Steps: []domain.Step{{Sweep: true}}}

var (
	firstSeen = func(r records.Record, hours int, pull int) records.Record {
		r.FirstSeenAt, r.Pull = now.Add(-time.Duration(hours)*time.Hour), pullID(pull)
		return r
	}
	other = func(externalID string) domain.TransactionData {
		return data(externalID, "SALARIO", "900", "2026-03-11")
	}
)

func TestAPage(t *testing.T) {
	hash := func(r records.Record) records.Record {
		r.ContentHash = domain.ContentHash{1}
		return r
	}
	for name, tc := range map[string]struct {
		book *book
		page records.PageWrite
		want []string
	}{
		"a new row becomes a record": {
			newBook(), pageOf(purchase("a")), []string{"101 a v1"},
		},
		"an equal row changes at most the metadata": {
			newBook(record(1, purchase("a"))), pageOf(purchase("a")), []string{"1 a v1", "refresh a of 1"},
		},
		"a row with the same content hash changes nothing": {
			newBook(hash(record(1, purchase("a")))),
			pageOf(hash(record(1, purchase("a"))).TransactionData), []string{"1 a v1"},
		},
		"a different row becomes the next version": {
			newBook(record(1, purchase("a"))), pageOf(other("a")), []string{"1 a v2"},
		},
		"a removed record becomes live again": {
			newBook(removed(record(1, purchase("a")), 1)), pageOf(purchase("a")), []string{"1 a v3"},
		},
		"the later of two rows with one external id is stored": {
			newBook(record(1, purchase("a"))), pageOf(other("a"), purchase("a")), []string{"1 a v1", "refresh a of 1"},
		},
		"an outdated row is ignored": {
			newBook(record(1, purchase("a"))), with(pageOf(other("a"), purchase("b")), func(w *records.PageWrite) {
				w.Outdated = func(stored, row *domain.TransactionData) bool {
					return stored.Description == purchase("a").Description && row.Description == other("a").Description
				}
			}), []string{"1 a v1", "101 b v1"},
		},
		"a row that is not outdated is the next version": {
			newBook(record(1, purchase("a"))), with(pageOf(other("a")), func(w *records.PageWrite) {
				w.Outdated = func(_, _ *domain.TransactionData) bool { return false }
			}), []string{"1 a v2"},
		},
		"an announced removal counts more than the row": {
			newBook(record(1, purchase("a"))), with(pageOf(other("a")), func(w *records.PageWrite) {
				w.Removed = []string{"a"}
			}), []string{"1 a v3 removed"},
		},
		"unknown and removed records are not removed again": {
			newBook(removed(record(1, purchase("a")), 1)), with(pageOf(), func(w *records.PageWrite) {
				w.Removed = []string{"a", "b"}
			}), []string{"1 a v2 removed"},
		},
		"staged rows are not compared": {
			newBook(record(1, purchase("a"))), with(pageOf(other("a")), func(w *records.PageWrite) {
				w.Staged, w.Removed = &records.Staging{Restart: true}, []string{"b"}
			}), []string{"1 a v1", "stage 1 rows, restart true, remove [b]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.book.store(tc.page); err != nil {
				t.Fatal(err)
			}
			tc.book.want(t, tc.want...)
		})
	}
}

func TestAPageIsCounted(t *testing.T) {
	b := newBook(record(1, purchase("a")), record(2, purchase("b")), record(3, purchase("c")))
	w := pageOf(purchase("a"), other("b"), other("new"), other("newer"))
	w.Unchanged, w.Removed = 5, []string{"c", "unknown"}
	w.Matching = nil
	if err := b.store(w); err != nil {
		t.Fatal(err)
	}
	want := domain.Counts{Read: 9, Added: 2, Modified: 1, Unchanged: 6, Removed: 1}
	if b.counts != want {
		t.Errorf("counts %+v, want %+v", b.counts, want)
	}
}

// The page contains as many rows as the vendor has left out because they are unchanged.
func TestAPageWithUnchangedRowsIsCounted(t *testing.T) {
	b, w := newBook(), pageOf(purchase("a"))
	w.Unchanged = 1
	if err := b.store(w); err != nil {
		t.Fatal(err)
	}
	if want := (domain.Counts{Read: 2, Added: 1, Unchanged: 1}); b.counts != want {
		t.Errorf("counts %+v, want %+v", b.counts, want)
	}
	b.want(t, "101 a v1")
}

// A page with rows changes something, whatever it states about the quarantine and the accounts.
func TestAPageWithRowsIsWritten(t *testing.T) {
	for name, change := range map[string]func(*records.PageWrite, *records.View){
		"a quarantined row": func(w *records.PageWrite, _ *records.View) {
			w.Quarantined = []domain.UnreadableData{{QuarantineKey: domain.QuarantineKey{ID: "q"}}}
		},
		"a released row": func(w *records.PageWrite, _ *records.View) {
			w.Released = []domain.QuarantineKey{{ID: "q"}}
		},
		"an account that is first stored": func(_ *records.PageWrite, v *records.View) {
			v.FirstStored = []string{"acc"}
		},
	} {
		b, w := newBook(), pageOf(purchase("a"))
		view := b.view(w.Transactions)
		change(&w, &view)
		if err := b.apply(records.NewPage(w).Changes(view, b)); err != nil {
			t.Fatal(err)
		}
		if b.byKey("a") == nil {
			t.Errorf("a page with a row and %s stores no record", name)
		}
	}
}

// A new row is late if the previous reading of its account covers its day.
func TestLateRowsAreCounted(t *testing.T) {
	for covered, late := range map[domain.Date]int{"2026-03-09": 0, "2026-03-10": 1, "2026-03-11": 1, "": 0} {
		b, w := newBook(), pageOf(purchase("a"))
		view := b.view(w.Transactions)
		view.CoveredTo = map[string]domain.Date{"acc": covered, "another": "2026-12-31"}
		if err := b.apply(records.NewPage(w).Changes(view, b)); err != nil {
			t.Fatal(err)
		}
		if b.counts.LateRows != late {
			t.Errorf("%d rows are late if %s is covered, want %d", b.counts.LateRows, covered, late)
		}
	}
}

// A page may replace an earlier record if there are removed or carried-over records, or if rows leave.
func TestWhichPagesMayReplaceRecords(t *testing.T) {
	page := records.NewPage(pageOf(purchase("a")))
	sweep := records.NewSweep(records.SweepWrite{At: now, Page: pageOf(purchase("a"))})
	removing := records.NewPage(with(pageOf(), func(w *records.PageWrite) { w.Removed = []string{"a"} }))
	for name, tc := range map[string]struct {
		page *records.Page
		view records.View
		want bool
	}{
		"nothing":              {page, records.View{}, false},
		"removed records":      {page, records.View{HasRemoved: true}, true},
		"carried-over records": {page, records.View{HasCarriedOver: true}, true},
		"a sweep":              {sweep, records.View{}, true},
		"announced removals":   {removing, records.View{}, true},
	} {
		if got := tc.page.MayReplace(tc.view); got != tc.want {
			t.Errorf("%s: the page may replace records: %t, want %t", name, got, tc.want)
		}
	}
}

// A record that goes back to a former row has changed its id once, and its data once.
func TestARecordThatGoesBackIsCounted(t *testing.T) {
	b := newBook(replaced(removed(record(1, purchase("b")), 5), "a"))
	if err := b.store(pageOf(purchase("a"))); err != nil {
		t.Fatal(err)
	}
	if want := (domain.Counts{Read: 1, Modified: 1, IDChanges: 1}); b.counts != want {
		t.Errorf("counts %+v, want %+v", b.counts, want)
	}
}

// A record that counts continues with the row of its excluded twin if it loses its own row: now, or because it was
// removed after the exclusion. Of several, the one with the lowest id continues.
func TestARecordThatCountsContinuesWithTheRowOfItsTwin(t *testing.T) {
	twin := func(r records.Record, hours int) records.Record {
		r.ExcludedAt, r.ExcludedBy = now.Add(-time.Duration(hours)*time.Hour), "alice"
		return r
	}
	leave := func(ids ...string) records.PageWrite {
		return with(pageOf(), func(w *records.PageWrite) { w.Removed = ids })
	}
	long := time.Duration(24*14+1) * time.Hour
	early := removed(record(1, purchase("a")), 5)
	early.RemovedAt = now.Add(-long)
	for name, tc := range map[string]struct {
		book *book
		page records.PageWrite
		want []string
	}{
		"its row leaves": {
			newBook(record(1, purchase("a")), twin(record(2, purchase("b")), 1)), leave("a"),
			[]string{"1 b v2 <a", "2 b v2 removed superseded by 1 excluded"},
		},
		"the rows of two records leave": {
			newBook(record(3, purchase("c")), record(1, purchase("a")), twin(record(2, purchase("b")), 1)),
			leave("a", "c"),
			[]string{"1 b v2 <a", "2 b v2 removed superseded by 1 excluded", "3 c v2 removed"},
		},
		"the row of the twin leaves, too": {
			newBook(record(1, purchase("a")), twin(record(2, purchase("b")), 1)), leave("a", "b"),
			[]string{"1 a v2 removed", "2 b v2 removed excluded"},
		},
		"the row of the twin returns after both were removed": {
			newBook(removed(record(1, purchase("a")), 5), twin(removed(record(2, purchase("b")), 5), 9)),
			pageOf(purchase("b")), []string{"1 b v3 <a", "2 b v3 removed superseded by 1 excluded", "refresh b of 1"},
		},
		"the record was removed before the exclusion": {
			newBook(removed(record(1, purchase("a")), 9), twin(removed(record(2, purchase("b")), 5), 7)),
			pageOf(purchase("b")), []string{"1 a v2 removed", "2 b v3 excluded"},
		},
		"the record was removed too long ago": {
			newBook(early, twin(removed(record(2, purchase("b")), 5), 24*20)),
			pageOf(purchase("b")), []string{"1 a v2 removed", "2 b v3 excluded"},
		},
		"two twins, of which one takes the place": {
			newBook(record(1, purchase("a")), twin(record(2, purchase("b")), 1), twin(record(3, purchase("c")), 1)),
			leave("a"), []string{"1 b v2 <a", "2 b v2 removed superseded by 1 excluded", "3 c v1 excluded"},
		},
		"its removal is announced, although the page contains its row": {
			newBook(record(1, purchase("a")), twin(record(2, purchase("b")), 1)),
			with(leave("a"), func(w *records.PageWrite) { w.Transactions = rows(purchase("a")) }),
			[]string{"1 b v2 <a", "2 b v2 removed superseded by 1 excluded"},
		},
		"it is carried over": {
			newBook(record(1, purchase("a")), twin(record(2, purchase("b")), 1)).carryOver("a"), leave("a"),
			[]string{"1 b v2 <a", "2 b v2 removed superseded by 1 excluded"},
		},
		"it is excluded, too": {
			newBook(twin(record(1, purchase("a")), 1), twin(record(2, purchase("b")), 1)), leave("a"),
			[]string{"1 a v2 removed excluded", "2 b v1 excluded"},
		},
		"it is erased": {
			func() *book {
				r := record(1, purchase("a"))
				r.ErasedAt = now
				return newBook(r, twin(record(2, purchase("b")), 1))
			}(), leave("a"), []string{"1 a v2 removed", "2 b v1 excluded"},
		},
		"the twin is of another day": {
			newBook(record(1, purchase("a")), twin(record(2, data("b", "PADARIA DO ZE", "-50", "2026-03-11")), 1)),
			leave("a"), []string{"1 a v2 removed", "2 b v1 excluded"},
		},
		"the twin has another amount": {
			newBook(record(1, purchase("a")), twin(record(2, data("b", "PADARIA DO ZE", "-51", "2026-03-10")), 1)),
			leave("a"), []string{"1 a v2 removed", "2 b v1 excluded"},
		},
		"the two must not be matched": {
			func() *book {
				b := newBook(record(1, purchase("a")), twin(record(2, purchase("b")), 1))
				b.never[domain.MatchPair{Old: "a", New: "b"}] = true
				return b
			}(), leave("a"), []string{"1 a v2 removed", "2 b v1 excluded"},
		},
		"both rows return": {
			newBook(removed(record(1, purchase("a")), 5), twin(removed(record(2, purchase("b")), 5), 9)),
			pageOf(purchase("a"), purchase("b")), []string{"1 a v3", "2 b v3 excluded"},
		},
	} {
		tc.page.Matching = nil // the rule needs none
		if err := tc.book.store(tc.page); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := tc.book.lines(); !slices.Equal(got, tc.want) || len(tc.book.carriedOver) > 0 {
			t.Errorf("%s: the book is %q, want %q; carried over: %v", name, got, tc.want, tc.book.carriedOver)
		}
	}
}

// The row of the page replaces the row of record 1, unless the case says otherwise.
func TestANewRowReplacesARemovedOne(t *testing.T) {
	early := func(r records.Record) records.Record {
		r.Pull = pullID(1)
		return r
	}
	announced := func(w *records.PageWrite) { w.Removed = []string{"a"} }
	for name, tc := range map[string]struct {
		book *book
		page records.PageWrite
		want []string
	}{
		"a removed record continues with the new row": {
			newBook(removed(record(1, purchase("a")), 5)), pageOf(purchase("b")), []string{"1 b v3 <a"},
		},
		"a record whose removal this page announces continues": {
			newBook(record(1, purchase("a"))), with(pageOf(purchase("b")), announced), []string{"1 b v2 <a"},
		},
		"a record that was removed too long ago does not continue": {
			newBook(early(removed(record(1, purchase("a")), 24*14+1))), pageOf(purchase("b")),
			[]string{"1 a v2 removed", "101 b v1"},
		},
		"a record that was removed just within the window continues": {
			newBook(removed(record(1, purchase("a")), 24*14)), pageOf(purchase("b")), []string{"1 b v3 <a"},
		},
		"another movement does not replace it": {
			newBook(removed(record(1, purchase("a")), 5)), pageOf(other("b")),
			[]string{"1 a v2 removed", "101 b v1"},
		},
		"two new rows for one removed row replace nothing": {
			newBook(removed(record(1, purchase("a")), 5)), pageOf(purchase("b"), purchase("c")),
			[]string{"1 a v2 removed", "101 b v1 ~1", "102 c v1 ~1", "1?101 open", "1?102 open"},
		},
		"a pair that must not be matched again is not": {
			func() *book {
				b := newBook(removed(record(1, purchase("a")), 5))
				b.never[domain.MatchPair{Old: "a", New: "b"}] = true
				return b
			}(), pageOf(purchase("b")), []string{"1 a v2 removed", "101 b v1"},
		},
		"an unmatched row never replaces another one": {
			newBook(removed(record(1, purchase("a")), 5)), with(pageOf(purchase("b")), func(w *records.PageWrite) {
				w.Unmatched = []string{"b", "unknown"}
			}), []string{"1 a v2 removed", "101 b v1", "never >b"},
		},
		"without rules nothing is matched": {
			newBook(removed(record(1, purchase("a")), 5)), with(pageOf(purchase("b")), func(w *records.PageWrite) {
				w.Matching = nil
			}), []string{"1 a v2 removed", "101 b v1"},
		},
		"rows that are assumed to be new are not compared": {
			newBook(removed(record(1, purchase("a")), 5)), with(pageOf(purchase("b")), func(w *records.PageWrite) {
				w.AssumeNew = true
			}), []string{"1 a v2 removed", "101 b v1"},
		},
		"a younger record is taken over": {
			newBook(record(1, purchase("a")), firstSeen(record(2, purchase("b")), 1, 9)),
			with(pageOf(), announced), []string{"1 b v2 <a", "2 b v2 removed superseded by 1"},
		},
		"a younger record that the page contains is taken over and compared": {
			newBook(record(1, purchase("a")), firstSeen(record(2, purchase("b")), 1, 9)),
			with(pageOf(purchase("b")), announced),
			[]string{"1 b v2 <a", "2 b v2 removed superseded by 1", "refresh b of 1"},
		},
		"a younger record that the page changes is taken over and changed": {
			newBook(record(1, purchase("a")), firstSeen(record(2, purchase("b")), 1, 9)),
			with(pageOf(other("b")), announced), []string{"1 b v3 <a", "2 b v2 removed superseded by 1"},
		},
		"a row that this pull may have read together with the old one does not replace it": {
			newBook(record(1, purchase("a"))), with(pageOf(purchase("b")), func(w *records.PageWrite) {
				w.Removed, w.Progress = []string{"a"}, wholeList
			}), []string{"1 a v2 removed", "101 b v1"},
		},
		"a row that the listing of this pull lacks is replaced": {
			func() *book {
				b := newBook(record(1, purchase("a")))
				b.absences["a"] = absentRow("a", 9)
				return b
			}(), with(pageOf(purchase("b")), func(w *records.PageWrite) {
				w.Removed, w.Progress = []string{"a"}, wholeList
			}), []string{"1 b v2 <a"},
		},
		"a record without a known first pull is not taken over": {
			newBook(record(1, purchase("a")), firstSeen(record(2, purchase("b")), 1, 0)),
			with(pageOf(), announced), []string{"1 a v2 removed", "2 b v1"},
		},
		"a record that this page removes, too, is not taken over": {
			newBook(record(1, purchase("a")), firstSeen(record(2, purchase("b")), 1, 9)),
			with(pageOf(), func(w *records.PageWrite) { w.Removed = []string{"a", "b"} }),
			[]string{"1 a v2 removed", "2 b v2 removed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.book.store(tc.page); err != nil {
				t.Fatal(err)
			}
			tc.book.want(t, tc.want...)
		})
	}
}

// All rows of an account get new ids, and one row also gets another text. The record of this row continues only if all
// rows have changed, because then no other new row is left for it.
func TestAnAccountIsJudgedAsAWhole(t *testing.T) {
	const n = 12
	var before, after []domain.TransactionData
	for i := range n {
		date := domain.Date("2026-03-01").AddDays(i)
		row := data(fmt.Sprintf("old %02d", i), "PADARIA REAL", fmt.Sprintf("-%d.17", 40+i), date)
		if i == 3 {
			row.Description = "PIX CHAVE"
		}
		before = append(before, row)
		if row.ExternalID = fmt.Sprintf("new %02d", i); i == 3 {
			row.Description = "PIX ENVIADO"
		}
		after = append(after, row)
	}
	slices.Reverse(before) // the dates of the old rows have no order
	stored := func() *book {
		b := newBook()
		for i, row := range before {
			b.records = append(b.records, record(i+1, row))
		}
		return b
	}
	var ids []string
	for _, row := range before {
		ids = append(ids, row.ExternalID)
	}
	leave := func(w *records.PageWrite) { w.Removed = ids }
	for name, tc := range map[string]struct {
		book *book
		page records.PageWrite
		want int
	}{
		"all rows have left and come": {stored(), with(pageOf(after...), leave), n},
		"a row within their period stays": {
			func() *book {
				b := stored()
				b.records = append(b.records, record(99, dated("stays", "2026-03-06")))
				return b
			}(), with(pageOf(after...), leave), n - 1,
		},
		"a row before their period stays": {
			func() *book {
				b := stored()
				b.records = append(b.records, record(99, dated("stays", "2026-02-06")))
				return b
			}(), with(pageOf(after...), leave), n,
		},
		"the new rows came before the old ones left": {
			func() *book {
				b := stored()
				for i, row := range after {
					b.records = append(b.records, firstSeen(record(50+i, row), 1, 9))
				}
				return b
			}(), with(pageOf(), leave), n,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.book.store(tc.page); err != nil {
				t.Fatal(err)
			}
			continued := 0
			for _, r := range tc.book.records[:n] {
				if r.RemovedAt.IsZero() {
					continued++
				}
			}
			if continued != tc.want {
				t.Errorf("%d records continue, want %d", continued, tc.want)
			}
		})
	}
}

func TestWhichStoredRecordsMayReplaceARow(t *testing.T) {
	b := newBook(record(1, purchase("a")), firstSeen(record(2, purchase("b")), 5, 5))
	b.absences["a"] = absentRow("a", 5)
	if err := b.store(with(pageOf(), func(w *records.PageWrite) { w.Removed = []string{"a"} })); err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 b v2 <a", "2 b v2 removed superseded by 1")
	date := purchase("a").Date
	want := domain.Window{From: date.AddDays(-domain.MatchDays), To: date.AddDays(domain.MatchDays)}
	if len(b.windows) != 1 || b.windows[0] != want {
		t.Errorf("the candidates of %v are read, want %v", b.windows, want)
	}
}

// A row was absent once, and its announced removal was applied. When the vendor returns it, its absence has ended:
// the record counts in the sums, and one further absence removes nothing where two are needed.
func TestTheAbsenceOfARowEndsWithItsRemoval(t *testing.T) {
	b := newBook(record(1, purchase("a")))
	b.absences["a"] = absentRow("a", 5)
	if err := b.store(with(pageOf(), func(w *records.PageWrite) { w.Removed = []string{"a"} })); err != nil {
		t.Fatal(err)
	}
	if err := b.store(pageOf(purchase("a"))); err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 a v3")
	if len(b.absences) > 0 {
		t.Errorf("the absences are %v, want none", b.absences)
	}
}

// If a pull has recorded the rows of each page, these pages decide whether the new row may replace the old one.
func TestThePagesOfAPullTellWhichRowsItHasRead(t *testing.T) {
	read := func(pages ...string) *domain.ListedRows {
		var listed domain.ListedRows
		for _, externalID := range pages {
			listed = listed.WithPages(domain.HashedPage([]string{externalID}))
		}
		return &listed
	}
	for name, tc := range map[string]struct {
		progress domain.Progress
		rows     *domain.ListedRows
		want     []string
	}{
		"the old row was on an earlier page": {wholeList, read("a", "b"), []string{"1 b v2 <a"}},
		"the old row was on a later page":    {wholeList, read("b", "a"), []string{"1 a v2 removed", "101 b v1"}},
		"it is not known what the pull has read": {
			wholeList, nil, []string{"1 a v2 removed", "101 b v1"},
		},
		"the pull has no plan yet": {
			domain.Progress{Steps: wholeList.Steps}, nil, []string{"1 b v2 <a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(record(1, purchase("a")))
			w := with(pageOf(purchase("b")), func(w *records.PageWrite) {
				w.Removed, w.Progress, w.ReadRows = []string{"a"}, tc.progress, tc.rows
			})
			if err := b.store(w); err != nil {
				t.Fatal(err)
			}
			b.want(t, tc.want...)
		})
	}
}

func TestMoreReplacementsThanOneChangeContains(t *testing.T) {
	var all []records.Record
	var came []domain.TransactionData
	for i := range 600 {
		row := data(fmt.Sprintf("old %03d", i), fmt.Sprint("COMPRA ", i), fmt.Sprint(-5-i), "2026-03-10")
		r := removed(record(0, row), 5)
		r.ID.UUID[14], r.ID.UUID[15] = byte((i+1)>>8), byte(i+1)
		row.ExternalID = fmt.Sprintf("new %03d", i)
		all, came = append(all, r), append(came, row)
	}
	b := newBook(all...)
	if err := b.store(pageOf(came...)); err != nil {
		t.Fatal(err)
	}
	if want := (domain.Counts{Read: 600, Modified: 600, IDChanges: 600}); b.counts != want {
		t.Errorf("counts %+v, want %+v", b.counts, want)
	}
}

func TestATakenOverRecordIsCounted(t *testing.T) {
	b := newBook(record(1, purchase("a")), firstSeen(record(2, purchase("b")), 1, 9))
	if err := b.store(with(pageOf(), func(w *records.PageWrite) { w.Removed = []string{"a"} })); err != nil {
		t.Fatal(err)
	}
	if want := (domain.Counts{Removed: 1, Modified: 1, IDChanges: 1}); b.counts != want {
		t.Errorf("counts %+v, want %+v", b.counts, want)
	}
	if past := b.records[0].Supersedes[0]; past.Younger != recordID(2) || past.Version != 1 || !past.At.Equal(now) {
		t.Errorf("the former row is %+v", past)
	}
	if len(b.versions) != 2 || b.past["a"] != recordID(1) {
		t.Errorf("versions %d, past ids %v", len(b.versions), b.past)
	}
}

// Record 1 has replaced the row "a".
func TestAFormerRowReturns(t *testing.T) {
	present := func(r records.Record) *book { return newBook(replaced(r, "a")) }
	for name, tc := range map[string]struct {
		book *book
		page records.PageWrite
		want []string
	}{
		"the present row was removed: the record goes back": {
			present(removed(record(1, purchase("b")), 5)), pageOf(purchase("a")), []string{"1 a v4 <b"},
		},
		"the present row is being removed: the record goes back": {
			present(record(1, purchase("b"))), with(pageOf(purchase("a")), func(w *records.PageWrite) {
				w.Removed = []string{"b"}
			}), []string{"1 a v3 <b"},
		},
		"the present row is live: the replacement is undone": {
			present(record(1, purchase("b"))), pageOf(purchase("a")),
			[]string{"1 a v4", "101 b v1", "never a>b"},
		},
		"the page contains both rows: the replacement is undone": {
			present(removed(record(1, purchase("b")), 5)), pageOf(purchase("a"), purchase("b")),
			[]string{"1 a v5", "101 b v2", "never a>b"},
		},
		"the replacement of a record that was excluded before is undone: both are excluded": {
			newBook(replaced(func() records.Record {
				r := record(1, purchase("b"))
				r.ExcludedAt, r.ExcludedBy = now.Add(-time.Hour), "alice"
				return r
			}(), "a")), pageOf(purchase("a")), []string{"1 a v4 excluded", "101 b v1 excluded"},
		},
		"both rows of an excluded record return": {
			newBook(replaced(func() records.Record {
				r := record(1, purchase("b"))
				r.ExcludedAt, r.ExcludedBy = now.Add(-time.Hour), "alice"
				return r
			}(), "a")), pageOf(purchase("a"), other("b")), []string{"1 a v4 excluded", "101 b v2 excluded"},
		},
		"both rows of an excluded record return, of which one had a record of its own": {
			func() *book {
				older, younger := replaced(excluded(record(1, other("b"))), "a"), removed(record(2, purchase("b")), 5)
				older.Supersedes[0].Younger, younger.SupersededBy = recordID(2), recordID(1)
				return newBook(older, younger)
			}(), pageOf(purchase("a"), purchase("b")), []string{"1 a v4 excluded", "2 b v5 excluded"},
		},
		"rows that are assumed to be new do not return": {
			present(removed(record(1, purchase("b")), 5)), with(pageOf(purchase("a")), func(w *records.PageWrite) {
				w.AssumeNew = true
			}), []string{"1 b v3 <a removed", "101 a v1"},
		},
		"the second of two former rows becomes a record of its own": {
			newBook(replaced(removed(record(1, purchase("c")), 5), "a", "b")), pageOf(purchase("a"), purchase("b")),
			[]string{"1 a v5 <c", "101 b v1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.book.store(tc.page); err != nil {
				t.Fatal(err)
			}
			tc.book.want(t, tc.want...)
		})
	}
}

func TestUndoneReplacementsContinueUntilTheFormerRowIsPresent(t *testing.T) {
	b := newBook(replaced(record(1, purchase("c")), "a", "b"))
	if err := b.store(pageOf(purchase("a"), purchase("b"))); err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 a v6", "101 c v1", "102 b v2", "never b>c", "never a>b")
	if len(b.past) != 0 {
		t.Errorf("former external ids %v remain", b.past)
	}
}

func TestASplitReturnsTheYoungerRecord(t *testing.T) {
	older, younger := replaced(record(1, other("b")), "a"), removed(record(2, purchase("b")), 5)
	older.Supersedes[0].Younger, younger.SupersededBy = recordID(2), recordID(1)
	b := newBook(older, younger)
	b.suggestions = []records.Suggestion{{Old: recordID(1), New: recordID(2), State: records.SuggestionMatched}}
	c, err := records.Split(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], recordID(50), "two")
	if err != nil {
		t.Fatal(err)
	}
	b.applyOne(c)
	b.check()
	b.want(t, "1 a v3 removed", "2 b v3", "1?2 matched", "never a>b")
	if b.records[0].Reason != "two" || !b.records[0].FirstSeenAt.Equal(older.FirstSeenAt) {
		t.Errorf("the older record is %+v", b.records[0])
	}
	if u := c.Upsert[0]; len(u.Supersedes) > 0 || !u.SupersededBy.IsZero() {
		t.Errorf("the new version of the older record is %+v", u)
	}
	if got := b.records[0]; got.Digest != (records.Digest{}) || !got.RemovedAt.Equal(older.Supersedes[0].At) {
		t.Errorf("the older record has the digest %x and was removed at %s", got.Digest, got.RemovedAt)
	}
	if b.records[1].Amount.Amount.String() != "900" {
		t.Errorf("the younger record has the amount %s", b.records[1].Amount.Amount)
	}
}

func TestASplitEndsTheSuggestionsOfTheRecord(t *testing.T) {
	b := suggested(newBook(replaced(record(1, purchase("b")), "a"), removed(record(5, other("z")), 5)), [2]int{5, 1})
	c, err := records.Split(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], recordID(50), "")
	if err != nil {
		t.Fatal(err)
	}
	b.applyOne(c)
	b.check()
	b.want(t, "1 a v3 removed", "5 z v2 removed", "50 b v1", "5?1 split", "never a>b")
}

func TestThereMayBeNothingToSplit(t *testing.T) {
	r := record(1, purchase("a"))
	_, err := records.Split(records.View{}, newBook(r), records.PageWrite{At: now}, &r, recordID(50), "")
	var e *domain.Error
	if !errors.As(err, &e) || e.Code != domain.NothingToUndo {
		t.Errorf("got %v", err)
	}
}

// Record 1 was read under an earlier account reference.
func TestACarriedOverRecordContinues(t *testing.T) {
	carried := func(all ...records.Record) *book {
		b := newBook(all...)
		for _, r := range all {
			b.carriedOver[r.ExternalID] = true
		}
		return b
	}
	page := func(rows ...domain.TransactionData) records.PageWrite {
		return pageOf(rows...)
	}
	for name, tc := range map[string]struct {
		book *book
		page records.PageWrite
		want []string
	}{
		"a live record": {carried(record(1, purchase("a"))), page(purchase("b")), []string{"1 b v2 <a"}},
		"a removed record": {
			carried(removed(record(1, purchase("a")), 5)), page(purchase("b")), []string{"1 b v3 <a"},
		},
		"a record that was removed too long ago": {
			carried(removed(record(1, purchase("a")), 24*14+1)), page(purchase("b")),
			[]string{"1 a v2 removed carried over", "101 b v1"},
		},
		"the vendor returns the record itself": {
			carried(record(1, purchase("a"))), page(purchase("a"), purchase("b")),
			[]string{"1 a v1", "101 b v1", "refresh a of 1"},
		},
		"as many as possible continue, if they cannot be told apart": {
			carried(record(1, purchase("a")), record(2, purchase("b"))), page(purchase("c")),
			[]string{"1 c v2 <a", "2 b v1 carried over"},
		},
		"a row that must not replace another one": {
			carried(record(1, purchase("a"))), with(page(purchase("b")), func(w *records.PageWrite) {
				w.Unmatched = []string{"b"}
			}), []string{"1 a v1 carried over", "101 b v1", "never >b"},
		},
		"a live record rather than a removed one": {
			carried(removed(record(1, purchase("a")), 5), record(2, purchase("b"))), page(purchase("c")),
			[]string{"1 a v2 removed carried over", "2 c v2 <b"},
		},
		"without rules nothing is matched": {
			carried(record(1, purchase("a"))), with(page(purchase("b")), func(w *records.PageWrite) {
				w.Matching = nil
			}), []string{"1 a v1 carried over", "101 b v1"},
		},
		"a record that the page removes": {
			carried(record(1, purchase("a"))), with(page(purchase("b")), func(w *records.PageWrite) {
				w.Removed = []string{"a"}
			}), []string{"1 b v2 <a"},
		},
		"a record that the page removes continues with a younger one": {
			func() *book {
				b := newBook(record(1, purchase("a")), firstSeen(record(2, purchase("b")), 1, 9))
				b.carriedOver["a"] = true
				return b
			}(), with(page(), func(w *records.PageWrite) { w.Removed = []string{"a"} }),
			[]string{"1 b v2 <a", "2 b v2 removed superseded by 1"},
		},
		"rows that are assumed to be new are not compared": {
			carried(record(1, purchase("a"))), with(page(purchase("b")), func(w *records.PageWrite) {
				w.AssumeNew = true
			}), []string{"1 a v1 carried over", "101 b v1"},
		},
		"two carried-over records have one id of the institution": {
			carried(record(1, paid("a", "2026-03-04")), record(2, paid("b", "2026-03-01"))),
			with(page(paid("new", "2026-03-11")), func(w *records.PageWrite) {
				w.Matching = &records.Matching{RowOf: institutionIDs}
			}), []string{"1 a v1 carried over", "2 b v1 carried over", "101 new v1"},
		},
		"a record that counts rather than an excluded one": {
			carried(excluded(record(1, purchase("a"))), record(2, purchase("b"))), page(purchase("c")),
			[]string{"1 a v1 excluded carried over", "2 c v2 <b"},
		},
		"only one carried-over record has the id of the institution": {
			carried(record(1, paid("a", "2026-03-04"))),
			with(page(paid("new", "2026-03-11")), func(w *records.PageWrite) {
				w.Matching = &records.Matching{RowOf: institutionIDs}
			}), []string{"1 new v2 <a"},
		},
		"another record has the id of the institution": {
			newBook(record(1, paid("a", "2026-03-04")), record(2, paid("b", "2026-03-01"))).carryOver("a"),
			with(page(paid("new", "2026-03-11")), func(w *records.PageWrite) {
				w.Matching = &records.Matching{RowOf: institutionIDs}
			}), []string{"1 a v1 carried over", "2 b v1", "101 new v1"},
		},
		"a record that is not carried over": {
			newBook(record(1, purchase("a"))), page(purchase("b")), []string{"1 a v1", "101 b v1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.book.store(tc.page); err != nil {
				t.Fatal(err)
			}
			tc.book.want(t, tc.want...)
		})
	}
}

// The new rows are compared a few days at a time, and each comparison has its own result. The record that continues is
// neither carried over nor absent.
func TestACarriedOverRecordContinuesInEachComparison(t *testing.T) {
	first := domain.Date("2026-03-10")
	for name, date := range map[string]domain.Date{"the first": first, "the second": first.AddDays(1)} {
		b := newBook(record(1, data("a", "PADARIA DO ZE", "-50", date))).carryOver("a")
		b.absences["a"] = absentRow("a", 5)
		came := rows(data("b", "PADARIA DO ZE", "-50", date), dated("last", first.AddDays(1)))
		for i := range 1001 {
			came = append(came, dated(fmt.Sprintf("r%04d", i), first))
		}
		w, next := pageOf(came...), 0
		w.NewID = func() (id domain.TransactionID) {
			next++
			id.UUID[13], id.UUID[14] = byte(next>>8)+1, byte(next)
			return id
		}
		if err := b.store(w); err != nil {
			t.Fatal(err)
		}
		if got := b.byID(recordID(1)); got.ExternalID != "b" || len(got.Supersedes) != 1 {
			t.Errorf("%s comparison: the record has the row %q and %d former rows", name, got.ExternalID,
				len(got.Supersedes))
		}
		if len(b.absences) > 0 || len(b.carriedOver) > 0 {
			t.Errorf("%s comparison: the record is absent or carried over: %v, %v", name, b.absences, b.carriedOver)
		}
	}
}

// A carried-over record is compared with all new rows of a day at once.
func TestNewRowsAreComparedInWholeDays(t *testing.T) {
	b := newBook(record(1, purchase("a")))
	b.carriedOver["a"] = true
	first := domain.Date("2026-03-01")
	var rows []domain.TransactionData
	for i := range 1500 {
		rows = append(rows, dated(fmt.Sprintf("r%04d", i), first.AddDays(i/400)))
	}
	slices.Reverse(rows)
	if err := b.store(pageOf(rows...)); err != nil {
		t.Fatal(err)
	}
	around := func(from, to int) domain.Window {
		return domain.Window{
			From: first.AddDays(from - domain.MatchDays), To: first.AddDays(to + domain.MatchDays),
		}
	}
	if want := []domain.Window{around(0, 2), around(3, 3)}; !slices.Equal(b.windows, want) {
		t.Errorf("windows %v, want %v", b.windows, want)
	}
}

func TestAPageReadsOnlyWhatItNeeds(t *testing.T) {
	known := func() *book { return newBook(record(1, purchase("a")), record(2, purchase("b"))) }
	recently := func(b *book) *book {
		b.records = append(b.records, removed(record(3, other("gone")), 5))
		return b
	}
	for name, tc := range map[string]struct {
		book *book
		page records.PageWrite
		want string
	}{
		"equal rows": {known(), pageOf(purchase("a")), ""},
		"new rows":   {known(), pageOf(purchase("c")), ""},
		"new rows after a recent removal": {
			recently(known()), pageOf(purchase("c")), "Candidates Never Reads RemovedSince",
		},
		"a different row": {known(), pageOf(other("a")), "Live"},
		"a different row whose record is removed": {
			newBook(removed(record(1, purchase("a")), 5)), pageOf(other("a")), "Excluded Suggestions",
		},
		"equal rows of a new reference": {
			known().carryOver("b"), pageOf(purchase("a")), "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.book.store(tc.page); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(slices.Sorted(maps.Keys(tc.book.calls)), " "); got != tc.want {
				t.Errorf("the page reads %q, want %q", got, tc.want)
			}
		})
	}
}

// An earlier version of the service may have computed the digest of the record from other members.
func TestAnOldDigestIsNoEdit(t *testing.T) {
	r := record(1, purchase("a"))
	r.Digest, r.ContentHash = records.Digest{9}, domain.ContentHash{1}
	b := newBook(r)
	row := purchase("a")
	row.ContentHash = r.ContentHash
	if err := b.store(pageOf(row)); err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 a v1", "refresh a of 1")
}

func TestAPreparedPage(t *testing.T) {
	twice := []domain.AccountData{{ExternalID: "x", Name: "before"}, {ExternalID: "x", Name: "after"}}
	p := records.NewPage(records.PageWrite{Accounts: twice, Listed: true, AssumeNew: true})
	if len(p.Accounts) != 1 || p.Accounts[0].Name != "after" || !p.Listed || !p.AssumeNew {
		t.Errorf("a page: %+v", p.PageWrite)
	}
	p = records.NewPage(records.PageWrite{
		Accounts: twice, Listed: true, AssumeNew: true, Staged: &records.Staging{}, Transactions: rows(purchase("a")),
	})
	if p.Accounts != nil || p.Listed || p.AssumeNew || len(p.Rows()) > 0 {
		t.Errorf("a staged page: %+v", p.PageWrite)
	}
	p = records.NewSweep(records.SweepWrite{At: now, LeaseUntil: now.Add(1), Page: records.PageWrite{
		Removed: []string{"a"}, Announced: []string{"b"}, AssumeNew: true,
	}})
	if !p.At.Equal(now) || !p.LeaseUntil.Equal(now.Add(1)) || p.Removed != nil || p.Announced != nil || p.AssumeNew {
		t.Errorf("a sweep: %+v", p.PageWrite)
	}
}

func TestAnEmptyPage(t *testing.T) {
	for name, w := range map[string]records.PageWrite{
		"staged":       {Staged: &records.Staging{}},
		"accounts":     {Accounts: []domain.AccountData{{}}},
		"transactions": {Transactions: rows(purchase("a"))},
		"removed":      {Removed: []string{"a"}},
		"announced":    {Announced: []string{"a"}},
		"quarantined":  {Quarantined: []domain.UnreadableData{{}}},
		"released":     {Released: []domain.QuarantineKey{{}}},
	} {
		if w.IsEmpty() {
			t.Errorf("%s: the page is empty", name)
		}
	}
	if !(records.PageWrite{Unchanged: 7}).IsEmpty() {
		t.Error("a page without changes is not empty")
	}
}

func TestAQuarantineWithOnePlaceLeft(t *testing.T) {
	b := newBook()
	for i := range domain.MaxQuarantined - 1 {
		key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: fmt.Sprint(i)}
		b.quarantine[key] = records.QuarantineEntry{}
	}
	w := pageOf()
	for _, id := range []string{"last", "further", "0"} {
		key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: id}
		w.Quarantined = append(w.Quarantined, domain.UnreadableData{QuarantineKey: key})
	}
	if err := b.store(w); err != nil {
		t.Fatal(err)
	}
	b.want(t, "quarantine last", "quarantine 0")
	if b.counts.Quarantined != 3 {
		t.Errorf("counted %d rows, want 3", b.counts.Quarantined)
	}
}

func TestTheQuarantine(t *testing.T) {
	key := func(kind domain.QuarantineKind, id string) domain.QuarantineKey {
		return domain.QuarantineKey{Kind: kind, ID: id}
	}
	row := func(id string) domain.UnreadableData {
		return domain.UnreadableData{QuarantineKey: key(domain.QuarantinedTransaction, id)}
	}
	b := newBook()
	for _, id := range []string{"again", "both"} {
		b.quarantine[key(domain.QuarantinedTransaction, id)] = records.QuarantineEntry{Pull: pullID(9)}
	}
	w := pageOf()
	w.Quarantined = []domain.UnreadableData{row("again"), row("new"), row("both"), row("new")}
	w.Released = []domain.QuarantineKey{
		key(domain.QuarantinedTransaction, "both"), key(domain.QuarantinedAccount, "acc"),
	}
	if err := b.store(w); err != nil {
		t.Fatal(err)
	}
	b.want(t, "release both", "release acc", "quarantine again", "quarantine new", "quarantine both", "attach acc")
	if b.counts.Quarantined != 2 {
		t.Errorf("counted %d rows, want 2: each row once per pull", b.counts.Quarantined)
	}
	b.log, b.counts = nil, domain.Counts{}
	for i := range domain.MaxQuarantined {
		b.quarantine[key(domain.QuarantinedTransaction, fmt.Sprint(i))] = records.QuarantineEntry{}
	}
	if err := b.store(with(pageOf(), func(w *records.PageWrite) {
		w.Quarantined = []domain.UnreadableData{row("further")}
	})); err != nil {
		t.Fatal(err)
	}
	b.want(t)
	if b.counts.Quarantined != 1 {
		t.Errorf("counted %d rows of a full quarantine, want 1", b.counts.Quarantined)
	}
}

func TestRecordsGetTheirAccountWhenItIsFirstStored(t *testing.T) {
	for quarantined, want := range map[bool][]string{false: {"attach acc"}, true: nil} {
		b := newBook()
		if quarantined {
			key := domain.QuarantineKey{Kind: domain.QuarantinedAccount, ID: "acc"}
			b.quarantine[key] = records.QuarantineEntry{}
		}
		view := b.view(nil)
		view.FirstStored = []string{"acc", "unknown"}
		if err := b.apply(records.NewPage(pageOf()).Changes(view, b)); err != nil {
			t.Fatal(err)
		}
		b.want(t, want...)
	}
}

func TestAnErrorOfTheStoreEndsTheWrite(t *testing.T) {
	carriedOver := with(pageOf(purchase("a"), purchase("x")), func(w *records.PageWrite) {
		w.Quarantined = []domain.UnreadableData{{}}
	})
	sweep := records.NewSweep(records.SweepWrite{
		Seen: func(id string) bool { return id == "b" }, Proof: domain.TwoReads, Page: carriedOver, At: now,
		CollectedAt: func(json.RawMessage) time.Time { return now },
	})
	removal := records.NewPage(with(pageOf(purchase("x")), func(w *records.PageWrite) { w.Removed = []string{"c"} }))
	for method, page := range map[string]*records.Page{
		"Record": sweep, "Version": sweep, "CarriedOver": sweep, "Never": sweep,
		"States(absent)": sweep,
		"VisitLive":      sweep, "VisitLive(metadata)": sweep, "VisitQuarantine": sweep,
		"Excluded": removal, "Live": removal, "RemovedSince": removal, "Candidates": removal, "Reads": removal,
		"States(absent by id)": removal,
	} {
		b := newBook(replaced(record(1, purchase("b")), "a"), record(2, purchase("c")),
			removed(record(3, purchase("d")), 1))
		b.fails = method
		if page == sweep {
			b.carryOver("c")
		}
		if err := b.write(page, page.Rows()); !errors.Is(err, errFails) {
			t.Errorf("%s fails: got %v", method, err)
		}
	}
}

// A page whose rows match nothing asks the store nothing, and changes it at most once.
func TestAPageThatMatchesNothingMakesOneExchange(t *testing.T) {
	stored := purchase("a")
	account := func(w *records.PageWrite) { w.Accounts = []domain.AccountData{{ExternalID: "acc"}} }
	for name, tc := range map[string]struct {
		page  *records.Page
		calls map[string]int
		want  int // the number of changes
	}{
		"new rows":               {records.NewPage(pageOf(other("x"), other("y"))), nil, 1},
		"a stored row":           {records.NewPage(pageOf(stored)), nil, 1},
		"rows and their account": {records.NewPage(with(pageOf(other("x")), account)), nil, 1},
		"unchanged rows":         {records.NewPage(records.PageWrite{At: now, Unchanged: 3}), nil, 1},
		"an account":             {records.NewPage(with(pageOf(), account)), nil, 0},
		"a complete listing": {
			records.NewSweep(records.SweepWrite{
				Seen: func(string) bool { return true }, Proof: domain.OneRead,
				Page: pageOf(stored, other("x")), At: now,
			}),
			map[string]int{"Joined": 1, "States(absent)": 1, "States(held)": 1, "VisitLive": 1}, 1,
		},
	} {
		b := newBook(record(1, stored))
		if err := b.write(tc.page, tc.page.Rows()); err != nil {
			t.Fatal(err)
		}
		if len(b.written) != tc.want || !maps.Equal(b.calls, tc.calls) {
			t.Errorf("%s: %d changes, want %d; the store was asked %v", name, len(b.written), tc.want, b.calls)
		}
	}
}

func TestACallerMayStopEarly(t *testing.T) {
	b := newBook(replaced(record(1, purchase("b")), "a"))
	page := records.NewPage(pageOf(purchase("a")))
	for _, err := range page.Changes(b.view(page.Rows()), b) {
		if err != nil {
			t.Error(err)
		}
		break
	}
}

// Each transaction of a write gives the record of a split another id. The write must not compare its row each time.
func TestTheIDOfASplitRecordRequiresNoOtherComparison(t *testing.T) {
	b := newBook(replaced(record(1, purchase("b")), "a"), removed(record(2, purchase("c")), 5))
	page := records.NewPage(pageOf(purchase("a"), purchase("b"), other("d")))
	if err := b.write(page, page.Rows()); err != nil {
		t.Fatal(err)
	}
	if len(b.records) != 4 {
		t.Errorf("%d records, want 4", len(b.records))
	}
}

// paid returns a posted payment of a standing order. Each of its rows has the same id of the institution.
func paid(externalID string, date domain.Date) domain.TransactionData {
	row := data(externalID, "PIX ENVIADO "+externalID, "-15", date)
	row.References.TransactionID = "7f3a91c2-0d5e-4b7e"
	return row
}

// institutionIDs reads the institution's id of a row, as the vendors' adapters do.
func institutionIDs(data domain.TransactionData, account domain.AccountID) banktext.Row {
	return banktext.NewRow(data, account, domain.InstitutionKeys{Transaction: data.References.TransactionID})
}

func TestAnIDThatAnotherRecordHasIsWeak(t *testing.T) {
	old := removed(record(1, paid("old", "2026-03-04")), 5)
	came := paid("new", "2026-03-11")
	twoAnd := func(others ...string) []string {
		return slices.Concat([]string{"1 old v2 removed"}, others, []string{"101 new v1"})
	}
	elsewhere := record(2, paid("elsewhere", "2026-01-07"))
	elsewhere.AccountID = domain.AccountID{UUID: [16]byte{8}}
	superseded := removed(record(2, paid("past", "2026-01-07")), 24*30)
	superseded.SupersededBy = recordID(1)
	for name, tc := range map[string]struct {
		others      []records.Record
		quarantined *domain.UnreadableData
		want        []string
	}{
		"no other record has it": {want: []string{"1 new v3 <old"}},
		"a live record has it": {
			others: []records.Record{record(2, paid("live", "2026-01-07"))}, want: twoAnd("2 live v1"),
		},
		"a record has it that was removed long ago": {
			others: []records.Record{removed(record(2, paid("gone", "2025-09-07")), 24*100)},
			want:   twoAnd("2 gone v2 removed"),
		},
		"a record of another account has it": {
			others: []records.Record{elsewhere}, want: []string{"1 new v3 <old", "2 elsewhere v1"},
		},
		"the record itself has superseded a record with it": {
			others: []records.Record{superseded}, want: []string{"1 new v3 <old", "2 past v2 removed superseded by 1"},
		},
		"a quarantined row has it": {
			quarantined: &domain.UnreadableData{
				QuarantineKey: domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: "bad"},
				Payload:       []byte(`{"id":"bad","providerId":"7F3A91C2-0d5e-4b7e","date":null}`),
			},
			want: twoAnd(),
		},
		"a quarantined row has another one": {
			quarantined: &domain.UnreadableData{
				QuarantineKey: domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: "bad"},
				Payload:       []byte(`{"id":"bad","providerId":"7F3A91C2-0d5e-4b7e-2","date":null}`),
			},
			want: []string{"1 new v3 <old"},
		},
		"a quarantined account has it": {
			quarantined: &domain.UnreadableData{
				QuarantineKey: domain.QuarantineKey{Kind: domain.QuarantinedAccount, ID: "bad"},
				Payload:       []byte(`{"id":"bad","number":"7f3a91c2-0d5e-4b7e"}`),
			},
			want: []string{"1 new v3 <old"},
		},
		"an earlier version of the row is quarantined": {
			quarantined: &domain.UnreadableData{
				QuarantineKey: domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: "old"},
				Payload:       []byte(`{"id":"old","providerId":"7f3a91c2-0d5e-4b7e"}`),
			},
			want: []string{"1 new v3 <old"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(append([]records.Record{old}, tc.others...)...)
			if row := tc.quarantined; row != nil {
				b.quarantine[row.QuarantineKey] = records.QuarantineEntry{Payload: row.Payload}
			}
			page := pageOf(came)
			page.Matching = &records.Matching{RowOf: institutionIDs}
			if err := b.store(page); err != nil {
				t.Fatal(err)
			}
			b.want(t, tc.want...)
		})
	}
}

// The id of the institution names one movement if only the two compared records have it.
func TestAnIDOfTheTwoComparedRecordsIsStrong(t *testing.T) {
	b := newBook(record(1, paid("a", "2026-03-04")), firstSeen(record(2, paid("b", "2026-03-11")), 1, 9))
	err := b.store(with(pageOf(), func(w *records.PageWrite) {
		w.Removed, w.Matching = []string{"a"}, &records.Matching{RowOf: institutionIDs}
	}))
	if err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 b v2 <a", "2 b v2 removed superseded by 1")
}
