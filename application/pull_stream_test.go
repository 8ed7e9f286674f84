package application_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// streamVendor is a fake aggregator with a stream of changes. The map pages contains the pages of the stream. The key
// of a page is its position: a step starts with the page at its position Since, and Next of a page is the key of the
// following page.
type streamVendor struct {
	*vendor
	pages map[string]ports.VendorPage
	read  []string         // the names of all pages that were read
	fail  map[string]error // errors that Read returns once
}

func (v *streamVendor) PlanFrom(
	position string, scope domain.PullScope, _ []domain.AccountData, _ domain.Date,
) []domain.Step {
	v.scopes = append(v.scopes, scope)
	return []domain.Step{{Since: position}}
}

// newStreamEnv returns an env, its vendor, which has a stream, and a connection. The first pull of the connection has
// read the row "r1" and the position "p1".
func newStreamEnv(t *testing.T, options ...func(*application.Deps)) (*env, *streamVendor, domain.Connection) {
	t.Helper()
	s := &streamVendor{pages: map[string]ports.VendorPage{}, fail: map[string]error{}}
	e := newEnv(t, append([]func(*application.Deps){func(d *application.Deps) {
		s.vendor = d.Aggregators[0].(*vendor)
		d.Aggregators = []ports.Aggregator{s, d.Aggregators[1]}
	}}, options...)...)
	e.vendor.onRead = func(step domain.Step, cursor string) (*ports.VendorPage, error) {
		name := step.Since
		if cursor != "" {
			name = cursor
		}
		s.read = append(s.read, name)
		if err := s.fail[name]; err != nil {
			delete(s.fail, name)
			return nil, err
		}
		page, ok := s.pages[name]
		if !ok {
			t.Fatalf("page %q was read", name)
		}
		return &page, nil
	}
	s.set("", ports.VendorPage{StreamPosition: "p1"}, "r1")
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	s.read = nil
	return e, s, c
}

// set sets a page of the stream. The page contains rows with these external ids.
func (v *streamVendor) set(name string, page ports.VendorPage, externalIDs ...string) {
	var rows []domain.TransactionData
	for _, id := range externalIDs {
		rows = append(rows, row(id, "changed on "+name))
	}
	page.Transactions = domain.RawTransactionsOf(rows...)
	v.pages[name] = page
}

// pullNews receives a webhook that reports new data, and runs its pull.
func (e *env) pullNews(c domain.Connection) domain.PullID {
	e.Helper()
	id := e.receive(e.mintToken(c), eventBody(fmt.Sprint(len(e.nudged)), domain.PullScope{News: true})).Delivery.Pull
	e.runPull(id)
	return id
}

func (e *env) wantRows(c domain.Connection, rows ...string) {
	e.Helper()
	if diff := cmp.Diff(rows, e.storedRows(c)); diff != "" {
		e.Error(diff)
	}
}

