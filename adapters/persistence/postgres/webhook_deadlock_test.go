package postgres_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// deadlockCounter counts the deadlocks that PostgreSQL detects.
type deadlockCounter struct{ atomic.Int32 }

func (*deadlockCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (c *deadlockCounter) TraceQueryEnd(_ context.Context, _ *pgx.Conn, end pgx.TraceQueryEndData) {
	if e := (*pgconn.PgError)(nil); errors.As(end.Err, &e) && e.Code == "40P01" {
		c.Add(1)
	}
}

// The test counts deadlocks. Without this, it would not notice them, because PostgreSQL detects a deadlock
// after a second and the batch is then retried.
func TestBatchesOfTheSameEventsNeverDeadlock(t *testing.T) {
	var found deadlockCounter
	db := traced(t, pgtest.DSN(t), &found)
	s := db.Store(nil)
	p := &replica{T: t, Store: s, token: connectionWithToken(t, s)}
	for round := 0; round < 20 && found.Load() == 0; round++ {
		if round > 0 {
			p.queue() // otherwise the first batch of the round would have to create the pull
		}
		var both sync.WaitGroup
		for _, backwards := range []bool{false, true} {
			both.Go(func() {
				if _, err := db.Receive(t.Context(), nil, p.batch(round, backwards)); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
	}
	if n := found.Load(); n > 0 {
		t.Errorf("PostgreSQL detected %d deadlocks, want none", n)
	}
}

// batch returns new deliveries. All batches of one round have deliveries of the same events. If backwards
// is set, the order is reversed.
func (p *replica) batch(round int, backwards bool) []gormstore.PendingDelivery {
	var deliveries []gormstore.PendingDelivery
	for i := range 200 {
		deliveries = append(deliveries, p.pending(strconv.Itoa(round)+"-"+strconv.Itoa(i)))
	}
	if backwards {
		slices.Reverse(deliveries)
	}
	return deliveries
}
