package domain

import (
	"slices"
	"time"
)

// RateAllowance is a rate limit, divided so that no minute, no matter when it starts, has more calls than the limit.
type RateAllowance struct {
	Burst  int // calls that can be made at once
	Refill int // calls that become possible in each minute
}

// NewRateAllowance divides a limit of perMinute calls, which must be positive, in three parts:
//
//   - one twenty-fourth can be used at once (the burst),
//   - another twenty-fourth is kept in reserve, because calls that are granted in one minute can
//     be sent or arrive late, in the next minute,
//   - the rest is refilled over a minute.
//
// Therefore no minute, no matter when it starts, has more calls than the limit. A bucket that holds
// the whole limit and is also refilled at the full rate would allow twice as many. Eleven twelfths
// of the limit can be used in every minute.
func NewRateAllowance(perMinute int) RateAllowance {
	reserve := perMinute / 24
	burst := max(1, reserve)
	return RateAllowance{Burst: burst, Refill: max(1, perMinute-burst-reserve)}
}

// Interval returns the time after which one more call becomes possible. It is rounded up to microseconds, the precision
// of the stores.
func (a RateAllowance) Interval() time.Duration {
	const minute = int(time.Minute / time.Microsecond)
	refill := max(1, a.Refill)
	return time.Duration((minute+refill-1)/refill) * time.Microsecond
}

// calls returns the time after which n more calls become possible.
func (a RateAllowance) calls(n int) time.Duration { return time.Duration(n) * a.Interval() }

// Limits of the state of a rate budget.
const (
	// RateDemandTTL is how long a replica's demand counts after the replica's last request. After this time, the other
	// replicas receive the share of a replica that has died.
	RateDemandTTL = 4 * time.Second
	// MaxRateBlock is the longest time for which a budget is blocked.
	MaxRateBlock = time.Hour

	// rateCredit is the maximum credit of a tenant, in tokens. A tenant gets credit if its calls wait again within
	// RateDemandTTL after all its earlier calls were served. Without this credit, a tenant whose few calls are all
	// served by one request would get less than its share, because its next calls wait for the next request.
	rateCredit = 4
	// A replica sends its next request when it can expect tokens for rateBatch calls, but not earlier than minRateRetry
	// and not later than maxRateRetry after its last request.
	rateBatch    = 4
	minRateRetry = 200 * time.Millisecond
	maxRateRetry = 1500 * time.Millisecond
)

// RateBudget is the state of a rate budget that several replicas share: a token bucket, and the calls that wait for
// its tokens. The zero value is a full bucket for which no call waits. All times are on the clock of the store.
type RateBudget struct {
	FullAt       time.Time      // when the bucket will be full if no token is taken; in the past if it is full now
	BlockedUntil time.Time      // the vendor accepts no call before this time
	Demands      []TenantDemand // the tenants whose calls wait, or waited within the last RateDemandTTL
}

// TenantDemand contains the waiting calls of one tenant.
type TenantDemand struct {
	Tenant TenantID
	// Served counts the tokens that the tenant has taken. The tenant with the lowest count takes the next token. A
	// tenant that starts to wait begins with the lowest count of the tenants that already wait. If its own earlier
	// calls waited within the last RateDemandTTL, its count can be lower than that by up to rateCredit.
	Served   int64
	Replicas []ReplicaDemand
}

// ReplicaDemand contains the calls of one tenant that wait on one replica.
type ReplicaDemand struct {
	Replica string
	Calls   int       // calls that wait
	Served  int64     // like TenantDemand.Served, among the replicas of the tenant
	AskedAt time.Time // when the replica sent its last request
}

// TenantCalls is a number of calls of one tenant.
type TenantCalls struct {
	Tenant TenantID
	Calls  int
}

