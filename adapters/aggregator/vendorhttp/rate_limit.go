package vendorhttp

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// tokenBucket is a rate budget: it limits the rate of requests to one resource of one origin. If no token
// is left, calls wait in one queue for each tenant. The tenants take tokens in turn. Therefore many calls
// of one tenant delay a call of another tenant only by a few tokens.
type tokenBucket struct {
	clock ports.Clock

	mu           sync.Mutex
	limiter      *rate.Limiter
	blockedUntil time.Time // the vendor accepts no call before this time; zero if the bucket is not blocked
	queues       map[domain.TenantID][]*waitingCall
	turns        []domain.TenantID // the tenants with waiting calls; the first one takes the next token
	timer        *time.Timer       // calls grant when the next token is due; nil if no call waits
}

// waitingCall is a call that waits for a token.
type waitingCall struct {
	tenant  domain.TenantID
	granted chan struct{} // closed when the call has got its token
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
func newTokenBucket(perMinute int, clock ports.Clock) *tokenBucket {
	reserve := perMinute / 24
	burst := max(1, reserve)
	refill := max(1, perMinute-burst-reserve)
	return &tokenBucket{
		clock: clock, limiter: rate.NewLimiter(rate.Limit(float64(refill)/60), burst),
		queues: map[domain.TenantID][]*waitingCall{},
	}
}

// take takes a token for a call of the tenant. If there is none, it queues the call and returns it; the
// caller must then call await. If the call is expected to wait for longer than maxWait, take does not queue
// it. Errors: Unavailable (budget_exhausted), with the expected wait as RetryAfter.
func (b *tokenBucket) take(tenant domain.TenantID, maxWait time.Duration) (*waitingCall, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if len(b.turns) == 0 && b.allow(now) {
		return nil, nil
	}
	if wait := b.expectedWait(tenant, now); wait > max(maxWait, 0) {
		return nil, budgetExhausted(wait)
	}
	call := &waitingCall{tenant: tenant, granted: make(chan struct{})}
	if len(b.queues[tenant]) == 0 {
		b.turns = append(b.turns, tenant)
	}
	b.queues[tenant] = append(b.queues[tenant], call)
	if b.timer == nil {
		b.schedule(now)
	}
	return call, nil
}

// await waits for the token of a queued call. It waits at most maxWait, because calls of other tenants that
// were queued later can take tokens earlier. Errors: Unavailable (budget_exhausted), as for take; the error
// of transportError if ctx ends.
func (b *tokenBucket) await(ctx context.Context, call *waitingCall, maxWait time.Duration) error {
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-call.granted:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.remove(call): // the token was granted at this moment
		return nil
	case ctx.Err() != nil:
		return transportError(ctx, ctx.Err())
	}
	return budgetExhausted(max(b.expectedWait(call.tenant, b.clock.Now()), time.Millisecond))
}

// grant gives the tokens that are due to waiting calls, one tenant after the other.
func (b *tokenBucket) grant() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	for len(b.turns) > 0 && b.allow(now) {
		tenant := b.turns[0]
		call := b.queues[tenant][0]
		b.turns = append(b.turns[1:], tenant) // the tenant goes to the end of the order
		b.remove(call)
		close(call.granted)
	}
	b.schedule(now)
}

// remove removes a call from its queue, and reports whether the call was queued. The caller must hold b.mu.
func (b *tokenBucket) remove(call *waitingCall) bool {
	queue := b.queues[call.tenant]
	i := slices.Index(queue, call)
	if i < 0 {
		return false
	}
	if queue = slices.Delete(queue, i, i+1); len(queue) > 0 {
		b.queues[call.tenant] = queue
		return true
	}
	delete(b.queues, call.tenant)
	b.turns = slices.DeleteFunc(b.turns, func(t domain.TenantID) bool { return t == call.tenant })
	return true
}

// schedule sets the timer for the next token if calls wait. The caller must hold b.mu.
func (b *tokenBucket) schedule(now time.Time) {
	b.timer = nil
	if len(b.turns) > 0 {
		b.timer = time.AfterFunc(max(b.tokensIn(1, now), time.Millisecond), b.grant)
	}
}

// allow takes a token if there is one and the bucket is not blocked. The caller must hold b.mu.
func (b *tokenBucket) allow(now time.Time) bool {
	return !now.Before(b.blockedUntil) && b.limiter.AllowN(now, 1)
}

// expectedWait returns how long a call of the tenant would wait if it were queued now and no other call
// were queued after it. The caller must hold b.mu.
func (b *tokenBucket) expectedWait(tenant domain.TenantID, now time.Time) time.Duration {
	own := len(b.queues[tenant])
	tokens := own + 1
	for other, queue := range b.queues {
		if other != tenant {
			tokens += min(len(queue), own+1)
		}
	}
	return b.tokensIn(tokens, now)
}

// tokensIn returns the time until n calls can get a token. The caller must hold b.mu.
func (b *tokenBucket) tokensIn(n int, now time.Time) time.Duration {
	blocked := max(0, b.blockedUntil.Sub(now))
	missing := float64(n) - b.limiter.TokensAt(now.Add(blocked))
	return blocked + time.Duration(max(missing, 0)/float64(b.limiter.Limit())*float64(time.Second))
}

// blockFor blocks the bucket for the wait that a 429 asked for. It never shortens an existing
// block.
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
	waiting := 0
	for _, queue := range b.queues {
		waiting += len(queue)
	}
	tokens := b.limiter.TokensAt(now)
	if now.Before(b.blockedUntil) {
		tokens = 0
	}
	return tokens - float64(waiting)
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
	queued, err := budget.take(call.Tenant, maxWait)
	c.reportBudget(call, budget, c.cfg.Clock.Now())
	if err != nil || queued == nil {
		return err
	}
	return budget.await(ctx, queued, maxWait)
}

// reportBudget passes the number of calls that are left in the budget to [Config.OnBudget].
func (c *Client) reportBudget(call Call, budget *tokenBucket, now time.Time) {
	c.cfg.OnBudget(string(call.Vendor.Name), call.Resource, budget.left(now))
}
