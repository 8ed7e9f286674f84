package porttest

import (
	"errors"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var billTests = []storeTest{
	{"an exclusion and its undoing change a bill at once", exclusionChangesBill},
	{"the last closed bill decides about the completeness of a card", billCompleteness},
	{"a close of a card states since when a bill reaches its day", billReachesClose},
	{"a pull stores the bills of a card, and the records name them", billsAreStored},
	{"excluded, removed and paying records are no rows of a bill", billRowsCount},
	{"after a pull that has read no bills, the stored ones are due", billsAreEvaluatedAgain},
	{"a row in the quarantine may be the difference", billsOfUnreadableRows},
	{"a close evaluates the bills that are due", closesEvaluateBills},
	{"a denied list is no empty one", billsAreDenied},
	{"a failed pull stores no bills", billsOfFailedPull},
	{"a bill is overdue only if its list is from after the due date", billsAreListedLate},
	{"bills are listed by due date, in pages and windows, and belong to a tenant", billsAreListed},
	{"an erasure deletes the bills of the connection", billsAreErased},
	{"an account that is no card any more has no bills", billsOfFormerCard},
	{"bill.added and bill.modified report what callers see", billEvents},
	{"a payment has at most three candidates, which are posted debits of bank accounts", billCandidates},
}

// billOf returns a bill whose closing date is a week before it is due.
func billOf(id string, due domain.Date, total string) bills.Data {
	return bills.Data{
		ExternalID: id, DueDate: due, ClosingDate: due.AddDays(-7), Total: decimal.RequireFromString(total),
		Currency: "BRL",
	}
}

// cardRow returns a row of the card that names a bill.
func cardRow(externalID, bill string, edits ...func(*domain.TransactionData)) domain.TransactionData {
	t := row(externalID, withAccount("card"), withDate("2026-01-20"))
	t.Card.Bill = bill
	for _, edit := range edits {
		edit(&t)
	}
	return t
}

// card stores a connection with a card and its rows. It returns the lease of a pull that is under way.
func (f *fixture) card(rows ...domain.TransactionData) (domain.Connection, domain.Lease, domain.AccountID) {
	f.Helper()
	c := f.createConnection()
	l := f.startPull(c)
	account := accountData("card")
	account.Type = domain.CreditAccount
	f.mustStorePage(l, ports.PageWrite{Listed: true, Accounts: []domain.AccountData{account}, Transactions: rows})
	return c, l, f.listAccounts(c)[0].ID
}

// finishWithBills ends the pull after it has read these bills of the card.
func (f *fixture) finishWithBills(l domain.Lease, read ...bills.Data) {
	f.Helper()
	f.finishWithRead(l, map[string]bills.Read{"card": {Listing: bills.Listing{Bills: read}}})
}

func (f *fixture) finishWithRead(l domain.Lease, read map[string]bills.Read) {
	f.Helper()
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: f.now(), Bills: read,
		Coverage: domain.Coverage{After: 12 * time.Hour}, Grace: time.Hour,
	}))
}

// bills returns the bills of an account by the vendor's id.
func (f *fixture) bills(account domain.AccountID) map[string]bills.Stored {
	f.Helper()
	found := map[string]bills.Stored{}
	for _, b := range f.listBills(account, domain.Window{}, 2) {
		found[b.ExternalID] = b
	}
	return found
}

func (f *fixture) listBills(account domain.AccountID, window domain.Window, limit int) []bills.Stored {
	f.Helper()
	return collectPages(f, limit, func(page domain.PageRequest) (domain.Page[bills.Stored], error) {
		return f.Ledger.Bills(f.ctx, f.tenant, account, window, page)
	}, nil)
}

// rowsOfBill returns the external ids of the transactions of a bill, newest first.
func (f *fixture) rowsOfBill(id domain.BillID) (ids []string) {
	f.Helper()
	for _, t := range collectPages(f, 1, func(page domain.PageRequest) (domain.Page[domain.Transaction], error) {
		return f.Ledger.BillTransactions(f.ctx, f.tenant, id, page)
	}, nil) {
		ids = append(ids, t.ExternalID)
	}
	return ids
}

