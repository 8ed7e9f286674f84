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

// stallableConn is a connection whose server, while stalled, neither receives nor responds.
type stallableConn struct {
	net.Conn
	stuck *atomic.Bool
}

// Write discards its bytes while the server is stalled.
func (c stallableConn) Write(p []byte) (int, error) {
	if c.stuck.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// openStallable opens a database over one connection, which is stalled while stuck is set. Connections
// that are opened meanwhile, as pgx does to cancel a query, are not stalled.
func openStallable(t *testing.T, stuck *atomic.Bool) *DB {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 1
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil || stuck.Load() {
			return conn, err
		}
		return stallableConn{conn, stuck}, nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	db, err := newDB(pool, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// A caller that failed gets its own error, and the pool another connection, even if the server does not
// respond to the ROLLBACK.
func TestARollbackWithoutAResponseTimesOut(t *testing.T) {
	own := errors.New("the caller's own error")
	for name, transact := range map[string]func(dialect, func()) error{
		"transaction": func(d dialect, stick func()) error {
			return d.Transact(t.Context(), func(gormstore.Tx) error { stick(); return own })
		},
		"page": func(d dialect, stick func()) error {
			write := func(gormstore.Tx) (gormstore.Statement, error) { stick(); return gormstore.Statement{}, own }
			return d.PageTransaction(t.Context(), gormstore.Page{Write: write})
		},
	} {
		t.Run(name, func(t *testing.T) {
			var stuck atomic.Bool
			d, ended := dialect{db: openStallable(t, &stuck)}, make(chan error, 1)
			go func() { ended <- transact(d, func() { stuck.Store(true) }) }()
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
		})
	}
}
