package porttest

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// historyTests check the versions of a transaction that History returns.
var historyTests = []storeTest{
	{"each version is kept as it was, with its origin, without a gap", historyKeepsVersions},
	{"a row that did not change has one version", historyOfUnchangedRow},
	{"an update of the metadata only adds no version", historyIgnoresMetadataUpdates},
	{"a removed row that returns has a removed and a restored version", historyOfRemovals},
	{"a version without another content is kept, too: an account that is attached later", historyOfAttachedAccount},
	{"a version names the trigger and the deliveries of its pull", historyNamesDeliveries},
	{"a version has no deliveries any more once they are pruned", historyAfterPruning},
	{"a pull selects the rows of which it has written a version", transactionsOfAPull},
	{"a version names a bounded number of deliveries", historyBoundsDeliveries},
	{"pages return every version once while versions are added", historyPages},
	{"a position of another list, or of another transaction, is Invalid", historyPositions},
	{"the history of another tenant's transaction, or of an unknown one, is NotFound", historyIsTenantScoped},
	{"removals that are applied before their pull starts are versions of that pull", historyOfAnnouncedRemovals},
	{"a page that is stored under a lost lease adds no version", historyUnderLostLease},
}

// withOrigin returns an edit that sets the members RowSHA256 and Normalizer, which only History returns.
func withOrigin(hash byte, rules string) func(*domain.TransactionData) {
	return func(o *domain.TransactionData) {
		o.RowSHA256, o.Normalizer = slices.Repeat([]byte{hash}, 32), rules
	}
}

func (f *fixture) history(c domain.Connection, externalID string) []domain.TransactionVersion {
	f.Helper()
	return f.historyOf(f.getRow(c, externalID).ID, domain.MaxLimit, nil)
}

// historyOf reads the history of a transaction page by page. A page has at most limit versions. historyOf checks that
// the version numbers have no gap, that the times rise, and that the Previous field of each version equals the next
// item of the list.
func (f *fixture) historyOf(id domain.TransactionID, limit int, between func()) []domain.TransactionVersion {
	f.Helper()
	versions := collectPages(f, limit, func(page domain.PageRequest) (domain.Page[domain.TransactionVersion], error) {
		return f.Ledger.History(f.ctx, f.tenant, id, page)
	}, between)
	for i, v := range versions {
		f.equal("number of a version", versions[0].Transaction.Version-i, v.Transaction.Version)
		if i+1 < len(versions) {
			f.equal("version before", &versions[i+1].Transaction, v.Previous)
			if at, before := v.Transaction.UpdatedAt, versions[i+1].Transaction.UpdatedAt; !at.After(before) {
				f.Errorf("version %d is from %s, which is not after %s", v.Transaction.Version, at, before)
			}
		} else {
			f.equal("version before the first", (*domain.Transaction)(nil), v.Previous)
		}
	}
	return versions
}

// presentVersion returns the row as History must return its current version: with the RowSHA256 and the Normalizer of
// origin.
func presentVersion(row domain.Transaction, origin domain.TransactionData) domain.Transaction {
	row.RowSHA256, row.Normalizer = origin.RowSHA256, origin.Normalizer
	return row
}

func changes(versions []domain.TransactionVersion) []domain.ChangeKind {
	return ids(versions, domain.TransactionVersion.Change)
}

// causes returns the cause of each version, the operator, and the close that it adjusts.
func (f *fixture) causes(c domain.Connection, externalID string) []string {
	f.Helper()
	return ids(f.history(c, externalID), func(v domain.TransactionVersion) string {
		return fmt.Sprintf("%s %s %s", v.Cause(), v.Transaction.Actor, v.Adjusts)
	})
}

