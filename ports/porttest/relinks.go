package porttest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// relinkTests check how the store handles the rows of a new account reference. The rows are first staged: they are
// stored, but readers cannot see them. Publish then makes all staged rows visible in one step.
var relinkTests = []storeTest{
	{"no method returns staged rows", relinkStages},
	{"a publication continues accounts and transactions", relinkPublishes},
	{"the feed shows no transaction as added that a publication continues", relinkFeed},
	{"as many identical rows as possible continue, live ones before removed ones", relinkGroups},
	{"a row with the same external id is the same row", relinkSameIDs},
	{"the rows of the earlier reference return to their transactions", relinkBack},
	{"past rows that both references show become two transactions", relinkBackShownTogether},
	{"a step that starts again deletes what it has staged", relinkRestarts},
	{"removed rows and the rows of a deleted connection are not staged any more", relinkForgets},
	{"a publication that is interrupted leaves nothing for the next lease", relinkInterrupted},
	{"a publication for another target, or under a lost lease, changes nothing", relinkRefuses},
	{"accounts without a partner stay while an account cannot be read", relinkUnreadable},
	{"accounts without a partner stay while a staged account is not listed", relinkUnlisted},
	{"an account without a partner is removed, and its transactions stay", relinkEndsAccounts},
	{"rows without an account are replaced among themselves", relinkWithoutAccount},
	{"without Matching no transaction continues", relinkWithoutMatching},
	{"a publication makes adjustments of closed periods", relinkAdjusts},
	{"the accounts of deleted connections are found, the last deleted first", relinkFindsFormer},
	{"the rows of an account are returned for a comparison", relinkComparesRows},
	{"an account of a deleted connection moves with everything that belongs to it", relinkMoves},
	{"a publication of many rows is complete", relinkManyRows},
	{"an account that two live connections read is shared", relinkSharedAccounts},
	{"accounts whose numbers differ are not shared", numbersOfSharedAccounts},
	{"a new account may continue others until somebody decides", relinkCandidates},
	{"a connection tells since when rows are staged", relinkStagedSince},
	{"a publication without a proof removes nothing", relinkUnproved},
	{"history that arrives after a publication continues the rows before it", relinkLateHistory},
	{"a row that both references return is no carried-over row", relinkShownLate},
	{"a sweep does not remove carried-over rows that are older than what the vendor returns", relinkSweepsCarriedOver},
	{"a row that a publication removed continues with a row of a later page", relinkNotShownPage},
	{"a row that a publication removed continues with a row of a later publication", relinkNotShownPublication},
	{"a row that a publication removed is suggested once by a later publication", relinkSuggestsOnce},
	{"a row that a sweep removed continues if the present reference had not shown it", relinkNotShownSweep},
	{"the current row of a split transaction remains an carried-over row", relinkSplitCarriedOver},
	{"a row that the pull has put into the quarantine does not leave", relinkQuarantined},
	{"an account that continues another one is not stored with a page", relinkLateAccount},
}

// relinks contains a connection whose account reference was changed, and its running pull.
type relinks struct {
	*replacements
	target string
	ref    string
}

// repointTo changes the account reference of the connection.
func (f *fixture) repointTo(c domain.Connection, ref string) domain.Connection {
	f.Helper()
	updated, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
		c.Repoint(c.BaseURL, ref, f.now())
		return nil
	})
	f.noError(err)
	return updated
}

// relinkTo changes the account reference of the connection and starts a pull.
func (r *replacements) relinkTo(ref string) *relinks {
	r.Helper()
	r.c = r.repointTo(r.c, ref)
	updated := r.c
	r.next()
	return &relinks{replacements: r, target: updated.Target(), ref: ref}
}

// newRelinks returns a connection whose account reference was changed. The connection has the accounts "a" and "b", the
// row "x" and the given rows. All rows are live. A row belongs to the account "a" by default.
func newRelinks(f *fixture, rows ...domain.TransactionData) *relinks {
	f.Helper()
	r := &replacements{fixture: f}
	r.c, r.l = f.runningPull()
	f.mustStorePage(r.l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("a"), accountData("b")}, Listed: true, AccountRef: "item-1",
		Transactions: append([]domain.TransactionData{purchase("x")}, rows...),
	})
	r.older = f.getRow(r.c, "x").ID
	return r.relinkTo("item-2")
}

// stage stores the rows as a staged page of the given step.
func (r *relinks) stage(step int, rows ...domain.TransactionData) domain.Counts {
	r.Helper()
	return r.mustStorePage(r.l, ports.PageWrite{
		Transactions: rows, Progress: listing(), Matching: descriptions, AccountRef: r.ref,
		Staged: &ports.Staging{Step: step},
	})
}

// accountID returns the id of the connection's account with this external id.
func (r *relinks) accountID(externalID string) domain.AccountID {
	r.Helper()
	for _, a := range r.listAccounts(r.c) {
		if a.ExternalID == externalID {
			return a.ID
		}
	}
	r.Fatalf("no account %q", externalID)
	return domain.AccountID{}
}

// publication returns the input of Publish for these accounts. Each argument is the external id of an account. An
// argument "new=old" means that the account "new" is the same bank account as the stored account "old".
func (r *relinks) publication(accounts ...string) ports.Publication {
	r.Helper()
	p := ports.Publication{
		Target: r.target, AccountRef: r.ref, Matching: descriptions, NewID: newID[domain.Transaction],
		Progress: listing(), At: r.now(), LeaseUntil: r.l.Until,
	}
	for _, account := range accounts {
		after, before, found := strings.Cut(account, "=")
		published := ports.PublishedAccount{Data: accountData(after), Listed: true}
		if found {
			published.Continues = r.accountID(before)
		}
		p.Accounts = append(p.Accounts, published)
	}
	return p
}

// publish publishes these accounts (see publication) and returns the counts. It ends the test unless Published.Complete
// is set.
func (r *relinks) publish(accounts ...string) domain.Counts {
	r.Helper()
	published, err := r.Pulls.Publish(r.ctx, r.l, r.publication(accounts...))
	r.noError(err)
	r.equal("complete", true, published.Complete)
	return published.Counts
}

// renewed returns a purchase as the vendor returns it under the new account reference. The account "a" of the earlier
// reference has the external id "a2" under the new reference.
func renewed(externalID string, edits ...func(*domain.TransactionData)) domain.TransactionData {
	return purchase(externalID, append([]func(*domain.TransactionData){withAccount("a2")}, edits...)...)
}

