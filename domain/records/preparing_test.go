package records_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// sweepPrepared writes a complete listing of the rows like a store that prepares the next versions of records, if
// prepare is set. It returns the number of prepared records. change may change the book before the write.
func (b *book) sweepPrepared(t *testing.T, rows []domain.TransactionData, prepare bool, change func(*book)) int {
	t.Helper()
	w := records.SweepWrite{Proof: domain.OneRead, At: now, Page: pageOf(rows...)}
	w.Page.Progress = wholeList
	last := 230
	w.Page.NewID = func() domain.TransactionID {
		last++
		return recordID(last)
	}
	w.Seen = func(id string) bool {
		return slices.ContainsFunc(rows, func(row domain.TransactionData) bool { return row.ExternalID == id })
	}
	page := records.NewSweep(w)
	var next []records.Record
	for found := !prepare; !found; {
		var err error
		if next, err = page.Foresee(b.view(page.Rows()), b); err == nil {
			found = true
		} else if !errors.Is(err, records.ErrNotCompared) {
			t.Fatal(err)
		} else if err := page.Make(); err != nil {
			t.Fatal(err)
		}
	}
	if b.prepared = next; prepare {
		page.Prepared(next)
	}
	if change != nil {
		change(b)
	}
	if err := b.write(page, page.Rows()); err != nil {
		t.Fatal(err)
	}
	return len(next)
}

// If the ids of many records change in a listing, their next versions are prepared, and become visible in one step. The
// result is the same as without preparation, whatever changes in between.
func TestTheRecordsThatAListingContinuesArePrepared(t *testing.T) {
	const n = 210
	for name, tc := range map[string]struct {
		before   func(*book) // changes the stored records before they are prepared
		between  func(*book) // changes them afterwards
		prepared int
	}{
		"all records continue": {prepared: n},
		"some were removed before, and are written in the transaction": {
			before: func(b *book) {
				for i := range 5 {
					b.records[i] = removed(b.records[i], 3)
				}
			},
			prepared: n - 5,
		},
		"few continue": {
			before: func(b *book) {
				for i := range 11 {
					b.records[i] = removed(b.records[i], 3)
				}
			},
		},
		"a record had another row before": {
			before: func(b *book) {
				b.records[7] = replaced(b.records[7], "oldest")
				b.past["oldest"] = b.records[7].ID
			},
			prepared: n,
		},
		"a record has got another version": {
			between:  func(b *book) { b.records[7].Version++ },
			prepared: n,
		},
		"a record was removed": {
			between: func(b *book) {
				b.records[7].Version, b.records[7].RemovedAt = 2, now.Add(-time.Hour)
			},
			prepared: n,
		},
		"an operator forbids a pair": {
			between: func(b *book) {
				b.never[domain.MatchPair{Old: b.records[7].ExternalID, New: "new-07"}] = true
			},
			prepared: n,
		},
	} {
		b, rows := churned(n)
		want, _ := churned(n)
		if tc.before != nil {
			tc.before(b)
			tc.before(want)
		}
		want.sweepPrepared(t, rows, false, tc.between)
		if got := b.sweepPrepared(t, rows, true, tc.between); got != tc.prepared {
			t.Errorf("%s: %d records are prepared, want %d", name, got, tc.prepared)
		}
		if got, want := b.lines(), want.lines(); !slices.Equal(got, want) {
			t.Errorf("%s: the records are\n%q\nwant\n%q", name, got, want)
		}
		if !reflect.DeepEqual(b.records, want.records) || b.counts != want.counts {
			t.Errorf("%s: the records differ, or the counts %+v, want %+v", name, b.counts, want.counts)
		}
	}
}
