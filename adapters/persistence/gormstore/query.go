package gormstore

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// query is a SELECT to which conditions are added. The hot reads use it instead of GORM, which takes
// longer per row than the database does.
type query struct {
	strings.Builder
	args []any
}

// newQuery starts with the text up to the first condition. Every question mark in it, and in text that
// is added, is replaced by the number of the next argument.
func newQuery(text string, args ...any) *query {
	q := &query{args: make([]any, 0, 8)}
	q.Grow(768)
	q.add(text, args...)
	return q
}

// add appends text. Both databases accept numbered parameters.
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

// queryFunc is rows or lookup: it runs a SELECT, and for each row it fills the columns and calls take.
type queryFunc func(ctx context.Context, sql string, args, columns []any, take func() error) error

// rows runs a query that may read many rows.
func (s *Store) rows(ctx context.Context, sql string, args, columns []any, take func() error) error {
	return s.bounded(ctx, func(ctx context.Context) error { return s.dialect.Query(ctx, sql, args, columns, take) })
}

// lookup runs a query that reads at most a page; it may be sent in a batch with others.
func (s *Store) lookup(ctx context.Context, sql string, args, columns []any, take func() error) error {
	return s.bounded(ctx, func(ctx context.Context) error {
		return s.dialect.QueryBatched(ctx, sql, args, columns,
			take)
	})
}

// paged runs a query for a page and returns it with the position of the next one. It asks for one row
// more than the page holds; if there is one, there is a next page.
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

// grow reserves capacity for the whole page once it holds more than a few items.
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

// inTenant narrows a list to a tenant, and to a connection if one is given; table is the columns'
// prefix, with the dot.
func inTenant(db *gorm.DB, table string, tenant domain.TenantID, connection domain.ConnectionID) *gorm.DB {
	if connection.IsZero() {
		return db.Where(table+"tenant_id = ?", tenant.UUID)
	}
	return db.Where(table+"connection_id = ? AND "+equalUnindexed(table+"tenant_id"), connection.UUID, tenant.UUID)
}

// equalUnindexed returns "column = ?" in a form that no index serves. It is meant for a column whose
// value another condition nearly determines. PostgreSQL assumes that the two conditions are independent:
// it would expect very few rows to match both, and read all of a large tenant's rows, or all of a
// connection's, to sort a page of them.
func equalUnindexed(column string) string { return "CASE " + column + " WHEN ? THEN true END" }

// into returns the query as a Read.
func (q *query) into(columns []any, take func() error) Read {
	return Read{SQL: q.String(), Args: q.args, Columns: columns, Take: take}
}
