package gormstore

import (
	"context"
	"errors"
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

// ErrStop is returned by the function of a query that needs no further rows. The dialect returns it unchanged. It also
// makes sure that the database does not send the remaining rows, which may be large.
var ErrStop = errors.New("no further rows are needed")

// paged runs q for one page of items. It returns the page and the position of the next page. To find out whether there
// is a next page, it reads one row more than the page contains.
func paged[T any](ctx context.Context, read queryFunc, q *query, page domain.PageRequest, columns []any,
	item func() (T, error), position func(T) domain.Position,
) (domain.Page[T], error) {
	q.add(" LIMIT ?", page.Limit+1)
	found, more := domain.PageBuilder[T]{Request: page}, false
	err := read(ctx, q.String(), q.args, columns, addTo(&found, &more, item))
	if err != nil && !errors.Is(err, ErrStop) {
		return domain.Page[T]{}, err
	}
	if !more {
		return domain.Page[T]{Items: found.Items}, nil
	}
	return domain.Page[T]{Items: found.Items, Next: position(found.Items[len(found.Items)-1])}, nil
}

// addTo returns a function that adds the current row to the page. If the page takes no further row, the function sets
// more. It returns ErrStop if rows may remain after the current one.
func addTo[T any](page *domain.PageBuilder[T], more *bool, item func() (T, error)) func() error {
	return func() error {
		if *more = page.Complete() || page.Full(); *more {
			if page.Complete() {
				return nil // the statement reads only one row more
			}
			return ErrStop
		}
		t, err := item()
		if err == nil {
			page.Add(t)
		}
		return err
	}
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

// uniqueColumns returns the columns of a unique index for a conflict clause: the given columns, followed by tenant_id.
func uniqueColumns(columns ...string) []clause.Column {
	columns = append(columns, "tenant_id")
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
