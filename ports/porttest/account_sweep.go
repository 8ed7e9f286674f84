package porttest

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// accountSweepTests check Pulls.SweepAccounts.
var accountSweepTests = []storeTest{
	{"an account that is not listed any more is removed, and returns when it is listed", accountSweepRemoves},
	{"with two reads, two pulls in a row must not list the account", accountSweepNeedsTwoPulls},
	{"an account that was never listed is not removed", accountSweepKeepsEmbedded},
	{"an unreadable account that is listed is not removed, and returns when it is listed", accountSweepUnreadable},
	{"an unreadable account that is not listed any more is removed", accountSweepRemovesUnreadable},
	{"a claim of a pull that names accounts returns those that are removed", claimOfRemovedAccounts},
	{"rows get their account when it is stored for the first time", accountStoredLate},
	{"an account sweep is limited to its connection and its lease", accountSweepScope},
}

func (f *fixture) sweepAccounts(l domain.Lease, proof domain.AbsenceProof, listed ...string) {
	f.Helper()
	f.noError(f.Pulls.SweepAccounts(f.ctx, l, ports.AccountSweepWrite{
		Listed: listed, Ground: domain.Ground{Accounts: proof, Cards: proof}, At: f.now(), LeaseUntil: l.Until,
	}))
}

// storeAccounts stores accounts with these external ids. If listed is true, they are the vendor's complete list of
// accounts.
func (f *fixture) storeAccounts(l domain.Lease, listed bool, externalIDs ...string) {
	f.Helper()
	w := ports.PageWrite{Listed: listed}
	for _, id := range externalIDs {
		w.Accounts = append(w.Accounts, accountData(id))
	}
	f.mustStorePage(l, w)
}

// removedAccounts returns the external ids of the connection's accounts that are marked as removed.
func (f *fixture) removedAccounts(c domain.Connection) []string {
	f.Helper()
	var removed []string
	for _, a := range f.listAccounts(c) {
		if !a.RemovedAt.IsZero() {
			removed = append(removed, a.ExternalID)
			f.equal("time of the change", a.RemovedAt, a.UpdatedAt)
			f.inUTC(a.RemovedAt)
		}
	}
	return removed
}

// accountsHeldSince returns since when the removal of each account is held back, as a list and a single account say.
func (f *fixture) accountsHeldSince(c domain.Connection) (since []time.Time) {
	f.Helper()
	for _, a := range f.listAccounts(c) {
		one, err := f.Ledger.Account(f.ctx, c.Tenant, a.ID)
		f.noError(err)
		f.equal("of one account", a.RemovalHeldSince, one.RemovalHeldSince)
		since = append(since, a.RemovalHeldSince)
	}
	return since
}

// nextPull finishes the pull that the lease l belongs to. It then starts another pull of the connection and returns the
// new lease.
func (f *fixture) nextPull(c domain.Connection, l domain.Lease) domain.Lease {
	f.Helper()
	f.finish(l, domain.PullSucceeded, "")
	l, _ = f.claim(f.requestPull(c, domain.PullScope{Everything: true}).ID)
	return l
}

func accountSweepRemoves(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	f.storeRows(l, row("of b", withAccount("b")))
	before := f.listAccounts(c)
	f.sweepAccounts(l, domain.OneRead, "a", "b")
	f.equal("while both are listed", before, f.listAccounts(c))
	f.sweepAccounts(l, domain.OneRead, "a")
	f.equal("removed", []string{"b"}, f.removedAccounts(c))
	f.equal("the account that is still listed", before[0], f.listAccounts(c)[0])
	f.equal("removed transactions", []string(nil), f.removedIDs(c))
	first := f.listAccounts(c)[1]
	f.sweepAccounts(l, domain.OneRead, "a")
	f.equal("removed before", first, f.listAccounts(c)[1])

	f.storeAccounts(l, false, "b")
	f.equal("embedded in a row", []string{"b"}, f.removedAccounts(c))
	f.storeAccounts(l, true, "a", "b")
	f.equal("listed again", []string(nil), f.removedAccounts(c))
	f.equal("the id", before[1].ID, f.listAccounts(c)[1].ID)
}

func accountSweepNeedsTwoPulls(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	f.sweepAccounts(l, domain.TwoReads, "a")
	f.sweepAccounts(l, domain.TwoReads, "a")
	f.equal("after two reads of one pull", []string(nil), f.removedAccounts(c))
	l = f.nextPull(c, l)
	f.storeAccounts(l, true, "a", "b")
	f.sweepAccounts(l, domain.TwoReads, "a", "b")
	l = f.nextPull(c, l)
	f.sweepAccounts(l, domain.TwoReads, "a")
	f.equal("after it was listed in between", []string(nil), f.removedAccounts(c))
	l = f.nextPull(c, l)
	f.sweepAccounts(l, domain.TwoReads, "a")
	f.equal("after two pulls in a row", []string{"b"}, f.removedAccounts(c))
}

func accountSweepKeepsEmbedded(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, false, "a", "b")
	f.storeAccounts(l, true, "b", "c")
	f.sweepAccounts(l, domain.OneRead, "c")
	f.equal("removed", []string{"b"}, f.removedAccounts(c))
}

