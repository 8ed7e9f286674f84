package memory

import (
	"context"
	"crypto/sha256"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// transaction is a transaction with the digest and the content hash of the vendor's data.
type transaction struct {
	domain.Transaction
	digest [sha256.Size]byte
	source domain.ContentHash
}

// change is an entry of a tenant's feed: row got this version. If the row has a newer version by
// now, a later entry reports the row.
type change struct {
	row     *transaction
	version int
}

// rowsOf returns the connection's rows by external id. The caller may read the map and add rows to
// it.
func rowsOf[T any](all map[domain.ConnectionID]map[string]*T, id domain.ConnectionID) map[string]*T {
	if all[id] == nil {
		all[id] = map[string]*T{}
	}
	return all[id]
}

// FilterUnchanged looks up each row. A row that is stored as removed does not count as unchanged,
// because it must be stored again.
func (v pulls) FilterUnchanged(
	ctx context.Context,
	connection domain.ConnectionID,
	seen []domain.RawTransaction,
) ([]bool, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.FilterUnchanged", func() ([]bool, error) {
		known := make([]bool, len(seen))
		for i, s := range seen {
			row := v.transactions[connection][s.ExternalID]
			known[i] = row != nil && row.RemovedAt.IsZero() && !s.ContentHash.IsZero() && row.source == s.ContentHash
		}
		return known, nil
	})
}

// StorePage writes accounts first, because rows refer to them, and removals last: a row whose
// removal the vendor announced stays removed, even if the page contains it.
func (v pulls) StorePage(ctx context.Context, lease domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.StorePage", func() (domain.Counts, error) {
		p, err := v.writable(lease)
		if err != nil {
			return domain.Counts{}, err
		}
		var counts domain.Counts
		for _, view := range latest(w.Accounts, func(a domain.AccountData) string { return a.ExternalID }) {
			v.putAccount(p, view, w)
			counts.Accounts++
		}
		for _, o := range latest(w.Transactions, func(o domain.TransactionData) string { return o.ExternalID }) {
			counts.Read++
			v.put(p, o, w, &counts)
		}
		known := rowsOf(v.transactions, p.Connection)
		for _, externalID := range w.Removed {
			counts.Removed += v.remove(p, known[externalID], w.At)
		}
		counts.Read, counts.Unchanged = counts.Read+w.Unchanged, counts.Unchanged+w.Unchanged
		p.Counts, p.Progress, p.lease.Until = p.Counts.Plus(counts), cloneProgress(w.Progress), w.LeaseUntil
		return counts, nil
	})
}

// latest returns rows without those whose key occurs again later in rows.
func latest[T any](rows []T, key func(T) string) []T {
	last := map[string]int{}
	for i, row := range rows {
		last[key(row)] = i
	}
	kept := make([]T, 0, len(last))
	for i, row := range rows {
		if last[key(row)] == i {
			kept = append(kept, row)
		}
	}
	return kept
}

// putAccount upserts one account. A stored account retains its id and FirstSeenAt. If it equals
// the account of the page, it is not written.
func (s *Store) putAccount(p *pull, view domain.AccountData, w ports.PageWrite) {
	accounts := rowsOf(s.accounts, p.Connection)
	known := accounts[view.ExternalID]
	if known == nil {
		known = &domain.Account{
			ID: domain.AccountID{
				UUID: w.NewID().UUID,
			},
			Tenant:      p.Tenant,
			Connection:  p.Connection,
			Vendor:      p.Vendor,
			FirstSeenAt: w.At,
		}
		accounts[view.ExternalID] = known
	} else if reflect.DeepEqual(known.AccountData, view) {
		return
	}
	known.AccountData, known.UpdatedAt = view, w.At
	*known = cloneAccount(*known)
}

// put upserts one transaction if it differs from the stored one, and counts it in counts. If it
// does not differ, put only replaces the metadata and the content hash.
func (s *Store) put(p *pull, o domain.TransactionData, w ports.PageWrite, counts *domain.Counts) {
	rows, digest := rowsOf(s.transactions, p.Connection), o.Digest()
	known := rows[o.ExternalID]
	switch {
	case known == nil:
		known = &transaction{Transaction: domain.Transaction{
			ID: w.NewID(), Tenant: p.Tenant, Connection: p.Connection, Vendor: p.Vendor, FirstSeenAt: w.At,
		}}
		rows[o.ExternalID] = known
		counts.Added++
	case known.digest == digest && known.RemovedAt.IsZero():
		counts.Unchanged++
		known.source, known.Metadata = o.ContentHash, slices.Clone(o.Metadata)
		return
	default:
		counts.Modified++
	}
	known.source = o.ContentHash
	o.StableMetadata, o.ContentHash = nil, domain.ContentHash{} // reads do not return these members
	known.TransactionData, known.digest, known.RemovedAt, known.AccountID = o, digest, time.Time{}, domain.AccountID{}
	if account := s.accounts[p.Connection][o.Account]; account != nil {
		known.AccountID = account.ID
	}
	known.Transaction = cloneTransaction(known.Transaction)
	s.appendChange(p, known, w.At)
}

// remove marks a row as removed. It returns the number of rows that it changed: 0 if there is no
// such row or the row was already removed, otherwise 1.
func (s *Store) remove(p *pull, row *transaction, at time.Time) int {
	if row == nil || !row.RemovedAt.IsZero() {
		return 0
	}
	row.RemovedAt = at
	s.appendChange(p, row, at)
	return 1
}

// appendChange increments the version of a row that the pull has changed, and appends the change
// to the feed.
func (s *Store) appendChange(p *pull, row *transaction, at time.Time) {
	row.Version, row.UpdatedAt, row.Pull = row.Version+1, at, p.ID
	s.changes[row.Tenant] = append(s.changes[row.Tenant], change{row, row.Version})
}

// Sweep visits the rows in the order of their external ids, so that the order of the feed is
// deterministic.
func (v pulls) Sweep(ctx context.Context, lease domain.Lease, w ports.SweepWrite) (domain.Counts, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.Sweep", func() (domain.Counts, error) {
		p, err := v.writable(lease)
		if err != nil {
			return domain.Counts{}, err
		}
		var counts domain.Counts
		rows := rowsOf(v.transactions, p.Connection)
		for _, externalID := range slices.Sorted(maps.Keys(rows)) {
			row := rows[externalID]
			if (w.Account == "" || row.Account == w.Account) && w.Window.Contains(row.Date) && !w.Seen(externalID) {
				counts.Removed += v.remove(p, row, w.At)
			}
		}
		p.Counts, p.lease.Until = p.Counts.Plus(counts), w.LeaseUntil
		return counts, nil
	})
}
