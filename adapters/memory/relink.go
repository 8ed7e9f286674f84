package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// stagedRow is a row that was read under a new account reference. The row is stored, but not visible yet.
type stagedRow struct {
	step int
	data domain.TransactionData
}

// stageRows stores the transactions of a staged write. They are not visible yet. stageRows returns w without its
// transactions and accounts. If w is not staged, stageRows does nothing and returns w.
func (s *Store) stageRows(p *pull, w ports.PageWrite, counts *domain.Counts) ports.PageWrite {
	if w.Staged == nil {
		return w
	}
	if s.staged[p.Connection] == nil {
		s.staged[p.Connection] = map[string]stagedRow{}
	}
	staged := s.staged[p.Connection]
	if w.Staged.Restart {
		c := s.connections[p.Connection]
		if c.NewReference = true; c.StagedSince.IsZero() {
			c.StagedSince = w.At
		}
		maps.DeleteFunc(staged, func(_ string, row stagedRow) bool { return row.step >= w.Staged.Step })
	}
	for _, data := range latest(w.Transactions, func(o domain.TransactionData) string { return o.ExternalID }) {
		data.Metadata = slices.Clone(data.Metadata)
		staged[data.ExternalID] = stagedRow{w.Staged.Step, data}
		counts.Read++
	}
	for _, id := range w.Removed {
		delete(staged, id)
	}
	w.Accounts, w.Transactions, w.Listed = nil, nil, false
	return w
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
		deleted := slices.SortedFunc(matching(maps.Values(v.connections), func(c *domain.Connection) bool {
			return c.Tenant == p.Tenant && c.Vendor == p.Vendor && !c.Live() && c.ErasedAt.IsZero()
		}, cloneConnection), func(a, b domain.Connection) int {
			return cmp.Or(b.DeletedAt.Compare(a.DeletedAt), cmp.Compare(b.ID.String(), a.ID.String()))
		})
		for _, c := range deleted {
			former = append(former, v.accountsByExternalID(c.ID)...)
		}
		return former[:min(len(former), ports.MaxFormerAccounts)], nil
	})
}

// continues reports whether a new account may be the same bank account as a stored account. The stored account belongs
// to an earlier account reference of the connection, or to a deleted connection. The result is false if the connection
// already has an account with this external id.
func (s *Store) continues(p *pull, data domain.AccountData, w ports.PageWrite) bool {
	key := w.KeyOf(data)
	if key == "" || w.Staged != nil || s.accounts[p.Connection][data.ExternalID] != nil {
		return false
	}
	for id, accounts := range s.accounts {
		c := s.connections[id]
		for _, a := range accounts {
			own := id == p.Connection && !a.IsOf(w.AccountRef)
			deleted := c.Tenant == p.Tenant && c.Vendor == p.Vendor && !c.Live() && c.ErasedAt.IsZero()
			if a.key == key && (own || deleted) {
				return true
			}
		}
	}
	return false
}

// accountsByExternalID returns copies of the accounts of a connection, ordered by external id.
func (s *Store) accountsByExternalID(id domain.ConnectionID) []domain.Account {
	var accounts []domain.Account
	for _, externalID := range slices.Sorted(maps.Keys(s.accounts[id])) {
		accounts = append(accounts, cloneAccount(s.accounts[id][externalID].Account))
	}
	return accounts
}

// RowsOfAccount returns copies of the account's rows. It calls the given function while the store is locked.
func (v pulls) RowsOfAccount(ctx context.Context, lease domain.Lease, account domain.AccountID, externalID string,
	keys func(domain.TransactionData) domain.InstitutionKeys) ([]domain.MatchRow, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.RowsOfAccount", func() ([]domain.MatchRow, error) {
		p, err := v.writable(lease)
		if err != nil {
			return nil, err
		}
		var rows []domain.MatchRow
		add := func(data domain.TransactionData) {
			rows = append(rows, domain.NewMatchRow(data, account, keys(data)))
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
		slices.SortFunc(rows, func(a, b domain.MatchRow) int {
			return cmp.Or(cmp.Compare(b.Date, a.Date), cmp.Compare(a.ExternalID, b.ExternalID))
		})
		return rows[:min(len(rows), ports.MaxComparedRows)], nil
	})
}

// publisher makes the staged rows of one connection visible.
type publisher struct {
	*replacer
	ports.Publication
	staged map[string]stagedRow
	// relinked has an entry for each stored account that the vendor also lists under the new account reference. The
	// account keeps its id. The value is true if the reference, external id or connection of the account has changed.
	relinked map[domain.AccountID]bool
	first    []domain.QuarantineKey // keys of the accounts that are stored for the first time under their external id
}

