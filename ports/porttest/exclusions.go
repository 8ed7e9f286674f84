package porttest

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// exclusionTests check Ledger.Exclude and Ledger.Include.
var exclusionTests = []storeTest{
	{"an excluded record is visible and counts nowhere until it is included", excludedCountsNowhere},
	{"an exclusion is an adjustment of the closes that were made before", exclusionAdjusts},
	{"an exclusion survives each read of the row", exclusionSurvives},
	{"a split of an excluded record changes nothing that counts", exclusionSurvivesSplit},
	{"a close counts the records that are not excluded when it is made", excludedCloses},
	{"a close prints the records that counted then", excludedClosedView},
	{"an exclusion survives removals and replacements", excludedIsFollowed},
	{"a record that counts continues with the row of its excluded twin", twinContinues(descriptions)},
	{"a record that counts continues with the row of its excluded twin without matching", twinContinues(nil)},
	{"the twin of an excluded record leaves a closed period", twinOfClosedPeriod},
	{"an operator removes the twin of an excluded record", twinRemovedByOperator},
	{"an exclusion that is refused or repeated changes nothing", exclusionRefused},
}

func (f *fixture) exclude(id domain.TransactionID) domain.Transaction {
	f.Helper()
	t, err := f.Ledger.Exclude(
		f.ctx,
		f.tenant,
		id,
		"alice",
		ports.Decision{Actor: "alice", Reason: "shown twice", At: f.now()},
	)
	f.noError(err)
	return t
}

func (f *fixture) include(id domain.TransactionID) domain.Transaction {
	f.Helper()
	t, err := f.Ledger.Include(f.ctx, f.tenant, id, ports.Decision{Actor: "bob", At: f.now()})
	f.noError(err)
	return t
}

// counted contains what the store computes from the records of an account.
type counted struct {
	Sums, Indexed []string
	Posted, Live  []string // external ids
}

func (f *fixture) counted(id domain.AccountID) (c counted) {
	f.Helper()
	c.Sums = f.sums(domain.SumFilter{Account: id})
	c.Indexed = f.sums(domain.SumFilter{})
	f.indexTexts()
	f.equal("sums after the index was updated", c.Indexed, f.sums(domain.SumFilter{}))
	f.snapshot(id, func(view ports.AccountView) {
		for t, err := range view.Posted(f.ctx, domain.Window{}) {
			f.noError(err)
			c.Posted = append(c.Posted, t.ExternalID)
		}
		for t, err := range view.Live(f.ctx, domain.Window{}) {
			f.noError(err)
			c.Live = append(c.Live, t.ExternalID)
		}
	})
	slices.Sort(c.Posted)
	slices.Sort(c.Live)
	return c
}

