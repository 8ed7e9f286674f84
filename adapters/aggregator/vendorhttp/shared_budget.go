package vendorhttp

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	// tokenValidity is how long a token of a shared budget can be used. An unused token is lost after this time. The
	// validity starts just before the token is requested. It is measured only on the clock of the process, because the
	// clocks of two machines may differ.
	//
	// A call may therefore be sent up to tokenValidity after the store has granted its token. ratelimit.NewAllowance
	// reserves a part of the limit for such late calls.
	tokenValidity = time.Second
	// storeRetry is the delay before the next request for tokens if a request has failed.
	storeRetry = 500 * time.Millisecond
	// spareTokens is the number of tokens that each request to the store asks for in advance, for later calls. The
	// store grants these tokens only if no call waits. If a pull sends one call after the other, the spare tokens
	// save requests to the store.
	spareTokens = 4
	// maxReported is the maximum number of tenants in one request for tokens. It is also the maximum number of calls
	// that the request counts for each tenant. The other waiting calls are served after a later request.
	maxReported = 32
	// maxOutcomes is the maximum number of answers of the vendor in one request.
	maxOutcomes = 32
)

// sharedBudgets contains the configuration and the lifetime of all shared budgets of one client.
type sharedBudgets struct {
	store    ports.RateBudgets
	address  string // Config.EgressAddress
	replica  string // the name of this client among the replicas
	onError  func(error)
	lifetime context.Context // ends when the client is closed
	close    context.CancelFunc
}

func newSharedBudgets(c Config) *sharedBudgets {
	if c.SharedBudgets == nil {
		return nil
	}
	s := &sharedBudgets{
		store: c.SharedBudgets, address: c.EgressAddress, replica: rand.Text(), onError: c.OnBudgetError,
	}
	s.lifetime, s.close = context.WithCancel(context.Background())
	return s
}

// budget returns the shared budget of a resource at an origin.
func (s *sharedBudgets) budget(key originKey, resource string, perMinute int) *sharedBudget {
	return &sharedBudget{
		sharedBudgets: s, allowance: ratelimit.NewAllowance(perMinute), queue: newCallQueue(),
		key: s.keyOf(key, resource),
	}
}

func (s *sharedBudgets) keyOf(key originKey, resource string) ports.RateBudgetKey {
	return ports.RateBudgetKey{
		Vendor: domain.Vendor(key.vendor), Origin: key.origin, Resource: resource, EgressAddress: s.address,
	}
}

// sharedBudget is a rate budget that all replicas on one database share. Its tokens are kept in the database. A call is
// sent only with a token from the database.
//
// While calls wait, the replica requests the tokens of several calls together. Each request states how many calls wait
// in the replica, so that the tokens can be divided fairly among all tenants and replicas. While no call waits, the
// replica sends no request.
//
// If the database does not respond, calls wait for at most maxWait and then fail with budget_exhausted.
type sharedBudget struct {
	*sharedBudgets
	key       ports.RateBudgetKey
	allowance ratelimit.Allowance

	mu           sync.Mutex
	queue        callQueue
	spare        int              // tokens that no call has taken yet
	spareUntil   time.Time        // when spare expires
	blockedUntil time.Time        // on the clock of the process
	block        bool             // whether blockedUntil still has to be stored
	outcomes     []outcome        // answers that still have to be stored, the oldest first; at most maxOutcomes
	urgent       bool             // whether outcomes must be stored without a wait
	state        ratelimit.Budget // the state after the last request
	stateAt      time.Time        // the store's time at the last request
	learnedAt    time.Time        // the same moment as stateAt, on the clock of the process
	asking       bool
	timer        *time.Timer // starts the next request; nil if none is planned
	failed       bool        // whether the last request failed
}

// take implements rateBudget.
func (b *sharedBudget) take(tenant domain.TenantID, maxWait time.Duration) (*waitingCall, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.spare > 0 && now.Before(b.spareUntil) && !now.Before(b.blockedUntil) && !b.state.Refusals.Blocked() {
		b.spare--
		return nil, nil
	}
	if wait := b.expectedWait(tenant, now); wait > max(maxWait, 0) {
		return nil, budgetExhausted(wait)
	}
	call := b.queue.push(tenant)
	b.requestTokens()
	return call, nil
}

