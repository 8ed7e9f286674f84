// Package pglock runs functions while it holds advisory locks of PostgreSQL.
//
// A lock belongs to a transaction, which stays open while the function runs, and not to a session. The lock therefore
// also works through a pooler in transaction mode. Such a pooler would leave a session's lock on a connection that
// other clients use. The transaction reads and writes no rows: it has no transaction id and, between its statements, no
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
	// idleTimeout is how long the server keeps the lock of a client that has stopped sending statements, for example
	// because its machine was lost. If only the client's process ends, the server releases the lock immediately.
	idleTimeout = "60s"
	// pingInterval is the time between two statements that keep the transaction from being idle. It is shorter than
	// idleTimeout, and shorter than the idle timeout of a pooler.
	pingInterval = 10 * time.Second
	// pingTimeout bounds each statement that ping sends.
	pingTimeout = 5 * time.Second
	// releaseTimeout bounds the rollback that ends the transaction, because the server may no longer respond.
	releaseTimeout = time.Second
	// retryInterval is the pause between two attempts of Wait. Waiting clients hold no connection during the pause,
	// so that clients that share a small pool cannot deadlock.
	retryInterval = 200 * time.Millisecond
)

// begin is the statement that begins the transaction to which a lock belongs.
const begin = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '" + idleTimeout + "'"

// ErrLost is the cause (context.Cause) with which the context of fn is canceled if the connection that holds the lock
// is lost.
var ErrLost = errors.New("the advisory lock is lost")

// Try runs fn while it holds the advisory lock with this key, and returns the error of fn. If another client holds the
// lock, it returns false without calling fn. The lock occupies one connection of the pool until fn returns. The context
// that fn receives ends if the lock is lost. If the lock cannot be requested, Try returns false and the database error.
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

// Wait is like Try, but waits until the lock is free. If another client still holds the lock after the given duration
// (patience), Wait returns an error.
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

// ping sends a statement in tx every pingInterval until ctx ends, so that tx is never idle for too long. If the
// connection is lost, ping calls cancel.
func ping(ctx context.Context, cancel context.CancelCauseFunc, tx pgx.Tx) {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// The statement has a context that does not end with ctx, because interrupting a statement closes the
		// connection.
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