func excludedCountsNowhere(f *fixture) {
	c, l, id := f.accountWithRows(
		row("x", withAccount("a"), withAmount("-10", "BRL")), row("y", withAccount("a"), withAmount("-10", "BRL")))
	f.finishSettled(l, f.now(), balances("90"))
	f.equal("anchor", "110", f.anchor(f.completeness(id)))
	both := f.counted(id)
	f.equal("both", []string{"x", "y"}, both.Posted)

	y := f.getRow(c, "y")
	at := f.now()
	excluded := f.exclude(y.ID)
	f.equal("version", y.Version+1, excluded.Version)
	f.equal("excluded by", "alice", excluded.ExcludedBy)
	f.equal("not excluded before", false, excluded.ExcludedAt.Before(at))
	f.equal("visible", excluded, f.getRow(c, "y"))
	f.equal("changed", []string{"excludedAt"}, f.lastChanged())
	history, err := f.Ledger.History(f.ctx, f.tenant, y.ID, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("reason", "shown twice", history.Items[0].Transaction.Reason)
	f.equal("not excluded in the version before", true, history.Items[0].Previous.ExcludedAt.IsZero())

	one := f.counted(id)
	f.equal("one", counted{
		Sums: []string{"2026-02-10 BRL +0 -10 1"}, Indexed: []string{"2026-02-10 BRL +0 -10 1"},
		Posted: []string{"x"}, Live: []string{"x"},
	}, one)
	f.equal("changed since the reading", domain.Date("2026-02-10"), f.changed(id))
	l = f.startPull(c)
	f.finishSettled(l, f.now(), balances("90"))
	f.equal("anchor without the excluded record", "100", f.anchor(f.completeness(id)))
	closed := f.close(id, closeDay)
	f.equal("count and sum of a close", "1 -10", closedText(closed))
	f.reproduces("excluded", c, closed)
	f.equal("records of the close", []string{"x"}, f.closedRecords(id))

	included := f.include(y.ID)
	f.equal("included", []any{true, "", excluded.Version + 1},
		[]any{included.ExcludedAt.IsZero(), included.ExcludedBy, included.Version})
	f.equal("both count again", both, f.counted(id))
	f.reproduces("included", c, closed)
	f.equal("records of the close after the inclusion", []string{"x"}, f.closedRecords(id))
	f.equal("adjustment", []domain.ChangeKind{domain.Included}, f.adjustedBy(id))
}

func exclusionAdjusts(f *fixture) {
	c, l, id := f.accountWithRows(
		row("x", withAccount("a"), withAmount("-10", "BRL")), row("y", withAccount("a"), withAmount("-10", "BRL")))
	closed := f.close(id, closeDay)
	f.equal("count and sum", "2 -20", closedText(closed))
	y := f.getRow(c, "y")
	f.exclude(y.ID)
	f.equal("adjustment", []domain.ChangeKind{domain.Excluded}, f.adjustedBy(id))
	f.reproduces("excluded", c, closed)
	f.equal("records of the close", []string{"x", "y"}, f.closedRecords(id))
	f.include(y.ID)
	f.equal("adjustments", []domain.ChangeKind{domain.Included, domain.Excluded}, f.adjustedBy(id))
	f.reproduces("included", c, closed)
	f.storeRows(l, row("y", withAccount("a"), withAmount("-11", "BRL")))
	f.equal(
		"causes",
		[]string{"vendor  2026-02-28", "operator bob 2026-02-28", "operator alice 2026-02-28", "vendor  "},
		f.causes(c, "y"),
	)
	f.reopen(id, closeDay)
	f.equal("causes without a close", []string{"vendor  ", "operator bob ", "operator alice ", "vendor  "},
		f.causes(c, "y"))
}

func exclusionSurvives(f *fixture) {
	c, l, _ := f.accountWithRows(row("x", withAccount("a")), row("y", withAccount("a")))
	y := f.getRow(c, "y")
	excluded := f.exclude(y.ID)
	f.storeRows(l, row("y", withAccount("a"), withAmount("-11", "BRL")))
	changed := f.getRow(c, "y")
	f.equal("the row has changed", []any{excluded.ID, excluded.Version + 1}, []any{changed.ID, changed.Version})
	f.equal("still excluded", []any{excluded.ExcludedAt, "alice"}, []any{changed.ExcludedAt, changed.ExcludedBy})
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"y"}})
	f.storeRows(l, row("y", withAccount("a")))
	f.equal("still excluded after a removal", excluded.ExcludedAt, f.getRow(c, "y").ExcludedAt)
}

func exclusionSurvivesSplit(f *fixture) {
	c, l, id := f.accountWithRows(
		row("x", withAccount("a"), withAmount("-10", "BRL")), row("y", withAccount("a"), withAmount("-12", "BRL")))
	x, y := f.getRow(c, "x"), f.getRow(c, "y")
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"x"}})
	at := ports.Decision{At: f.now()}
	_, err := f.Ledger.Join(f.ctx, f.tenant, ports.RecordPair{Old: x.ID, New: y.ID}, at)
	f.noError(err)
	f.exclude(x.ID)
	before := f.counted(id)
	_, err = f.Ledger.Split(f.ctx, f.tenant, x.ID, newID[domain.Transaction](), at)
	f.noError(err)
	f.equal("what counts", before, f.counted(id))
	split := f.getRow(c, "y")
	f.equal("the live record", []any{y.ID, true, false, "alice"},
		[]any{split.ID, split.RemovedAt.IsZero(), split.ExcludedAt.IsZero(), split.ExcludedBy})
	f.storeRows(l, row("y", withAccount("a"), withAmount("-13", "BRL")))
	read := f.getRow(c, "y")
	f.equal("after a read", []any{split.Version + 1, split.ExcludedAt}, []any{read.Version, read.ExcludedAt})
	f.equal("included", true, f.include(y.ID).ExcludedAt.IsZero())
}