func relinkStages(f *fixture) {
	r := newRelinks(f)
	c, err := f.Connections.Get(f.ctx, f.tenant, domain.Aggregator, r.c.ID)
	f.noError(err)
	f.equal("new reference", true, c.NewReference)
	before, position := f.readFeedFrom(domain.Position{}, 10, 1)
	f.equal("feed", 1, len(before))
	f.equal("counts", domain.Counts{Read: 2}, r.stage(0, renewed("y"), renewed("z", withDescription("other"))))
	f.equal("page again", domain.Counts{Read: 1}, r.stage(0, renewed("y")))
	r.want("transactions", "1: x v1")
	f.equal("accounts", []string{"a", "b"},
		ids(f.listAccounts(r.c), func(a domain.Account) string { return a.ExternalID }))
	f.equal("by external id", 0, len(r.found("y")))
	search, err := f.Ledger.Search(f.ctx, f.tenant, domain.TransactionSearch{}, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("search", 1, len(search.Items))
	after, _ := f.readFeedFrom(position, 10, 0)
	f.equal("feed afterwards", 0, len(after))
	f.equal("read", 3, f.getPull(r.l.Pull).Counts.Read)
}

func relinkPublishes(f *fixture) {
	r := newRelinks(f, purchase("old", withDate("2025-01-01")), purchase("gone", withDescription("market")))
	id := r.accountID("a")
	r.stage(0,
		renewed("y", withDescription("PADARIA DO ZE NSU 123456")), renewed("n", withDescription("new")),
		renewed("first", withDate("2026-01-05"), withDescription("first")))
	f.equal("staged", 3, f.factsAmong(f.tenant, []domain.ConnectionID{r.c.ID})[r.c.ID].Staged)
	w := r.publication("a2=a", "b2=b", "c2")
	published, err := f.Pulls.Publish(f.ctx, r.l, w)
	f.noError(err)
	f.equal("published", ports.Published{
		Counts: domain.Counts{Accounts: 3, Added: 2, Modified: 1, Removed: 1, IDChanges: 1}, Complete: true,
	}, published)
	t := f.getRow(r.c, "y")
	f.equal("id", r.older, t.ID)
	f.equal("account", []any{id, "a2"}, []any{t.AccountID, t.Account})
	f.equal("past rows", []domain.Superseded{{ExternalID: "x", At: w.At, Rule: domain.SameDescription, Version: 1}},
		t.Supersedes)
	f.equal("by the past id", []domain.TransactionID{r.older}, r.found("x"))
	f.equal("history", []domain.ChangeKind{domain.SupersededRow, domain.Added}, r.kinds("y"))
	f.equal("older than the reference", true, f.getRow(r.c, "old").RemovedAt.IsZero())
	f.equal("version of an older row", 1, f.getRow(r.c, "old").Version)
	f.equal("without a partner", w.At, f.getRow(r.c, "gone").RemovedAt)
	f.equal("new", 1, f.getRow(r.c, "n").Version)
	account, err := f.Ledger.Account(f.ctx, f.tenant, id)
	f.noError(err)
	f.equal("external id", "a2", account.ExternalID)
	f.equal("references", []domain.AccountReference{
		{AccountRef: "item-1", ExternalID: "a", From: account.FirstSeenAt, Until: w.At},
		{AccountRef: "item-2", ExternalID: "a2", From: w.At},
	}, account.References)
	f.equal("account updated", w.At, account.UpdatedAt)
	fresh, err := f.Ledger.Account(f.ctx, f.tenant, r.accountID("c2"))
	f.noError(err)
	f.equal("references of a new account",
		[]domain.AccountReference{{AccountRef: "item-2", ExternalID: "c2", From: w.At}}, fresh.References)
	c, err := f.Connections.Get(f.ctx, f.tenant, domain.Aggregator, r.c.ID)
	f.noError(err)
	f.equal("new reference", false, c.NewReference)
	r.next()
	again, err := f.Pulls.Publish(f.ctx, r.l, r.publication("a2=a2", "b2=b2", "c2=c2"))
	f.noError(err)
	f.equal("nothing is staged any more", domain.Counts{Accounts: 3}, again.Counts)
	f.equal("staged afterwards", 0, f.factsAmong(f.tenant, []domain.ConnectionID{r.c.ID})[r.c.ID].Staged)
}

func relinkFeed(f *fixture) {
	r := newRelinks(f, purchase("market", withDescription("market")))
	_, position := f.readFeedFrom(domain.Position{}, 10, 2)
	y := renewed("y", withContentHash(7))
	r.stage(0, y, renewed("z", withDescription("market")), renewed("n", withDescription("new")))
	r.publish("a2=a", "b2=b")
	feed := f.readFeed(position, 10, 3)
	slices.SortFunc(feed, func(a, b domain.Transaction) int { return cmp.Compare(a.ExternalID, b.ExternalID) })
	f.equal("feed", []string{"n added", "y modified", "z modified"}, ids(feed, func(t domain.Transaction) string {
		return t.ExternalID + " " + string(t.Change())
	}))
	f.equal("known by its content", []bool{true}, f.unchanged(r.c, y))
	r.next()
	f.equal("read again", domain.Counts{Read: 1, Unchanged: 1}, r.page(listing(), renewed("y")))
}

func relinkGroups(f *fixture) {
	r := newRelinks(f, purchase("x2"), purchase("x3"), purchase("left"), purchase("left2"))
	r.remove("left", "left2")
	r.stage(0, renewed("y1"), renewed("y2"))
	f.equal("counts", domain.Counts{Accounts: 2, Modified: 2, Removed: 1, IDChanges: 2}, r.publish("a2=a", "b2=b"))
	live := 0
	for _, t := range f.allRows(r.c) {
		if t.RemovedAt.IsZero() {
			live++
			f.equal("one past row", 1, len(t.Supersedes))
		}
	}
	f.equal("live", 2, live)
	f.equal("the row that was removed before", false, f.getRow(r.c, "left").RemovedAt.IsZero())
	third := r.relinkTo("item-3")
	third.stage(0, purchase("z1", withAccount("a3")), purchase("z2", withAccount("a3")),
		purchase("z3", withAccount("a3")))
	third.stage(0, purchase("z4", withAccount("a3")))
	f.equal(
		"the one that the second reference did not return, too, but no removed one",
		domain.Counts{Accounts: 2, Modified: 3, Added: 1, IDChanges: 3},
		third.publish("a3=a2", "b3=b2"),
	)
}

func relinkSameIDs(f *fixture) {
	r := newRelinks(f, purchase("x2"))
	r.stage(0, renewed("x2"), renewed("y"))
	r.publish("a2=a", "b2=b")
	r.want("transactions", "1: y v2 was x", "2: x2 v2")
}

func relinkBack(f *fixture) {
	r := newRelinks(f, purchase("x2"), purchase("market", withDescription("market")))
	rows := f.allRows(r.c)
	r.stage(0, renewed("y"), renewed("y2"), renewed("m", withDescription("market")))
	r.publish("a2=a", "b2=b")
	back := r.relinkTo("item-1")
	back.stage(0, purchase("x"), purchase("x2"), purchase("market", withDescription("market")))
	f.equal("counts", domain.Counts{Accounts: 2, Modified: 3, IDChanges: 3}, back.publish("a=a2", "b=b2"))
	for _, before := range rows {
		after := f.getRow(r.c, before.ExternalID)
		f.equal("id of "+before.ExternalID, before.ID, after.ID)
		f.equal("past rows of "+before.ExternalID, 1, len(after.Supersedes))
		f.equal("removed", true, after.RemovedAt.IsZero())
	}
	f.equal("references", 3, len(f.listAccounts(r.c)[0].References))
}

func relinkBackShownTogether(f *fixture) {
	r := newRelinks(f)
	r.stage(0, renewed("y"))
	r.publish("a2=a", "b2=b")
	back := r.relinkTo("item-1")
	back.stage(0, purchase("x"), purchase("y"))
	back.publish("a=a2", "b=b2")
	f.equal("the older transaction", r.older, f.getRow(r.c, "x").ID)
	f.equal("live", []bool{true, true},
		ids(f.allRows(r.c), func(t domain.Transaction) bool { return t.RemovedAt.IsZero() }))
}

func relinkRestarts(f *fixture) {
	r := newRelinks(f)
	r.stage(0, renewed("zero", withDescription("zero")))
	r.stage(1, renewed("one", withDescription("one")))
	r.stage(2, renewed("two", withDescription("two")))
	f.mustStorePage(r.l, ports.PageWrite{
		Transactions: []domain.TransactionData{renewed("again", withDescription("again"))}, Progress: listing(),
		Staged: &ports.Staging{Step: 1, Restart: true},
	})
	r.publish("a2=a", "b2=b")
	var live []string
	for _, t := range f.allRows(r.c) {
		if t.RemovedAt.IsZero() {
			live = append(live, t.ExternalID)
		}
	}
	slices.Sort(live)
	f.equal("rows", []string{"again", "zero"}, live)
}

func relinkForgets(f *fixture) {
	r := newRelinks(f)
	r.stage(0, renewed("y"), renewed("z"))
	f.mustStorePage(r.l, ports.PageWrite{
		Removed: []string{"z"}, Progress: listing(), Staged: &ports.Staging{Step: 1},
	})
	rows, err := f.Pulls.RowsOfAccount(f.ctx, r.l, domain.AccountID{}, "a2", descriptions)
	f.noError(err)
	f.equal("after the removal", []string{"y"}, ids(rows, func(m banktext.Row) string { return m.ExternalID }))
	f.deleteConnection(r.c)
	for _, do := range []func() error{
		func() error { _, err := f.Pulls.FormerAccounts(f.ctx, r.l); return err },
		func() error {
			_, err := f.Pulls.RowsOfAccount(f.ctx, r.l, domain.AccountID{}, "a2", descriptions)
			return err
		},
		func() error { _, err := f.Pulls.Publish(f.ctx, r.l, r.publication("a2")); return err },
	} {
		f.errorIs(do(), domain.LeaseLost)
	}
	r.want("transactions", "1: x v1")
}

func relinkRefuses(f *fixture) {
	r := newRelinks(f)
	r.stage(0, renewed("y"))
	w := r.publication("a2=a", "b2=b")
	other := w
	other.Target = "item-3 at " + r.c.BaseURL
	_, err := f.Pulls.Publish(f.ctx, r.l, other)
	f.errorIs(err, domain.TargetChanged)
	lost := r.l
	lost.ID = newID[domain.Lease]()
	_, err = f.Pulls.Publish(f.ctx, lost, w)
	f.errorIs(err, domain.LeaseLost)
	r.want("transactions", "1: x v1")
	f.equal("accounts", []string{"a", "b"},
		ids(f.listAccounts(r.c), func(a domain.Account) string { return a.ExternalID }))
	_, err = f.Pulls.Publish(f.ctx, r.l, w)
	f.noError(err)
	r.want("after the publication", "1: y v2 was x")
}

// relinkInterrupted ends a publication before it becomes visible: the id of the new account is chosen in the last
// transaction. The rows are then read again with other contents, under another lease.
func relinkInterrupted(f *fixture) {
	r := newRelinks(f, purchase("market", withDescription("market")), purchase("stays", withDescription("stays")))
	r.stage(0, renewed("y"), renewed("market2", withDescription("market")), renewed("n", withDescription("new")))
	w := r.publication("a2=a", "b2=b", "c2")
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	interrupted := false
	w.NewID = func() domain.TransactionID {
		interrupted = true
		cancel()
		return newID[domain.Transaction]()
	}
	_, err := f.Pulls.Publish(ctx, r.l, w)
	f.equal("interrupted", []bool{true, true}, []bool{interrupted, err != nil})
	f.equal("row", 1, f.getRow(r.c, "x").Version)

	late := longAfter(r.l.Until)
	lost := r.l
	r.l, _ = f.claimAt(r.l.Pull, late)
	_, err = f.Pulls.Publish(f.ctx, lost, w)
	f.errorIs(err, domain.LeaseLost)
	edited := withReferences(domain.References{ChequeNumber: "123"})
	r.mustStorePage(r.l, ports.PageWrite{
		Transactions: []domain.TransactionData{renewed("y", edited), renewed("s", withDescription("stays"))},
		Progress:     listing(), Matching: descriptions, AccountRef: r.ref, Staged: &ports.Staging{Restart: true},
	})
	f.equal("counts", domain.Counts{Accounts: 2, Modified: 2, Removed: 1, IDChanges: 2}, r.publish("a2=a", "b2=b"))
	f.equal("edited", "123", f.getRow(r.c, "y").References.ChequeNumber)
	f.equal("continued", []string{"stays"},
		ids(f.getRow(r.c, "s").Supersedes, func(s domain.Superseded) string { return s.ExternalID }))
	f.equal("the row of the first reading", []bool{false, true},
		[]bool{f.getRow(r.c, "market").RemovedAt.IsZero(), len(r.found("market2")) == 0})
	f.equal("history", []domain.ChangeKind{domain.SupersededRow, domain.Added}, r.kinds("y"))
}

func relinkUnreadable(f *fixture) { relinkHolds(f, "b2") }

func relinkUnlisted(f *fixture) { relinkHolds(f) }

// relinkHolds publishes the rows of one account while another account is unreadable or not listed. The rows of the
// other account must be published later.
func relinkHolds(f *fixture, unreadable ...string) {
	r := newRelinks(f, purchase("b1", withAccount("b")))
	r.stage(0, renewed("y"), purchase("b2", withAccount("b2")))
	w := r.publication("a2=a")
	w.Unreadable = unreadable
	published, err := f.Pulls.Publish(f.ctx, r.l, w)
	f.noError(err)
	f.equal("complete", false, published.Complete)
	r.want("transactions", "1: y v2 was x", "2: b1 v1")
	f.equal("account b", true, f.listAccounts(r.c)[1].RemovedAt.IsZero())
	f.finish(r.l, domain.PullSucceeded, "")
	var claimed ports.Claimed
	r.l, claimed = f.claim(f.requestPull(r.c, domain.PullScope{}).ID)
	f.equal("new reference", []bool{true, true}, []bool{claimed.Initial, claimed.Connection.NewReference})
	f.equal(
		"rows of the account that was published",
		domain.Counts{Accounts: 2, Unchanged: 1, Modified: 1, IDChanges: 1},
		r.publish("a2=a2", "b2=b"),
	)
	r.want("transactions", "1: y v2 was x", "2: b2 v2 was b1")
}

func relinkEndsAccounts(f *fixture) {
	r := newRelinks(f, purchase("b1", withAccount("b")))
	r.stage(0, renewed("y"))
	r.publish("a2=a")
	accounts := f.listAccounts(r.c)
	f.equal("removed", []string{"a2 false", "b true"}, ids(accounts, func(a domain.Account) string {
		return fmt.Sprint(a.ExternalID, " ", !a.RemovedAt.IsZero())
	}))
	f.equal("end of the reference", accounts[1].RemovedAt, accounts[1].References[0].Until)
	r.want("transactions", "1: y v2 was x", "2: b1 v1")
	third := r.relinkTo("item-3")
	third.stage(0, renewed("y"), purchase("b3", withAccount("b3")))
	third.publish("a2=a2", "b3=b")
	r.want("continued after the removal", "1: y v2 was x", "2: b3 v2 was b1")
	f.equal("listed again", true, f.listAccounts(r.c)[1].RemovedAt.IsZero())
	f.finish(third.l, domain.PullSucceeded, "")
	_, claimed := f.claim(f.requestPull(r.c, domain.PullScope{Changed: map[string][]string{"a": {"x"}}}).ID)
	f.equal("former ids", []string{"a", "b"}, claimed.FormerAccountIDs)
}

func relinkWithoutAccount(f *fixture) {
	r := newRelinks(f, row("n1"), row("n0", withDate("2025-01-01")))
	r.stage(0, renewed("y"), row("n2"), purchase("unknown", withAccount("not listed")))
	f.equal("counts", domain.Counts{Accounts: 2, Added: 2, Modified: 1, Removed: 1, IDChanges: 1},
		r.publish("a2=a", "b2=b"))
	f.equal("removed", []bool{false, true}, []bool{
		f.getRow(r.c, "n1").RemovedAt.IsZero(), f.getRow(r.c, "n0").RemovedAt.IsZero(),
	})
	f.equal("account", true, f.getRow(r.c, "unknown").AccountID.IsZero())
	b := r.accountID("b2")
	r.next()
	f.equal("counts with the account", domain.Counts{Accounts: 1, Modified: 1}, r.publish("not listed=b2"))
	f.equal("account afterwards", b, f.getRow(r.c, "unknown").AccountID)
}

func relinkWithoutMatching(f *fixture) {
	r := newRelinks(f)
	r.stage(0, renewed("y"))
	w := r.publication("a2=a", "b2=b")
	w.Matching = nil
	_, err := f.Pulls.Publish(f.ctx, r.l, w)
	f.noError(err)
	r.want("transactions", "1: x v2 removed", "2: y v1")
}

func relinkAdjusts(f *fixture) {
	odd := func(o *domain.TransactionData) { o.Amount = money("-47.31", "BRL") }
	r := newRelinks(f, purchase("gone", withDescription("market")), purchase("moved", withDescription("cinema"), odd))
	id := r.accountID("a")
	f.close(id, "2026-02-15")
	r.stage(0, renewed("y"), renewed("m", withDescription("cinema"), odd, withDate("2026-02-11")),
		renewed("n", withDescription("new")))
	r.publish("a2=a", "b2=b")
	f.checkCloses("after the publication", r.c)
	changed := ids(f.adjustments(id, "2026-02-15"), func(a books.Adjustment) domain.ChangeKind { return a.Change })
	slices.Sort(changed)
	f.equal("adjustments", []domain.ChangeKind{domain.Added, domain.Modified, domain.Removed}, changed)
}

func relinkFindsFormer(f *fixture) {
	create := func(accounts ...string) (domain.Connection, domain.Lease) {
		c, l := f.runningPull()
		w := ports.PageWrite{Listed: true, AccountRef: "item-1"}
		for _, id := range accounts {
			w.Accounts = append(w.Accounts, accountData(id))
		}
		f.mustStorePage(l, w)
		return c, l
	}
	first, _ := create("a2", "a1")
	second, _ := create("b")
	create("live")
	f.deleteConnection(second)
	f.deleteConnection(first)
	other := f.newConnection("other vendor")
	other.Vendor = otherVendor
	f.createStored(other)
	l, _ := f.claim(f.requestPull(other, domain.PullScope{}).ID)
	f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{accountData("o")}})
	f.deleteConnection(other)
	c, l := f.runningPull()
	names := func() []string {
		former, err := f.Pulls.FormerAccounts(f.ctx, l)
		f.noError(err)
		return ids(former, func(a ports.FormerAccount) string { return a.ExternalID })
	}
	f.equal("of deleted connections", []string{"a1", "a2", "b"}, names())
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("own")}, AccountRef: c.AccountRef,
	})
	f.equal("of a connection with accounts", []string{"own", "a1", "a2", "b"}, names())
	f.repointTo(c, "item-7")
	f.equal("of a connection with another reference", []string{"own"}, names())
	f.deleteConnection(c)
	_, err := f.Pulls.FormerAccounts(f.ctx, l)
	f.errorIs(err, domain.LeaseLost)
}

