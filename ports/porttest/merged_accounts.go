package porttest

import (
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// mergedAccountTests check accounts that an operator has declared to be one. Which records continue is tested in
// packages records and matching.
var mergedAccountTests = []storeTest{
	{"an account of a deleted connection continues as a stored one", mergeMoves},
	{"an account that is gone continues as another one of its connection", mergeInConnection},
	{"closes of both accounts get adjustments", mergeAdjusts},
	{"accounts that cannot be one are refused", mergeRefuses},
}

// twoAccounts stores the account "a" of a connection, deletes the connection, and stores the account "b" of another
// one. It returns both.
func (f *fixture) twoAccounts(before, after []domain.TransactionData) (ports.AccountPair, domain.Connection) {
	f.Helper()
	first, l := f.runningPull()
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("a")}, Listed: true, AccountRef: first.AccountRef,
		Transactions: before,
	})
	f.finish(l, domain.PullSucceeded, "")
	old := f.listAccounts(first)[0].ID
	f.deleteConnection(first)
	second := f.createConnection()
	l, _ = f.claim(f.requestPull(second, domain.PullScope{}).ID)
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("b")}, Listed: true, AccountRef: "item-2", Transactions: after,
		MaybeContinues: map[string][]domain.AccountID{"b": {old}},
	})
	f.finish(l, domain.PullSucceeded, "")
	return ports.AccountPair{Old: old, New: f.listAccounts(second)[0].ID}, second
}

func (f *fixture) mergeAccounts(pair ports.AccountPair) (domain.Account, error) {
	matching := func(domain.Vendor) *ports.Matching { return descriptions }
	return f.Ledger.MergeAccounts(f.ctx, f.tenant, pair, matching, ports.Decision{Actor: "alice", At: f.now()})
}

func inB(externalID string, edits ...func(*domain.TransactionData)) domain.TransactionData {
	return purchase(externalID, append([]func(*domain.TransactionData){withAccount("b")}, edits...)...)
}

func mergeMoves(f *fixture) {
	pair, c := f.twoAccounts(
		[]domain.TransactionData{
			purchase("x"), purchase("old", withDescription("cinema"), withDate("2025-01-10")),
			purchase("gone", withDescription("market")),
		},
		[]domain.TransactionData{inB("y"), inB("own", withDescription("travel agency"))},
	)
	older, younger := f.allRows(f.connectionOf(pair.Old)), f.allRows(c)
	third, other := f.createConnection(), newID[domain.Account]()
	l, _ := f.claim(f.requestPull(third, domain.PullScope{}).ID)
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("p"), accountData("q")}, Listed: true, AccountRef: "item-3",
		MaybeContinues: map[string][]domain.AccountID{"p": {pair.Old}, "q": {other, pair.Old}},
	})
	f.finish(l, domain.PullSucceeded, "")
	followed := f.subscribe(withSubscribedAccount(pair.New))
	account, err := f.mergeAccounts(pair)
	f.noError(err)
	f.equal("account of a subscription", []any{pair.Old, followed.Revision + 1},
		[]any{f.status(followed).Account, f.status(followed).Revision})
	f.equal("account", []any{pair.Old, c.ID, "b", true, 2, 0}, []any{
		account.ID, account.Connection, account.ExternalID, account.RemovedAt.IsZero(), len(account.References),
		len(account.MaybeContinues),
	})
	for _, a := range f.listAccounts(third) {
		want := map[string][]domain.AccountID{"q": {other}}[a.ExternalID]
		f.equal("what "+a.ExternalID+" may still continue", want, a.MaybeContinues)
	}
	f.equal("connections that wait", []domain.AccountID{other}, f.factsOf(third).MaybeBefore)
	f.equal("the other account", []bool{false, true},
		[]bool{f.getAccount(pair.New).RemovedAt.IsZero(), f.getAccount(pair.New).MaybeContinues == nil})
	idOf := func(all []domain.Transaction, externalID string) domain.TransactionID {
		return all[slices.IndexFunc(all, func(t domain.Transaction) bool { return t.ExternalID == externalID })].ID
	}
	states := map[domain.TransactionID]string{}
	for _, t := range f.allRows(c) {
		f.equal("account of "+t.ExternalID, pair.Old, t.AccountID)
		states[t.ID] = t.ExternalID
		if !t.RemovedAt.IsZero() {
			states[t.ID] += " removed"
		}
		if !t.SupersededBy.IsZero() {
			states[t.ID] += " superseded"
		}
	}
	f.equal("records", map[domain.TransactionID]string{
		idOf(older, "x"): "y", idOf(older, "old"): "old", idOf(older, "gone"): "gone removed",
		idOf(younger, "y"): "y removed superseded", idOf(younger, "own"): "own",
	}, states)

	l, _ = f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.equal("the next pull", domain.Counts{Accounts: 1, Read: 2, Unchanged: 2}, f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("b")}, Listed: true,
		Transactions: []domain.TransactionData{inB("y"), inB("own", withDescription("travel agency"))},
	}))
	split, err := f.Ledger.Split(f.ctx, f.tenant, idOf(older, "x"), newID[domain.Transaction](),
		ports.Decision{At: f.now()})
	f.noError(err)
	f.equal("after a split", []any{"x", false}, []any{split.ExternalID, split.RemovedAt.IsZero()})
	_, err = f.mergeAccounts(pair)
	f.errorIs(err, domain.AccountNotAmbiguous)
}

