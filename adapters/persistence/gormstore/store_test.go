package gormstore

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// deadlocking is a dialect that simulates a deadlock with another transaction. The first attempt fails. A later attempt
// succeeds only if the other transaction had enough time to get its lock.
type deadlocking struct {
	Dialect

	wakes    time.Duration // an attempt succeeds only after a pause of this length
	endedAt  time.Time     // when the last attempt failed
	attempts int
}

func (d *deadlocking) Transact(_ context.Context, fn func(tx Tx) error, _ ...Read) error {
	d.attempts++
	if time.Since(d.endedAt) > d.wakes && d.attempts > 1 {
		return fn(Tx{})
	}
	d.endedAt = time.Now()
	return &pgconn.PgError{Code: "40P01"}
}

func TestARepeatedTransactionDoesNotTakeTheLockAgainThatItsDeadlockWasAbout(t *testing.T) {
	d := &deadlocking{wakes: deadlockPause / 2}
	s := &Core{Dialect: d, Timeout: time.Minute}
	done := 0
	err := s.ChangeAgain(t.Context(), func(Tx) error { done++; return nil })
	if err != nil || done != 1 || d.attempts != 2 {
		t.Errorf("the transaction ran %d times in %d attempts (%v), want once in 2", done, d.attempts, err)
	}
}

func TestATransactionIsRepeatedAtMostTwice(t *testing.T) {
	d := &deadlocking{wakes: time.Hour}
	s := &Core{Dialect: d, Timeout: time.Minute}
	if err := s.ChangeAgain(t.Context(), nil); !isDeadlock(err) || d.attempts != maxDeadlocks {
		t.Errorf("%d attempts end with %v, want a deadlock after %d", d.attempts, err, maxDeadlocks)
	}
}
