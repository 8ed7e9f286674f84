package vendorhttp

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// rateBudget limits the rate of requests to one resource of one origin. There are three implementations:
//
//   - A tokenBucket is kept in the memory of the process.
//   - A sharedBudget is shared by all replicas on one database.
//   - A windowBudget refuses calls instead of queueing them. It is kept in the process, or shared by all replicas.
type rateBudget interface {
	// take takes a token for a call of the tenant, and returns nil. If no token is available, it queues the call and
	// returns the queued call. The caller must pass the queued call to await. If the expected wait exceeds maxWait, the
	// call is not queued. Errors: Unavailable (budget_exhausted), with the expected wait as RetryAfter.
	take(tenant domain.TenantID, maxWait time.Duration) (*waitingCall, error)
	// await waits for the token of a queued call, for at most maxWait. The wait can be longer than take expected,
	// because later calls of other tenants can receive tokens earlier. Errors:
	//
	//   - Unavailable (budget_exhausted) after maxWait; RetryAfter is the expected wait from then on
	//   - the error that transportError returns, if ctx ends.
	await(ctx context.Context, call *waitingCall, maxWait time.Duration) error
	// blockFor blocks the budget for the time that a 429 response asked the client to wait. It never shortens an
	// existing block.
	blockFor(wait time.Duration, now time.Time)
	// left returns the number of available tokens minus the number of waiting calls. A negative result therefore means
	// that calls wait. While a budget is blocked, it counts as having no available tokens.
	left(now time.Time) float64
}

// tokenBucket is a rate budget of this process. If no token is available, the calls wait. Each tenant has its own queue
// of waiting calls. The tenants take tokens in turn, so a tenant with many calls hardly delays another tenant.
type tokenBucket struct {
	clock ports.Clock

	mu           sync.Mutex
	limiter      *rate.Limiter
	blockedUntil time.Time // the vendor accepts no call before this time; zero if the bucket is not blocked
	queue        callQueue
	timer        *time.Timer // fires when the next token is due; nil if the queue is empty
}

// newTokenBucket returns a full bucket for a limit of perMinute calls per minute. ratelimit.NewAllowance divides the
// limit into a burst and a refill rate.
func newTokenBucket(perMinute int, clock ports.Clock) *tokenBucket {
	allowance := ratelimit.NewAllowance(perMinute)
	return &tokenBucket{
		clock: clock, limiter: rate.NewLimiter(rate.Limit(float64(allowance.Refill)/60), allowance.Burst),
		queue: newCallQueue(),
	}
}

// take implements rateBudget.
func (b *tokenBucket) take(tenant domain.TenantID, maxWait time.Duration) (*waitingCall, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if b.queue.waiting() == 0 && b.allow(now) {
		return nil, nil
	}
	if wait := b.expectedWait(tenant, now); wait > max(maxWait, 0) {
		return nil, budgetExhausted(wait)
	}
	call := b.queue.push(tenant)
	if b.timer == nil {
		b.schedule(now)
	}
	return call, nil
}

// await implements rateBudget.
func (b *tokenBucket) await(ctx context.Context, call *waitingCall, maxWait time.Duration) error {
	if call.wait(ctx, maxWait) {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.queue.remove(call): // the token was granted just as the wait ended
		return nil
	case ctx.Err() != nil:
		return transportError(ctx, ctx.Err())
	}
	return budgetExhausted(max(b.expectedWait(call.tenant, b.clock.Now()), time.Millisecond))
}

// grant grants the available tokens to waiting calls; the tenants receive tokens in turn.
func (b *tokenBucket) grant() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	for b.queue.waiting() > 0 && b.allow(now) {
		b.queue.grantNext(time.Time{})
	}
	b.schedule(now)
}

// schedule sets the timer for the next token if calls wait. The caller must hold b.mu.
func (b *tokenBucket) schedule(now time.Time) {
	b.timer = nil
	if b.queue.waiting() > 0 {
		b.timer = time.AfterFunc(max(b.tokensIn(1, now), time.Millisecond), b.grant)
	}
}

