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
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/pgtest"
)

// rings counts the deadlocks that PostgreSQL ended.
type rings struct{ atomic.Int32 }

func (*rings) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (r *rings) TraceQueryEnd(_ context.Context, _ *pgx.Conn, end pgx.TraceQueryEndData) {
	if e := (*pgconn.PgError)(nil); errors.As(end.Err, &e) && e.Code == "40P01" {
		r.Add(1)
	}
}

// A ring is broken up, and the group stored anew, but only after a second.
func TestGroupsOfTheSameEventsNeverWaitInARing(t *testing.T) {
	var found rings
	db := traced(t, pgtest.DSN(t), &found)
	s := db.Store(nil)
	p := &pulling{T: t, Store: s, token: connectionWithToken(t, s)}
	for round := 0; round < 20 && found.Load() == 0; round++ {
		if round > 0 {
			p.queue() // else the first group has to bring the pull
		}
		var both sync.WaitGroup
		for _, backwards := range []bool{false, true} {
			both.Go(func() {
				if _, err := db.Receive(t.Context(), nil, p.events(round, backwards)); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
	}
	if n := found.Load(); n > 0 {
		t.Errorf("%d groups waited in a ring", n)
	}
}

// events are the same in each round, in one order or the other.
func (p *pulling) events(round int, backwards bool) []gormstore.PendingDelivery {
	var knocks []gormstore.PendingDelivery
	for i := range 200 {
		r := p.receipt(strconv.Itoa(round) + "-" + strconv.Itoa(i))
		r.Body = []byte{}
		knocks = append(knocks, gormstore.PendingDelivery{IncomingDelivery: r, Scope: "{}", Fingerprint: domain.FingerprintOf(r.Event, nil)})
	}
	if backwards {
		slices.Reverse(knocks)
	}
	return knocks
}
