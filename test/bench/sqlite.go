package main

import (
	"context"
	"database/sql"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the driver that the service uses
)

// sqliteFile opens a SQLite file with the service's settings: a write-ahead log, a flush for every
// commit, and one writer. It then executes the statements in schema.
func (b *bench) sqliteFile(ctx context.Context, name string, schema ...string) (*sql.DB, error) {
	db, err := sql.Open(
		"sqlite",
		"file:"+filepath.Join(b.dir, name)+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)"+
			"&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)&_txlock=immediate",
	)
	if err != nil {
		return nil, err
	}
	b.onClose(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	for _, statement := range schema {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	return db, nil
}

// sqlite measures how many webhooks per second the service accepts on SQLite, compared with one writer
// that inserts two rows per transaction.
func (b *bench) sqlite(ctx context.Context) ([]row, error) {
	e, err := b.newEnv(ctx, "")
	if err != nil {
		return nil, err
	}
	s, err := e.serve(ctx)
	if err != nil {
		return nil, err
	}
	v, err := b.vendor(ctx, 0, true)
	if err != nil {
		return nil, err
	}
	m, err := s.mailbox(ctx, v)
	if err != nil {
		return nil, err
	}
	raw, err := b.sqliteFile(ctx, "raw.db",
		`CREATE TABLE raw_deliveries (id blob PRIMARY KEY, body blob NOT NULL, received_at text NOT NULL)`,
		`CREATE TABLE raw_jobs (id integer PRIMARY KEY, args text NOT NULL, created_at text NOT NULL)`)
	if err != nil {
		return nil, err
	}
	profiled, err := b.profiled(s, "accepts-sqlite")
	if err != nil {
		return nil, err
	}
	body := []byte(m.before + uuid.NewString() + m.after)
	r, err := b.versus(
		ctx,
		row{what: "accepts, 32 clients", against: "two inserts a transaction, one writer", reach: "≥ 1"},
		profiled(func(ctx context.Context) (float64, error) { return m.load(32, s.address).rate(b.turn())(ctx) }),
		func(ctx context.Context) (float64, error) {
			return repeated(ctx, b.turn(), func() error { return twoRows(ctx, raw, body) })
		},
	)
	if err == nil {
		r.also, err = m.verify(ctx)
	}
	return []row{r}, err
}

// twoRows runs one transaction of the comparison measurement: it inserts a delivery and a job.
func twoRows(ctx context.Context, db *sql.DB, body []byte) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	id, now := uuid.New(), time.Now().UTC().Format(time.RFC3339Nano)
	if _, err := tx.ExecContext(ctx, `INSERT INTO raw_deliveries VALUES (?, ?, ?)`, id[:], body, now); err != nil {
		return err
	}
	if _, err := tx.ExecContext(
		ctx,
		`INSERT INTO raw_jobs (args, created_at) VALUES (?, ?)`,
		`{"pull_id":"`+id.String()+`"}`,
		now,
	); err != nil {
		return err
	}
	return tx.Commit()
}

// repeated measures how many times per second fn can be called. It calls fn in a loop for the given time.
func repeated(ctx context.Context, turn time.Duration, fn func() error) (float64, error) {
	n, begun := 0, time.Now()
	for ; time.Since(begun) < turn; n++ {
		if err := fn(); err != nil {
			return 0, err
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(begun).Seconds(), nil
}