// RateRequest is a replica's request for tokens.
type RateRequest struct {
	Replica string
	Waiting []TenantCalls // the calls that wait on the replica, each tenant once
	// Spare is the number of additional tokens that the replica can use soon. They are granted only while no call waits
	// on any replica, and only as long as a third of the burst remains.
	Spare int
	// BlockFor, if positive, blocks the budget because the vendor has asked the replica to wait.
	BlockFor time.Duration
	// FullAt is the latest RateBudget.FullAt that the replica has seen. It corrects a stored state that has gone back
	// in time, for example because a standby server without the last changes has taken over.
	FullAt time.Time
}

// RateGrant is the response to a RateRequest.
type RateGrant struct {
	Calls []TenantCalls // the tokens for calls that wait
	Spare int           // tokens for calls that do not wait yet
	// RetryIn is the time after which the replica should send its next request. Zero means that none of the calls in
	// the request is still waiting.
	RetryIn time.Duration
}

// Grant gives tokens to a replica and returns the new state. The tokens that are available now are divided among all
// replicas with recent requests. The next token goes to the tenant that was served least, and among its replicas to the
// one that was served least. The requesting replica gets only its own part; the other parts remain in the bucket until
// the other replicas request them. Grant does not change b.
func (b RateBudget) Grant(a RateAllowance, r RateRequest, now time.Time) (RateBudget, RateGrant) {
	b = b.at(a, r, now)
	b.record(r, now)
	var grant RateGrant
	taken, reserved := 0, 0
	plan := ratePlan{cloneDemands(b.Demands)}
	free := b.Available(a, now)
	for range free {
		tenant, replica, ok := plan.next(r.Replica)
		if !ok {
			break
		}
		if b.Demands[tenant].Replicas[replica].Replica != r.Replica {
			reserved++
			continue
		}
		ratePlan{b.Demands}.serve(tenant, replica)
		grant.add(b.Demands[tenant].Tenant)
		taken++
	}
	if _, _, waits := plan.peek(r.Replica); !waits && reserved == 0 {
		grant.Spare = max(0, min(r.Spare, free-taken-a.Burst/3))
		taken += grant.Spare
	}
	b.FullAt = roundUp(later(b.FullAt, now).Add(a.calls(taken)))
	grant.RetryIn = b.retryIn(a, r, plan, grant, reserved, now)
	return b, grant
}

// Available returns the number of tokens that can be taken at once.
func (b RateBudget) Available(a RateAllowance, now time.Time) int {
	if now.Before(b.BlockedUntil) {
		return 0
	}
	missing := max(0, b.FullAt.Sub(now))
	return int(max(0, a.calls(a.Burst)-missing) / a.Interval())
}

// ExpectedWait returns how long one more call of the tenant would wait on the replica, if it were served after all
// calls of the tenant that already wait. waiting contains the calls that wait on this replica; b contains the calls
// that wait on the other replicas.
func (b RateBudget) ExpectedWait(
	a RateAllowance, replica string, waiting []TenantCalls, tenant TenantID, now time.Time,
) time.Duration {
	calls := map[TenantID]int{}
	for _, w := range waiting {
		calls[w.Tenant] += w.Calls
	}
	for _, d := range b.Demands {
		for _, other := range d.Replicas {
			if other.Replica != replica && other.live(now) {
				calls[d.Tenant] += other.Calls
			}
		}
	}
	tokens := calls[tenant] + 1
	for other, n := range calls {
		if other != tenant {
			tokens += min(n, calls[tenant]+1)
		}
	}
	return b.tokensIn(a, tokens, now)
}

// tokensIn returns the time until n tokens can be taken.
func (b RateBudget) tokensIn(a RateAllowance, n int, now time.Time) time.Duration {
	due := later(b.FullAt, now).Add(a.calls(n - a.Burst))
	return max(0, later(due, b.BlockedUntil).Sub(now))
}

