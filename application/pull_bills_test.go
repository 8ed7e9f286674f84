package application_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// billVendor is a vendor whose account reference has two cards with one bill each.
type billVendor struct {
	*vendor
	reads int              // the number of calls of Bills
	fails map[string]error // the errors of Bills, by the external id of the card
	// partial states that the lists have bills that cannot be read.
	partial bool
	newer   bool // the lists contain only a newer bill
	onBills func()

	accountsFail error // the error of Accounts
}

func (v *billVendor) Accounts(context.Context, ports.Access) ([]domain.AccountData, error) {
	return []domain.AccountData{
		{ExternalID: account, Type: domain.CreditAccount, Currency: "BRL"},
		{ExternalID: "card-2", Type: domain.CreditAccount, Currency: "BRL"},
	}, v.accountsFail
}

func (v *billVendor) Bills(_ context.Context, _ ports.Access, card domain.AccountData) (bills.Listing, error) {
	v.reads++
	if v.onBills != nil {
		v.onBills()
	}
	id, due := "bill of ", domain.Date("2026-02-10")
	if v.newer {
		id, due = "newer bill of ", "2026-03-10"
	}
	return bills.Listing{Partial: v.partial, Bills: []bills.Data{{
		ExternalID: id + card.ExternalID, DueDate: due, Currency: "BRL",
		Total: decimal.RequireFromString("21"),
	}}}, v.fails[card.ExternalID]
}

// linkBillVendor lists the bills of all cards together.
type linkBillVendor struct{ *billVendor }

func (v linkBillVendor) Bills(ctx context.Context, a ports.Access, card domain.AccountData) (bills.Listing, error) {
	listing, err := v.billVendor.Bills(ctx, a, card)
	if err != nil {
		return bills.Listing{}, err
	}
	link := bills.LinkListing{ByCard: map[string]bills.Listing{}}
	for _, of := range []string{account, "card-2"} {
		bill := listing.Bills[0]
		bill.ExternalID = "bill of " + of
		link.Add(bill, of, true)
	}
	listing = link.Of(card.ExternalID)
	listing.Link = &link
	return listing, nil
}

// newBillEnv returns an env with a billVendor.
func newBillEnv(t *testing.T) (*env, *billVendor) {
	t.Helper()
	v := &billVendor{fails: map[string]error{}}
	e := newEnv(t, func(d *application.Deps) {
		v.vendor = d.Aggregators[0].(*vendor)
		d.Aggregators = []ports.Aggregator{v}
	})
	return e, v
}

// bills returns the vendor's ids of the stored bills of a connection.
func (e *env) bills(c domain.Connection) (ids []string) {
	e.Helper()
	for _, b := range e.storedBills(c) {
		ids = append(ids, b.ExternalID)
	}
	return ids
}

// storedBills returns the bills of a connection.
func (e *env) storedBills(c domain.Connection) (all []bills.Stored) {
	e.Helper()
	accounts, err := e.deps.Ledger.Accounts(e.ctx, e.tenant, ports.AccountFilter{Connection: c.ID},
		domain.PageRequest{Limit: 10})
	e.noError(err)
	for _, a := range accounts.Items {
		page, err := e.deps.Ledger.Bills(e.ctx, e.tenant, a.ID, domain.Window{}, domain.PageRequest{Limit: 10})
		e.noError(err)
		all = append(all, page.Items...)
	}
	return all
}

// runToEnd runs the attempts of a pull until it has ended, and returns their number.
func (e *env) runToEnd(id domain.PullID) (attempts int) {
	e.Helper()
	for wait := time.Duration(1); wait > 0; attempts++ {
		e.clock.pass(wait)
		wait = e.runPull(id)
	}
	return attempts
}

