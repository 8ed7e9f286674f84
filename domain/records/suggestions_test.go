package records_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// suggested returns a book with these open suggestions. Each pair contains the numbers of an old and a new record.
func suggested(b *book, pairs ...[2]int) *book {
	for _, pair := range pairs {
		b.suggestions = append(b.suggestions, records.Suggestion{
			Old: recordID(pair[0]), New: recordID(pair[1]), State: records.SuggestionOpen, Since: now,
		})
		for i := range b.records {
			if r := &b.records[i]; r.ID == recordID(pair[1]) {
				r.PossiblySupersedes = append(r.PossiblySupersedes, recordID(pair[0]))
			}
		}
	}
	return b
}

// gone returns a removed record with the purchase a.
func gone() records.Record { return removed(record(1, purchase("a")), 5) }

func TestSuggestionsOfAPage(t *testing.T) {
	came := func(n int, externalID string) records.Record {
		return firstSeen(record(n, purchase(externalID)), 1, 9)
	}
	market := func(externalID string) domain.TransactionData {
		return data(externalID, "MERCADO SUL", "-70.15", "2026-03-11")
	}
	for name, tc := range map[string]struct {
		book *book
		page records.PageWrite
		want []string
	}{
		"two equal new rows are suggested with their first version": {
			newBook(gone()), pageOf(purchase("b"), purchase("c")),
			[]string{"1 a v2 removed", "101 b v1 ~1", "102 c v1 ~1", "1?101 open", "1?102 open"},
		},
		"without matching, nothing is suggested": {
			newBook(gone()),
			with(pageOf(purchase("b"), purchase("c")), func(w *records.PageWrite) { w.Matching = nil }),
			[]string{"1 a v2 removed", "101 b v1", "102 c v1"},
		},
		"a stored record is suggested in a new version": {
			newBook(record(1, purchase("a")), came(2, "b"), came(3, "c")),
			with(pageOf(), func(w *records.PageWrite) { w.Removed = []string{"a"} }),
			[]string{"1 a v2 removed", "2 b v2 ~1", "3 c v2 ~1", "1?2 open", "1?3 open"},
		},
		"an open suggestion is not opened again": {
			suggested(newBook(gone(), came(2, "b"), came(3, "c")), [2]int{1, 2}, [2]int{1, 3}), pageOf(other("x")),
			[]string{"1 a v2 removed", "2 b v1 ~1", "3 c v1 ~1", "101 x v1", "1?2 open", "1?3 open"},
		},
		"a dismissed pair is not suggested": {
			func() *book {
				b := newBook(gone())
				b.never[domain.MatchPair{Old: "a", New: "b"}] = true
				return b
			}(),
			pageOf(purchase("b"), purchase("c")),
			[]string{"1 a v2 removed", "101 b v1", "102 c v1 ~1", "1?102 open"},
		},
		"the suggestions end when the old record returns": {
			suggested(newBook(gone(), record(2, other("b"))), [2]int{1, 2}), pageOf(purchase("a")),
			[]string{"1 a v3", "2 b v2", "1?2 returned"},
		},
		"a suggestion ends when the new record is removed": {
			suggested(newBook(gone(), record(2, other("b"))), [2]int{1, 2}),
			with(pageOf(), func(w *records.PageWrite) { w.Removed = []string{"b"} }),
			[]string{"1 a v2 removed", "2 b v2 removed", "1?2 removed"},
		},
		"a suggestion stays open while the vendor returns its new record": {
			suggested(newBook(gone(), record(2, other("b"))), [2]int{1, 2}), pageOf(other("b")),
			[]string{"1 a v2 removed", "2 b v1 ~1", "1?2 open", "refresh b of 2"},
		},
		"a suggestion is opened beside another one of the record": {
			suggested(newBook(gone(), came(2, "b"), came(3, "c")), [2]int{1, 2}), pageOf(other("x")),
			[]string{"1 a v2 removed", "2 b v1 ~1", "3 c v2 ~1", "101 x v1", "1?2 open", "1?3 open"},
		},
		"a suggestion is added to those of the new record": {
			suggested(newBook(record(1, purchase("a")), came(2, "b"), came(3, "c"), removed(record(5, other("z")), 5)),
				[2]int{5, 2}),
			with(pageOf(), func(w *records.PageWrite) { w.Removed = []string{"a"} }),
			[]string{
				"1 a v2 removed", "2 b v2 ~5 ~1", "3 c v2 ~1", "5 z v2 removed", "5?2 open", "1?2 open", "1?3 open",
			},
		},
		"the other suggestions of the new record stay": {
			suggested(newBook(gone(), record(2, other("b")), removed(record(5, other("z")), 5)),
				[2]int{1, 2}, [2]int{5, 2}),
			pageOf(purchase("a")),
			[]string{"1 a v3", "2 b v2 ~5", "5 z v2 removed", "5?2 open", "1?2 returned"},
		},
		"a pair that was decided is not suggested again": {
			func() *book {
				b := newBook(gone(), came(2, "b"), came(3, "c"), came(4, "d"))
				b.suggestions = []records.Suggestion{
					{Old: recordID(1), New: recordID(2), State: records.SuggestionDismissed},
					{Old: recordID(1), New: recordID(3), State: records.SuggestionExcluded},
					{Old: recordID(1), New: recordID(4), State: records.SuggestionSplit},
				}
				return b
			}(), pageOf(other("x")),
			[]string{
				"1 a v2 removed", "2 b v1", "3 c v1", "4 d v2 ~1", "101 x v1",
				"1?2 dismissed", "1?3 excluded", "1?4 open",
			},
		},
		"a record continues, and another one is suggested": {
			newBook(gone(), removed(record(2, market("s")), 5)), pageOf(purchase("b"), purchase("c"), market("t")),
			[]string{
				"1 a v2 removed", "2 t v3 <s", "101 b v1 ~1", "102 c v1 ~1", "1?101 open", "1?102 open",
			},
		},
		"the suggestions of a record that is taken over end": {
			suggested(newBook(record(1, purchase("a")), came(2, "b"), removed(record(5, other("z")), 5)), [2]int{5, 2}),
			with(pageOf(), func(w *records.PageWrite) { w.Removed = []string{"a"} }),
			[]string{"1 b v2 <a", "2 b v2 removed superseded by 1", "5 z v2 removed", "5?2 matched"},
		},
		"the other suggestions end when a record continues": {
			suggested(newBook(gone(), record(2, other("b"))), [2]int{1, 2}), pageOf(purchase("c")),
			[]string{"1 c v3 <a", "2 b v2", "1?2 returned"},
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

// joined returns a book in which an operator has joined record 1 (row a) with record 2 (row b).
func joined(t *testing.T, past ...string) *book {
	t.Helper()
	b := suggested(newBook(gone(), replaced(record(2, other2("b")), past...), record(3, other("c"))),
		[2]int{1, 2}, [2]int{1, 3})
	c, err := records.Join(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], &b.records[1], "a tip")
	if err != nil {
		t.Fatal(err)
	}
	b.applyOne(c)
	return b
}

// other2 returns a payment whose amount and text differ from those of the other rows in these tests.
func other2(externalID string) domain.TransactionData {
	return data(externalID, "PADARIA COM GORJETA", "-55", "2026-03-11")
}

func TestAJoin(t *testing.T) {
	t.Run("the record continues, and the other suggestions end", func(t *testing.T) {
		b := joined(t)
		b.want(t, "1 b v3 <a", "2 b v2 removed superseded by 1", "3 c v2", "1?3 excluded", "1?2 joined")
		if past := b.records[0].Supersedes[0]; past.Rule != domain.OperatorJoin || past.Younger != recordID(2) {
			t.Errorf("the former row is %+v", past)
		}
		if b.records[0].Reason != "a tip" {
			t.Errorf("the reason is %q", b.records[0].Reason)
		}
	})
	t.Run("former rows of the other record follow, and a split gives them back", func(t *testing.T) {
		b := joined(t, "o")
		b.want(t, "1 b v3 <o <a", "2 b v3 <o removed superseded by 1", "3 c v2", "1?3 excluded", "1?2 joined")
		if b.past["o"] != recordID(1) || b.past["a"] != recordID(1) {
			t.Errorf("the past ids are %v", b.past)
		}
		for _, s := range b.records[0].Supersedes {
			if s.Version != 2 { // record 1 has never shown the row o in an earlier version
				t.Errorf("the former row %s was replaced in version %d", s.ExternalID, s.Version)
			}
		}
		c, err := records.Split(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], recordID(50), "")
		if err != nil {
			t.Fatal(err)
		}
		b.applyOne(c)
		b.want(t, "1 a v4 removed", "2 b v4 <o", "3 c v2", "1?3 excluded", "1?2 split", "never a>b")
		if b.past["o"] != recordID(2) || len(b.past) != 1 {
			t.Errorf("the past ids are %v", b.past)
		}
	})
	t.Run("records without a suggestion can be joined, and are not counted", func(t *testing.T) {
		b := newBook(gone(), record(2, other2("b")))
		c, err := records.Join(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], &b.records[1], "")
		if err != nil || c.Counts != (domain.Counts{}) {
			t.Fatal(c.Counts, err)
		}
		b.applyOne(c)
		b.check()
		b.want(t, "1 b v3 <a", "2 b v2 removed superseded by 1", "1?2 joined")
		if s := c.Suggestions[0]; s.Connection != connection || s.Account != account || !s.Since.Equal(now) {
			t.Errorf("the suggestion is %+v", s)
		}
	})
	t.Run("suggestions with another old record end", func(t *testing.T) {
		b := suggested(newBook(gone(), record(2, other2("b")), removed(record(4, other2("d")), 5)),
			[2]int{1, 2}, [2]int{4, 2})
		c, err := records.Join(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], &b.records[1], "")
		if err != nil {
			t.Fatal(err)
		}
		b.applyOne(c)
		b.want(t, "1 b v3 <a", "2 b v2 removed superseded by 1", "4 d v2 removed", "4?2 excluded", "1?2 joined")
	})
	t.Run("an unsettled read with both rows does not undo it", func(t *testing.T) {
		b := joined(t)
		b.counts = domain.Counts{}
		if err := b.store(pageOf(purchase("a"), other2("b"))); err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 b v3 <a", "2 b v2 removed superseded by 1", "3 c v2", "1?3 excluded", "1?2 joined",
			"refresh b of 1")
		if want := (domain.Counts{Read: 2, Unchanged: 2}); b.counts != want {
			t.Errorf("counts %+v, want %+v", b.counts, want)
		}
	})
	t.Run("the record goes back to the former row if the present one has left", func(t *testing.T) {
		b := joined(t)
		err := b.store(with(pageOf(purchase("a")), func(w *records.PageWrite) { w.Removed = []string{"b"} }))
		if err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 a v4 <b", "2 b v2 removed superseded by 1", "3 c v2", "1?3 excluded", "1?2 joined")
	})
	t.Run("a complete listing with both rows undoes it", func(t *testing.T) {
		b := joined(t)
		page := records.NewSweep(records.SweepWrite{
			Proof: domain.OneRead, At: now, Page: pageOf(),
			Seen: func(id string) bool { return id == "a" || id == "b" || id == "c" },
		})
		if err := b.write(page, nil); err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 a v4", "2 b v3", "3 c v2", "1?3 excluded", "1?2 join_undone", "never a>b")
	})
	t.Run("a complete listing without one of the rows does not undo it", func(t *testing.T) {
		for _, lacks := range []string{"a", "b"} {
			b := joined(t)
			page := records.NewSweep(records.SweepWrite{
				Proof: domain.TwoReads, At: now, Page: pageOf(), Seen: func(id string) bool { return id != lacks },
			})
			if err := b.write(page, nil); err != nil {
				t.Fatal(err)
			}
			if got := b.lines()[0]; got != "1 b v3 <a" {
				t.Errorf("without %s: the record is %q", lacks, got)
			}
		}
	})
	t.Run("a complete listing undoes all joins", func(t *testing.T) {
		b := suggested(newBook(gone(), record(2, other2("b")), removed(record(3, purchase("c")), 5),
			record(4, other2("d")), removed(record(5, other("z")), 5)), [2]int{1, 2}, [2]int{3, 4})
		for _, i := range []int{0, 2} {
			c, err := records.Join(b.view(nil), b, records.PageWrite{At: now}, &b.records[i], &b.records[i+1], "")
			if err != nil {
				t.Fatal(err)
			}
			b.applyOne(c)
		}
		suggested(b, [2]int{5, 1}) // another possible partner of the joined record
		page := records.NewSweep(records.SweepWrite{
			Proof: domain.OneRead, At: now, Page: pageOf(), Seen: func(string) bool { return true },
		})
		if err := b.write(page, nil); err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 a v4", "2 b v3", "3 c v4", "4 d v3", "5 z v2 removed",
			"5?1 split", "1?2 join_undone", "3?4 join_undone", "never a>b", "never c>d")
	})
	t.Run("a replacement after the join is no join", func(t *testing.T) {
		b := joined(t)
		b.check()
		b.records[0].Pull = pullID(1)
		if err := b.store(
			with(pageOf(other2("x")), func(w *records.PageWrite) { w.Removed = []string{"b"} }),
		); err != nil {
			t.Fatal(err)
		}
		page := records.NewSweep(records.SweepWrite{
			Proof: domain.OneRead, At: now, Page: pageOf(), Seen: func(string) bool { return true },
		})
		if err := b.write(page, nil); err != nil {
			t.Fatal(err)
		}
		if got := b.lines()[0]; got != "1 x v4 <a <b" {
			t.Errorf("the record is %q", got)
		}
	})
	wentBack := func(t *testing.T, past ...string) *book {
		b := joined(t, past...)
		err := b.store(with(pageOf(purchase("a")), func(w *records.PageWrite) { w.Removed = []string{"b"} }))
		if err != nil {
			t.Fatal(err)
		}
		b.log = nil
		return b
	}
	t.Run("a complete listing with both rows undoes it also if the record went back", func(t *testing.T) {
		for name, rows := range map[string][]domain.TransactionData{
			"the rows were stored before":           nil,
			"the listing ends with the removed row": {other2("b")},
		} {
			b := wentBack(t, "o")
			b.want(t, "1 a v4 <o <b", "2 b v3 <o removed superseded by 1", "3 c v2", "1?3 excluded", "1?2 joined")
			page := records.NewSweep(records.SweepWrite{
				Proof: domain.OneRead, At: now, Page: pageOf(rows...),
				Seen: func(id string) bool { return id == "a" || id == "b" || id == "c" },
			})
			if err := b.write(page, page.Rows()); err != nil {
				t.Fatal(name, err)
			}
			version := 4
			if rows != nil {
				version++ // that of the row of the listing
			}
			b.want(t, "1 a v5", fmt.Sprintf("2 b v%d <o", version), "3 c v2", "1?3 excluded", "1?2 join_undone",
				"never a>b", "never b>a")
			if b.past["o"] != recordID(2) || len(b.past) != 1 {
				t.Errorf("%s: the past ids are %v", name, b.past)
			}
		}
	})
	t.Run("a former row of the newer record returns in the listing that undoes it", func(t *testing.T) {
		b := joined(t, "o")
		page := records.NewSweep(records.SweepWrite{
			Proof: domain.OneRead, At: now, Page: pageOf(purchase("o")), Seen: func(string) bool { return true },
		})
		if err := b.write(page, page.Rows()); err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 a v4", "2 o v6", "3 c v2", "101 b v1", "1?3 excluded", "1?2 join_undone", "never a>b", "never o>b")
	})
	// rejoined is a record whose row p was replaced by a before the join.
	rejoined := func(t *testing.T) *book {
		b := joined(t)
		b.records[0].Supersedes = append([]domain.Superseded{{ExternalID: "p", Rule: "same_description", Version: 1}},
			b.records[0].Supersedes...)
		b.past["p"] = recordID(1)
		return b
	}
	t.Run("a complete listing with an earlier row of the older record undoes it", func(t *testing.T) {
		b := rejoined(t)
		page := records.NewSweep(records.SweepWrite{
			Proof: domain.OneRead, At: now, Page: pageOf(),
			Seen: func(id string) bool { return id == "p" || id == "b" || id == "c" },
		})
		if err := b.write(page, nil); err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 a v4 <p removed", "2 b v3", "3 c v2", "1?3 excluded", "1?2 join_undone", "never a>b")
		b.log = nil
		if err := b.store(pageOf(purchase("p"), other2("b"))); err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 p v5 <a", "2 b v3", "3 c v2", "1?3 excluded", "1?2 join_undone", "refresh b of 2")
	})
	t.Run("a former row of the newer record beside the present one becomes a record", func(t *testing.T) {
		b := joined(t, "o")
		b.check()
		if err := b.store(pageOf(other2("b"), purchase("o"))); err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 b v3 <a", "2 b v3 removed superseded by 1", "3 c v2", "101 o v1", "1?3 excluded", "1?2 joined",
			"refresh b of 1")
		c, err := records.Split(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], recordID(50), "")
		if err != nil {
			t.Fatal(err)
		}
		b.applyOne(c)
		if got := b.lines()[1]; got != "2 b v4" {
			t.Errorf("after a split: %q", got)
		}
	})
	t.Run("an unsettled read with both rows does not undo it if the record went back", func(t *testing.T) {
		b := wentBack(t)
		if err := b.store(pageOf(purchase("a"), other2("b"))); err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 a v4 <b", "2 b v2 removed superseded by 1", "3 c v2", "1?3 excluded", "1?2 joined",
			"refresh a of 1")
	})
	t.Run("a record that went back can be split, and forth again", func(t *testing.T) {
		b := wentBack(t)
		c, err := records.Split(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], recordID(50), "")
		if err != nil {
			t.Fatal(err)
		}
		b.applyOne(c)
		b.want(t, "1 a v5", "2 b v3 removed", "3 c v2", "1?3 excluded", "1?2 split", "never a>b", "never b>a")

		b = wentBack(t)
		err = b.store(with(pageOf(other2("b")), func(w *records.PageWrite) { w.Removed = []string{"a"} }))
		if err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 b v5 <a", "2 b v2 removed superseded by 1", "3 c v2", "1?3 excluded", "1?2 joined")
		if past := b.records[0].Supersedes[0]; past.Younger != recordID(2) {
			t.Errorf("the former row is %+v", past)
		}
	})
	t.Run("a record that went back over several rows keeps what it knows of them", func(t *testing.T) {
		b := joined(t)
		b.check()
		b.records[0].Pull = pullID(1)
		for _, w := range []records.PageWrite{
			with(pageOf(other2("x")), func(w *records.PageWrite) { w.Removed = []string{"b"} }),
			with(pageOf(purchase("a")), func(w *records.PageWrite) { w.Removed = []string{"x"} }),
		} {
			if err := b.store(w); err != nil {
				t.Fatal(err)
			}
		}
		b.want(t, "1 a v5 <b <x", "2 b v2 removed superseded by 1", "3 c v2", "1?3 excluded", "1?2 joined")
		if past := b.records[0].Supersedes[1]; !past.Younger.IsZero() {
			t.Errorf("the row x never belonged to another record: %+v", past)
		}
	})
	t.Run("a listing that proves nothing does not undo it", func(t *testing.T) {
		b := joined(t)
		page := records.NewSweep(records.SweepWrite{
			Proof: domain.NoProof, At: now, Page: pageOf(), Seen: func(string) bool { return true },
		})
		if err := b.write(page, nil); err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 b v3 <a", "2 b v2 removed superseded by 1", "3 c v2", "1?3 excluded", "1?2 joined")
	})
	t.Run("the rows of the listing are written after that", func(t *testing.T) {
		b := joined(t)
		page := records.NewSweep(records.SweepWrite{
			Proof: domain.OneRead, At: now, Page: pageOf(purchase("a"), other2("b")),
			Seen: func(id string) bool { return id == "a" || id == "b" || id == "c" },
		})
		if err := b.write(page, page.Rows()); err != nil {
			t.Fatal(err)
		}
		b.want(t, "1 a v5", "2 b v3", "3 c v2", "1?3 excluded", "1?2 join_undone", "never a>b", "refresh b of 2")
	})
}

