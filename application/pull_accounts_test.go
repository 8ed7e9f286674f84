package application_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// removedAccounts returns the external ids of the connection's accounts that are marked as removed.
func (e *env) removedAccounts(c domain.Connection) []string {
	e.Helper()
	page, err := e.ListAccounts(e.ctx, e.tenant, c.ID, domain.PageRequest{Limit: 200})
	e.noError(err)
	var removed []string
	for _, a := range page.Items {
		if !a.RemovedAt.IsZero() {
			removed = append(removed, a.ExternalID)
		}
	}
	return removed
}

// envWithGoneAccount returns an env and a connection with two stored accounts, of which the vendor lists
// only one now.
func envWithGoneAccount(t *testing.T) (*env, domain.Connection) {
	t.Helper()
	e := newEnv(t)
	e.vendor.setRows("r1")
	e.vendor.others = []string{"acc-2"}
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	e.vendor.others, e.vendor.checks = nil, 0
	return e, c
}

func TestAnAccountThatIsNotListedAnyMoreIsRemovedUntilItIsListedAgain(t *testing.T) {
	e, c := envWithGoneAccount(t)
	e.runPull(e.requestFullPull(c))
	if diff := cmp.Diff([]string{"acc-2"}, e.removedAccounts(c)); diff != "" {
		t.Error(diff)
	}
	if e.vendor.checks != 2 {
		t.Errorf("%d checks, want one before and one after the read", e.vendor.checks)
	}
	e.vendor.others = []string{"acc-2"}
	p, err := e.RequestPull(e.ctx, e.tenant, c.ID, domain.Window{From: "2026-01-01"})
	e.noError(err)
	e.runPull(p.ID)
	if removed := e.removedAccounts(c); removed != nil {
		t.Errorf("%v are removed although they are listed", removed)
	}
}

// TestNoBankReadingOfAnAccountThatIsNotListed checks that a pull moves only the readings of the accounts that it has
// listed, while nothing proves that the other account was removed.
func TestNoBankReadingOfAnAccountThatIsNotListed(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1")
	e.vendor.others = []string{"acc-2"}
	c := e.connectionReadAt("books", "1", epoch)
	read := func(when string, at time.Time, want ...time.Time) {
		t.Helper()
		e.clock.pass(24 * time.Hour)
		e.vendor.status.Bank = &domain.BankReading{Bank: domain.ProductReading{At: at}}
		e.runPull(e.requestFullPull(c))
		accounts, err := e.ListAccounts(e.ctx, e.tenant, c.ID, domain.PageRequest{Limit: 10})
		e.noError(err)
		var got []time.Time
		for _, a := range accounts.Items {
			got = append(got, a.BankReadAt)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", when, diff)
		}
		if removed := e.removedAccounts(c); removed != nil {
			t.Errorf("%s: %v are removed", when, removed)
		}
	}
	e.vendor.status, e.vendor.others = domain.LinkStatus{Transactions: domain.OneRead}, nil
	second, third := epoch.Add(24*time.Hour), epoch.Add(48*time.Hour)
	read("not listed", second, second, epoch)
	e.vendor.others = []string{"acc-2"}
	read("listed again", third, third, third)
}

// envWithTwoAccounts returns an env, a connection whose two accounts have been pulled, and what the vendor has of them.
func envWithTwoAccounts(t *testing.T) (*env, domain.Connection, *link) {
	t.Helper()
	e := newEnv(t)
	other := row("r2", "of the other account")
	other.Account = "acc-2"
	bank := &link{
		[]domain.AccountData{numbered(account, "111-1"), numbered("acc-2", "222-2")},
		[]domain.TransactionData{row("r1", "first"), other},
	}
	c := e.createConnection("books")
	e.vendor.links = map[string]*link{c.AccountRef: bank}
	e.runPull(e.requestFullPull(c))
	return e, c, bank
}

// The vendor refuses to list the rows of an account that it does not list any more. A pull that was about to read them
// must not ask for them for ever.
func TestAnAccountThatLeavesBetweenTwoAttemptsIsNotAskedForAgain(t *testing.T) {
	e, c, bank := envWithTwoAccounts(t)
	asked := 0
	e.vendor.onRead = func(step domain.Step, _ string) (*ports.VendorPage, error) {
		if step.Account != "acc-2" {
			return nil, nil
		}
		if asked++; len(bank.accounts) == 2 {
			bank.accounts = bank.accounts[:1]
			return nil, unavailable(domain.VendorUnreachable)
		}
		return nil, rejected(domain.VendorRefused)
	}
	pull := e.requestFullPull(c)
	e.clock.pass(e.runPull(pull))
	bank.rows = append(bank.rows, row("r3", "second"))
	e.runPull(pull)
	e.wantPull(pull, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"acc-2"}, e.removedAccounts(c)); diff != "" || asked != 1 {
		t.Errorf("asked %d times; removed accounts: %s", asked, diff)
	}
	if rows := e.storedRows(c); !slices.Contains(rows, "r3 v1") {
		t.Errorf("the rows are %q", rows)
	}
}

