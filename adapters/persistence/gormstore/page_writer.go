package gormstore

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// StorePage compares the page with the stored rows and writes what differs. A page without changes
// writes only the pull's row.
//
// If the rows are assumed to be new, nothing is looked up to compare them with. A row that is stored
// nevertheless violates its unique key, which rolls the page back; it is then compared and stored.
func (s pulls) StorePage(ctx context.Context, lease domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	if len(w.Accounts)+len(w.Transactions)+len(w.Removed) == 0 {
		return s.saveProgress(ctx, lease, w)
	}
	w.Accounts, w.Transactions = deduplicate(w.Accounts, accountKey), deduplicate(w.Transactions, transactionKey)
	w.AssumeNew = w.AssumeNew && s.dialect.RejectsStored()
	p := s.newPageWriter(w)
	counts, err := s.runPage(ctx, p, Page{Reads: p.reads(lease), Prepare: p.convert, Write: p.writeChanges})
	if w.AssumeNew && duplicate(err) {
		w.AssumeNew = false
		return s.StorePage(ctx, lease, w)
	}
	return counts, err
}

// runPage runs the page's work in a transaction and returns what p counted. Errors: those of the
// database, translated.
func (s pulls) runPage(ctx context.Context, p *pageWriter, page Page) (domain.Counts, error) {
	bounded, cancel := context.WithTimeout(ctx, s.workTimeout)
	defer cancel()
	if err := s.dialect.PageTransaction(bounded, page); err != nil {
		return domain.Counts{}, Translate(ctx, err)
	}
	return p.counts, nil
}

// saveProgress is StorePage for a page without changes: one statement, atomic by itself.
func (s pulls) saveProgress(ctx context.Context, lease domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	progress, err := encode(&w.Progress)
	if err != nil {
		return domain.Counts{}, err
	}
	err = s.background().write(ctx, func(db *gorm.DB) error {
		n, err := rowsOf(underLease(db.Model(&pullRow{}), lease).Where(isLive).Updates(map[string]any{
			"lease_until": instant{w.LeaseUntil}, "progress": progress,
			"seen_rows": gorm.Expr("seen_rows + ?", w.Unchanged), "unchanged": gorm.Expr("unchanged + ?", w.Unchanged),
		}))
		if err == nil && n == 0 {
			err = leaseLost()
		}
		return err
	})
	if err != nil {
		return domain.Counts{}, err
	}
	return domain.Counts{Read: w.Unchanged, Unchanged: w.Unchanged}, nil
}

// The keys by which rows of a page are duplicates of each other.
func accountKey(v *domain.AccountData) string         { return v.ExternalID }
func transactionKey(o *domain.TransactionData) string { return o.ExternalID }

// deduplicate returns the last of the items with each key, in the order in which the keys first
// appear. Mostly there is one item of each key, and items is returned unchanged.
func deduplicate[T any](items []T, key func(*T) string) []T {
	last := make(map[string]int, len(items))
	for i := range items {
		last[key(&items[i])] = i
	}
	if len(last) == len(items) {
		return items
	}
	distinct := make([]T, 0, len(last))
	for i := range items {
		if at, found := last[key(&items[i])]; found {
			distinct = append(distinct, items[at])
			delete(last, key(&items[i]))
		}
	}
	return distinct
}

// keys returns each item's key.
func keys[T any](items []T, key func(*T) string) []string {
	all := make([]string, 0, len(items))
	for i := range items {
		all = append(all, key(&items[i]))
	}
	return all
}

// pageWriter writes one page, or one sweep, of a pull. The pull's row is locked, so no other page of
// the connection is written until the transaction ends: what is read here stays true until it is
// compared and overwritten.
type pageWriter struct {
	ports.PageWrite // of StorePage; a sweep sets only At and LeaseUntil

	dialect   Dialect
	tx        Tx
	pull      pullRow
	changeSeq int64 // 0 until it is read
	counts    domain.Counts

	rows       []TransactionRow     // of the page
	stored     map[string]storedRow // by external id
	accountIDs map[string]uuid.UUID // by external id, including the accounts of this page

	rehashed []uuid.UUID // unchanged rows whose content hash differs from the stored one
	hashes   [][]byte    // their new content hashes, NULL where empty
}

// storedRow decides whether a row differs, and holds what an overwritten row retains.
type storedRow struct {
	ID                  uuid.UUID
	Digest, ContentHash []byte
	Version             int
	FirstSeen           instant
	Removed             instant
}