// at returns a copy of the state, updated to the time now. If the clock of the store was set back, the stored times can
// be later than the rules allow. In the copy, these times are then replaced by the latest allowed ones, which means
// that the bucket is empty and a block lasts MaxRateBlock.
func (b RateBudget) at(a RateAllowance, r RateRequest, now time.Time) RateBudget {
	b.FullAt = earlier(later(b.FullAt, r.FullAt), now.Add(a.calls(a.Burst)))
	if r.BlockFor > 0 {
		b.BlockedUntil = later(b.BlockedUntil, now.Add(r.BlockFor))
	}
	b.BlockedUntil = earlier(b.BlockedUntil, now.Add(MaxRateBlock))
	b.Demands = cloneDemands(b.Demands)
	for i := range b.Demands {
		d := &b.Demands[i]
		d.Replicas = slices.DeleteFunc(d.Replicas, func(r ReplicaDemand) bool { return !r.live(now) })
	}
	b.Demands = slices.DeleteFunc(b.Demands, func(d TenantDemand) bool { return len(d.Replicas) == 0 })
	return b
}

// live reports whether the replica has sent a request recently. A time in the future means that the clock was set back.
func (r ReplicaDemand) live(now time.Time) bool {
	return now.Sub(r.AskedAt) < RateDemandTTL && r.AskedAt.Sub(now) < RateDemandTTL
}

// record replaces the demand of a replica. If a tenant had no waiting calls before, its count begins at the lowest
// count of the tenants with waiting calls, so that no tenant can save up tokens. The same applies to the replicas of a
// tenant.
func (b *RateBudget) record(r RateRequest, now time.Time) {
	for i := range b.Demands {
		d := &b.Demands[i]
		if j := d.replica(r.Replica); j >= 0 && callsOf(r.Waiting, d.Tenant) == 0 {
			d.Replicas[j].Calls = 0
		}
	}
	lowest := lowestServed(b.Demands)
	for _, w := range r.Waiting {
		if w.Calls <= 0 {
			continue
		}
		i := slices.IndexFunc(b.Demands, func(d TenantDemand) bool { return d.Tenant == w.Tenant })
		if i < 0 {
			i = len(b.Demands)
			b.Demands = append(b.Demands, TenantDemand{Tenant: w.Tenant, Served: lowest})
		}
		d := &b.Demands[i]
		if d.calls() == 0 {
			d.Served = max(d.Served, lowest-rateCredit)
		}
		d.record(r.Replica, w.Calls, now)
	}
}

func (d *TenantDemand) record(replica string, calls int, now time.Time) {
	var lowest int64
	found := false
	for _, other := range d.Replicas {
		if other.Calls > 0 && (!found || other.Served < lowest) {
			lowest, found = other.Served, true
		}
	}
	j := d.replica(replica)
	if j < 0 {
		j = len(d.Replicas)
		d.Replicas = append(d.Replicas, ReplicaDemand{Replica: replica})
	}
	own := &d.Replicas[j]
	if own.Calls == 0 {
		own.Served = max(own.Served, lowest)
	}
	own.Calls, own.AskedAt = calls, now
}

func (d *TenantDemand) replica(name string) int {
	return slices.IndexFunc(d.Replicas, func(r ReplicaDemand) bool { return r.Replica == name })
}

// calls returns the number of calls of the tenant that wait on all replicas.
func (d *TenantDemand) calls() (n int) {
	for _, r := range d.Replicas {
		n += r.Calls
	}
	return n
}

// retryIn returns RateGrant.RetryIn. reserved is the number of available tokens that are left to other replicas, and
// plan is the demand that remains after all available tokens were given out. retryIn assumes that each caller that gets
// a token now will wait for another token at once, as a pull does.
func (b RateBudget) retryIn(
	a RateAllowance, r RateRequest, plan ratePlan, grant RateGrant, reserved int, now time.Time,
) time.Duration {
	waiting := 0
	for _, d := range plan.demands {
		if j := d.replica(r.Replica); j >= 0 {
			waiting += d.Replicas[j].Calls
		}
	}
	if waiting == 0 {
		return 0
	}
	if blocked := b.BlockedUntil.Sub(now); blocked > 0 {
		return max(blocked, minRateRetry)
	}
	for i := range plan.demands {
		d := &plan.demands[i]
		if again := callsOf(grant.Calls, d.Tenant); again > 0 {
			d.Replicas[d.replica(r.Replica)].Calls += again
			waiting += again
		}
	}
	tokens := reserved
	for own := 0; own < min(waiting, rateBatch); tokens++ {
		tenant, replica, _ := plan.next(r.Replica)
		if plan.demands[tenant].Replicas[replica].Replica == r.Replica {
			own++
		}
	}
	longest := min(a.calls(a.Burst)/2, maxRateRetry) // a full bucket would lose tokens
	return min(max(b.tokensIn(a, tokens, now), minRateRetry), max(longest, minRateRetry))
}