// billSum returns the count, the sum and the check of a bill.
func billSum(b bills.Stored) []any { return []any{b.Rows.Count, b.Rows.Sum.String(), b.Check} }

func billsAreStored(f *fixture) {
	c, l, account := f.card(cardRow("1", "first"), cardRow("2", "first", withDate("2026-01-22")),
		cardRow("3", "", withDate("2026-02-04")))
	f.equal("before", time.Time{}, f.billsReadAt(c))
	f.finishWithBills(l, billOf("first", "2026-02-05", "25"))
	f.equal("after", false, f.billsReadAt(c).IsZero())
	b := f.bills(account)["first"]
	f.equal("the bill", []any{2, "25", bills.AddsUp}, billSum(b))
	one, err := f.Ledger.Bill(f.ctx, f.tenant, b.ID)
	f.noError(err)
	f.equal("by id", b, one)
	f.equal("its records", []string{"2", "1"}, f.rowsOfBill(b.ID))
	got := f.getRow(c, "1")
	f.equal("of a record", []any{b.ID, domain.BillMonth("2026-02"), string(bills.ByVendor), 1},
		[]any{got.Bill.ID, got.Bill.Month, got.Bill.Basis, got.Version})
	o, err := f.Ledger.BillOverview(f.ctx, f.tenant, account)
	f.noError(err)
	f.equal("list", bills.ListRead, o.List)
	f.finishWithBills(f.startPull(c), billOf("second", "2026-03-05", "1"))
	f.equal("a bill that is listed no more", false, f.bills(account)["first"].RemovedAt.IsZero())
	f.equal("its records", 0, len(f.rowsOfBill(b.ID)))
}

// billsReadAt returns when the bills of the connection were read.
func (f *fixture) billsReadAt(c domain.Connection) time.Time {
	f.Helper()
	at, err := f.Pulls.BillsReadAt(f.ctx, f.tenant, c.ID)
	f.noError(err)
	return at
}

func billRowsCount(f *fixture) {
	paying := cardRow("paying", "first", withDate("2026-02-04"), func(t *domain.TransactionData) {
		t.Amount, t.Card.Payment = money("25", "BRL"), true
	})
	c, l, account := f.card(cardRow("1", "first"), cardRow("2", "first"), cardRow("3", "first"),
		cardRow("4", "first"), paying)
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"3"}})
	f.finishWithBills(l, billOf("first", "2026-02-05", "25"))
	b := f.bills(account)["first"]
	f.equal("with three purchases", []any{3, "37.5", bills.Differs}, billSum(b))
	f.exclude(f.getRow(c, "2").ID)
	f.finishWithBills(f.startPull(c), billOf("first", "2026-02-05", "25"))
	f.equal("without the excluded one", []any{2, "25", bills.AddsUp}, billSum(f.bills(account)["first"]))
	f.equal("its records", []string{"4", "1"}, f.rowsOfBill(b.ID))
	f.equal("state", bills.Paid, f.bills(account)["first"].State)
	payment := f.getRow(c, "paying").Bill
	f.equal("the payment", []any{b.ID, true}, []any{payment.ID, payment.Payment})
}

