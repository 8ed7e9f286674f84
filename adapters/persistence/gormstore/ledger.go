package gormstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Ledger returns the store of accounts and transactions. It also stores the closed periods and the completeness of the
// accounts.
func (s *Store) Ledger() ports.Ledger { return ledger{s} }

// ledger implements ports.Ledger on a Store. Pulls store the accounts and transactions; the methods of ledger that
// write are ClosePeriod, ReopenPeriod, UpdateCompleteness and Split.
type ledger struct{ *Store }

// invalidCursor returns the error for a cursor that is not a cursor of the requested list.
func invalidCursor() error { return domain.FieldError("cursor", "is not a cursor of this list") }

// listConverted is like list, for rows whose conversion can fail, for example because an amount is not a
// number.
func listConverted[R, T any](query *gorm.DB, page domain.PageRequest, item func(R) (T, error),
	position func(T) domain.Position,
) (domain.Page[T], error) {
	var failed error
	found, err := list(query, page, func(row R) T {
		t, err := item(row)
		if err != nil {
			failed = err
		}
		return t
	}, position)
	if err == nil {
		err = failed
	}
	return found, err
}

// Accounts returns a page of accounts, ordered by external id. External ids are compared byte by byte. There is one
// index for the accounts of a connection, and one for the accounts of a tenant.
func (s ledger) Accounts(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	page domain.PageRequest,
) (domain.Page[domain.Account], error) {
	if !storable(page.After.Key) {
		return domain.Page[domain.Account]{}, invalidCursor()
	}
	q := newQuery(selectAccounts)
	if connection.IsZero() {
		q.add("tenant_id = ?", uuidColumn(tenant.UUID))
	} else {
		q.add("connection_id = ? AND "+tenantIs(s.dialect, "tenant_id"),
			uuidColumn(connection.UUID), uuidColumn(tenant.UUID))
	}
	if !page.After.IsZero() {
		q.add(" AND (external_id, id) > (?, ?)", page.After.Key, uuidColumn(page.After.ID))
	}
	q.add(" ORDER BY external_id, id")
	var row accountRow
	return paged(ctx, s.rows, q, page, row.targets(), func() (domain.Account, error) { return row.domain() },
		func(a domain.Account) domain.Position { return domain.Position{Key: a.ExternalID, ID: a.ID.UUID} })
}

// Account reads one account.
func (s ledger) Account(ctx context.Context, tenant domain.TenantID, id domain.AccountID) (domain.Account, error) {
	var a domain.Account
	err := s.read(ctx, func(db *gorm.DB) error {
		row, err := first[accountRow](db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
		if err != nil {
			return err
		}
		a, err = row.domain()
		return err
	})
	return a, err
}

// Transaction reads one transaction. The caller does not know to which connection the transaction belongs, so
// the query searches every partition of a partitioned table.
func (s ledger) Transaction(ctx context.Context, tenant domain.TenantID,
	id domain.TransactionID,
) (domain.Transaction, error) {
	q := newQuery(selectTransactions+"id = ? AND "+tenantIs(s.dialect, "tenant_id"),
		uuidColumn(id.UUID), uuidColumn(tenant.UUID))
	row := newTransactionRow()
	found, err := paged(ctx, s.lookup, q, domain.PageRequest{Limit: 1}, row.targets(), row.transaction, datePosition)
	if err == nil && len(found.Items) == 0 {
		err = domain.NotFoundError()
	}
	if err != nil {
		return domain.Transaction{}, err
	}
	return found.Items[0], nil
}

// Transactions returns a page of transactions ordered by date, newest first, including removed
// transactions. Dates are stored as YYYY-MM-DD and compared as text. The query scans the index over
// connection, date and id backwards.
func (s ledger) Transactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	filter ports.TransactionFilter, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	if !storable(filter.ExternalID) {
		return domain.Page[domain.Transaction]{}, nil
	}
	if !filter.AsOf.IsZero() {
		return s.transactionsAsOf(ctx, tenant, connection, filter, page)
	}
	q := newQuery(selectTransactions+"connection_id = ? AND "+tenantIs(s.dialect, "tenant_id"),
		uuidColumn(connection.UUID), uuidColumn(tenant.UUID))
	addFilter(q, filter)
	if filter.ExternalID != "" {
		q.add(" AND (external_id = ? OR id IN (SELECT transaction_id FROM transaction_past_ids"+
			" WHERE connection_id = ? AND external_id = ? AND tenant_id = ?))",
			filter.ExternalID, uuidColumn(connection.UUID), filter.ExternalID, uuidColumn(tenant.UUID))
	}
	if !page.After.IsZero() {
		if _, err := domain.ParseDate(page.After.Key); err != nil {
			return domain.Page[domain.Transaction]{}, invalidCursor()
		}
		q.add(" AND (date, id) < (?, ?)", page.After.Key, uuidColumn(page.After.ID))
	}
	q.add(" ORDER BY date DESC, id DESC")
	row := newTransactionRow()
	return paged(ctx, s.rows, q, page, row.targets(), row.transaction, datePosition)
}

