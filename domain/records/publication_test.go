package records_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// publish makes the staged rows visible. The account is relinked.
func (b *book) publish(change func(*records.Publication, *records.PublicationView)) error {
	w := records.Publication{At: now, NewID: pageOf().NewID, Matching: pageOf().Matching}
	view := records.PublicationView{View: b.view(nil), Relinked: []domain.AccountID{account}, StagedSince: now}
	if change != nil {
		change(&w, &view)
	}
	return b.apply(records.Publish(w, view, b))
}

// staging returns a book with staged rows, ordered by external id.
func staging(rows []domain.TransactionData, all ...records.Record) *book {
	b := newBook(all...)
	b.staged = rows
	return b
}

func rows(all ...domain.TransactionData) []domain.TransactionData { return all }

func TestAPublication(t *testing.T) {
	keys := func(row domain.TransactionData, account domain.AccountID) matching.Row {
		return matching.NewRow(row, account, domain.InstitutionKeys{Transaction: row.Category})
	}
	keyed := func(row domain.TransactionData, text, key string, date domain.Date) domain.TransactionData {
		row.Description, row.Category, row.Date = text, key, date
		return row
	}
	old := func(text, key string, date domain.Date) records.Record {
		return record(1, keyed(purchase("a"), text, key, date))
	}
	unrelinked := func(_ *records.Publication, v *records.PublicationView) { v.Relinked = nil }
	for name, tc := range map[string]struct {
		book   *book
		change func(*records.Publication, *records.PublicationView)
		want   []string
	}{
		"a record continues with the new row": {
			staging(rows(purchase("b")), record(1, purchase("a"))), nil, []string{"1 b v2 <a"},
		},
		"a row with the same external id is compared": {
			staging(rows(other("a")), record(1, purchase("a"))), nil, []string{"1 a v2"},
		},
		"as many records as possible continue, if they cannot be told apart": {
			staging(rows(purchase("x"), purchase("y"), purchase("z")),
				record(1, purchase("a")), record(2, purchase("b"))),
			nil, []string{"1 x v2 <a", "2 y v2 <b", "101 z v1"},
		},
		"a recently removed record continues": {
			staging(rows(purchase("b")), removed(record(1, purchase("a")), 5)), nil, []string{"1 b v3 <a"},
		},
		"a removed record continues only if the new row is the only one": {
			staging(rows(purchase("b"), purchase("c")), removed(record(1, purchase("a")), 5)), nil,
			[]string{"1 a v2 removed", "101 b v1 ~1", "102 c v1 ~1", "1?101 open", "1?102 open"},
		},
		"rows with one institution key are matched, however distant their dates are": {
			staging(rows(keyed(purchase("b"), "X", "A1B2C3D4E5", "2026-03-19")), old("Y", "A1B2C3D4E5", "2026-01-02")),
			func(w *records.Publication, _ *records.PublicationView) { w.Matching.RowOf = keys },
			[]string{"1 b v2 <a"},
		},
		"a key that two records have matches nothing": {
			staging(rows(keyed(purchase("c"), "X", "A1B2C3D4E5", "2026-03-19")), old("Y", "A1B2C3D4E5", "2026-01-02"),
				record(2, keyed(purchase("b"), "Z", "A1B2C3D4E5", "2026-01-03"))),
			func(w *records.Publication, _ *records.PublicationView) { w.Matching.RowOf = keys },
			[]string{"1 a v1 carried over", "2 b v1 carried over", "101 c v1"},
		},
		"a key that two new rows have matches nothing": {
			staging(rows(
				keyed(purchase("b"), "X", "A1B2C3D4E5", "2026-03-18"),
				keyed(purchase("c"), "Z", "A1B2C3D4E5", "2026-03-19"),
			), old("Y", "A1B2C3D4E5", "2026-01-02")),
			func(w *records.Publication, _ *records.PublicationView) { w.Matching.RowOf = keys },
			[]string{"1 a v1 carried over", "101 b v1", "102 c v1"},
		},
		"a record that was removed long ago does not continue": {
			staging(rows(purchase("b")), removed(record(1, purchase("a")), 24*14+1)), nil,
			[]string{"1 a v2 removed", "101 b v1"},
		},
		"rows with different texts and dates are not matched": {
			staging(rows(keyed(purchase("b"), "X", "", "2026-03-01")), old("Y", "", "2026-03-10")), nil,
			[]string{"1 a v2 removed carried over", "101 b v1 ~1", "1?101 open"},
		},
		"a live record that is older than the listing is carried over": {
			staging(rows(other("b")), record(1, purchase("a"))), nil, []string{"1 a v1 carried over", "101 b v1"},
		},
		"a listing that proves nothing removes nothing": {
			staging(rows(keyed(purchase("b"), "X", "", "2026-03-01")), old("Y", "", "2026-03-10")),
			func(w *records.Publication, _ *records.PublicationView) { w.Unproved = true },
			[]string{"1 a v1 carried over", "101 b v1"},
		},
		"records of an account that was not relinked stay": {
			staging(rows(purchase("b")), record(1, purchase("a"))), unrelinked, []string{"1 a v1", "101 b v1"},
		},
		"carried-over records of an account that was not relinked continue": {
			func() *book {
				b := staging(rows(purchase("b")), record(1, purchase("a")))
				b.carriedOver["a"] = true
				return b
			}(), unrelinked, []string{"1 b v2 <a"},
		},
		"a pair that must not be matched again is not": {
			func() *book {
				b := staging(rows(other("b")), record(1, other("a")))
				b.never[domain.MatchPair{Old: "a", New: "b"}] = true
				return b
			}(), nil, []string{"1 a v2 removed carried over", "101 b v1"},
		},
		"without rules nothing is matched": {
			staging(rows(purchase("b")), record(1, purchase("a"))),
			func(w *records.Publication, _ *records.PublicationView) { w.Matching = nil },
			[]string{"1 a v2 removed carried over", "101 b v1"},
		},
		"a former row returns: the record goes back": {
			staging(rows(purchase("a")), replaced(record(1, purchase("b")), "a")), nil, []string{"1 a v3 <b"},
		},
		"a former row of a removed record returns": {
			staging(rows(purchase("a")), replaced(removed(record(1, purchase("b")), 5), "a")), nil,
			[]string{"1 a v4 <b"},
		},
		"a former row and the present row return: the replacement is undone": {
			staging(rows(purchase("a"), purchase("b")), replaced(record(1, purchase("b")), "a")), nil,
			[]string{"1 a v4", "101 b v1", "never a>b", "refresh b of 101"},
		},
		"a former row returns in an account that was not relinked: the replacement is undone": {
			staging(rows(purchase("a")), replaced(record(1, purchase("b")), "a")), unrelinked,
			[]string{"1 a v4", "101 b v1", "never a>b"},
		},
		"two former rows of one record return": {
			staging(rows(purchase("a"), purchase("b")), replaced(record(1, purchase("c")), "a", "b")), nil,
			[]string{"1 a v4 <c", "101 b v1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.book.absences["x"] = domain.Absence{ExternalID: "x"}
			if err := tc.book.publish(tc.change); err != nil {
				t.Fatal(err)
			}
			tc.book.want(t, append(tc.want, "end staging")...)
			if len(tc.book.absences) > 0 || !tc.book.expired {
				t.Errorf("absences %v, expired carried-over records forgotten: %v", tc.book.absences, tc.book.expired)
			}
		})
	}
}

