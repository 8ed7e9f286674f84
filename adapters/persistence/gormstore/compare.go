package gormstore

import (
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Read is a SELECT, with parameters $1, $2, …, and what becomes of its rows, as in
// Dialect.Query.
type Read struct {
	SQL     string
	Args    []any
	Columns []any
	Take    func() error
}

// Opening is what a page begins with: reads, in their order, and what may be done while
// the database is at work.
type Opening struct {
	Reads     []Read
	Meanwhile func()
}

// Write is a statement with parameters $1, $2, ….
type Write struct {
	SQL  string
	Args []any
}

func (q *query) into(columns []any, take func() error) Read {
	return Read{SQL: q.String(), Args: q.args, Columns: columns, Take: take}
}

// holding locks the pull that runs under the lease, of a connection that was not deleted,
// and reads what a page needs of it. No row: the lease is lost.
func (p *pageWriter) holding(lease domain.Lease) Read {
	q := newQuery(`SELECT id, tenant_id, connection_id, vendor, seen_accounts, seen_rows, added, modified, removed, unchanged
		FROM pulls WHERE id = ? AND lease_id = ? AND state = 'running' AND `+isLive, key(lease.Pull.UUID), key(lease.ID.UUID))
	q.add(p.dialect.ForUpdate)
	var row pullRow
	counts := &row.Counts
	return q.into([]any{
		(*key)(&row.ID), (*key)(&row.Tenant), (*key)(&row.Connection), (*label)(&row.Vendor),
		&counts.Accounts, &counts.Read, &counts.Added, &counts.Modified, &counts.Removed, &counts.Unchanged,
	}, func() error {
		p.pull = row
		return nil
	})
}

// stamping gives the transaction's place in the feed.
func (p *pageWriter) stamping() Read {
	return Read{SQL: p.dialect.ChangeSeq, Columns: []any{&p.stamp}, Take: func() error { return nil }}
}

// ofLease begins a query of what the lease's pull brings, before that pull is read.
func ofLease(text string, lease domain.Lease) *query {
	return newQuery(text+" WHERE connection_id = (SELECT connection_id FROM pulls WHERE id = ?)", key(lease.Pull.UUID))
}

// any narrows to rows with these external ids.
func (p *pageWriter) any(q *query, externalIDs []string) {
	which := p.dialect.AnyOf("external_id", externalIDs)
	q.add(" AND "+which.SQL, which.Vars...)
}

// storedRow is what decides whether a row differs, and what an overwritten row keeps.
type storedRow struct {
	ID             uuid.UUID
	Digest, Source []byte
	Version        int
	FirstSeen      instant
	Removed        instant
}

// storing reads the stored rows of the page.
func (p *pageWriter) storing(lease domain.Lease, externalIDs []string) Read {
	q := ofLease("SELECT external_id, id, digest, source, version, first_seen_at, removed_at FROM transactions", lease)
	p.any(q, externalIDs)
	var row storedRow
	var externalID string
	return q.into([]any{
		(*label)(&externalID), (*key)(&row.ID), &row.Digest, &row.Source, &row.Version, &row.FirstSeen, &row.Removed,
	}, func() error {
		if p.stored == nil {
			p.stored = make(map[string]storedRow, len(externalIDs))
		}
		p.stored[externalID] = row
		return nil
	})
}

// naming finds the accounts that rows name; unknown ones are left out.
func (p *pageWriter) naming(lease domain.Lease, rows []domain.TransactionData) Read {
	q := ofLease("SELECT external_id, id FROM accounts", lease)
	var names []string
	for i := range rows {
		if name := rows[i].Account; name != "" && (len(names) == 0 || names[len(names)-1] != name) {
			names = append(names, name)
		}
	}
	p.any(q, names)
	var name string
	var id uuid.UUID
	return q.into([]any{(*label)(&name), (*key)(&id)}, func() error {
		p.accountIDs[name] = id
		return nil
	})
}