func exclusionChangesBill(f *fixture) {
	c, l, account := f.card(cardRow("1", "first"), cardRow("2", "first"), cardRow("open", "", withDate("2026-02-04")))
	s := f.subscribe(withTypes("bill.modified"))
	lease := f.lease(s)
	f.finishWithBills(l, billOf("first", "2026-02-05", "12.5"))
	b := f.bills(account)["first"]
	f.equal("with both", []any{2, "25", bills.Differs}, billSum(b))
	open := func() []bills.OpenMonth {
		f.Helper()
		o, err := f.Ledger.BillOverview(f.ctx, f.tenant, account)
		f.noError(err)
		return o.Open
	}
	before, readAt := open(), f.billsReadAt(c)
	f.equal("open", 1, len(before))

	f.exclude(f.getRow(c, "2").ID)
	f.equal("without one", []any{1, "12.5", bills.AddsUp}, billSum(f.bills(account)["first"]))
	f.equal("its records", []string{"1"}, f.rowsOfBill(b.ID))
	f.equal("modified", []string{"bill.modified " + b.ID.String()}, kinds(f.appended(lease, s, 1)))
	f.exclude(f.getRow(c, "open").ID)
	f.equal("open without its only row", 0, len(open()))
	f.equal("the bill stays", []any{1, "12.5", bills.AddsUp}, billSum(f.bills(account)["first"]))

	f.include(f.getRow(c, "open").ID)
	f.equal("open again", before, open())
	f.include(f.getRow(c, "2").ID)
	f.equal("as before", b, f.bills(account)["first"])
	f.equal("its records", []string{"2", "1"}, f.rowsOfBill(b.ID))
	f.equal("the time of the list", readAt, f.billsReadAt(c))

	l = f.startPull(c)
	f.storeRows(l, cardRow("3", "first")) // a pull is under way when the operator decides
	f.exclude(f.getRow(c, "2").ID)
	f.equal("with the new row", []any{2, "25", bills.Differs}, billSum(f.bills(account)["first"]))
	f.finishWithRead(l, nil)
	f.equal("after the pull", []any{2, "25", bills.Differs}, billSum(f.bills(account)["first"]))
}

func billCompleteness(f *fixture) {
	c, l, account := f.card(cardRow("1", "first"), cardRow("2", "second"), cardRow("3", "second"))
	earlier := billOf("first", "2026-02-05", "12.5")
	finish := func(l domain.Lease, total string) books.Completeness {
		f.Helper()
		f.finishWithSettledBills(l, earlier, billOf("second", "2026-03-05", total))
		return f.completeness(account)
	}
	facts := func() domain.ConnectionFacts {
		f.Helper()
		return f.factsAmong(f.tenant, []domain.ConnectionID{c.ID})[c.ID]
	}
	state := func(c books.Completeness) []any {
		state, _ := c.State(f.now(), time.Hour)
		return []any{state, c.CompleteTo()}
	}
	f.equal("adds up", []any{books.Complete, domain.Date("2026-02-26")}, state(finish(l, "25")))
	f.equal("compared", true, facts().Compared)
	got := finish(f.startPull(c), "40")
	f.equal("differs", []any{"-2.5", false}, []any{
		got.Bill.Actual.Sub(got.Bill.Expected).String(), got.BillDrift.IsZero(),
	})
	f.equal("of the connection", []any{true, false},
		[]any{facts().DriftSince.IsZero(), facts().AnyDriftSince.IsZero()})
	got, err := f.Ledger.UpdateCompleteness(f.ctx, f.tenant, account, nil,
		func(c books.Completeness) (books.Completeness, error) { return c.Accept("never arrives", f.now()) })
	f.noError(err)
	f.equal("accepted", true, got.DriftSince().IsZero())
	f.equal("read again", true, finish(f.startPull(c), "40").DriftSince().IsZero())
	f.exclude(f.getRow(c, "2").ID)
	got = f.completeness(account)
	f.equal("another difference", []any{"-15", false}, []any{
		got.Bill.Actual.Sub(got.Bill.Expected).String(), got.BillDrift.IsZero(),
	})
}

func billReachesClose(f *fixture) {
	c, l, account := f.card(
		cardRow("1", "first"), cardRow("2", "second", withDate("2026-02-10")),
		cardRow("3", "second", withDate("2026-02-11")),
	)
	f.finishWithSettledBills(l, billOf("first", "2026-02-05", "12.5"))
	closed := func(date domain.Date) books.Close {
		f.Helper()
		got, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, account, books.CloseRequest{
			Date: date, At: f.now(), By: "test", Grace: time.Hour, Coverage: domain.Coverage{After: 12 * time.Hour},
		}, ports.CloseSteps{}, nil)
		f.noError(err)
		return got
	}
	states := func(c books.Close) []any {
		return []any{c.Completeness, !c.CoveredSince.IsZero(), c.CoveredCompleteness}
	}
	const none = books.CompletenessState("")
	f.equal("of the first bill", []any{books.Complete, false, none}, states(closed("2026-01-29")))
	f.equal("after it", []any{books.CompletenessUnknown, false, none}, states(closed("2026-02-26")))
	f.equal("later", []any{books.NotCovered, false, none}, states(closed("2026-02-27")))
	f.finishWithSettledBills(f.startPull(c), billOf("first", "2026-02-05", "12.5"))
	f.equal("without a bill", []any{books.CompletenessUnknown, false, none}, states(closed("2026-02-26")))
	f.finishWithSettledBills(
		f.startPull(c), billOf("first", "2026-02-05", "12.5"), billOf("second", "2026-03-05", "25"),
	)
	f.equal("reached", []any{books.CompletenessUnknown, true, books.Complete}, states(closed("2026-02-26")))
	f.equal("not read", []any{books.NotCovered, false, none}, states(closed("2026-02-27")))
	f.equal("complete", []any{books.Complete, false, none}, states(closed("2026-01-29")))
}

