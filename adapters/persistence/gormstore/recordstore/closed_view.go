package recordstore

import (
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
	err := s.Core.Snapshot(ctx, s.Timeout, func(tx gormstore.SnapshotTx) error {
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
		Posted: func(ctx context.Context, window domain.Window) iter.Seq2[domain.Transaction, error] {
			r := postedReader{
				store: s.Background(), tx: tx, account: account, window: window, closedAt: c.ClosedAt,
			}
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

// readClosed is like readLive, but for the records that were live when the period was closed. It reads the present
// versions, and then the replaced versions in the same range.
func (r *postedReader) readClosed(
	ctx context.Context, position domain.Position, page []domain.Transaction,
) (_ []domain.Transaction, next domain.Position, err error) {
	at := gormstore.At(r.closedAt).Param(r.tx.Name())
	present := r.query("transactions", position)
	present.Add(presentInEffect, at)
	if page, err = r.rows(ctx, present, page); err != nil {
		return nil, next, err
	}
	replaced := r.query("transaction_versions", position)
	replaced.Add(replacedInEffect, at, at)
	if len(page) == snapshotPage {
		next = page[len(page)-1].DatePosition()
		replaced.Add(" AND (date, id) <= (?, ?)", next.Key, gormstore.UUID(next.ID))
	}
	count := len(page)
	if page, err = r.rows(ctx, replaced, page); err != nil {
		return nil, next, err
	}
	if len(page)-count == snapshotPage { // more replaced versions may precede the end of the present page
		next = page[len(page)-1].DatePosition()
	}
	sortTransactions(page, func(x, y domain.Transaction) int { return x.DatePosition().Compare(y.DatePosition()) })
	page = slices.DeleteFunc(page, func(record domain.Transaction) bool {
		return !next.IsZero() && record.DatePosition().Compare(next) > 0
	})
	return page, next, nil
}