func relinkComparesRows(f *fixture) {
	money := money("-3", "USD")
	r := newRelinks(f, purchase("later", withDate("2026-02-11"), func(o *domain.TransactionData) {
		o.AccountMoney = &money
	}), purchase("gone"), purchase("other", withAccount("b")))
	r.remove("gone")
	rules := &ports.Matching{RowOf: func(data domain.TransactionData, account domain.AccountID) banktext.Row {
		return banktext.NewRow(data, account, domain.InstitutionKeys{Transaction: "key of " + string(data.Metadata)})
	}}
	id := r.accountID("a")
	rows, err := f.Pulls.RowsOfAccount(f.ctx, r.l, id, "", rules)
	f.noError(err)
	want := []banktext.Row{
		rules.Row(f.getRow(r.c, "later").TransactionData, id),
		rules.Row(f.getRow(r.c, "x").TransactionData, id),
	}
	f.equal("stored", want, rows)
	r.stage(0, renewed("y"), renewed("z", withDate("2026-02-12")), purchase("b", withAccount("b2")))
	rows, err = f.Pulls.RowsOfAccount(f.ctx, r.l, domain.AccountID{}, "a2", rules)
	f.noError(err)
	want = []banktext.Row{
		rules.Row(renewed("z", withDate("2026-02-12")), domain.AccountID{}),
		rules.Row(renewed("y"), domain.AccountID{}),
	}
	f.equal("staged", want, rows)
}

