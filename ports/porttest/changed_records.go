package porttest

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// changedRecordTests check Completeness.Changed, which describes the records of an account that have changed since its
// latest reading.
var changedRecordTests = []storeTest{
	{"the records that have changed since the latest reading are known", changedSinceReading},
	{"a reading ends what has changed", changedUntilReading},
	{"a decision of an operator changes records", changedByDecision},
	{"accepting the numbers does not end what has changed", changedWhenAccepted},
	{"announced removals that are held back are known", changedByHeldRemovals},
	{"removals that a listing holds back are known", changedByHeldListing},
	{"many removals that a listing holds back may be of any date", changedByManyHeld},
	{"a close says that records have changed", changedInClose},
}

// changed returns the earliest date of the records that have changed since the latest reading of the account
// (Completeness.Changed.First). It also checks Changed.Since, and that a snapshot of the account has the same
// completeness.
func (f *fixture) changed(id domain.AccountID) domain.Date {
	f.Helper()
	got := f.completeness(id)
	f.noError(f.Ledger.Snapshot(f.ctx, f.tenant, id, func(view ports.AccountView) error {
		f.equal("Changed in a snapshot", got.Changed, view.Completeness.Changed)
		f.equal("Held in a snapshot", got.Held, view.Completeness.Held)
		return nil
	}))
	f.equal("a time", got.Changed.First == "", got.Changed.Since.IsZero())
	return got.Changed.First
}

func changedSinceReading(f *fixture) {
	pending := func(o *domain.TransactionData) { o.Status = domain.Pending }
	dated := func(id string, date domain.Date, changes ...func(*domain.TransactionData)) domain.TransactionData {
		return row(id, append(changes, withAccount("a"), withDate(date))...)
	}
	stored := func(rows ...domain.TransactionData) ports.PageWrite { return ports.PageWrite{Transactions: rows} }
	c, l, id := f.accountWithRows(dated("1", "2026-02-01"), dated("2", "2026-02-02"), dated("3", "2026-02-03"),
		dated("4", "2026-02-04", pending), dated("5", "2026-02-05"),
		row("other", withAccount("b"), withDate("2026-01-01")))
	f.equal("before the first reading", domain.Date(""), f.changed(id))
	for _, step := range []struct {
		name  string
		write ports.PageWrite
		want  domain.Date
	}{
		{"nothing", stored(dated("1", "2026-02-01")), ""},
		{"another account", ports.PageWrite{Removed: []string{"other"}}, ""},
		{"a pending record", stored(dated("p", "2026-01-09", pending)), ""},
		{"a removed pending record", ports.PageWrite{Removed: []string{"p"}}, ""},
		{
			"added records", stored(dated("8", "2026-02-08"), dated("7", "2026-02-07"), dated("9", "2026-02-09")),
			"2026-02-07",
		},
		{"a removed record", ports.PageWrite{Removed: []string{"2"}}, "2026-02-02"},
		{"a restored record", stored(dated("2", "2026-02-02")), "2026-02-02"},
		{"a record that posts", stored(dated("4", "2026-02-04")), "2026-02-04"},
		{"a later date", stored(dated("3", "2026-02-20")), "2026-02-03"},
		{"an earlier date", stored(dated("3", "2026-01-20")), "2026-01-20"},
		{"another amount", stored(dated("1", "2026-02-01", withAmount("-3", "BRL"))), "2026-02-01"},
		{"another account of the record", stored(row("5", withAccount("b"), withDate("2026-02-05"))), "2026-02-05"},
		{"back again", stored(dated("5", "2026-02-06")), "2026-02-06"},
	} {
		f.finishSettled(l, f.now(), balances("100"))
		f.equal(step.name+": before", domain.Date(""), f.changed(id))
		l = f.startPull(c)
		f.mustStorePage(l, step.write)
		f.equal(step.name, step.want, f.changed(id))
	}
}

func changedUntilReading(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	f.finishSettled(l, f.now(), balances("100"))
	l = f.startPull(c)
	f.storeRows(l, row("2", withAccount("a"), withDate("2026-01-05")))
	f.finish(l, domain.PullSucceeded, "")
	first := f.completeness(id).Changed
	f.equal("not decided", true, first.Decided.IsZero())
	l = f.startPull(c)
	f.storeRows(l, row("3", withAccount("a"), withDate("2026-01-02")))
	f.equal("after a second change", books.ChangedRecords{Since: first.Since, First: "2026-01-02"},
		f.completeness(id).Changed)
	f.storeRows(l, row("4", withAccount("a"), withDate("2026-01-04")))
	f.equal("the earliest date", domain.Date("2026-01-02"), f.changed(id))
	f.finish(l, domain.PullSucceeded, "")
	f.equal("without a reading", domain.Date("2026-01-02"), f.changed(id))
	l = f.startPull(c)
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"2", "3", "4"}})
	f.finish(l, domain.PullSucceeded, "")
	at := f.now().Add(time.Hour)
	f.finishSettled(f.startPull(c), at, balances("100"))
	f.equal("after a reading", books.ChangedRecords{}, f.completeness(id).Changed)
	f.equal("its time", true, f.completeness(id).Last.At.Equal(at))
}

