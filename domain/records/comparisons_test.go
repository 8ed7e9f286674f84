package records_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// budget is a budget of memory. It refuses the calls with these numbers, unless they wait.
type budget struct {
	refuses         []int
	full            bool  // also a call that waits fails
	rows            []int // of the granted calls
	waited          []int // the rows of the calls that have waited
	calls, released int
}

var errFull = errors.New("there is no memory")

func (b *budget) reserve(of domain.TenantID, rows int, wait bool) (func(), error) {
	b.calls++
	if of != tenant || rows <= 0 {
		panic(fmt.Sprintf("%d rows are reserved for %s", rows, of))
	}
	if b.full && wait || !wait && slices.Contains(b.refuses, b.calls) {
		return nil, errFull
	}
	if b.rows = append(b.rows, rows); wait {
		b.waited = append(b.waited, rows)
	}
	return func() { b.released += rows }, nil
}

func (b *budget) reserved() (sum int) {
	for _, n := range b.rows {
		sum += n
	}
	return sum
}

// A write reserves memory for its rows, its stored records, and the records that show its amounts. It reserves only
// what it lacks, and releases everything when it has ended.
func TestAWriteReservesMemoryForItsRows(t *testing.T) {
	shown := func() *book {
		return newBook(removed(record(1, lunch("old", "2026-03-04")), 5), record(2, lunch("x", "2026-01-07")),
			record(3, lunch("y", "2026-01-08")))
	}
	carried := newBook(record(1, lunch("old", "2026-03-04")), record(2, lunch("x", "2026-01-07")),
		record(3, lunch("y", "2026-01-08"))).carryOver("old")
	for name, tc := range map[string]struct {
		book *book
		page records.PageWrite
		want []int // the rows of each call
	}{
		"one removed record and one new row": {
			newBook(removed(record(1, purchase("a")), 5)), pageOf(purchase("b")), []int{1, 1},
		},
		"records that show the amount": {shown(), pageOf(lunch("new", "2026-03-05")), []int{1, 3, 2}}, // both are young
		"rows that leave": {
			newBook(record(1, purchase("a")), record(2, other("o"))),
			with(pageOf(purchase("b"), purchase("c")), func(w *records.PageWrite) { w.Removed = []string{"a", "o"} }),
			[]int{4},
		},
		"a carried-over record": {carried, pageOf(lunch("new", "2026-03-05")), []int{1, 1, 2}},
		"nothing to compare":    {newBook(record(1, purchase("a"))), pageOf(purchase("b")), nil},
	} {
		var memory budget
		tc.page.Matching = &records.Matching{Reserve: memory.reserve}
		page := records.NewPage(tc.page)
		if err := tc.book.write(page, page.Rows()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !slices.Equal(memory.rows, tc.want) {
			t.Errorf("%s: the memory of %v rows is reserved, want %v", name, memory.rows, tc.want)
		}
		if page.Release(); memory.released != memory.reserved() {
			t.Errorf("%s: the memory of %d of %d rows is released", name, memory.released, memory.reserved())
		}
	}
}

// While a transaction is open, a write does not wait for memory. It waits before the next transaction, for all rows.
func TestAWriteWaitsForMemoryOutsideOfItsTransaction(t *testing.T) {
	for name, tc := range map[string]struct {
		memory budget
		waited []int
		err    error
	}{
		"there is enough":            {budget{}, nil, nil},
		"none for the new row":       {budget{refuses: []int{1}}, []int{1}, nil},
		"none for the stored record": {budget{refuses: []int{2}}, []int{2}, nil},
		"the budget fails":           {budget{refuses: []int{2}, full: true}, nil, errFull},
	} {
		b, w := newBook(removed(record(1, purchase("a")), 5)), pageOf(purchase("b"))
		w.Matching = &records.Matching{Reserve: tc.memory.reserve}
		page := records.NewPage(w)
		if err := b.write(page, page.Rows()); !errors.Is(err, tc.err) {
			t.Errorf("%s: the error is %v, want %v", name, err, tc.err)
		}
		if !slices.Equal(tc.memory.waited, tc.waited) {
			t.Errorf("%s: the write has waited for %v rows, want %v", name, tc.memory.waited, tc.waited)
		}
		if page.Release(); tc.memory.released != tc.memory.reserved() {
			t.Errorf("%s: the memory of %d of %d rows is released", name, tc.memory.released, tc.memory.reserved())
		}
	}
}

// Rows are compared in the turn of their tenant, and it ends before the next transaction.
func TestRowsAreComparedInTheTurnOfTheTenant(t *testing.T) {
	for _, refusal := range []error{nil, errFull} {
		b, w := newBook(removed(record(1, purchase("a")), 5)), pageOf(purchase("b"))
		var turns []string
		inTurn := false
		w.Matching = &records.Matching{
			Turn: func(tenant domain.TenantID, rows int) (func(), error) {
				turns, inTurn = append(turns, fmt.Sprint(tenant, " ", rows)), true
				return func() { inTurn = false }, refusal
			},
			Compared: func(matching.Cost) {
				if !inTurn {
					t.Error("rows are compared outside of the turn")
				}
			},
		}
		page := records.NewPage(w)
		rows := page.Rows()
		if err := b.write(page, rows); !errors.Is(err, refusal) {
			t.Errorf("the error is %v, want %v", err, refusal)
		}
		if want := fmt.Sprint(b.view(rows).Tenant, " ", 2); !slices.Equal(turns, []string{want}) {
			t.Errorf("the turns %v, want %s", turns, want)
		}
		if refusal == nil && inTurn {
			t.Error("the turn has not ended")
		}
	}
}

// Pages of one write can share comparisons, so that a later page needs none that an earlier one has made.
func TestAPageUsesTheComparisonsOfAnEarlierOne(t *testing.T) {
	b := newBook(removed(record(1, purchase("a")), 5))
	shared := &records.Comparisons{}
	first, second := records.NewPage(pageOf(purchase("b"))), records.NewPage(pageOf(purchase("b")))
	first.Share(shared)
	if err := b.clone().write(first, first.Rows()); err != nil {
		t.Fatal(err)
	}
	if err := b.clone().apply(second.Changes(b.view(second.Rows()), b)); !errors.Is(err, records.ErrNotCompared) {
		t.Errorf("a page that shares nothing needs no comparison: %v", err)
	}
	var memory budget
	second = records.NewPage(with(pageOf(purchase("b")), func(w *records.PageWrite) {
		w.Matching = &records.Matching{Reserve: memory.reserve}
	}))
	second.Share(shared)
	if err := b.apply(second.Changes(b.view(second.Rows()), b)); err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 b v3 <a")
}

// A store foresees the comparisons of a page with many rows, if rows are compared at all.
func TestWhichPagesCompareManyRows(t *testing.T) {
	for name, tc := range map[string]struct {
		rows, removed int
		change        func(*records.PageWrite)
		want          bool
	}{
		"200 rows":                  {200, 0, nil, true},
		"199 rows":                  {199, 0, nil, false},
		"rows and removals":         {150, 50, nil, true},
		"rows and one removal less": {150, 49, nil, false},
		"without rules":             {200, 0, func(w *records.PageWrite) { w.Matching = nil }, false},
		"rows that are assumed new": {200, 0, func(w *records.PageWrite) { w.AssumeNew = true }, false},
		"rows that are only staged": {200, 0, func(w *records.PageWrite) { w.Staged = &records.Staging{} }, false},
		"a row that occurs 200 times": {1, 0, func(w *records.PageWrite) {
			w.Transactions = slices.Repeat(w.Transactions, 200)
		}, false},
	} {
		w := pageOf()
		for i := range tc.rows {
			w.Transactions = append(w.Transactions, purchase(fmt.Sprint("r", i)))
		}
		for i := range tc.removed {
			w.Removed = append(w.Removed, fmt.Sprint("x", i))
		}
		if tc.change != nil {
			tc.change(&w)
		}
		if got := records.NewPage(w).ComparesMany(); got != tc.want {
			t.Errorf("%s: many rows are compared: %t, want %t", name, got, tc.want)
		}
	}
}

// Foresee finds the comparisons of a page and changes nothing, so that the write itself needs no further one.
func TestTheComparisonsOfAPageAreForeseen(t *testing.T) {
	for name, tc := range map[string]struct {
		page  records.PageWrite
		write func(*book, *records.Page) error
		want  []string
	}{
		"a new row": {
			pageOf(purchase("b")), func(b *book, page *records.Page) error {
				return b.apply(page.Changes(b.view(page.Rows()), b))
			}, []string{"1 b v3 <a"},
		},
		"a row that must not replace another one comes first": {
			with(pageOf(purchase("b"), other("o")), func(w *records.PageWrite) { w.Unmatched = []string{"o"} }),
			func(b *book, page *records.Page) error { return b.write(page, page.Rows()) }, // it depends on this change
			[]string{"1 b v3 <a", "101 o v1", "never >o"},
		},
	} {
		b := newBook(removed(record(1, purchase("a")), 5))
		page := records.NewPage(tc.page)
		if _, err := page.Foresee(b.view(page.Rows()), b); !errors.Is(err, records.ErrNotCompared) {
			t.Errorf("%s: no comparison is foreseen: %v", name, err)
		}
		if err := page.Make(); err != nil {
			t.Fatal(err)
		}
		if _, err := page.Foresee(b.view(page.Rows()), b); err != nil {
			t.Errorf("%s: a comparison is foreseen twice: %v", name, err)
		}
		b.want(t, "1 a v2 removed")
		if err := tc.write(b, page); err != nil {
			t.Fatalf("%s: the write needs a further comparison: %v", name, err)
		}
		b.want(t, tc.want...)
	}
}

// A younger record with a version of its own is found by Foresee, too.
func TestForeseeStopsAtTheFirstReplacement(t *testing.T) {
	b := newBook(record(1, purchase("a")), firstSeen(record(2, purchase("b")), 1, 9))
	page := records.NewPage(with(pageOf(), func(w *records.PageWrite) { w.Removed = []string{"a"} }))
	for _, want := range []error{records.ErrNotCompared, nil} {
		if _, err := page.Foresee(b.view(nil), b); !errors.Is(err, want) {
			t.Errorf("the error is %v, want %v", err, want)
		}
		if err := page.Make(); err != nil {
			t.Fatal(err)
		}
	}
	b.want(t, "1 a v1", "2 b v1")
}

// A comparison depends on the stored rows. If they change while it is made, the write needs another one.
func TestAWriteNeedsAnotherComparisonIfItsInputHasChanged(t *testing.T) {
	young := firstSeen(record(2, other("y")), 1, 9)
	removedBook := func() *book { return newBook(removed(record(1, purchase("a")), 5), young) }
	carriedBook := func() *book { return newBook(record(1, purchase("a"))).carryOver("a") }
	never := func(b *book) { b.never[domain.MatchPair{Old: "o", New: "n"}] = true }
	keyed := func(w *records.PageWrite) { w.Matching = &records.Matching{RowOf: institutionIDs} }
	sameID := func(b *book) { // another movement of long ago with the institution's id
		row := data("x", "BOLETO", "-99", "2025-09-07")
		row.References = paid("", "").References
		b.records = append(b.records, firstSeen(record(9, row), 24*100, 1))
	}
	shown := func(b *book) {
		b.records = append(b.records, firstSeen(record(9, lunch("x", "2026-01-07")), 24*60, 1))
	}
	page := func(rows ...domain.TransactionData) records.PageWrite { return pageOf(rows...) }
	for name, tc := range map[string]struct {
		book   *book
		page   records.PageWrite
		change func(*book)
		same   bool
	}{
		"nothing": {removedBook(), page(purchase("b")), func(*book) {}, true},
		"the version of the removed record": {
			removedBook(), page(purchase("b")), func(b *book) { b.records[0].Version++ }, false,
		},
		"the pull that has removed the record": {
			removedBook(), page(purchase("b")), func(b *book) { b.records[0].Pull = pullID(7) }, false,
		},
		"the version of a younger record": {
			removedBook(), page(purchase("b")), func(b *book) { b.records[1].Version++ }, false,
		},
		"the first pull of a younger record": {
			removedBook(), page(purchase("b")), func(b *book) { b.records[1].Pull = pullID(8) }, false,
		},
		"the pulls": {
			removedBook(), page(purchase("b")), func(b *book) {
				b.otherReads = []domain.PullRead{{ID: pullID(20), StartedAt: now}}
			}, false,
		},
		"the pairs that must not be matched": {removedBook(), page(purchase("b")), never, false},
		"a repeated id": {
			newBook(removed(record(1, paid("a", "2026-03-04")), 5)), with(page(paid("b", "2026-03-11")), keyed), sameID,
			false,
		},
		"a record that shows the amount": {
			newBook(removed(record(1, lunch("a", "2026-03-04")), 5)), page(lunch("b", "2026-03-05")), shown, false,
		},
		"nothing about a carried-over record": {carriedBook(), page(purchase("b")), func(*book) {}, true},
		"the version of a carried-over record": {
			carriedBook(), page(purchase("b")), func(b *book) { b.records[0].Version++ }, false,
		},
		"the pairs that must not be matched with a carried-over record": {
			carriedBook(), page(purchase("b")), never, false,
		},
		"a repeated id of a carried-over record": {
			newBook(record(1, paid("a", "2026-03-04"))).carryOver("a"), with(page(paid("b", "2026-03-11")), keyed),
			sameID, false,
		},
		"a record that shows the amount of a carried-over record": {
			newBook(record(1, lunch("a", "2026-03-04"))).carryOver("a"), page(lunch("b", "2026-03-05")), shown, false,
		},
	} {
		page, b := records.NewPage(tc.page), tc.book
		for _, want := range []bool{false, tc.same} {
			err := b.clone().apply(page.Changes(b.view(page.Rows()), b.clone()))
			if (err == nil) != want || err != nil && !errors.Is(err, records.ErrNotCompared) {
				t.Errorf("%s has changed: the write ends with %v; it needs no further comparison: %t", name, err, want)
			}
			if err := page.Make(); err != nil {
				t.Fatal(err)
			}
			tc.change(b)
		}
	}
}

// The cost of each comparison is reported.
func TestTheCostOfComparisonsIsReported(t *testing.T) {
	calls := 0
	rules := &records.Matching{Compared: func(matching.Cost) { calls++ }}
	b, w := newBook(removed(record(1, purchase("a")), 5)), pageOf(purchase("b"))
	if w.Matching = rules; b.store(w) != nil || calls != 1 {
		t.Errorf("a page reports %d comparisons, want 1", calls)
	}
	calls = 0
	err := staging(rows(purchase("b")), record(1, purchase("a"))).publish(
		func(w *records.Publication, _ *records.PublicationView) { w.Matching = rules })
	if err != nil || calls == 0 {
		t.Errorf("a publication reports %d comparisons: %v", calls, err)
	}
}