// allow takes a token if a token is available and the bucket is not blocked. It reports whether it
// took a token. The caller must hold b.mu.
func (b *tokenBucket) allow(now time.Time) bool {
	return !now.Before(b.blockedUntil) && b.limiter.AllowN(now, 1)
}

// expectedWait returns how long a call of the tenant would wait if it were queued now and no other call
// were queued after it. The caller must hold b.mu.
func (b *tokenBucket) expectedWait(tenant domain.TenantID, now time.Time) time.Duration {
	own := len(b.queue.calls[tenant])
	tokens := own + 1
	for other, queue := range b.queue.calls {
		if other != tenant {
			tokens += min(len(queue), own+1)
		}
	}
	return b.tokensIn(tokens, now)
}

// tokensIn returns the time until n tokens are available. The caller must hold b.mu.
func (b *tokenBucket) tokensIn(n int, now time.Time) time.Duration {
	blocked := max(0, b.blockedUntil.Sub(now))
	missing := float64(n) - b.limiter.TokensAt(now.Add(blocked))
	return blocked + time.Duration(max(missing, 0)/float64(b.limiter.Limit())*float64(time.Second))
}

// blockFor implements rateBudget.
func (b *tokenBucket) blockFor(wait time.Duration, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := now.Add(wait); until.After(b.blockedUntil) {
		b.blockedUntil = until
	}
}

// left implements rateBudget.
func (b *tokenBucket) left(now time.Time) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	tokens := b.limiter.TokensAt(now)
	if now.Before(b.blockedUntil) {
		tokens = 0
	}
	return tokens - float64(b.queue.waiting())
}

func budgetExhausted(wait time.Duration) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.BudgetExhausted, RetryAfter: wait}
}

// limit is the rate limit of a resource: either a number of calls per minute for a token bucket, or a window. The zero
// value means no limit.
type limit struct {
	perMinute int
	window    ratelimit.Window
}

// limitOf returns the rate limit of a resource.
func (c *Client) limitOf(v *Vendor, resource string) limit {
	switch {
	case c.cfg.BudgetPerMinute != 0:
		return limit{perMinute: max(0, c.cfg.BudgetPerMinute)}
	case v.Windows[resource].Limit > 0:
		return limit{window: v.Windows[resource]}
	}
	return limit{perMinute: max(0, v.Budgets[resource])}
}

// callBudget is one of the rate budgets of a call.
type callBudget struct {
	rateBudget
	resource string
}

// budgetsOf returns the rate budgets of a call. The first one is the budget that the fewest calls share. Resources
// without a limit are omitted.
func (c *Client) budgetsOf(o *origin, call Call) []callBudget {
	var budgets []callBudget
	for _, b := range call.budgets() {
		if found := c.origins.budget(o, b, c.limitOf(call.Vendor, b.Resource)); found != nil {
			budgets = append(budgets, callBudget{found, b.Resource})
		}
	}
	return budgets
}

// waitForBudgets takes a token of each budget and waits until all tokens can be used. The wait is at most
// [Config.MaxBudgetWait]. It is also at most half of the time until the deadline of ctx, because the request itself
// needs time.
func (c *Client) waitForBudgets(ctx context.Context, call Call, budgets []callBudget) error {
	maxWait := c.cfg.MaxBudgetWait
	if deadline, ok := ctx.Deadline(); ok {
		maxWait = min(maxWait, time.Until(deadline)/2)
	}
	for _, b := range budgets {
		started := time.Now()
		queued, err := b.take(call.Tenant, maxWait)
		c.reportBudget(call, budgets, c.cfg.Clock.Now())
		if err == nil && queued != nil {
			err = b.await(ctx, queued, maxWait)
			maxWait -= time.Since(started)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reportBudget calls [Config.OnBudget] with the current state of the call's last budget, which is the budget that the
// most calls share.
func (c *Client) reportBudget(call Call, budgets []callBudget, now time.Time) {
	widest := budgets[len(budgets)-1]
	c.cfg.OnBudget(string(call.Vendor.Name), widest.resource, widest.left(now))
}
