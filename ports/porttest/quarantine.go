package porttest

import (
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// quarantineTests check the quarantine, which keeps the rows that cannot be normalised. They also check that
// announced removals are applied early if their pull must wait for an earlier pull.
var quarantineTests = []storeTest{
	{"a quarantined row keeps its bytes, and is replaced when it is read again", quarantineKeepsRows},
	{"a quarantined row leaves the stored row with the same id unchanged", quarantineLeavesStored},
	{"a quarantined row counts once per pull", quarantineCounts},
	{"a released row leaves the quarantine, and stays if it is quarantined by the same page", quarantineReleases},
	{"an account that leaves the quarantine gets its rows", quarantineAttachesRows},
	{"a full quarantine counts further rows but does not keep them", quarantineIsBounded},
	{"a claim and the activity know the quarantine of the connection only", quarantineIsPerConnection},
	{"a claim knows a row without an id that the current target has shown", quarantineOfTarget},
	{"a quarantine is listed newest first, page by page", quarantinePages},
	{"announced removals are applied while another pull waits for its next attempt", removesAnnounced},
	{"announced removals of a pull that can start are left to that pull", removesAnnouncedOnlyIfBlocked},
}

func unreadable(id string, reason domain.Code, payload string) domain.UnreadableData {
	return domain.NewUnreadableData(domain.QuarantinedTransaction, id, reason, []byte(payload))
}

func (f *fixture) listQuarantine(c domain.Connection) []domain.QuarantinedRow {
	f.Helper()
	return collectPages(f, 3, func(page domain.PageRequest) (domain.Page[domain.QuarantinedRow], error) {
		return f.Ledger.Quarantine(f.ctx, c.Tenant, c.ID, page)
	}, nil)
}

func quarantineKeepsRows(f *fixture) {
	c, l := f.runningPull()
	at := f.now()
	rows := []domain.UnreadableData{unreadable("1", domain.InvalidText, "{\"id\":\"1\",\"x\":\"\xff\x00\"}")}
	counts := f.mustStorePage(l, ports.PageWrite{Quarantined: rows, At: at})
	f.equal("counts", domain.Counts{Quarantined: 1}, counts)
	got := f.listQuarantine(c)
	f.equal("quarantine", []domain.QuarantinedRow{{
		ID: got[0].ID, Tenant: c.Tenant, Connection: c.ID, UnreadableData: rows[0], Pull: l.Pull,
		FirstSeenAt: at, LastSeenAt: at,
	}}, got)
	f.inUTC(got[0].FirstSeenAt, got[0].LastSeenAt)
	again := f.now()
	changed := unreadable("1", domain.UnknownStatus, "7")
	f.mustStorePage(l, ports.PageWrite{Quarantined: []domain.UnreadableData{rows[0], changed}, At: again})
	want := got[0]
	want.UnreadableData, want.LastSeenAt = changed, again
	f.equal("replaced", []domain.QuarantinedRow{want}, f.listQuarantine(c))
}

func quarantineLeavesStored(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"))
	before := f.getRow(c, "1")
	f.mustStorePage(l, ports.PageWrite{
		Quarantined: []domain.UnreadableData{unreadable("1", domain.UnknownType, "{}")}, At: f.now(),
	})
	f.equal("row", before, f.getRow(c, "1"))
}

func quarantineCounts(f *fixture) {
	c, l := f.runningPull()
	write := ports.PageWrite{Quarantined: []domain.UnreadableData{
		unreadable("1", domain.UnknownType, "{}"), unreadable("2", domain.UnknownType, "{}"),
	}}
	write.At = f.now()
	f.equal("first page", 2, f.mustStorePage(l, write).Quarantined)
	f.equal("the page again", 0, f.mustStorePage(l, write).Quarantined)
	f.finish(l, domain.PullSucceeded, "")
	f.equal("pull", 2, f.getPull(l.Pull).Counts.Quarantined)
	l, _ = f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.equal("the next pull", 2, f.mustStorePage(l, write).Quarantined)
}

func quarantineReleases(f *fixture) {
	c, l := f.runningPull()
	rows := []domain.UnreadableData{
		unreadable("1", domain.UnknownType, "1"), unreadable("2", domain.UnknownType, "2"),
		domain.NewUnreadableData(domain.QuarantinedAccount, "1", domain.InvalidAmount, []byte("3")),
	}
	f.mustStorePage(l, ports.PageWrite{Quarantined: rows, At: f.now()})
	f.mustStorePage(l, ports.PageWrite{
		Released:    []domain.QuarantineKey{rows[0].QuarantineKey, rows[1].QuarantineKey},
		Quarantined: rows[1:2], At: f.now(),
	})
	var payloads []string
	for _, row := range f.listQuarantine(c) {
		payloads = append(payloads, string(row.Payload))
	}
	slices.Sort(payloads)
	f.equal("quarantine", []string{"2", "3"}, payloads)
}

func quarantineAttachesRows(f *fixture) {
	c, l := f.runningPull()
	odd := domain.NewUnreadableData(domain.QuarantinedAccount, "acc", domain.InvalidAmount, []byte("{}"))
	f.mustStorePage(l, ports.PageWrite{
		Quarantined: []domain.UnreadableData{odd}, At: f.now(),
		Transactions: []domain.TransactionData{row("1", withAccount("acc")), row("2", withAccount("other"))},
	})
	f.equal("account of the row", true, f.getRow(c, "1").AccountID.IsZero())
	f.equal("counts", domain.Counts{Accounts: 1, Modified: 1}, f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{
			accountData("acc"),
		},
		Released: []domain.QuarantineKey{odd.QuarantineKey},
		At:       f.now(),
	}))
	attached := f.getRow(c, "1")
	f.equal("account of the row", f.listAccounts(c)[0].ID, attached.AccountID)
	f.equal("version", 2, attached.Version)
	f.equal("version of the other row", 1, f.getRow(c, "2").Version)
}