func exclusionRefused(f *fixture) {
	c, l, _ := f.accountWithRows(row("x", withAccount("a")), row("y", withAccount("a")))
	x, y := f.getRow(c, "x"), f.getRow(c, "y")
	excluded := f.exclude(x.ID)
	f.equal("excluded twice", excluded, f.exclude(x.ID))
	included := f.include(x.ID)
	f.equal("included twice", included, f.include(x.ID))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"y"}})
	removed := f.getRow(c, "y")
	for _, id := range []domain.TransactionID{y.ID, newID[domain.Transaction]()} {
		want := error(domain.NotExcludable)
		if id != y.ID {
			want = domain.NotFound
		}
		_, err := f.Ledger.Exclude(f.ctx, f.tenant, id, "alice", ports.Decision{At: f.now()})
		f.errorIs(err, want)
	}
	_, err := f.Ledger.Exclude(f.ctx, newTenant(), x.ID, "alice", ports.Decision{At: f.now()})
	f.errorIs(err, domain.NotFound)
	_, err = f.Ledger.Include(f.ctx, newTenant(), x.ID, ports.Decision{At: f.now()})
	f.errorIs(err, domain.NotFound)
	f.equal("the removed record", removed, f.getRow(c, "y"))
}

// payments returns rows of the account "a" with the given ids, which differ only in their ids.
func payments(externalIDs ...string) []domain.TransactionData {
	var rows []domain.TransactionData
	for _, id := range externalIDs {
		rows = append(rows, row(id, withAccount("a"), withAmount("-10", "BRL"), withDescription("LOJA CENTRAL")))
	}
	return rows
}

func excludedCloses(f *fixture) {
	c, l, id := f.accountWithRows(payments("1", "2")...)
	first := f.close(id, closeDay)
	f.exclude(f.getRow(c, "2").ID)
	f.equal("adjustments", []string{"excluded 02-10 -10 posted>"}, f.briefAdjustments(id, closeDay))
	f.reproduces("excluded", c, first)
	f.reopen(id, closeDay)
	second := f.close(id, closeDay)
	f.equal("of the second close", []any{1, "-10"}, []any{second.Count, second.Sum.Decimal.String()})
	f.reproduces("closed again", c, second)
	f.include(f.getRow(c, "2").ID)
	f.equal("adjustments", []string{"included >02-10 -10 posted"}, f.briefAdjustments(id, closeDay))
	f.reproduces("included", c, second)
	f.exclude(f.getRow(c, "2").ID)
	f.storeRows(l, row("2", withAccount("a"), withAmount("-99", "BRL")))
	f.equal("an edit of an excluded record", []string{
		"excluded 02-10 -10 posted>", "included >02-10 -10 posted",
	}, f.briefAdjustments(id, closeDay))
	f.reproduces("edited", c, second)
}

func excludedClosedView(f *fixture) {
	c, l, id := f.accountWithRows(payments("1", "2")...)
	f.finishSettled(l, f.now(), balances("90"))
	f.exclude(f.getRow(c, "2").ID)
	f.close(id, closeDay)
	f.include(f.getRow(c, "2").ID)
	f.exclude(f.getRow(c, "1").ID)
	printed := func(date domain.Date) (posted, closed []string) {
		f.noError(f.Ledger.ReadClose(f.ctx, f.tenant, id, date, func(view ports.ClosedView) error {
			for record, err := range view.Posted(f.ctx, domain.Window{}) {
				f.noError(err)
				posted = append(posted, record.ExternalID)
			}
			for record, err := range view.Records(f.ctx) {
				f.noError(err)
				closed = append(closed, record.ID.String())
			}
			return nil
		}))
		return posted, closed
	}
	posted, closed := printed(closeDay)
	f.equal("posted", []string{"1"}, posted)
	f.equal("records", []string{f.getRow(c, "1").ID.String()}, closed)
	asOf, err := f.Ledger.Transaction(f.ctx, f.tenant, f.getRow(c, "2").ID, f.listCloses(id)[0].ClosedAt)
	f.noError(err)
	f.equal("as of the close", true, !asOf.ExcludedAt.IsZero())
}

