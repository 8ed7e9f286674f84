package jobs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// replicas returns two queues on one PostgreSQL database, each with its own connection pool. With a shared pool, both
// queues could use the same session. PostgreSQL grants a lock again to the session that holds it. A test could then not
// notice that the first queue did not release a lock.
func replicas(t *testing.T) (first, second *jobs.Queue) {
	t.Helper()
	dsn := pgtest.DSN(t)
	return onServer(t, dsn).make(t, jobs.Config{}), onServer(t, dsn).make(t, jobs.Config{})
}

// While one replica runs a round, no other replica must be able to run one. When the round ends, even with an error,
// every replica must be able to lead again.
func TestOnlyOneReplicaLeadsAtATime(t *testing.T) {
	first, second := replicas(t)
	rounds := 0
	count := func(context.Context) error { rounds++; return nil }
	failed := errors.New("no")
	err := first.Lead(t.Context(), func(ctx context.Context) error {
		if err := second.Lead(ctx, count); err != nil || rounds != 0 {
			t.Errorf("while a round was running, the second replica ran %d rounds (error %v), want none", rounds, err)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("Lead returned %v, want the round's error", err)
	}
	if err := second.Lead(t.Context(), count); err != nil || rounds != 1 {
		t.Errorf("after the first round ended, the second replica ran %d rounds (error %v), want 1", rounds, err)
	}
}

// After a round has panicked, no connection of the pool may still hold the lock. The process and its pool continue,
// because the code that calls Lead recovers the panic.
func TestARoundThatPanicsReleasesTheLeaderLock(t *testing.T) {
	first, second := replicas(t)
	func() {
		defer func() { _ = recover() }()
		_ = first.Lead(t.Context(), func(context.Context) error { panic("a bug") })
	}()
	rounds := 0
	err := second.Lead(t.Context(), func(context.Context) error { rounds++; return nil })
	if err != nil || rounds != 1 {
		t.Errorf("after the leader's panic, the second replica ran %d rounds (error %v), want 1", rounds, err)
	}
}

// After the context of a round has ended, the lock must be released with a different context.
func TestARoundThatIsCancelledReleasesTheLeaderLock(t *testing.T) {
	first, second := replicas(t)
	ctx, cancel := context.WithCancel(t.Context())
	_ = first.Lead(ctx, func(context.Context) error { cancel(); return ctx.Err() })
	rounds := 0
	err := second.Lead(t.Context(), func(context.Context) error { rounds++; return nil })
	if err != nil || rounds != 1 {
		t.Errorf("after the round was cancelled, the second replica ran %d rounds (error %v), want 1", rounds, err)
	}
}
