package porttest

import (
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var bankReadingTests = []storeTest{
	{"a pull that reads everything moves the reading of each account, and nothing else", bankReadAtMoves},
	{"a pull moves the reading of no account that it has not listed", bankReadAtStays},
	{"a close that was not covered states since when it is", bankReadCoversClose},
	{"a close of a day that only the rows cover is unverified", rowsReadLater},
	{"a stale connection is announced once, and so is its end", bankReadStale},
}

// accountsAB are the external ids of the accounts of fixture.accountWithRows.
var accountsAB = []string{"a", "b"}

// readBank ends the pull with a statement of the vendor about the bank. The pull has listed all accounts.
func (f *fixture) readBank(l domain.Lease, b domain.BankReading, everything bool) {
	f.Helper()
	var listed []string
	if everything {
		listed = accountsAB
	}
	f.readListed(l, b, balances("100"), listed...)
}

// readListed is like readBank, for a pull that has read everything of the listed accounts.
func (f *fixture) readListed(l domain.Lease, b domain.BankReading, read ports.SettledRead, listed ...string) {
	f.Helper()
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: f.now(), Settled: &read, Bank: &b, BankRead: listed,
		ReadAt: f.now(), Coverage: domain.Coverage{After: 12 * time.Hour}, Grace: time.Hour,
	}))
}

func bankOf(at time.Time) domain.BankReading {
	return domain.BankReading{
		Bank: domain.ProductReading{At: at}, Cards: domain.ProductReading{At: at}, Every: 6 * time.Hour,
		Institution: domain.Institution{ID: "612", Name: "Nubank"},
	}
}

func bankReadAtMoves(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	before := f.listAccounts(c)[0]
	first := f.now().Add(-time.Hour)
	f.readBank(l, bankOf(first), false)
	f.equal("after a pull of some rows", time.Time{}, f.listAccounts(c)[0].BankReadAt)
	f.readBank(f.startPull(c), bankOf(first), true)
	got, err := f.Ledger.Account(f.ctx, f.tenant, id)
	f.noError(err)
	f.equal("in the account", first, got.BankReadAt)
	f.equal("the time of the last change", before.UpdatedAt, got.UpdatedAt)
	f.equal("in the completeness", first, f.completeness(id).BankReadAt())
	failing := bankOf(f.now())
	failing.Failing, failing.Institution = true, domain.Institution{}
	f.readBank(f.startPull(c), failing, true)
	f.equal("after a failed synchronisation", first, f.listAccounts(c)[0].BankReadAt)
	facts := f.factsOf(c)
	f.equal("of the connection", first, facts.BankReadAt)
	f.equal("bank", domain.BankFacts{
		Institution: domain.Institution{ID: "612", Name: "Nubank"}, Every: 6 * time.Hour,
	}, facts.Bank)
}

// bankReadAtStays checks that an account is still live, but keeps its reading while the vendor's list lacks it.
func bankReadAtStays(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-01-02")))
	thursday := time.Date(2026, 1, 8, 20, 0, 0, 0, time.UTC)
	friday, rules := thursday.AddDate(0, 0, 1), domain.Coverage{After: 12 * time.Hour}
	f.readBank(l, bankOf(thursday), true)
	closed, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, books.CloseRequest{
		Date: "2026-01-08", At: f.now(), By: "test", Grace: time.Hour, Coverage: rules,
	}, ports.CloseSteps{}, nil)
	f.noError(err)
	f.equal("the close", books.NotCovered, closed.Completeness)
	check := func(when string, a, b time.Time) {
		f.Helper()
		accounts := f.listAccounts(c)
		f.equal(when, []time.Time{a, b}, []time.Time{accounts[0].BankReadAt, accounts[1].BankReadAt})
		f.equal("live", []time.Time{{}, {}}, []time.Time{accounts[0].RemovedAt, accounts[1].RemovedAt})
	}
	f.readListed(f.startPull(c), bankOf(friday), ports.SettledRead{}, "b")
	check("after a list without a", thursday, friday)
	f.readListed(f.startPull(c), bankOf(friday.Add(time.Hour)), ports.SettledRead{})
	check("after an empty list", thursday, friday)
	f.equal("of the connection", thursday, f.factsOf(c).BankReadAt)
	covered, err := f.Ledger.Closes(f.ctx, f.tenant, id, false, domain.PageRequest{Limit: 9})
	f.noError(err)
	f.equal("the close is not covered", true, covered.Items[0].CoveredSince.IsZero())
	f.readListed(f.startPull(c), bankOf(friday), balances("100"), accountsAB...)
	check("listed again", friday, friday)
}

