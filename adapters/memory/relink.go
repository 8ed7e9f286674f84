package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// stagedRow is a row that was read under a new account reference. The row is stored, but not visible yet.
type stagedRow struct {
	step int
	data domain.TransactionData
}

// FormerAccounts iterates over all connections of the store. The store has no index of a tenant's deleted connections.
func (v pulls) FormerAccounts(ctx context.Context, lease domain.Lease) ([]domain.Account, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.FormerAccounts", func() ([]domain.Account, error) {
		p, err := v.writable(lease)
		if err != nil {
			return nil, err
		}
		former := v.accountsByExternalID(p.Connection)
		if ref := v.connections[p.Connection].AccountRef; slices.ContainsFunc(former, func(a domain.Account) bool {
			return !a.IsOf(ref)
		}) {
			return former[:min(len(former), ports.MaxFormerAccounts)], nil
		}
		deleted := filtered(v.connections, func(c *domain.Connection) bool {
			return v.isContinuable(p, c.ID)
		}, cloneConnection)
		slices.SortFunc(deleted, func(a, b domain.Connection) int {
			return cmp.Or(b.DeletedAt.Compare(a.DeletedAt), b.ID.Compare(a.ID))
		})
		for _, c := range deleted {
			former = append(former, v.accountsByExternalID(c.ID)...)
		}
		return former[:min(len(former), ports.MaxFormerAccounts)], nil
	})
}

// accountsByExternalID returns copies of the accounts of a connection, ordered by external id.
func (s *Store) accountsByExternalID(id domain.ConnectionID) []domain.Account {
	var accounts []domain.Account
	for _, a := range s.storedAccounts(id) {
		accounts = append(accounts, cloneAccount(a.Account))
	}
	return accounts
}

// RowsOfAccount returns copies of the account's rows. It calls rules.RowOf while the store is locked.
func (v pulls) RowsOfAccount(ctx context.Context, lease domain.Lease, account domain.AccountID, externalID string,
	rules *ports.Matching) ([]matching.Row, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.RowsOfAccount", func() ([]matching.Row, error) {
		p, err := v.writable(lease)
		if err != nil {
			return nil, err
		}
		var rows []matching.Row
		add := func(data domain.TransactionData) {
			rows = append(rows, rules.Row(data, account))
		}
		for _, row := range v.staged[p.Connection] {
			if account.IsZero() && row.data.Account == externalID {
				add(row.data)
			}
		}
		for t := range v.transactionsOf(p.Tenant) {
			if !account.IsZero() && t.AccountID == account && t.RemovedAt.IsZero() {
				add(t.TransactionData)
			}
		}
		slices.SortFunc(rows, func(a, b matching.Row) int {
			return cmp.Or(cmp.Compare(b.Date, a.Date), cmp.Compare(a.ExternalID, b.ExternalID))
		})
		return rows[:min(len(rows), ports.MaxComparedRows)], nil
	})
}

// Publish stores accounts first, because rows refer to them.
func (v pulls) Publish(ctx context.Context, lease domain.Lease, w ports.Publication) (ports.Published, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.Publish", func() (ports.Published, error) {
		p, err := v.writable(lease)
		if err != nil {
			return ports.Published{}, err
		}
		c := v.connections[p.Connection]
		if c.Target() != w.Target {
			return ports.Published{}, conflict(domain.TargetChanged)
		}
		publishable := v.publishable(p, w.Accounts)
		for _, a := range publishable {
			w.At = domain.Later(w.At, v.clocks[a.Connection].Add(time.Microsecond))
		}
		w.At = v.tick(p.Connection, w.At)
		source := recordSource{v.Store, p}
		accounts, err := records.PublishAccounts(w, v.viewOf(p, nil, nil), publishable, source)
		if err != nil {
			return ports.Published{}, err
		}
		for _, moved := range accounts.Moved {
			v.moveAccount(p, moved, w.At)
		}
		v.saveAccounts(p, accounts.AccountChanges, w.At)
		view := records.PublicationView{
			View: v.viewOf(p, nil, accounts.FirstStored), Relinked: accounts.Relinked, Held: accounts.Held,
			StagedSince: c.StagedSince,
		}
		writer := &recordWriter{recordSource: source, at: w.At, newID: w.NewID}
		if err := writer.apply(records.Publish(w, view, writer)); err != nil {
			return ports.Published{}, err
		}
		writer.counts.Accounts = len(w.Accounts)
		p.Counts, p.Progress, p.lease.Until = p.Counts.Plus(writer.counts), cloneProgress(w.Progress), w.LeaseUntil
		return ports.Published{Counts: writer.counts, Complete: len(accounts.Held) == 0}, nil
	})
}

// publishable returns the accounts of the pull's connection, and the accounts of deleted connections that the
// published accounts continue.
func (s *Store) publishable(p *pull, accounts []ports.PublishedAccount) []records.Account {
	stored := s.storedAccounts(p.Connection)
	for _, published := range accounts {
		a := s.accountOf(p.Tenant, published.Continues)
		if a != nil && a.Connection != p.Connection && s.isContinuable(p, a.Connection) {
			stored = append(stored, *a)
		}
	}
	return stored
}

// endNewReference records that the accounts of the connection's current account reference are stored now.
func (s *Store) endNewReference(c *domain.Connection) {
	delete(s.staged, c.ID)
	c.NewReference, c.StagedSince, c.Ambiguity = false, time.Time{}, domain.AccountAmbiguity{}
}

// moveAccount moves the transactions of an account from a deleted connection to the pull's connection. The account is
// then saved with the pull's connection.
func (s *Store) moveAccount(p *pull, moved records.Account, at time.Time) {
	from, to := moved.Connection, p.Connection
	delete(s.accounts[from], moved.ExternalID)
	w := &recordWriter{recordSource: recordSource{s, p}, at: at}
	for _, key := range slices.Sorted(maps.Keys(s.transactions[from])) {
		row := s.transactions[from][key]
		if row.AccountID != moved.ID {
			continue
		}
		delete(s.transactions[from], key)
		row.archive()
		row.Connection = to
		for i := range row.replaced {
			row.replaced[i].Connection = to
		}
		innerMap(s.transactions, to)[key] = row
		w.appendVersion(row)
		if s.carriedOver[from][row.ExternalID] {
			delete(s.carriedOver[from], row.ExternalID)
			w.markCarriedOver(row)
		}
		for _, past := range row.Supersedes {
			delete(s.pastIDs[from], past.ExternalID)
			w.changePast([]records.PastID{{ExternalID: past.ExternalID, Record: row.ID}})
		}
	}
	maps.Copy(innerMap(s.splitPairs, to), s.splitPairs[from])
	s.moveSuggestions(moved.ID, from, to)
}
