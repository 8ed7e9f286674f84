package jobs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// replicas are two on one PostgreSQL, each with a pool of its own: a lock that one's pool
// still holds would be given to the same session again.
func replicas(t *testing.T) (one, other queue) {
	t.Helper()
	dsn := pgtest.DSN(t)
	return onServer(t, dsn).make(t, jobs.Config{}), onServer(t, dsn).make(t, jobs.Config{})
}

// While one replica is at a round, the other does none; when it is done, or has failed,
// anyone may lead again.
func TestOneReplicaLeadsAtATime(t *testing.T) {
	one, other := replicas(t)
	led := 0
	count := func(context.Context) error { led++; return nil }
	failed := errors.New("no")
	err := one.Lead(t.Context(), func(ctx context.Context) error {
		if err := other.Lead(ctx, count); err != nil || led != 0 {
			t.Errorf("a second leader did %d rounds, %v", led, err)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("the round's error became %v", err)
	}
	if err := other.Lead(t.Context(), count); err != nil || led != 1 {
		t.Errorf("%d rounds after the leader left, %v", led, err)
	}
}

// A panic is caught above the lock, and the process lives on with its pool: the lock must
// not live on in there.
func TestARoundThatPanicsLeavesTheLeadToOthers(t *testing.T) {
	one, other := replicas(t)
	func() {
		defer func() { _ = recover() }()
		_ = one.Lead(t.Context(), func(context.Context) error { panic("a bug") })
	}()
	led := 0
	err := other.Lead(t.Context(), func(context.Context) error { led++; return nil })
	if err != nil || led != 1 {
		t.Errorf("%d rounds after the leader's panic, %v", led, err)
	}
}

// A round that ends with its context has no time left of its own to give the lock back in.
func TestARoundThatIsCalledOffLeavesTheLeadToOthers(t *testing.T) {
	one, other := replicas(t)
	ctx, cancel := context.WithCancel(t.Context())
	_ = one.Lead(ctx, func(context.Context) error { cancel(); return ctx.Err() })
	led := 0
	err := other.Lead(t.Context(), func(context.Context) error { led++; return nil })
	if err != nil || led != 1 {
		t.Errorf("%d rounds after the leader was called off, %v", led, err)
	}
}

func TestALoneProcessLeads(t *testing.T) {
	led := 0
	err := onSQLite(t).make(t, jobs.Config{}).Lead(t.Context(), func(context.Context) error { led++; return nil })
	if err != nil || led != 1 {
		t.Fatalf("%d rounds, %v", led, err)
	}
}