func relinkMoves(f *fixture) {
	r := newRelinks(f, purchase("market", withDescription("market")), purchase("stays", withAccount("b")),
		purchase("gone", withDescription("withdrawal")))
	r.remove("gone")
	r.stage(0, renewed("y"), renewed("market", withDescription("market")), renewed("gone2", withDescription("gone 2")),
		purchase("stays", withAccount("b2")))
	r.publish("a2=a", "b2=b")
	id, day := r.accountID("a2"), domain.Date("2026-02-15")
	f.close(id, day)
	read := ports.SettledRead{Balances: map[string]books.VendorBalance{
		"a2": {Amount: money("100", "BRL").Amount, Currency: "BRL"}, "b2": {Missing: books.BasisInvoice},
	}}
	f.finishSettled(r.l, f.now(), read)
	f.confirm(r.c, read)
	balances := func() []books.AccountBalance {
		page, err := f.Ledger.Balances(f.ctx, f.tenant, id, domain.Window{}, domain.PageRequest{Limit: 9})
		f.noError(err)
		return page.Items
	}
	readings := balances()
	f.equal("readings", 1, len(readings))
	f.deleteConnection(r.c)
	before := f.allRows(r.c)
	_, position := f.readFeedFrom(domain.Position{}, 10, len(before))

	n := &relinks{replacements: &replacements{fixture: f}, ref: "item-9"}
	c := f.newConnection("again")
	c.AccountRef, c.NewReference = n.ref, true
	n.c, n.target = f.createStored(c), c.Target()
	n.l, _ = f.claim(f.requestPull(n.c, domain.PullScope{Everything: true}).ID)
	n.stage(0, purchase("z", withAccount("a9")), purchase("market", withAccount("a9"), withDescription("market")))
	w := n.publication("a9")
	w.Accounts[0].Continues = id
	published, err := f.Pulls.Publish(f.ctx, n.l, w)
	f.noError(err)
	f.equal("complete", true, published.Complete)

	f.equal("rows that stay", []string{"stays"},
		ids(f.allRows(r.c), func(t domain.Transaction) string { return t.ExternalID }))
	f.equal("accounts that stay", []string{"b2"},
		ids(f.listAccounts(r.c), func(a domain.Account) string { return a.ExternalID }))
	account := f.listAccounts(n.c)[0]
	f.equal("account", []any{id, n.c.ID, "a9", 3},
		[]any{account.ID, account.Connection, account.ExternalID, len(account.References)})
	moved := f.allRows(n.c)
	f.equal("moved rows", 4, len(moved))
	for _, t := range moved {
		was := before[slices.IndexFunc(before, func(b domain.Transaction) bool { return b.ID == t.ID })]
		f.equal("account of "+t.ExternalID, id, t.AccountID)
		f.equal("a new version of "+t.ExternalID, true, t.Version > was.Version)
		versions := n.historyOf(t.ID, 2, nil)
		f.equal("connections in the history of "+t.ExternalID, []domain.ConnectionID{n.c.ID, r.c.ID},
			[]domain.ConnectionID{versions[0].Transaction.Connection, versions[len(versions)-1].Transaction.Connection})
		isMove := func(v domain.TransactionVersion) bool {
			return v.Cause() == domain.CausedByMatching && v.Change() == domain.Modified
		}
		f.equal("the move of "+t.ExternalID, true, slices.ContainsFunc(versions, isMove))
	}
	f.equal("continued", r.older, f.getRow(n.c, "z").ID)
	f.equal("by a past id", []domain.TransactionID{r.older}, n.found("x"))
	f.equal("by a past id of the old connection", 0, len(r.found("x")))
	feed := f.readFeed(position, 10, 4)
	for _, t := range feed {
		f.equal("connection of "+t.ExternalID, n.c.ID, t.Connection)
		f.equal("added", false, t.Change() == domain.Added)
	}
	f.checkCloses("after the move", n.c)
	f.equal("readings afterwards", readings, balances())
	completeness, err := f.Ledger.Completeness(f.ctx, f.tenant, id)
	f.noError(err)
	f.equal("completeness", true, completeness.Known())
	f.equal("completeness of the connection", true, f.factsOf(n.c).Compared)
	f.closeIsAfter(id, moved)
	split, err := f.Ledger.Split(f.ctx, f.tenant, r.older, newID[domain.Transaction](), ports.Decision{At: f.now()})
	f.noError(err)
	f.equal("row after a split", "y", split.ExternalID)
}

