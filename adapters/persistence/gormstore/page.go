package gormstore

import (
	"bytes"
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// StorePage compares the page with what is stored and writes what differs: a page that
// brings no news writes the pull's row alone.
func (s pulls) StorePage(ctx context.Context, lease domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	if len(w.Accounts)+len(w.Transactions)+len(w.Removed) == 0 {
		return s.advance(ctx, lease, w)
	}
	rows := latest(w.Transactions, observationKey)
	if s.dialect.Strict && w.AssumeNew {
		counts, err := s.storePage(ctx, lease, w, rows, true)
		if !duplicate(err) {
			return counts, err
		}
	}
	return s.storePage(ctx, lease, w, rows, false)
}

// storePage stores a page with rows. Where they are fresh nothing is looked up to compare
// them with, and one that is stored nevertheless fails the page by its key.
func (s pulls) storePage(ctx context.Context, lease domain.Lease, w ports.PageWrite, rows []domain.TransactionData, fresh bool) (domain.Counts, error) {
	return s.page(ctx, lease, w.At, rows, fresh, func(p *pageWriter) (Write, error) {
		p.newID = w.NewID
		for _, step := range []func() error{
			func() error { return p.accounts(latest(w.Accounts, accountKey)) },
			p.transactions,
			func() error { return p.known(w.Unchanged) },
			func() error { return p.removed(w.Removed) },
		} {
			if err := step(); err != nil {
				return Write{}, err
			}
		}
		return p.moved(w.LeaseUntil, &w.Progress)
	})
}

// page runs fn in a transaction that holds the pull, and gives what fn counted. fn's write
// is the last.
func (s pulls) page(ctx context.Context, lease domain.Lease, at time.Time, rows []domain.TransactionData, fresh bool,
	fn func(p *pageWriter) (Write, error),
) (domain.Counts, error) {
	p := &pageWriter{dialect: s.dialect, at: instant{at}, accountIDs: map[string]uuid.UUID{}}
	err := s.background().bounded(ctx, func(ctx context.Context) error {
		return s.dialect.Page(ctx, p.opening(lease, rows, fresh), func(tx Tx) (Write, error) {
			if p.tx = tx; p.pull.ID == uuid.Nil {
				return Write{}, leaseLost()
			}
			return fn(p)
		})
	})
	if err != nil {
		return domain.Counts{}, err
	}
	return p.counts, nil
}

// advance is StorePage for a page that brings nothing: one statement, atomic by itself.
func (s pulls) advance(ctx context.Context, lease domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	progress, err := encode(&w.Progress)
	if err != nil {
		return domain.Counts{}, err
	}
	err = s.background().write(ctx, func(db *gorm.DB) error {
		n, err := rowsOf(under(db.Model(&pullRow{}), lease).Where(isLive).Updates(map[string]any{
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

// moved adds the counts, extends the lease and, where given, moves the progress.
func (p *pageWriter) moved(until time.Time, progress *domain.Progress) (Write, error) {
	total := domain.Counts(p.pull.Counts).Plus(p.counts)
	q := newQuery("UPDATE pulls SET lease_until = ?, seen_accounts = ?, seen_rows = ?, added = ?, modified = ?, removed = ?, unchanged = ?",
		instant{until}.value(p.tx.Name()), total.Accounts, total.Read, total.Added, total.Modified, total.Removed, total.Unchanged)
	if progress != nil {
		text, err := encode(progress)
		if err != nil {
			return Write{}, err
		}
		q.add(", progress = ?", text)
	}
	q.add(" WHERE id = ?", key(p.pull.ID))
	return Write{SQL: q.String(), Args: q.args}, nil
}

// The keys by which rows of a page are one.
func accountKey(v *domain.AccountData) string         { return v.ExternalID }
func observationKey(o *domain.TransactionData) string { return o.ExternalID }

// latest keeps the last of the items with one key, in the order of their first places.
// Mostly there is one of each, and they stay as they are.
func latest[T any](items []T, key func(*T) string) []T {
	place := make(map[string]int, len(items))
	for i := range items {
		place[key(&items[i])] = i
	}
	if len(place) == len(items) {
		return items
	}
	kept := make([]T, 0, len(place))
	for i := range items {
		if last, first := place[key(&items[i])]; first {
			kept = append(kept, items[last])
			delete(place, key(&items[i]))
		}
	}
	return kept
}

// pageWriter writes one page for one pull. The pull's row is locked, so that no other
// page of the connection is written meanwhile: what is read here is still so when it is
// compared and overwritten.
type pageWriter struct {
	dialect Dialect
	tx      Tx
	pull    pullRow
	at      instant
	newID   func() domain.TransactionID
	stamp   int64 // 0 until it is known
	counts  domain.Counts

	seen       []TransactionRow     // what the page shows
	stored     map[string]storedRow // by external id
	accountIDs map[string]uuid.UUID // by external id; those of the same page among them

	resourced []uuid.UUID // unchanged rows that were read from something else
	sources   [][]byte    // theirs now
}

// opening locks the pull and reads what the page's rows are compared with; the rows'
// digests are made while the database is at work. Rows that are here are mostly written:
// who locks has a place in the feed as good as taken.
func (p *pageWriter) opening(lease domain.Lease, rows []domain.TransactionData, fresh bool) Opening {
	o := Opening{Reads: []Read{p.holding(lease)}, Meanwhile: func() { p.show(rows) }}
	if len(rows) > 0 && !fresh {
		o.Reads = append(o.Reads, p.storing(lease, keys(rows, observationKey)))
	}
	if len(rows) > 0 {
		o.Reads = append(o.Reads, p.naming(lease, rows), p.stamping())
	}
	return o
}

// show makes rows of what the vendor says.
func (p *pageWriter) show(rows []domain.TransactionData) {
	p.seen = make([]TransactionRow, len(rows))
	for i := range rows {
		p.seen[i].show(rows[i])
	}
}

// of narrows any table of what pulls bring to the rows of the pull's connection with these external ids.
func (p *pageWriter) of(externalIDs []string) *gorm.DB {
	return p.tx.Where("connection_id = ?", p.pull.Connection).Where(p.dialect.AnyOf("external_id", externalIDs))
}

// change gives the transaction's place in the feed.
func (p *pageWriter) change() (int64, error) {
	if p.stamp != 0 {
		return p.stamp, nil
	}
	err := p.tx.Read(p.stamping())
	return p.stamp, err
}

// accounts writes the accounts that are new or differ in any member.
func (p *pageWriter) accounts(views []domain.AccountData) error {
	p.counts.Accounts = len(views)
	if len(views) == 0 {
		return nil
	}
	var stored []accountRow
	if err := p.of(keys(views, accountKey)).Find(&stored).Error; err != nil {
		return err
	}
	known := make(map[string]accountRow, len(stored))
	for _, row := range stored {
		known[row.ExternalID] = row
	}
	var fresh []accountRow
	for _, view := range views {
		row, ok := known[view.ExternalID]
		if !ok {
			row = accountRow{
				ID: p.newID().UUID, Tenant: p.pull.Tenant, Connection: p.pull.Connection, Vendor: p.pull.Vendor,
				FirstSeen: p.at,
			}
		}
		before := row
		row.show(view)
		p.accountIDs[view.ExternalID] = row.ID
		if ok && row.same(before) {
			continue
		}
		row.Updated = p.at
		fresh = append(fresh, row)
	}
	if len(fresh) == 0 {
		return nil
	}
	return p.tx.Clauses(replaceStored).CreateInBatches(fresh, createBatch).Error
}

// createBatch keeps the parameters of an INSERT below what both databases take.
const createBatch = 200

// replaceStored overwrites the row of the same connection and external id.
var replaceStored = clause.OnConflict{
	Columns:   []clause.Column{{Name: "connection_id"}, {Name: "external_id"}},
	UpdateAll: true,
}

// keys gives each item's key.
func keys[T any](items []T, key func(*T) string) []string {
	all := make([]string, 0, len(items))
	for i := range items {
		all = append(all, key(&items[i]))
	}
	return all
}

// transactions writes the rows that are new, differ, or come back.
func (p *pageWriter) transactions() error {
	p.counts.Read = len(p.seen)
	changed := p.seen[:0]
	for i := range p.seen {
		if p.differs(&p.seen[i]) {
			changed = append(changed, p.seen[i])
		}
	}
	if len(p.resourced) > 0 {
		if err := p.dialect.SaveContentHashes(p.tx.DB, p.resourced, p.sources); err != nil {
			return err
		}
	}
	return p.save(changed)
}

// save binds the rows to their accounts and to their place in the feed, and writes them.
func (p *pageWriter) save(rows []TransactionRow) error {
	if len(rows) == 0 {
		return nil
	}
	stamp, err := p.change()
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].AccountID, rows[i].ChangeSeq = optional(p.accountIDs[rows[i].Account]), stamp
	}
	return p.dialect.SaveTransactions(p.tx.DB, rows)
}

// differs says whether the row is to be written, and completes it. A row keeps its id and
// the time it was first seen, whatever else of it changes.
func (p *pageWriter) differs(row *TransactionRow) bool {
	before, ok := p.stored[row.ExternalID]
	switch {
	case !ok:
		p.counts.Added++
		before.ID, before.FirstSeen = p.newID().UUID, p.at
	case before.Removed.IsZero() && bytes.Equal(before.Digest, row.Digest):
		p.counts.Unchanged++
		if !bytes.Equal(before.Source, row.ContentHash) {
			p.resourced, p.sources = append(p.resourced, before.ID), append(p.sources, row.ContentHash)
		}
		return false
	default:
		p.counts.Modified++
	}
	row.ID, row.FirstSeen, row.Version, row.Updated = before.ID, before.FirstSeen, before.Version+1, p.at
	row.Tenant, row.Connection, row.Vendor = p.pull.Tenant, p.pull.Connection, p.pull.Vendor
	return true
}
