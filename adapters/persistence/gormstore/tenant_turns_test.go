package gormstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// locked is a dialect whose transactions wait for a lock.
type locked struct {
	Dialect

	lock    chan struct{}
	running atomic.Int32 // the number of transactions that have begun
}

func (d *locked) Transact(_ context.Context, fn func(tx Tx) error, _ ...Read) error {
	d.running.Add(1)
	<-d.lock
	return fn(Tx{})
}

// turnTest starts changes that wait for one lock.
type turnTest struct {
	*testing.T

	dialect *locked
	core    *Core
	changes sync.WaitGroup
}

func newTurnTest(t *testing.T) *turnTest {
	d := &locked{lock: make(chan struct{})}
	return &turnTest{T: t, dialect: d, core: &Core{Dialect: d, Timeout: time.Minute, turns: &tenantTurns{}}}
}

// start starts n changes for the tenant of the context, and returns how many transactions have begun.
func (t *turnTest) start(ctx context.Context, core *Core, n int) int32 {
	for range n {
		t.changes.Go(func() {
			if err := core.Change(ctx, func(Tx) error { return nil }); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // transactions begin one after the other, so that they may be counted
	}
	return t.dialect.running.Load()
}

func newTenant(t *testing.T) context.Context {
	return ports.ForTenant(t.Context(), domain.TenantID{UUID: uuid.New()})
}

func TestOnlyTwoChangesOfATenantHoldConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		test := newTurnTest(t)
		if n := test.start(newTenant(t), test.core, 20); n != 2 {
			t.Errorf("%d transactions of 20 changes of one tenant run, want 2", n)
		}
		if n := test.start(newTenant(t), test.core, 1); n != 3 {
			t.Errorf("with a change of another tenant %d transactions run, want 3", n)
		}
		close(test.dialect.lock)
		test.changes.Wait()
		if n := test.dialect.running.Load(); n != 21 || len(test.core.turns.queues) != 0 {
			t.Errorf("at the end %d changes have run, and %d queues are left, want 21 and 0", n,
				len(test.core.turns.queues))
		}
	})
}

func TestChangesInTheBackgroundOrOfNoTenantDoNotWaitForATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		test := newTurnTest(t)
		if n := test.start(newTenant(t), test.core.Background(), 5); n != 5 {
			t.Errorf("%d of 5 changes in the background run", n)
		}
		if n := test.start(t.Context(), test.core, 5); n != 10 {
			t.Errorf("%d of 5 changes of no tenant run", n-5)
		}
		close(test.dialect.lock)
		test.changes.Wait()
	})
}

func TestAChangeThatWaitsForItsTurnEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		test := newTurnTest(t)
		ctx := newTenant(t)
		test.start(ctx, test.core, changesOfTenant)
		ended, end := context.WithTimeout(ctx, time.Second)
		defer end()
		err := test.core.Change(ended, func(Tx) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, domain.StoreUnavailable) {
			t.Errorf("the waiting change ends with %v", err)
		}
		close(test.dialect.lock)
		test.changes.Wait()
		if len(test.core.turns.queues) != 0 {
			t.Errorf("%d queues are left", len(test.core.turns.queues))
		}
	})
}