func (e *env) wantPosition(c domain.Connection, position string) {
	e.Helper()
	stored, err := e.GetConnection(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if stored.StreamPosition != position {
		e.Errorf("the position is %q, want %q", stored.StreamPosition, position)
	}
}

func TestAPullContinuesTheStreamOfThePreviousPull(t *testing.T) {
	e, s, c := newStreamEnv(t)
	e.wantPosition(c, "p1")
	s.set("p1", ports.VendorPage{Next: "p1b"}, "r2", "r3")
	s.set("p1b", ports.VendorPage{Removed: []string{"r1"}, StreamPosition: "p2"}, "r4")
	id := e.pullNews(c)
	e.wantRows(c, "r1 v2 removed", "r2 v1", "r3 v1", "r4 v1")
	e.wantPosition(c, "p2")
	want := domain.Counts{Accounts: 1, Read: 3, Added: 3, Removed: 1}
	if diff := cmp.Diff(want, e.wantPull(id, domain.PullSucceeded, "").Counts); diff != "" {
		t.Error(diff)
	}
	s.set("p2", ports.VendorPage{StreamPosition: "p3"})
	e.pullNews(c)
	e.wantPosition(c, "p3")
	if diff := cmp.Diff([]string{"p1", "p1b", "p2"}, s.read); diff != "" {
		t.Error(diff)
	}
	s.set("p3", ports.VendorPage{StreamPosition: "p4"})
	s.set("", ports.VendorPage{StreamPosition: "p5"}, "r2", "r3", "r4")
	e.runPull(e.requestFullPull(c))
	e.wantPosition(c, "p4")
	if last := s.read[len(s.read)-1]; last != "" {
		t.Errorf("a complete pull has read %q", last)
	}
}

func TestWithoutAPositionNewsRequestsEverything(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1")
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	e.vendor.setRows("r2")
	e.pullNews(c)
	e.wantRows(c, "r1 v2 removed", "r2 v1")
	if !slices.ContainsFunc(e.vendor.scopes, func(s domain.PullScope) bool { return s.Everything && !s.News }) {
		t.Errorf("planned scopes: %+v", e.vendor.scopes)
	}
}

// If several pages of the stream contain or remove a row, the last of them counts.
func TestRowsAndRemovalsOfLaterPagesWin(t *testing.T) {
	e, s, c := newStreamEnv(t)
	s.set("p1", ports.VendorPage{Removed: []string{"r1", "unknown"}, Next: "2"}, "r2", "r3", "r5")
	s.set("2", ports.VendorPage{Removed: []string{"r2"}, Next: "3"}, "r1", "r4")
	s.set("3", ports.VendorPage{Removed: []string{"r3", "r5"}, StreamPosition: "p2", Next: ""}, "r5")
	e.pullNews(c)
	e.wantRows(c, "r1 v2", "r4 v1")
}

func TestAChangedStreamIsReadAgainFromItsPosition(t *testing.T) {
	e, s, c := newStreamEnv(t, func(d *application.Deps) { d.KeepReplacementsApart = false })
	s.set("p1", ports.VendorPage{Next: "2"}, "r2")
	s.set("2", ports.VendorPage{StreamPosition: "p2"}, "r3")
	s.fail["2"] = unavailable(domain.CursorGone)
	id := e.pullNews(c)
	if p := e.wantPull(id, domain.PullSucceeded, ""); p.Attempts != 1 || p.Counts.Added != 2 {
		t.Errorf("%d attempts, %+v", p.Attempts, p.Counts)
	}
	if diff := cmp.Diff([]string{"p1", "2", "p1", "2"}, s.read); diff != "" {
		t.Error(diff)
	}
	e.wantRows(c, "r1 v1", "r2 v1", "r3 v1")
	e.wantPosition(c, "p2")
}

// If the stream changes while the first pull reads it, or if an attempt fails, the pull begins with the first page
// again. The vendor does not announce the removals of rows that the pull has shown, since its stream began before them.
func TestAFirstPullThatBeginsAgainRemovesWhatTheStreamNoLongerHas(t *testing.T) {
	for _, failure := range []domain.Code{domain.CursorGone, domain.VendorUnreachable} {
		s := &streamVendor{pages: map[string]ports.VendorPage{}, fail: map[string]error{}}
		e := newEnv(t, func(d *application.Deps) {
			s.vendor = d.Aggregators[0].(*vendor)
			d.Aggregators = []ports.Aggregator{s, d.Aggregators[1]}
		})
		s.status.Transactions, s.status.Accounts = domain.TwoReads, domain.TwoReads
		failed := false
		s.set("", ports.VendorPage{Next: "2"}, "pending", "withdrawn", "r1")
		s.set("2", ports.VendorPage{StreamPosition: "p1"}, "r2", "posted")
		s.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
			page := s.pages[cursor]
			if cursor == "2" && !failed {
				failed = true
				s.set("", ports.VendorPage{Next: "2"}, "r1")
				return nil, unavailable(failure)
			}
			return &page, nil
		}
		c := e.createConnection("books")
		id := e.requestFullPull(c)
		e.clock.pass(e.runPull(id))
		e.runPull(id)
		e.wantPull(id, domain.PullSucceeded, "")
		e.wantRows(c, "pending v2 removed", "posted v1", "r1 v1", "r2 v1", "withdrawn v2 removed")
	}
}

