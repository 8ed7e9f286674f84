package recordstore

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Accounts returns a page of accounts, ordered by external id. External ids are compared byte by byte. There is one
// index for the accounts of a connection, and one for the accounts of a tenant.
func (s ledger) Accounts(ctx context.Context, tenant domain.TenantID, filter ports.AccountFilter,
	page domain.PageRequest,
) (domain.Page[domain.Account], error) {
	if !gormstore.Storable(page.After.Key) {
		return domain.Page[domain.Account]{}, gormstore.InvalidCursor()
	}
	q := gormstore.NewQuery(selectAccounts)
	if filter.Connection.IsZero() {
		q.Add("tenant_id = ?", gormstore.UUID(tenant.UUID))
	} else {
		q.Add("connection_id = ? AND "+s.Dialect.TenantIs("tenant_id", "?"),
			gormstore.UUID(filter.Connection.UUID), gormstore.UUID(tenant.UUID))
	}
	if bank := filter.Institution; bank != (domain.InstitutionKey{}) {
		if !gormstore.Storable(bank.ID) {
			return domain.Page[domain.Account]{}, nil
		}
		q.Add(` AND connection_id IN (SELECT id FROM connections WHERE tenant_id = ? AND vendor = ?
			AND institution_id = ? AND deleted_at IS NULL)`, gormstore.UUID(tenant.UUID), string(bank.Vendor), bank.ID)
	}
	if !page.After.IsZero() {
		q.Add(" AND (external_id, id) > (?, ?)", page.After.Key, gormstore.UUID(page.After.ID))
	}
	q.Add(" ORDER BY external_id, id")
	var row gormstore.AccountRow
	return gormstore.Paged(ctx, s.Rows, q, page, accountTargets(&row),
		func() (domain.Account, error) { return row.Domain() },
		func(a domain.Account) domain.Position { return domain.Position{Key: a.ExternalID, ID: a.ID.UUID} })
}

// BriefAccounts reads the accounts with one query, without the vendor's objects.
func (s ledger) BriefAccounts(
	ctx context.Context, tenant domain.TenantID, ids []domain.AccountID,
) (found []domain.Account, err error) {
	q := gormstore.NewQuery("SELECT id, connection_id, vendor, external_id, type, name, number, currency, "+
		"bank_read_at FROM accounts WHERE tenant_id = ?", gormstore.UUID(tenant.UUID))
	if ids != nil {
		among := s.Dialect.AnyOf("id", gormstore.TextsOf(ids))
		q.Add(" AND "+among.SQL, among.Vars...)
	} else {
		q.Add(" AND removed_at IS NULL AND connection_id IN "+
			"(SELECT id FROM connections WHERE tenant_id = ? AND deleted_at IS NULL)", gormstore.UUID(tenant.UUID))
	}
	var row gormstore.AccountRow
	columns := gormstore.ScanTargets(&row.ID, &row.Connection, &row.Vendor, &row.ExternalID, &row.Type, &row.Name,
		&row.Number, &row.Currency, &row.BankRead)
	err = s.Rows(ctx, q.String(), q.Args, columns, func() error {
		found = append(found, domain.Account{
			ID: domain.AccountID{UUID: row.ID}, Connection: domain.ConnectionID{UUID: row.Connection},
			Vendor: domain.Vendor(row.Vendor), BankReadAt: row.BankRead.Time,
			AccountData: domain.AccountData{
				ExternalID: row.ExternalID, Type: domain.AccountType(row.Type), Name: row.Name, Number: row.Number,
				Currency: row.Currency,
			},
		})
		return nil
	})
	return found, err
}