// await implements rateBudget. If a token expires before the call can use it, the call is queued again.
func (b *sharedBudget) await(ctx context.Context, call *waitingCall, maxWait time.Duration) error {
	for deadline := time.Now().Add(maxWait); ; {
		granted := call.wait(ctx, time.Until(deadline))
		b.mu.Lock()
		granted = granted || !b.queue.remove(call) // the token was granted just as the wait ended
		now := time.Now()
		switch {
		case granted && now.Before(call.validUntil):
			b.mu.Unlock()
			return nil
		case ctx.Err() != nil:
			b.mu.Unlock()
			return transportError(ctx, ctx.Err())
		case !now.Before(deadline):
			wait := b.expectedWait(call.tenant, now)
			b.mu.Unlock()
			return budgetExhausted(max(wait, time.Second))
		}
		call = b.queue.push(call.tenant)
		b.requestTokens()
		b.mu.Unlock()
	}
}

// blockFor implements rateBudget. It also stores the block, so that the other replicas learn of it with their next
// request for tokens.
func (b *sharedBudget) blockFor(wait time.Duration, _ time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := time.Now().Add(wait); until.After(b.blockedUntil) {
		b.blockedUntil, b.block = until, true
		b.stopTimer()
		b.requestTokens()
	}
}

// refusedFor implements rateBudget.
func (b *sharedBudget) refusedFor(client string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state.Refusals.Wait(client, b.storeTime(time.Now()))
}

// report implements rateBudget. An answer is stored with the next request for tokens. It is stored at once if the
// vendor has refused the call, or if the answer may end a block of the origin.
func (b *sharedBudget) report(o outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	urgent := o.refused || b.state.Refusals.Blocked()
	b.outcomes = slices.DeleteFunc(b.outcomes, func(p outcome) bool { return p.client == o.client && !p.refused })
	b.addOutcomes(o)
	b.state.Refusals = b.state.Refusals.Apply(o.asOf(now), b.storeTime(now))
	if urgent {
		b.urgent = true
		b.stopTimer()
		b.requestTokens()
	}
}

// addOutcomes adds answers that must be stored. The caller must hold b.mu.
func (b *sharedBudget) addOutcomes(all ...outcome) {
	b.outcomes = append(b.outcomes, all...)
	b.outcomes = b.outcomes[max(0, len(b.outcomes)-maxOutcomes):]
}

// giveBack implements rateBudget. Every call counts.
func (b *sharedBudget) giveBack(domain.TenantID) {}

// left implements rateBudget.
func (b *sharedBudget) left(time.Time) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	tokens := b.state.Available(b.allowance, b.storeTime(now))
	if now.Before(b.blockedUntil) || b.state.Refusals.Blocked() {
		tokens = 0
	}
	return float64(tokens - b.queue.waiting())
}

// storeTime converts its argument, a time on the clock of the process, to the clock of the store. It uses the
// difference between the two clocks at the last request. The caller must hold b.mu.
func (b *sharedBudget) storeTime(now time.Time) time.Time { return b.stateAt.Add(now.Sub(b.learnedAt)) }

// expectedWait returns how long a call of the tenant would wait if it were queued now, according to the last known
// state of the budget. The caller must hold b.mu.
func (b *sharedBudget) expectedWait(tenant domain.TenantID, now time.Time) time.Duration {
	wait := b.state.ExpectedWait(b.allowance, b.replica, b.waiting(len(b.queue.turns), tenantCalls), tenant,
		b.storeTime(now))
	return max(wait, b.blockedUntil.Sub(now))
}

// tenantCalls is the maximum number of waiting calls that expectedWait counts for one tenant. It is far above any
// real number of waiting calls.
const tenantCalls = 1 << 20

// waiting returns the number of waiting calls of each tenant, in the order of the tenants' turns. It returns at most
// the given number of tenants. For each tenant, it counts at most the given number of calls. The caller must hold b.mu.
func (b *sharedBudget) waiting(tenants, calls int) []ratelimit.TenantCalls {
	all := make([]ratelimit.TenantCalls, 0, min(tenants, len(b.queue.turns)))
	for _, tenant := range b.queue.turns[:min(tenants, len(b.queue.turns))] {
		all = append(all, ratelimit.TenantCalls{Tenant: tenant, Calls: min(calls, len(b.queue.calls[tenant]))})
	}
	return all
}

