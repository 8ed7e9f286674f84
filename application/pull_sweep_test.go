package application_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// envWithRemovedRow returns an env and a connection with three stored rows, one of which the vendor
// does not return any more.
func envWithRemovedRow(t *testing.T) (*env, domain.Connection) {
	t.Helper()
	e := newEnv(t)
	e.vendor.setRows("r1", "r2", "r3")
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	e.vendor.setRows("r1", "r3", "r4")
	e.vendor.checks, e.vendor.cursors = 0, nil
	return e, c
}

var (
	allRows        = []string{"r1 v1", "r2 v1", "r3 v1", "r4 v1"}
	rowsAfterSweep = []string{"r1 v1", "r2 v2 removed", "r3 v1", "r4 v1"}
)

func TestASweepRemovesRowsThatAreNoLongerShown(t *testing.T) {
	e, c := envWithRemovedRow(t)
	id := e.requestFullPull(c)
	e.runPull(id)
	if diff := cmp.Diff(rowsAfterSweep, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
	want := domain.Counts{Accounts: 1, Read: 3, Added: 1, Removed: 1, Unchanged: 2}
	if diff := cmp.Diff(want, e.getPull(id).Counts); diff != "" {
		t.Error(diff)
	}
	e.vendor.setRows("r1", "r2", "r3", "r4")
	e.runPull(e.requestFullPull(c))
	if diff := cmp.Diff([]string{"r1 v1", "r2 v3", "r3 v1", "r4 v1"}, e.storedRows(c)); diff != "" {
		t.Errorf("after the row was returned again (-want +got):\n%s", diff)
	}
}

// A sweep marks stored rows as removed if a complete read did not return them. It must mark exactly these rows, even
// if there are many.
func TestASweepOfManyRowsRemovesExactlyTheMissingOnes(t *testing.T) {
	e := newEnv(t)
	var ids []string
	for i := range 3_000 {
		ids = append(ids, fmt.Sprintf("row-%d", i))
	}
	e.vendor.setRows(ids...)
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	e.vendor.setRows(ids[7:]...)
	id := e.requestFullPull(c)
	e.runPull(id)
	want := domain.Counts{Accounts: 1, Read: 2_993, Removed: 7, Unchanged: 2_993}
	if diff := cmp.Diff(want, e.getPull(id).Counts); diff != "" {
		t.Error(diff)
	}
}

// A row may be missing from a read while the vendor's own synchronisation runs, so its absence does not
// prove that it was removed.
func TestASweepRequiresACompleteSyncBeforeAndAfter(t *testing.T) {
	for name, settled := range map[string][2]bool{
		"never": {false, false}, "only before": {true, false}, "only after": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			e, c := envWithRemovedRow(t)
			e.vendor.onCheck = func() error {
				if e.vendor.status = (domain.LinkStatus{}); settled[e.vendor.checks-1] {
					e.vendor.status = settledStatus
				}
				return nil
			}
			id := e.requestFullPull(c)
			e.runPull(id)
			e.wantPull(id, domain.PullSucceeded, "")
			if diff := cmp.Diff(allRows, e.storedRows(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A sweep of transactions must take place even if the vendor's synchronisation of accounts is not complete, because the
// vendor may have updated only the transactions.
func TestASweepRequiresOnlyTheSynchronisationOfTransactions(t *testing.T) {
	for status, want := range map[domain.LinkStatus][]string{
		{Transactions: domain.OneRead}:                 rowsAfterSweep,
		{Accounts: domain.OneRead, SyncComplete: true}: allRows,
	} {
		e, c := envWithRemovedRow(t)
		e.vendor.status = status
		e.runPull(e.requestFullPull(c))
		if diff := cmp.Diff(want, e.storedRows(c)); diff != "" {
			t.Errorf("%+v: %s", status, diff)
		}
	}
}

// A sweep needs the ids of all rows of its step. A crash loses the ids that were read, so the next attempt must read
// the whole step again.
func TestASweepReadsAgainAfterACrash(t *testing.T) {
	e, c := envWithRemovedRow(t)
	id := e.requestFullPull(c)
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "2" {
			return nil, unavailable(domain.StoreUnavailable)
		}
		return nil, nil
	}
	_, err := e.RunPull(e.ctx, id)
	e.wantError(err, domain.StoreUnavailable)
	e.vendor.onRead = nil
	e.clock.pass(21 * time.Second)
	e.runPull(id)
	if diff := cmp.Diff([]string{"", "2", "", "2"}, e.vendor.cursors); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(rowsAfterSweep, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// After a crash between the last page and the sweep, the sweep must still take place.
func TestASweepIsNotSkippedByACrash(t *testing.T) {
	for _, op := range []string{"Pulls.Sweep", "check"} {
		t.Run(op, func(t *testing.T) {
			e, c := envWithRemovedRow(t)
			id := e.requestFullPull(c)
			restore := e.failOperation(op)
			e.vendor.onCheck = func() error {
				if e.vendor.checks == 2 {
					return e.failing["check"]
				}
				return nil
			}
			_, err := e.RunPull(e.ctx, id)
			e.wantError(err, domain.StoreUnavailable)
			restore()
			e.clock.pass(21 * time.Second)
			e.runPull(id)
			e.wantPull(id, domain.PullSucceeded, "")
			if diff := cmp.Diff(rowsAfterSweep, e.storedRows(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A row whose id cannot be read may be the same row as any stored row. A list with such a row therefore does not prove
// that a stored row was removed.
func TestASweepRemovesNothingAfterARowWithoutAReadableID(t *testing.T) {
	e, c := envWithRemovedRow(t)
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor != "" {
			return nil, nil
		}
		nameless := domain.RawTransaction{
			ExternalID: domain.UnreadableRowID([]byte("row")),
			Normalize: func() (domain.TransactionData, error) {
				return domain.TransactionData{Metadata: []byte("row")}, domain.UnreadableRow(domain.InvalidID)
			},
		}
		rows := append(domain.RawTransactionsOf(e.vendor.rows[:2]...), nameless)
		return &ports.VendorPage{Transactions: rows, Next: "2"}, nil
	}
	id := e.requestFullPull(c)
	e.runPull(id)
	if p := e.wantPull(id, domain.PullSucceeded, ""); p.Counts.Quarantined != 1 {
		t.Errorf("%d rows are quarantined, want 1", p.Counts.Quarantined)
	}
	if diff := cmp.Diff(allRows, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
	e.vendor.onRead = nil
	e.runPull(e.requestFullPull(c))
	if diff := cmp.Diff(rowsAfterSweep, e.storedRows(c)); diff != "" {
		t.Errorf("after a read without such a row: %s", diff)
	}
}

func TestASweepKeepsRowsOfOtherAccountsAndWindows(t *testing.T) {
	e, c := envWithRemovedRow(t)
	for _, step := range []domain.Step{
		{Account: "acc-2", Sweep: true}, {Account: account, Window: domain.Window{From: "2026-02-21"}, Sweep: true},
	} {
		e.vendor.steps = []domain.Step{step}
		e.runPull(e.requestFullPull(c))
		if diff := cmp.Diff(allRows, e.storedRows(c)); diff != "" {
			t.Error(diff)
		}
	}
}

// The window of a sweep is computed from the day on which the steps are planned. While the pull waits, rows may become
// so old that the vendor no longer shows them, so a pull with an old plan must be planned again.
func TestAnOldPlanIsMadeAgain(t *testing.T) {
	for wait, want := range map[time.Duration][]string{
		time.Hour: {"2026-03-02"}, 8 * 24 * time.Hour: {"2026-03-02", "2026-03-10"},
	} {
		e, c := envWithRemovedRow(t)
		e.vendor.planned = nil
		id := e.requestFullPull(c)
		e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
			if cursor == "" {
				return nil, nil
			}
			return nil, unavailable(domain.VendorUnreachable)
		}
		e.runPull(id)
		e.vendor.onRead = nil
		e.clock.pass(wait)
		e.runPull(id)
		e.wantPull(id, domain.PullSucceeded, "")
		if diff := cmp.Diff(want, e.vendor.planned); diff != "" {
			t.Errorf("days of the plans after %v (-want +got):\n%s", wait, diff)
		}
	}
}

// The first pull of an account has nothing to compare its listing with: it has just stored every row itself.
func TestTheFirstListingOfAnAccountIsNotCompared(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1", "r2", "r3")
	e.vendor.others = []string{"savings"}
	e.vendor.steps = []domain.Step{{Account: account, Sweep: true}, {Account: "savings", Sweep: true}}
	e.vendor.onRead = func(step domain.Step, _ string) (*ports.VendorPage, error) {
		if step.Account == account {
			return nil, nil
		}
		return savingsPage("s1"), nil
	}
	c := e.createConnection("books")
	restore := e.failOperation("Pulls.Sweep")
	id := e.requestFullPull(c)
	e.runPull(id)
	restore()
	e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1", "s1 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// If the list of one account contains a row of another account, the list of the other account is compared, even in the
// first pull.
func TestTheFirstListingIsComparedIfAnotherListHadRowsOfTheAccount(t *testing.T) {
	for name, second := range map[string]string{"named": "savings", "of all accounts": ""} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			e.vendor.others = []string{"savings"}
			e.vendor.steps = []domain.Step{{Account: account, Sweep: true}, {Account: second, Sweep: true}}
			e.vendor.onRead = func(step domain.Step, _ string) (*ports.VendorPage, error) {
				if step.Account == account {
					return savingsPage("stray"), nil
				}
				return savingsPage("s1"), nil
			}
			c := e.createConnection("books")
			e.runPull(e.requestFullPull(c))
			if diff := cmp.Diff([]string{"s1 v1", "stray v2 removed"}, e.storedRows(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// savingsPage returns a page with one row of the account "savings".
func savingsPage(externalID string) *ports.VendorPage {
	r := row(externalID, "as first seen")
	r.Account = "savings"
	return &ports.VendorPage{Transactions: domain.RawTransactionsOf(r)}
}
