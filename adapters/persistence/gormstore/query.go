package gormstore

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// query is a SELECT to which conditions are added. Frequent reads use this type instead of GORM. GORM spends more time
// on a row than the database does.
type query struct {
	strings.Builder
	args []any
}

// newQuery returns a query that starts with text, which usually contains everything before the first condition. Each
// question mark in text, and in the texts that are added later, is replaced by a numbered parameter ($1, $2, …) for the
// next argument.
func newQuery(text string, args ...any) *query {
	q := &query{args: make([]any, 0, 8)}
	q.Grow(768)
	q.add(text, args...)
	return q
}

// add appends text and its arguments. Both databases accept numbered parameters.
func (q *query) add(text string, args ...any) {
	for _, arg := range args {
		before, after, _ := strings.Cut(text, "?")
		q.args = append(q.args, arg)
		q.WriteString(before)
		q.WriteByte('$')
		q.WriteString(strconv.Itoa(len(q.args)))
		text = after
	}
	q.WriteString(text)
}

// queryFunc is the type of Store.rows and Store.lookup. Such a function runs a SELECT. For each row, it fills the
// columns and calls fn.
type queryFunc func(ctx context.Context, sql string, args, columns []any, fn func() error) error

// rows runs a query that may read many rows.
func (s *Store) rows(ctx context.Context, sql string, args, columns []any, fn func() error) error {
	return s.bounded(ctx, func(ctx context.Context) error { return s.dialect.Query(ctx, sql, args, columns, fn) })
}

// lookup runs a query that reads at most one page of rows. The query may be sent in a batch with other queries.
func (s *Store) lookup(ctx context.Context, sql string, args, columns []any, fn func() error) error {
	return s.bounded(ctx, func(ctx context.Context) error {
		return s.dialect.QueryBatched(ctx, sql, args, columns,
			fn)
	})
}

// paged runs q for one page of at most limit items. It returns the page and the position of the next page. To find out
// whether there is a next page, it reads one row more than limit.
func paged[T any](ctx context.Context, read queryFunc, q *query, limit int, columns []any,
	item func() (T, error), position func(T) domain.Position,
) (domain.Page[T], error) {
	q.add(" LIMIT ?", limit+1)
	var page domain.Page[T]
	err := read(ctx, q.String(), q.args, columns, func() error {
		if len(page.Items) == limit {
			page.Next = position(page.Items[limit-1])
			return nil
		}
		t, err := item()
		page.Items = append(grow(page.Items, limit), t)
		return err
	})
	if err != nil {
		return domain.Page[T]{}, err
	}
	return page, nil
}

// grow returns items with capacity for at least one more item. It first allocates capacity for a few items, and then
// for a whole page of limit items, so that short pages need little memory.
func grow[T any](items []T, limit int) []T {
	const little = 32
	switch len(items) {
	case 0:
		return make([]T, 0, min(limit, little))
	case little:
		return slices.Grow(items, max(limit-little, 0))
	}
	return items
}

// inTenant restricts a list to a tenant. If the given connection is not zero, inTenant also restricts the list to this
// connection. The argument table is a prefix of the column names. It is empty or ends with a dot.
func (s *Store) inTenant(
	db *gorm.DB, table string, tenant domain.TenantID, connection domain.ConnectionID,
) *gorm.DB {
	if connection.IsZero() {
		return db.Where(table+"tenant_id = ?", tenant.UUID)
	}
	return db.Where(table+"connection_id = ? AND "+tenantIs(s.dialect, table+"tenant_id"), connection.UUID, tenant.UUID)
}

// tenantIs returns the condition that a column of tenant ids equals a parameter. It is meant for a statement whose
// other conditions already determine the tenant.
//
// A distributed database needs the condition in order to find the server of the rows. For other databases, the
// condition has a form that does not affect the choice of the index; see equalUnindexed.
func tenantIs(d Dialect, column string) string {
	if d.Distributed() {
		return column + " = ?"
	}
	return equalUnindexed(column)
}

// sameTenant returns the condition "table.tenant_id = owner.tenant_id AND ". A distributed database needs it in order
// to combine rows with their owner. For other databases, sameTenant returns "", because a row and its owner always have
// the same tenant.
func sameTenant(d Dialect, table, owner string) string {
	if d.Distributed() {
		return table + ".tenant_id = " + owner + ".tenant_id AND "
	}
	return ""
}

// uniqueColumns returns the columns of a unique index for a conflict clause: the given columns, followed by tenant_id
// if the database is distributed.
func uniqueColumns(d Dialect, columns ...string) []clause.Column {
	if d.Distributed() {
		columns = append(columns, "tenant_id")
	}
	unique := make([]clause.Column, len(columns))
	for i, column := range columns {
		unique[i].Name = column
	}
	return unique
}

// equalUnindexed returns "column = ?" in a form that cannot use an index. It is meant for a column whose value almost
// always follows from another condition. For example, a condition on the connection already selects one tenant.
//
// PostgreSQL treats the two conditions as independent, and therefore expects that few rows match both. With a plain
// comparison, it would read and sort all rows of a large tenant to return one page. With the returned form, it reads
// only the rows of the page, in the order of another index.
func equalUnindexed(column string) string { return "CASE " + column + " WHEN ? THEN true END" }

// asRead converts the query to a Read. For each row, the Read fills the variables to which columns point, and calls fn.
func (q *query) asRead(columns []any, fn func() error) Read {
	return Read{SQL: q.String(), Args: q.args, Columns: columns, Take: fn}
}

// newQueryOf converts the statement to a query.
func newQueryOf(statement clause.Expr) *query { return newQuery(statement.SQL, statement.Vars...) }
