package postgres

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// stallableConn is a connection to a server. While isStuck is set, it neither sends nor receives.
type stallableConn struct {
	net.Conn
	isStuck *atomic.Bool
}

// Write discards the bytes while the server is stalled.
func (c stallableConn) Write(p []byte) (int, error) {
	if c.isStuck.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// openStallable opens a database whose pool has one connection. This connection is stalled while stallFlag is set.
// Connections that are opened while the flag is set are never stalled: pgx needs such a connection to cancel a query.
func openStallable(t *testing.T, stallFlag *atomic.Bool) *DB {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 1
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil || stallFlag.Load() {
			return conn, err
		}
		return stallableConn{conn, stallFlag}, nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	db, err := newDB(pool, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// If the server does not respond to the ROLLBACK, a caller whose transaction failed must still get its own error, and
// the pool must get another connection.
func TestARollbackWithoutAResponseTimesOut(t *testing.T) {
	own := errors.New("the caller's own error")
	var stuck atomic.Bool
	d, ended := openStallable(t, &stuck).Dialect(nil), make(chan error, 1)
	go func() {
		ended <- d.Transact(t.Context(), func(gormstore.Tx) error { stuck.Store(true); return own })
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, own) {
			t.Errorf("got %v, want the caller's own error", err)
		}
	case <-time.After(30 * rollbackTimeout):
		t.Error("the caller still waits for the ROLLBACK")
	}
	stuck.Store(false)
	if _, err := d.db.Pool.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("the next statement: %v", err)
	}
}
