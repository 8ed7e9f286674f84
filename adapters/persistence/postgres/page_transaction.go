package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// PageTransaction pipelines: it sends the reads in one batch with BEGIN and the last statement with
// COMMIT, because a round trip costs a page more than most of its statements do.
func (d dialect) PageTransaction(ctx context.Context, page gormstore.Page) error {
	conn, err := d.db.sql.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer func() {
		ctx, cancel := rollbackContext(ctx)
		defer cancel()
		_ = raw(conn, func(c *pgx.Conn) error { return rollback(ctx, c) })
	}()
	if err := raw(conn, func(c *pgx.Conn) error { return begin(ctx, c, page) }); err != nil {
		return err
	}
	last, err := page.Write(d.session(ctx, conn))
	if err != nil {
		return err
	}
	return raw(conn, func(c *pgx.Conn) error { return commit(ctx, c, last) })
}

// begin opens the transaction, prepares the page while the server works, and reads the results.
func begin(ctx context.Context, c *pgx.Conn, page gormstore.Page) (err error) {
	var batch pgx.Batch
	batch.Queue("BEGIN")
	for _, r := range page.Reads {
		batch.Queue(r.SQL, r.Args...)
	}
	results := c.SendBatch(ctx, &batch)
	defer func() { err = errors.Join(err, results.Close()) }()
	if page.Prepare != nil {
		page.Prepare()
	}
	if _, err := results.Exec(); err != nil {
		return err
	}
	for _, r := range page.Reads {
		rows, _ := results.Query() // its error is the rows' too
		if _, err := pgx.ForEachRow(rows, r.Columns, r.Take); err != nil {
			return err
		}
	}
	return nil
}

// commit runs the last statement and commits. If the statement fails, nothing is committed, because
// the server skips what follows a failure in a batch.
func commit(ctx context.Context, c *pgx.Conn, last gormstore.Statement) error {
	var batch pgx.Batch
	batch.Queue(last.SQL, last.Args...)
	batch.Queue("COMMIT")
	results := c.SendBatch(ctx, &batch)
	_, err := results.Exec()
	if err == nil {
		tag, failed := results.Exec()
		if err = failed; err == nil && tag.String() != "COMMIT" {
			err = pgx.ErrTxCommitRollback
		}
	}
	return errors.Join(err, results.Close())
}

// rollback rolls back a transaction that is still open. If that fails, the pool discards the
// connection.
func rollback(ctx context.Context, c *pgx.Conn) error {
	const idle = 'I'
	if c.IsClosed() || c.PgConn().TxStatus() == idle {
		return nil
	}
	_, err := c.Exec(ctx, "ROLLBACK")
	return err
}