func quarantineIsBounded(f *fixture) {
	c, l := f.runningPull()
	var rows []domain.UnreadableData
	for i := range domain.MaxQuarantined + 1 {
		rows = append(rows, unreadable(fmt.Sprint(i), domain.UnknownType, "{}"))
	}
	f.equal("counts", len(rows), f.mustStorePage(l, ports.PageWrite{Quarantined: rows, At: f.now()}).Quarantined)
	f.equal("kept", domain.MaxQuarantined, f.factsOf(c).Quarantined)
}

func quarantineIsPerConnection(f *fixture) {
	c, l := f.runningPull()
	other, second := f.runningPull()
	key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: "1"}
	for _, lease := range []domain.Lease{l, second} {
		f.mustStorePage(lease, ports.PageWrite{
			Quarantined: []domain.UnreadableData{unreadable("1", domain.UnknownType, "{}")}, At: f.now(),
		})
	}
	f.mustStorePage(second, ports.PageWrite{Released: []domain.QuarantineKey{key}, At: f.now()})
	f.equal("quarantined", 1, f.factsOf(c).Quarantined)
	f.equal("quarantined by the other connection", 0, f.factsOf(other).Quarantined)
	page, err := f.Ledger.Quarantine(f.ctx, newTenant(), c.ID, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("another tenant's view", 0, len(page.Items))
	f.finish(l, domain.PullSucceeded, "")
	_, claimed := f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.equal("claimed", []domain.QuarantineKey{key}, claimed.Quarantine)
}

func quarantineOfTarget(f *fixture) {
	c, l := f.runningPull()
	nameless := ports.PageWrite{Quarantined: []domain.UnreadableData{
		unreadable(domain.UnreadableRowID([]byte("{}")), domain.UnknownType, "{}"),
	}}
	claimed := func() (domain.Lease, bool) {
		lease, claimed := f.claim(f.requestPull(c, domain.PullScope{}).ID)
		f.equal("quarantined", 1, len(claimed.Quarantine))
		return lease, claimed.Nameless
	}
	nameless.At = f.now()
	f.mustStorePage(l, nameless)
	f.finish(l, domain.PullSucceeded, "")
	l, found := claimed()
	f.equal("shown by the target", true, found)
	f.finish(l, domain.PullSucceeded, "")
	c = f.repointTo(c, "item-9")
	l, found = claimed()
	f.equal("shown by the former target", false, found)
	nameless.At = f.now()
	f.mustStorePage(l, nameless)
	f.finish(l, domain.PullSucceeded, "")
	_, found = claimed()
	f.equal("shown again", true, found)
}

