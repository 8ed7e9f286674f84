package recordstore

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// A version of a record is in effect from its updated_at until it is replaced. The table transactions contains the
// present versions. The table transaction_versions contains the replaced versions, with the time of the replacement in
// replaced_at.

// hasVersions reports whether the column is selected when records are read as they were at a past moment. Such a read
// selects the columns that are stored for each version and that callers see, except metadata and category.
func hasVersions(c gormstore.Column) bool {
	return gormstore.IsVersioned(c) && !c.Is(gormstore.Unread) && c.Name != "metadata" && c.Name != "category"
}

// SELECTs of the columns of a version. The last two columns, vendor and first_seen_at, are stored only in transactions,
// because they never change.
var (
	selectPresentAsOf = "SELECT " + gormstore.SelectedColumns(hasVersions) + ", vendor, first_seen_at FROM "

	selectReplacedAsOf = "SELECT " + gormstore.SelectedColumns(hasVersions) + `,
		(SELECT t.vendor FROM transactions t WHERE t.id = transaction_versions.id
			AND t.tenant_id = transaction_versions.tenant_id),
		(SELECT t.first_seen_at FROM transactions t WHERE t.id = transaction_versions.id
			AND t.tenant_id = transaction_versions.tenant_id)
		FROM transaction_versions WHERE `
)

// asOfTargets returns the scan targets for the columns of selectPresentAsOf and selectReplacedAsOf.
func asOfTargets(r *gormstore.TransactionRow) []any {
	return append(r.TargetsOf(hasVersions), (*gormstore.Text)(&r.Vendor), gormstore.ScanTarget(&r.FirstSeenAt))
}

// The SQL conditions under which a version was in effect at a moment. The parameter of presentInEffect is the moment.
// Both parameters of replacedInEffect are the moment.
const (
	presentInEffect  = " AND updated_at <= ? AND removed_at IS NULL AND erased_at IS NULL"
	replacedInEffect = " AND updated_at <= ? AND replaced_at > ? AND removed_at IS NULL"
)

// asOf returns the version of a transaction that was in effect at the given time. It reads an earlier version if the
// present one is too new. Errors: NotFound.
func (s ledger) asOf(ctx context.Context, present domain.Transaction, at time.Time) (_ domain.Transaction, err error) {
	if present.Erased() {
		return domain.Transaction{}, domain.NotFoundError()
	}
	if present.UpdatedAt.After(at) {
		present, err = s.versionAsOf(ctx, present, at)
	}
	if err == nil && !present.RemovedAt.IsZero() {
		err = domain.NotFoundError()
	}
	if err != nil {
		return domain.Transaction{}, err
	}
	return present.WithoutUnversioned(), nil
}

// versionAsOf returns the replaced version of a transaction that was in effect at the given time. present is the
// present version, which is newer. Errors: NotFound.
func (s ledger) versionAsOf(ctx context.Context, present domain.Transaction, at time.Time) (domain.Transaction, error) {
	q := gormstore.NewQuery(selectReplacedAsOf+"connection_id = ? AND id = ? AND tenant_id = ? AND updated_at <= ?",
		gormstore.UUID(present.Connection.UUID), gormstore.UUID(present.ID.UUID), gormstore.UUID(present.Tenant.UUID),
		s.TimeParam(at))
	q.Add(" ORDER BY version DESC")
	row := gormstore.NewTransactionRow()
	one := domain.PageRequest{Limit: 1}
	found, err := gormstore.Paged(ctx, s.Rows, q, one, asOfTargets(&row), row.Domain, domain.Transaction.DatePosition)
	if err == nil && len(found.Items) == 0 {
		err = domain.NotFoundError()
	}
	if err != nil {
		return domain.Transaction{}, err
	}
	return found.Items[0], nil
}