// A list of bills that cannot be read at first is read by a later attempt. The time that the vendor asks for passes
// before.
func TestAListOfBillsIsReadAgain(t *testing.T) {
	e, v := newBillEnv(t)
	c := e.createConnection("cards")
	limited := &domain.Error{Kind: domain.Unavailable, Code: domain.VendorRateLimited, RetryAfter: 7 * time.Second}
	unreachable := &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable}
	for _, failure := range []*domain.Error{unreachable, limited} {
		v.fails[account] = failure
		id := e.requestFullPull(c)
		if wait := e.runPull(id); wait > time.Second+failure.RetryAfter || wait < failure.RetryAfter {
			t.Errorf("the next attempt begins in %v", wait)
		}
		e.wantPull(id, domain.PullQueued, failure.Code)
		delete(v.fails, account)
		e.clock.pass(8 * time.Second)
		if again := e.runToEnd(id); again != 1 || len(e.bills(c)) != 2 {
			t.Errorf("after %d further attempts, the bills are %q", again, e.bills(c))
		}
		e.wantPull(id, domain.PullSucceeded, "")
	}
	limited.RetryAfter = 2 * time.Minute // the next reading comes sooner
	v.fails[account] = limited
	if attempts := e.runToEnd(e.requestFullPull(c)); attempts != 1 {
		t.Errorf("the pull waits for the bills, and ends after %d attempts", attempts)
	}
}

func TestAListOfBillsThatCannotBeReadIsReportedAndFailsNoPull(t *testing.T) {
	e, v := newBillEnv(t)
	c := e.createConnection("cards")
	v.fails[account] = unavailable(domain.VendorUnreachable)
	id := e.requestFullPull(c)
	if attempts := e.runToEnd(id); attempts != 6 {
		t.Errorf("the pull ends after %d attempts, want 6", attempts)
	}
	e.wantPull(id, domain.PullSucceeded, "")
	failures := eventsOf[ports.BackgroundError](e.events)
	if len(failures) != 1 || failures[0].Task != "bills" || domain.CodeOf(failures[0].Err) != domain.VendorUnreachable {
		t.Errorf("reported %+v", failures)
	}
	if got := e.bills(c); len(got) != 1 || got[0] != "bill of card-2" {
		t.Errorf("the bills are %q", got)
	}
	if got := e.billLists(c); got[account] != bills.ListUnread || got["card-2"] != bills.ListRead {
		t.Errorf("the lists are %q", got)
	}
	v.fails[account] = rejected(domain.AccessDenied)
	e.runPull(e.requestFullPull(c))
	if got := eventsOf[ports.BackgroundError](e.events); len(got) != 1 {
		t.Errorf("a denied list is reported: %+v", got)
	}
	delete(v.fails, account)
	v.partial = true
	e.runPull(e.requestFullPull(c))
	if got := e.bills(c); len(got) != 2 {
		t.Errorf("the bills are %q", got)
	}
	failures = eventsOf[ports.BackgroundError](e.events)
	if len(failures) != 3 || domain.CodeOf(failures[2].Err) != domain.MalformedResponse {
		t.Errorf("of lists with bills that cannot be read, these are reported: %+v", failures)
	}
}

// A vendor that says that the holder has not permitted bills, and refuses to list them in any way, has denied the list.
// Without that word, the refusal says nothing.
func TestARefusedListOfBillsWithoutPermissionIsDenied(t *testing.T) {
	for denied, want := range map[bool]bills.ListState{true: bills.ListDenied, false: bills.ListUnread} {
		e, v := newBillEnv(t)
		v.fails[account], v.status.BillsDenied = rejected(domain.VendorRefused), denied
		c := e.createConnection("cards")
		e.runPull(e.requestFullPull(c))
		if got := e.billLists(c)[account]; got != want {
			t.Errorf("the list is %q, want %q", got, want)
		}
	}
}