func quarantinePages(f *fixture) {
	c, l := f.runningPull()
	for i := range 7 {
		f.mustStorePage(l, ports.PageWrite{
			Quarantined: []domain.UnreadableData{unreadable(fmt.Sprint(i), domain.UnknownType, "{}")}, At: f.now(),
		})
	}
	var ids []string
	for _, row := range f.listQuarantine(c) {
		ids = append(ids, row.ExternalID())
	}
	f.equal("order", []string{"6", "5", "4", "3", "2", "1", "0"}, ids)
	_, err := f.Ledger.Quarantine(f.ctx, c.Tenant, c.ID, domain.PageRequest{
		Limit: 1, After: domain.Position{Key: "x", ID: newUUID()},
	})
	f.errorIs(err, domain.Invalid)
}

// blockedPull returns a connection with the rows "1" and "2" and a pull that announces the removal of "1".
// The pull is queued after a pull that waits for its next attempt.
func (f *fixture) blockedPull() (domain.Connection, domain.PullID) {
	c, token := f.connectionWithToken()
	first := f.requestPull(c, domain.PullScope{Everything: true})
	l, _ := f.claim(first.ID)
	f.storeRows(l, row("1"), row("2"))
	at := f.now()
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullQueued, LastError: domain.VendorUnreachable, NotBefore: longAfter(at), Attempts: 1, At: at,
	}))
	event := wantedEvent("deleted", domain.PullScope{Removed: []string{"1", "unknown"}})
	return c, f.receive(f.incoming(token, event)).Delivery.Pull
}

func removesAnnounced(f *fixture) {
	c, queued := f.blockedPull()
	for range 2 {
		blocked, err := f.Pulls.RemoveAnnounced(f.ctx, queued, f.now(), withoutMatching)
		f.noError(err)
		f.equal("blocked", true, blocked)
	}
	removed := f.getRow(c, "1")
	f.equal("removed", domain.Removed, removed.Change())
	f.equal("version", 2, removed.Version)
	f.equal("the other row", 1, f.getRow(c, "2").Version)
	p := f.getPull(queued)
	f.equal("counts", domain.Counts{Removed: 1}, p.Counts)
	f.equal("state", domain.PullQueued, p.State)
	_, claimed := f.claimAt(f.blockingPull(c), longAfter(f.now()))
	f.equal("removals known to the next attempt", []string{"1", "unknown"}, claimed.Removed)
	f.equal("feed", []string{"2", "1"}, externalIDs(f.readFeed(domain.Position{}, 10, 2)))
}

// blockingPull returns the id of the connection's oldest pull. The later pulls wait for this pull.
func (f *fixture) blockingPull(c domain.Connection) domain.PullID {
	pulls := f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil)
	return pulls[len(pulls)-1].ID
}

func removesAnnouncedOnlyIfBlocked(f *fixture) {
	c, token := f.connectionWithToken()
	first := f.requestPull(c, domain.PullScope{Everything: true})
	refused := func(id domain.PullID) {
		f.Helper()
		blocked, err := f.Pulls.RemoveAnnounced(f.ctx, id, f.now(), withoutMatching)
		f.noError(err)
		f.equal("blocked", false, blocked)
	}
	refused(first.ID)
	l, _ := f.claim(first.ID)
	f.storeRows(l, row("1"))
	queued := f.receive(
		f.incoming(token, wantedEvent("deleted", domain.PullScope{Removed: []string{"1"}})),
	).Delivery.Pull
	refused(queued)
	refused(first.ID)
	refused(newID[domain.Pull]())
	f.equal("version", 1, f.getRow(c, "1").Version)
	deleted, of := f.blockedPull()
	f.deleteConnection(deleted)
	refused(of)
}

func externalIDs(rows []domain.Transaction) (ids []string) {
	for _, row := range rows {
		ids = append(ids, row.ExternalID)
	}
	return ids
}