// Account reads one account.
func (s ledger) Account(ctx context.Context, tenant domain.TenantID, id domain.AccountID) (domain.Account, error) {
	var a domain.Account
	err := s.Read(ctx, func(db *gorm.DB) error {
		row, err := gormstore.First[gormstore.AccountRow](db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
		if err != nil {
			return err
		}
		a, err = row.Domain()
		return err
	})
	return a, err
}

// selectTransactions is a SELECT of the columns that callers see. It also selects the position in the feed. The text
// ends with WHERE, so the user of the constant must append a condition. Amounts are selected as text in both databases,
// so that every digit is read.
var selectTransactions = "SELECT " + gormstore.SelectedColumns(gormstore.IsRead) + " FROM transactions WHERE "

// Transaction reads one transaction.
func (s ledger) Transaction(ctx context.Context, tenant domain.TenantID, id domain.TransactionID, asOf time.Time,
) (domain.Transaction, error) {
	t, err := s.present(ctx, tenant, id)
	if err == nil && !asOf.IsZero() {
		return s.asOf(ctx, t, asOf)
	}
	return t, err
}

// present returns the present version of a transaction. Errors: NotFound.
func (s ledger) present(ctx context.Context, tenant domain.TenantID, id domain.TransactionID,
) (domain.Transaction, error) {
	q := gormstore.NewQuery(selectTransactions+"id = ? AND "+s.Dialect.TenantIs("tenant_id", "?"),
		gormstore.UUID(id.UUID), gormstore.UUID(tenant.UUID))
	row := gormstore.NewTransactionRow()
	one := domain.PageRequest{Limit: 1}
	found, err := gormstore.Paged(ctx, s.Rows, q, one, row.Targets(), row.Domain, domain.Transaction.DatePosition)
	if err == nil && len(found.Items) == 0 {
		err = domain.NotFoundError()
	}
	if err != nil {
		return domain.Transaction{}, err
	}
	return found.Items[0], nil
}

// maxScanned is the maximum number of transactions that the read of one page examines if no index serves its filter.
// Such a page can be short or empty although others follow.
const maxScanned = 10_000

// Transactions returns a page of transactions ordered by date, newest first, including removed
// transactions. Dates are stored as YYYY-MM-DD and compared as text. Each filter is served in one of these ways:
//
//   - external id: by the unique key, and by the table of the past ids
//   - dates, and no filter: the index over connection, date and id, backwards
//   - status pending: the index of pending transactions
//   - account, status posted, pull, and each filter of an earlier moment: the index over connection, date and id; a
//     page ends after maxScanned transactions
func (s ledger) Transactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	filter ports.TransactionFilter, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	if !gormstore.Storable(filter.ExternalID) {
		return domain.Page[domain.Transaction]{}, nil
	}
	if !filter.AsOf.IsZero() {
		return s.transactionsAsOf(ctx, tenant, connection, filter, page)
	}
	if err := checkDatePosition(page.After); err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	if filter.ExternalID != "" || filter.Status != domain.Posted && filter.Account.IsZero() && filter.Pull.IsZero() {
		return s.listTransactions(ctx, s.Rows, tenant, connection, filter, page, domain.Position{})
	}
	// No index serves the filter.
	var found domain.Page[domain.Transaction]
	err := s.ReadInOrder(ctx, func(tx gormstore.SnapshotTx) error {
		end, err := s.endOfScan(ctx, tx, tenant, connection, filter, page.After)
		if err == nil {
			found, err = s.listTransactions(ctx, tx.Rows, tenant, connection, filter, page, end)
		}
		return err
	})
	return found, err
}

// listTransactions returns the transactions of a connection that match the filter, up to the position end.
func (s ledger) listTransactions(
	ctx context.Context, read gormstore.QueryFunc, tenant domain.TenantID, connection domain.ConnectionID,
	filter ports.TransactionFilter, page domain.PageRequest, end domain.Position,
) (domain.Page[domain.Transaction], error) {
	if !end.IsZero() {
		filter.Window.From = "" // the end is not earlier; SQLite would seek the first of two lower bounds
	}
	q := gormstore.NewQuery(selectTransactions)
	s.addList(q, listedConnection(filter), tenant, connection, filter, page.After)
	addEnd(q, end)
	q.Add(" ORDER BY date DESC, id DESC")
	row := gormstore.NewTransactionRow()
	found, err := gormstore.Paged(ctx, read, q, page, row.Targets(), row.Domain, domain.Transaction.DatePosition)
	if err == nil && found.Next.IsZero() {
		found.Next = end
	}
	return found, err
}

// checkDatePosition returns Invalid on "cursor" if the position is not one in a list by date.
func checkDatePosition(position domain.Position) error {
	if _, err := domain.ParseDate(position.Key); err != nil && !position.IsZero() {
		return gormstore.InvalidCursor()
	}
	return nil
}

