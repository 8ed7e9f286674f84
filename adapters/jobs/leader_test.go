package jobs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// replicas returns two queues on one PostgreSQL database, each with its own pool: the session that
// still holds an advisory lock in one pool would be granted it again.
func replicas(t *testing.T) (first, second queue) {
	t.Helper()
	dsn := pgtest.DSN(t)
	return onServer(t, dsn).make(t, jobs.Config{}), onServer(t, dsn).make(t, jobs.Config{})
}

// While one replica runs a round, the other does not. When the round ends, even with an error,
// every replica may lead again.
func TestOnlyOneReplicaLeadsAtATime(t *testing.T) {
	first, second := replicas(t)
	rounds := 0
	count := func(context.Context) error { rounds++; return nil }
	failed := errors.New("no")
	err := first.Lead(t.Context(), func(ctx context.Context) error {
		if err := second.Lead(ctx, count); err != nil || rounds != 0 {
			t.Errorf("a second leader ran %d rounds, %v", rounds, err)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("Lead returned %v, want the round's error", err)
	}
	if err := second.Lead(t.Context(), count); err != nil || rounds != 1 {
		t.Errorf("%d rounds after the first round ended, %v", rounds, err)
	}
}

// A panic is recovered outside of Lead, and the process and its pool continue: the lock must not
// stay held by a pooled connection.
func TestARoundThatPanicsReleasesTheLeaderLock(t *testing.T) {
	first, second := replicas(t)
	func() {
		defer func() { _ = recover() }()
		_ = first.Lead(t.Context(), func(context.Context) error { panic("a bug") })
	}()
	rounds := 0
	err := second.Lead(t.Context(), func(context.Context) error { rounds++; return nil })
	if err != nil || rounds != 1 {
		t.Errorf("%d rounds after the leader's panic, %v", rounds, err)
	}
}

// When the context of a round has ended, no time of it is left to release the lock in.
func TestARoundThatIsCancelledReleasesTheLeaderLock(t *testing.T) {
	first, second := replicas(t)
	ctx, cancel := context.WithCancel(t.Context())
	_ = first.Lead(ctx, func(context.Context) error { cancel(); return ctx.Err() })
	rounds := 0
	err := second.Lead(t.Context(), func(context.Context) error { rounds++; return nil })
	if err != nil || rounds != 1 {
		t.Errorf("%d rounds after the round was cancelled, %v", rounds, err)
	}
}

func TestTheOnlyProcessOnSQLiteLeads(t *testing.T) {
	rounds := 0
	err := onSQLite(t).make(t, jobs.Config{}).Lead(t.Context(), func(context.Context) error { rounds++; return nil })
	if err != nil || rounds != 1 {
		t.Fatalf("%d rounds, %v", rounds, err)
	}
}
