package gormstore

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// deadlocking is a dialect that simulates deadlocks. Each of its transactions is the victim of a deadlock as long as
// another transaction waits for the victim's lock. The other transaction gets the lock some time after the victim has
// ended, unless a repetition of the victim takes the lock first.
type deadlocking struct {
	Dialect

	wakes    time.Duration // the time after which the other transaction gets its lock
	ended    time.Time     // when the last victim ended
	attempts int
}

func (d *deadlocking) Transact(_ context.Context, fn func(tx Tx) error) error {
	d.attempts++
	if time.Since(d.ended) > d.wakes && d.attempts > 1 {
		return fn(Tx{})
	}
	d.ended = time.Now()
	return &pgconn.PgError{Code: "40P01"}
}

func TestARepeatedTransactionDoesNotTakeTheLockAgainThatItsDeadlockWasAbout(t *testing.T) {
	d := &deadlocking{wakes: deadlockPause / 2}
	s := &Store{dialect: d, timeout: time.Minute}
	done := 0
	err := s.changeAgain(t.Context(), func(Tx) error { done++; return nil })
	if err != nil || done != 1 || d.attempts != 2 {
		t.Errorf("the transaction ran %d times in %d attempts (%v), want once in 2", done, d.attempts, err)
	}
}

func TestATransactionIsRepeatedAtMostTwice(t *testing.T) {
	d := &deadlocking{wakes: time.Hour}
	s := &Store{dialect: d, timeout: time.Minute}
	if err := s.changeAgain(t.Context(), nil); !isDeadlock(err) || d.attempts != maxDeadlocks {
		t.Errorf("%d attempts end with %v, want a deadlock after %d", d.attempts, err, maxDeadlocks)
	}
}