// The status of a link can say that it is valid while the list of bills says that the holder must sign in. The health
// says so at once, and after the pull, which succeeds. An event that the holder has signed in, received during the
// request, is newer.
func TestASignInThatTheListOfBillsAsksForIsShown(t *testing.T) {
	signIn := &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: domain.ErrHolderMustAct}
	denied := &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied, Cause: domain.ErrHolderMustAct}
	for name, tc := range map[string]struct {
		failure  error
		signedIn bool // during the request
	}{
		"the login has failed":        {failure: signIn},
		"access is denied until then": {failure: denied},
		"an event is newer":           {failure: signIn, signedIn: true},
	} {
		t.Run(name, func(t *testing.T) {
			e, v := newBillEnv(t)
			c := e.createConnection("cards")
			v.status = domain.LinkStatus{
				Accounts: domain.TwoReads, Cards: domain.TwoReads, Transactions: domain.TwoReads, SignedIn: true,
			}
			token, first := e.mintToken(c), true
			v.fails[account] = tc.failure
			v.onBills = func() {
				e.clock.pass(time.Second)
				if first && tc.signedIn {
					e.receive(token, eventBody("signed in", domain.PullScope{Signal: domain.SignalRecovered}))
				} else if !first {
					e.wantSignIn(c, !tc.signedIn)
				}
				first = false
			}
			id := e.requestFullPull(c)
			e.runPull(id)
			e.wantPull(id, domain.PullSucceeded, "")
			e.wantSignIn(c, !tc.signedIn)
			got := e.billLists(c)
			if v.reads != 2 || got[account] != bills.ListUnread || got["card-2"] != bills.ListRead {
				t.Errorf("after %d reads, the lists are %q", v.reads, got)
			}
			v.fails[account], v.onBills = nil, nil
			e.clock.pass(time.Minute)
			e.runPull(e.requestFullPull(c))
			e.wantSignIn(c, false)
		})
	}
}

// While the holder has not permitted to read bills, the vendor may still list some that it has read before.
func TestAListWithoutPermissionRemovesNoBills(t *testing.T) {
	e, v := newBillEnv(t)
	c := e.createConnection("cards")
	v.status = domain.LinkStatus{Accounts: domain.OneRead, Cards: domain.OneRead, Transactions: domain.OneRead}
	e.runPull(e.requestFullPull(c))
	removed := func() (n int) {
		for _, b := range e.storedBills(c) {
			if !b.RemovedAt.IsZero() {
				n++
			}
		}
		return n
	}
	v.newer, v.status.BillsDenied = true, true
	e.runPull(e.requestFullPull(c))
	if got := e.bills(c); len(got) != 4 || removed() > 0 {
		t.Errorf("without permission, the bills are %q, and %d are removed", got, removed())
	}
	v.status.BillsDenied = false
	e.runPull(e.requestFullPull(c))
	if removed() != 2 {
		t.Errorf("with permission, %d bills are removed, want 2", removed())
	}
}

// A request for bills that the account reference does not have may add a product that costs something.
func TestBillsThatTheReferenceDoesNotHaveAreNotRequested(t *testing.T) {
	e, v := newBillEnv(t)
	c := e.createConnection("cards")
	v.status.WithoutBills = true
	id := e.requestFullPull(c)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if got := e.billLists(c); v.reads != 0 || got[account] != bills.ListDenied || got["card-2"] != bills.ListDenied {
		t.Errorf("after %d reads, the lists are %q", v.reads, got)
	}
	v.status.WithoutBills = false
	e.runPull(e.requestFullPull(c))
	if got := e.billLists(c); v.reads != 2 || got[account] != bills.ListRead {
		t.Errorf("with the product, after %d reads, the lists are %q", v.reads, got)
	}
}

// billLists returns the states of the lists of bills, by the external ids of the cards of a connection.
func (e *env) billLists(c domain.Connection) map[string]bills.ListState {
	e.Helper()
	accounts, err := e.deps.Ledger.Accounts(e.ctx, e.tenant, ports.AccountFilter{Connection: c.ID},
		domain.PageRequest{Limit: 10})
	e.noError(err)
	states := map[string]bills.ListState{}
	for _, a := range accounts.Items {
		_, overview, err := e.ListBills(e.ctx, e.tenant, a.ID, domain.Window{}, domain.PageRequest{Limit: 1})
		e.noError(err)
		states[a.ExternalID] = overview.List
	}
	return states
}

