package vendorhttp

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// tokenBucket is a rate budget: it limits the rate of requests to one resource of one origin.
type tokenBucket struct {
	mu           sync.Mutex
	limiter      *rate.Limiter
	blockedUntil time.Time // the vendor accepts no call before this time; zero if the bucket is not blocked
}

// newTokenBucket returns a full bucket for an allowance of perMinute calls. It splits the
// allowance in three parts:
//
//   - one twenty-fourth can be used at once (the burst),
//   - another twenty-fourth is kept in reserve, because calls that are sent in one minute can
//     arrive late, in the next minute,
//   - the rest is refilled over a minute.
//
// Therefore no minute, no matter when it starts, has more calls than the allowance. A bucket
// that holds the whole allowance and is also refilled at the full rate would allow twice as
// many. Eleven twelfths of the allowance can be used in every minute.
func newTokenBucket(perMinute int) *tokenBucket {
	reserve := perMinute / 24
	burst := max(1, reserve)
	refill := max(1, perMinute-burst-reserve)
	return &tokenBucket{limiter: rate.NewLimiter(rate.Limit(float64(refill)/60), burst)}
}

// reserve takes a token and returns how long the caller must wait before using it. If that is
// longer than maxWait, it takes no token and returns an error. Errors: Unavailable
// (budget_exhausted), with the time until a token would be available as RetryAfter.
func (b *tokenBucket) reserve(now time.Time, maxWait time.Duration) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	blocked := max(0, b.blockedUntil.Sub(now))
	if blocked > max(maxWait, 0) {
		return 0, budgetExhausted(blocked)
	}
	usableAt := now.Add(blocked) // the token is reserved for the time at which the block ends
	token := b.limiter.ReserveN(usableAt, 1)
	wait := blocked + token.DelayFrom(usableAt)
	if wait > max(maxWait, 0) {
		token.CancelAt(usableAt)
		return 0, budgetExhausted(wait)
	}
	return wait, nil
}

// blockFor blocks the bucket for the time for which a 429 asked to wait. If the bucket is
// already blocked for longer, that does not change.
func (b *tokenBucket) blockFor(wait time.Duration, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := now.Add(wait); until.After(b.blockedUntil) {
		b.blockedUntil = until
	}
}

// left returns the number of calls that can be sent now. A negative result is the number of
// calls that wait. A blocked bucket has no calls left, even if it will have tokens when the
// block ends.
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

// budgetPerMinute returns the rate limit of the call's resource. Zero or a negative result
// means no limit.
func (c *Client) budgetPerMinute(call Call) int {
	if c.cfg.BudgetPerMinute != 0 {
		return c.cfg.BudgetPerMinute
	}
	return call.Vendor.Budgets[call.Resource]
}

// waitForBudget takes a token of the budget and waits until the token can be used. It waits at
// most [Config.MaxBudgetWait], and at most half of the time until the deadline of ctx, because
// the request itself needs time as well. A nil budget has no limit.
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

// reportBudget passes the number of calls that are left in the budget to [Config.OnBudget].
func (c *Client) reportBudget(call Call, budget *tokenBucket, now time.Time) {
	c.cfg.OnBudget(string(call.Vendor.Name), call.Resource, budget.left(now))
}