// historyKeepsVersions changes every member of a row that can change, and compares the history with the row
// as it was after each page.
func historyKeepsVersions(f *fixture) {
	c := f.createConnection()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{accountData("a"), accountData("b")}})
	var want []domain.Transaction
	for i, data := range []domain.TransactionData{
		row("1", withAccount("a"), withOrigin(1, "rules 1")),
		row("1", withAccount("b"), withOrigin(2, "rules 1"), withDate("2026-02-11"), func(o *domain.TransactionData) {
			foreign := money("-70.123456789", "EUR")
			o.Amount, o.AccountMoney, o.Status = money("-80.00", "USD"), &foreign, domain.Pending
			o.OccurredAt, o.Category, o.Counterparty = f.now(), "food", "a shop"
			o.Warnings, o.Metadata = []domain.Warning{domain.DirectionConflict}, []byte(`{"x": 1}`)
		}),
		row("1", withDescription("third"), withOrigin(3, "rules 2")),
	} {
		f.storeRows(l, data, row("unchanged"), row(fmt.Sprint("new ", i)))
		want = append(want, presentVersion(f.getRow(c, "1"), data))
		f.finish(l, domain.PullSucceeded, "")
		l, _ = f.claim(f.requestPull(c, domain.PullScope{}).ID)
	}
	slices.Reverse(want)
	versions := f.history(c, "1")
	f.equal("versions", want, ids(versions, func(v domain.TransactionVersion) domain.Transaction {
		return v.Transaction
	}))
	f.equal("changes", []domain.ChangeKind{domain.Modified, domain.Modified, domain.Added}, changes(versions))
	for _, v := range versions {
		f.equal("trigger", domain.TriggerOperator, v.Trigger)
		f.equal("deliveries", 0, len(v.Deliveries))
		f.inUTC(v.Transaction.UpdatedAt, v.Transaction.FirstSeenAt)
	}
}

func historyOfUnchangedRow(f *fixture) {
	c, l := f.runningPull()
	data := row("1", withOrigin(1, "rules"))
	f.storeRows(l, data)
	f.storeRows(l, data)
	versions := f.history(c, "1")
	f.equal("changes", []domain.ChangeKind{domain.Added}, changes(versions))
	f.equal("version", presentVersion(f.getRow(c, "1"), data), versions[0].Transaction)
}

// historyIgnoresMetadataUpdates checks an update that changes only metadata. In the history, the version must keep its
// row hash (RowSHA256) and its normalisation rules (Normalizer). Both belong to the row from which the version was
// created.
func historyIgnoresMetadataUpdates(f *fixture) {
	c, l := f.runningPull()
	withMetadata := func(text string) func(*domain.TransactionData) {
		return func(o *domain.TransactionData) { o.Metadata = []byte(text) }
	}
	first := row("1", withOrigin(1, "rules 1"), withContentHash(1), withMetadata(`{"balance": 1}`))
	f.storeRows(l, first)
	f.storeRows(l, row("1", withOrigin(2, "rules 2"), withContentHash(2), withMetadata(`{"balance": 2}`)))
	stored := f.getRow(c, "1")
	f.equal("metadata", `{"balance": 2}`, string(stored.Metadata))
	versions := f.history(c, "1")
	f.equal("changes", []domain.ChangeKind{domain.Added}, changes(versions))
	f.equal("version", presentVersion(stored, first), versions[0].Transaction)
}

func historyOfRemovals(f *fixture) {
	c, l := f.runningPull()
	data := row("1", withOrigin(1, "rules"))
	f.storeRows(l, data, row("2"))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1", "unknown"}})
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
	f.storeRows(l, data)
	f.sweep(l, ports.SweepWrite{})
	f.equal("changes of a row that was removed twice",
		[]domain.ChangeKind{domain.Removed, domain.Restored, domain.Removed, domain.Added}, changes(f.history(c, "1")))
	f.equal("changes of a row that was removed once", []domain.ChangeKind{domain.Removed, domain.Added},
		changes(f.history(c, "2")))
	for _, v := range f.history(c, "1") {
		f.equal("hash of the last row that was read", data.RowSHA256, v.Transaction.RowSHA256)
	}
	// A page that contains the row and its removal creates two versions.
	f.mustStorePage(l, ports.PageWrite{Transactions: []domain.TransactionData{data}, Removed: []string{"1"}})
	f.equal("changes of a row that was restored and removed by one page", []domain.ChangeKind{
		domain.Removed, domain.Restored, domain.Removed, domain.Restored, domain.Removed, domain.Added,
	}, changes(f.history(c, "1")))
}

