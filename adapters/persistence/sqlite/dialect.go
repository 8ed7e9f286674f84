package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

var _ gormstore.Dialect = dialect{}

// dialect implements gormstore.Dialect on SQLite.
type dialect struct {
	db      *DB
	enqueue Enqueue
}

// Transact waits for the one connection that writes, then for the file lock.
func (d dialect) Transact(ctx context.Context, fn func(tx gormstore.Tx) error) error {
	return d.db.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return fn(gormstore.Tx{
			DB: tx,
			Enqueue: func(pulls ...uuid.UUID) error {
				return d.jobs(ctx, tx.Statement.ConnPool.(*sql.Tx), pulls)
			},
			Read: func(r gormstore.Read) error {
				return each(ctx, tx.Statement.ConnPool, r.SQL, r.Args, r.Columns, r.Take)
			},
		})
	})
}

// jobs inserts the jobs of pulls in the transaction, if the store has a job queue.
func (d dialect) jobs(ctx context.Context, tx *sql.Tx, pulls []uuid.UUID) error {
	if d.enqueue == nil || len(pulls) == 0 {
		return nil
	}
	return d.enqueue(ctx, tx, pulls)
}

// PageTransaction runs one step after another: there are no round trips that a pipeline would save.
func (d dialect) PageTransaction(ctx context.Context, page gormstore.Page) error {
	if page.Prepare != nil {
		page.Prepare()
	}
	return d.Transact(ctx, func(tx gormstore.Tx) error {
		for _, r := range page.Reads {
			if err := tx.Read(r); err != nil {
				return err
			}
		}
		last, err := page.Write(tx)
		if err != nil {
			return err
		}
		_, err = tx.Statement.ConnPool.ExecContext(ctx, last.SQL, last.Args...)
		return err
	})
}

// Query reads concurrently with the writer.
func (d dialect) Query(ctx context.Context, text string, args, columns []any, take func() error) error {
	return each(ctx, cmp.Or(d.db.readers, d.db.Writer), text, args, columns, take)
}

// QueryBatched is Query: there are no round trips that a batch would save.
func (d dialect) QueryBatched(ctx context.Context, text string, args, columns []any, take func() error) error {
	return d.Query(ctx, text, args, columns, take)
}

type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// each runs a query and calls take for each row.
func each(ctx context.Context, db querier, text string, args, columns []any, take func() error) error {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := rows.Scan(columns...); err != nil {
			return err
		}
		if err := take(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// AnyOf passes the values as one JSON array: with a list of parameters every length would be another
// statement, and their number is limited.
func (dialect) AnyOf(column string, values []string) clause.Expr {
	list, _ := json.Marshal(values)
	return clause.Expr{SQL: column + " IN (SELECT value FROM json_each(?))", Vars: []any{string(list)}}
}

// ForUpdate returns "": the transaction already holds the write lock.
func (dialect) ForUpdate() string { return "" }

// ChangeSeq counts the transaction: there is one writer at a time, so positions are assigned in the
// order of commits.
func (dialect) ChangeSeq() string { return "UPDATE feed SET tx = tx + 1 RETURNING tx" }

// VisibleBefore is the largest integer: with one writer every change is complete as soon as it can be
// read.
func (dialect) VisibleBefore() string { return "9223372036854775807" }

// ReadOnly implements gormstore.Dialect.
func (dialect) ReadOnly() string { return "false" }

// RejectsStored returns false: every row is written by an upsert.
func (dialect) RejectsStored() bool { return false }
