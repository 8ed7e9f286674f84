package porttest

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var institutionTests = []storeTest{
	{"the activity of a bank is that of the pulls of its live connections", bankActivity},
	{"the delay of a reading counts from the end of each day before it", bankDelays},
}

// bankDays are the days of the tests of banks. They end at 3 in the morning (UTC).
var bankDays = domain.Coverage{After: 12 * time.Hour, Offset: -3 * time.Hour}

// readBankAt ends the pull. The bank was read at the given time.
func (f *fixture) readBankAt(l domain.Lease, at time.Time) {
	f.Helper()
	bank, read := bankOf(at), balances("100")
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: at, Settled: &read, Bank: &bank, BankRead: accountsAB,
		ReadAt: at, Coverage: bankDays,
	}))
}

func (f *fixture) activityOf(
	tenant domain.TenantID, since time.Time, banks ...string,
) map[string]domain.InstitutionActivity {
	f.Helper()
	keys := make([]domain.InstitutionKey, len(banks))
	for i, id := range banks {
		keys[i] = domain.InstitutionKey{Vendor: vendor, ID: id}
	}
	found, err := f.Connections.InstitutionActivity(f.ctx, tenant, keys, since, bankDays)
	f.noError(err)
	activity := map[string]domain.InstitutionActivity{}
	for key, a := range found {
		f.equal("vendor", vendor, key.Vendor)
		activity[key.ID] = a
	}
	return activity
}

func bankActivity(f *fixture) {
	type activity = map[string]domain.InstitutionActivity
	tuesday := time.Date(2026, time.March, 3, 12, 30, 0, 0, time.UTC) // half past nine: Sunday is covered
	r := newReplacements(f)
	r.remove("x")
	f.readBankAt(r.l, tuesday)
	r.l = f.startPull(r.c)
	f.equal("another id", domain.Counts{Read: 1, Modified: 1, IDChanges: 1}, r.page(news(), purchase("y")))
	page := ports.PageWrite{Coverage: bankDays, Transactions: []domain.TransactionData{
		row("late", withAccount("a"), withDate("2026-03-01")), row("new", withAccount("a"), withDate("2026-03-02")),
		row("of b", withAccount("b"), withDate("2026-03-01")), row("of no account", withDate("2026-03-01")),
		purchase("y", withDescription("edited"), withDate("2026-03-01")),
	}}
	want := domain.Counts{Read: 5, Added: 4, Modified: 1, LateRows: 2}
	f.equal("late rows", want, f.mustStorePage(r.l, page))
	want = domain.Counts{Read: 6, Added: 4, Modified: 2, IDChanges: 1, LateRows: 2}
	f.equal("of the pull", want, f.getPull(r.l.Pull).Counts)
	f.equal("of a pull under way", activity{"612": {Accounts: 2}}, f.activityOf(f.tenant, epoch, "612"))
	f.readBankAt(r.l, tuesday)

	other, l := f.runningPull()
	f.storeAccounts(l, true, "a", "c")
	f.sweepAccounts(l, domain.OneRead, "a")
	f.readBankAt(l, tuesday)
	whole := activity{"612": {Accounts: 3, IDChanges: 1, LateRows: 2}}
	f.equal("of both connections", whole, f.activityOf(f.tenant, tuesday, "612", "613", "\x00"))
	f.equal("later", activity{"612": {Accounts: 3}}, f.activityOf(f.tenant, tuesday.Add(time.Second), "612"))
	f.equal("of another bank", activity{}, f.activityOf(f.tenant, epoch, "613"))
	f.equal("of no bank", activity{}, f.activityOf(f.tenant, epoch))
	f.equal("of another tenant", activity{}, f.activityOf(newTenant(), epoch, "612"))
	f.deleteConnection(r.c)
	f.equal("of one connection", activity{"612": {Accounts: 1}}, f.activityOf(f.tenant, epoch, "612"))
	f.deleteConnection(other)
	f.equal("of no connection", activity{}, f.activityOf(f.tenant, epoch, "612"))
}

func bankDelays(f *fixture) {
	c, l, _ := f.accountWithRows(row("1", withAccount("a")))
	on := func(day, hour, minute int) time.Time {
		return time.Date(2026, time.March, day, hour, minute, 0, 0, time.UTC)
	}
	f.readBankAt(l, on(2, 20, 0))
	for _, at := range []time.Time{
		on(3, 2, 59),  // the day has not ended
		on(3, 5, 30),  // 2 hours after the end of Monday
		on(3, 20, 0),  // the day was read already
		on(4, 2, 59),  // still the same day
		on(6, 4, 10),  // after the ends of three days
		on(6, 4, 10),  // the same reading
		on(7, 11, 59), // 8 hours
	} {
		f.readBankAt(f.startPull(c), at)
	}
	delays := func(since time.Time) domain.ReadingDelays {
		return f.activityOf(f.tenant, since, "612")["612"].Delays
	}
	f.equal("all", domain.ReadingDelays{2: 1, 1: 1, 25: 1, 49: 1, 8: 1}, delays(on(2, 20, 0)))
	f.equal("since Tuesday", domain.ReadingDelays{1: 1, 25: 1, 49: 1, 8: 1}, delays(on(3, 4, 0)))
	f.equal("after the last", domain.ReadingDelays(nil), delays(on(8, 4, 0)))
}
