package application_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// statingVendor is a vendor that reports a balance for each account.
type statingVendor struct {
	*vendor
	balance string
}

func (v *statingVendor) Balance(domain.AccountData) books.VendorBalance {
	return books.VendorBalance{Amount: decimal.RequireFromString(v.balance), Currency: "BRL"}
}

// newStatingEnv returns an env whose vendor reports balances, and a connection that has not been pulled yet.
func newStatingEnv(t *testing.T) (*env, *statingVendor, domain.Connection) {
	t.Helper()
	stating := &statingVendor{balance: "1000"}
	e := newEnv(t, func(d *application.Deps) {
		stating.vendor = d.Aggregators[0].(*vendor)
		d.Aggregators[0] = stating
	})
	e.vendor.setRows("r1", "r2", "r3")
	return e, stating, e.createConnection("books")
}

// lastBalance returns the balance of the account's latest reading; "" if there is none.
func (e *env) lastBalance(c domain.Connection) string {
	e.Helper()
	last := e.bookOf(c).Last
	if last == nil {
		return ""
	}
	return last.Balance.String()
}

// bookOf returns the completeness of the connection's account.
func (e *env) bookOf(c domain.Connection) books.Completeness {
	e.Helper()
	accounts, err := e.ListAccounts(e.ctx, e.tenant, c.ID, domain.PageRequest{Limit: 200})
	e.noError(err)
	found, err := e.deps.Ledger.Completeness(e.ctx, e.tenant, accounts.Items[0].ID)
	e.noError(err)
	return found
}

// TestABalanceThatWasNotReadAtTheBankIsNoReading checks that rows which the vendor has just read at the bank are not
// compared with a balance that it has read earlier.
func TestABalanceThatWasNotReadAtTheBankIsNoReading(t *testing.T) {
	e, stating, connection := newStatingEnv(t)
	e.runPull(e.requestFullPull(connection))
	e.clock.pass(time.Hour)
	stating.balance, e.vendor.status.OldBalances = "2000", true
	e.runPull(e.requestFullPull(connection))
	if got := e.lastBalance(connection); got != "1000" {
		t.Errorf("the reading has the balance %q, want that of the earlier reading", got)
	}
	e.clock.pass(time.Hour)
	e.vendor.status.OldBalances = false
	e.runPull(e.requestFullPull(connection))
	if got := e.lastBalance(connection); got != "2000" {
		t.Errorf("the reading has the balance %q after the vendor has read it", got)
	}
}

func TestABalanceIsComparedWithRowsOfTheSameAttempt(t *testing.T) {
	failed := false
	once := func(failure error, at string) func(domain.Step, string) (*ports.VendorPage, error) {
		failed = false
		return func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
			if failed || cursor != at {
				return nil, nil
			}
			failed = true
			return nil, failure
		}
	}
	for name, c := range map[string]struct {
		failure error
		cursor  string
		want    string
	}{
		"one attempt":                       {nil, "none", "1000"},
		"resumed at the second page":        {unavailable(domain.VendorUnreachable), "2", ""},
		"resumed before the first page":     {unavailable(domain.VendorUnreachable), "", "1000"},
		"a list that is read again at once": {unavailable(domain.CursorGone), "2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e, _, connection := newStatingEnv(t)
			e.vendor.onRead = once(c.failure, c.cursor)
			id := e.requestFullPull(connection)
			for again := e.runPull(id); again > 0; again = e.runPull(id) {
				e.clock.pass(again)
			}
			e.wantPull(id, domain.PullSucceeded, "")
			if got := e.lastBalance(connection); got != c.want {
				t.Errorf("the reading has the balance %q, want %q", got, c.want)
			}
			e.clock.pass(time.Minute)
			e.runPull(e.requestFullPull(connection))
			if got := e.lastBalance(connection); got != "1000" {
				t.Errorf("after the next pull, the reading has the balance %q", got)
			}
		})
	}
}

