package jobs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// replicas returns two connection pools on one PostgreSQL database. With a shared pool, both replicas could use the
// same session. PostgreSQL grants a lock again to the session that already holds it, so a test would not notice that
// the first queue has not released the lock.
func replicas(t *testing.T) (first, second *pgxpool.Pool) {
	t.Helper()
	dsn := pgtest.DSN(t)
	return newPool(t, dsn), newPool(t, dsn)
}

func newPool(t *testing.T, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// While one replica runs a round, no other replica must be able to run one. When the round ends, even with an error,
// every replica must be able to lead again.
func TestOnlyOneReplicaLeadsAtATime(t *testing.T) {
	first, second := replicas(t)
	rounds := 0
	count := func(context.Context) error { rounds++; return nil }
	failed := errors.New("no")
	err := jobs.Lead(t.Context(), first, func(ctx context.Context) error {
		if err := jobs.Lead(ctx, second, count); err != nil || rounds != 0 {
			t.Errorf("while a round was running, the second replica ran %d rounds (error %v), want none", rounds, err)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("Lead returned %v, want the round's error", err)
	}
	if err := jobs.Lead(t.Context(), second, count); err != nil || rounds != 1 {
		t.Errorf("after the first round ended, the second replica ran %d rounds (error %v), want 1", rounds, err)
	}
}

// After a round has panicked, no connection of the pool may still hold the lock. The process and its pool continue,
// because the code that calls Lead recovers the panic.
func TestARoundThatPanicsReleasesTheLeaderLock(t *testing.T) {
	first, second := replicas(t)
	func() {
		defer func() { _ = recover() }()
		_ = jobs.Lead(t.Context(), first, func(context.Context) error { panic("a bug") })
	}()
	rounds := 0
	err := jobs.Lead(t.Context(), second, func(context.Context) error { rounds++; return nil })
	if err != nil || rounds != 1 {
		t.Errorf("after the leader's panic, the second replica ran %d rounds (error %v), want 1", rounds, err)
	}
}

// After the context of a round has ended, the lock must be released with a different context.
func TestARoundThatIsCancelledReleasesTheLeaderLock(t *testing.T) {
	first, second := replicas(t)
	ctx, cancel := context.WithCancel(t.Context())
	_ = jobs.Lead(ctx, first, func(context.Context) error { cancel(); return ctx.Err() })
	rounds := 0
	err := jobs.Lead(t.Context(), second, func(context.Context) error { rounds++; return nil })
	if err != nil || rounds != 1 {
		t.Errorf("after the round was cancelled, the second replica ran %d rounds (error %v), want 1", rounds, err)
	}
}