func historyOfAttachedAccount(f *fixture) {
	c, l := f.runningPull()
	key := domain.QuarantineKey{Kind: domain.QuarantinedAccount, ID: "a"}
	f.mustStorePage(l, ports.PageWrite{
		Transactions: []domain.TransactionData{row("1", withAccount("a"))},
		Quarantined: []domain.UnreadableData{
			domain.NewUnreadableData(key.Kind, key.ID, domain.UnknownType, []byte("{}")),
		},
	})
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("a")}, Released: []domain.QuarantineKey{key},
	})
	versions := f.history(c, "1")
	f.equal("changes", []domain.ChangeKind{domain.Modified, domain.Added}, changes(versions))
	f.equal("account of version 2", f.getRow(c, "1").AccountID, versions[0].Transaction.AccountID)
	f.equal("account of version 1", domain.AccountID{}, versions[1].Transaction.AccountID)
}

func historyNamesDeliveries(f *fixture) {
	c, token := f.connectionWithToken()
	first, second := f.receiveWanted(token), f.receiveWanted(token)
	l, _ := f.claim(first.Pull)
	later := f.receiveWanted(token)
	f.storeRows(l, row("1"))
	f.finish(l, domain.PullSucceeded, "")
	l, _ = f.claim(later.Pull)
	f.storeRows(l, row("1", withDescription("edited")))
	versions := f.history(c, "1")
	f.equal("triggers", []domain.Trigger{domain.TriggerWebhook, domain.TriggerWebhook},
		ids(versions, func(v domain.TransactionVersion) domain.Trigger { return v.Trigger }))
	f.equal("deliveries", [][]domain.DeliveryID{{later.ID}, {first.ID, second.ID}},
		ids(versions, func(v domain.TransactionVersion) []domain.DeliveryID { return v.Deliveries }))
}

func historyAfterPruning(f *fixture) {
	c, token := f.connectionWithToken()
	d := f.receiveWanted(token)
	l, _ := f.claim(d.Pull)
	f.storeRows(l, row("1"))
	f.finish(l, domain.PullSucceeded, "")
	f.equal("deliveries", []domain.DeliveryID{d.ID}, f.history(c, "1")[0].Deliveries)
	_, err := f.Deliveries.Prune(f.ctx, longAfter(d.ReceivedAt), 1000)
	f.noError(err)
	versions := f.history(c, "1")
	f.equal("deliveries after pruning", 0, len(versions[0].Deliveries))
	f.equal("trigger after pruning", domain.TriggerWebhook, versions[0].Trigger)
}

func historyBoundsDeliveries(f *fixture) {
	c, token := f.connectionWithToken()
	const more = 20
	received := make([]domain.DeliveryID, domain.MaxVersionDeliveries+more)
	concurrently(more, func(part int) {
		for i := part; i < len(received); i += more {
			received[i] = f.receiveWanted(token).ID
		}
	})
	l, _ := f.claim(f.getDelivery(received[0]).Pull)
	f.storeRows(l, row("1"))
	got := f.history(c, "1")[0].Deliveries
	slices.SortFunc(received, func(x, y domain.DeliveryID) int { return slices.Compare(x.UUID[:], y.UUID[:]) })
	f.equal("deliveries", received[:domain.MaxVersionDeliveries], got)
}

// historyPages checks a history that grows while its pages are read. Later pages must not contain the new versions. The
// list is ordered newest first, so new versions are before the position of the reader.
func historyPages(f *fixture) {
	c, l := f.runningPull()
	edit := 0
	add := func() {
		edit++
		f.storeRows(l, row("1", withDescription(fmt.Sprint(edit))), row("2", withDescription(fmt.Sprint(edit))))
	}
	for range 7 {
		add()
	}
	id := f.getRow(c, "1").ID
	for _, limit := range []int{1, 2, 3, 6} {
		present := edit
		versions := f.historyOf(id, limit, add)
		f.equal(fmt.Sprintf("versions in pages of %d", limit), present, len(versions))
		for i, v := range versions {
			f.equal("description of a version", strconv.Itoa(present-i), v.Transaction.Description)
		}
	}
	first, err := f.Ledger.History(f.ctx, f.tenant, id, domain.PageRequest{Limit: 2})
	f.noError(err)
	f.equal("position", domain.Position{Key: strconv.Itoa(edit - 1), ID: id.UUID}, first.Next)
}