// A pull that continues after a failure reads all rows, but makes no reading. The coverage of the day, a close and a
// statement must agree that the rows reach the day, and that no balance does.
func TestAResumedPullCoversADayThatNoBalanceVerifies(t *testing.T) {
	stating := &statingVendor{balance: "1000"}
	e := newEnv(t, func(d *application.Deps) {
		stating.vendor = d.Aggregators[0].(*vendor)
		d.Aggregators[0], d.CoverAfter = stating, 12*time.Hour
	})
	e.vendor.setRows("r1", "r2", "r3")
	connection := e.connectionReadAt("books", "1", epoch.Add(-90*time.Hour))
	accounts, err := e.ListAccounts(e.ctx, e.tenant, connection.ID, domain.PageRequest{Limit: 1})
	e.noError(err)
	account := accounts.Items[0].ID
	readAt := epoch.AddDate(0, 0, 3) // a Thursday, 9 o'clock
	e.clock.pass(readAt.Sub(epoch))
	const covered, later = domain.Date("2026-03-03"), domain.Date("2026-03-04")
	read := domain.ProductReading{At: readAt}
	e.vendor.status.Bank = &domain.BankReading{Bank: read, Cards: read}
	failed := false
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if failed || cursor != "2" {
			return nil, nil
		}
		failed = true
		return nil, unavailable(domain.VendorUnreachable)
	}
	pull := func() {
		id := e.requestFullPull(connection)
		for again := e.runPull(id); again > 0; again = e.runPull(id) {
			e.clock.pass(again)
		}
		e.wantPull(id, domain.PullSucceeded, "")
	}
	agree := func(name string, day domain.Date, state domain.DayState, completeness books.CompletenessState,
		doubt domain.Code,
	) {
		t.Helper()
		of, err := e.CoverageOfDay(e.ctx, e.tenant, day, domain.InstitutionKey{}, domain.PageRequest{Limit: 9})
		e.noError(err)
		closed, err := e.ClosePeriod(e.ctx, e.tenant, account, domain.Window{To: day})
		e.noError(err)
		e.noError(e.ReopenPeriod(e.ctx, e.tenant, account, day))
		st := books.Statement{}
		for _, window := range []domain.Window{{To: day}, {From: day, To: day}} {
			e.noError(e.WriteStatement(e.ctx, e.tenant, account, ports.StatementQuery{Balances: true, Window: window},
				func(written books.Statement, _ iter.Seq2[books.StatementRecord, error]) error {
					st = written
					return nil
				}))
			if st.Doubt != doubt {
				t.Errorf("%s: the doubt of the statement of %v is %q, want %q", name, window, st.Doubt, doubt)
			}
		}
		if of.Accounts[state] != 1 || closed.Completeness != completeness || !closed.BankReadAt.Equal(readAt) ||
			!st.BankReadAt.Equal(readAt) {
			t.Errorf("%s: the day is %v, the close %s (read at %v), the statement read at %v", name, of.Accounts,
				closed.Completeness, closed.BankReadAt, st.BankReadAt)
		}
	}
	pull()
	agree("resumed", covered, domain.DayCovered, books.Unverified, domain.AccountChanged)
	agree("resumed, a later day", later, domain.DayReadSince, books.NotCovered, domain.NotCovered)
	e.clock.pass(time.Minute)
	pull()
	agree("the next pull", covered, domain.DayCovered, books.Complete, "")
}

func TestBalancesAreReadAfterAnAnnouncedRemoval(t *testing.T) {
	for name, c := range map[string]struct {
		status func(*domain.LinkStatus)
		want   string
	}{
		"settled":      {func(*domain.LinkStatus) {}, "1010.5"},
		"synchronises": {func(s *domain.LinkStatus) { s.Transactions = domain.NoProof }, "1000"},
		"needs reauth": {func(s *domain.LinkStatus) { s.NeedsReauth = true }, "1000"},
	} {
		t.Run(name, func(t *testing.T) {
			e, stating, connection := newStatingEnv(t)
			e.runPull(e.requestFullPull(connection))
			reads := len(e.vendor.cursors)
			stating.balance = "1010.5"
			c.status(&e.vendor.status)
			e.receive(e.mintToken(connection), eventBody("e1", domain.PullScope{Removed: []string{"r1"}}))
			e.runPull(e.nudged[len(e.nudged)-1])
			found := e.bookOf(connection)
			if got := found.Last.Balance.String(); got != c.want || found.Changed.IsZero() != (c.want == "1010.5") {
				t.Errorf("the reading has the balance %s, and %+v have changed", got, found.Changed)
			}
			if !found.DriftSince().IsZero() || len(e.vendor.cursors) != reads {
				t.Errorf("drifting since %v, %d pages were read", found.DriftSince(), len(e.vendor.cursors)-reads)
			}
		})
	}
}

