package vendorhttp

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// tokenBucket limits the rate of requests to one resource of one origin: its rate budget.
type tokenBucket struct {
	mu           sync.Mutex
	limiter      *rate.Limiter
	blockedUntil time.Time // the vendor accepts no call before; zero: not blocked
}

// newTokenBucket splits the allowance in three. A twenty-fourth of it may be used at once
// (the burst), as much is kept in reserve for the delay of the network, and the rest
// refills the bucket over a minute. So no minute, wherever it starts, holds more calls than
// the allowance, even if calls that left in one minute arrive late, in the next. A full
// bucket of the allowance that also refills at the full rate would allow twice as much.
// Eleven twelfths of the allowance can be used minute after minute.
func newTokenBucket(perMinute int) *tokenBucket {
	reserve := perMinute / 24
	burst := max(1, reserve)
	refill := max(1, perMinute-burst-reserve)
	return &tokenBucket{limiter: rate.NewLimiter(rate.Limit(float64(refill)/60), burst)}
}

// reserve takes a token and returns how long to wait before using it. If that is longer
// than maxWait it takes nothing. Errors: Unavailable (budget_exhausted) with
// RetryAfter, the wait until a token would be free.
func (b *tokenBucket) reserve(now time.Time, maxWait time.Duration) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	blocked := max(0, b.blockedUntil.Sub(now))
	if blocked > max(maxWait, 0) {
		return 0, budgetExhausted(blocked)
	}
	usableAt := now.Add(blocked) // the token is taken for the moment when the bucket unblocks
	token := b.limiter.ReserveN(usableAt, 1)
	wait := blocked + token.DelayFrom(usableAt)
	if wait > max(maxWait, 0) {
		token.CancelAt(usableAt)
		return 0, budgetExhausted(wait)
	}
	return wait, nil
}

// blockFor blocks the bucket for as long as a 429 asked to wait. A block that lasts
// longer already is not shortened.
func (b *tokenBucket) blockFor(wait time.Duration, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := now.Add(wait); until.After(b.blockedUntil) {
		b.blockedUntil = until
	}
}

// left returns how many calls may be sent now; below zero, how many wait. A blocked
// bucket has none, even if it will have tokens when it unblocks.
func (b *tokenBucket) left(now time.Time) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.blockedUntil) {
		return min(0, b.limiter.TokensAt(b.blockedUntil))
	}
	return b.limiter.TokensAt(now)
}

func budgetExhausted(wait time.Duration) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.BudgetExhausted, RetryAfter: wait}
}

// budgetPerMinute returns the rate limit of the call's resource; zero or less: none.
func (c *Client) budgetPerMinute(call Call) int {
	if c.cfg.BudgetPerMinute != 0 {
		return c.cfg.BudgetPerMinute
	}
	return call.Vendor.Budgets[call.Resource]
}

// waitForBudget takes a token and waits until it may be used: at most
// [Config.MaxBudgetWait], and at most half of the time that is left, because the request
// needs time as well. A nil budget sets no limit.
func (c *Client) waitForBudget(ctx context.Context, call Call, budget *tokenBucket) error {
	if budget == nil {
		return nil
	}
	maxWait := c.cfg.MaxBudgetWait
	if deadline, ok := ctx.Deadline(); ok {
		maxWait = min(maxWait, time.Until(deadline)/2)
	}
	now := c.cfg.Clock.Now()
	wait, err := budget.reserve(now, maxWait)
	c.reportBudget(call, budget, now)
	if err != nil || wait <= 0 {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return transportError(ctx, ctx.Err())
	}
}

// reportBudget passes what is left of the budget to [Config.OnBudget].
func (c *Client) reportBudget(call Call, budget *tokenBucket, now time.Time) {
	c.cfg.OnBudget(string(call.Vendor.Name), call.Resource, budget.left(now))
}