// transactionsAsOf returns a page of the transactions as they were at the moment filter.AsOf. It first reads a page
// of present versions, and then the replaced versions in the same range of dates. Without this range, the second read
// would scan all versions if few replaced versions were in effect. A transaction that gets a new version between the
// two reads is returned only once.
//
// Both reads use an index that contains the times of the versions. The database therefore needs only the index to
// find the versions that were in effect at the moment. It reads only the rows of the page from the tables.
func (s ledger) transactionsAsOf(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	filter ports.TransactionFilter, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	if err := checkDatePosition(page.After); err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	r := asOfReader{ledger: s, tenant: tenant, connection: connection, filter: filter, page: page}
	if filter.ExternalID == "" {
		err := s.ReadInOrder(ctx, func(tx gormstore.SnapshotTx) (err error) {
			r.end, err = s.endOfScan(ctx, tx, tenant, connection, filter, page.After)
			return err
		})
		if err != nil {
			return domain.Page[domain.Transaction]{}, err
		}
	}
	at := s.TimeParam(filter.AsOf)
	q := r.query(selectPresentAsOf+"transactions WHERE ", listedConnection(filter))
	q.Add(presentInEffect, at)
	present, err := r.read(ctx, q)
	if err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	q = r.query(selectReplacedAsOf, "connection_id = ?") // the index of the ids begins with the connection
	q.Add(replacedInEffect, at, at)
	if last := present.Next; !last.IsZero() {
		q.Add(" AND (date, id) >= (?, ?)", last.Key, gormstore.UUID(last.ID))
	}
	replaced, err := r.read(ctx, q)
	if err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	found := mergeAsOf(present, replaced, page)
	if found.Next.IsZero() {
		found.Next = r.end
	}
	return found, nil
}

// asOfReader reads a page of a connection's records as they were at the moment filter.AsOf.
type asOfReader struct {
	ledger

	tenant     domain.TenantID
	connection domain.ConnectionID
	filter     ports.TransactionFilter
	page       domain.PageRequest
	end        domain.Position // the position of the last record that the page may examine; zero if it may examine all
}

// query returns a query on the records of the connection, or on their versions, that match the filter and follow the
// position of the page.
func (r *asOfReader) query(text, ofConnection string) *gormstore.Query {
	q := gormstore.NewQuery(text)
	r.addList(q, ofConnection, r.tenant, r.connection, r.filter, r.page.After)
	addEnd(q, r.end)
	return q
}

// read runs a query for a page of versions.
func (r *asOfReader) read(ctx context.Context, q *gormstore.Query) (domain.Page[domain.Transaction], error) {
	if r.filter.ExternalID != "" {
		// The few versions are found by their ids, and not in the order of the index by date.
		q.Add(" ORDER BY date || '' DESC, id DESC")
	} else {
		q.Add(" ORDER BY date DESC, id DESC")
	}
	row := gormstore.NewTransactionRow()
	return gormstore.Paged(ctx, r.Rows, q, r.page, asOfTargets(&row), row.Domain, domain.Transaction.DatePosition)
}

// mergeAsOf merges two pages of versions into one. If both pages contain a transaction, mergeAsOf keeps the present
// version. The merged page can have fewer items than requested, or none, if one of the pages has ended early.
func mergeAsOf(present, replaced domain.Page[domain.Transaction], request domain.PageRequest,
) domain.Page[domain.Transaction] {
	seen := make(map[domain.TransactionID]bool, len(present.Items))
	for i := range present.Items {
		seen[present.Items[i].ID] = true
	}
	more := !present.Next.IsZero() || !replaced.Next.IsZero()
	all := present.Items
	for _, t := range replaced.Items {
		if !seen[t.ID] {
			all = append(all, t)
		}
	}
	sortTransactions(all, newerFirst)
	// If a page has a next position, the rows after this position are not known yet. The merged page ends at the
	// first such position.
	end := domain.Position{}
	for _, next := range []domain.Position{present.Next, replaced.Next} {
		if !next.IsZero() && (end.IsZero() || next.Compare(end) > 0) {
			end = next
		}
	}
	built := domain.PageBuilder[domain.Transaction]{Request: request}
	for i := range all {
		if built.Complete() || built.Full() || !end.IsZero() && all[i].DatePosition().Compare(end) < 0 {
			more = true
			break
		}
		built.Add(all[i])
	}
	merged := domain.Page[domain.Transaction]{Items: built.Items}
	switch n := len(built.Items); {
	case !more:
	case built.Complete() || built.Full():
		merged.Next = built.Items[n-1].DatePosition()
	default:
		merged.Next = end
	}
	return merged
}