// While the id of an account cannot be read, it may be that of the account whose rows the vendor refuses to list. A few
// attempts ask for them. Then the other accounts are read.
func TestAnAccountThatMayHaveLeftIsAskedForInAFewAttempts(t *testing.T) {
	e, c, bank := envWithTwoAccounts(t)
	asked := 0
	e.vendor.onRead = func(step domain.Step, _ string) (*ports.VendorPage, error) {
		if step.Account != "acc-2" {
			return nil, nil
		}
		if asked++; asked == 1 {
			bank.accounts[1] = domain.AccountData{Type: domain.BankAccount, Unreadable: "no id"}
			return nil, unavailable(domain.VendorUnreachable)
		}
		return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.VendorRefused}
	}
	pull := e.requestFullPull(c)
	bank.rows = append(bank.rows, row("r3", "second"))
	if attempts := e.runToEnd(pull); attempts > 4 || asked < 2 {
		t.Errorf("%d attempts have asked %d times", attempts, asked)
	}
	e.wantPull(pull, domain.PullSucceeded, "")
	if removed := e.removedAccounts(c); removed != nil {
		t.Errorf("%v are removed", removed)
	}
	if rows := e.storedRows(c); !slices.Contains(rows, "r3 v1") {
		t.Errorf("the rows are %q", rows)
	}
}

func TestAnAccountIsRemovedOnlyByACompleteSettledRead(t *testing.T) {
	settled, changed := settledStatus, settledStatus
	changed.SyncMarker = "later"
	for name, read := range map[string]struct {
		before, after domain.LinkStatus
		window        domain.Window
	}{
		"a window":                  {settled, settled, domain.Window{From: "2026-01-01"}},
		"not settled":               {domain.LinkStatus{}, domain.LinkStatus{}, domain.Window{}},
		"settled only before":       {settled, domain.LinkStatus{}, domain.Window{}},
		"settled only after":        {domain.LinkStatus{}, settled, domain.Window{}},
		"another synchronisation":   {settled, changed, domain.Window{}},
		"only transactions settled": {domain.LinkStatus{Transactions: domain.OneRead}, settled, domain.Window{}},
		"the first of two reads":    {domain.LinkStatus{Accounts: domain.TwoReads}, settled, domain.Window{}},
	} {
		t.Run(name, func(t *testing.T) {
			e, c := envWithGoneAccount(t)
			e.vendor.onCheck = func() error {
				e.vendor.status = read.after
				if e.vendor.checks == 1 {
					e.vendor.status = read.before
				}
				return nil
			}
			p, err := e.RequestPull(e.ctx, e.tenant, c.ID, read.window)
			e.noError(err)
			e.runPull(p.ID)
			e.wantPull(p.ID, domain.PullSucceeded, "")
			if removed := e.removedAccounts(c); removed != nil {
				t.Errorf("%v are removed", removed)
			}
		})
	}
}

func TestTwoReadsInARowRemoveAnAccountAtAVendorWithoutASyncStatus(t *testing.T) {
	e, c := envWithGoneAccount(t)
	e.vendor.status = domain.LinkStatus{Accounts: domain.TwoReads}
	for i := range 2 {
		if removed := e.removedAccounts(c); removed != nil {
			t.Errorf("%v are removed after %d reads", removed, i)
		}
		e.clock.pass(time.Minute)
		e.runPull(e.requestFullPull(c))
	}
	if diff := cmp.Diff([]string{"acc-2"}, e.removedAccounts(c)); diff != "" {
		t.Error(diff)
	}
}

// A list of the whole account reference contains no row of an account that is not listed any more. The list of accounts
// decides about it: its rows stay, and wait for no removal, however many reads follow.
func TestTheRowsOfAGoneAccountStay(t *testing.T) {
	e := newEnv(t)
	e.vendor.status.Transactions, e.vendor.status.Accounts = domain.TwoReads, domain.TwoReads
	e.vendor.others, e.vendor.steps = []string{"acc-2"}, []domain.Step{{Sweep: true}}
	e.vendor.setRows("r1", "r2")
	for _, id := range []string{"o1", "o2", "o3", "o4"} {
		other := row(id, "gone")
		other.Account = "acc-2"
		e.vendor.rows = append(e.vendor.rows, other)
	}
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	e.vendor.others = nil
	e.vendor.setRows("r1", "r2")
	for i := range 4 {
		e.clock.pass(7 * time.Hour)
		e.runPull(e.requestFullPull(c))
		e.wantRows(c, "o1 v1", "o2 v1", "o3 v1", "o4 v1", "r1 v1", "r2 v1")
		h, err := e.ConnectionHealth(e.ctx, e.tenant, c.ID)
		e.noError(err)
		if h.Facts.Unremoved() != 0 || len(h.Warnings) > 0 {
			t.Errorf("read %d: %d removals are held, warnings %v", i+1, h.Facts.Unremoved(), h.Warnings)
		}
	}
	if diff := cmp.Diff([]string{"acc-2"}, e.removedAccounts(c)); diff != "" {
		t.Error(diff)
	}
}