// addFilter adds the conditions of a filter, except those of ExternalID and AsOf.
func addFilter(q *query, filter ports.TransactionFilter) {
	for _, narrow := range []struct{ condition, value string }{
		{" AND date >= ?", string(filter.Window.From)},
		{" AND date <= ?", string(filter.Window.To)},
		{" AND status = ?", string(filter.Status)},
	} {
		if narrow.value != "" {
			q.add(narrow.condition, narrow.value)
		}
	}
	if !filter.Account.IsZero() {
		q.add(" AND account_id = ?", uuidColumn(filter.Account.UUID))
	}
}

// Changes returns the changes whose positions are below Dialect.VisibleBefore. One statement reads both this bound and
// the rows, so that both come from the same snapshot of the database.
func (s ledger) Changes(ctx context.Context, tenant domain.TenantID,
	page domain.PageRequest,
) (domain.FeedPage, error) {
	keys, err := s.feedCipher.load(ctx, s.Store)
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
	q := newQuery(selectFeed+"tenant_id = ?", uuidColumn(tenant.UUID), uuidColumn(tenant.UUID), uuidColumn(tenant.UUID))
	q.add(
		" AND (change_tx, id) > (?, ?) AND change_tx < "+s.dialect.VisibleBefore(""),
		after,
		uuidColumn(page.After.ID),
	)
	q.add(" ORDER BY change_tx, id LIMIT ?", page.Limit+1)
	row := newTransactionRow()
	page.MaxBytes -= page.MaxBytes / changedShare
	place, feed, found := after, domain.FeedPage{}, domain.PageBuilder[domain.Transaction]{Request: page}
	columns := append(row.targets(), (*textColumn)(&row.Adjusts))
	add := addTo(&found, &feed.More, func() (domain.Transaction, error) {
		place = row.changeSeq
		return row.transaction()
	})
	if err := s.rows(ctx, q.String(), q.args, columns, add); err != nil && !errors.Is(err, ErrStop) {
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

// selectPrevious is a SELECT of the previous versions of transactions. It reads no metadata of these versions, but only
// compares it.
var selectPrevious = "SELECT v.metadata IS NOT DISTINCT FROM t.metadata, " + selectedOf(
	"v.",
	isPrevious,
) + " FROM transactions t JOIN transaction_versions v ON v.connection_id = t.connection_id AND v.id = t.id" +
	" AND v.version = t.version - 1 AND v.tenant_id = t.tenant_id WHERE t.tenant_id = ? AND "

// isPrevious reports whether the column is part of selectPrevious.
func isPrevious(c Column) bool { return isVersioned(c) && !c.Is(Unread) && c.Name != "metadata" }

// addChanged sets Changed of the transactions. If a transaction has changed since it was read, Changed stays nil: a
// later item of the feed shows the change.
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
	which := s.dialect.AnyOf("t.id", ids)
	q := newQuery(selectPrevious+which.SQL, append([]any{uuidColumn(tenant.UUID)}, which.Vars...)...)
	row, sameMetadata := newTransactionRow(), false
	return s.rows(ctx, q.String(), q.args, append([]any{&sameMetadata}, row.targetsOf(isPrevious)...), func() error {
		previous, err := row.transaction()
		if err != nil {
			return err
		}
		present := place[previous.ID]
		if previous.Version != present.Version-1 {
			return nil
		}
		if previous.Metadata = present.Metadata; !sameMetadata {
			previous.Metadata = append(slices.Clip(present.Metadata), ' ')
		}
		present.Changed = domain.ChangedMembers(&previous, present)
		return nil
	})
}

// feedEnd returns an empty page at the present end of the feed. The position is after all rows of the last change.
func (s ledger) feedEnd(ctx context.Context, tenant domain.TenantID, keys *feedKeys) (domain.FeedPage, error) {
	q := newQueryOf(s.dialect.FeedEnd(tenant.UUID))
	var place int64
	err := s.lookup(ctx, q.String(), q.args, []any{&place}, func() error { return nil })
	return domain.FeedPage{Next: domain.Position{Key: keys.encode(tenant, place), ID: uuid.Max}}, err
}

// FeedHold runs the statement of Dialect.FeedHold.
func (s ledger) FeedHold(ctx context.Context) (hold ports.FeedHold, err error) {
	var seconds float64
	err = s.rows(ctx, s.dialect.FeedHold(), nil, []any{&hold.Writer, &seconds}, func() error { return nil })
	hold.Age = time.Duration(seconds * float64(time.Second))
	return hold, err
}
