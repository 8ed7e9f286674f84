package memory

import (
	"context"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// RateBudgets implements ports.RateBudgets in memory. It is a readable reference implementation of the port. It is
// meant for tests, because a single process needs no shared budget.
type RateBudgets struct {
	clock  ports.Clock
	mu     sync.Mutex
	states map[ports.RateBudgetKey]ratelimit.Budget
}

// NewRateBudgets returns budgets that are all full. They take the current time from clock.
func NewRateBudgets(clock ports.Clock) *RateBudgets {
	return &RateBudgets{clock: clock, states: map[ports.RateBudgetKey]ratelimit.Budget{}}
}

// Update calls fn with the mutex locked, so that updates do not overlap.
func (b *RateBudgets) Update(ctx context.Context, key ports.RateBudgetKey,
	fn func(state ratelimit.Budget, now time.Time) ratelimit.Budget,
) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	b.states[key] = fn(b.states[key], b.clock.Now())
	return nil
}
