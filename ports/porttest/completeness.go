package porttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// completenessTests check the readings of accounts. A reading contains the balance of an account and the sum of the
// account's records. Pulls.Finish stores readings. The methods of Ledger return and change them.
var completenessTests = []storeTest{
	{"a settled pull stores the sum of each account's live posted records", completenessSums},
	{"a reading is compared with the baseline, also after a pull without readings", completenessDrifts},
	{"a reading without changes is stored once a day", completenessOnceADay},
	{"a record dated before the baseline's first day moves the baseline", completenessLateHistory},
	{"rows in the quarantine are counted for the accounts that they name", completenessQuarantine},
	{"records that the latest listing lacks are left out until they return or are removed", completenessAbsent},
	{"an account of which a listing lacks all rows gets no reading", completenessOfEmptyListing},
	{"running balances of the account's newest records are compared", completenessChain},
	{"announced counts are compared with the rows that were ever read", completenessCounts},
	{"an accepted anchor is the baseline of later readings", completenessAccept},
	{"the activity shows the oldest drift of the accounts that are not removed", completenessActivity},
	{"completeness is limited to the tenant", completenessTenant},
	{"balances are listed by day", completenessBalances},
}

// finishSettled marks the pull as succeeded and stores the results of a settled pull (a pull that has read everything
// while the vendor did not synchronise). The readings have the time readAt. The balances have the same time, unless
// settled.ReadAt is set. The vendor has read the bank at readAt, so readings with different times come from different
// synchronisations.
func (f *fixture) finishSettled(l domain.Lease, readAt time.Time, settled ports.SettledRead) {
	f.Helper()
	f.finishRead(l, readAt, readAt, settled)
}

// confirm runs another settled pull of the connection, after another synchronisation. The balances confirm the
// baseline.
func (f *fixture) confirm(c domain.Connection, settled ports.SettledRead) {
	f.Helper()
	f.finishSettled(f.startPull(c), f.now(), settled)
}

// finishRead is like finishSettled, but the vendor has read the bank at bankReadAt.
func (f *fixture) finishRead(l domain.Lease, readAt, bankReadAt time.Time, settled ports.SettledRead) {
	f.Helper()
	if settled.ReadAt.IsZero() {
		settled.ReadAt = readAt
	}
	read := domain.ProductReading{At: bankReadAt}
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: readAt, Settled: &settled,
		Bank:     &domain.BankReading{Bank: read, Cards: read},
		BankRead: slices.AppendSeq(slices.Clone(accountsAB), maps.Keys(settled.Balances)),
		ReadAt:   domain.Later(readAt, bankReadAt),
	}))
}

// balances returns the result of a pull that has read everything (a settled pull). The only account of the result is
// "a", with this balance.
func balances(balance string) ports.SettledRead {
	return ports.SettledRead{Balances: map[string]books.VendorBalance{
		"a": {Amount: decimal.RequireFromString(balance), Currency: "BRL"},
	}}
}

func (f *fixture) startPull(c domain.Connection) domain.Lease {
	f.Helper()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{Everything: true}).ID)
	return l
}

func (f *fixture) completeness(id domain.AccountID) books.Completeness {
	f.Helper()
	c, err := f.Ledger.Completeness(f.ctx, f.tenant, id)
	f.noError(err)
	return c
}

func completenessAbsent(f *fixture) {
	rows := []domain.TransactionData{
		row("1", withAccount("a"), withAmount("100", "BRL")),
		row("2", withAccount("a")),
		row("3", withAccount("b"), withAmount("7", "BRL")),
		row(
			"4",
			withAccount("a"),
			withAmount("5", "BRL"),
			func(o *domain.TransactionData) { o.Status = domain.Pending },
		),
	}
	c, l, id := f.accountWithRows(rows...)
	list := func(l domain.Lease, seen ...string) {
		f.Helper()
		f.sweep(l, ports.SweepWrite{Proof: domain.TwoReads}, seen...)
	}
	check := func(when, posted string, waiting int) {
		f.Helper()
		last := f.completeness(id).Last
		f.equal(when, fmt.Sprint(posted, " ", waiting), fmt.Sprint(last.Posted, " ", last.Waiting))
	}
	list(l, "1")
	f.finishSettled(l, f.now(), balances("1100"))
	check("after the first listing without 2", "100", 1)
	l = f.startPull(c)
	list(l, "1", "2", "3", "4")
	f.finishSettled(l, f.now(), balances("1100"))
	check("listed again", "87.5", 0)
	l = f.startPull(c)
	list(l, "1", "3", "4")
	f.finishSettled(l, f.now(), balances("1100"))
	check("absent again", "100", 1)
	l = f.startPull(c)
	list(l, "1", "3", "4")
	f.equal("removed", []string{"2"}, f.removedIDs(c))
	f.finishSettled(l, f.now(), balances("1100"))
	check("removed", "100", 0)
}