// The position must not advance before everything up to it is stored, and no removal may be lost.
func TestAnInterruptedStreamIsReadAgainFromItsPosition(t *testing.T) {
	e, s, c := newStreamEnv(t)
	s.set("p1", ports.VendorPage{Removed: []string{"r1"}, Next: "2"}, "r2")
	s.set("2", ports.VendorPage{StreamPosition: "p2"}, "r3")
	s.fail["2"] = unavailable(domain.VendorUnreachable)
	id := e.receive(e.mintToken(c), eventBody("news", domain.PullScope{News: true})).Delivery.Pull
	e.runPull(id)
	e.wantPull(id, domain.PullQueued, domain.VendorUnreachable)
	e.wantPosition(c, "p1")
	e.wantRows(c, "r1 v1")
	e.clock.pass(domain.Backoff(1, 0, 0))
	e.runPull(id)
	e.wantRows(c, "r1 v2 removed", "r2 v1", "r3 v1")
	e.wantPosition(c, "p2")
}

func TestARefusedPositionReadsEverything(t *testing.T) {
	e, s, c := newStreamEnv(t)
	s.fail["p1"] = unavailable(domain.StreamGone)
	s.set("", ports.VendorPage{StreamPosition: "p9"}, "r2")
	id := e.pullNews(c)
	e.wantPull(id, domain.PullSucceeded, "")
	e.wantRows(c, "r1 v2 removed", "r2 v1")
	e.wantPosition(c, "p9")
}

func TestPagesOfRemovalsAreNotEndless(t *testing.T) {
	e, s, c := newStreamEnv(t)
	for i := range 6 {
		s.set(fmt.Sprint("p1", i), ports.VendorPage{Removed: []string{fmt.Sprint("x", i)}, Next: fmt.Sprint("p1", i+1)})
	}
	s.set("p1", ports.VendorPage{Next: "p10"}, "r2")
	s.set("p16", ports.VendorPage{Removed: []string{"r1"}, StreamPosition: "p2"})
	e.wantPull(e.pullNews(c), domain.PullSucceeded, "")
	e.wantRows(c, "r1 v2 removed", "r2 v1")
	for i := range 6 {
		s.set(fmt.Sprint("p2", i), ports.VendorPage{Removed: []string{"x"}, Next: fmt.Sprint("p2", i+1)})
	}
	s.set("p2", ports.VendorPage{Next: "p20"})
	e.wantPull(e.pullNews(c), domain.PullQueued, domain.EndlessCursor)
}

func TestManyRemovalsOfAStreamAreStored(t *testing.T) {
	e, s, c := newStreamEnv(t)
	var ids []string
	for i := range 10_500 {
		ids = append(ids, fmt.Sprint("x", i))
	}
	s.set("p1", ports.VendorPage{Removed: append(ids, "r1"), StreamPosition: "p2"}, "r2")
	e.wantPull(e.pullNews(c), domain.PullSucceeded, "")
	e.wantRows(c, "r1 v2 removed", "r2 v1")
}

// A row that replaces a removed row becomes the next version of its transaction in one change. The two rows may be on
// any pages of the stream.
func TestAReplacementInTheStreamIsOneChange(t *testing.T) {
	e, s, c := newStreamEnv(t, func(d *application.Deps) { d.KeepReplacementsApart = false })
	posted := row("r9", "changed on ")
	s.pages["p1"] = ports.VendorPage{Transactions: domain.RawTransactionsOf(posted), Next: "2"}
	s.set("2", ports.VendorPage{Removed: []string{"r1"}, StreamPosition: "p2"})
	id := e.pullNews(c)
	want := domain.Counts{Accounts: 1, Read: 1, Modified: 1, IDChanges: 1}
	if diff := cmp.Diff(want, e.wantPull(id, domain.PullSucceeded, "").Counts); diff != "" {
		t.Error(diff)
	}
	e.wantRows(c, "r9 v2")
}