func excludedIsFollowed(f *fixture) {
	r := newReplacements(f)
	f.exclude(f.getRow(r.c, "x").ID)
	state := func(externalID string) string {
		t := f.getRow(r.c, externalID)
		return fmt.Sprint(t.Version, " ", !t.RemovedAt.IsZero(), " ", t.ExcludedBy)
	}
	r.next()
	r.page(news(), purchase("x", withDescription("ANOTHER TEXT")))
	f.equal("an edit", "3 false alice", state("x"))
	r.next()
	r.remove("x")
	f.equal("a removal", "4 true alice", state("x"))
	r.next()
	r.page(news(), purchase("x"))
	f.equal("the row returns", "5 false alice", state("x"))
	r.next()
	r.remove("x")
	r.next()
	r.page(news(), purchase("y"))
	f.equal("a replacement", "7 false alice", state("y"))
	f.equal("the same record", r.older, f.getRow(r.c, "y").ID)
}

// twins is a connection with the rows 1 and 2 of one movement. The record of row 2 is excluded.
type twins struct {
	*replacements
	account       domain.AccountID
	counted, twin domain.TransactionID
}

func newTwins(f *fixture) *twins {
	t := &twins{replacements: &replacements{fixture: f}}
	t.c, t.l, t.account = f.accountWithRows(payments("1", "2")...)
	t.counted, t.twin = f.getRow(t.c, "1").ID, f.getRow(t.c, "2").ID
	f.exclude(t.twin)
	t.next()
	return t
}

// counts fails the test unless the record that counts has this row, and nothing else counts. The row is "" if nothing
// counts.
func (t *twins) counts(what, externalID string) {
	t.Helper()
	want := counted{}
	if externalID != "" {
		want.Sums, want.Posted = []string{"2026-02-10 BRL +0 -10 1"}, []string{externalID}
		want.Indexed, want.Live = want.Sums, want.Posted
		record := t.record(t.counted)
		t.equal(what+": record", []any{externalID, true}, []any{record.ExternalID, record.ExcludedAt.IsZero()})
	}
	t.equal(what, want, t.present())
}

func (t *twins) present() counted { return t.fixture.counted(t.account) }

func (t *twins) record(id domain.TransactionID) domain.Transaction {
	t.Helper()
	record, err := t.Ledger.Transaction(t.ctx, t.tenant, id, time.Time{})
	t.noError(err)
	return record
}

// twinIs fails the test unless the excluded record is live, removed or superseded.
func (t *twins) twinIs(what string) {
	t.Helper()
	record := t.record(t.twin)
	got := "live"
	switch {
	case !record.SupersededBy.IsZero():
		got = "superseded"
		t.equal("superseded by", t.counted, record.SupersededBy)
	case !record.RemovedAt.IsZero():
		got = "removed"
	}
	t.equal("excluded twin", []any{what, "alice"}, []any{got, record.ExcludedBy})
}