func bankReadCoversClose(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-01-02")))
	friday := time.Date(2026, 1, 9, 20, 0, 0, 0, time.UTC)
	rules := domain.Coverage{After: 12 * time.Hour}
	f.readBank(l, bankOf(friday.AddDate(0, 0, -1)), true)
	f.readBank(f.startPull(c), bankOf(friday), true)
	closed := func(date domain.Date) books.Close {
		f.Helper()
		got, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, books.CloseRequest{
			Date: date, At: f.now(), By: "test", Grace: time.Hour, Coverage: rules,
		}, ports.CloseSteps{}, nil)
		f.noError(err)
		return got
	}
	thursday, sunday := closed("2026-01-08"), closed("2026-01-11")
	f.equal("covered", []any{books.Complete, friday}, []any{thursday.Completeness, thursday.BankReadAt})
	f.equal("not covered", []any{books.NotCovered, time.Time{}}, []any{sunday.Completeness, sunday.CoveredSince})
	monday := friday.AddDate(0, 0, 3)
	f.readBank(f.startPull(c), bankOf(monday.Add(-10*time.Hour)), true) // 10 in the morning
	f.equal("too early", time.Time{}, closed("2026-01-11").CoveredSince)
	f.readBank(f.startPull(c), bankOf(monday), true)
	again := closed("2026-01-11")
	f.equal("later", []any{books.NotCovered, books.Complete}, []any{again.Completeness, again.CoveredCompleteness})
	f.equal("since", false, again.CoveredSince.IsZero())
	f.equal("the rest", []any{sunday.Digest, sunday.BankReadAt, sunday.ClosedAt},
		[]any{again.Digest, again.BankReadAt, again.ClosedAt})
	f.equal("the covered one", time.Time{}, closed("2026-01-08").CoveredSince)
}

// rowsReadLater checks a close after a pull that has read all rows, but whose balance was not compared with them.
func rowsReadLater(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-01-02")))
	wednesday := time.Date(2026, 1, 7, 20, 0, 0, 0, time.UTC)
	rules := domain.Coverage{After: 12 * time.Hour}
	f.readBank(l, bankOf(wednesday.AddDate(0, 0, -1)), true)
	f.readBank(f.startPull(c), bankOf(wednesday), true)
	closed := func(date domain.Date) books.Close {
		f.Helper()
		got, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, books.CloseRequest{
			Date: date, At: f.now(), By: "test", Grace: time.Hour, Coverage: rules,
		}, ports.CloseSteps{}, nil)
		f.noError(err)
		return got
	}
	f.equal("not covered", books.NotCovered, closed("2026-01-08").Completeness)
	friday := wednesday.AddDate(0, 0, 2)
	bank := bankOf(friday)
	f.noError(f.Pulls.Finish(f.ctx, f.startPull(c), ports.Outcome{
		State: domain.PullSucceeded, Attempts: 2, At: f.now(), Bank: &bank, BankRead: accountsAB, ReadAt: f.now(),
		Coverage: rules, Grace: time.Hour,
	}))
	account, err := f.Ledger.Account(f.ctx, f.tenant, id)
	f.noError(err)
	f.equal("in the account", friday, account.BankReadAt)
	f.equal("in the completeness", wednesday, f.completeness(id).BankReadAt())
	f.equal("a close waits for a balance", time.Time{}, closed("2026-01-08").CoveredSince)
	f.noError(f.Ledger.ReopenPeriod(f.ctx, f.tenant, id, "2026-01-08", f.now(), nil))
	for day, want := range map[domain.Date]books.CompletenessState{
		"2026-01-06": books.Complete, "2026-01-08": books.Unverified, "2026-01-09": books.NotCovered,
	} {
		got := closed(day)
		f.equal("the close of "+string(day), []any{want, friday}, []any{got.Completeness, got.BankReadAt})
	}
	f.readBank(f.startPull(c), bankOf(friday), true)
	f.noError(f.Ledger.ReopenPeriod(f.ctx, f.tenant, id, "2026-01-08", f.now(), nil))
	f.equal("after the next reading", books.Complete, closed("2026-01-08").Completeness)
}

func bankReadStale(f *fixture) {
	c, l, _ := f.accountWithRows(row("1", withAccount("a")))
	old := f.now().Add(-48 * time.Hour)
	f.readBank(l, bankOf(old), true)
	listed := func(cutoff time.Time) bool {
		f.Helper()
		found, err := f.Connections.ListMaybeStale(f.ctx, cutoff, domain.ConnectionID{}, 10_000)
		f.noError(err)
		return slices.ContainsFunc(found, func(got domain.Connection) bool {
			return got.ID == c.ID && got.Tenant == f.tenant
		})
	}
	f.equal("before the cutoff", true, listed(old.Add(time.Second)))
	f.equal("after the cutoff", false, listed(old))
	s := f.subscribe(withTypes("connection.stale", "connection.current"))
	lease := f.lease(s)
	announce := func(stale bool) bool {
		f.Helper()
		changed, err := f.Connections.AnnounceStale(f.ctx, f.tenant, c.ID, stale, f.now())
		f.noError(err)
		return changed
	}
	f.equal("current already", false, announce(false))
	f.equal("stale", []bool{true, false}, []bool{announce(true), announce(true)})
	f.equal("event", []string{"connection.stale " + c.ID.String()}, kinds(f.appended(lease, s, 1)))
	f.equal("in the facts", true, f.factsOf(c).StaleAnnounced)
	f.equal("announced", true, listed(old))
	f.readBank(f.startPull(c), bankOf(f.now()), true)
	f.equal("after a pull", true, f.factsOf(c).StaleAnnounced)
	f.equal("current", true, announce(false))
	f.equal("second event", []string{"connection.current " + c.ID.String()}, kinds(f.appended(lease, s, 1)))
	attention, err := f.Connections.CountAttention(f.ctx, f.now())
	f.noError(err)
	f.equal("measured", true, slices.ContainsFunc(attention.BankReadings, func(r ports.BankReading) bool {
		return r.Institution == "612" && !r.At.IsZero()
	}))
}
