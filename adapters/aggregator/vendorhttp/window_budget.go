package vendorhttp

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// windowBudget is a rate budget without a queue: a call that exceeds the limit fails at once with budget_exhausted.
// It is used for calls that operators trigger and that the vendor limits to a few per minute.
type windowBudget struct {
	window ratelimit.Window
	update updateBudget
	clock  ports.Clock // the clock of now in left and blockFor

	mu           sync.Mutex
	state        ratelimit.Budget // after the last update
	offset       time.Duration    // how far the clock of the state is ahead of clock
	blockedUntil time.Time        // on clock; it holds even if the store of the state fails
}

// updateBudget atomically replaces the state of a budget by the result of fn, as ports.RateBudgets.Update does.
type updateBudget func(fn func(state ratelimit.Budget, now time.Time) ratelimit.Budget) error

// newLocalWindow returns a windowBudget that is kept in the memory of this process.
func newLocalWindow(w ratelimit.Window, clock ports.Clock) *windowBudget {
	var mu sync.Mutex
	var state ratelimit.Budget
	return &windowBudget{window: w, clock: clock, update: func(
		fn func(state ratelimit.Budget, now time.Time) ratelimit.Budget,
	) error {
		mu.Lock()
		defer mu.Unlock()
		state = fn(state, clock.Now())
		return nil
	}}
}

// window returns a windowBudget that all replicas on one database share.
func (s *sharedBudgets) window(
	key originKey, resource string, w ratelimit.Window, clock ports.Clock,
) *windowBudget {
	id := s.keyOf(key, resource)
	return &windowBudget{window: w, clock: clock, update: func(
		fn func(state ratelimit.Budget, now time.Time) ratelimit.Budget,
	) error {
		ctx, cancel := context.WithTimeout(s.lifetime, tokenValidity)
		defer cancel()
		return s.store.Update(ctx, id, fn)
	}}
}

// take implements rateBudget. It never queues a call. A call whose token comes too late is refused, because the vendor
// might count the call in the next minute.
func (b *windowBudget) take(tenant domain.TenantID, _ time.Duration) (*waitingCall, error) {
	askedAt := time.Now()
	wait, err := b.apply(tenant, 0)
	switch {
	case err != nil:
		return nil, unavailableBudget(err)
	case wait > 0:
		return nil, budgetExhausted(wait)
	case time.Since(askedAt) >= tokenValidity:
		return nil, budgetExhausted(time.Second)
	}
	return nil, nil
}

// apply replaces the stored state of the budget by the result of ratelimit.Budget.Take, and returns how long a call
// must wait. The wait includes a block by the vendor even if the block could not be stored; such a block counts only
// in this process.
func (b *windowBudget) apply(tenant domain.TenantID, blockFor time.Duration) (wait time.Duration, err error) {
	var state ratelimit.Budget
	var at time.Time
	err = b.update(func(stored ratelimit.Budget, now time.Time) ratelimit.Budget {
		state, wait = stored.Take(b.window, tenant, blockFor, now)
		at = now
		return state
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if err == nil {
		b.state, b.offset = state, at.Sub(now)
	}
	return max(wait, b.blockedUntil.Sub(now)), err
}

// await implements rateBudget. It is never called, because take queues no call.
func (b *windowBudget) await(context.Context, *waitingCall, time.Duration) error { return nil }

// blockFor implements rateBudget.
func (b *windowBudget) blockFor(wait time.Duration, now time.Time) {
	b.mu.Lock()
	if until := now.Add(wait); until.After(b.blockedUntil) {
		b.blockedUntil = until
	}
	b.mu.Unlock()
	_, _ = b.apply(domain.TenantID{}, wait) // after an error, the block holds in this process only
}

// refusedFor implements rateBudget.
func (b *windowBudget) refusedFor(client string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state.Refusals.Wait(client, b.clock.Now().Add(b.offset))
}

// report implements rateBudget. After an error of the store, the answer counts in this process only.
func (b *windowBudget) report(o outcome) {
	var state ratelimit.Budget
	var at time.Time
	err := b.update(func(stored ratelimit.Budget, now time.Time) ratelimit.Budget {
		stored.FullAt, at = now, now
		stored.Refusals = stored.Refusals.Apply(o.asOf(b.clock.Now()), now)
		state = stored
		return stored
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if err == nil {
		b.state, b.offset = state, at.Sub(now)
		return
	}
	b.state.Refusals = b.state.Refusals.Apply(o.asOf(now), now.Add(b.offset))
}

// giveBack implements rateBudget. After an error of the store, the call counts.
func (b *windowBudget) giveBack(tenant domain.TenantID) {
	if !b.window.AcceptedOnly {
		return
	}
	_ = b.update(func(stored ratelimit.Budget, now time.Time) ratelimit.Budget {
		return stored.GiveBack(tenant, now)
	})
}

// left implements rateBudget.
func (b *windowBudget) left(now time.Time) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.blockedUntil) {
		return 0
	}
	return float64(b.state.Left(b.window, now.Add(b.offset)))
}

// unavailableBudget returns err if it is a domain.Error, and otherwise the error for a store that did not answer.
func unavailableBudget(err error) error {
	if errors.As(err, new(*domain.Error)) {
		return err
	}
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.StoreUnavailable, RetryAfter: time.Second, Cause: err,
	}
}
