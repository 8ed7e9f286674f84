package membudget

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var _ ports.MemoryBudget = (*Budget)(nil)

const mib = 1 << 20

func newTenant() domain.TenantID { return domain.TenantID{UUID: uuid.New()} }

func acquire(t *testing.T, b *Budget, tenant domain.TenantID, bytes int64) func() {
	t.Helper()
	release, err := b.Acquire(t.Context(), tenant, bytes)
	if err != nil {
		t.Fatalf("Acquire of %d bytes: %v", bytes, err)
	}
	return release
}

func refused(t *testing.T, b *Budget, tenant domain.TenantID, bytes int64) {
	t.Helper()
	release, err := b.Acquire(t.Context(), tenant, bytes)
	if !errors.Is(err, domain.MemoryExhausted) || !errors.Is(err, domain.Unavailable) ||
		domain.RetryAfterOf(err) <= 0 || release != nil {
		t.Fatalf("Acquire of %d bytes: %v, want Unavailable (memory_exhausted) with RetryAfter", bytes, err)
	}
}

func TestATenantHoldsAtMostItsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, one, other := New(512*mib), newTenant(), newTenant()
		acquire(t, b, one, MaxShare)
		start := time.Now()
		refused(t, b, one, 1)
		if waited := time.Since(start); waited != maxWait {
			t.Errorf("refused after %s, want %s", waited, maxWait)
		}
		start = time.Now()
		acquire(t, b, other, MaxShare)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("another tenant waited %s", waited)
		}
	})
}

func TestTheShareShrinksWithTheNumberOfActiveTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, one, other := New(100*mib), newTenant(), newTenant()
		acquire(t, b, one, 1*mib)
		release := acquire(t, b, other, 1*mib)
		refused(t, b, one, 50*mib)
		release()
		acquire(t, b, one, 50*mib)
	})
}

func TestTheFirstReservationMayExceedTheShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(10 * mib)
		for range 2 {
			acquire(t, b, newTenant(), 4*mib)
		}
		refused(t, b, newTenant(), 4*mib) // only 2 MiB are left
		acquire(t, b, newTenant(), 2*mib)
	})
}

func TestAReservationBeyondTheBudgetTakesAllOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, one, other := New(mib), newTenant(), newTenant()
		small := acquire(t, b, other, 1)
		refused(t, b, one, 2*mib)
		small()
		all := acquire(t, b, one, 2*mib)
		refused(t, b, other, 1)
		all()
		if used, tenants := b.Used(); used != 0 || tenants != 0 {
			t.Errorf("%d bytes of %d tenants are left", used, tenants)
		}
	})
}

func TestAQuarterIsKeptForTenantsThatHoldNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(512 * mib)
		for range 6 {
			tenant := newTenant()
			for range 8 {
				acquire(t, b, tenant, 8*mib)
			}
		}
		one := newTenant()
		acquire(t, b, one, 8*mib)
		refused(t, b, one, 8*mib)
		acquire(t, b, newTenant(), 8*mib)
	})
}

func TestReleasedMemoryGoesToTheWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, tenant := New(512*mib), newTenant()
		release := acquire(t, b, tenant, MaxShare)
		var granted atomic.Int32
		for range 4 {
			go func() {
				if _, err := b.Acquire(t.Context(), tenant, 32*mib); err == nil {
					granted.Add(1)
				}
			}()
		}
		synctest.Wait()
		release()
		release() // the second call does nothing
		synctest.Wait()
		if n := granted.Load(); n != 2 {
			t.Errorf("%d of the waiters got memory, want 2", n)
		}
		if used, tenants := b.Used(); used != MaxShare || tenants != 1 {
			t.Errorf("%d bytes of %d tenants are reserved, want %d of 1", used, tenants, MaxShare)
		}
		time.Sleep(maxWait)
	})
}

func TestAWaiterThatEndsLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, tenant := New(512*mib), newTenant()
		release := acquire(t, b, tenant, MaxShare)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Acquire(ctx, tenant, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the error of the context", err)
		}
		release()
		if used, tenants := b.Used(); used != 0 || tenants != 0 || len(b.waiting) != 0 {
			t.Errorf("%d bytes, %d tenants and %d waiters are left", used, tenants, len(b.waiting))
		}
	})
}

func TestTheNumberOfWaitersOfATenantIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, tenant := New(512*mib), newTenant()
		acquire(t, b, tenant, MaxShare)
		for range maxWaiters {
			go func() { _, _ = b.Acquire(t.Context(), tenant, 1) }()
		}
		synctest.Wait()
		start := time.Now()
		refused(t, b, tenant, 1)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("refused after %s, want at once", waited)
		}
		time.Sleep(maxWait)
	})
}

func BenchmarkAcquire(b *testing.B) {
	budget, tenant := New(512*mib), newTenant()
	for b.Loop() {
		release, _ := budget.Acquire(b.Context(), tenant, mib)
		release()
	}
}

func TestWaitsFailWhenTheStoreIsNotAvailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, one := New(512*mib), newTenant()
		release := acquire(t, b, one, MaxShare)
		errs := make(chan error)
		for range 3 {
			go func() {
				_, err := b.Acquire(t.Context(), one, mib)
				errs <- err
			}()
		}
		synctest.Wait()
		away := &domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable}
		b.Fail(away)
		for range 3 {
			if err := <-errs; !errors.Is(err, domain.StoreUnavailable) {
				t.Errorf("got %v, want the error of Fail", err)
			}
		}
		release()
		if bytes, tenants := b.Used(); bytes != 0 || tenants != 0 {
			t.Errorf("%d bytes of %d tenants are still reserved", bytes, tenants)
		}
	})
}