func TestAJoinIsRefused(t *testing.T) {
	for name, change := range map[string]func(old, with *records.Record){
		"live":              func(old, _ *records.Record) { *old = record(1, purchase("a")) },
		"removed":           func(_, with *records.Record) { *with = removed(*with, 1) },
		"superseded":        func(old, _ *records.Record) { old.SupersededBy = recordID(9) },
		"erased":            func(old, _ *records.Record) { old.ErasedAt = now },
		"another account":   func(_, with *records.Record) { with.AccountID = domain.AccountID{UUID: [16]byte{8}} },
		"another currency":  func(_, with *records.Record) { with.Amount.Currency = "USD" },
		"another direction": func(_, with *records.Record) { with.TransactionData = other("b") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(gone(), record(2, other2("b")))
			change(&b.records[0], &b.records[1])
			_, err := records.Join(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], &b.records[1], "")
			var e *domain.Error
			if !errors.As(err, &e) || e.Code != domain.NotJoinable {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestADismissal(t *testing.T) {
	b := suggested(newBook(gone(), record(2, other2("b")), record(3, other2("c"))), [2]int{1, 2}, [2]int{1, 3})
	c, err := records.Dismiss(b, &b.records[0], &b.records[1], "no")
	if err != nil {
		t.Fatal(err)
	}
	b.applyOne(c)
	b.want(t, "1 a v2 removed", "2 b v2", "3 c v2", "1?2 dismissed", "1?3 excluded", "never a>b")
	if b.records[1].Reason != "no" {
		t.Errorf("the reason is %q", b.records[1].Reason)
	}
	if c, err = records.Dismiss(b, &b.records[0], &b.records[2], ""); err != nil {
		t.Fatal(err)
	}
	b.applyOne(c)
	b.want(t, "1 a v2 removed", "2 b v2", "3 c v2", "1?2 dismissed", "1?3 dismissed", "never a>b", "never a>c")
	if _, err := records.Dismiss(b, &b.records[0], &b.records[0], ""); err == nil {
		t.Error("a record was dismissed with itself")
	}
}

func TestTheDismissalOfAnUndoneJoinEndsItsState(t *testing.T) {
	b := newBook(gone(), record(2, other2("b")))
	b.suggestions = []records.Suggestion{{Old: recordID(1), New: recordID(2), State: records.SuggestionUndone}}
	c, err := records.Dismiss(b, &b.records[0], &b.records[1], "")
	if err != nil {
		t.Fatal(err)
	}
	b.applyOne(c)
	b.want(t, "1 a v2 removed", "2 b v1", "1?2 dismissed", "never a>b")
}

func TestAtMostThreeSuggestionsOfARecordAreOpen(t *testing.T) {
	b := suggested(newBook(gone(), record(2, other2("x")), record(3, other2("y")), record(4, other2("z"))),
		[2]int{1, 2}, [2]int{1, 3}, [2]int{1, 4})
	if err := b.store(pageOf(purchase("b"), purchase("c"))); err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 a v2 removed", "2 x v1 ~1", "3 y v2", "4 z v2", "101 b v1 ~1", "102 c v1 ~1",
		"1?2 open", "1?4 excluded", "1?3 excluded", "1?101 open", "1?102 open")
}

func TestASuggestionFailsWithTheStore(t *testing.T) {
	for _, method := range []string{"Suggestions", "Suggestion"} {
		b := suggested(newBook(gone(), record(2, other2("b"))), [2]int{1, 2})
		b.fails = method
		_, err := records.Join(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], &b.records[1], "")
		if !errors.Is(err, errFails) {
			t.Errorf("%s: the error is %v", method, err)
		}
	}
	b := newBook(gone())
	b.fails = "Joined"
	page := records.NewSweep(records.SweepWrite{
		Proof: domain.OneRead, At: now, Page: pageOf(), Seen: func(string) bool { return true },
	})
	if err := b.write(page, nil); !errors.Is(err, errFails) {
		t.Errorf("the error is %v", err)
	}
}

func TestThePositionOfASuggestion(t *testing.T) {
	list := []records.Suggestion{
		{Old: recordID(1), New: recordID(9), Since: now},
		{Old: recordID(5), New: recordID(7), Since: now.Add(-1)},
		{Old: recordID(5), New: recordID(6), Since: now.Add(-1)},
		{Old: recordID(4), New: recordID(8), Since: now.Add(-1)},
	}
	for i, s := range list {
		since, old, newer, err := records.ParseSuggestionPosition(s.Position())
		if err != nil || !since.Equal(s.Since) || old != s.Old || newer != s.New {
			t.Errorf("the position of %d is %s, %s, %s, %v", i, since, old, newer, err)
		}
		parsed := records.Suggestion{Since: since, Old: old, New: newer}
		for j, other := range list {
			if got := records.CompareSuggestions(parsed, other) < 0; got != (j > i) {
				t.Errorf("suggestion %d is after %d: %t", j, i, got)
			}
		}
	}
	for _, key := range []string{"", "x/" + recordID(1).String(), domain.TimeKey(now) + "/x"} {
		position := domain.Position{Key: key}
		_, _, _, err := records.ParseSuggestionPosition(position)
		if _, ok := errors.AsType[*domain.Error](err); !ok || !strings.Contains(err.Error(), "cursor of this list") {
			t.Errorf("%q is a position, %v", key, err)
		}
	}
}

// A split does not change what counts: the record with the newer row is excluded, too, if the operator has excluded
// both rows.
func TestASplitKeepsTheExclusion(t *testing.T) {
	exclusionOf := func(b *book) *records.Exclusion {
		t.Helper()
		c, err := records.Split(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], recordID(50), "")
		if err != nil {
			t.Fatal(err)
		}
		return c.Exclusion
	}
	for name, tc := range map[string]struct {
		excluded   time.Duration // before now; 0 if the record is not excluded
		twin       bool          // the other record is excluded already
		returned   bool          // the record has gone back to its former row
		wantsOther bool
	}{
		"not excluded":                            {0, false, false, false},
		"excluded":                                {time.Hour, false, false, true},
		"both are excluded":                       {time.Hour, true, false, false},
		"excluded before it went back":            {time.Hour, false, true, true},
		"excluded after it went back":             {-time.Hour, false, true, false},
		"not excluded, and it has gone back":      {0, false, true, false},
		"both are excluded, and it has gone back": {time.Hour, true, true, false},
	} {
		b := joined(t)
		if tc.returned {
			err := b.store(with(pageOf(purchase("a")), func(w *records.PageWrite) { w.Removed = []string{"b"} }))
			if err != nil {
				t.Fatal(err)
			}
		}
		if tc.excluded != 0 {
			b.records[0].ExcludedAt, b.records[0].ExcludedBy = now.Add(-tc.excluded), "alice"
		}
		if tc.twin {
			b.records[1].ExcludedAt, b.records[1].ExcludedBy = now.Add(-2*time.Hour), "bob"
		}
		got, want := exclusionOf(b), records.Exclusion{Record: recordID(2), By: "alice"}
		if (got != nil) != tc.wantsOther || got != nil && *got != want {
			t.Errorf("%s: the exclusion is %+v, want one: %t", name, got, tc.wantsOther)
		}
	}
}

// A record that an operator joins has a row again: it is neither carried over nor absent.
func TestAJoinEndsTheStateOfTheRecord(t *testing.T) {
	b := newBook(gone(), record(2, other2("b"))).carryOver("a")
	b.absences["a"] = absentRow("a", 5)
	c, err := records.Join(b.view(nil), b, records.PageWrite{At: now}, &b.records[0], &b.records[1], "")
	if err != nil {
		t.Fatal(err)
	}
	b.applyOne(c)
	if len(b.absences) > 0 || len(b.carriedOver) > 0 {
		t.Errorf("the record is absent or carried over: %v, %v", b.absences, b.carriedOver)
	}
}