// addList adds the conditions on the transactions of a connection, or on their versions, that match the filter and
// follow the position. ofConnection is the condition on the connection.
func (s ledger) addList(q *gormstore.Query, ofConnection string, tenant domain.TenantID, connection domain.ConnectionID,
	filter ports.TransactionFilter, after domain.Position,
) {
	of, in := gormstore.UUID(connection.UUID), gormstore.UUID(tenant.UUID)
	q.Add(ofConnection+" AND "+s.Dialect.TenantIs("tenant_id", "?"), of, in)
	if id := filter.ExternalID; id != "" {
		q.Add(" AND id IN (SELECT id FROM transactions WHERE connection_id = ? AND external_id = ? AND tenant_id = ?"+
			" UNION ALL SELECT transaction_id FROM row_states"+
			" WHERE connection_id = ? AND external_id = ? AND tenant_id = ? AND transaction_id IS NOT NULL)",
			of, id, in, of, id, in)
	}
	addFilter(q, filter.Window, filter.Status, filter.Account)
	if pull := gormstore.UUID(filter.Pull.UUID); !filter.Pull.IsZero() {
		q.Add(" AND (pull_id = ? OR EXISTS (SELECT 1 FROM transaction_versions v WHERE v.connection_id = ?"+
			" AND v.id = transactions.id AND v.tenant_id = ? AND v.pull_id = ?))", pull, of, in, pull)
	}
	if !after.IsZero() {
		q.Add(" AND (date, id) < (?, ?)", after.Key, gormstore.UUID(after.ID))
	}
}

// listedConnection returns the condition of addList on the connection of transactions. If external ids are given, the
// database must begin with these, and not with the index by date of the list.
func listedConnection(filter ports.TransactionFilter) string {
	if filter.ExternalID != "" {
		return gormstore.EqualUnindexed("connection_id", "?")
	}
	return "connection_id = ?"
}

// endOfScan returns the position of the last transaction that a page after the position may examine. It returns the
// zero Position if the page may examine all of them.
func (s ledger) endOfScan(
	ctx context.Context, tx gormstore.SnapshotTx, tenant domain.TenantID, connection domain.ConnectionID,
	filter ports.TransactionFilter, after domain.Position,
) (end domain.Position, err error) {
	q := gormstore.NewQuery("SELECT date, id FROM transactions WHERE ")
	s.addList(q, "connection_id = ?", tenant, connection, ports.TransactionFilter{Window: filter.Window}, after)
	q.Add(" ORDER BY date DESC, id DESC LIMIT 1 OFFSET ?", maxScanned-1)
	columns := []any{(*gormstore.Text)(&end.Key), (*gormstore.UUID)(&end.ID)}
	err = tx.Read(ctx, q.AsRead(columns, func() error { return nil }))
	return end, err
}

// addEnd restricts a query to the transactions up to the position; the zero Position does not restrict it.
func addEnd(q *gormstore.Query, end domain.Position) {
	if !end.IsZero() {
		q.Add(" AND (date, id) >= (?, ?)", end.Key, gormstore.UUID(end.ID))
	}
}

// addFilter adds conditions on the date, the status and the account. It adds none for a zero value. The status is part
// of the text, because only then does a database use the index of pending transactions.
func addFilter(q *gormstore.Query, dates domain.Window, status domain.TransactionStatus, account domain.AccountID) {
	q.AddExpr(between("date", dates))
	switch status {
	case domain.Pending:
		q.Add(" AND status = 'pending'")
	case "":
	default:
		q.Add(" AND status = ?", string(status))
	}
	if !account.IsZero() {
		q.Add(" AND account_id = ?", gormstore.UUID(account.UUID))
	}
}

// Changes returns the changes whose positions are below Dialect.VisibleBefore. One statement reads both this bound and
// the rows, so that both come from the same snapshot of the database.
func (s ledger) Changes(ctx context.Context, tenant domain.TenantID,
	page domain.PageRequest,
) (domain.FeedPage, error) {
	keys, err := s.feedCipher.load(ctx, s.Core)
	if err != nil {
		return domain.FeedPage{}, err
	}
	if page.After == domain.FeedEnd {
		return s.feedEnd(ctx, tenant, keys)
	}
	after, err := keys.decode(tenant, page.After)
	if err != nil {
		return domain.FeedPage{}, err
	}
	owner := gormstore.UUID(tenant.UUID)
	q := gormstore.NewQuery(gormstore.SelectFeed+"tenant_id = ?", owner, owner, owner)
	q.Add(" AND (change_tx, id) > (?, ?) AND change_tx < ", after, gormstore.UUID(page.After.ID))
	q.AddExpr(s.Dialect.VisibleBefore(gormstore.TenantParam(tenant.UUID)))
	q.Add(" ORDER BY change_tx, id LIMIT ?", page.Limit+1)
	row := gormstore.NewTransactionRow()
	page.MaxBytes -= page.MaxBytes / changedShare
	place, feed, found := after, domain.FeedPage{}, domain.PageBuilder[domain.Transaction]{Request: page}
	columns := append(row.Targets(), (*gormstore.Text)(&row.Adjusts))
	add := gormstore.AddTo(&found, &feed.More, func() (domain.Transaction, error) {
		place = row.ChangeSeq
		return row.Domain()
	})
	err = s.RowsOf(ctx, tenant.UUID, q.String(), q.Args, columns, add)
	if err != nil && !errors.Is(err, gormstore.ErrStop) {
		return domain.FeedPage{}, err
	}
	feed.Items = found.Items
	feed.Next = domain.Position{Key: keys.encode(tenant, place), ID: page.After.ID}
	if n := len(feed.Items); n > 0 {
		feed.Next.ID = feed.Items[n-1].ID.UUID
	}
	return feed, s.addChanged(ctx, tenant, feed.Items)
}

