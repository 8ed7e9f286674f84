package gormstore

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// query is a SELECT that grows by conditions. The hot reads are written with it rather
// than with GORM, which takes longer over a row than the database does.
type query struct {
	strings.Builder
	args []any
}

// newQuery begins with all up to the first condition; every question mark in it, and in
// what is added, stands for the next argument.
func newQuery(text string, args ...any) *query {
	q := &query{args: make([]any, 0, 8)}
	q.Grow(768)
	q.add(text, args...)
	return q
}

// add appends text. Both databases know parameters by their number.
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

// reader is rows or lookup: it runs a SELECT and, for each row, fills the columns and
// calls take.
type reader func(ctx context.Context, sql string, args, columns []any, take func() error) error

// rows reads what may be many.
func (s *Store) rows(ctx context.Context, sql string, args, columns []any, take func() error) error {
	return s.bounded(ctx, func(ctx context.Context) error { return s.dialect.Query(ctx, sql, args, columns, take) })
}

// lookup reads what is at most a page.
func (s *Store) lookup(ctx context.Context, sql string, args, columns []any, take func() error) error {
	return s.bounded(ctx, func(ctx context.Context) error { return s.dialect.QueryBatched(ctx, sql, args, columns, take) })
}

// paged runs a query for a page and tells where the next one begins. It asks for one row
// more than the page holds: whether there is one says whether there is a next page.
func paged[T any](ctx context.Context, read reader, q *query, limit int, columns []any,
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
		page.Items = append(room(page.Items, limit), t)
		return err
	})
	if err != nil {
		return domain.Page[T]{}, err
	}
	return page, nil
}

// room makes place for all that may come once there is more than a little.
func room[T any](items []T, limit int) []T {
	const little = 32
	switch len(items) {
	case 0:
		return make([]T, 0, min(limit, little))
	case little:
		return slices.Grow(items, max(limit-little, 0))
	}
	return items
}

// within narrows a list to a tenant, and to a connection where one is given; table is its
// prefix, with the dot.
func within(db *gorm.DB, table string, tenant domain.TenantID, connection domain.ConnectionID) *gorm.DB {
	if connection.IsZero() {
		return db.Where(table+"tenant_id = ?", tenant.UUID)
	}
	return db.Where(table+"connection_id = ? AND "+besides(table+"tenant_id"), connection.UUID, tenant.UUID)
}

// besides is "column = ?" for a column that another condition settles as good as alone, in
// a form that no index serves. PostgreSQL takes the two for independent of each other: it
// would expect next to nothing of both, and read all of a large tenant's rows, or all of a
// connection's, to sort a page of them.
func besides(column string) string { return "CASE " + column + " WHEN ? THEN true END" }

// into returns the query as a Read.
func (q *query) into(columns []any, take func() error) Read {
	return Read{SQL: q.String(), Args: q.args, Columns: columns, Take: take}
}