func TestBalancesAreReadAfterADecision(t *testing.T) {
	e, stating, connection := newStatingEnv(t)
	e.runPull(e.requestFullPull(connection))
	e.clock.pass(time.Minute)
	e.receive(e.mintToken(connection), eventBody("e1", domain.PullScope{Removed: []string{"r1"}}))
	e.runPull(e.nudged[len(e.nudged)-1])
	ids := map[string]domain.TransactionID{}
	page, err := e.ListTransactions(e.ctx, e.tenant, connection.ID, ports.TransactionFilter{},
		domain.PageRequest{Limit: 200})
	e.noError(err)
	for _, row := range page.Items {
		ids[row.ExternalID] = row.ID
	}
	e.clock.pass(time.Minute)
	_, err = e.JoinTransactions(e.ctx, e.tenant, ports.RecordPair{Old: ids["r1"], New: ids["r2"]}, "")
	e.noError(err)
	if e.bookOf(connection).Changed.IsZero() {
		t.Fatal("a join changes no record")
	}
	pulls, err := e.ListPulls(e.ctx, e.tenant, connection.ID, domain.PageRequest{Limit: 10})
	e.noError(err)
	next := pulls.Items[0]
	if next.State != domain.PullQueued || next.Trigger != domain.TriggerOperator {
		t.Fatalf("the newest pull is %+v", next)
	}
	e.clock.pass(time.Minute)
	stating.balance = "990"
	reads := len(e.vendor.cursors)
	e.runPull(next.ID)
	if got := e.bookOf(connection); got.Last.Balance.String() != "990" || !got.Changed.IsZero() {
		t.Errorf("the reading has the balance %s, and %+v have changed", got.Last.Balance, got.Changed)
	}
	if len(e.vendor.cursors) != reads {
		t.Errorf("%d pages were read", len(e.vendor.cursors)-reads)
	}
}

func TestPairsAreJoinedIndependently(t *testing.T) {
	e, _, connection := newStatingEnv(t)
	e.runPull(e.requestFullPull(connection))
	e.receive(e.mintToken(connection), eventBody("e1", domain.PullScope{Removed: []string{"r1"}}))
	e.runPull(e.nudged[len(e.nudged)-1])
	page, err := e.ListTransactions(e.ctx, e.tenant, connection.ID, ports.TransactionFilter{},
		domain.PageRequest{Limit: 200})
	e.noError(err)
	ids := map[string]domain.TransactionID{}
	for _, row := range page.Items {
		ids[row.ExternalID] = row.ID
	}
	pair := ports.RecordPair{Old: ids["r1"], New: ids["r2"]}
	results, err := e.JoinPairs(e.ctx, e.tenant, []ports.RecordPair{{Old: ids["r1"]}, pair, pair}, "tips")
	e.noError(err)
	if !errors.Is(results[0], domain.NotFound) || results[1] != nil || !errors.Is(results[2], domain.NotJoinable) {
		t.Errorf("the results are %v", results)
	}
	entries, err := e.ListAuditEntries(e.ctx, e.tenant, domain.AuditFilter{Action: "transaction.join"},
		domain.PageRequest{Limit: 9})
	e.noError(err)
	if len(entries.Items) != 1 || entries.Items[0].Object != pair.Old.String()+"/"+pair.New.String() {
		t.Errorf("the audit entries are %+v", entries.Items)
	}
	for _, n := range []int{0, ports.MaxPairs + 1} {
		if _, err := e.JoinPairs(e.ctx, e.tenant, make([]ports.RecordPair, n), ""); !errors.Is(err, domain.Invalid) {
			t.Errorf("%d pairs: %v", n, err)
		}
	}
}

func TestADecisionWithoutAReadingRequestsNoPull(t *testing.T) {
	e, stating, connection := newStatingEnv(t)
	e.vendor.status.Transactions = domain.NoProof
	stating.balance = "1"
	e.runPull(e.requestFullPull(connection))
	e.receive(e.mintToken(connection), eventBody("e1", domain.PullScope{Removed: []string{"r1"}}))
	e.runPull(e.nudged[len(e.nudged)-1])
	page, err := e.ListTransactions(context.Background(), e.tenant, connection.ID, ports.TransactionFilter{},
		domain.PageRequest{Limit: 200})
	e.noError(err)
	pair := ports.RecordPair{}
	for _, row := range page.Items {
		switch row.ExternalID {
		case "r1":
			pair.Old = row.ID
		case "r2":
			pair.New = row.ID
		}
	}
	_, err = e.JoinTransactions(e.ctx, e.tenant, pair, "")
	e.noError(err)
	pulls, err := e.ListPulls(e.ctx, e.tenant, connection.ID, domain.PageRequest{Limit: 10})
	e.noError(err)
	if len(pulls.Items) != 2 || e.lastBalance(connection) != "" {
		t.Errorf("%d pulls, balance %q", len(pulls.Items), e.lastBalance(connection))
	}
}

