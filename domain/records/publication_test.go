package records_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// publish makes the staged rows visible. The account is relinked.
func (b *book) publish(change func(*records.Publication, *records.PublicationView)) error {
	return b.publishPrepared(change, false)
}

// publishPrepared is like publish. If prepared is set, it prepares the next versions of the records that continue.
func (b *book) publishPrepared(change func(*records.Publication, *records.PublicationView), prepared bool) error {
	w := records.Publication{At: now, NewID: pageOf().NewID, Matching: pageOf().Matching}
	view := records.PublicationView{View: b.view(nil), Relinked: []domain.AccountID{account}, StagedSince: now}
	if change != nil {
		change(&w, &view)
	}
	var plan *records.PublicationPlan
	if w.Matching != nil {
		planned := view
		planned.Accounts = maps.Clone(view.Accounts)
		var err error
		if plan, err = records.PlanPublication(w, planned, b, len(b.records)+len(b.staged)); err != nil {
			return err
		}
	}
	for done := plan == nil || !prepared; !done; {
		var next []records.Record
		var err error
		if next, done, err = plan.Prepare(w, b); err != nil {
			return err
		}
		b.prepared = append(b.prepared, next...)
	}
	return b.apply(records.Publish(w, view, b, plan))
}

// staging returns a book with staged rows, ordered by external id.
func staging(rows []domain.TransactionData, all ...records.Record) *book {
	b := newBook(all...)
	b.staged = rows
	return b
}

func rows(all ...domain.TransactionData) []domain.TransactionData { return all }

// keysOf returns the evidence of a row. It uses the category of the row as a key of the institution.
func keysOf(row domain.TransactionData, account domain.AccountID) banktext.Row {
	return banktext.NewRow(row, account, domain.InstitutionKeys{Transaction: row.Category})
}