// A process may die when the rows of a pull are stored but its bills are not.
func TestBillsAreReadAgainAfterAProcessHasDiedBeforeItStoredThem(t *testing.T) {
	e, v := newBillEnv(t)
	c := e.createConnection("cards")
	v.setRows("r1")
	id := e.requestFullPull(c)
	restore := e.failOperation("Pulls.Finish")
	if _, err := e.RunPull(e.ctx, id); err == nil {
		t.Fatal("the pull has ended")
	}
	if rows, got := e.storedRows(c), e.bills(c); len(rows) == 0 || len(got) != 0 {
		t.Errorf("before the end of the pull, there are %d rows and the bills %q", len(rows), got)
	}
	restore()
	e.clock.pass(time.Minute) // the lease has expired
	e.runPull(id)
	if got := e.bills(c); len(got) != 2 || v.reads != 4 {
		t.Errorf("after %d reads, the bills are %q", v.reads, got)
	}
}

func TestBillsAreReadOnceADayAfterASynchronisation(t *testing.T) {
	e, v := newBillEnv(t)
	c := e.createConnection("cards")
	e.runPull(e.requestFullPull(c))
	token := e.mintToken(c)
	daily := domain.PullScope{Everything: true, Bills: domain.BillsDaily}
	for i, step := range []struct {
		after time.Duration
		reads int
	}{{0, 2}, {time.Hour, 2}, {24 * time.Hour, 4}, {time.Hour, 4}} {
		e.clock.pass(step.after)
		e.runPull(e.receive(token, eventBody(fmt.Sprint(i), daily)).Delivery.Pull)
		if v.reads != step.reads {
			t.Errorf("%v later, the bills were read %d times, want %d", step.after, v.reads, step.reads)
		}
	}
}

func TestBillsThatTheVendorListsTogetherAreReadOnce(t *testing.T) {
	v := linkBillVendor{&billVendor{fails: map[string]error{}}}
	e := newEnv(t, func(d *application.Deps) {
		v.vendor = d.Aggregators[0].(*vendor)
		d.Aggregators = []ports.Aggregator{v}
	})
	c := e.createConnection("cards")
	e.runPull(e.requestFullPull(c))
	if got := e.bills(c); len(got) != 2 || v.reads != 1 {
		t.Errorf("after %d reads, the bills are %q", v.reads, got)
	}
	// A list that cannot be read for one card is asked again for the next one.
	v.fails[account] = unavailable(domain.VendorUnreachable)
	e.runToEnd(e.requestFullPull(c))
	if got := e.bills(c); len(got) != 2 || v.reads != 1+5+2 {
		t.Errorf("after %d reads, the bills are %q", v.reads, got)
	}
}

func TestAPullOfAPartOfTheRowsReadsNoBills(t *testing.T) {
	e, v := newBillEnv(t)
	c := e.createConnection("cards")
	v.setRows("r1")
	e.runPull(e.requestFullPull(c))
	token := e.mintToken(c)
	for i, scope := range []domain.PullScope{
		{}, {Removed: []string{"r9"}}, {Changed: map[string][]string{account: {"r1"}}},
		{Window: &domain.Window{From: "2026-01-01"}}, {Created: map[string]time.Time{account: e.clock.Now()}},
	} {
		e.clock.pass(24 * time.Hour)
		e.runPull(e.receive(token, eventBody(fmt.Sprint(i), scope)).Delivery.Pull)
		if v.reads != 2 {
			t.Errorf("after %+v, the bills were read %d times, want 2", scope, v.reads)
		}
	}
	e.runPull(e.receive(token, eventBody("bills", domain.PullScope{Bills: domain.BillsNow})).Delivery.Pull)
	if v.reads != 4 {
		t.Errorf("after an event about bills, they were read %d times, want 4", v.reads)
	}
}
