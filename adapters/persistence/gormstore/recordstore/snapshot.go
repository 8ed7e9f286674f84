package recordstore

import (
	"cmp"
	"context"
	"iter"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// snapshotPage is the number of records that one statement reads.
const snapshotPage = 1000

// Snapshot calls fn inside one read-only transaction. The wait for a database connection and each query have a time
// limit, but the transaction has none. The transaction must end soon, because it delays the removal of old row
// versions.
func (s ledger) Snapshot(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
	fn func(view ports.AccountView) error,
) error {
	var failed error // the error that fn has returned, or an already translated error of a query
	err := s.Core.Snapshot(ctx, s.Timeout, func(tx gormstore.SnapshotTx) error {
		failed = s.readAccount(ctx, tx, tenant, id, fn)
		return failed
	})
	if failed != nil {
		return failed
	}
	return gormstore.Translate(ctx, err)
}

// readAccount calls fn with a view of the account. The view reads the account's records in the transaction tx.
func (s ledger) readAccount(ctx context.Context, tx gormstore.SnapshotTx, tenant domain.TenantID, id domain.AccountID,
	fn func(view ports.AccountView) error,
) error {
	var view ports.AccountView
	err := s.Bounded(ctx, func(ctx context.Context) (err error) {
		view, err = accountView(tx.DB.WithContext(ctx), tenant, id)
		return err
	})
	if err != nil {
		return err
	}
	account := view.Account
	keys := accountKeys{ID: account.ID.UUID, Connection: account.Connection.UUID, Tenant: account.Tenant.UUID}
	view.Posted = func(ctx context.Context, window domain.Window) iter.Seq2[domain.Transaction, error] {
		r := postedReader{store: s.Background(), tx: tx, account: keys, window: window}
		return r.all(ctx)
	}
	view.Live = func(ctx context.Context, window domain.Window) iter.Seq2[domain.Transaction, error] {
		r := postedReader{store: s.Background(), tx: tx, account: keys, window: window, withPending: true}
		return r.all(ctx)
	}
	view.FirstDay = func(ctx context.Context) (domain.Date, error) {
		r := postedReader{store: s.Background(), tx: tx, account: keys, withPending: true, limit: 1}
		page, err := r.rows(ctx, r.query("transactions", domain.Position{}), nil)
		if err != nil || len(page) == 0 {
			return "", err
		}
		return page[0].Date, nil
	}
	view.SharedReferences = func(ctx context.Context) (map[string]domain.TransactionID, error) {
		return sharedReferences(ctx, s.Background(), tx, account)
	}
	return fn(view)
}

// mainReference is the SQL expression for domain.References.Main.
const mainReference = `CASE WHEN end_to_end_id <> '' THEN end_to_end_id WHEN institution_id <> '' THEN institution_id
	WHEN tracking_key <> '' THEN tracking_key ELSE reference_number END`

// sharedReferences implements AccountView.SharedReferences. The database groups the references, so that the service
// only keeps references in memory that several records have.
func sharedReferences(
	ctx context.Context, core *gormstore.Core, tx gormstore.SnapshotTx, account domain.Account,
) (map[string]domain.TransactionID, error) {
	const versions = "SELECT CAST(id AS text) AS id, " + mainReference + " AS reference FROM "
	where := " WHERE connection_id = ? AND " + gormstore.EqualUnindexed("account_id", "?") +
		" AND " + core.Dialect.TenantIs("tenant_id", "?")
	args := []any{
		gormstore.UUID(account.Connection.UUID), gormstore.UUID(account.ID.UUID), gormstore.UUID(account.Tenant.UUID),
	}
	q := gormstore.NewQuery("SELECT reference, MIN(id) FROM ("+versions+gormstore.TransactionTable+where, args...)
	q.Add(" UNION "+versions+"transaction_versions"+where, args...)
	q.Add(") AS r WHERE reference <> '' GROUP BY reference HAVING COUNT(*) > 1")
	shared := map[string]domain.TransactionID{}
	var reference string
	var first string
	err := core.Bounded(ctx, func(ctx context.Context) error {
		return tx.Read(ctx, q.AsRead([]any{(*gormstore.Text)(&reference), (*gormstore.Text)(&first)}, func() error {
			id, err := uuid.Parse(first)
			shared[reference] = domain.TransactionID{UUID: id}
			return err
		}))
	})
	return shared, err
}

// accountView reads an account and its completeness.
func accountView(db *gorm.DB, tenant domain.TenantID, id domain.AccountID) (view ports.AccountView, err error) {
	row, err := gormstore.First[gormstore.AccountRow](db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
	if err != nil {
		return view, err
	}
	if view.Account, err = row.Domain(); err != nil {
		return view, err
	}
	view.Completeness, err = shownCompleteness(db, accountKeys{
		ID: row.ID, Connection: row.Connection, Tenant: row.Tenant, ExternalID: row.ExternalID,
		Type: row.Type, Currency: row.Currency, BankRead: row.BankRead,
	})
	return view, err
}

// postedReader reads the posted records of an account that are live, or that were live when a period was closed.
type postedReader struct {
	store    *gormstore.Core
	tx       gormstore.SnapshotTx
	account  accountKeys
	window   domain.Window
	closedAt time.Time // when the period was closed; zero to read the live records
	// withPending includes pending records.
	withPending bool
	limit       int // the number of records that one statement reads; zero for snapshotPage
}

// all returns an iterator over the records. The iterator reads one page at a time. While the iterator yields the
// records of a page, no statement is running.
func (r *postedReader) all(ctx context.Context) iter.Seq2[domain.Transaction, error] {
	read := r.readLive
	if !r.closedAt.IsZero() {
		read = r.readClosed
	}
	return func(yield func(domain.Transaction, error) bool) {
		var page []domain.Transaction
		position := domain.Position{Key: string(r.window.From)} // all ids follow the zero id: From is included
		for {
			err := ctx.Err() // a driver may not notice that the context has ended
			if err == nil {
				page, position, err = read(ctx, position, page[:0])
			}
			if err != nil {
				yield(domain.Transaction{}, err)
				return
			}
			for _, record := range page {
				if !yield(record, nil) {
					return
				}
			}
			if position.IsZero() {
				return
			}
		}
	}
}

// readLive appends live records that follow the position to the page: at most snapshotPage records. next is the
// position of the last record; zero if no records remain.
func (r *postedReader) readLive(
	ctx context.Context, position domain.Position, page []domain.Transaction,
) (_ []domain.Transaction, next domain.Position, err error) {
	page, err = r.rows(ctx, r.query("transactions", position), page)
	if len(page) == snapshotPage {
		next = page[len(page)-1].DatePosition()
	}
	return page, next, err
}

// query returns a query of the account's posted records that follow a position. The table is transactions or
// transaction_versions.
//
// PostgreSQL must find these records through the index over connection, date and id. With an estimate of few matching
// rows, PostgreSQL might read and sort all rows of the connection for each page. The other conditions therefore have a
// form that PostgreSQL cannot estimate (see EqualUnindexed).
func (r *postedReader) query(table string, position domain.Position) *gormstore.Query {
	live := "CASE status WHEN 'posted' THEN " + gormstore.Counts + " END"
	if r.withPending {
		live = "CASE WHEN status IN ('posted', 'pending') THEN " + gormstore.Counts + " END"
	}
	q := gormstore.NewQuery(
		"SELECT "+gormstore.SelectedColumns(r.columns)+" FROM "+table+" WHERE connection_id = ? AND "+
			gormstore.EqualUnindexed("account_id", "?")+" AND "+r.store.Dialect.TenantIs("tenant_id", "?")+
			" AND "+live,
		gormstore.UUID(r.account.Connection),
		gormstore.UUID(r.account.ID),
		gormstore.UUID(r.account.Tenant),
	)
	q.Add(" AND (date, id) > (?, ?)", position.Key, gormstore.UUID(position.ID))
	if r.window.To != "" {
		q.Add(" AND date <= ?", string(r.window.To))
	}
	return q
}

// columns reports whether the reader selects the column. Replaced versions do not have first_seen_at.
func (r *postedReader) columns(c gormstore.Column) bool {
	return gormstore.IsStated(c) && (r.closedAt.IsZero() || gormstore.IsVersioned(c))
}

// rows runs a query and appends its first records to the page: at most as many as one statement reads.
func (r *postedReader) rows(
	ctx context.Context, q *gormstore.Query, page []domain.Transaction,
) ([]domain.Transaction, error) {
	q.Add(" ORDER BY date, id LIMIT ?", cmp.Or(r.limit, snapshotPage))
	row := gormstore.NewTransactionRow()
	err := r.store.Bounded(ctx, func(ctx context.Context) error {
		return r.tx.Read(ctx, q.AsRead(row.TargetsOf(r.columns), func() error {
			record, err := row.Domain()
			page = append(page, record)
			return err
		}))
	})
	return page, err
}