// ratePlan distributes tokens to demands, one by one.
type ratePlan struct{ demands []TenantDemand }

// next assigns one token, and returns the indexes of the tenant and the replica that get the token. ok is false if no
// call waits.
func (p ratePlan) next(asking string) (tenant, replica int, ok bool) {
	if tenant, replica, ok = p.peek(asking); ok {
		p.serve(tenant, replica)
	}
	return tenant, replica, ok
}

func (p ratePlan) serve(tenant, replica int) {
	d := &p.demands[tenant]
	d.Served++
	d.Replicas[replica].Served++
	d.Replicas[replica].Calls--
}

// peek returns the tenant and the replica that take the next token. Among tenants with equal counts, it prefers one
// with calls that wait on the asking replica. Among replicas with equal counts, it prefers the asking replica.
func (p ratePlan) peek(asking string) (tenant, replica int, ok bool) {
	tenant = -1
	own := false
	for i := range p.demands {
		d := &p.demands[i]
		if d.calls() == 0 {
			continue
		}
		j := d.replica(asking)
		asks := j >= 0 && d.Replicas[j].Calls > 0
		if tenant < 0 || d.Served < p.demands[tenant].Served ||
			d.Served == p.demands[tenant].Served && asks && !own {
			tenant, own = i, asks
		}
	}
	if tenant < 0 {
		return 0, 0, false
	}
	replica = -1
	for j, r := range p.demands[tenant].Replicas {
		if r.Calls == 0 {
			continue
		}
		if replica < 0 || r.Served < p.demands[tenant].Replicas[replica].Served ||
			r.Served == p.demands[tenant].Replicas[replica].Served && r.Replica == asking {
			replica = j
		}
	}
	return tenant, replica, true
}

// add counts a token for a waiting call of the tenant.
func (g *RateGrant) add(tenant TenantID) {
	for i := range g.Calls {
		if g.Calls[i].Tenant == tenant {
			g.Calls[i].Calls++
			return
		}
	}
	g.Calls = append(g.Calls, TenantCalls{Tenant: tenant, Calls: 1})
}

// lowestServed returns the lowest count of the tenants with waiting calls, or the highest count if no call waits.
func lowestServed(demands []TenantDemand) int64 {
	var lowest, highest int64
	waits := false
	for i := range demands {
		d := &demands[i]
		highest = max(highest, d.Served)
		if d.calls() > 0 && (!waits || d.Served < lowest) {
			lowest, waits = d.Served, true
		}
	}
	if !waits {
		return highest
	}
	return lowest
}

func callsOf(all []TenantCalls, tenant TenantID) (n int) {
	for _, c := range all {
		if c.Tenant == tenant {
			n += c.Calls
		}
	}
	return n
}

func cloneDemands(demands []TenantDemand) []TenantDemand {
	demands = slices.Clone(demands)
	for i := range demands {
		demands[i].Replicas = slices.Clone(demands[i].Replicas)
	}
	return demands
}

// roundUp rounds a time up to the precision of the stores, so that the stored state never contains more tokens.
func roundUp(t time.Time) time.Time {
	if down := t.Truncate(time.Microsecond); down.Before(t) {
		return down.Add(time.Microsecond)
	}
	return t
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
