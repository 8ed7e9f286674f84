// Package pglock runs functions while it holds advisory locks of PostgreSQL.
//
// A lock belongs to a transaction that stays open while the function runs. A lock of a session would not work through a
// pooler in transaction mode: it would stay on a connection that other clients use.
//
// The transaction reads and writes no rows. It has no transaction id and, between its statements, no snapshot.
// Therefore it delays neither VACUUM nor the change feed.
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

// ErrHeld means that another client has held the lock for the whole patience of Wait.
var ErrHeld = errors.New("another process has held the advisory lock")

// begin is the SQL text that begins the transaction of a lock.
const begin = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '" + idleTimeout + "'"

// ErrLost means that the connection with the lock was lost. It is the cause (context.Cause) of the context that Try
// passes to its function.
var ErrLost = errors.New("the advisory lock is lost")

// Try runs fn while it holds the advisory lock with this key, and returns the error of fn. The lock occupies one
// connection of the pool until fn returns. If the lock is lost, the context of fn ends.
//
// If another client holds the lock, Try returns false without calling fn. If the lock cannot be requested, Try returns
// false and the error of the database.
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
	defer func() { cancel(nil); <-pinged }() // release may use tx only when the goroutine no longer does
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
			return fmt.Errorf("%w %d for %v", ErrHeld, key, patience)
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
		// The end of ctx must not interrupt the statement, because pgx closes an interrupted connection.
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
	_ = tx.Rollback(ctx) // if this fails, the connection is closed and the server releases the lock
}