// finishWithSettledBills is like finishWithBills, for a pull that has read the balances after a reading of the bank.
func (f *fixture) finishWithSettledBills(l domain.Lease, read ...bills.Data) {
	f.Helper()
	at := f.now()
	product := domain.ProductReading{At: at}
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: at, ReadAt: at, BankRead: []string{"card"}, Grace: time.Hour,
		Bank: &domain.BankReading{Bank: product, Cards: product}, Coverage: domain.Coverage{After: 12 * time.Hour},
		Settled: &ports.SettledRead{
			ReadAt: at, Balances: map[string]books.VendorBalance{"card": {Missing: books.BasisInvoice}},
		},
		Bills: map[string]bills.Read{"card": {Listing: bills.Listing{Bills: read}}},
	}))
}

func billsAreEvaluatedAgain(f *fixture) {
	c, l, account := f.card(cardRow("1", "first"))
	f.finishWithBills(l, billOf("first", "2026-02-05", "25"))
	readAt := f.billsReadAt(c)
	f.equal("with one row", []any{1, "12.5", bills.Differs}, billSum(f.bills(account)["first"]))
	l = f.startPull(c)
	f.storeRows(l, cardRow("2", "first"))
	f.finishWithRead(l, nil)
	f.equal("not evaluated yet", []any{1, "12.5", bills.Differs}, billSum(f.bills(account)["first"]))
	f.equal("claimed without the tenant", false, f.claimBills(f.tenant))
	f.equal("claimed", true, f.claimBills())
	f.equal("claimed again", false, f.claimBills())
	f.noError(f.Ledger.EvaluateBills(f.ctx, f.tenant, account, f.now()))
	f.equal("with two rows", []any{2, "25", bills.AddsUp}, billSum(f.bills(account)["first"]))
	f.equal("the time of the last list", readAt, f.billsReadAt(c))
	f.equal("of a record", f.bills(account)["first"].ID, f.getRow(c, "2").Bill.ID)
	f.ticks.Add(120)
	f.equal("claimed after the evaluation", false, f.claimBills())
}

func billsOfUnreadableRows(f *fixture) {
	c, l, account := f.card(cardRow("1", "first"))
	second := []bills.Data{billOf("first", "2026-02-05", "12.5"), billOf("second", "2026-03-05", "40")}
	f.storeRows(l, cardRow("2", "second"))
	f.finishWithBills(l, second...)
	f.equal("readable", []any{1, "12.5", bills.Differs}, billSum(f.bills(account)["second"]))
	l = f.startPull(c)
	f.mustStorePage(l, ports.PageWrite{Quarantined: []domain.UnreadableData{
		domain.NewUnreadableData(domain.QuarantinedTransaction, "odd", domain.InvalidAmount, []byte("{}")),
	}})
	f.finishWithBills(l, second...)
	f.equal("unreadable", []any{1, "12.5", bills.CheckUnknown}, billSum(f.bills(account)["second"]))
	f.equal("the other bill", bills.AddsUp, f.bills(account)["first"].Check)
}

// claimBills reports whether it has claimed a card of the fixture's tenant for a minute.
func (f *fixture) claimBills(skip ...domain.TenantID) bool {
	f.Helper()
	for {
		due, err := f.Ledger.ClaimBills(f.ctx, f.now(), f.now().Add(time.Minute), skip)
		f.noError(err)
		if due == nil || due.Tenant == f.tenant {
			return due != nil
		}
	}
}