// Publish moves accounts first, because rows refer to them. It removes old rows last, because new rows may replace
// them.
func (v pulls) Publish(ctx context.Context, lease domain.Lease, w ports.Publication) (ports.Published, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.Publish", func() (ports.Published, error) {
		p, err := v.writable(lease)
		if err != nil {
			return ports.Published{}, err
		}
		c := v.connections[p.Connection]
		if c.Target() != w.Target || !v.canContinue(p, w.Accounts) {
			return ports.Published{}, conflict(domain.TargetChanged)
		}
		var counts domain.Counts
		b := &publisher{
			replacer: &replacer{
				Store: v.Store, p: p, rows: rowsOf(v.transactions, p.Connection), leaving: leaving{},
				shown: map[string]bool{}, counts: &counts,
				w: ports.PageWrite{
					Matching:   w.Matching,
					AccountKey: w.AccountKey,
					NewID:      w.NewID,
					At:         w.At,
					AccountRef: w.AccountRef,
					Listed:     true,
				},
			},
			Publication: w, staged: v.staged[p.Connection], relinked: map[domain.AccountID]bool{},
		}
		complete := b.publish()
		if complete {
			v.endNewReference(c)
		}
		v.forgetAbsences(p.Connection, "")
		p.Counts, p.Progress, p.lease.Until = p.Counts.Plus(counts), cloneProgress(w.Progress), w.LeaseUntil
		return ports.Published{Counts: counts, Complete: complete}, nil
	})
}

// endNewReference records that the accounts of the connection's current account reference are stored now.
func (s *Store) endNewReference(c *domain.Connection) {
	delete(s.staged, c.ID)
	c.NewReference, c.StagedSince = false, time.Time{}
}

// canContinue checks the stored accounts that are about to continue under a new account reference. It reports whether
// each of them belongs to the pull's connection, or to a deleted connection that is not being erased.
func (s *Store) canContinue(p *pull, accounts []ports.PublishedAccount) bool {
	for _, published := range accounts {
		if published.Continues.IsZero() {
			continue
		}
		known := s.accountOf(p.Tenant, published.Continues)
		if known == nil {
			return false
		}
		c := s.connections[known.Connection]
		if known.Connection != p.Connection && (c.Live() || !c.ErasedAt.IsZero()) {
			return false
		}
	}
	return true
}

// publish publishes the accounts and the staged rows, and returns the value for Published.Complete.
func (b *publisher) publish() bool {
	for _, account := range b.Accounts {
		b.putPublished(account)
	}
	complete := b.endFormer()
	rows := b.visible(complete)
	for _, row := range rows {
		b.shown[row.ExternalID] = true
	}
	for key, row := range b.quarantine[b.p.Connection] {
		isRead := row.Pull == b.p.ID && !row.LastSeenAt.Before(b.connections[b.p.Connection].StagedSince)
		if key.Kind == domain.QuarantinedTransaction && isRead {
			b.shown[key.ID] = true
		}
	}
	b.expectLeaving()
	b.followPast()
	if b.w.Matching != nil {
		b.matchAccounts(rows)
	}
	for _, row := range rows {
		b.put(b.p, row, b.w, b.counts)
	}
	for _, key := range b.first {
		if b.quarantine[b.p.Connection][key] == nil {
			b.attachRows(b.p, key, b.w.At, b.counts)
		}
	}
	b.removeUnmatched(rows)
	return complete
}

// putPublished stores an account that the vendor lists under the new account reference. If the account continues a
// stored account, the stored account keeps its id.
func (b *publisher) putPublished(published ports.PublishedAccount) {
	known := b.accountOf(b.p.Tenant, published.Continues)
	accounts := rowsOf(b.accounts, b.p.Connection)
	if known != nil {
		b.relinked[known.ID] = !known.IsOf(b.AccountRef) || known.ExternalID != published.Data.ExternalID
		if known.Connection != b.p.Connection {
			b.moveAccount(known)
			b.relinked[known.ID] = true
		}
		delete(accounts, known.ExternalID)
		known.Relink(b.AccountRef, published.Data.ExternalID, b.At)
		known.UpdatedAt = b.At
		accounts[published.Data.ExternalID] = known
		if b.relinked[known.ID] {
			b.recordEvent(b.p.Tenant, b.p.Connection, domain.AccountRelinked, known.ID.String(), b.At)
		}
	}
	if known == nil || b.relinked[known.ID] { // the external id of this account is stored for the first time
		b.first = append(b.first, domain.QuarantineKey{
			Kind: domain.QuarantinedAccount, ID: published.Data.ExternalID,
		})
	}
	w := b.w
	w.Listed = published.Listed
	b.putAccount(b.p, published.Data, w)
	b.counts.Accounts++
}

// moveAccount moves an account and its transactions from a deleted connection to the pull's connection.
func (b *publisher) moveAccount(moved *account) {
	from, to := moved.Connection, b.p.Connection
	delete(b.accounts[from], moved.ExternalID)
	moved.Connection = to
	for _, key := range slices.Sorted(maps.Keys(b.transactions[from])) {
		row := b.transactions[from][key]
		if row.AccountID != moved.ID {
			continue
		}
		delete(b.transactions[from], key)
		row.archive()
		row.Connection = to
		for i := range row.replaced {
			row.replaced[i].Connection = to
		}
		b.rows[key] = row
		b.appendChange(b.p, row, b.At)
		for _, past := range row.Supersedes {
			delete(b.pastIDs[from], past.ExternalID)
			b.pastIDsOf(to)[past.ExternalID] = row
		}
	}
	maps.Copy(b.splitPairsOf(to), b.splitPairs[from])
}

