package recordstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// referenceColumns are the columns of References. Each has an index over tenant, value in lower case, date and id.
var referenceColumns = []string{
	"end_to_end_id", "institution_id", "authentication_code", "reference_number", "receiver_reference_id",
	"tracking_key", "cheque_number", "barcode", "tx_id",
}

// inIndex returns the condition of the index of a reference column. A reference number that equals the end-to-end id is
// not in the index, because the index of the end-to-end ids finds the transaction.
func inIndex(column string) string {
	if column == "reference_number" {
		return "reference_number <> '' AND lower(reference_number) <> lower(end_to_end_id)"
	}
	return column + " <> ''"
}

// referenceValues returns the values to look for in the column, in lower case.
func (m *searchMerge) referenceValues(column string) []string {
	if column == "barcode" {
		barcode, _ := domain.ParseBoleto(m.search.Reference)
		return []string{cmp.Or(barcode, m.search.Reference)}
	}
	return domain.ReferenceForms(m.search.Reference)
}

// exactValues returns the conditions for the transactions with the id, the reference or the tax number of the search,
// each of which an index serves: the primary key, or one over tenant, value, date and id. It returns nil if the search
// has none of them, or a value that cannot be stored.
func (m *searchMerge) exactValues() (conditions []clause.Expr) {
	if !m.search.ID.IsZero() {
		return []clause.Expr{{SQL: "id = ?", Vars: []any{gormstore.UUID(m.search.ID.UUID)}}}
	}
	if m.search.Reference == "" {
		return []clause.Expr{{
			SQL:  "counterparty_document = ? AND counterparty_document <> ''",
			Vars: []any{gormstore.JoinDocument(m.search.Document)},
		}}
	}
	if !gormstore.Storable(m.search.Reference) {
		return nil
	}
	for _, column := range referenceColumns {
		for _, value := range m.referenceValues(column) {
			conditions = append(conditions, clause.Expr{
				SQL: "lower(" + column + ") = ? AND " + inIndex(column), Vars: []any{value},
			})
		}
	}
	return conditions
}

// maxExact is the maximum number of transactions with a value that a search of one connection examines for a page. They
// may all belong to other connections.
const maxExact = 1000

// searchExact returns the transactions with the id, the reference or the tax number that match the search. For each
// column, it reads the newest transactions with the value, through the index of the column. It examines no other
// transactions. The other conditions of the search are checked afterwards, so a page may contain fewer items than
// requested even if it is not the last one.
func (m *searchMerge) searchExact(
	ctx context.Context, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	none := domain.Page[domain.Transaction]{}
	conditions := m.exactValues()
	end, err := m.startPosition(page.After)
	if err != nil || len(conditions) == 0 {
		return none, err
	}
	found, next, err := m.readExact(ctx, conditions, end, page.Limit+1)
	if err != nil || len(found) == 0 {
		return domain.Page[domain.Transaction]{Next: next}, err
	}
	sortTransactions(found, newerFirst)
	found = slices.CompactFunc(found, func(x, y domain.Transaction) bool { return x.ID == y.ID })
	if len(found) > page.Limit {
		found = found[:page.Limit]
		next = found[page.Limit-1].DatePosition()
	}
	return m.complete(ctx, found, next, page)
}

// readExact returns, for each of the conditions, at most limit transactions after the position. Only their ids,
// connections and dates are set. If the search is restricted to a connection, readExact examines at most maxExact
// transactions for each condition, because no index contains a value and the connection. last is the position up to
// which it has examined all of them; zero if there are no more.
func (m *searchMerge) readExact(
	ctx context.Context, conditions []clause.Expr, after domain.Position, limit int,
) (found []domain.Transaction, last domain.Position, err error) {
	if !m.search.Connection.IsZero() {
		limit = max(limit, maxExact)
	}
	q := gormstore.NewQuery("")
	for i, condition := range conditions {
		if i > 0 {
			q.Add(" UNION ALL ")
		}
		q.Add("SELECT * FROM (SELECT "+strconv.Itoa(i)+
			" AS condition, connection_id, id, date FROM transactions WHERE tenant_id = ? AND ",
			gormstore.UUID(m.tenant.UUID))
		q.Add(condition.SQL, condition.Vars...)
		q.Add(" AND (date, id) < (?, ?) AND date >= ?", after.Key, gormstore.UUID(after.ID), m.firstDate())
		q.Add(" ORDER BY date DESC, id DESC LIMIT ?) AS r", limit)
	}
	var condition int
	row := gormstore.NewTransactionRow()
	columns := append([]any{&condition},
		gormstore.ScanTargets(&row.Connection.UUID, &row.ID.UUID, (*string)(&row.Date))...)
	counts, ends := make([]int, len(conditions)), make([]domain.Position, len(conditions))
	err = m.RowsInOrder(ctx, q.String(), q.Args, columns, func() error {
		at := row.DatePosition()
		if counts[condition]++; counts[condition] == 1 || at.Compare(ends[condition]) < 0 {
			ends[condition] = at
		}
		if m.search.Connection.IsZero() || row.Connection == m.search.Connection {
			found = append(found, row.Transaction)
		}
		return nil
	})
	for i, n := range counts {
		if n == limit && (last.IsZero() || ends[i].Compare(last) > 0) {
			last = ends[i]
		}
	}
	found = slices.DeleteFunc(found, func(t domain.Transaction) bool {
		return !last.IsZero() && t.DatePosition().Compare(last) < 0 // the other conditions may have gaps there
	})
	return found, last, err
}
