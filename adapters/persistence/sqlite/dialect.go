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

// dialect is what differs from PostgreSQL.
type dialect struct {
	db      *DB
	enqueue Enqueue
}

// seams hands the differences to the shared stores.
func (d dialect) seams() gormstore.Dialect {
	return gormstore.Dialect{
		Transact: d.transact, Page: d.page, Query: d.query, Lookup: d.query, AnyOf: anyOf, ChangeSeq: stamp,
		SaveTransactions: save, SaveContentHashes: saveSources, FindChanged: d.strange, Receive: d.Receive, Joined: joined,
		ReadOnly: "false",
		// With one writer every change is complete as soon as it can be read.
		VisibleBefore: "9223372036854775807",
	}
}

// transact waits for the one connection that writes, then for the file's lock.
func (d dialect) transact(ctx context.Context, fn func(tx gormstore.Tx) error) error {
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

// jobs inserts the jobs of pulls, if this store has any.
func (d dialect) jobs(ctx context.Context, tx *sql.Tx, pulls []uuid.UUID) error {
	if d.enqueue == nil || len(pulls) == 0 {
		return nil
	}
	return d.enqueue(ctx, tx, pulls)
}

// page does one after the other: there is no way to the file that would be saved.
func (d dialect) page(ctx context.Context, o gormstore.Opening, fn func(tx gormstore.Tx) (gormstore.Write, error)) error {
	o.Meanwhile()
	return d.transact(ctx, func(tx gormstore.Tx) error {
		for _, r := range o.Reads {
			if err := tx.Read(r); err != nil {
				return err
			}
		}
		last, err := fn(tx)
		if err != nil {
			return err
		}
		_, err = tx.Statement.ConnPool.ExecContext(ctx, last.SQL, last.Args...)
		return err
	})
}

// query reads beside the writer.
func (d dialect) query(ctx context.Context, text string, args, columns []any, take func() error) error {
	return each(ctx, cmp.Or(d.db.readers, d.db.Writer), text, args, columns, take)
}

type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// each runs a query, and calls take for each row.
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

// anyOf hands the values over as one JSON array: a list of parameters would be another
// statement for every length, and has an upper bound.
func anyOf(column string, values []string) clause.Expr {
	list, _ := json.Marshal(values)
	return clause.Expr{SQL: column + " IN (SELECT value FROM json_each(?))", Vars: []any{string(list)}}
}

// stamp counts the transaction: writers come one after the other, and so do their places.
const stamp = "UPDATE feed SET tx = tx + 1 RETURNING tx"

// saveBatch bounds the rows of one INSERT: the driver looks each parameter up among all
// of its statement's, so that a small batch is faster than a large one.
const saveBatch = 40

// save replaces rows by connection and external id; the id stays, since it was read before.
func save(tx *gorm.DB, rows []gormstore.TransactionRow) error {
	return tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "connection_id"}, {Name: "external_id"}},
		UpdateAll: true,
	}).CreateInBatches(rows, saveBatch).Error
}
