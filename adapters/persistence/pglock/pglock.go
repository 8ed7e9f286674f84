// Package pglock runs functions under advisory locks of PostgreSQL.
//
// A lock belongs to a transaction that stays open while the function runs, and not to a session. It therefore also
// works through a pooler in transaction mode, which would leave the lock of a session on a connection that other
// clients use. The transaction reads and writes nothing: it has no transaction id and, between its statements, no
// snapshot, so it delays neither VACUUM nor the change feed.
package pglock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// idleTimeout is how long the server keeps the lock of a client that sends nothing, because its machine was
	// lost. The lock of a client that has only ended is released immediately.
	idleTimeout = "60s"
	// pingInterval is how often the transaction sends a statement. It is shorter than idleTimeout, and shorter than the
	// same limit of a pooler.
	pingInterval = 10 * time.Second
	// pingTimeout bounds each of these statements.
	pingTimeout = 5 * time.Second
	// releaseTimeout bounds how long the end of the transaction may take if the server no longer responds.
	releaseTimeout = time.Second
	// retryInterval is the pause between two attempts of Wait. Waiting clients hold no connection during the pause,
	// so that clients that share a small pool cannot deadlock.
	retryInterval = 200 * time.Millisecond
)

// begin is the statement that begins the transaction of a lock.
const begin = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '" + idleTimeout + "'"

// ErrLost is the cause with which the context of fn ends if the connection that holds the lock is lost.
var ErrLost = errors.New("the advisory lock is lost")

// Try runs fn under the lock with this key, and returns the error of fn. If another client holds the lock, it returns
// false without calling fn. The lock occupies one connection of the pool until fn returns. The context that fn
// receives ends if the lock is lost. Other errors are those of the database.
func Try(
	ctx context.Context, pool *pgxpool.Pool, key int64, fn func(context.Context) error,
) (acquired bool, err error) {
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return false, err
	}
	defer release(ctx, tx)
	err = tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", key).Scan(&acquired)
	if err != nil || !acquired {
		return false, err
	}
	held, cancel := context.WithCancelCause(ctx)
	pinged := make(chan struct{})
	go func() {
		defer close(pinged)
		ping(held, cancel, tx)
	}()
	defer func() { cancel(nil); <-pinged }() // tx may be used by one goroutine at a time
	return true, fn(held)
}

// Wait is like Try, but waits until the lock is free. If it is not free within patience, Wait returns an error.
func Wait(
	ctx context.Context, pool *pgxpool.Pool, key int64, patience time.Duration, fn func(context.Context) error,
) error {
	for end := time.Now().Add(patience); ; {
		acquired, err := Try(ctx, pool, key, fn)
		if acquired || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("another process has held the advisory lock %d for %v", key, patience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retryInterval):
		}
	}
}

// ping keeps tx from being idle for too long, until ctx ends. If the connection is lost, it calls cancel.
func ping(ctx context.Context, cancel context.CancelCauseFunc, tx pgx.Tx) {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// The context of the statement does not end with ctx: an interrupted statement would close the connection.
		bounded, end := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
		_, err := tx.Exec(bounded, "SELECT")
		end()
		if err != nil {
			cancel(fmt.Errorf("%w: %w", ErrLost, err))
			return
		}
	}
}

// release ends the transaction and thereby releases the lock, even if fn has panicked or ctx has ended. If the server
// does not respond, the connection is closed.
func release(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	_ = tx.Rollback(ctx) // an error means that the connection is closed, which also releases the lock
}