func TestAPublication(t *testing.T) {
	keyed := func(row domain.TransactionData, text, key string, date domain.Date) domain.TransactionData {
		row.Description, row.Category, row.Date = text, key, date
		return row
	}
	old := func(text, key string, date domain.Date) records.Record {
		return record(1, keyed(purchase("a"), text, key, date))
	}
	names := func(_ *records.Publication, v *records.PublicationView) {
		for i := range 6 {
			v.Accounts[fmt.Sprint("acc ", i)] = account
		}
	}
	under := func(name, externalID string, date domain.Date) domain.TransactionData {
		row := data(externalID, "SALARIO "+externalID, "900", date)
		row.Account = name
		return row
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
		"rows with one institution key are matched, whatever they say": {
			staging(rows(keyed(purchase("b"), "X", "A1B2C3D4E5", "2026-01-16")), old("Y", "A1B2C3D4E5", "2026-01-02")),
			func(w *records.Publication, _ *records.PublicationView) { w.Matching.RowOf = keysOf },
			[]string{"1 b v2 <a"},
		},
		"posted rows with one institution key are not matched if they are more than 14 days apart": {
			staging(rows(keyed(purchase("b"), "X", "A1B2C3D4E5", "2026-01-17")), old("Y", "A1B2C3D4E5", "2026-01-02")),
			func(w *records.Publication, _ *records.PublicationView) { w.Matching.RowOf = keysOf },
			[]string{"1 a v1 carried over", "101 b v1"},
		},
		"a pending record continues with the new row of its institution key, whatever the dates are": {
			staging(rows(keyed(purchase("b"), "X", "A1B2C3D4E5", "2026-02-17")), func() records.Record {
				r := old("Y", "A1B2C3D4E5", "2026-01-02")
				r.Status = domain.Pending
				return r
			}()),
			func(w *records.Publication, _ *records.PublicationView) { w.Matching.RowOf = keysOf },
			[]string{"1 b v2 <a"},
		},
		"a key that two records have matches nothing": {
			staging(rows(keyed(purchase("c"), "X", "A1B2C3D4E5", "2026-03-19")), old("Y", "A1B2C3D4E5", "2026-01-02"),
				record(2, keyed(purchase("b"), "Z", "A1B2C3D4E5", "2026-01-03"))),
			func(w *records.Publication, _ *records.PublicationView) { w.Matching.RowOf = keysOf },
			[]string{"1 a v1 carried over", "2 b v1 carried over", "101 c v1"},
		},
		"a key that two new rows have matches nothing": {
			staging(rows(
				keyed(purchase("b"), "X", "A1B2C3D4E5", "2026-03-18"),
				keyed(purchase("c"), "Z", "A1B2C3D4E5", "2026-03-19"),
			), old("Y", "A1B2C3D4E5", "2026-01-02")),
			func(w *records.Publication, _ *records.PublicationView) { w.Matching.RowOf = keysOf },
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
		"carried-over records of a relinked account continue": {
			func() *book {
				b := staging(rows(purchase("b")), record(1, purchase("a")))
				b.carriedOver["a"] = true
				return b
			}(), nil, []string{"1 b v2 <a"},
		},
		"a row of an account with another name continues": {
			func() *book {
				row := purchase("b")
				row.Account = "acc 3"
				return staging(rows(row), record(1, purchase("a")))
			}(), names, []string{"1 b v2 <a"},
		},
		"the oldest row under all names of an account is the beginning of the listing": {
			staging(rows(
				under("acc", "b", "2026-03-18"), under("acc 1", "c", "2026-03-16"), under("acc 2", "d", "2026-03-19"),
			), old("Y", "", "2026-03-17")),
			names, []string{"1 a v2 removed carried over", "101 b v1", "102 c v1", "103 d v1"},
		},
		"the row of another record does not continue one": {
			staging(rows(purchase("b")), record(1, purchase("a")), record(2, purchase("b"))), nil,
			[]string{"1 a v2 removed carried over", "2 b v1", "refresh b of 2"},
		},
		"a record of the first day of the listing is suggested": {
			staging(rows(keyed(purchase("b"), "X", "", "2026-03-19"), data("c", "SALARIO", "900", "2026-03-10")),
				old("Y", "", "2026-03-10")),
			nil, []string{"1 a v2 removed carried over", "101 b v1 ~1", "102 c v1", "1?101 open"},
		},
		"a key that a distant record has, too, matches nothing": {
			staging(rows(keyed(purchase("c"), "X", "A1B2C3D4E5", "2026-03-10")),
				record(1, keyed(purchase("a"), "Y", "A1B2C3D4E5", "2026-03-01")),
				record(2, keyed(purchase("b"), "Z", "A1B2C3D4E5", "2025-01-03"))),
			func(w *records.Publication, _ *records.PublicationView) { w.Matching.RowOf = keysOf },
			[]string{"1 a v1 carried over", "2 b v1 carried over", "101 c v1"},
		},
		"a suggestion ends when its new record is removed": {
			suggested(staging(rows(keyed(purchase("b"), "X", "", "2026-03-01")), old("Y", "", "2026-03-10"),
				removed(record(5, other("z")), 5)), [2]int{5, 1}), nil,
			[]string{"1 a v2 removed carried over", "5 z v2 removed", "101 b v1 ~1", "1?101 open", "5?1 removed"},
		},
		"records of no account are removed, and those of the account": {
			func() *book {
				lost := record(2, keyed(data("y", "Y", "-9", "2026-03-10"), "Y", "", "2026-03-10"))
				lost.Account, lost.AccountID = "", domain.AccountID{}
				row := data("z", "Z", "77", "2026-03-01")
				row.Account = "no account"
				return staging(rows(keyed(purchase("b"), "X", "", "2026-02-01"), row), old("Y", "", "2026-03-10"), lost)
			}(), nil,
			[]string{"1 a v2 removed carried over", "2 y v2 removed", "101 b v1", "102 z v1"},
		},
		"an account that is first stored is attached": {
			staging(rows(purchase("a")), record(1, purchase("a"))),
			func(_ *records.Publication, v *records.PublicationView) { v.FirstStored = []string{"acc"} },
			[]string{"1 a v1", "refresh a of 1", "attach acc"},
		},
		"all former rows and the present row return: each has a record": {
			staging(rows(purchase("a"), purchase("b"), purchase("c")), replaced(record(1, purchase("c")), "a", "b")),
			nil,
			[]string{"1 a v6", "101 c v1", "102 b v2", "never b>c", "never a>b", "refresh c of 101"},
		},
		"a former row returns, and no record of the page is loaded": {
			staging(rows(purchase("a")), replaced(record(1, purchase("b")), "a")),
			func(_ *records.Publication, v *records.PublicationView) { v.Stored = nil }, []string{"1 a v3 <b"},
		},
		"two former rows of one record return": {
			staging(rows(purchase("a"), purchase("b")), replaced(record(1, purchase("c")), "a", "b")), nil,
			[]string{"1 a v4 <c", "101 b v1"},
		},
	} {
		for how, prepared := range map[string]bool{"prepared": true, "in one step": false} {
			t.Run(name+", "+how, func(t *testing.T) {
				b := tc.book.clone()
				b.absences["x"] = absentRow("x", 1)
				if err := b.publishPrepared(tc.change, prepared); err != nil {
					t.Fatal(err)
				}
				b.want(t, append(tc.want, "end staging")...)
				if len(b.absences) > 0 || !b.expired {
					t.Errorf("absences %v, expired carried-over records forgotten: %v", b.absences, b.expired)
				}
			})
		}
	}
}

// A publication reads and writes the rows of prepared records before its transaction, in small batches.
func TestAPublicationPreparesTheRecordsThatContinue(t *testing.T) {
	const n = 250
	var all []records.Record
	var staged []domain.TransactionData
	for i := range n {
		before := dated(fmt.Sprintf("a%04d", i), "2025-01-01")
		before.Category = fmt.Sprintf("A1B2C3D4E5%d", i)
		after := before
		after.ExternalID = fmt.Sprintf("b%04d", i)
		all, staged = append(all, record(i+1, before)), append(staged, after)
	}
	all[7].RemovedAt = now.Add(-time.Hour)
	b := staging(staged, all...)
	publish := func(prepared bool) (counts domain.Counts) {
		before := b.clone()
		err := before.publishPrepared(func(w *records.Publication, _ *records.PublicationView) {
			w.Matching.RowOf = keysOf
		}, prepared)
		if err != nil {
			t.Fatal(err)
		}
		if !prepared {
			return before.counts
		}
		if len(before.prepared) != n-1 || before.isPrepared("b0007") {
			t.Errorf("%d records are prepared", len(before.prepared))
		}
		for _, which := range before.rowsRead {
			if len(which.ExternalIDs) > 200 {
				t.Errorf("%d rows are read together", len(which.ExternalIDs))
			}
		}
		written := 0
		for i := range before.written {
			written += len(before.written[i].Upsert)
		}
		if written != 1 {
			t.Errorf("%d records are written when the others become visible, want 1", written)
		}
		return before.counts
	}
	want := domain.Counts{Modified: n, IDChanges: n}
	if prepared, written := publish(true), publish(false); prepared != want || written != want {
		t.Errorf("counts %+v and %+v, want %+v", prepared, written, want)
	}
}

// A record or a row that is gone when the records are prepared makes the plan outdated.
func TestNothingIsPreparedWithAnOutdatedPlan(t *testing.T) {
	for name, change := range map[string]func(b *book){
		"a record": func(b *book) { b.records = nil },
		"a row":    func(b *book) { b.staged = nil },
	} {
		b := staging(rows(purchase("b")), record(1, purchase("a")))
		w := records.Publication{At: now, NewID: pageOf().NewID, Matching: pageOf().Matching}
		view := records.PublicationView{View: b.view(nil), Relinked: []domain.AccountID{account}, StagedSince: now}
		plan, err := records.PlanPublication(w, view, b, 2)
		if err != nil {
			t.Fatal(err)
		}
		change(b)
		if next, _, err := plan.Prepare(w, b); !errors.Is(err, records.ErrNotCompared) || next != nil {
			t.Errorf("without %s: %v, %v", name, next, err)
		}
	}
}

// Rows that remain staged continue no record, even if their account is stored.
func TestStagedRowsContinueNoRecord(t *testing.T) {
	held := purchase("b")
	held.Account = "acc held"
	b := staging(rows(held), record(1, purchase("a")))
	err := b.publish(func(_ *records.Publication, v *records.PublicationView) {
		v.Accounts[held.Account], v.Held = account, []string{held.Account}
	})
	if err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 a v1 carried over")
}

// In the usual case, the records must not be loaded one by one.
func TestFormerRowsReturnTogether(t *testing.T) {
	b := staging(rows(purchase("a"), purchase("c")), replaced(record(1, purchase("b")), "a"),
		replaced(removed(record(2, purchase("d")), 5), "c"), record(3, other("e")))
	if err := b.publish(nil); err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 a v3 <b", "2 c v4 <d", "3 e v2 removed carried over", "end staging")
	byIDs := slices.IndexFunc(b.selections, func(which records.RecordsOf) bool { return which.IDs != nil })
	if ids := b.selections[byIDs].IDs; !slices.Equal(ids, []domain.TransactionID{recordID(1), recordID(2)}) ||
		b.calls["States(past by id)"] > 0 || b.calls["Record"] > 0 {
		t.Errorf("the records %v are selected, and these methods called: %v", ids, b.calls)
	}
}

// A publication reads staged rows and records by their ids or dates. Only the strong keys of all rows are compared.
func TestAPublicationReadsNoMoreRowsThanItCompares(t *testing.T) {
	around := func(date domain.Date, days int) domain.Window {
		return domain.Window{From: date.AddDays(-days), To: date.AddDays(days)}
	}
	day := purchase("a").Date
	for name, tc := range map[string]struct {
		book    *book
		records []domain.Window
	}{
		"a day with new rows": {
			staging(rows(dated("b", day)), record(1, purchase("a"))), []domain.Window{around(day, 28)},
		},
		"a day without new rows": {
			staging(rows(dated("b", day.AddDays(15))), record(1, purchase("a"))), nil,
		},
	} {
		if err := tc.book.publish(nil); err != nil {
			t.Fatal(err)
		}
		var dates []domain.Window
		for _, selection := range tc.book.selections {
			if selection.Dates != (domain.Window{}) {
				dates = append(dates, selection.Dates)
			}
		}
		if !slices.Equal(dates, tc.records) || tc.book.calls["VisitRecords"] != 3+len(tc.records) {
			t.Errorf("%s: the records of %v are read, in %d calls", name, dates, tc.book.calls["VisitRecords"])
		}
	}
	b := staging(rows(purchase("a"), purchase("b")), replaced(record(1, purchase("b")), "a"))
	if err := b.publish(nil); err != nil {
		t.Fatal(err)
	}
	byIDs := slices.IndexFunc(b.rowsRead, func(which records.StagedRowsOf) bool { return which.ExternalIDs != nil })
	if got := b.rowsRead[byIDs].ExternalIDs; !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("the staged rows %v are read", got)
	}
}