func historyPositions(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"))
	id := f.getRow(c, "1").ID
	for _, after := range []domain.Position{
		{Key: "a name", ID: id.UUID}, {Key: domain.TimeKey(epoch), ID: id.UUID}, {Key: "-1", ID: id.UUID},
		{Key: "99999999999999999999", ID: id.UUID}, {Key: "';--", ID: id.UUID}, {Key: "1", ID: newUUID()},
	} {
		_, err := f.Ledger.History(f.ctx, f.tenant, id, domain.PageRequest{Limit: 10, After: after})
		f.invalidCursor(after.Key, err)
	}
}

func historyIsTenantScoped(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"))
	f.storeRows(l, row("1", withDescription("edited")))
	id := f.getRow(c, "1").ID
	page := domain.PageRequest{Limit: 10}
	_, foreign := f.Ledger.History(f.ctx, newTenant(), id, page)
	_, unknown := f.Ledger.History(f.ctx, f.tenant, newID[domain.Transaction](), page)
	f.sameNotFound("History", foreign, unknown)
}

func historyOfAnnouncedRemovals(f *fixture) {
	c, token := f.connectionWithToken()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.storeRows(l, row("1"))
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	d := f.receive(f.incoming(token, wantedEvent("removal", domain.PullScope{Removed: []string{"1"}}))).Delivery
	for range 2 {
		_, err := f.Pulls.RemoveAnnounced(f.ctx, d.Pull, f.now(), withoutMatching)
		f.noError(err)
	}
	versions := f.history(c, "1")
	f.equal("changes", []domain.ChangeKind{domain.Removed, domain.Added}, changes(versions))
	f.equal("pull of the removal", d.Pull, versions[0].Transaction.Pull)
	f.equal("deliveries of the removal", []domain.DeliveryID{d.ID}, versions[0].Deliveries)
}

func historyUnderLostLease(f *fixture) {
	c, lost := f.runningPull()
	f.storeRows(lost, row("1"))
	l, _ := f.claimAt(lost.Pull, longAfter(lost.Until))
	if err := f.storePage(lost, ports.PageWrite{Removed: []string{"1"}}); err == nil {
		f.Error("a page was stored under a lost lease")
	}
	f.storeRows(l, row("1", withDescription("edited")))
	f.equal("changes", []domain.ChangeKind{domain.Modified, domain.Added}, changes(f.history(c, "1")))
}

// transactionsOfAPull checks the rows that pulls select: those that they have added, changed and removed, also if a
// later pull has changed them again, and only those of the connection.
func transactionsOfAPull(f *fixture) {
	c, l := f.runningPull()
	added := l.Pull
	f.storeRows(l, row("changed"), row("kept"), row("removed"))
	f.finish(l, domain.PullSucceeded, "")
	l, _ = f.claim(f.requestPull(c, domain.PullScope{}).ID)
	changed := l.Pull
	f.storeRows(l, row("changed", withDescription("second")), row("kept"), row("new"))
	f.finish(l, domain.PullSucceeded, "")
	l, _ = f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.storeRows(l, row("changed", withDescription("third")))
	last := l.Pull
	for _, limit := range []int{1, domain.MaxLimit} {
		for pull, want := range map[domain.PullID][]string{
			added: {"changed", "kept", "removed"}, changed: {"changed", "new"}, last: {"changed"},
			newID[domain.Pull](): nil,
		} {
			got := ids(f.listTransactions(c, ports.TransactionFilter{Pull: pull}, limit, nil), externalID)
			slices.Sort(got)
			f.equal("rows of a pull", want, got)
		}
	}
	other := f.createConnection()
	f.equal("another connection", 0, len(f.listTransactions(other, ports.TransactionFilter{Pull: added}, 1, nil)))
}
