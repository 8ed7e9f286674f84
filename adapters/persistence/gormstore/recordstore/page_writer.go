package recordstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// StorePage compares the page with the stored rows and writes the differences. If the page contains nothing to compare,
// StorePage writes only the pull's row.
//
// If AssumeNew is set, StorePage inserts the rows without a comparison. If one of them is already stored, the insert
// violates a unique key, and the transaction is rolled back. StorePage then repeats the write with a comparison.
func (s pulls) StorePage(ctx context.Context, lease domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	if w.IsEmpty() {
		return s.saveProgress(ctx, lease, w)
	}
	w.AssumeNew = w.AssumeNew && s.Dialect.RejectsStored()
	timeout := s.WorkTimeout
	if len(w.Transactions) > maxPageRows {
		timeout = max(timeout, accountTimeout)
	}
	counts, err := s.writePage(ctx, timeout, lease, records.NewPage(w), &w.Progress)
	if w.AssumeNew && gormstore.IsDuplicate(err) {
		w.AssumeNew = false
		return s.StorePage(ctx, lease, w)
	}
	return counts, err
}

// Sweep compares a complete listing with the stored rows.
func (s pulls) Sweep(ctx context.Context, lease domain.Lease, w ports.SweepWrite) (domain.Counts, error) {
	var progress *domain.Progress
	if w.Page.Progress.Planned {
		progress = &w.Page.Progress
	}
	return s.writePage(ctx, max(s.WorkTimeout, accountTimeout), lease, records.NewSweep(w), progress)
}

const (
	// maxPageRows is the maximum number of rows on a page of a vendor. A larger write also contains rows that were
	// withheld until the end of a list.
	maxPageRows = 1000
	// accountTimeout limits the duration of a write in which new rows may replace the rows of all records of an
	// account. On a busy machine, such a write of 10,000 records takes longer than WorkTimeout. With that limit,
	// every attempt of the pull would fail.
	accountTimeout = 2 * time.Minute
)

// maxComparisons is the maximum number of transactions that a write begins. If a transaction needs comparisons of rows,
// it is rolled back, and the comparisons are made before the next one. A page needs at most six transactions unless
// operators change the compared records meanwhile.
const maxComparisons = 12

// compared calls write, which writes in one transaction, until c contains all comparisons that write needs. It makes
// the comparisons while no transaction is open. Errors: those of write and of Comparisons.Make; Unavailable if the
// compared records changed again and again.
func compared(c *records.Comparisons, write func() error) error {
	for range maxComparisons {
		if err := write(); !errors.Is(err, records.ErrNotCompared) {
			return err
		}
		if err := c.Make(); err != nil {
			return err
		}
	}
	return gormstore.Unavailable(records.ErrNotCompared)
}

// writePage writes a page. It stores the progress unless it is nil.
func (s pulls) writePage(
	ctx context.Context, timeout time.Duration, lease domain.Lease, page *records.Page, progress *domain.Progress,
) (counts domain.Counts, err error) {
	defer page.Release()
	var foreseen *foreseenState
	if page.ComparesMany() {
		if foreseen, err = s.preparePage(ctx, timeout, lease, page); err != nil {
			return domain.Counts{}, err
		}
	}
	err = compared(page.Comparisons, func() (err error) {
		counts, err = s.writeCompared(ctx, timeout, lease, page, progress, foreseen)
		if errors.Is(err, errNotForeseen) {
			if foreseen, err = s.preparePage(ctx, timeout, lease, page); err == nil {
				counts, err = s.writeCompared(ctx, timeout, lease, page, progress, foreseen)
			}
		}
		return err
	})
	return counts, err
}

// errNotForeseen is returned by a transaction that would compare many removed records with new rows. It is rolled back,
// and they are compared before the next one.
var errNotForeseen = errors.New("many records must be compared before the transaction")

// newWriterOf returns a pageWriter for a page with rows to compare.
func (s pulls) newWriterOf(page *records.Page) *pageWriter {
	p := newPageWriter(s.Dialect, page.PageWrite)
	p.page, p.removedSince = page, s.TimeParam(page.At.Add(-domain.MatchWindow))
	return p
}