// statingStreamVendor has a stream of changes, and reports a balance for each account.
type statingStreamVendor struct {
	*streamVendor
	balance string
}

func (v *statingStreamVendor) Balance(a domain.AccountData) books.VendorBalance {
	return (&statingVendor{balance: v.balance}).Balance(a)
}

// TestBalancesAreReadAfterChangesOfAStream checks that a pull compares the balances with all records after it has
// read a stream of changes to its end.
func TestBalancesAreReadAfterChangesOfAStream(t *testing.T) {
	none := func(*env, *streamVendor) {}
	for name, c := range map[string]struct {
		before  func(*env, *streamVendor)
		balance string
		reads   bool
		drifts  bool
	}{
		"the rows explain the balance": {none, "989.5", true, false},
		"a row is missing":             {none, "900", true, true},
		"the history is not complete": {func(_ *env, s *streamVendor) {
			s.set("p1", ports.VendorPage{StreamPosition: "p2", Incomplete: true}, "r2")
		}, "989.5", false, false},
		"the changes were read twice": {func(_ *env, s *streamVendor) {
			s.set("p1", ports.VendorPage{Next: "2"}, "r2")
			s.set("2", ports.VendorPage{StreamPosition: "p2"})
			s.fail["2"] = unavailable(domain.CursorGone)
		}, "989.5", false, false},
		"the vendor synchronises": {func(e *env, _ *streamVendor) {
			e.vendor.status.Transactions = domain.NoProof
		}, "989.5", false, false},
		"the holder must sign in": {func(e *env, _ *streamVendor) {
			e.vendor.status.NeedsReauth = true
		}, "989.5", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			stating := &statingStreamVendor{balance: "1000"}
			e, s, connection := newStreamEnv(t, func(d *application.Deps) {
				stating.streamVendor = d.Aggregators[0].(*streamVendor)
				d.Aggregators[0] = stating
			})
			baseline := e.bookOf(connection).Baseline
			s.set("p1", ports.VendorPage{StreamPosition: "p2"}, "r2")
			c.before(e, s)
			stating.balance = c.balance
			e.clock.pass(time.Minute)
			e.wantPull(e.pullNews(connection), domain.PullSucceeded, "")
			e.wantRows(connection, "r1 v1", "r2 v1")
			found := e.bookOf(connection)
			if got := found.Last.Balance.String() == c.balance; got != c.reads || found.Changed.IsZero() != c.reads {
				t.Errorf("the reading has the balance %s, and %+v have changed", found.Last.Balance, found.Changed)
			}
			if drifts := !found.DriftSince().IsZero(); drifts != c.drifts || !found.Baseline.At.Equal(baseline.At) {
				t.Errorf("drifting since %v, the baseline is %+v", found.DriftSince(), found.Baseline)
			}
		})
	}
}

// A vendor without a proof of absence by one read synchronises while its rows are read. The balance was read before,
// and must not be compared with the rows.
func TestABalanceOfAnEarlierSynchronisationIsNoReading(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*domain.LinkStatus)
		want   string
		checks int // how often the status must have been read
	}{
		"no synchronisation": {func(*domain.LinkStatus) {}, "1000", 2},
		"synchronised":       {func(s *domain.LinkStatus) { s.SyncedAt = s.SyncedAt.Add(time.Minute) }, "", 2},
		"another state":      {func(s *domain.LinkStatus) { s.SyncMarker = "later" }, "", 2},
		"never reported":     {func(s *domain.LinkStatus) { s.SyncedAt = time.Time{} }, "", 2},
		"paused":             {nil, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			e, _, connection := newStatingEnv(t)
			e.vendor.status.Accounts, e.vendor.status.Cards = domain.TwoReads, domain.TwoReads
			e.vendor.status.Transactions, e.vendor.status.SyncedAt = domain.TwoReads, e.clock.Now()
			e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
				switch {
				case c.change != nil:
					c.change(&e.vendor.status)
				case cursor == "2": // the last page
					e.pause(connection)
				}
				return nil, nil
			}
			id := e.requestFullPull(connection)
			e.runPull(id)
			e.wantPull(id, domain.PullSucceeded, "")
			if got := e.lastBalance(connection); got != c.want {
				t.Errorf("the reading has the balance %q, want %q", got, c.want)
			}
			if e.vendor.checks != c.checks {
				t.Errorf("the status was read %d times, want %d", e.vendor.checks, c.checks)
			}
		})
	}
}
