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

// locked is a dialect whose transactions and queries wait for a lock.
type locked struct {
	Dialect

	lock    chan struct{}
	running atomic.Int32 // the number of transactions and queries that have begun
}

func (d *locked) Transact(_ context.Context, fn func(tx Tx) error, _ ...Read) error {
	d.running.Add(1)
	<-d.lock
	return fn(Tx{})
}

func (d *locked) Query(context.Context, string, []any, []any, func() error) error {
	d.running.Add(1)
	<-d.lock
	return nil
}

// turnTest starts operations that wait for one lock.
type turnTest struct {
	*testing.T

	dialect    *locked
	core       *Core
	operations sync.WaitGroup
}

func newTurnTest(t *testing.T) *turnTest {
	d := &locked{lock: make(chan struct{})}
	return &turnTest{T: t, dialect: d, core: New(nil, Options{Dialect: d, Timeout: time.Minute, Readers: 4}).Core()}
}

// change makes a change for the tenant of the context.
func change(ctx context.Context, core *Core) error {
	return core.Change(ctx, func(Tx) error { return nil })
}

// read makes a query for the tenant of the context.
func read(ctx context.Context, core *Core) error { return core.Rows(ctx, "", nil, nil, nil) }

// start starts n operations for the tenant of the context, and returns how many operations have begun.
func (t *turnTest) start(
	ctx context.Context, core *Core, n int, do func(ctx context.Context, core *Core) error,
) int32 {
	for range n {
		t.operations.Go(func() {
			if err := do(ctx, core); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
	}
	return t.dialect.running.Load()
}

func newTenant(t *testing.T) context.Context {
	return ports.ForTenant(t.Context(), domain.TenantID{UUID: uuid.New()})
}

func TestATenantHoldsOnlySomeOfTheConnections(t *testing.T) {
	for name, tc := range map[string]struct {
		do   func(ctx context.Context, core *Core) error
		want int32 // operations of one tenant that run at once
	}{
		"changes":            {change, 2},
		"queries, 4 readers": {read, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			test := newTurnTest(t)
			if n := test.start(newTenant(t), test.core, 20, tc.do); n != tc.want {
				t.Errorf("%s: %d of 20 of one tenant run, want %d", name, n, tc.want)
			}
			if n := test.start(newTenant(t), test.core, 1, tc.do); n != tc.want+1 {
				t.Errorf("%s: with one of another tenant %d run, want %d", name, n, tc.want+1)
			}
			close(test.dialect.lock)
			test.operations.Wait()
			left := len(test.core.changes.queues) + len(test.core.reads.queues)
			if n := test.dialect.running.Load(); n != 21 || left != 0 {
				t.Errorf("%s: at the end %d have run, and %d queues are left, want 21 and 0", name, n, left)
			}
		})
	}
}

func TestWorkInTheBackgroundOrOfNoTenantDoesNotWaitForATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		test := newTurnTest(t)
		if n := test.start(newTenant(t), test.core.Background(), 5, change); n != 5 {
			t.Errorf("%d of 5 changes in the background run", n)
		}
		if n := test.start(t.Context(), test.core, 5, read); n != 10 {
			t.Errorf("%d of 5 queries of no tenant run", n-5)
		}
		close(test.dialect.lock)
		test.operations.Wait()
	})
}

func TestAChangeThatWaitsForItsTurnEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		test := newTurnTest(t)
		ctx := newTenant(t)
		test.start(ctx, test.core, changesOfTenant, change)
		ended, end := context.WithTimeout(ctx, time.Second)
		defer end()
		err := test.core.Change(ended, func(Tx) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, domain.StoreUnavailable) {
			t.Errorf("the waiting change ends with %v", err)
		}
		close(test.dialect.lock)
		test.operations.Wait()
		if len(test.core.changes.queues) != 0 {
			t.Errorf("%d queues are left", len(test.core.changes.queues))
		}
	})
}
