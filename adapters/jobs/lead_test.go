package jobs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
)

// Two replicas on one PostgreSQL: while one is at a round, the other does none; when it
// is done, or has failed, anyone may lead again.
func TestOneReplicaLeadsAtATime(t *testing.T) {
	b := onPostgres(t)
	one, other := b.make(t, jobs.Config{}), b.make(t, jobs.Config{})
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

func TestALoneProcessLeads(t *testing.T) {
	led := 0
	err := onSQLite(t).make(t, jobs.Config{}).Lead(t.Context(), func(context.Context) error { led++; return nil })
	if err != nil || led != 1 {
		t.Fatalf("%d rounds, %v", led, err)
	}
}