// closeIsAfter checks that a close is later than the last versions of these records, although it comes from a replica
// whose clock is behind.
func (f *fixture) closeIsAfter(account domain.AccountID, versions []domain.Transaction) {
	f.Helper()
	request := f.closeRequest("2026-12-31")
	request.At = epoch
	closed, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, account, request, ports.CloseSteps{}, nil)
	f.noError(err)
	for _, t := range versions {
		f.equal("the close is after "+t.ExternalID, true, closed.ClosedAt.After(t.UpdatedAt))
	}
}

// numbersOfSharedAccounts checks accounts with one id of the institution. Numbers that differ speak against one
// account.
func numbersOfSharedAccounts(f *fixture) {
	oneID := func(domain.AccountData) domain.AccountIdentity { return domain.AccountIdentity{ID: "the same id"} }
	for name, c := range map[string]struct {
		numbers [2]string
		shared  bool
	}{
		"equal numbers":       {[2]string{"12345-6", "012345-6"}, true},
		"other numbers":       {[2]string{"12345-6", "12345-7"}, false},
		"an unknown number":   {[2]string{"12345-6", ""}, true},
		"hidden characters":   {[2]string{"12345-6", "**3457"}, true},
		"with the agency":     {[2]string{"12345-7", "0001/12345-7"}, true},
		"a few digits of two": {[2]string{"1234", "4321"}, true},
	} {
		tenant := f.tenant
		f.tenant = newTenant()
		for i, number := range c.numbers {
			connection := f.createConnection()
			l, _ := f.claim(f.requestPull(connection, domain.PullScope{}).ID)
			account := accountData(string(rune('a' + i)))
			account.Number = number
			f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{account}, Listed: true, Identity: oneID})
			f.finish(l, domain.PullSucceeded, "")
		}
		for id, facts := range f.facts() {
			shared := !facts.SharedSince.IsZero()
			alone := f.factsAmong(f.tenant, []domain.ConnectionID{id})[id]
			f.equal(name, []bool{c.shared, c.shared}, []bool{shared, !alone.SharedSince.IsZero()})
		}
		f.tenant = tenant
	}
}

func relinkSharedAccounts(f *fixture) {
	read := func(c domain.Connection, externalID, number string) {
		l, _ := f.claim(f.requestPull(c, domain.PullScope{}).ID)
		account := accountData(externalID)
		account.Number = number
		f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{account}, Listed: true, Identity: idOfNumber})
		f.finish(l, domain.PullSucceeded, "")
	}
	other := f.newConnection("of another vendor")
	other.Vendor = otherVendor
	connections := []domain.Connection{
		f.createConnection(), f.createConnection(), f.createConnection(), f.createStored(other),
	}
	want := func(what string, shared ...bool) {
		f.Helper()
		var each []bool
		for _, c := range connections {
			each = append(each, !f.factsOf(c).SharedSince.IsZero())
		}
		f.equal(what, shared, each)
	}
	read(connections[0], "a", "1")
	read(connections[1], "b", "")
	read(connections[2], "c", "")
	read(connections[3], "a", "1")
	want("different accounts", false, false, false, false)
	read(connections[1], "b", "1")
	want("the same key", true, true, false, false)
	read(connections[2], "a", "")
	want("the same external id", true, true, true, false)
	f.deleteConnection(connections[0])
	connections = connections[1:]
	want("after a deletion", false, false, false)
	read(connections[1], "b", "")
	l, _ := f.claim(f.requestPull(connections[1], domain.PullScope{}).ID)
	want("the same external id again", true, true, false)
	f.sweepAccounts(l, domain.OneRead, "a")
	want("after the account was removed", false, false, false)
}

func relinkManyRows(f *fixture) {
	const n = 1300 // more than two batches
	var rows []domain.TransactionData
	text := func(i int) func(*domain.TransactionData) {
		return withDescription(fmt.Sprintf("shop q%c%cq", 'a'+i%26, 'a'+i/26%26))
	}
	for i := range n {
		rows = append(rows, purchase(fmt.Sprint("old", i), text(i), withDate(domain.Date("2026-02-01").AddDays(i/676))))
	}
	r := newRelinks(f, rows...)
	ofID := map[string]domain.TransactionID{}
	for _, t := range f.allRows(r.c) {
		ofID[t.ExternalID] = t.ID
	}
	for i := range rows {
		rows[i].ExternalID, rows[i].Account = fmt.Sprint("new", n-i), "a2"
	}
	for page := range slices.Chunk(rows, 400) {
		r.stage(0, page...)
	}
	r.stage(0, renewed("y"))
	f.equal("counts", domain.Counts{Accounts: 2, Modified: n + 1, IDChanges: n + 1}, r.publish("a2=a", "b2=b"))
	for _, t := range f.allRows(r.c) {
		f.equal("past rows", 1, len(t.Supersedes))
		f.equal("id of "+t.ExternalID, ofID[t.Supersedes[0].ExternalID], t.ID)
		f.equal("version", 2, t.Version)
	}
}