// connectionOf returns the connection of an account, which may be deleted.
func (f *fixture) connectionOf(id domain.AccountID) domain.Connection {
	f.Helper()
	return domain.Connection{ID: f.getAccount(id).Connection, Tenant: f.tenant}
}

func mergeInConnection(f *fixture) {
	c, l := f.runningPull()
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("a")}, Listed: true,
		Transactions: []domain.TransactionData{purchase("x")},
	})
	pair := ports.AccountPair{Old: f.listAccounts(c)[0].ID}
	x := f.getRow(c, "x").ID
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("b")}, Listed: true,
		Transactions: []domain.TransactionData{inB("y")},
	})
	for _, a := range f.listAccounts(c) {
		if a.ExternalID == "b" {
			pair.New = a.ID
		}
	}
	_, err := f.mergeAccounts(pair)
	f.errorIs(err, domain.AccountNotAmbiguous) // both are live
	f.noError(f.Pulls.SweepAccounts(f.ctx, l, ports.AccountSweepWrite{
		Listed: []string{"b"}, Ground: domain.Ground{Accounts: domain.OneRead, Cards: domain.OneRead}, At: f.now(),
		LeaseUntil: l.Until,
	}))
	account, err := f.mergeAccounts(pair)
	f.noError(err)
	f.equal("account", "b", account.ExternalID)
	for _, t := range f.allRows(c) {
		if t.ID == x {
			f.equal("the record", []any{"y", true}, []any{t.ExternalID, t.RemovedAt.IsZero()})
		}
	}
}

func mergeAdjusts(f *fixture) {
	pair, c := f.twoAccounts(
		[]domain.TransactionData{purchase("x")},
		[]domain.TransactionData{inB("y"), inB("own", withDescription("travel"))},
	)
	f.close(pair.New, "2026-02-15")
	_, err := f.mergeAccounts(pair)
	f.noError(err)
	f.checkCloses("after the merge", c)
	kindOf := func(a books.Adjustment) domain.ChangeKind { return a.Change }
	changes := ids(f.adjustments(pair.New, "2026-02-15"), kindOf)
	f.equal("adjustments of the other account", []domain.ChangeKind{domain.Removed, domain.Removed}, changes)
}

func mergeRefuses(f *fixture) {
	pair, c := f.twoAccounts(nil, nil)
	inDollars := accountData("c")
	inDollars.Currency = "USD"
	f.mustStorePage(f.startPull(c), ports.PageWrite{Accounts: []domain.AccountData{inDollars}, Listed: true})
	other := f.listAccounts(c)[1].ID
	for name, refused := range map[string]struct {
		pair ports.AccountPair
		want error
	}{
		"itself":            {ports.AccountPair{Old: pair.New, New: pair.New}, domain.AccountNotAmbiguous},
		"the other order":   {ports.AccountPair{Old: pair.New, New: pair.Old}, domain.AccountNotAmbiguous},
		"an unknown one":    {ports.AccountPair{Old: pair.Old, New: newID[domain.Account]()}, domain.NotFound},
		"another currency":  {ports.AccountPair{Old: pair.Old, New: other}, domain.CurrencyDiffers},
		"of an unknown one": {ports.AccountPair{Old: newID[domain.Account](), New: pair.New}, domain.NotFound},
	} {
		_, err := f.mergeAccounts(refused.pair)
		if f.errorIs(err, refused.want); f.Failed() {
			f.Fatal(name)
		}
	}
}