// twinContinues needs no matching, but must agree with it.
func twinContinues(matching *ports.Matching) func(*fixture) {
	return func(f *fixture) {
		t := newTwins(f)
		page := func(removed []string, rows ...string) {
			t.mustStorePage(t.l, ports.PageWrite{
				Transactions: payments(rows...), Removed: removed, Matching: matching, Progress: news(),
				NewID: newID[domain.Transaction],
			})
			t.next()
		}
		t.counts("at first", "1")
		page([]string{"2"})
		t.counts("the excluded row leaves", "1")
		t.twinIs("removed")
		page(nil, "2")
		t.twinIs("live")
		page([]string{"1"})
		t.counts("the vendor removes the counted row", "2")
		t.twinIs("superseded")
		page(nil, "2")
		t.counts("the other row is read again", "2")
		page(nil, "1", "2")
		t.counts("the counted row comes back", "1")
		t.twinIs("live")
		page([]string{"1"}, "1", "2")
		t.counts("the counted row is removed, although the page still has it", "2")
		page([]string{"2"}, "1")
		t.counts("one is exchanged for the other", "1")
		page(nil, "2")
		t.counts("both are there", "1")
		t.twinIs("live")
		page([]string{"1", "2"})
		t.counts("both are gone", "")
		t.twinIs("removed")
		page(nil, "2")
		t.counts("only the excluded row comes back", "2")
		t.twinIs("superseded")
		page(nil, "1")
		t.counts("the counted row comes back later", "1")
		t.twinIs("live")
		page([]string{"1"}, "2")
		page([]string{"2"})
		t.counts("both are gone, one after the other", "")
		page(nil, "2")
		t.counts("the last row comes back", "2")
		f.equal("records", 2, len(t.allRows(t.c)))
	}
}

func twinOfClosedPeriod(f *fixture) {
	t := newTwins(f)
	closed := f.close(t.account, closeDay)
	t.equal("removed", 1, t.sweepPage(domain.OneRead, []string{"2"}).Removed)
	t.counts("a complete listing lacks the counted row", "2")
	t.twinIs("superseded")
	f.equal("adjustments", []string(nil), f.briefAdjustments(t.account, closeDay))
	f.reproduces("the counted row is gone", t.c, closed)
	t.next()
	t.sweepPage(domain.OneRead, nil, payments("1", "2")...)
	t.counts("the counted row comes back", "1")
	t.twinIs("live")
	f.equal("adjustments", []string(nil), f.briefAdjustments(t.account, closeDay))
	f.reproduces("the counted row came back", t.c, closed)
}

func twinRemovedByOperator(f *fixture) {
	t := newTwins(f)
	t.mustStorePage(t.l, ports.PageWrite{Removed: []string{"1"}, Waits: true, Matching: descriptions})
	t.counts("the removal is held back", "1")
	t.mustStorePage(t.l, ports.PageWrite{Removed: []string{"1"}, Confirmed: true, Matching: descriptions})
	t.counts("an operator confirms the removal", "2")
	t.twinIs("superseded")
	_, err := f.Ledger.Split(f.ctx, f.tenant, t.counted, newID[domain.Transaction](), ports.Decision{At: f.now()})
	f.noError(err)
	t.counts("an operator splits the rows", "")
	t.twinIs("live")
	t.next()
	t.page(news(), payments("2")...)
	t.counts("the decision stays", "")
}

// lastChanged returns the member Changed of the last item of the feed.
func (f *fixture) lastChanged() []string {
	f.Helper()
	feed := f.readFeed(domain.Position{}, 100, 1)
	return feed[len(feed)-1].Changed
}

// closedText returns the count and the sum of a close.
func closedText(c books.Close) string { return strconv.Itoa(c.Count) + " " + c.Sum.Decimal.String() }

// closedRecords returns the external ids of the posted records of the close on closeDay.
func (f *fixture) closedRecords(id domain.AccountID) (ids []string) {
	f.Helper()
	records := 0
	f.noError(f.Ledger.ReadClose(f.ctx, f.tenant, id, closeDay, func(view ports.ClosedView) error {
		for t, err := range view.Posted(f.ctx, domain.Window{}) {
			f.noError(err)
			ids = append(ids, t.ExternalID)
		}
		for _, err := range view.Records(f.ctx) {
			f.noError(err)
			records++
		}
		return nil
	}))
	f.equal("number of records", len(ids), records)
	slices.Sort(ids)
	return ids
}

// adjustedBy returns the kinds of the adjustments of the close on closeDay, newest first.
func (f *fixture) adjustedBy(id domain.AccountID) (kinds []domain.ChangeKind) {
	f.Helper()
	for _, a := range f.adjustments(id, closeDay) {
		kinds = append(kinds, a.Change)
	}
	return kinds
}