// preparePage makes the comparisons of a page with many rows before its transaction begins. If the ids of many records
// change, it also stores their next versions in prepared_transactions. It returns the state of the compared rows.
// Errors: LeaseLost, and those of compared.
func (s pulls) preparePage(
	ctx context.Context, timeout time.Duration, lease domain.Lease, page *records.Page,
) (foreseen *foreseenState, err error) {
	var next []records.Record
	err = compared(page.Comparisons, func() (err error) {
		next, foreseen, err = s.foresee(ctx, timeout, lease, page)
		return err
	})
	if err != nil || len(next) == 0 {
		return foreseen, err
	}
	first := true
	for batch := range slices.Chunk(next, records.PreparedBatch) {
		if err := s.storePrepared(ctx, lease, batch, first); err != nil {
			return nil, err
		}
		first = false
	}
	page.Prepared(next)
	return foreseen, nil
}

// foresee finds the comparisons of a page in a snapshot, so that a page with many rows does not begin a transaction in
// vain. It also returns the next versions of records whose ids change, made at the foreseen time of the page, and the
// state of the compared rows. Errors: records.ErrNotCompared.
func (s pulls) foresee(
	ctx context.Context, timeout time.Duration, lease domain.Lease, page *records.Page,
) (next []records.Record, foreseen *foreseenState, err error) {
	p := s.newWriterOf(page)
	err = s.readUnderLease(ctx, timeout, lease, p, func() (err error) {
		if foreseen, err = p.readForeseen(); err != nil {
			return err
		}
		for i, read := range p.queries(lease)[1:] {
			if i == 1 && !page.MayReplace(p.view()) { // the first query has read what this depends on
				return nil
			}
			if err := p.tx.Read(read); err != nil {
				return err
			}
		}
		of := accountKeys{Connection: p.pull.Connection, Tenant: p.pull.Tenant}
		if page.At, err = nextTick(p.tx.Read, of, page.At); err != nil {
			return err
		}
		next, err = page.Foresee(p.view(), recordSource{p})
		return err
	})
	if err == nil {
		foreseen.packed = p.packNew()
	}
	return next, foreseen, err
}

// writeCompared writes a page in one transaction. Accounts are written first, because rows refer to them. foreseen is
// the state that preparePage has returned, or nil. Errors: records.ErrNotCompared.
func (s pulls) writeCompared(
	ctx context.Context, timeout time.Duration, lease domain.Lease, page *records.Page, progress *domain.Progress,
	foreseen *foreseenState,
) (domain.Counts, error) {
	p := s.newWriterOf(page)
	if foreseen != nil {
		p.packed = foreseen.packed
	}
	var first []gormstore.Read
	if p.Staged != nil { // the transaction may change the connection
		first = append(first, lockConnectionOf(s.Dialect, lease))
	}
	return s.runPage(ctx, timeout, lease, p, func() error {
		if foreseen == nil && page.ComparesManyRemoved(p.view(), p.removed) {
			return errNotForeseen
		}
		if err := p.stampPage(); err != nil {
			return err
		}
		if err := p.writeAccounts(); err != nil {
			return err
		}
		view := p.view()
		var err error
		if view.AsForeseen, err = p.isAsForeseen(foreseen); err != nil {
			return err
		}
		if err := p.apply(page.Changes(view, recordSource{p})); err != nil {
			return err
		}
		return p.updatePull(progress)
	}, first...)
}

