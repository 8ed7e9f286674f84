package records

import (
	"context"
	"slices"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// referenceColumns are the columns of References. Each has an index over tenant, value, date and id.
var referenceColumns = []string{
	"end_to_end_id", "institution_id", "authentication_code", "reference_number", "receiver_reference_id",
	"tracking_key", "cheque_number",
}

// inIndex returns the condition of the index of a reference column. A reference number that equals the end-to-end id is
// not in the index, because the index of the end-to-end ids finds the transaction.
func inIndex(column string) string {
	if column == "reference_number" {
		return "reference_number <> '' AND reference_number <> end_to_end_id"
	}
	return column + " <> ''"
}

// searchReference returns the transactions with this reference that match the search. For each column, it reads the
// newest transactions with the value, through the index of the column. It examines no other transactions. The other
// conditions of the search are checked afterwards, so a page may contain fewer items than requested even if it is not
// the last one.
func (m *searchMerge) searchReference(
	ctx context.Context, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	none := domain.Page[domain.Transaction]{}
	if !gormstore.Storable(m.search.Reference) {
		return none, nil
	}
	end, err := m.startPosition(page.After)
	if err != nil {
		return none, err
	}
	found, err := m.readReferences(ctx, end, page.Limit+1)
	if err != nil || len(found) == 0 {
		return none, err
	}
	slices.SortFunc(found, newerFirst)
	found = slices.CompactFunc(found, func(x, y domain.Transaction) bool { return x.ID == y.ID })
	var next domain.Position
	if len(found) > page.Limit {
		found = found[:page.Limit]
		next = found[page.Limit-1].DatePosition()
	}
	return m.complete(ctx, found, next, page)
}

// readReferences returns, for each of the referenceColumns, at most limit transactions after the position. Only their
// ids, connections and dates are set.
func (m *searchMerge) readReferences(
	ctx context.Context, after domain.Position, limit int,
) ([]domain.Transaction, error) {
	q := gormstore.NewQuery("")
	for i, column := range referenceColumns {
		if i > 0 {
			q.Add(" UNION ALL ")
		}
		q.Add("SELECT * FROM (SELECT connection_id, id, date FROM transactions WHERE tenant_id = ? AND "+column+
			" = ? AND "+inIndex(column)+" AND (date, id) < (?, ?) AND date >= ?",
			gormstore.UUID(m.tenant.UUID), m.search.Reference, after.Key, gormstore.UUID(after.ID), m.firstDate())
		if !m.search.Connection.IsZero() {
			q.Add(" AND "+gormstore.EqualUnindexed("connection_id", "?"), gormstore.UUID(m.search.Connection.UUID))
		}
		q.Add(" ORDER BY date DESC, id DESC LIMIT ?) AS r", limit)
	}
	row := gormstore.NewTransactionRow()
	columns := gormstore.ScanTargets(&row.Connection.UUID, &row.ID.UUID, (*string)(&row.Date))
	var found []domain.Transaction
	err := m.Rows(ctx, q.String(), q.Args, columns, func() error {
		found = append(found, row.Transaction)
		return nil
	})
	return found, err
}