func closesEvaluateBills(f *fixture) {
	c, l, account := f.card(cardRow("1", "first"))
	f.finishWithSettledBills(l, billOf("first", "2026-02-05", "12.5"))
	l = f.startPull(c)
	f.storeRows(l, cardRow("2", "first"))
	at := f.now()
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: at, ReadAt: at, BankRead: []string{"card"}, Grace: time.Hour,
		Coverage: domain.Coverage{After: 12 * time.Hour},
	}))
	closed, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, account, books.CloseRequest{
		Date: "2026-01-29", At: f.now(), By: "test", Grace: time.Hour, Coverage: domain.Coverage{After: 12 * time.Hour},
	}, ports.CloseSteps{}, nil)
	f.noError(err)
	f.equal("the bill", []any{2, "25", bills.Differs}, billSum(f.bills(account)["first"]))
	f.equal("not complete", true, closed.Completeness != books.Complete)
	f.equal("claimed", false, f.claimBills())
}

func billsAreDenied(f *fixture) {
	c, l, account := f.card(cardRow("1", "first"))
	f.finishWithBills(l, billOf("first", "2026-02-05", "12.5"))
	list := func() bills.ListState {
		f.Helper()
		o, err := f.Ledger.BillOverview(f.ctx, f.tenant, account)
		f.noError(err)
		return o.List
	}
	f.finishWithRead(f.startPull(c), map[string]bills.Read{"card": {Denied: true}})
	f.equal("denied", []any{bills.ListDenied, time.Time{}}, []any{list(), f.bills(account)["first"].RemovedAt})
	f.finishWithRead(f.startPull(c), nil)
	f.equal("not read", bills.ListDenied, list())
	f.finishWithBills(f.startPull(c))
	f.equal("empty", []any{bills.ListRead, time.Time{}}, []any{list(), f.bills(account)["first"].RemovedAt})
	second := bills.Listing{Bills: []bills.Data{billOf("second", "2026-03-05", "1")}}
	f.finishWithRead(f.startPull(c), map[string]bills.Read{"card": {Listing: second, Unproved: true}})
	f.equal("without proof", []any{bills.ListRead, time.Time{}}, []any{list(), f.bills(account)["first"].RemovedAt})
	second.Partial = true
	f.finishWithRead(f.startPull(c), map[string]bills.Read{"card": {Listing: second}})
	f.equal("partial", []any{bills.ListPartial, time.Time{}}, []any{list(), f.bills(account)["first"].RemovedAt})
	second.Partial = false
	f.finishWithRead(f.startPull(c), map[string]bills.Read{"card": {Listing: second}})
	f.equal("proved", []any{bills.ListRead, false}, []any{list(), f.bills(account)["first"].RemovedAt.IsZero()})
}

// A bill is overdue only if its list is from after the due date, also when it is evaluated again later.
func billsAreListedLate(f *fixture) {
	c, l, account := f.card(cardRow("1", "first"))
	paid := billOf("before", "2026-01-05", "7")
	paid.Payments = []bills.ListedPayment{{Date: "2026-01-05", Amount: paid.Total}}
	readAt := func(day int) time.Time { return time.Date(2026, 2, day, 20, 0, 0, 0, time.UTC) }
	finish := func(l domain.Lease, at time.Time, read map[string]bills.Read) {
		f.Helper()
		product := domain.ProductReading{At: at}
		f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
			State: domain.PullSucceeded, Attempts: 1, At: f.now(), Bills: read,
			Bank: &domain.BankReading{Bank: product, Cards: product}, BankRead: []string{"card"}, ReadAt: f.now(),
			Coverage: domain.Coverage{After: 12 * time.Hour}, Grace: time.Hour,
		}))
	}
	read := map[string]bills.Read{"card": {Listing: bills.Listing{Bills: []bills.Data{
		paid, billOf("first", "2026-02-05", "12.5"),
	}}}}
	want := func(name string, state bills.State, coversTo domain.Date) {
		f.Helper()
		b := f.bills(account)["first"]
		f.equal(name, []any{state, coversTo}, []any{b.State, b.CoversTo})
	}
	finish(l, readAt(5), read)
	want("on the due date", bills.Due, "2026-02-04")
	finish(f.startPull(c), readAt(10), nil)
	want("after a later reading of the rows", bills.Due, "2026-02-04")
	finish(f.startPull(c), readAt(10), read)
	want("after a later reading of the bills", bills.Overdue, "2026-02-09")
}

