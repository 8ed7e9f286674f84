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

// deaf is a connection whose server, while stuck, neither hears nor answers.
type deaf struct {
	net.Conn
	stuck *atomic.Bool
}

// Write loses what it is given while the server is stuck.
func (c deaf) Write(p []byte) (int, error) {
	if c.stuck.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// sticking opens a database over one connection, which is deaf while stuck says so. Those
// that are made meanwhile, as pgx does to have a query cancelled, are not.
func sticking(t *testing.T, stuck *atomic.Bool) *DB {
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
		return deaf{conn, stuck}, nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	db, err := over(pool, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Who has failed goes on with that failure, and the pool with another connection, also
// where the server says nothing to the ROLLBACK.
func TestARollbackThatNobodyAnswersEnds(t *testing.T) {
	own := errors.New("the caller's own")
	nothing := gormstore.Opening{Meanwhile: func() {}}
	for name, transact := range map[string]func(dialect, func()) error{
		"transaction": func(d dialect, stick func()) error {
			return d.transact(t.Context(), func(gormstore.Tx) error { stick(); return own })
		},
		"page": func(d dialect, stick func()) error {
			return d.page(t.Context(), nothing, func(gormstore.Tx) (gormstore.Write, error) { stick(); return gormstore.Write{}, own })
		},
	} {
		t.Run(name, func(t *testing.T) {
			var stuck atomic.Bool
			d, ended := dialect{db: sticking(t, &stuck)}, make(chan error, 1)
			go func() { ended <- transact(d, func() { stuck.Store(true) }) }()
			select {
			case err := <-ended:
				if !errors.Is(err, own) {
					t.Errorf("got %v, want the caller's own error", err)
				}
			case <-time.After(30 * rollbackTime):
				t.Error("the caller still waits for the ROLLBACK")
			}
			stuck.Store(false)
			if _, err := d.db.Pool.Exec(t.Context(), "SELECT 1"); err != nil {
				t.Errorf("the next one: %v", err)
			}
		})
	}
}