// endFormer marks the accounts of earlier account references as removed. It returns the value for Published.Complete.
// It marks no account in two cases:
//
//   - b.Unproved is set: the absence of an account proves nothing. The result is true.
//   - A former account is live, and an account of the new reference cannot be read. Both may be the same bank account.
//     The result is false.
func (b *publisher) endFormer() bool {
	var former []*account
	for _, a := range b.accounts[b.p.Connection] {
		if !a.IsOf(b.AccountRef) {
			former = append(former, a)
		}
	}
	if b.Unproved {
		return true
	}
	open := slices.ContainsFunc(former, func(a *account) bool { return a.RemovedAt.IsZero() })
	if open && len(b.Unreadable) > 0 {
		return false
	}
	for _, a := range former {
		if a.RemovedAt.IsZero() {
			a.EndReference(b.At)
			a.RemovedAt, a.UpdatedAt = b.At, b.At
			b.recordEvent(b.p.Tenant, b.p.Connection, domain.AccountRemoved, a.ID.String(), b.At)
		}
	}
	return true
}

// visible returns the staged rows to publish, ordered by external id. If isComplete is false, it omits the rows of
// unreadable accounts.
func (b *publisher) visible(isComplete bool) []domain.TransactionData {
	var rows []domain.TransactionData
	for _, id := range slices.Sorted(maps.Keys(b.staged)) {
		if data := b.staged[id].data; isComplete || !slices.Contains(b.Unreadable, data.Account) {
			rows = append(rows, data)
		}
	}
	return rows
}

// accountIDOf returns the id of the account to which the row refers; zero if the account is not stored.
func (b *publisher) accountIDOf(data domain.TransactionData) domain.AccountID {
	if a := b.accounts[b.p.Connection][data.Account]; a != nil {
		return a.ID
	}
	return domain.AccountID{}
}

// expectLeaving adds live rows to b.leaving if the vendor does not return them under the new account reference. It
// considers two kinds of rows:
//
//   - Rows without an account.
//   - Rows of an account whose value in b.relinked is true.
func (b *publisher) expectLeaving() {
	for id, row := range b.rows {
		if row.RemovedAt.IsZero() && !b.shown[id] && (b.relinked[row.AccountID] || row.AccountID.IsZero()) {
			b.leaving[id] = domain.PullID{}
		}
	}
}

// matchAccounts matches stored rows of the accounts in b.relinked with rows of the new account reference. A matched new
// row replaces the stored row. An account that was published earlier is included, because the vendor may return some of
// its rows late.
func (b *publisher) matchAccounts(rows []domain.TransactionData) {
	inputs := map[domain.AccountID]*domain.RelinkInput{}
	for id := range b.relinked {
		inputs[id] = &domain.RelinkInput{Never: b.splitPairs[b.p.Connection]}
	}
	matchRow := func(data domain.TransactionData, account domain.AccountID) domain.MatchRow {
		return domain.NewMatchRow(data, account, b.w.Matching.Keys(data))
	}
	for _, data := range rows {
		if in := inputs[b.accountIDOf(data)]; in != nil && b.rows[data.ExternalID] == nil {
			in.New = append(in.New, matchRow(data, b.accountIDOf(data)))
		}
	}
	since := b.At.Add(-domain.MatchWindow)
	for id, row := range b.rows {
		in := inputs[row.AccountID]
		if in == nil || b.shown[id] || !row.SupersededBy.IsZero() {
			continue
		}
		_, leaves := b.leaving[id]
		switch {
		case leaves || row.carriedOver && row.RemovedAt.IsZero():
			in.Live = append(in.Live, matchRow(row.TransactionData, row.AccountID))
		case row.RemovedAt.Before(since):
		case row.carriedOver:
			in.NotShown = append(in.NotShown, matchRow(row.TransactionData, row.AccountID))
		case b.relinked[row.AccountID]:
			in.Old = append(in.Old, matchRow(row.TransactionData, row.AccountID))
		}
	}
	for _, in := range inputs {
		for _, match := range domain.MatchRelinked(*in) {
			b.replace(match)
		}
	}
}

// removeUnmatched handles the rows that are still in b.leaving. No new row has replaced these rows.
//
//   - A row with an account is marked as carried over: the vendor has not yet returned it under the new account
//     reference.
//   - A row is removed if it is not older than the oldest new row of the same account. If b.Unproved is set, no row is
//     removed.
func (b *publisher) removeUnmatched(rows []domain.TransactionData) {
	oldest := map[domain.AccountID]domain.Date{}
	for _, data := range rows {
		id := b.accountIDOf(data)
		if from, ok := oldest[id]; !ok || data.Date < from {
			oldest[id] = data.Date
		}
	}
	for _, externalID := range slices.Sorted(maps.Keys(b.leaving)) {
		row := b.rows[externalID]
		if !row.AccountID.IsZero() {
			row.carriedOver, row.source = true, domain.ContentHash{}
		}
		if from, ok := oldest[row.AccountID]; ok && row.Date >= from && !b.Unproved {
			b.counts.Removed += b.remove(b.p, row, b.At)
		}
	}
}