func completenessOfEmptyListing(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")), row("2", withAccount("a")), row("3", withAccount("a")))
	f.finishSettled(l, f.now(), balances("100"))
	first := f.completeness(id).Last
	l = f.startPull(c)
	f.sweep(l, ports.SweepWrite{Account: "a", Proof: domain.TwoReads})
	f.finishSettled(l, f.now(), balances("100"))
	after := f.completeness(id)
	f.equal("no second reading", first, after.Last)
	f.equal("held back", true, !after.Held.Since.IsZero())
}

// accountWithRows creates a connection with the accounts "a" and "b", and stores these rows in a running pull. It
// returns the connection, the lease of the pull, and the id of the account "a". The default amount of a row is
// -12.5 BRL.
func (f *fixture) accountWithRows(rows ...domain.TransactionData) (domain.Connection, domain.Lease, domain.AccountID) {
	f.Helper()
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	f.storeRows(l, rows...)
	return c, l, f.listAccounts(c)[0].ID
}

func withAmount(amount, currency string) func(*domain.TransactionData) {
	return func(o *domain.TransactionData) { o.Amount = money(amount, currency) }
}

func (f *fixture) anchor(c books.Completeness) string {
	f.Helper()
	if c.Last == nil {
		return "no reading"
	}
	anchor, ok := c.Last.Anchor()
	if !ok {
		return "no anchor"
	}
	return anchor.String()
}

func completenessSums(f *fixture) {
	pending := func(o *domain.TransactionData) { o.Status = domain.Pending }
	foreign := func(o *domain.TransactionData) {
		brl := money("-51.25", "BRL")
		o.Amount, o.AccountMoney = money("-10", "USD"), &brl
	}
	c, l, id := f.accountWithRows(row("1", withAccount("a")), row("2", withAccount("a"), foreign),
		row("3", withAccount("a"), pending, withDate("2026-01-05")), row("4", withAccount("b")), row("5"),
		row("6", withAccount("a")))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"6"}})
	at := f.now()
	f.finishSettled(l, at, balances("36.25"))
	got := f.completeness(id)
	f.equal("anchor", "100", f.anchor(got))
	f.equal("posted", "-63.75", got.Last.Posted.String())
	f.equal("first day", domain.Date("2026-01-05"), got.Last.FirstDay)
	f.equal("time", at, got.Last.At)
	f.equal("known", true, got.Known())
	other := f.completeness(f.listAccounts(c)[1].ID)
	f.equal("an account that was not read", true, other.Last == nil && other.Baseline == nil)

	l = f.startPull(c)
	f.storeRows(l, row("7", withAccount("a"), withAmount("1", "USD")))
	f.finishSettled(l, f.now(), balances("36.25"))
	f.equal("with an amount in another currency", books.BasisCurrency, f.completeness(id).BasisAt(f.now(), 0))
}

func completenessDrifts(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	f.finishSettled(l, f.now(), balances("100"))
	l = f.startPull(c)
	f.storeRows(l, row("2", withAccount("a")))
	f.finish(l, domain.PullSucceeded, "")
	l = f.startPull(c)
	at := f.now()
	f.finishSettled(l, at, balances("100"))
	got := f.completeness(id)
	f.equal("anchor", "125", f.anchor(got))
	f.equal("drift", at, got.DriftSince())
	l = f.startPull(c)
	f.finishSettled(l, f.now(), balances("87.5"))
	f.equal("drift after the balance has followed", true, f.completeness(id).DriftSince().IsZero())
}

func completenessOnceADay(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	at := f.now()
	f.finishSettled(l, at, balances("100"))
	for _, step := range []struct {
		later time.Duration
		want  time.Duration
	}{{2 * time.Hour, 0}, {26 * time.Hour, 26 * time.Hour}, {27 * time.Hour, 26 * time.Hour}} {
		// The reading after two hours is not checked. A store may skip it, because nothing has changed. A store may
		// also store it: if the clocks of two processes differ, the rows may seem newer than the first reading.
		l := f.startPull(c)
		f.finishRead(l, at.Add(step.later), at, balances("100"))
		if step.want > 0 {
			f.equal("time of the reading", at.Add(step.want), f.completeness(id).Last.At)
		}
	}
}

func completenessLateHistory(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-02-10")))
	f.finishSettled(l, f.now(), balances("100"))
	l = f.startPull(c)
	f.storeRows(l, row("2", withAccount("a"), withDate("2026-02-09")),
		row("3", withAccount("a"), withDate("2026-02-11")))
	f.finishSettled(l, f.now(), balances("87.5"))
	got := f.completeness(id)
	f.equal("late", "-12.5", got.Last.Late.String())
	f.equal("drift", true, got.DriftSince().IsZero())
}