func billsOfFailedPull(f *fixture) {
	_, l, account := f.card(cardRow("1", "first"))
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullFailed, Attempts: 1, At: f.now(), LastError: domain.AccessDenied,
		Bills: map[string]bills.Read{"card": {Listing: bills.Listing{Bills: []bills.Data{
			billOf("first", "2026-02-05", "12.5"),
		}}}},
	}))
	f.equal("bills", 0, len(f.bills(account)))
}

func billsAreListed(f *fixture) {
	_, l, account := f.card()
	f.finishWithBills(l, billOf("b", "2026-02-05", "1"), billOf("c", "2026-03-05", "2"), billOf("a", "2026-01-05", "3"))
	ids := func(window domain.Window, limit int) (ids []string) {
		f.Helper()
		for _, b := range f.listBills(account, window, limit) {
			ids = append(ids, b.ExternalID)
		}
		return ids
	}
	f.equal("all", []string{"c", "b", "a"}, ids(domain.Window{}, 1))
	f.equal("window", []string{"b"}, ids(domain.Window{From: "2026-01-06", To: "2026-02-05"}, 10))
	_, err := f.Ledger.Bills(f.ctx, f.tenant, account, domain.Window{}, domain.PageRequest{
		Limit: 1, After: domain.Position{Key: "no date", ID: newUUID()},
	})
	f.equal("a cursor of another list", true, errors.Is(err, domain.Invalid))
	other := newTenant()
	page, err := f.Ledger.Bills(f.ctx, other, account, domain.Window{}, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("of another tenant", 0, len(page.Items))
	_, err = f.Ledger.Bill(f.ctx, other, f.bills(account)["a"].ID)
	f.equal("by id", true, errors.Is(err, domain.NotFound))
	rows, err := f.Ledger.BillTransactions(f.ctx, other, f.bills(account)["a"].ID, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("its records", 0, len(rows.Items))
}

func billsAreErased(f *fixture) {
	c, l, account := f.card(cardRow("1", "first"))
	f.finishWithBills(l, billOf("first", "2026-02-05", "12.5"))
	f.finishWithRead(f.startPull(c), map[string]bills.Read{"card": {Denied: true}})
	id := f.bills(account)["first"].ID
	f.erase(c)
	_, err := f.Ledger.Bill(f.ctx, f.tenant, id)
	f.equal("the bill", true, errors.Is(err, domain.NotFound))
	o, err := f.Ledger.BillOverview(f.ctx, f.tenant, account)
	f.noError(err)
	f.equal("its list", bills.Overview{}, o)
	f.equal("its records", 0, len(f.rowsOfBill(id)))
}

func billsOfFormerCard(f *fixture) {
	c, l, account := f.card(cardRow("1", "first"))
	f.finishWithSettledBills(l, billOf("first", "2026-02-05", "40"))
	id := f.bills(account)["first"].ID
	f.equal("has a check", true, f.completeness(account).Bill != nil)
	shownAs := func(kind domain.AccountType) domain.Lease {
		l := f.startPull(c)
		data := accountData("card")
		data.Type = kind
		f.mustStorePage(l, ports.PageWrite{Listed: true, Accounts: []domain.AccountData{data}})
		return l
	}
	at := f.now()
	f.noError(f.Pulls.Finish(f.ctx, shownAs(domain.BankAccount), ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: at, ReadAt: at, BankRead: []string{"card"}, Grace: time.Hour,
		Bank: &domain.BankReading{Bank: domain.ProductReading{At: at}},
	}))
	f.equal("bills", 0, len(f.bills(account)))
	_, err := f.Ledger.Bill(f.ctx, f.tenant, id)
	f.equal("the bill", true, errors.Is(err, domain.NotFound))
	o, err := f.Ledger.BillOverview(f.ctx, f.tenant, account)
	f.noError(err)
	f.equal("the list", bills.Overview{}, o)
	f.equal("of the record", domain.CardBill{}, f.getRow(c, "1").Bill)
	got := f.completeness(account)
	f.equal("the completeness", []any{true, true}, []any{got.Bill == nil, got.DriftSince().IsZero()})
	f.finishWithBills(shownAs(domain.CreditAccount), billOf("first", "2026-02-05", "40"))
	f.equal("a card again", id, f.bills(account)["first"].ID)
	f.equal("of the record again", id, f.getRow(c, "1").Bill.ID)
}

func billEvents(f *fixture) {
	c, l, account := f.card(cardRow("1", "first"))
	s := f.subscribe(withTypes("bill.added", "bill.modified"))
	lease := f.lease(s)
	f.finishWithBills(l, billOf("first", "2026-02-05", "12.5"))
	id := f.bills(account)["first"].ID.String()
	f.equal("added", []string{"bill.added " + id}, kinds(f.appended(lease, s, 1)))
	f.finishWithBills(f.startPull(c), billOf("first", "2026-02-05", "12.5"))
	f.finishWithBills(f.startPull(c), billOf("first", "2026-02-05", "13.5"))
	f.equal("modified once", []string{"bill.modified " + id}, kinds(f.appended(lease, s, 1)))
}

func billCandidates(f *fixture) {
	debit := func(id string, day domain.Date, edits ...func(*domain.TransactionData)) domain.TransactionData {
		return row(id, append(edits, withAccount("a"), withDate(day))...)
	}
	pending := func(t *domain.TransactionData) { t.Status = domain.Pending }
	other := func(t *domain.TransactionData) { t.Amount = money("-12.51", "BRL") }
	credit := func(t *domain.TransactionData) { t.Amount = money("12.5", "BRL") }
	c, l, _ := f.accountWithRows(
		debit("early", "2026-02-01"), debit("1", "2026-02-02"), debit("2", "2026-02-05"), debit("3", "2026-02-08"),
		debit("late", "2026-02-09"), debit("pending", "2026-02-05", pending), debit("other", "2026-02-05", other),
		debit("credit", "2026-02-05", credit), debit("excluded", "2026-02-03"), debit("removed", "2026-02-03"))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"removed"}})
	f.finishWithRead(l, nil)
	f.exclude(f.getRow(c, "excluded").ID)
	f.card(cardRow("on the card", "", withDate("2026-02-05")))
	paid := func(day domain.Date, amount string) ports.BillPayment {
		p := bills.Payment{Date: day, Amount: decimal.RequireFromString(amount)}
		return ports.BillPayment{Payment: p, Currency: "BRL"}
	}
	inDollars := paid("2026-02-05", "12.5")
	inDollars.Currency = "USD"
	got, err := f.Ledger.PaymentCandidates(f.ctx, f.tenant, []ports.BillPayment{
		paid("2026-03-05", "12.5"), paid("2026-02-05", "12.50"), paid("2026-02-06", "12.51"), inDollars,
	})
	f.noError(err)
	ids := func(externalIDs ...string) (ids []domain.TransactionID) {
		for _, id := range externalIDs {
			ids = append(ids, f.getRow(c, id).ID)
		}
		return ids
	}
	f.equal("candidates", [][]domain.TransactionID{nil, ids("2", "1", "3"), ids("other"), nil}, got)
	f.storeRows(f.startPull(c), debit("4", "2026-02-04"))
	got, err = f.Ledger.PaymentCandidates(f.ctx, f.tenant, []ports.BillPayment{paid("2026-02-05", "12.5")})
	f.noError(err)
	f.equal("at most three", [][]domain.TransactionID{ids("2", "1", "4")}, got)
	got, err = f.Ledger.PaymentCandidates(f.ctx, newTenant(), []ports.BillPayment{paid("2026-02-05", "12.5")})
	f.noError(err)
	f.equal("of another tenant", [][]domain.TransactionID{nil}, got)
}
