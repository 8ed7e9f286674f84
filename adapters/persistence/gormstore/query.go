package gormstore

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Query is a SELECT to which conditions are added. Frequent reads use this type instead of GORM. GORM spends more time
// on a row than the database does.
type Query struct {
	strings.Builder
	Args []any
}

// NewQuery returns a query that starts with text, which usually contains everything before the first condition. Each
// question mark in text, and in the texts that are added later, is replaced by a numbered parameter ($1, $2, …) for the
// next argument.
func NewQuery(text string, args ...any) *Query {
	q := &Query{Args: make([]any, 0, 8)}
	q.Grow(768)
	q.Add(text, args...)
	return q
}

// Add appends text and its arguments. Both databases accept numbered parameters.
func (q *Query) Add(text string, args ...any) {
	for _, arg := range args {
		before, after, _ := strings.Cut(text, "?")
		q.Args = append(q.Args, arg)
		q.WriteString(before)
		q.WriteByte('$')
		q.WriteString(strconv.Itoa(len(q.Args)))
		text = after
	}
	q.WriteString(text)
}

// AddExpr appends an expression.
func (q *Query) AddExpr(e clause.Expr) { q.Add(e.SQL, e.Vars...) }

// QueryFunc is the type of Core.Rows. Such a function runs a SELECT. For each row, it fills the columns and calls fn.
type QueryFunc func(ctx context.Context, sql string, args, columns []any, fn func() error) error

// Rows runs a query outside of any transaction. It returns the first error of fn or of the
// database, translated.
func (c *Core) Rows(ctx context.Context, sql string, args, columns []any, fn func() error) error {
	return c.boundedRead(ctx, func(ctx context.Context) error { return c.Dialect.Query(ctx, sql, args, columns, fn) })
}

// RowsInOrder is like Rows, for a statement that reads the first of many rows in the order of an index; see
// Core.ReadInOrder.
func (c *Core) RowsInOrder(ctx context.Context, sql string, args, columns []any, fn func() error) error {
	return c.ReadInOrder(ctx, func(tx SnapshotTx) error {
		return tx.Read(ctx, Read{SQL: sql, Args: args, Columns: columns, Take: fn})
	})
}

// RowsOf is like Rows, for a query that reads only rows of the given tenant.
func (c *Core) RowsOf(
	ctx context.Context, tenant uuid.UUID, sql string, args, columns []any, fn func() error,
) error {
	return c.boundedRead(ctx, func(ctx context.Context) error {
		return c.Dialect.QueryTenant(ctx, tenant, sql, args, columns, fn)
	})
}

// ErrStop is returned by the function of a query that needs no further rows. The dialect returns it unchanged, and
// makes sure that the database does not send the remaining rows, which may be large.
var ErrStop = errors.New("no further rows are needed")

// Paged runs q for one page of items. It returns the page and the position of the next page. To find out whether there
// is a next page, it reads one row more than the page contains.
func Paged[T any](ctx context.Context, read QueryFunc, q *Query, page domain.PageRequest, columns []any,
	item func() (T, error), position func(T) domain.Position,
) (domain.Page[T], error) {
	q.Add(" LIMIT ?", page.Limit+1)
	found, more := domain.PageBuilder[T]{Request: page}, false
	err := read(ctx, q.String(), q.Args, columns, AddTo(&found, &more, item))
	if err != nil && !errors.Is(err, ErrStop) {
		return domain.Page[T]{}, err
	}
	if !more {
		return domain.Page[T]{Items: found.Items}, nil
	}
	return domain.Page[T]{Items: found.Items, Next: position(found.Items[len(found.Items)-1])}, nil
}

// AddTo returns a function that adds the current row to the page. If the page is full, the function does not add the
// row and sets *more to true. It returns ErrStop if the query may return further rows.
func AddTo[T any](page *domain.PageBuilder[T], more *bool, item func() (T, error)) func() error {
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

// InTenant restricts a list to a tenant. If the given connection is not zero, InTenant also restricts the list to
// this connection. The argument table is a prefix of the column names, such as "p.", or "".
func (c *Core) InTenant(
	db *gorm.DB, table string, tenant domain.TenantID, connection domain.ConnectionID,
) *gorm.DB {
	if connection.IsZero() {
		return db.Where(table+"tenant_id = ?", tenant.UUID)
	}
	return db.Where(table+"connection_id = ?", connection.UUID).
		Where(c.Dialect.TenantIs(table+"tenant_id", "?"), tenant.UUID)
}

// UniqueColumns returns the columns of a unique index for a conflict clause: the given columns, followed by tenant_id.
func UniqueColumns(columns ...string) []clause.Column {
	columns = append(columns, "tenant_id")
	unique := make([]clause.Column, len(columns))
	for i, column := range columns {
		unique[i].Name = column
	}
	return unique
}

// EqualUnindexed returns "column = value" in a form that cannot use an index. The value is a parameter such as "?", or
// another column. EqualUnindexed is meant for a column whose value almost always follows from another condition. For
// example, a condition on the connection already selects one tenant.
//
// PostgreSQL treats the two conditions as independent, and therefore expects that few rows match both. With a plain
// comparison, it would read and sort all rows of a large tenant to return one page. With the returned form, it reads
// only the rows of the page, in the order of another index.
func EqualUnindexed(column, value string) string {
	return "CASE " + column + " WHEN " + value + " THEN true END"
}

// AsRead converts the query to a Read. For each row, the Read fills the variables to which columns point, and calls fn.
func (q *Query) AsRead(columns []any, fn func() error) Read {
	return Read{SQL: q.String(), Args: q.Args, Columns: columns, Take: fn}
}

// NewQueryOf converts the statement to a query.
func NewQueryOf(statement clause.Expr) *Query { return NewQuery(statement.SQL, statement.Vars...) }

// IgnoreDuplicates makes an INSERT skip rows that are stored already.
var IgnoreDuplicates = clause.OnConflict{DoNothing: true}

// CreateAll inserts rows. The number of rows in each statement is a power of two, so that a connection prepares only
// a few statements.
func CreateAll[R any](tx *gorm.DB, rows []R) error {
	for batch := range powersOfTwo(rows, 128) {
		if err := tx.Create(&batch).Error; err != nil {
			return err
		}
	}
	return nil
}

// powersOfTwo yields the rows in parts whose lengths are powers of two, and at most limit, which is a power of two.
func powersOfTwo[R any](rows []R, limit int) iter.Seq[[]R] {
	return func(yield func([]R) bool) {
		for size := limit; len(rows) > 0; size /= 2 {
			for ; len(rows) >= size; rows = rows[size:] {
				if !yield(rows[:size]) {
					return
				}
			}
		}
	}
}

// InvalidCursor returns the error for a cursor that does not belong to the requested list.
func InvalidCursor() error { return domain.FieldError("cursor", "is not a cursor of this list") }

// ListConverted is like List, for rows whose conversion can fail, for example because an amount is not a
// number.
func ListConverted[R, T any](query *gorm.DB, page domain.PageRequest, item func(R) (T, error),
	position func(T) domain.Position,
) (domain.Page[T], error) {
	var failed error
	found, err := List(query, page, func(row R) T {
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