func (s pulls) newPageWriter(w ports.PageWrite) *pageWriter {
	return &pageWriter{PageWrite: w, dialect: s.dialect, accountIDs: map[string]uuid.UUID{}}
}

// convert makes rows of the vendor's data and computes their digests.
func (p *pageWriter) convert() {
	p.rows = make([]TransactionRow, len(p.Transactions))
	for i := range p.rows {
		p.rows[i].set(p.Transactions[i])
	}
}

// reads returns the queries that begin the page's transaction: they lock the pull and read what the
// page's rows are compared with. Most rows of a page are written, so the position in the change feed is
// reserved together with the lock.
func (p *pageWriter) reads(lease domain.Lease) []Read {
	reads := []Read{p.lockPull(lease)}
	if len(p.Transactions) > 0 && !p.AssumeNew {
		reads = append(reads, p.readStored(lease))
	}
	if len(p.Transactions) > 0 {
		reads = append(reads, p.readAccountIDs(lease), p.readChangeSeq())
	}
	return reads
}

// lockPull locks the pull that runs under the lease, if its connection is not deleted, and reads what
// a page needs of it. If it yields no row, the lease is lost: the lease id is a fencing token.
func (p *pageWriter) lockPull(lease domain.Lease) Read {
	q := newQuery(`SELECT id, tenant_id, connection_id, vendor,
		seen_accounts, seen_rows, added, modified, removed, unchanged FROM pulls WHERE `)
	q.add("id = ? AND lease_id = ? AND state = 'running' AND "+isLive,
		uuidColumn(lease.Pull.UUID), uuidColumn(lease.ID.UUID))
	q.add(p.dialect.ForUpdate())
	var row pullRow
	counts := &row.Counts
	return q.into([]any{
		(*uuidColumn)(&row.ID), (*uuidColumn)(&row.Tenant), (*uuidColumn)(&row.Connection), (*textColumn)(&row.Vendor),
		&counts.Accounts, &counts.Read, &counts.Added, &counts.Modified, &counts.Removed, &counts.Unchanged,
	}, func() error {
		p.pull = row
		return nil
	})
}

// readChangeSeq reads the position of the transaction in the change feed.
func (p *pageWriter) readChangeSeq() Read {
	return Read{SQL: p.dialect.ChangeSeq(), Columns: []any{&p.changeSeq}, Take: func() error { return nil }}
}

// ofConnection begins a query of rows of the lease's connection with these external ids, before
// the pull is read.
func (p *pageWriter) ofConnection(text string, lease domain.Lease, externalIDs []string) *query {
	q := newQuery(text+" WHERE connection_id = (SELECT connection_id FROM pulls WHERE id = ?)",
		uuidColumn(lease.Pull.UUID))
	which := p.dialect.AnyOf("external_id", externalIDs)
	q.add(" AND "+which.SQL, which.Vars...)
	return q
}

// readStored reads the stored rows of the page.
func (p *pageWriter) readStored(lease domain.Lease) Read {
	externalIDs := keys(p.Transactions, transactionKey)
	q := p.ofConnection("SELECT external_id, id, digest, source, version, first_seen_at, removed_at FROM transactions",
		lease, externalIDs)
	var row storedRow
	var externalID string
	return q.into([]any{
		(*textColumn)(&externalID), (*uuidColumn)(&row.ID), &row.Digest, &row.ContentHash,
		&row.Version, &row.FirstSeen, &row.Removed,
	}, func() error {
		if p.stored == nil {
			p.stored = make(map[string]storedRow, len(externalIDs))
		}
		p.stored[externalID] = row
		return nil
	})
}

// readAccountIDs reads the ids of the accounts that the page's rows name; unknown accounts are left
// out.
func (p *pageWriter) readAccountIDs(lease domain.Lease) Read {
	var names []string
	for i := range p.Transactions {
		if name := p.Transactions[i].Account; name != "" && (len(names) == 0 || names[len(names)-1] != name) {
			names = append(names, name)
		}
	}
	var name string
	var id uuid.UUID
	return p.ofConnection("SELECT external_id, id FROM accounts", lease, names).
		into([]any{(*textColumn)(&name), (*uuidColumn)(&id)}, func() error {
			p.accountIDs[name] = id
			return nil
		})
}