func completenessQuarantine(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")), row("2", withAccount("b")))
	f.mustStorePage(l, ports.PageWrite{Quarantined: []domain.UnreadableData{
		domain.NewUnreadableData(domain.QuarantinedTransaction, "q", domain.InvalidAmount,
			json.RawMessage(`{"id":"q","accountId":"a"}`)),
	}})
	read := balances("100")
	read.Balances["b"], read.Quarantined = read.Balances["a"], true
	f.finishSettled(l, f.now(), read)
	f.equal("first basis", books.BasisFirst, f.completeness(id).BasisAt(f.now(), 0))
	f.confirm(c, read)
	f.equal("basis", books.BasisQuarantined, f.completeness(id).BasisAt(f.now(), 0))
	f.equal(
		"basis of another account",
		books.BasisBaseline,
		f.completeness(f.listAccounts(c)[1].ID).BasisAt(f.now(), 0),
	)
	l = f.startPull(c)
	f.mustStorePage(l, ports.PageWrite{Released: []domain.QuarantineKey{
		{Kind: domain.QuarantinedTransaction, ID: "q"},
	}})
	f.finishSettled(l, f.now(), balances("100"))
	f.confirm(c, balances("100"))
	f.equal("basis afterwards", books.BasisBaseline, f.completeness(id).BasisAt(f.now(), 0))
}

func completenessChain(f *fixture) {
	_, l, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-02-01")),
		row("2", withAccount("a"), withDate("2026-02-02")), row("3", withAccount("a"), withDate("2026-02-03")),
		row("4", withAccount("b"), withDate("2026-02-02")))
	read := balances("62.5")
	running := map[string]string{`{"id": "1"}`: "87.5", `{"id": "2"}`: "75", `{"id": "3"}`: "60"}
	read.RunningBalance = func(metadata json.RawMessage) books.RunningBalance {
		text, ok := running[string(metadata)]
		if !ok {
			return books.RunningBalance{}
		}
		balance := decimal.RequireFromString(text)
		return books.RunningBalance{Balance: &balance}
	}
	f.finishSettled(l, f.now(), read)
	got := f.completeness(id).Last
	f.equal("links", 2, got.Links)
	f.equal("gaps", 1, len(got.Gaps))
	f.equal("expected", "62.5", got.Gaps[0].Expected.String())
	f.equal("actual", "60", got.Gaps[0].Actual.String())
}

// completenessCounts checks the numbers of rows that the vendor's webhooks have announced. Only a settled pull (see
// finishSettled) compares these numbers with the stored rows.
//
// The number that is announced first for the account "a" covers the rows created after a given time. Two rows do not
// count: row "1" is older, and row "4" belongs to another account.
func completenessCounts(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-02-01")))
	f.finishSettled(l, f.now(), balances("100"))
	from := f.now()
	announce := func(l domain.Lease, counts ...domain.AnnouncedCount) {
		f.Helper()
		f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
			State: domain.PullSucceeded, Attempts: 1, At: f.now(), Announced: counts,
		}))
	}
	count := func(step string, drifts bool, expected, actual int) {
		f.Helper()
		l, read := f.startPull(c), balances("100")
		read.CreatedAt = func(metadata json.RawMessage) (at time.Time) {
			if string(metadata) == `{"id": "1"}` {
				at = from.Add(-time.Second)
			}
			return at
		}
		f.finishSettled(l, f.now(), read)
		got := f.completeness(id)
		if got.Counted == nil {
			f.Fatalf("%s: no count was compared", step)
		}
		f.equal(step, []any{drifts, expected, actual},
			[]any{!got.CountDrift.IsZero(), got.Counted.Expected, got.Counted.Actual})
	}
	l = f.startPull(c)
	f.storeRows(l, row("4", withAccount("b")))
	announce(l, domain.AnnouncedCount{Account: "a", From: from, Count: 2},
		domain.AnnouncedCount{Account: "b", From: from, Count: 9})
	f.equal("before a settled pull", true, f.completeness(id).Counted == nil)
	count("no row was read", true, 2, 0)

	r := &replacements{fixture: f, c: c, l: f.startPull(c)}
	r.page(listing(), purchase("2"))
	r.next()
	r.remove("2")
	r.page(news(), purchase("3"))
	f.equal("a row that continues another one", []string{"2"}, []string{f.getRow(c, "3").Supersedes[0].ExternalID})
	f.finish(r.l, domain.PullSucceeded, "")
	count("the row and the one that continues it", false, 2, 2)
	f.equal("a count that was reached", 0, len(f.completeness(id).Announced))

	announce(f.startPull(c), domain.AnnouncedCount{Count: 5})
	count("all rows of the account reference", true, 5, 4)
	r.l = f.startPull(c)
	r.remove("1")
	r.mustStorePage(r.l, ports.PageWrite{Transactions: []domain.TransactionData{row("5")}, Progress: listing()})
	f.finish(r.l, domain.PullSucceeded, "")
	count("a row that was removed and one without an account", false, 5, 5)
}