// Rows with one key are matched in batches, in the order of the new rows.
func TestManyRowsWithKeysContinueInOrder(t *testing.T) {
	var all []records.Record
	var staged []domain.TransactionData
	for i := range 150 {
		before := dated(fmt.Sprintf("a%04d", i), "2025-01-01")
		before.Category = fmt.Sprintf("A1B2C3D4E5%d", i)
		after := before
		after.ExternalID, after.Date = fmt.Sprintf("b%04d", i), "2025-01-10"
		all, staged = append(all, record(i+1, before)), append(staged, after)
	}
	b := staging(staged, all...)
	err := b.publish(func(w *records.Publication, _ *records.PublicationView) { w.Matching.RowOf = keysOf })
	if err != nil {
		t.Fatal(err)
	}
	var renamed []string
	for _, c := range b.written {
		for _, r := range c.Rename {
			renamed = append(renamed, r.ExternalID)
		}
	}
	if len(renamed) != 150 || !slices.IsSorted(renamed) {
		t.Errorf("%d records continue, in the order %v", len(renamed), renamed)
	}
	for _, selection := range b.selections {
		if n := len(selection.IDs); n > 100 {
			t.Errorf("%d records are read at a time", n)
		}
	}
	for _, which := range b.rowsRead {
		if which.ExternalIDs == nil && which.Dates == (domain.Window{}) && which.New && len(which.Accounts) == 0 {
			t.Errorf("all staged rows are read: %+v", which)
		}
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

// A row counts as returned by the vendor if the pull has quarantined it since the new reference was staged.
func TestAQuarantinedRowIsReturned(t *testing.T) {
	for name, tc := range map[string]struct {
		pull        int
		at          time.Time
		stagedSince time.Time
		want        string
	}{
		"since then":                 {9, now, now, "1 a v4"},
		"before":                     {9, now.Add(-time.Hour), now, "1 a v3 <b"},
		"by another pull":            {8, now, now, "1 a v3 <b"},
		"without rows of the target": {9, now, time.Time{}, "1 a v3 <b"},
	} {
		b := staging(rows(purchase("a")), replaced(record(1, purchase("b")), "a"))
		b.records[0].Account, b.records[0].AccountID = "", domain.AccountID{}
		key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: "b"}
		b.quarantine[key] = records.QuarantineEntry{Pull: pullID(tc.pull), At: tc.at}
		err := b.publish(func(_ *records.Publication, v *records.PublicationView) { v.StagedSince = tc.stagedSince })
		if err != nil {
			t.Fatal(err)
		}
		if got := b.lines()[0]; got != tc.want {
			t.Errorf("%s: the record is %q, want %q", name, got, tc.want)
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
		r.ID.UUID[14], r.ID.UUID[15] = byte((i+1)>>8), byte(i+1)
		row.ExternalID = fmt.Sprintf("b%04d", i)
		all, staged = append(all, r), append(staged, row)
	}
	// A key names no movement if two records have it, even if they are in different windows.
	for i, key := range []struct {
		externalID, text string
		date             domain.Date
	}{{"k1", "X", "2026-01-01"}, {"k2", "Y", "2026-03-04"}, {"k3", "Z", "2026-03-04"}} {
		row := data(key.externalID, key.text, "-50", key.date)
		if row.Category = "A1B2C3D4E5"; key.externalID == "k3" {
			staged = append(staged, row)
			continue
		}
		r := record(0, row)
		r.ID.UUID[13] = byte(i + 1)
		all = append(all, r)
	}
	b := staging(staged, all...)
	err := b.publish(func(w *records.Publication, _ *records.PublicationView) {
		w.Matching.RowOf = keysOf
		w.NewID = func() domain.TransactionID { return domain.TransactionID{UUID: [16]byte{1}} }
	})
	if err != nil {
		t.Fatal(err)
	}
	want := domain.Counts{Added: 1, Modified: len(all) - 2, Removed: 2, IDChanges: len(all) - 2}
	if b.counts != want {
		t.Errorf("counts %+v, want %+v", b.counts, want)
	}
}

func TestAnErrorOfTheStoreEndsThePublication(t *testing.T) {
	for _, method := range []string{
		"Record", "States(past by id)", "Never", "VisitQuarantine", "VisitStaged", "OldestStaged", "Stored",
		"VisitRecords", "Identities", "Dates", "ExternalIDs", "CarriedOverAccounts",
	} {
		b := staging(rows(purchase("a"), purchase("b"), purchase("x")), replaced(record(1, purchase("b")), "a"),
			record(2, purchase("c")))
		b.fails = method
		if err := b.publish(nil); !errors.Is(err, errFails) {
			t.Errorf("%s fails: got %v", method, err)
		}
	}
}

func TestAnIDOfARecordThatWasRemovedLongAgoIsWeakInAPublication(t *testing.T) {
	early := removed(record(2, paid("gone", "2025-09-07")), 24*100)
	for name, tc := range map[string]struct {
		others []records.Record
		want   domain.TransactionID
	}{
		"no other record":                 {nil, recordID(1)},
		"a record that was removed early": {[]records.Record{early}, recordID(101)},
	} {
		b := staging([]domain.TransactionData{paid("new", "2026-03-11")},
			append([]records.Record{record(1, paid("old", "2026-03-04"))}, tc.others...)...)
		err := b.publish(func(w *records.Publication, _ *records.PublicationView) { w.Matching.RowOf = institutionIDs })
		if err != nil {
			t.Fatal(err)
		}
		if got := b.byKey("new").ID; got != tc.want {
			t.Errorf("%s: the row is of the record %v, want %v", name, got, tc.want)
		}
	}
}

// excludedTwin returns a record of a row that an operator has excluded.
func excludedTwin(n int, externalID string) records.Record {
	return excluded(record(n, purchase(externalID)))
}

func TestAPublicationWithoutTheRowOfARecordThatCounts(t *testing.T) {
	shop := func(externalID string) domain.TransactionData {
		return data(externalID, "LIVRARIA", "-50", "2026-03-10")
	}
	for name, tc := range map[string]struct {
		book *book
		want []string
	}{
		"its excluded twin is there": {
			staging(rows(purchase("b")), record(1, purchase("a")), excludedTwin(2, "b")),
			[]string{"1 b v2 <a", "2 b v2 removed superseded by 1 excluded"},
		},
		"the excluded row has another text": {
			staging(rows(shop("b")), record(1, purchase("a")), excluded(record(2, shop("b")))),
			[]string{"1 a v2 removed", "2 b v1 excluded"},
		},
		"both have the ids of the new reference": {
			staging(rows(purchase("x"), purchase("y")), record(1, purchase("a")), excludedTwin(2, "b")),
			[]string{"1 x v2 <a", "2 y v2 <b excluded"},
		},
		"one new row takes the place of both": {
			staging(rows(purchase("x")), record(1, purchase("a")), excludedTwin(2, "b")),
			[]string{"1 x v2 <a", "2 b v2 removed excluded"},
		},
		"one new row takes the place of both, and the excluded record is the older one": {
			staging(rows(purchase("x")), excludedTwin(1, "a"), record(2, purchase("b"))),
			[]string{"1 a v2 removed excluded", "2 x v2 <b"},
		},
		"both are gone": {
			staging(rows(shop("x")), record(1, purchase("a")), excludedTwin(2, "b")),
			[]string{"1 a v2 removed", "2 b v2 removed excluded", "101 x v1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.book.publish(nil); err != nil {
				t.Fatal(err)
			}
			clear(tc.book.carriedOver)
			tc.book.log = nil
			tc.book.want(t, tc.want...)
		})
	}
}

// A plan is valid only for the publication for which it was made: the accounts that are relinked or held, the names of
// the relinked ones, and the time of the staging must be the same.
func TestForWhichPublicationAPlanIs(t *testing.T) {
	otherAccount := domain.AccountID{UUID: [16]byte{8}}
	for name, tc := range map[string]struct {
		change func(*records.PublicationView)
		want   bool
	}{
		"the same":                {func(*records.PublicationView) {}, true},
		"other relinked accounts": {func(v *records.PublicationView) { v.Relinked = nil }, false},
		"further relinked accounts": {func(v *records.PublicationView) {
			v.Relinked = append(v.Relinked, otherAccount)
		}, false},
		"other held accounts":         {func(v *records.PublicationView) { v.Held = []string{"x"} }, false},
		"staged at another time":      {func(v *records.PublicationView) { v.StagedSince = now.Add(1) }, false},
		"a further name":              {func(v *records.PublicationView) { v.Accounts["acc 2"] = account }, false},
		"another account of the name": {func(v *records.PublicationView) { v.Accounts["acc"] = otherAccount }, false},
		"a name of another account":   {func(v *records.PublicationView) { v.Accounts["x"] = otherAccount }, true},
	} {
		b := staging(rows(purchase("b")), record(1, purchase("a")))
		view := func() records.PublicationView {
			return records.PublicationView{View: b.view(nil), Relinked: []domain.AccountID{account}, StagedSince: now}
		}
		w := records.Publication{At: now, NewID: pageOf().NewID, Matching: pageOf().Matching}
		plan, err := records.PlanPublication(w, view(), b, 2)
		if err != nil {
			t.Fatal(err)
		}
		changed := view()
		tc.change(&changed)
		if got := plan.IsFor(changed); got != tc.want {
			t.Errorf("%s: the plan is for the publication: %t, want %t", name, got, tc.want)
		}
	}
}

// Memory for all rows is reserved while a plan is made.
func TestAPlanReservesMemoryForAllRows(t *testing.T) {
	b := staging(rows(purchase("b")), record(1, purchase("a")))
	for name, memory := range map[string]*budget{"enough": {}, "none": {full: true}} {
		w := records.Publication{At: now, NewID: pageOf().NewID, Matching: &records.Matching{Reserve: memory.reserve}}
		view := records.PublicationView{View: b.view(nil), Relinked: []domain.AccountID{account}, StagedSince: now}
		_, err := records.PlanPublication(w, view, b, 7)
		if memory.full != errors.Is(err, errFull) || !memory.full && !slices.Equal(memory.waited, []int{7}) ||
			memory.released != memory.reserved() {
			t.Errorf("%s: %+v, %v", name, memory, err)
		}
	}
}

// A suggestion belongs to the account and the connection of its records.
func TestASuggestionOfAPublicationHasTheAccountOfTheRecord(t *testing.T) {
	b := staging(rows(data("b", "X", "-50", "2026-03-01")), record(1, data("a", "Y", "-50", "2026-03-10")))
	if err := b.publish(nil); err != nil {
		t.Fatal(err)
	}
	if len(b.suggestions) != 1 || b.suggestions[0].Account != account || b.suggestions[0].Connection != connection {
		t.Errorf("the suggestions are %+v", b.suggestions)
	}
}