func TestTheRowsOfAnUnreadableAccountRemainStaged(t *testing.T) {
	held := purchase("b")
	held.Account = "unreadable"
	b := staging(rows(held, other("c")), record(1, purchase("a")))
	err := b.publish(func(_ *records.Publication, v *records.PublicationView) { v.Held = []string{"unreadable"} })
	if err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 a v1 carried over", "101 c v1")
}

// A row that the pull has quarantined since the new reference was staged is returned by the vendor.
func TestAQuarantinedRowIsReturned(t *testing.T) {
	for hours, want := range map[int]string{0: "1 a v4", -1: "1 a v3 <b"} {
		b := staging(rows(purchase("a")), replaced(record(1, purchase("b")), "a"))
		b.records[0].AccountID = domain.AccountID{}
		key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: "b"}
		b.quarantine[key] = records.QuarantineEntry{Pull: pullID(9), At: now.Add(time.Duration(hours) * time.Hour)}
		if err := b.publish(nil); err != nil {
			t.Fatal(err)
		}
		if got := b.lines()[0]; got != want {
			t.Errorf("the record is %q, want %q", got, want)
		}
	}
}

// The matches must not depend on where a window of dates ends.
func TestManyRecordsContinueInWindows(t *testing.T) {
	var all []records.Record
	var staged []domain.TransactionData
	for i := range 2500 {
		date := domain.Date("2026-01-01").AddDays(i / 40)
		row := data(fmt.Sprintf("a%04d", i), fmt.Sprintf("COMPRA %d", i), "-3", date)
		r := record(0, row)
		r.ID.UUID[14], r.ID.UUID[15] = byte(i>>8), byte(i)
		row.ExternalID = fmt.Sprintf("b%04d", i)
		all, staged = append(all, r), append(staged, row)
	}
	b := staging(staged, all...)
	if err := b.publish(nil); err != nil {
		t.Fatal(err)
	}
	if want := (domain.Counts{Modified: len(all)}); b.counts != want {
		t.Errorf("counts %+v, want %+v", b.counts, want)
	}
}

func TestAnErrorOfTheStoreEndsThePublication(t *testing.T) {
	for _, method := range []string{
		"Record", "PastIDs", "Never", "Quarantine", "VisitStaged", "OldestStaged", "Stored", "VisitRecords", "Dates",
		"ExternalIDs", "CarriedOverAccounts",
	} {
		b := staging(rows(purchase("a"), purchase("b"), purchase("x")), replaced(record(1, purchase("b")), "a"),
			record(2, purchase("c")))
		b.fails = method
		if err := b.publish(nil); !errors.Is(err, errFails) {
			t.Errorf("%s fails: got %v", method, err)
		}
	}
}
