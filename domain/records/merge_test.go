package records_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

func TestWhichAccountsCanBeOne(t *testing.T) {
	at := time.Date(2026, 3, 10, 8, 0, 0, 0, time.UTC)
	here, there := domain.ConnectionID{UUID: uuid.UUID{1}}, domain.ConnectionID{UUID: uuid.UUID{2}}
	for name, tc := range map[string]struct {
		change func(account, successor *records.Account)
		left   bool // the connection of the account was deleted
		want   domain.Code
	}{
		"gone from the connection": {func(_, _ *records.Account) {}, false, ""},
		"still listed": {
			func(a, _ *records.Account) { a.RemovedAt = time.Time{} }, false, domain.AccountNotAmbiguous,
		},
		"gone from another connection": {
			func(a, _ *records.Account) { a.Connection = there }, false, domain.AccountNotAmbiguous,
		},
		"gone with its connection": {
			func(a, _ *records.Account) { a.Connection, a.RemovedAt = there, time.Time{} }, true, "",
		},
		"the same account": {func(a, b *records.Account) { b.ID = a.ID }, false, domain.AccountNotAmbiguous},
		"the successor is gone, too": {
			func(_, b *records.Account) { b.RemovedAt = at }, false, domain.AccountNotAmbiguous,
		},
		"another vendor":   {func(_, b *records.Account) { b.Vendor = "belvo" }, false, domain.AccountNotAmbiguous},
		"another currency": {func(_, b *records.Account) { b.Currency = "USD" }, false, domain.CurrencyDiffers},
	} {
		var account, successor records.Account
		account.ID, successor.ID = domain.AccountID{UUID: uuid.UUID{1}}, domain.AccountID{UUID: uuid.UUID{2}}
		account.Connection, successor.Connection = here, here
		account.Vendor, successor.Vendor = "pluggy", "pluggy"
		account.Currency, successor.Currency = "BRL", "BRL"
		account.RemovedAt = at
		tc.change(&account, &successor)
		if err := records.CheckMerge(account, successor, tc.left); (err == nil) != (tc.want == "") ||
			err != nil && domain.CodeOf(err) != tc.want {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// The account that is gone gets the data, the external id and the reference of its successor, and is live again. The
// successor ends, and no longer has the vendor's id.
func TestAnAccountContinuesAsItsSuccessor(t *testing.T) {
	old, successor := listedAccount(1, "old"), listedAccount(2, "new")
	old.RemovedAt, old.MaybeContinues = epoch, []domain.AccountID{accountID(2)}
	successor.Connection, successor.Name = domain.ConnectionID{UUID: uuid.UUID{5}}, "Conta nova"
	successor.MaybeContinues = []domain.AccountID{accountID(1)}
	successor.References[0].AccountRef = "item 2"
	ended, continued := records.MergedAccounts(records.PageWrite{At: later}, old, successor)
	wantAccountEvents(t, "the successor", ended, accountEvent(events.AccountRemoved, 2))
	wantAccountEvents(t, "the account", continued, accountEvent(events.AccountRelinked, 1))
	if len(ended.Save) != 1 || len(continued.Save) != 1 {
		t.Fatalf("saved are %+v and %+v", ended.Save, continued.Save)
	}
	if ids := continued.Continued(); len(ids) != 1 || ids[0] != accountID(1).String() {
		t.Errorf("the accounts %v continue", ids)
	}
	a, ref := continued.Save[0], continued.Save[0].References
	if a.ID != accountID(1) || a.ExternalID != "new" || a.Name != "Conta nova" || a.Key != keyOf("new") || !a.Listed ||
		!a.RemovedAt.IsZero() || a.Connection != successor.Connection || a.MaybeContinues != nil ||
		!a.UpdatedAt.Equal(later) || !a.FirstSeenAt.Equal(epoch) {
		t.Errorf("the account is %+v", a)
	}
	want := domain.AccountReference{AccountRef: "item 2", ExternalID: "new", From: later}
	if len(ref) != 2 || ref[1] != want || !ref[0].Until.Equal(later) {
		t.Errorf("the references of the account are %+v", ref)
	}
	s := ended.Save[0]
	if s.ID != accountID(2) || s.ExternalID != accountID(2).String() || s.Key != "" || s.Listed ||
		!s.RemovedAt.Equal(later) || !s.UpdatedAt.Equal(later) || s.MaybeContinues != nil ||
		!s.References[0].Until.Equal(later) {
		t.Errorf("the successor is %+v", s)
	}
	successor.References = nil
	if _, continued := records.MergedAccounts(records.PageWrite{At: later}, old, successor); len(
		continued.Save[0].References) != 1 {
		t.Errorf("without a reference of the successor: %+v", continued.Save[0].References)
	}
	successor.References = listedAccount(2, "new").References
	if old.References[0].Until.Equal(later) || successor.References[0].Until.Equal(later) {
		t.Error("the references of the arguments have changed")
	}
}

// merging returns a book with the live records of an account that is gone, and of the account in its place, whose rows
// have the external account id "acc 2". plan states which records continue.
func merging(t *testing.T, older []records.Record, rows ...domain.TransactionData) (
	*book, records.PublicationView, *records.PublicationPlan,
) {
	t.Helper()
	younger := make([]records.Record, 0, len(rows))
	for i := range rows {
		rows[i].Account = "acc 2"
		r := firstSeen(record(50+i, rows[i]), 1, 9)
		r.AccountID = domain.AccountID{UUID: uuid.UUID{8}}
		younger = append(younger, r)
	}
	before := staging(rows, older...)
	view := records.PublicationView{View: before.view(nil), Relinked: []domain.AccountID{account}, StagedSince: now}
	view.Accounts["acc 2"] = account
	w := records.Publication{At: now, NewID: pageOf().NewID, Matching: pageOf().Matching}
	plan, err := records.PlanPublication(w, view, before, len(rows)+len(older))
	if err != nil {
		t.Fatal(err)
	}
	return staging(rows, append(older, younger...)...), view, plan
}

func TestTheRecordsOfTwoAccountsAreMerged(t *testing.T) {
	early := data("early", "ALUGUEL", "-900", "2026-01-02")
	for name, tc := range map[string]struct {
		older []records.Record
		rows  []domain.TransactionData
		plan  bool
		want  []string
	}{
		"a record takes over the row of the younger one": {
			[]records.Record{record(1, purchase("a"))}, rows(purchase("b")), true,
			[]string{"1 b v2 <a", "50 b v2 removed superseded by 1"},
		},
		"a record that does not continue is removed, unless it is older than all rows": {
			[]records.Record{record(1, purchase("a")), record(2, other("o")), record(3, early)},
			rows(purchase("b")), true,
			[]string{"1 b v2 <a", "2 o v2 removed", "3 early v1", "50 b v2 removed superseded by 1"},
		},
		"a younger record may be the movement of a removed one": {
			[]records.Record{record(1, data("a", "Y", "-50", "2026-03-10"))},
			rows(data("b", "X", "-50", "2026-03-01")), true,
			[]string{"1 a v2 removed", "50 b v2 ~1", "1?50 open"},
		},
		"without a plan, no record continues": {
			[]records.Record{record(1, purchase("a"))}, rows(purchase("b")), false,
			[]string{"1 a v2 removed", "50 b v1"},
		},
		"the other account has no rows": {
			[]records.Record{record(1, purchase("a"))}, nil, true, []string{"1 a v1"},
		},
	} {
		b, view, plan := merging(t, tc.older, tc.rows...)
		if !tc.plan {
			plan = nil
		}
		w := records.Publication{At: now, NewID: pageOf().NewID, Matching: pageOf().Matching}
		if err := b.apply(records.Merge(w, view, b, plan)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		clear(b.carriedOver)
		if got := b.lines(); !slices.Equal(got, tc.want) {
			t.Errorf("%s: the book is %q, want %q", name, got, tc.want)
		}
	}
}

// A record that continues is no longer carried over, and the suggestions about it end.
func TestAMergeEndsTheStateOfItsRecords(t *testing.T) {
	b, view, plan := merging(t, []records.Record{record(1, purchase("a"))}, purchase("b"))
	b.carriedOver["a"] = true
	suggested(b, [2]int{1, 50})
	w := records.Publication{At: now, NewID: pageOf().NewID, Matching: pageOf().Matching}
	if err := b.apply(records.Merge(w, view, b, plan)); err != nil {
		t.Fatal(err)
	}
	b.want(t, "1 b v2 <a", "50 b v2 removed superseded by 1", "1?50 matched")
}

// The records may have changed since the plan was made, and the store may fail at any time.
func TestAMergeFailsWithItsStore(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*book)
		want   error
	}{
		"the older record is gone":   {func(b *book) { b.records = b.records[1:] }, records.ErrNotCompared},
		"the younger record is gone": {func(b *book) { b.records = b.records[:1] }, records.ErrNotCompared},
		"the oldest rows":            {func(b *book) { b.fails = "OldestStaged" }, errFails},
		"the records":                {func(b *book) { b.fails = "VisitRecords" }, errFails},
		"the older records":          {func(b *book) { b.fails = "Identities" }, errFails},
		"the younger records":        {func(b *book) { b.fails = "Live" }, errFails},
		"the suggestions":            {func(b *book) { b.fails = "Suggestions" }, errFails},
	} {
		b, view, plan := merging(t, []records.Record{record(1, purchase("a"))}, purchase("b"))
		tc.change(b)
		w := records.Publication{At: now, NewID: pageOf().NewID, Matching: pageOf().Matching}
		if err := b.apply(records.Merge(w, view, b, plan)); !errors.Is(err, tc.want) {
			t.Errorf("%s: the error is %v, want %v", name, err, tc.want)
		}
	}
}