func relinkStagedSince(f *fixture) {
	r := newRelinks(f)
	since := func() time.Time {
		f.Helper()
		c, err := f.Connections.Get(f.ctx, f.tenant, domain.Aggregator, r.c.ID)
		f.noError(err)
		return c.StagedSince
	}
	f.equal("before", time.Time{}, since())
	r.stage(0, renewed("y"))
	f.equal("without a start", time.Time{}, since())
	at := f.now()
	for _, now := range []time.Time{at, f.now()} {
		f.mustStorePage(r.l, ports.PageWrite{
			Progress: listing(), AccountRef: r.ref, Staged: &ports.Staging{Restart: true}, At: now,
		})
		f.equal("first start", at, since())
	}
	r.stage(0, renewed("y"))
	r.publish("a2=a", "b2=b")
	f.equal("after the publication", time.Time{}, since())
	again := f.now()
	f.mustStorePage(r.l, ports.PageWrite{
		Progress: listing(), AccountRef: r.ref, Staged: &ports.Staging{Restart: true}, At: again,
	})
	c, err := f.Connections.Get(f.ctx, f.tenant, domain.Aggregator, r.c.ID)
	f.noError(err)
	f.equal("a reference that is staged again", []any{true, again}, []any{c.NewReference, c.StagedSince})
	third := r.relinkTo("item-3")
	f.equal("another reference", time.Time{}, since())
	f.mustStorePage(third.l, ports.PageWrite{
		Transactions: []domain.TransactionData{purchase("z")}, Progress: listing(), AccountRef: third.ref,
		Staged: &ports.Staging{Restart: true},
	})
	f.noError(f.Pulls.Finish(f.ctx, third.l, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: f.now(), Target: third.target,
	}))
	f.equal("after a pull that stages nothing", time.Time{}, since())
	third.l, _ = f.claim(f.requestPull(r.c, domain.PullScope{}).ID)
	rows, err := f.Pulls.RowsOfAccount(f.ctx, third.l, domain.AccountID{}, "a", descriptions)
	f.noError(err)
	f.equal("staged rows afterwards", 0, len(rows))
}

// late stores rows that the vendor returns only after Publish.
func (r *relinks) late(rows ...domain.TransactionData) domain.Counts {
	r.Helper()
	return r.mustStorePage(r.l, ports.PageWrite{
		Transactions: rows, Progress: listing(), Matching: descriptions, AccountRef: r.ref,
	})
}

// nextClaim ends the pull and claims another one. It returns Claimed.HasCarriedOver: whether the connection has
// carried-over rows (rows that the vendor has not yet returned under the current account reference).
func (r *relinks) nextClaim() bool {
	r.Helper()
	r.finish(r.l, domain.PullSucceeded, "")
	var claimed ports.Claimed
	r.l, claimed = r.claim(r.requestPull(r.c, domain.PullScope{}).ID)
	return claimed.HasCarriedOver
}

func relinkUnproved(f *fixture) {
	r := newRelinks(
		f,
		purchase("gone", withDescription("market"), withContentHash(7)),
		purchase("b1", withAccount("b")),
	)
	gone := f.getRow(r.c, "gone").ID
	r.stage(0, renewed("y"), renewed("unreadable", withAccount("c2"), withDescription("other")))
	w := r.publication("a2=a")
	w.Unproved, w.Unreadable = true, []string{"c2"}
	published, err := f.Pulls.Publish(f.ctx, r.l, w)
	f.noError(err)
	f.equal("published", ports.Published{
		Counts: domain.Counts{Accounts: 1, Added: 1, Modified: 1, IDChanges: 1}, Complete: true,
	}, published)
	r.want("transactions", "1: y v2 was x", "2: gone v1", "3: b1 v1", "4: unreadable v1")
	accounts := f.listAccounts(r.c)
	f.equal("account b", []any{"b", true, true},
		[]any{accounts[1].ExternalID, accounts[1].RemovedAt.IsZero(), accounts[1].References[0].Until.IsZero()})
	f.equal(
		"unchanged",
		[]bool{false},
		f.unchanged(r.c, purchase("gone", withDescription("market"), withContentHash(7))),
	)
	f.equal("carried-over rows", true, r.nextClaim())
	_, position := f.readFeedFrom(domain.Position{}, 10, 4)
	f.equal(
		"late",
		domain.Counts{Read: 1, Modified: 1, IDChanges: 1},
		r.late(renewed("late", withDescription("market"))),
	)
	f.equal("id", gone, f.getRow(r.c, "late").ID)
	feed := f.readFeed(position, 10, 1)
	f.equal("feed", domain.Modified, feed[0].Change())
	f.equal("carried-over rows afterwards", false, r.nextClaim())
}

func relinkLateHistory(f *fixture) {
	old := func(i int) []func(*domain.TransactionData) {
		return []func(*domain.TransactionData){withDate(domain.Date("2025-01-01").AddDays(i)), withDescription("shop")}
	}
	var rows []domain.TransactionData
	for i := range 40 {
		rows = append(rows, purchase(fmt.Sprint("old", i), old(10*i)...))
	}
	r := newRelinks(f, append(rows, purchase("never", withDate("2024-01-01")), row("other account"))...)
	before := map[string]domain.TransactionID{}
	for _, t := range f.allRows(r.c) {
		before[t.ExternalID] = t.ID
	}
	r.stage(0, renewed("y"))
	f.equal("counts", domain.Counts{Accounts: 2, Modified: 1, IDChanges: 1}, r.publish("a2=a", "b2=b"))
	f.equal("carried-over rows", true, r.nextClaim())
	var page []domain.TransactionData
	for i := range 40 {
		page = append(page, renewed(fmt.Sprint("late", i), old(10*i)...))
	}
	f.equal("counts of the page", domain.Counts{Read: 41, Modified: 40, Added: 1, IDChanges: 40},
		r.late(append(page, renewed("new", withDescription("cinema")))...))
	for i := range 40 {
		t := f.getRow(r.c, fmt.Sprint("late", i))
		f.equal("id of "+t.ExternalID, before[fmt.Sprint("old", i)], t.ID)
		f.equal("past rows", []domain.Superseded{{
			ExternalID: fmt.Sprint("old", i), At: t.UpdatedAt, Rule: domain.SameDescription, Version: 1,
		}}, t.Supersedes)
		f.equal("history", []domain.ChangeKind{domain.SupersededRow, domain.Added}, r.kinds(t.ExternalID))
	}
	split := r.split(before["old0"])
	f.equal("split", []any{"old0", false}, []any{split.ExternalID, split.RemovedAt.IsZero()})
	f.equal("carried-over rows that remain", true, r.nextClaim())
	f.equal("again", domain.Counts{Read: 1, Unchanged: 1}, r.late(renewed("late1", old(10)...)))
	r.late(renewed("late0", old(0)...))
	f.equal("after the split", true, f.getRow(r.c, "late0").ID != before["old0"])
}