func changedByDecision(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-02-01")),
		row("2", withAccount("a"), withDate("2026-02-02"), withAmount("-77", "BRL")))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
	f.finishSettled(l, f.now(), balances("100"))
	pair := ports.RecordPair{Old: f.getRow(c, "1").ID, New: f.getRow(c, "2").ID}
	_, err := f.Ledger.Join(f.ctx, f.tenant, pair, ports.Decision{At: f.now()})
	f.noError(err)
	f.equal("after a join", domain.Date("2026-02-02"), f.changed(id))
	decided := f.completeness(id).Changed.Decided
	during := balances("100")
	during.ReadAt = decided.Add(-time.Second)
	f.finishSettled(f.startPull(c), f.now(), during)
	f.equal("after a pull that had read the balance before the join", domain.Date("2026-02-02"), f.changed(id))
	f.equal("decided", true, f.completeness(id).Changed.Decided.Equal(decided))
	f.finishSettled(f.startPull(c), f.now(), balances("100")) // no pull has changed a record
	f.equal("after a reading", domain.Date(""), f.changed(id))
}

func changedWhenAccepted(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-02-01")))
	f.finishSettled(l, f.now(), balances("100"))
	l = f.startPull(c)
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
	got, err := f.Ledger.UpdateCompleteness(f.ctx, f.tenant, id, nil,
		func(c books.Completeness) (books.Completeness, error) { return c.Accept("test", f.now()) })
	f.noError(err)
	f.equal("the result", domain.Date("2026-02-01"), got.Changed.First)
	f.equal("stored", domain.Date("2026-02-01"), f.changed(id))
}

func changedByHeldRemovals(f *fixture) {
	c, l, id := f.accountWithRows()
	ids := f.manyRows(l, "a", 30)
	f.finishSettled(l, f.now(), balances("100"))
	f.equal("before", books.ChangedRecords{}, f.completeness(id).Held)
	l = f.startPull(c)
	f.mustStorePage(l, ports.PageWrite{Removed: ids})
	f.equal("removed", []string(nil), f.removedIDs(c))
	f.equal("changed", domain.Date(""), f.changed(id))
	held := f.completeness(id).Held
	f.equal("held", false, held.First == "" || held.Since.IsZero())
	_, err := f.Ledger.ApplyRemovals(f.ctx, f.tenant, id, withoutMatching, ports.Decision{At: f.now()})
	f.noError(err)
	f.equal("not held any more", books.ChangedRecords{}, f.completeness(id).Held)
	f.equal("changed by the removals", held.First, f.changed(id))
}

// changedByHeldListing checks that a listing which lacks too many rows is no ground for a verdict about their account,
// until the removals are applied, or the vendor lists the rows again.
func changedByHeldListing(f *fixture) {
	c, l, id := f.accountWithRows()
	ids := f.manyRows(l, "a", 30)
	pending := func(o *domain.TransactionData) { o.Status = domain.Pending }
	f.storeRows(l, row("early", withAccount("a"), withDate("2026-01-01")),
		row("pending", withAccount("a"), withDate("2025-12-01"), pending))
	f.finishSettled(l, f.now(), balances("100"))
	f.confirm(c, balances("100"))
	hold := func() {
		l = f.startPull(c)
		f.sweep(l, ports.SweepWrite{Account: "a"}, ids[:1]...)
		f.finishSettled(l, f.now(), balances("100"))
	}
	check := func(when string, want domain.Date, state books.CompletenessState) {
		f.Helper()
		f.equal("changed "+when, domain.Date(""), f.changed(id))
		held := f.completeness(id).Held
		f.equal("held "+when, []any{want, want == ""}, []any{held.First, held.Since.IsZero()})
		closed := f.completeness(id).StateOfClose("2026-01-01", "BRL", domain.Coverage{}, f.now(), time.Hour)
		f.equal("a close "+when, state, closed)
	}
	check("before", "", books.Complete)
	hold()
	f.equal("removed", []string(nil), f.removedIDs(c))
	check("after the listing", "2026-01-01", books.Unverified)
	l = f.startPull(c)
	f.sweep(l, ports.SweepWrite{Account: "a"}, append(ids, "early", "pending")...)
	f.finishSettled(l, f.now(), balances("100"))
	check("when they are listed again", "", books.Complete)
	hold()
	_, err := f.Ledger.ApplyRemovals(f.ctx, f.tenant, id, withoutMatching, ports.Decision{At: f.now()})
	f.noError(err)
	f.equal("not held any more", books.ChangedRecords{}, f.completeness(id).Held)
	f.equal("changed by the removals", domain.Date("2026-01-01"), f.changed(id))
}

// changedByManyHeld checks the limit of the held removals that a store reads for the earliest date: beyond it, no day
// is before all of them.
func changedByManyHeld(f *fixture) {
	c, l, id := f.accountWithRows()
	ids := f.manyRows(l, "a", 1100)
	f.finishSettled(l, f.now(), balances("100"))
	f.confirm(c, balances("100"))
	l = f.startPull(c)
	f.sweep(l, ports.SweepWrite{Account: "a"}, ids[:1]...)
	f.finishSettled(l, f.now(), balances("100"))
	held := f.completeness(id).Held
	f.equal("held", []any{domain.Date(""), false}, []any{held.First, held.Since.IsZero()})
	closed := f.completeness(id).StateOfClose("1999-01-01", "BRL", domain.Coverage{}, f.now(), time.Hour)
	f.equal("a close of a day before all records", books.Unverified, closed)
}

func changedInClose(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-01-02")))
	f.finishSettled(l, f.now(), balances("100"))
	f.confirm(c, balances("100"))
	closed := func(date domain.Date) books.CompletenessState {
		f.Helper()
		got, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, books.CloseRequest{
			Date: date, At: f.now(), By: "test", Grace: time.Hour,
		}, ports.CloseSteps{}, nil)
		f.noError(err)
		return got.Completeness
	}
	f.equal("before a change", books.Complete, closed("2026-01-01"))
	l = f.startPull(c)
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
	f.equal("after a change", books.Unverified, closed("2026-01-02"))
}
