package porttest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// TestRateBudgets checks a ports.RateBudgets against its contract. The function factory may return the same store each
// time.
func TestRateBudgets(t *testing.T, factory func(t *testing.T) ports.RateBudgets) {
	t.Helper()
	t.Run("a new budget is empty state, and a stored one is returned unchanged", func(t *testing.T) {
		rateBudgetRoundTrip(t, factory(t))
	})
	t.Run("each member of the key makes another budget", func(t *testing.T) { rateBudgetKeys(t, factory(t)) })
	t.Run("concurrent updates do not lose a change", func(t *testing.T) { rateBudgetIsAtomic(t, factory(t)) })
	t.Run("the time is that of the update", func(t *testing.T) { rateBudgetTime(t, factory(t)) })
	t.Run("a canceled update changes nothing", func(t *testing.T) { rateBudgetCanceled(t, factory(t)) })
}

// newRateBudgetKey returns the key of a budget that no other test uses.
func newRateBudgetKey() ports.RateBudgetKey {
	return ports.RateBudgetKey{Vendor: vendor, Origin: "https://" + uuid.NewString() + ".example", Resource: "rows"}
}

// swapRateBudget replaces the state of a budget with newState. It keeps the state if newState is nil. It returns the
// previous state, and the time of the store's clock during the update.
func swapRateBudget(
	t *testing.T, s ports.RateBudgets, key ports.RateBudgetKey, newState *ratelimit.Budget,
) (state ratelimit.Budget, at time.Time) {
	t.Helper()
	err := s.Update(t.Context(), key, func(found ratelimit.Budget, now time.Time) ratelimit.Budget {
		state, at = found, now
		if newState == nil {
			return found
		}
		return *newState
	})
	if err != nil {
		t.Fatal(err)
	}
	return state, at
}

func rateBudgetRoundTrip(t *testing.T, s ports.RateBudgets) {
	key := newRateBudgetKey()
	first := ratelimit.Budget{FullAt: epoch, BlockedUntil: epoch.Add(time.Minute), Demands: []ratelimit.TenantDemand{
		{Tenant: newTenant(), Served: 1 << 40, Replicas: []ratelimit.ReplicaDemand{
			{Replica: "a", Calls: 3, Served: 7, AskedAt: epoch}, {Replica: "b", AskedAt: epoch.Add(time.Microsecond)},
		}},
		{Tenant: newTenant(), Replicas: []ratelimit.ReplicaDemand{{Replica: `"\`, Calls: 1, AskedAt: epoch}}},
		{Tenant: newTenant(), Taken: []time.Time{epoch, epoch.Add(time.Microsecond)}, AskedAt: epoch.Add(time.Second)},
	}, Refusals: ratelimit.Refusals{
		BlockedSince: epoch.Add(time.Microsecond), ProbedAt: epoch.Add(time.Second), Clients: []ratelimit.ClientCalls{
			{Client: "a", Tenant: newTenant(), CalledAt: epoch, RefusedAt: epoch, Until: epoch.Add(time.Minute)},
			{Client: "b", Tenant: newTenant(), CalledAt: epoch},
		},
	}}
	second := ratelimit.Budget{FullAt: epoch.Add(time.Hour)}
	found, _ := swapRateBudget(t, s, key, &first)
	if diff := cmp.Diff(ratelimit.Budget{}, found); diff != "" {
		t.Errorf("a new budget (-want +got):\n%s", diff)
	}
	for _, want := range []ratelimit.Budget{first, second} {
		if found, _ = swapRateBudget(t, s, key, &second); !cmp.Equal(want, found) {
			t.Errorf("a stored budget (-want +got):\n%s", cmp.Diff(want, found))
		}
	}
}

func rateBudgetKeys(t *testing.T, s ports.RateBudgets) {
	key := newRateBudgetKey()
	swapRateBudget(t, s, key, &ratelimit.Budget{FullAt: epoch})
	others := make([]ports.RateBudgetKey, 4)
	for i := range others {
		others[i] = key
	}
	others[0].Vendor, others[1].Origin = otherVendor, key.Origin+":8443"
	others[2].Resource, others[3].EgressAddress = "logins", "203.0.113.7"
	for _, other := range others {
		if found, _ := swapRateBudget(t, s, other, nil); !found.FullAt.IsZero() {
			t.Errorf("%+v shares the budget of %+v", other, key)
		}
	}
	if found, _ := swapRateBudget(t, s, key, nil); !found.FullAt.Equal(epoch) {
		t.Errorf("the budget is %v after updates of other keys", found)
	}
}

func rateBudgetIsAtomic(t *testing.T, s ports.RateBudgets) {
	const replicas, updates = 8, 10
	key, tenant := newRateBudgetKey(), newTenant()
	var all sync.WaitGroup
	for range replicas {
		all.Go(func() {
			for range updates {
				err := s.Update(t.Context(), key, func(b ratelimit.Budget, now time.Time) ratelimit.Budget {
					served := int64(0)
					if len(b.Demands) > 0 {
						served = b.Demands[0].Served
					}
					b.Demands = []ratelimit.TenantDemand{{Tenant: tenant, Served: served + 1}}
					b.FullAt = now
					return b
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	found, _ := swapRateBudget(t, s, key, nil)
	if len(found.Demands) != 1 || found.Demands[0].Served != replicas*updates {
		t.Errorf("after %d updates the state is %+v", replicas*updates, found)
	}
}

func rateBudgetTime(t *testing.T, s ports.RateBudgets) {
	key := newRateBudgetKey()
	_, before := swapRateBudget(t, s, key, nil)
	for range 3 {
		_, now := swapRateBudget(t, s, key, nil)
		if now.Before(before) || now.Location() != time.UTC {
			t.Errorf("the time %v is before %v, or not UTC", now, before)
		}
		before = now
	}
}

func rateBudgetCanceled(t *testing.T, s ports.RateBudgets) {
	key := newRateBudgetKey()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Update(ctx, key, func(ratelimit.Budget, time.Time) ratelimit.Budget {
		return ratelimit.Budget{FullAt: epoch}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled update returned %v", err)
	}
	if found, _ := swapRateBudget(t, s, key, nil); !found.FullAt.IsZero() {
		t.Error("a canceled update was stored")
	}
}