func relinkShownLate(f *fixture) {
	old := withDate("2025-01-01")
	r := newRelinks(f, purchase("old", old, withContentHash(7)))
	id := f.getRow(r.c, "old").ID
	r.stage(0, renewed("y"))
	r.publish("a2=a", "b2=b")
	f.equal("unchanged before it is shown", []bool{false}, f.unchanged(r.c, purchase("old", old, withContentHash(7))))
	r.late(renewed("old", old, withContentHash(7)))
	f.equal("unchanged afterwards", []bool{true}, f.unchanged(r.c, renewed("old", old, withContentHash(7))))
	f.equal("carried-over rows", false, r.nextClaim())
	f.equal("an equal purchase", domain.Counts{Read: 1, Added: 1}, r.late(renewed("equal", old)))
	f.equal("id", id, f.getRow(r.c, "old").ID)
}

func relinkSweepsCarriedOver(f *fixture) {
	r := newRelinks(f, purchase("old", withDate("2025-01-01"), withDescription("old")),
		purchase("older", withDate("2024-01-01"), withDescription("older")))
	r.stage(0, renewed("y"))
	r.publish("a2=a", "b2=b")
	sweep := func(seen ...string) domain.Counts {
		r.nextClaim()
		return r.sweep(r.l, ports.SweepWrite{Proof: domain.OneRead, Page: ports.PageWrite{
			Matching: descriptions, Progress: listing(),
		}}, seen...)
	}
	f.equal("older than all rows", domain.Counts{}, sweep("y"))
	r.late(renewed("middle", withDate("2024-06-01"), withDescription("middle")))
	f.equal("newer than a row", domain.Counts{Removed: 1}, sweep("y", "middle"))
	f.equal("removed", []bool{false, true}, []bool{
		f.getRow(r.c, "old").RemovedAt.IsZero(), f.getRow(r.c, "older").RemovedAt.IsZero(),
	})
}

// newNotShown returns a connection with the removed rows "x", "x2" and "left", which differ only in their ids:
//
//   - The vendor removed "left" under the former account reference.
//   - Publish removed "x" and "x2", because they were not among the rows of the new reference.
func newNotShown(f *fixture) *relinks {
	f.Helper()
	r := newRelinks(f, purchase("x2"), purchase("left"))
	r.remove("left")
	r.stage(0, renewed("older", withDate("2026-01-02"), withDescription("older")))
	f.equal("counts", domain.Counts{Accounts: 1, Added: 1, Removed: 2}, r.publish("a2=a"))
	return r
}

// wantNotShown checks the transactions of newNotShown after the vendor has returned three rows that differ only in
// their ids:
//
//   - Two of these rows must continue the transactions "x" and "x2", which Publish had marked as removed.
//   - The third row must become a new transaction. It must not continue the third removed transaction, "left", because
//     the vendor itself had removed that row.
func (r *relinks) wantNotShown() {
	r.Helper()
	r.wantPast("x", "x2")
}

// wantPast checks which of the removed rows of newNotShown continue, and that no row is carried over.
func (r *relinks) wantPast(want ...string) {
	r.Helper()
	var past []string
	for _, t := range r.allRows(r.c) {
		for _, p := range t.Supersedes {
			past = append(past, p.ExternalID)
		}
		r.equal("removed: "+t.ExternalID, t.ExternalID == "left", !t.RemovedAt.IsZero())
	}
	slices.Sort(past)
	r.equal("past rows", want, past)
	r.equal("carried-over rows", false, r.nextClaim())
}

func relinkNotShownPage(f *fixture) {
	r := newNotShown(f)
	f.equal("carried-over rows", true, r.nextClaim())
	_, position := f.readFeedFrom(domain.Position{}, 10, 4)
	f.equal("late", domain.Counts{Read: 3, Modified: 3, IDChanges: 3},
		r.late(renewed("y"), renewed("y2"), renewed("y3")))
	changes := map[domain.ChangeKind]int{}
	for _, t := range f.readFeed(position, 10, 3) {
		changes[t.Change()]++
	}
	f.equal("feed", map[domain.ChangeKind]int{domain.Modified: 3}, changes)
	r.wantPast("left", "x", "x2") // the last row continues "left", because it was removed recently
}

func relinkNotShownPublication(f *fixture) {
	r := newNotShown(f)
	f.equal("carried-over rows", true, r.nextClaim())
	r.stage(0, renewed("older", withDate("2026-01-02"), withDescription("older")), renewed("y"), renewed("y2"),
		renewed("y3"))
	f.equal("counts", domain.Counts{Accounts: 2, Modified: 2, Added: 1, Unchanged: 1, IDChanges: 2},
		r.publish("a2=a2", "b2=b"))
	r.wantNotShown()
}

func relinkSuggestsOnce(f *fixture) {
	r := newRelinks(f)
	r.stage(0, renewed("older", withDate("2026-01-02"), withDescription("older")))
	f.equal("published", domain.Counts{Accounts: 1, Added: 1, Removed: 1}, r.publish("a2=a"))
	again := r.relinkTo("item-3")
	inA3 := withAccount("a3")
	again.stage(0, renewed("newest", inA3, withDate("2026-12-01")), renewed("y", inA3, withDescription("PIX padaria")))
	again.publish("a3=a2")
	f.equal("suggestions", []string{"x>y open"}, r.suggestions())
}

func relinkNotShownSweep(f *fixture) {
	r := newRelinks(f)
	r.stage(0, renewed("newer", withDate("2026-12-01"), withDescription("newer")))
	f.equal("published", domain.Counts{Accounts: 1, Added: 1}, r.publish("a2=a"))
	sweep := func(at time.Time, seen ...string) domain.Counts {
		r.nextClaim()
		return r.sweep(r.l, ports.SweepWrite{Proof: domain.OneRead, At: at, Page: ports.PageWrite{
			Matching: descriptions, Progress: listing(),
		}}, seen...)
	}
	r.nextClaim()
	r.late(renewed("older", withDate("2026-01-02"), withDescription("older")))
	f.equal("removed", domain.Counts{Removed: 1}, sweep(f.now(), "newer", "older"))
	f.equal("carried-over rows", true, r.nextClaim())
	f.equal("late", domain.Counts{Read: 1, Modified: 1, IDChanges: 1}, r.late(renewed("y")))
	f.equal("id", r.older, f.getRow(r.c, "y").ID)

	expired := newNotShown(f)
	sweepAt := f.now().Add(domain.MatchWindow + time.Hour)
	r = expired
	f.equal("nothing to remove", domain.Counts{}, sweep(sweepAt, "older"))
	f.equal("carried-over rows after the time in which rows are matched", false, r.nextClaim())
}

