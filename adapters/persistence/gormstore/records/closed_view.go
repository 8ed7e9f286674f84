package records

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ReadClose calls fn inside one read-only transaction, as Snapshot does.
func (s ledger) ReadClose(ctx context.Context, tenant domain.TenantID, id domain.AccountID, date domain.Date,
	fn func(ports.ClosedView) error,
) error {
	var failed error // the error that fn has returned, or an already translated error of a query
	err := s.Dialect.Snapshot(ctx, s.Timeout, func(tx gormstore.SnapshotTx) error {
		var account accountKeys
		var c books.Close
		failed = s.Bounded(ctx, func(ctx context.Context) (err error) {
			if account, err = findAccount(tx.DB.WithContext(ctx), tenant, id); err != nil {
				return err
			}
			c, err = anyClose(tx.DB.WithContext(ctx), tenant, id, date)
			return err
		})
		if failed != nil {
			return failed
		}
		failed = fn(s.closedView(tx, account, c))
		return failed
	})
	if failed != nil {
		return failed
	}
	return gormstore.Translate(ctx, err)
}

// closedView returns a view of a closed period, which reads the records in the transaction tx.
func (s ledger) closedView(tx gormstore.SnapshotTx, account accountKeys, c books.Close) ports.ClosedView {
	return ports.ClosedView{
		Close: c,
		Posted: func(ctx context.Context, window domain.Window) iter.Seq2[books.PostedRecord, error] {
			r := closedReader{store: s.Background(), tx: tx, account: account, closed: c, window: window}
			return r.all(ctx)
		},
		Records: func(ctx context.Context) iter.Seq2[books.ClosedRecord, error] {
			return closedRecords(ctx, s.Dialect, tx, account, c)
		},
	}
}

// anyClose returns the closed period of the account that ends on the given date. If there is none, it returns the
// most recently closed one of the reopened periods that end on this date. Errors: NotFound.
func anyClose(db *gorm.DB, tenant domain.TenantID, id domain.AccountID, date domain.Date) (books.Close, error) {
	row, err := findClose(db, tenant, id, date)
	if err == nil {
		return row.domain()
	}
	if !errors.Is(err, domain.NotFound) {
		return books.Close{}, err
	}
	reopened, err := gormstore.First[reopenedRow](db.Where("account_id = ? AND date = ? AND tenant_id = ?",
		id.UUID, string(date), tenant.UUID).Order("closed_at DESC"))
	if err != nil {
		return books.Close{}, err
	}
	return reopened.domain()
}

// ReopenedCloses returns a page of the closes of the account that were reopened, the last reopened one first.
func (s ledger) ReopenedCloses(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
	page domain.PageRequest,
) (domain.Page[books.Close], error) {
	var found domain.Page[books.Close]
	err := s.Read(ctx, func(db *gorm.DB) (err error) {
		query := db.Where("account_id = ? AND tenant_id = ?", account.UUID, tenant.UUID).Order("reopened_at DESC")
		if !page.After.IsZero() {
			before, err := domain.ParseTimeKey(page.After.Key)
			if err != nil {
				return gormstore.InvalidCursor()
			}
			query = query.Where("reopened_at < ?", gormstore.At(before))
		}
		found, err = gormstore.ListConverted(query, page, reopenedRow.domain, func(c books.Close) domain.Position {
			return domain.Position{Key: domain.TimeKey(c.ReopenedAt), ID: account.UUID}
		})
		return err
	})
	return found, err
}

// closedReader reads the posted records of an account as they were when a period was closed.
type closedReader struct {
	store   *gormstore.Core
	tx      gormstore.SnapshotTx
	account accountKeys
	closed  books.Close
	window  domain.Window
}

// all returns an iterator over the records. It reads the present versions page by page, and for each page also the
// replaced versions in the same range.
func (r *closedReader) all(ctx context.Context) iter.Seq2[books.PostedRecord, error] {
	return func(yield func(books.PostedRecord, error) bool) {
		position := domain.Position{Key: string(r.window.From)} // all ids follow the zero id: From is included
		for {
			page, next, err := r.read(ctx, position)
			if err != nil {
				yield(books.PostedRecord{}, err)
				return
			}
			for i := range page {
				if !yield(page[i], nil) {
					return
				}
			}
			if next.IsZero() {
				return
			}
			position = next
		}
	}
}

// read returns records that follow the position, and the position of the last one; zero if no records remain.
func (r *closedReader) read(ctx context.Context, position domain.Position) (
	page []books.PostedRecord, next domain.Position, err error,
) {
	if err := ctx.Err(); err != nil { // a driver may not notice that the context has ended
		return nil, next, err
	}
	at := gormstore.At(r.closed.ClosedAt).Param(r.tx.Name())
	present := r.query("transactions", position)
	present.Add(presentInEffect, at)
	page, err = r.rows(ctx, present, nil)
	if err != nil {
		return nil, next, err
	}
	replaced := r.query("transaction_versions", position)
	replaced.Add(replacedInEffect, at, at)
	if len(page) == snapshotPage {
		next = positionOf(page[len(page)-1])
		replaced.Add(" AND (date, id) <= (?, ?)", next.Key, gormstore.UUID(next.ID))
	}
	count := len(page)
	if page, err = r.rows(ctx, replaced, page); err != nil {
		return nil, next, err
	}
	if len(page)-count == snapshotPage { // more replaced versions may precede the end of the present page
		next = positionOf(page[len(page)-1])
	}
	sortPosted(page)
	if !next.IsZero() {
		page = page[:endOf(page, next)]
	}
	return page, next, nil
}

// query returns a query on the posted records of a table that follow a position.
func (r *closedReader) query(table string, position domain.Position) *gormstore.Query {
	q := gormstore.NewQuery("SELECT "+postedColumns+" FROM "+table+" WHERE connection_id = ? AND "+
		gormstore.EqualUnindexed("account_id")+" AND "+gormstore.TenantIs(r.store.Dialect, "tenant_id")+
		" AND CASE status WHEN 'posted' THEN true END",
		gormstore.UUID(r.account.Connection), gormstore.UUID(r.account.ID), gormstore.UUID(r.account.Tenant))
	q.Add(" AND (date, id) > (?, ?) AND date <= ?", position.Key, gormstore.UUID(position.ID), string(r.window.To))
	return q
}

// rows runs a query and appends its first records to the page.
func (r *closedReader) rows(
	ctx context.Context, q *gormstore.Query, page []books.PostedRecord,
) ([]books.PostedRecord, error) {
	q.Add(" ORDER BY date, id LIMIT ?", snapshotPage)
	var row postedRow
	err := r.store.Bounded(ctx, func(ctx context.Context) error {
		return r.tx.Read(ctx, q.AsRead(row.targets(), func() error {
			page = append(page, row.record())
			return nil
		}))
	})
	return page, err
}

// positionOf returns the position of a record in the order of dates and ids.
func positionOf(r books.PostedRecord) domain.Position {
	return domain.Position{Key: string(r.Date), ID: r.ID.UUID}
}

// sortPosted sorts records by date, then by id.
func sortPosted(page []books.PostedRecord) {
	slices.SortFunc(page, func(x, y books.PostedRecord) int {
		return cmp.Or(cmp.Compare(x.Date, y.Date), bytes.Compare(x.ID.UUID[:], y.ID.UUID[:]))
	})
}

// endOf returns the number of records up to the position, including the record at the position.
func endOf(page []books.PostedRecord, position domain.Position) int {
	n := len(page)
	for n > 0 && positionOf(page[n-1]).Compare(position) > 0 {
		n--
	}
	return n
}