// Until the vendor has read the whole history, a complete listing does not prove that a row was removed.
func TestAnIncompleteHistoryProvesNothing(t *testing.T) {
	e, s, c := newStreamEnv(t)
	s.set("p1", ports.VendorPage{StreamPosition: "p1"})
	s.set("", ports.VendorPage{StreamPosition: "p2", Incomplete: true}, "r2")
	e.runPull(e.requestFullPull(c))
	e.wantRows(c, "r1 v1", "r2 v1")
	s.set("", ports.VendorPage{StreamPosition: "p3"}, "r2")
	e.runPull(e.requestFullPull(c))
	e.wantRows(c, "r1 v2 removed", "r2 v1")
}

func TestARepointedConnectionForgetsItsPosition(t *testing.T) {
	e, s, c := newStreamEnv(t)
	_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: c.Name, BaseURL: c.BaseURL, AccountRef: "item-2",
	})
	e.noError(err)
	e.wantPosition(c, "")
	s.set("", ports.VendorPage{StreamPosition: "q1"}, "r1")
	id := e.receive(e.mintToken(c), eventBody("news", domain.PullScope{News: true})).Delivery.Pull
	e.runPull(id)
	if diff := cmp.Diff([]string{""}, s.read); diff != "" {
		t.Error(diff)
	}
}

// If a complete listing contains a row and later its removal, the removal must be stored.
func TestARemovalInACompleteListingIsStored(t *testing.T) {
	e, s, c := newStreamEnv(t)
	s.set("p1", ports.VendorPage{StreamPosition: "p1"})
	s.set("", ports.VendorPage{Next: "2", Incomplete: true}, "r1", "r2", "r3")
	s.set("2", ports.VendorPage{Removed: []string{"r2", "r4"}, StreamPosition: "p2", Incomplete: true}, "r4", "r5")
	e.runPull(e.requestFullPull(c))
	e.wantRows(c, "r1 v1", "r2 v2 removed", "r3 v1", "r5 v1")
}

// newMovedEnv returns an env, its vendor, and a connection whose account reference has changed. The vendor lists the
// same account for the new reference, so the rows are staged. The name of the first page is "".
func newMovedEnv(t *testing.T) (*env, *streamVendor, domain.Connection) {
	t.Helper()
	e, s, c := newStreamEnv(t, func(d *application.Deps) { d.KeepReplacementsApart = false })
	e.clock.pass(time.Minute)
	_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: c.Name, BaseURL: c.BaseURL, AccountRef: "item-2",
	})
	e.noError(err)
	return e, s, c
}

// Rows of a new account reference must become visible together. While some rows are staged, a pull must therefore
// read all rows, and not only the changes since a position.
func TestStagedRowsAreReadWithoutAPosition(t *testing.T) {
	e, s, c := newMovedEnv(t)
	e.vendor.status = domain.LinkStatus{} // proves nothing, so the rows stay staged
	s.set("", ports.VendorPage{StreamPosition: "q1"}, "n1", "n2")
	e.runPull(e.requestFullPull(c))
	e.wantRows(c, "r1 v1")
	e.wantPosition(c, "")
	e.vendor.status = settledStatus
	e.pullNews(c)
	e.wantPosition(c, "q1")
	if diff := cmp.Diff([]string{"", ""}, s.read); diff != "" {
		t.Error(diff)
	}
}