// runPage runs one transaction with a timeout. It executes the reads of first, and then those that p.queries returns,
// of which the first locks the pull. It then calls fn, and returns the counts that p has collected. Errors: LeaseLost,
// and translated database errors.
func (s pulls) runPage(
	ctx context.Context, timeout time.Duration, lease domain.Lease, p *pageWriter, fn func() error,
	first ...gormstore.Read,
) (domain.Counts, error) {
	if err := s.Fault(); err != nil {
		return domain.Counts{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := s.Dialect.Transact(bounded, func(tx gormstore.Tx) error {
		p.tx = tx
		if p.pull.ID == uuid.Nil {
			return gormstore.LeaseLost()
		}
		return fn()
	}, append(first, p.queries(lease)...)...)
	if err != nil {
		return domain.Counts{}, gormstore.Translate(ctx, err)
	}
	return p.counts, nil
}

// readUnderLease calls fn, which only reads, in a snapshot. Writers need not wait for it. Errors: LeaseLost, and
// translated database errors.
func (s pulls) readUnderLease(
	ctx context.Context, timeout time.Duration, lease domain.Lease, p *pageWriter, fn func() error,
) error {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := s.Core.Snapshot(bounded, s.WorkTimeout, func(tx gormstore.SnapshotTx) error {
		p.tx = gormstore.Tx{
			DB: tx.DB.WithContext(bounded), Read: func(r gormstore.Read) error { return tx.Read(bounded, r) },
		}
		if err := p.tx.Read(p.readPull(lease, false)); err != nil {
			return err
		}
		if p.pull.ID == uuid.Nil {
			return gormstore.LeaseLost()
		}
		return fn()
	})
	return gormstore.Translate(ctx, err)
}

// saveProgress implements StorePage for a page that contains nothing to compare. It runs a single statement, which is
// atomic. Errors: LeaseLost.
func (s pulls) saveProgress(ctx context.Context, lease domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	progress, err := gormstore.EncodeJSON(&w.Progress)
	if err != nil {
		return domain.Counts{}, err
	}
	err = s.Background().Write(ctx, func(db *gorm.DB) error {
		n, err := gormstore.RowsAffected(
			underLease(db.Model(&gormstore.PullRow{}), lease).Where(isLive).Updates(map[string]any{
				"lease_until": gormstore.At(w.LeaseUntil),
				"progress":    progress,
				"seen_rows": gorm.Expr(
					"seen_rows + ?",
					w.Unchanged,
				),
				"unchanged": gorm.Expr("unchanged + ?", w.Unchanged),
			}),
		)
		if err == nil && n == 0 {
			err = gormstore.LeaseLost()
		}
		return err
	})
	if err != nil {
		return domain.Counts{}, err
	}
	return domain.Counts{Read: w.Unchanged, Unchanged: w.Unchanged}, nil
}

// ExtendLease runs a single statement, which is atomic.
func (s pulls) ExtendLease(ctx context.Context, lease domain.Lease, until time.Time) error {
	return s.Background().Write(ctx, func(db *gorm.DB) error {
		n, err := gormstore.RowsAffected(underLease(db.Model(&gormstore.PullRow{}), lease).Where(isLive).
			Update("lease_until", gormstore.At(until)))
		if err == nil && n == 0 {
			err = gormstore.LeaseLost()
		}
		return err
	})
}

// transactionKey returns the key of a row of a page.
func transactionKey(o *domain.TransactionData) string { return o.ExternalID }

// keys returns the key of each item, in the order of items.
func keys[T any](items []T, key func(*T) string) []string {
	all := make([]string, 0, len(items))
	for i := range items {
		all = append(all, key(&items[i]))
	}
	return all
}

// pageWriter writes one page of a pull, or the result of one sweep. A sweep marks missing rows as removed.
//
// A pageWriter locks the pull's row, so that no other page of the connection is written until the database transaction
// ends. The stored rows therefore do not change between the comparison and the write.
type pageWriter struct {
	ports.PageWrite // the argument of StorePage; other writes set only some of the members

	page    *records.Page // nil unless the write has rows to compare
	dialect gormstore.Dialect
	tx      gormstore.Tx
	pull    gormstore.PullRow
	actor   string // the operator whose decision is written; "" for a pull
	// uncounted is set if versions were written that counts may not contain.
	uncounted bool
	archived  int   // how often present versions were archived
	changeSeq int64 // the transaction's position in the change feed; 0 until it is read
	counts    domain.Counts

	removedSince   any                         // the parameter of readReplaceable
	states         map[string]records.RowState // see records.View
	removed        int                         // see readReplaceable
	hasCarriedOver bool                        // see records.View

	stored     map[string]records.Stored         // the stored rows with the external ids of the page, by external id
	packed     map[string]gormstore.PackedObject // see foreseenState
	accountIDs map[string]domain.AccountID       // ids of accounts by external id, including the accounts of this page
	coveredTo  map[string]domain.Date            // see records.View

	// firstStored are the external ids of the page's accounts that were not stored before.
	firstStored []string

	// moved contains the accounts of deleted connections that a publication is about to move to the connection. The
	// reads of a recordSource for a publication count their rows as rows of the connection.
	moved []records.Account

	hasClosedPeriod bool // an account of the connection has a closed period; see adjustments.go
	hasReadings     bool // an account of the connection has a stored completeness; see changed_records.go
	hasStatements   bool // an account of the connection has a bank statement, or is a witness; see bank_statements.go
	hasBills        bool // bills of a card of the connection were read; see bill_writer.go

	// refreshed contains the external ids of the accounts in which members without versions have changed.
	refreshed map[string]bool
}

func newPageWriter(d gormstore.Dialect, w ports.PageWrite) *pageWriter {
	return &pageWriter{
		PageWrite: w, dialect: d, accountIDs: map[string]domain.AccountID{}, coveredTo: map[string]domain.Date{},
	}
}

// queries returns the first queries of the page's transaction. They lock the pull, and read the stored rows for the
// comparison.
func (p *pageWriter) queries(lease domain.Lease) []gormstore.Read {
	reads := []gormstore.Read{p.readPull(lease, true)}
	if p.page != nil && p.Staged == nil && (!p.AssumeNew || len(p.Removed)+len(p.Announced) > 0) {
		reads = append(reads, p.readReplaceable(lease))
	}
	if !p.hasRows() {
		return reads
	}
	if !p.AssumeNew {
		ids := keys(p.Transactions, transactionKey)
		reads = append(reads, p.readStored(lease, ids), p.readStates(lease, ids))
	}
	return append(reads, p.readAccountIDs(lease))
}

// hasRows reports whether the transaction stores a page that contains transactions.
func (p *pageWriter) hasRows() bool { return p.page != nil && len(p.page.Rows()) > 0 }

// readPull returns a query that reads the columns of the pull that a page needs into p.pull. If lock is set, it locks
// the pull, and takes the shared lock of the pull's connection (see closes.go). It finds no row if the lease was
// replaced or has ended, or if the connection is deleted. The id of the lease is the fencing token.
func (p *pageWriter) readPull(lease domain.Lease, lock bool) gormstore.Read {
	share, forUpdate := "true", ""
	if lock {
		share, forUpdate = p.dialect.ShareConnection("connection_id"), p.dialect.Lock(gormstore.ForUpdate)
	}
	q := gormstore.NewQuery(`SELECT id, tenant_id, connection_id, vendor,
		seen_accounts, seen_rows, added, modified, removed, unchanged, quarantined, id_changes, late_rows,
		` + share + ` FROM pulls WHERE `)
	q.Add("id = ? AND tenant_id = ? AND lease_id = ? AND state = 'running' AND "+isLive,
		gormstore.UUID(lease.Pull.UUID), gormstore.UUID(lease.Tenant.UUID), gormstore.UUID(lease.ID.UUID))
	q.Add(forUpdate)
	var row gormstore.PullRow
	var shared bool
	counts := &row.Counts
	return q.AsRead(gormstore.ScanTargets(
		&row.ID, &row.Tenant, &row.Connection, (*gormstore.Text)(&row.Vendor), &counts.Accounts, &counts.Read,
		&counts.Added, &counts.Modified, &counts.Removed, &counts.Unchanged, &counts.Quarantined,
		&counts.IDChanges, &counts.LateRows, &shared,
	), func() error {
		p.pull = row
		return nil
	})
}

// readChangeSeq sets p.changeSeq to the position of the database transaction in the change feed. It also sets
// p.hasClosedPeriod, p.hasReadings, p.hasStatements and p.hasBills. An earlier statement must have taken the shared
// lock of the connection (Dialect.ShareConnection) or excluded all writers of the connection (Dialect.ExcludeWriters).
//
// The reads of also are run after the query of the position, and usually sent together with it.
func (p *pageWriter) readChangeSeq(also ...gormstore.Read) error {
	connection, tenant := gormstore.UUID(p.pull.Connection), gormstore.UUID(p.pull.Tenant)
	return p.dialect.ReadChangeSeq(p.tx, p.pull.Tenant, &p.changeSeq, gormstore.Values{
		SQL: "(" + selectHasCloses + "), (" + selectHasReadings + "), (" + selectHasStatements + "), (" +
			selectHasBills + ")",
		Args: []any{
			connection, tenant, connection, tenant, connection, tenant, connection, tenant, connection, tenant,
		},
		Columns: []any{&p.hasClosedPeriod, &p.hasReadings, &p.hasStatements, &p.hasBills},
	}, also...)
}

// ofConnection returns a query that starts with the given text. The query selects the rows with these external ids in
// the connection of the lease's pull. The connection's id is not known yet, so a subquery finds it.
func (p *pageWriter) ofConnection(text string, lease domain.Lease, externalIDs []string) *gormstore.Query {
	tenant := gormstore.UUID(lease.Tenant.UUID)
	q := gormstore.NewQuery(
		text+" WHERE connection_id = "+connectionOfLease+" AND "+
			p.dialect.TenantIs("tenant_id", "?"),
		gormstore.UUID(lease.Pull.UUID),
		tenant,
		tenant,
	)
	which := p.dialect.AnyOf("external_id", externalIDs)
	q.Add(" AND "+which.SQL, which.Vars...)
	return q
}

// readStored returns the query that adds the stored rows with these external ids to p.stored.
func (p *pageWriter) readStored(lease domain.Lease, externalIDs []string) gormstore.Read {
	q := p.ofConnection(
		"SELECT external_id, id, digest, content_hash, version, first_seen_at, removed_at FROM transactions",
		lease, externalIDs)
	var row records.Stored
	var externalID string
	var removed gormstore.Instant
	return q.AsRead([]any{
		(*gormstore.Text)(&externalID), (*gormstore.UUID)(&row.ID.UUID), digestColumn{&row},
		gormstore.Hash(row.ContentHash[:]), &row.Version, gormstore.ScanTarget(&row.FirstSeenAt), &removed,
	}, func() error {
		if p.stored == nil {
			p.stored = make(map[string]records.Stored, len(externalIDs))
		}
		row.Removed = !removed.IsZero()
		p.stored[externalID] = row
		return nil
	})
}

// readStates returns the query that adds the marks of these rows to p.states; see records.View.
func (p *pageWriter) readStates(lease domain.Lease, externalIDs []string) gormstore.Read {
	q := p.ofConnection("SELECT external_id, transaction_id, account_id FROM row_states", lease, externalIDs)
	var row records.RowState
	return q.AsRead([]any{
		(*gormstore.Text)(&row.ExternalID), (*gormstore.UUID)(&row.Past.UUID), (*gormstore.UUID)(&row.CarriedOver.UUID),
	}, func() error {
		if p.states == nil {
			p.states = map[string]records.RowState{}
		}
		p.states[row.ExternalID] = row
		return nil
	})
}

// readReplaceable returns the query that reads whether the connection has records that a new row may continue: removed
// ones, of which it counts up to records.ManyRows, and carried-over ones.
func (p *pageWriter) readReplaceable(lease domain.Lease) gormstore.Read {
	pull, tenant := gormstore.UUID(lease.Pull.UUID), gormstore.UUID(lease.Tenant.UUID)
	const ofConnection = " WHERE connection_id = " + connectionOfLease
	q := gormstore.NewQuery("SELECT (SELECT count(*) FROM (SELECT 1 FROM transactions"+ofConnection+
		" AND removed_at >= ? AND "+p.dialect.TenantIs("tenant_id", "?")+" LIMIT ?) AS removed)",
		pull, tenant, p.removedSince, tenant, records.ManyRows)
	q.Add(", EXISTS (SELECT 1 FROM row_states"+ofConnection+" AND tenant_id = ? AND account_id IS NOT NULL)",
		pull, tenant, tenant)
	return q.AsRead([]any{&p.removed, &p.hasCarriedOver}, func() error { return nil })
}

// digestColumn scans the digest of a stored row. The digest is empty while the row's present version is archived, and
// its next version is not yet written.
type digestColumn struct{ row *records.Stored }

// ScanBytes scans a digest from pgx.
func (c digestColumn) ScanBytes(value []byte) error {
	c.row.Archived = len(value) == 0
	return gormstore.Hash(c.row.Digest[:]).ScanBytes(value)
}

// Scan scans a digest from database/sql.
func (c digestColumn) Scan(value any) error {
	stored, _ := value.([]byte)
	return c.ScanBytes(stored)
}

// readAccountIDs returns the query that fills p.accountIDs with the ids of the accounts to which the page's rows refer.
// Accounts that are not stored get no entry.
func (p *pageWriter) readAccountIDs(lease domain.Lease) gormstore.Read {
	var names []string
	for i := range p.Transactions {
		if name := p.Transactions[i].Account; name != "" && (len(names) == 0 || names[len(names)-1] != name) {
			names = append(names, name)
		}
	}
	var name, currency string
	var id uuid.UUID
	var bankRead time.Time
	q := p.ofConnection("SELECT external_id, id, currency, bank_read_at FROM accounts", lease, names)
	return q.AsRead(gormstore.ScanTargets(&name, &id, &currency, &bankRead), func() error {
		p.accountIDs[name] = domain.AccountID{UUID: id}
		p.cover(name, currency, bankRead)
		return nil
	})
}

// cover sets the entry of p.coveredTo of an account that was read at the bank at this time; zero if that is not known.
func (p *pageWriter) cover(externalID, currency string, bankReadAt time.Time) {
	if day := p.Coverage.To(bankReadAt, currency); day != "" {
		p.coveredTo[externalID] = day
	}
}