func relinkSplitCarriedOver(f *fixture) {
	replaced := newReplacements(f)
	replaced.remove("x")
	replaced.next()
	replaced.page(news(), purchase("y"))
	r := replaced.relinkTo("item-2")
	r.stage(0, renewed("newer", withDate("2026-12-01"), withDescription("newer")))
	f.equal("published", domain.Counts{Accounts: 1, Added: 1}, r.publish("a2=a"))
	r.split(r.older)
	r.want("after the split", "1: x v4 removed", "2: newer v1", "3: y v1")
	f.equal("carried-over rows", true, r.nextClaim())
	sweep := func(seen ...string) domain.Counts {
		return r.sweep(r.l, ports.SweepWrite{Account: "a2", Page: ports.PageWrite{}}, seen...)
	}
	f.equal("older than all rows", domain.Counts{}, sweep("newer"))
	r.late(renewed("older", withDate("2026-01-02"), withDescription("older")))
	f.equal("not shown by a complete list", domain.Counts{Removed: 1}, sweep("newer", "older"))
	f.equal("removed", false, f.getRow(r.c, "y").RemovedAt.IsZero())
}

func relinkQuarantined(f *fixture) {
	r := newRelinks(f, purchase("same"), purchase("gone", withDescription("market")))
	quarantine := func(ids ...string) {
		var rows []domain.UnreadableData
		for _, id := range ids {
			rows = append(rows, unreadable(id, domain.UnknownType, "{}"))
		}
		r.mustStorePage(r.l, ports.PageWrite{
			Quarantined: rows, Progress: listing(), AccountRef: r.ref, Staged: &ports.Staging{},
		})
	}
	quarantine("gone")
	r.mustStorePage(r.l, ports.PageWrite{
		Progress: listing(), AccountRef: r.ref, Staged: &ports.Staging{Restart: true}, At: f.now(),
	})
	quarantine("same")
	r.stage(0, renewed("y"), renewed("older", withDate("2026-01-02"), withDescription("older")))
	f.equal("counts", domain.Counts{Accounts: 1, Added: 1, Modified: 1, Removed: 1, IDChanges: 1}, r.publish("a2=a"))
	for externalID, removed := range map[string]bool{"same": false, "gone": true, "y": false} {
		f.equal(externalID+" is removed", removed, !f.getRow(r.c, externalID).RemovedAt.IsZero())
	}
}

func relinkLateAccount(f *fixture) {
	account := func(externalID, number string) domain.AccountData {
		a := accountData(externalID)
		a.Number = number
		return a
	}
	c, l := f.runningPull()
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{account("a", "1"), account("b", "2")}, Listed: true, AccountRef: "item-1",
		Identity: idOfNumber,
	})
	r := (&replacements{fixture: f, c: c, l: l}).relinkTo("item-2")
	r.publish("a2=a")
	store := func(l domain.Lease, ref string, accounts ...domain.AccountData) error {
		_, err := f.Pulls.StorePage(f.ctx, l, ports.PageWrite{
			Accounts: accounts, Listed: true, AccountRef: ref, Identity: idOfNumber, NewID: newID[domain.Transaction],
			Transactions: []domain.TransactionData{row("t")}, Progress: listing(), At: f.now(), LeaseUntil: l.Until,
		})
		return err
	}
	f.errorIs(store(r.l, "item-2", account("c2", "3"), account("b2", "2")), domain.AccountContinues)
	f.equal("nothing is stored", []int{2, 0}, []int{len(f.listAccounts(r.c)), len(f.allRows(r.c))})
	f.noError(store(r.l, "item-2", account("c2", "3"), account("d2", ""), account("e2", "3")))
	f.deleteConnection(r.c)

	other := f.newConnection("again")
	other.AccountRef = "item-3"
	n := f.createStored(other)
	l, _ = f.claim(f.requestPull(n, domain.PullScope{}).ID)
	f.errorIs(store(l, "item-3", account("c3", "3")), domain.AccountContinues)
	_, err := f.Pulls.Sweep(f.ctx, l, ports.SweepWrite{
		Proof: domain.OneRead, Seen: func(string) bool { return true }, At: f.now(), LeaseUntil: l.Until,
		Page: ports.PageWrite{
			Accounts: []domain.AccountData{account("c3", "3")}, AccountRef: "item-3", Identity: idOfNumber,
			NewID: newID[domain.Transaction],
		},
	})
	f.errorIs(err, domain.AccountContinues)
	f.noError(store(l, "item-3", account("f3", "9")))
	_, err = f.Connections.Update(f.ctx, f.tenant, domain.Aggregator, n.ID, nil, func(c *domain.Connection) error {
		c.Delete(f.now())
		return nil
	})
	f.noError(err)
	third := f.newConnection("of another vendor")
	third.Vendor = otherVendor
	l, _ = f.claim(f.requestPull(f.createStored(third), domain.PullScope{}).ID)
	f.noError(store(l, "item-4", account("f4", "9")))
}

// idOfNumber returns an identity that consists of an id that contains the number of an account.
func idOfNumber(a domain.AccountData) domain.AccountIdentity {
	if a.Number == "" {
		return domain.AccountIdentity{}
	}
	return domain.AccountIdentity{ID: "the id of " + a.Number}
}

// accountWithCandidates stores the account "new" of a connection, which may continue two accounts of deleted
// connections, and returns its id.
func (f *fixture) accountWithCandidates(c domain.Connection) domain.AccountID {
	f.Helper()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{}).ID)
	account := accountData("new")
	account.Institution = domain.Institution{ID: "201", Name: "Banco"}
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{account, accountData("other")}, Listed: true,
		MaybeContinues: map[string][]domain.AccountID{"new": candidates},
	})
	f.finish(l, domain.PullSucceeded, "")
	for _, a := range f.listAccounts(c) {
		if a.ExternalID == "new" {
			return a.ID
		}
	}
	f.Fatal("the account is not stored")
	return domain.AccountID{}
}

var candidates = []domain.AccountID{newID[domain.Account](), newID[domain.Account]()}

func relinkCandidates(f *fixture) {
	c := f.createConnection()
	f.equal("before", domain.ConnectionFacts{}.MaybeAfter, f.factsOf(c).MaybeAfter)
	id := f.accountWithCandidates(c)
	facts := f.factsOf(c)
	f.equal("since", f.getAccount(id).FirstSeenAt, facts.MaybeSince)
	f.equal("former accounts", candidates, facts.MaybeBefore)
	f.equal("new accounts", []string{"new"}, facts.MaybeAfter)
	f.equal("candidates", candidates, f.getAccount(id).MaybeContinues)
	f.equal("institution", domain.Institution{ID: "201", Name: "Banco"}, f.getAccount(id).Institution)

	l, _ := f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{accountData("new")}, Listed: true})
	f.finish(l, domain.PullSucceeded, "")
	f.equal("candidates after another pull", candidates, f.getAccount(id).MaybeContinues)

	_, err := f.Ledger.ForgetCandidates(f.ctx, domain.TenantID{UUID: uuid.Max}, id, f.now(), nil)
	f.errorIs(err, domain.NotFound)
	account, err := f.Ledger.ForgetCandidates(f.ctx, f.tenant, id, f.now(), nil)
	f.noError(err)
	f.equal("candidates afterwards", 0, len(account.MaybeContinues)+len(f.factsOf(c).MaybeBefore))
	f.equal("since afterwards", true, f.factsOf(c).MaybeSince.IsZero())
	_, err = f.Ledger.ForgetCandidates(f.ctx, f.tenant, id, f.now(), nil)
	f.errorIs(err, domain.AccountNotAmbiguous)
}

func (f *fixture) getAccount(id domain.AccountID) domain.Account {
	f.Helper()
	account, err := f.Ledger.Account(f.ctx, f.tenant, id)
	f.noError(err)
	return account
}