// requestTokens starts a request for tokens, unless such a request is already running or planned. The caller
// must hold b.mu.
func (b *sharedBudget) requestTokens() {
	if b.asking || b.timer != nil || b.lifetime.Err() != nil {
		return
	}
	request := ratelimit.Request{
		Replica: b.replica, Waiting: b.waiting(maxReported, maxReported), Spare: spareTokens, FullAt: b.state.FullAt,
	}
	if b.block {
		request.BlockFor = max(0, time.Until(b.blockedUntil))
	}
	now := time.Now()
	for _, o := range b.outcomes {
		request.Outcomes = append(request.Outcomes, o.asOf(now))
	}
	sent := b.outcomes
	b.outcomes, b.urgent, b.asking = nil, false, true
	go b.request(request, sent)
}

// request sends one request for tokens, with the outcomes sent, and grants the tokens to the waiting calls. If the
// outcome of the request is not known, or if the response comes too late, the tokens are not used.
func (b *sharedBudget) request(r ratelimit.Request, sent []outcome) {
	sentAt := time.Now()
	ctx, cancel := context.WithTimeout(b.lifetime, tokenValidity)
	defer cancel()
	var state ratelimit.Budget
	var grant ratelimit.Grant
	var at time.Time
	err := b.store.Update(ctx, b.key, func(stored ratelimit.Budget, now time.Time) ratelimit.Budget {
		state, grant = stored.Grant(b.allowance, r, now)
		at = now
		return state
	})
	b.mu.Lock()
	b.asking = false
	report := err != nil && !b.failed && b.lifetime.Err() == nil
	b.failed = err != nil
	if err != nil {
		since := b.outcomes
		b.outcomes = sent
		b.addOutcomes(since...)
		b.urgent = b.urgent || slices.ContainsFunc(sent, func(o outcome) bool { return o.refused })
		b.plan(storeRetry)
	} else {
		now := time.Now()
		b.state, b.stateAt, b.learnedAt = state, at, now
		for _, o := range b.outcomes {
			b.state.Refusals = b.state.Refusals.Apply(o.asOf(now), at)
		}
		b.block = b.block && b.blockedUntil.Sub(sentAt) > r.BlockFor
		if blocked := state.BlockedUntil.Sub(at); now.Add(blocked).After(b.blockedUntil) {
			b.blockedUntil = now.Add(blocked)
		}
		b.distribute(grant, sentAt.Add(tokenValidity), now)
		b.plan(grant.RetryIn)
	}
	b.mu.Unlock()
	if report {
		b.onError(err)
	}
}

// distribute grants tokens to the waiting calls: first to the calls of the tenants for which the tokens were granted,
// and then to any other calls. It keeps the remaining tokens as spare tokens. It discards the tokens if they have
// expired or the budget is blocked. The caller must hold b.mu.
func (b *sharedBudget) distribute(grant ratelimit.Grant, validUntil, now time.Time) {
	if !now.Before(validUntil) || now.Before(b.blockedUntil) {
		return
	}
	left := grant.Spare
	for _, granted := range grant.Calls {
		for range granted.Calls {
			if !b.queue.grant(granted.Tenant, validUntil) {
				left++ // the tenant has no waiting call any more, so the token is free
			}
		}
	}
	for left > 0 && b.queue.grantNext(validUntil) {
		left--
	}
	b.spare, b.spareUntil = left, validUntil
}

// plan schedules the next request for tokens, if one is needed. A request is needed if a call waits, or if blockedUntil
// or urgent outcomes still have to be stored. The caller must hold b.mu.
func (b *sharedBudget) plan(delay time.Duration) {
	hasNews := b.block || b.urgent
	if b.queue.waiting() == 0 && !hasNews {
		return
	}
	if delay <= 0 || hasNews && !b.failed {
		b.requestTokens()
		return
	}
	b.timer = time.AfterFunc(delay, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.timer = nil
		if b.queue.waiting() > 0 || b.block || b.urgent {
			b.requestTokens()
		}
	})
}

// stopTimer cancels the planned request. The caller must hold b.mu.
func (b *sharedBudget) stopTimer() {
	if b.timer != nil && b.timer.Stop() {
		b.timer = nil
	}
}
