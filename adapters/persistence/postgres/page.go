package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// page sends the opening along with BEGIN and the last write along with COMMIT: a round
// trip costs a page more than most of its statements do.
func (d dialect) page(ctx context.Context, o gormstore.Opening, fn func(tx gormstore.Tx) (gormstore.Write, error)) error {
	conn, err := d.db.sql.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer func() {
		ctx, cancel := leaving(ctx)
		defer cancel()
		_ = raw(conn, func(c *pgx.Conn) error { return abandon(ctx, c) })
	}()
	if err := raw(conn, func(c *pgx.Conn) error { return begin(ctx, c, o) }); err != nil {
		return err
	}
	last, err := fn(d.session(ctx, conn))
	if err != nil {
		return err
	}
	return raw(conn, func(c *pgx.Conn) error { return commit(ctx, c, last) })
}

// begin opens the transaction, and does what may be done before it waits for answers.
func begin(ctx context.Context, c *pgx.Conn, o gormstore.Opening) (err error) {
	var batch pgx.Batch
	batch.Queue("BEGIN")
	for _, r := range o.Reads {
		batch.Queue(r.SQL, r.Args...)
	}
	answers := c.SendBatch(ctx, &batch)
	defer func() { err = errors.Join(err, answers.Close()) }()
	o.Meanwhile()
	if _, err := answers.Exec(); err != nil {
		return err
	}
	for _, r := range o.Reads {
		rows, _ := answers.Query() // its error is the rows' too
		if _, err := pgx.ForEachRow(rows, r.Columns, r.Take); err != nil {
			return err
		}
	}
	return nil
}

// commit writes and commits; a write that fails commits nothing, for what is sent behind
// a failure is not done.
func commit(ctx context.Context, c *pgx.Conn, last gormstore.Write) error {
	var batch pgx.Batch
	batch.Queue(last.SQL, last.Args...)
	batch.Queue("COMMIT")
	answers := c.SendBatch(ctx, &batch)
	_, err := answers.Exec()
	if err == nil {
		tag, failed := answers.Exec()
		if err = failed; err == nil && tag.String() != "COMMIT" {
			err = pgx.ErrTxCommitRollback
		}
	}
	return errors.Join(err, answers.Close())
}

// abandon rolls back what is still under way. A connection that cannot is not used again:
// the pool sees to that.
func abandon(ctx context.Context, c *pgx.Conn) error {
	const idle = 'I'
	if c.IsClosed() || c.PgConn().TxStatus() == idle {
		return nil
	}
	_, err := c.Exec(ctx, "ROLLBACK")
	return err
}
