package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// feed compares two rates, in rows per second: reading the change feed in pages of a thousand items, and a COPY of the
// same rows.
func (b *bench) feed(ctx context.Context) ([]row, error) {
	url, err := b.database(ctx, "feed")
	if err != nil {
		return nil, err
	}
	e, err := b.newEnv(ctx, url)
	if err != nil {
		return nil, err
	}
	s, err := e.unlimited(ctx)
	if err != nil {
		return nil, err
	}
	pool, err := b.pool(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := b.fillFeed(ctx, s, pool); err != nil {
		return nil, err
	}
	profiled, err := b.profiled(s, "feed")
	if err != nil {
		return nil, err
	}
	r, err := b.versus(ctx, row{
		what:    fmt.Sprintf("the feed of %d rows, 1,000 a page, one reader", b.feedRows),
		against: "COPY (SELECT …) TO STDOUT", reach: "≥ 0.3",
	}, profiled(func(ctx context.Context) (float64, error) { return s.readFeed(ctx, b.feedRows) }),
		func(ctx context.Context) (float64, error) { return copyOut(ctx, pool, e.tenant) })
	return []row{r}, err
}

// fillFeed pulls the demo item and inserts copies of one of its rows, up to b.feedRows rows.
func (b *bench) fillFeed(ctx context.Context, s *service, pool *pgxpool.Pool) error {
	v, err := b.vendor(ctx, 1, true)
	if err != nil {
		return err
	}
	connection, err := s.connect(ctx, v, "feed")
	if err != nil {
		return err
	}
	if err := s.pull(ctx, connection); err != nil {
		return err
	}
	for _, statement := range []string{
		// A position in the feed must be below the sum of shift and the current PostgreSQL transaction id. The id is
		// low in a new cluster, and the next statement inserts high positions. Therefore shift is increased first.
		"UPDATE feed SET shift = 1000000000",
		fmt.Sprintf(`INSERT INTO transactions SELECT gen_random_uuid(), tenant_id, connection_id, vendor, account_id, account,
			'copy-' || n, amount, currency, account_amount, account_currency, status, date, occurred_at, description, category,
			counterparty, metadata, digest, version, first_seen_at, updated_at, removed_at, 1000000 + n / 500
			FROM (SELECT * FROM transactions ORDER BY external_id LIMIT 1) t, generate_series(1, %d - (SELECT count(*)::int FROM transactions)) n`, b.feedRows),
		"VACUUM ANALYZE transactions", "CHECKPOINT",
	} {
		if _, err := pool.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// readFeed reads the feed from its start to its end and returns the rows per second. It returns an error if the feed
// does not have the given number of rows.
func (s *service) readFeed(ctx context.Context, rows int) (float64, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	w, cursor, read := newWire(conn), "", 0
	begun := time.Now()
	for more := true; more; {
		status, body, err := w.exchange(get(nil, surface+"/transactions/changes?limit=1000"+cursor, s.token))
		if err != nil || status != http.StatusOK {
			return 0, errors.Join(err, fmt.Errorf("answered %d: %.200s", status, body))
		}
		read += bytes.Count(body, []byte(`"externalId":`))
		tail := body[bytes.LastIndex(body, []byte(`],"limit"`)):]
		more = bytes.Contains(tail, []byte(`"hasMore":true`))
		_, after, _ := bytes.Cut(tail, []byte(`"nextCursor":"`))
		next, _, _ := bytes.Cut(after, []byte(`"`))
		cursor = "&cursor=" + string(next)
	}
	if read != rows {
		return 0, fmt.Errorf("the feed returned %d rows of %d", read, rows)
	}
	return float64(read) / time.Since(begun).Seconds(), nil
}

// copyOut runs the comparison measurement for the feed, and returns the rows per second. The measurement is a COPY of
// all columns of the same rows, in the order of the feed, as text.
func copyOut(ctx context.Context, pool *pgxpool.Pool, tenant string) (float64, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	begun := time.Now()
	done, err := conn.Conn().PgConn().CopyTo(ctx, io.Discard,
		"COPY (SELECT * FROM transactions WHERE tenant_id = '"+tenant+"' ORDER BY change_tx, id) TO STDOUT")
	return float64(done.RowsAffected()) / time.Since(begun).Seconds(), err
}