func completenessAccept(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	f.finishSettled(l, f.now(), balances("100"))
	refused := errors.New("refused")
	_, err := f.Ledger.UpdateCompleteness(f.ctx, f.tenant, id,
		nil, func(books.Completeness) (books.Completeness, error) { return books.Completeness{}, refused })
	f.errorIs(err, refused)
	f.equal("after a refused edit", "112.5", f.anchor(f.completeness(id)))
	l = f.startPull(c)
	f.finishSettled(l, f.now(), balances("50"))
	at := f.now()
	accepted, err := f.Ledger.UpdateCompleteness(f.ctx, f.tenant, id,
		nil, func(c books.Completeness) (books.Completeness, error) { return c.Accept("a reason", at) })
	f.noError(err)
	f.equal("returned", accepted.Baseline.Anchor.String(), "62.5")
	got := f.completeness(id)
	f.equal("reason", "a reason", got.Baseline.Reason)
	f.equal("since", at, got.Since)
	l = f.startPull(c)
	f.finishSettled(l, f.now(), balances("50"))
	f.equal("drift after it was accepted", true, f.completeness(id).DriftSince().IsZero())
}

func completenessActivity(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	facts := func() domain.ConnectionFacts { return f.factsOf(c) }
	f.equal("before a reading", false, facts().Compared)
	read := balances("100")
	f.finishSettled(l, f.now(), read)
	f.confirm(c, read)
	f.equal("while one account is unknown", false, facts().Compared)
	read.Balances["b"] = books.VendorBalance{Missing: books.BasisInvoice}
	f.confirm(c, read)
	f.equal("while the other account has nothing to compare", true, facts().Compared)
	f.equal("without a drift", true, facts().DriftSince.IsZero())
	l = f.startPull(c)
	f.finishSettled(l, f.now(), balances("50"))
	f.equal("drift", f.completeness(id).DriftSince(), facts().DriftSince)
	l = f.startPull(c)
	f.sweepAccounts(l, domain.OneRead, "b")
	f.equal("drift of a removed account", true, facts().DriftSince.IsZero())
	f.equal("a removed account", false, facts().Compared)
}

func completenessTenant(f *fixture) {
	_, l, id := f.accountWithRows(row("1", withAccount("a")))
	f.finishSettled(l, f.now(), balances("100"))
	other := newTenant()
	_, err := f.Ledger.Completeness(f.ctx, other, id)
	f.errorIs(err, domain.NotFound)
	_, err = f.Ledger.Completeness(f.ctx, f.tenant, newID[domain.Account]())
	f.errorIs(err, domain.NotFound)
	_, err = f.Ledger.UpdateCompleteness(f.ctx, other, id,
		nil, func(c books.Completeness) (books.Completeness, error) { return c, nil })
	f.errorIs(err, domain.NotFound)
	page, err := f.Ledger.Balances(f.ctx, other, id, domain.Window{}, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("balances of another tenant", 0, len(page.Items))
}

func completenessBalances(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	start := f.now()
	f.finishSettled(l, start, balances("100"))
	for day := 1; day < 5; day++ {
		l := f.startPull(c)
		f.finishSettled(l, start.Add(time.Duration(day)*24*time.Hour), balances("100.50"))
	}
	l = f.startPull(c)
	f.finishSettled(l, start.Add(4*24*time.Hour+time.Hour), balances("7"))
	list := func(window domain.Window) []books.AccountBalance {
		return collectPages(f, 2, func(page domain.PageRequest) (domain.Page[books.AccountBalance], error) {
			return f.Ledger.Balances(f.ctx, f.tenant, id, window, page)
		}, nil)
	}
	all := list(domain.Window{})
	f.equal("days", 5, len(all))
	f.equal("newest day", domain.Date("2026-03-05"), all[0].Day)
	f.equal("last reading of the day", "7 -12.5 19.5 BRL", all[0].Balance.String()+" "+all[0].Posted.String()+" "+
		all[0].Anchor.String()+" "+all[0].Currency)
	f.equal("exact balance", true, all[1].Balance.Cmp(decimal.RequireFromString("100.5")) == 0)
	f.equal("time", start, all[4].At)
	f.inUTC(all[4].At)
	f.equal("window", 2, len(list(domain.Window{From: "2026-03-02", To: "2026-03-03"})))
	_, err := f.Ledger.Balances(f.ctx, f.tenant, id, domain.Window{}, domain.PageRequest{
		Limit: 10, After: domain.Position{Key: "a name", ID: newUUID()},
	})
	f.invalidCursor("a name", err)
}
