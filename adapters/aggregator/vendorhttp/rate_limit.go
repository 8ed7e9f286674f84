package vendorhttp

import (
	"context"
	"errors"
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
	// refusedFor returns how long the client must not call, because the vendor has refused its calls.
	refusedFor(client string) time.Duration
	// report records the vendor's answer to a call. See ratelimit.Refusals.
	report(o outcome)
	// blockFor blocks the budget for the time that a 429 response asked the client to wait. It never shortens an
	// existing block.
	blockFor(wait time.Duration, now time.Time)
	// giveBack returns the token of a call that the vendor has not accepted, if only accepted calls count.
	giveBack(tenant domain.TenantID)
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
	refusals     ratelimit.Refusals
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
	if now.Before(b.blockedUntil) || b.refusals.ProbeWait(now) > 0 || !b.limiter.AllowN(now, 1) {
		return false
	}
	b.refusals = b.refusals.Probed(now)
	return true
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
	wait := blocked + time.Duration(max(missing, 0)/float64(b.limiter.Limit())*float64(time.Second))
	return max(wait, b.refusals.CallsIn(n, now))
}

// refusedFor implements rateBudget.
func (b *tokenBucket) refusedFor(client string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusals.Wait(client, b.clock.Now())
}

// report implements rateBudget.
func (b *tokenBucket) report(o outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	b.refusals = b.refusals.Apply(o.asOf(now), now)
}

// outcome is the vendor's answer to a call. Its times are on the clock of the process.
type outcome struct {
	client  string
	tenant  domain.TenantID
	sentAt  time.Time
	refused bool
	until   time.Time // when the client may call again, if it was refused
}

// asOf returns the outcome in the form in which replicas share it.
func (o outcome) asOf(now time.Time) ratelimit.Outcome {
	return ratelimit.Outcome{
		Client: o.client, Tenant: o.tenant, SentAgo: now.Sub(o.sentAt), Refused: o.refused, Wait: o.until.Sub(now),
	}
}

// blockFor implements rateBudget.
func (b *tokenBucket) blockFor(wait time.Duration, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := now.Add(wait); until.After(b.blockedUntil) {
		b.blockedUntil = until
	}
}

// giveBack implements rateBudget. Every call counts.
func (b *tokenBucket) giveBack(domain.TenantID) {}

// left implements rateBudget.
func (b *tokenBucket) left(now time.Time) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	tokens := b.limiter.TokensAt(now)
	if now.Before(b.blockedUntil) || b.refusals.Blocked() {
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

// limitOf returns the rate limit of a resource. [Config.BudgetPerMinute] does not replace a window that is longer than
// a minute.
func (c *Client) limitOf(v *Vendor, resource string) limit {
	switch {
	case v.Windows[resource].Length > 0:
		return limit{window: v.Windows[resource]}
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
	narrow   bool // the vendor counts only a part of the calls to the origin (Budget.Subject)
}

// budgetsOf returns the rate budgets of a call. The first one is the budget that the fewest calls share. Resources
// without a limit are omitted.
func (c *Client) budgetsOf(o *origin, call Call) []callBudget {
	var budgets []callBudget
	for _, b := range call.budgets() {
		if found := c.origins.budget(o, b, c.limitOf(call.Vendor, b.Resource)); found != nil {
			budgets = append(budgets, callBudget{found, b.Resource, b.Subject != ""})
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
	for i, b := range budgets {
		started := time.Now()
		if err := c.awaitClient(ctx, call, b, maxWait); err != nil {
			giveBack(call.Tenant, budgets[:i])
			return err
		}
		queued, err := b.take(call.Tenant, maxWait)
		c.reportBudget(call, budgets, c.cfg.Clock.Now())
		if err == nil && queued != nil {
			err = b.await(ctx, queued, maxWait-time.Since(started))
		}
		maxWait -= time.Since(started)
		if refused := b.refusedFor(call.Client); err == nil && refused > 0 { // since the call was queued
			err = budgetExhausted(refused)
		}
		if err != nil {
			giveBack(call.Tenant, budgets[:i])
			return err
		}
	}
	return nil
}

// giveBack returns the tokens of a call that the vendor has not accepted.
func giveBack(tenant domain.TenantID, budgets []callBudget) {
	for _, b := range budgets {
		b.giveBack(tenant)
	}
}

// awaitClient waits while the vendor refuses the calls of the client, if this takes at most maxWait. Errors: those of
// rateBudget.await.
func (c *Client) awaitClient(ctx context.Context, call Call, b callBudget, maxWait time.Duration) error {
	refused := b.refusedFor(call.Client)
	switch {
	case refused == 0:
		return nil
	case refused > maxWait:
		c.reportBudget(call, []callBudget{b}, c.cfg.Clock.Now())
		return budgetExhausted(refused)
	}
	timer := time.NewTimer(refused)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return transportError(ctx, ctx.Err())
	}
}

// reportOutcome records the vendor's answer to a call in its budgets. A refusal blocks the narrowest budget if it is
// narrow, and otherwise the client.
func (c *Client) reportOutcome(call Call, budgets []callBudget, sentAt, now time.Time, failure *domain.Error) {
	refused := failure != nil && errors.Is(failure, domain.VendorRateLimited)
	var wait time.Duration
	if refused {
		wait = max(failure.RetryAfter, time.Second)
	}
	for i, b := range budgets {
		switch {
		case !b.narrow && (i == 0 || !refused):
			b.report(outcome{call.Client, call.Tenant, sentAt, refused, now.Add(wait)})
		case i == 0 && refused:
			b.blockFor(wait, now)
		}
	}
	if refused && len(budgets) > 0 {
		c.reportBudget(call, budgets, now)
	}
}

// reportBudget calls [Config.OnBudget] with the current state of the call's last budget, which is the budget that the
// most calls share.
func (c *Client) reportBudget(call Call, budgets []callBudget, now time.Time) {
	widest := budgets[len(budgets)-1]
	c.cfg.OnBudget(string(call.Vendor.Name), widest.resource, widest.left(now))
}