func TestStagedRowsOfAnIncompleteHistoryStayStaged(t *testing.T) {
	e, s, c := newMovedEnv(t)
	s.set("", ports.VendorPage{StreamPosition: "q1", Incomplete: true}, "n1", "n2")
	e.runPull(e.requestFullPull(c))
	e.wantRows(c, "r1 v1")
	s.set("", ports.VendorPage{StreamPosition: "q2"}, "n1", "n2", "n3")
	e.runPull(e.requestFullPull(c))
	e.wantRows(c, "n1 v2", "n2 v1", "n3 v1") // r1 has become n1
	e.wantPosition(c, "q2")
}

// A complete listing does not contain the removals of the stream. A pull that reads everything must therefore read
// the changes first, and store the position that they end with.
func TestACompletePullReadsTheChangesFirst(t *testing.T) {
	e, s, c := newStreamEnv(t, func(d *application.Deps) { d.KeepReplacementsApart = false })
	e.vendor.status.Transactions = domain.TwoReads
	posted := row("r9", "changed on ")
	s.pages["p1"] = ports.VendorPage{
		Transactions: domain.RawTransactionsOf(posted), Removed: []string{"r1"}, StreamPosition: "p2",
	}
	s.pages[""] = ports.VendorPage{Transactions: domain.RawTransactionsOf(posted), StreamPosition: "p3"}
	id := e.requestFullPull(c)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	e.wantRows(c, "r9 v2")
	e.wantPosition(c, "p2")
	if diff := cmp.Diff([]string{"p1", ""}, s.read); diff != "" {
		t.Error(diff)
	}
	s.read = nil
	s.fail["p2"] = unavailable(domain.StreamGone)
	id = e.requestFullPull(c)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	e.wantPosition(c, "p3")
	if diff := cmp.Diff([]string{"p2", ""}, s.read); diff != "" {
		t.Error(diff)
	}
}

// If the stream removes unusually many rows at once, the removals are held back. The listing in the same pull must
// then decide whether the rows are removed. No further pull may be requested.
func TestACompletePullDecidesAboutHeldRemovals(t *testing.T) {
	e, s, c := newStreamEnv(t)
	var rows []string
	for i := range 30 {
		rows = append(rows, fmt.Sprintf("x%02d", i))
	}
	s.set("p1", ports.VendorPage{StreamPosition: "p2"}, rows...)
	e.pullNews(c)
	s.set("p2", ports.VendorPage{Removed: rows, StreamPosition: "p3"})
	s.set("", ports.VendorPage{StreamPosition: "p4"}, append(rows, "r1")...)
	pulls := len(e.nudged)
	id := e.requestFullPull(c)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if len(e.nudged) != pulls+1 {
		t.Errorf("%d pulls were requested", len(e.nudged)-pulls)
	}
	got := e.storedRows(c)
	if len(got) != 31 || slices.ContainsFunc(got, func(row string) bool { return strings.Contains(row, "removed") }) {
		t.Errorf("%v", got)
	}
}

// Only attempts that fail while they read the changes count: a vendor that was unreachable before does not make the
// pull read everything.
func TestOnlyFailuresOfTheStreamMakeAPullReadEverything(t *testing.T) {
	e, s, c := newStreamEnv(t)
	s.set("p1", ports.VendorPage{StreamPosition: "p2"}, "r2")
	s.set("", ports.VendorPage{StreamPosition: "p3"}, "r1", "r2")
	id := e.receive(e.mintToken(c), eventBody("news", domain.PullScope{News: true})).Delivery.Pull
	e.vendor.onAccounts = func() error { return unavailable(domain.VendorUnreachable) }
	for range 4 {
		e.clock.pass(e.runPull(id))
	}
	e.vendor.onAccounts = nil
	for range 3 {
		s.fail["p1"] = unavailable(domain.VendorUnreachable)
		e.clock.pass(e.runPull(id))
	}
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"p1", "p1", "p1", ""}, s.read); diff != "" {
		t.Errorf("the pages that were read: %s", diff)
	}
}