// changedShare is the part of a page of the feed that is reserved for the names of changed members: one sixteenth.
const changedShare = 16

// selectPrevious is a SELECT of the previous versions of transactions. The caller appends the conditions of the join.
// The first two columns are whether the stored form of the metadata is unchanged, and the metadata of the previous
// version if it is not. Equal metadata can have several stored forms.
var selectPrevious = "SELECT v.metadata IS NOT DISTINCT FROM t.metadata, " +
	"CASE WHEN v.metadata IS DISTINCT FROM t.metadata THEN v.metadata END, " +
	gormstore.SelectedColumnsOf("v.", isPrevious) + " FROM transactions t JOIN transaction_versions v ON "

// isPrevious reports whether the column is part of selectPrevious.
func isPrevious(c gormstore.Column) bool {
	return gormstore.IsVersioned(c) && !c.Is(gormstore.Unread) && c.Name != "metadata"
}

// addChanged sets the field Changed of the transactions. If a transaction has changed since it was read, Changed stays
// nil. A later item of the feed contains the change.
func (s ledger) addChanged(ctx context.Context, tenant domain.TenantID, items []domain.Transaction) error {
	place, ids := make(map[domain.TransactionID]*domain.Transaction, len(items)), []string(nil)
	for i := range items {
		switch t := &items[i]; {
		case t.Erased():
			t.Changed = domain.ChangedMembers(nil, t)
		case t.Version > 1:
			place[t.ID], ids = t, append(ids, t.ID.String())
		}
	}
	if len(ids) == 0 {
		return nil
	}
	q := gormstore.NewQuery(selectPrevious+s.Dialect.TenantIs("v.tenant_id", "t.tenant_id")+
		" AND v.connection_id = t.connection_id AND v.id = t.id AND v.version = t.version - 1 WHERE "+
		s.Dialect.TenantIs("t.tenant_id", "?"), gormstore.UUID(tenant.UUID))
	which := s.Dialect.AnyOf("t.id", ids)
	q.Add(" AND "+which.SQL, which.Vars...)
	row, sameMetadata, metadata := gormstore.NewTransactionRow(), false, json.RawMessage(nil)
	return s.RowsOf(
		ctx,
		tenant.UUID,
		q.String(),
		q.Args,
		append([]any{&sameMetadata, gormstore.ScanTarget(&metadata)}, row.TargetsOf(isPrevious)...),
		func() error {
			previous, err := row.Domain()
			if err != nil {
				return err
			}
			present := place[previous.ID]
			if previous.Version != present.Version-1 {
				return nil
			}
			if previous.Metadata = present.Metadata; !sameMetadata {
				previous.Metadata = metadata
			}
			present.Changed = domain.ChangedMembers(&previous, present)
			return nil
		},
	)
}

// feedEnd returns an empty page at the present end of the feed. The position is after all rows of the last change.
func (s ledger) feedEnd(ctx context.Context, tenant domain.TenantID, keys *feedKeys) (domain.FeedPage, error) {
	q := gormstore.NewQueryOf(s.Dialect.FeedEnd(tenant.UUID))
	var place int64
	err := s.Rows(ctx, q.String(), q.Args, []any{&place}, func() error { return nil })
	return domain.FeedPage{Next: domain.Position{Key: keys.encode(tenant, place), ID: uuid.Max}}, err
}

// FeedHold runs the statement of Dialect.FeedHold.
func (s ledger) FeedHold(ctx context.Context) (hold ports.FeedHold, err error) {
	var seconds float64
	err = s.Rows(ctx, s.Dialect.FeedHold(), nil, []any{&hold.Writer, &seconds}, func() error { return nil })
	hold.Age = time.Duration(seconds * float64(time.Second))
	return hold, err
}
