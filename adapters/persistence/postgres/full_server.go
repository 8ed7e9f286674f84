package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// tooManyConnections is the SQLSTATE of a server that has no free connection for the user.
const tooManyConnections = "53300"

const (
	// idleInterval is how often the first waiting caller looks for an idle connection.
	idleInterval = time.Millisecond
	// dialInterval is how often the first waiting caller tries to open another connection.
	dialInterval = 250 * time.Millisecond
)

// connectionQueue lets callers wait for a connection of the pool while the server accepts no further ones. The pool
// itself returns the error of the server to the caller for which it has tried to open a connection, although its other
// connections will soon be idle.
type connectionQueue struct {
	pool    *pgxpool.Pool
	waiting atomic.Int64  // callers in the queue
	turn    chan struct{} // holds one element while the first caller in the queue tries
}

func newConnectionQueue(pool *pgxpool.Pool) *connectionQueue {
	return &connectionQueue{pool: pool, turn: make(chan struct{}, 1)}
}

// acquire calls try, which acquires a connection from the pool. If the server accepts no further connections while the
// pool has some, acquire calls try again when one of them is idle, until ctx ends. It then returns the server's error.
func (q *connectionQueue) acquire(ctx context.Context, try func() error) error {
	if q.waiting.Load() == 0 {
		if err := try(); !q.mayWait(err) {
			return err
		}
	}
	q.waiting.Add(1)
	defer q.waiting.Add(-1)
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		err := try()
		if !q.mayWait(err) || !q.awaitIdle(ctx) {
			return err
		}
	}
}

// awaitIdle waits until a connection of the pool is idle, but at most dialInterval. It reports whether ctx still runs.
func (q *connectionQueue) awaitIdle(ctx context.Context) bool {
	ticker := time.NewTicker(idleInterval)
	defer ticker.Stop()
	for begun := time.Now(); time.Since(begun) < dialInterval && q.pool.Stat().IdleConns() == 0; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}

// mayWait reports whether a connection may become idle after the error.
func (q *connectionQueue) mayWait(err error) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != tooManyConnections {
		return false
	}
	stat := q.pool.Stat()
	return stat.IdleConns()+stat.AcquiredConns() > 0
}

// withConn calls fn with a connection of the pool.
func (s *Server) withConn(ctx context.Context, fn func(conn *pgxpool.Conn) error) error {
	var conn *pgxpool.Conn
	err := s.queue.acquire(ctx, func() (err error) {
		conn, err = s.Pool.Acquire(ctx)
		return err
	})
	if err != nil {
		return err
	}
	defer conn.Release()
	return fn(conn)
}

// connector connects database/sql with the pool.
type connector struct {
	driver.Connector
	queue *connectionQueue
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (conn driver.Conn, err error) {
	err = c.queue.acquire(ctx, func() error {
		conn, err = c.Connector.Connect(ctx)
		return err
	})
	return conn, err
}