// quarantineAccounts stores a page with the vendor's list of accounts. The readable accounts are stored; the unreadable
// ones are only added to the quarantine.
func (f *fixture) quarantineAccounts(l domain.Lease, readable []string, unreadable ...string) {
	f.Helper()
	w := ports.PageWrite{Listed: true}
	for _, id := range readable {
		w.Accounts = append(w.Accounts, accountData(id))
	}
	for _, id := range unreadable {
		w.Quarantined = append(w.Quarantined,
			domain.NewUnreadableData(domain.QuarantinedAccount, id, domain.InvalidAmount, []byte("{}")))
	}
	f.mustStorePage(l, w)
}

// accountSweepUnreadable checks accounts that become unreadable, but that the vendor still lists. Such an account must
// not be removed. If the account was removed earlier, it must become live again. Only SweepAccounts can record the
// listing, because StorePage does not store unreadable accounts.
func accountSweepUnreadable(f *fixture) {
	for _, proof := range []domain.AbsenceProof{domain.OneRead, domain.TwoReads} {
		c, l := f.runningPull()
		f.storeAccounts(l, true, "a", "b")
		stored := f.listAccounts(c)
		for range 3 {
			f.quarantineAccounts(l, []string{"a"}, "b")
			f.sweepAccounts(l, proof, "a", "b")
			l = f.nextPull(c, l)
		}
		f.equal("while it is unreadable", stored, f.listAccounts(c))
		for range 2 {
			f.sweepAccounts(l, proof, "a")
			l = f.nextPull(c, l)
		}
		f.equal("while it is not listed", []string{"b"}, f.removedAccounts(c))
		f.quarantineAccounts(l, []string{"a"}, "b")
		f.sweepAccounts(l, proof, "a", "b")
		f.equal("unreadable and listed again", []string(nil), f.removedAccounts(c))
		f.equal("its id", stored[1].ID, f.listAccounts(c)[1].ID)

		f.sweepAccounts(l, domain.TwoReads, "a")
		l = f.nextPull(c, l)
		f.quarantineAccounts(l, []string{"a"}, "b")
		f.sweepAccounts(l, domain.TwoReads, "a", "b")
		l = f.nextPull(c, l)
		f.sweepAccounts(l, domain.TwoReads, "a")
		f.equal("after it was listed in between", []string(nil), f.removedAccounts(c))
	}
}

// accountSweepRemovesUnreadable checks that a sweep removes an account even if the account is in the quarantine, and
// that a sweep does not store an account that was never readable.
func accountSweepRemovesUnreadable(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	f.quarantineAccounts(l, []string{"a"}, "b", "never readable")
	f.sweepAccounts(l, domain.OneRead, "a", "never readable")
	f.equal("removed", []string{"b"}, f.removedAccounts(c))
	f.sweepAccounts(l, domain.OneRead, "a")
	f.equal("removed after neither is listed", []string{"b"}, f.removedAccounts(c))
	f.equal("stored accounts", 2, len(f.listAccounts(c)))
}

// accountStoredLate checks rows that were stored before their account. The rows must refer to the account as soon as
// the account is stored. At first, the account is unreadable and in the quarantine. The account is removed from the
// quarantine before it is stored.
func accountStoredLate(f *fixture) {
	c, l := f.runningPull()
	f.quarantineAccounts(l, nil, "late")
	f.storeRows(l, row("1", withAccount("late")), row("2"))
	f.mustStorePage(l, ports.PageWrite{
		Released: []domain.QuarantineKey{{Kind: domain.QuarantinedAccount, ID: "late"}},
	})
	f.storeAccounts(l, true, "late")
	stored := f.listAccounts(c)[0]
	for _, t := range f.allRows(c) {
		want, version := domain.AccountID{}, 1
		if t.ExternalID == "1" {
			want, version = stored.ID, 2
		}
		f.equal("account of "+t.ExternalID, want, t.AccountID)
		f.equal("version of "+t.ExternalID, version, t.Version)
	}
}

func claimOfRemovedAccounts(f *fixture) {
	c, l := f.runningPull()
	_, other := f.runningPull()
	f.storeAccounts(l, true, "b", "a", "c")
	f.storeAccounts(other, true, "d")
	f.sweepAccounts(l, domain.OneRead, "c")
	f.sweepAccounts(other, domain.OneRead)
	f.finish(l, domain.PullSucceeded, "")
	for _, pull := range []struct {
		name  string
		scope domain.PullScope
		want  []string
	}{
		{
			"of a pull that names an account", domain.PullScope{Changed: map[string][]string{"a": {"x"}}},
			[]string{"a", "b"},
		},
		{"of a pull that names no account", domain.PullScope{Everything: true}, nil},
	} {
		l, claimed := f.claim(f.requestPull(c, pull.scope).ID)
		f.equal("removed accounts "+pull.name, pull.want, claimed.FormerAccountIDs)
		f.finish(l, domain.PullSucceeded, "")
	}
}

func accountSweepScope(f *fixture) {
	c, l := f.runningPull()
	other, second := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	f.storeAccounts(second, true, "a")
	f.sweepAccounts(l, domain.OneRead, "b")
	f.equal("removed", []string{"a"}, f.removedAccounts(c))
	f.equal("removed of another connection", []string(nil), f.removedAccounts(other))
	late := second
	late.ID = newID[domain.Lease]()
	err := f.Pulls.SweepAccounts(f.ctx, late, ports.AccountSweepWrite{
		Ground: domain.Ground{Accounts: domain.OneRead, Cards: domain.OneRead}, At: f.now(), LeaseUntil: second.Until,
	})
	f.errorIs(err, domain.LeaseLost)
	f.equal("removed under a lost lease", []string(nil), f.removedAccounts(other))
}
