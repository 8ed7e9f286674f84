package ratelimit

import (
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Allowance is a rate limit, converted into the parameters of a token bucket. No period of one minute contains more
// calls than the limit. Only a limit of 1 can be exceeded (see NewAllowance).
type Allowance struct {
	Burst  int // calls that can be made immediately
	Refill int // tokens that are added to the bucket in each minute; each call takes one token
}

// NewAllowance divides a limit of perMinute calls, which must be positive, in three parts:
//
//   - One twenty-fourth is the burst, which can be used immediately.
//   - One twenty-fourth is a reserve, because calls that are granted in one minute can arrive in the next minute.
//   - The rest is refilled over a minute.
//
// A bucket with the whole limit as burst and as refill would allow twice the limit in one minute. With the three parts,
// eleven twelfths of the limit can be used in every minute. Burst and refill are at least 1, so a limit of 1 can allow
// two calls in a minute.
func NewAllowance(perMinute int) Allowance {
	reserve := perMinute / 24
	burst := max(1, reserve)
	return Allowance{Burst: burst, Refill: max(1, perMinute-burst-reserve)}
}

// Interval returns the time after which one more call becomes possible. It is rounded up to microseconds, the precision
// of the stores.
func (a Allowance) Interval() time.Duration {
	const minute = int(time.Minute / time.Microsecond)
	refill := max(1, a.Refill)
	return time.Duration((minute+refill-1)/refill) * time.Microsecond
}

// calls(n) returns the time in which the bucket gains tokens for n calls.
func (a Allowance) calls(n int) time.Duration { return time.Duration(n) * a.Interval() }

// Limits of the state of a rate budget.
const (
	// RateDemandTTL is how long a replica's demand is valid after the replica's last request. If a replica has died,
	// the other replicas receive its share after this time.
	RateDemandTTL = 4 * time.Second
	// MaxRateBlock is the longest time for which a budget is blocked.
	MaxRateBlock = time.Hour

	// rateCredit is the advantage, in tokens, of a tenant that starts to wait again (see TenantDemand.Served). It
	// compensates tenants with few calls. One request for tokens can serve all calls of such a tenant. Until the tenant
	// waits again, only other tenants get tokens.
	rateCredit = 4
	// A replica sends its next request when it can expect tokens for rateBatch calls. It waits at least minRateRetry
	// and at most maxRateRetry between two requests.
	rateBatch    = 4
	minRateRetry = 200 * time.Millisecond
	maxRateRetry = 1500 * time.Millisecond
)

// Budget is the state of a rate budget that several replicas share: a token bucket, and the calls that wait for
// its tokens. The zero value is a full bucket for which no call waits. All times are on the clock of the store.
type Budget struct {
	FullAt       time.Time      // when the bucket will be full if no token is taken; in the past if it is full now
	BlockedUntil time.Time      // the vendor accepts no call before this time
	Demands      []TenantDemand // the tenants whose calls wait, or waited within the last RateDemandTTL
	Refusals     Refusals       // the clients that the vendor has refused
}

// TenantDemand contains the waiting calls of one tenant.
type TenantDemand struct {
	Tenant domain.TenantID
	// Served is a count that grows with each token of the tenant. The waiting tenant with the lowest count gets the
	// next token.
	//
	// A tenant that starts to wait begins with the lowest count of the waiting tenants. A tenant that has also waited
	// within the last RateDemandTTL keeps its previous count, but at least a minimum. The minimum is the lowest count
	// of the waiting tenants minus rateCredit.
	Served   int64
	Replicas []ReplicaDemand
	// Taken and AskedAt are set only in the state of a Window; they are zero in the state of a token bucket. Taken
	// contains the times at which the tenant took calls from the window. AskedAt is when the tenant last asked for a
	// call.
	Taken   []time.Time
	AskedAt time.Time
}

// ReplicaDemand contains the calls of one tenant that wait in one replica.
type ReplicaDemand struct {
	Replica string
	Calls   int       // calls that wait
	Served  int64     // a count of the tokens that this replica has taken for the tenant
	AskedAt time.Time // when the replica sent its last request
}

// TenantCalls is a number of calls of one tenant.
type TenantCalls struct {
	Tenant domain.TenantID
	Calls  int
}

// Request is a replica's request for tokens.
type Request struct {
	Replica string
	Waiting []TenantCalls // the number of waiting calls of each tenant in the replica
	// Spare is the number of additional tokens that the replica requests in advance, for future calls. Spare tokens are
	// granted only while no call waits in any replica. At least a third of the burst must remain in the bucket.
	Spare int
	// BlockFor, if positive, blocks the budget because the vendor has asked the replica to wait.
	BlockFor time.Duration
	// Outcomes are answers of the vendor that the replica has not reported before, the oldest first.
	Outcomes []Outcome
	// FullAt is the latest Budget.FullAt that the replica has seen. If the stored state has an earlier FullAt, it
	// is outdated and is corrected. For example, a standby server may have taken over without the last changes.
	FullAt time.Time
}

// Grant is the response to a Request.
type Grant struct {
	Calls []TenantCalls // how many waiting calls of each tenant may be sent
	Spare int           // how many additional tokens are granted in advance, for calls that do not wait yet
	// RetryIn is the time after which the replica should send its next request. Zero means that every waiting call in
	// the request has received a token.
	RetryIn time.Duration
}

// Grant assigns tokens to the requesting replica, and returns the new state of the budget. It does not change b.
//
// Each available token goes to the waiting tenant that has taken the fewest tokens. If this tenant waits in several
// replicas, the token goes to the replica that has taken the fewest tokens. A token for another replica remains in the
// bucket until that replica sends a request.
func (b Budget) Grant(a Allowance, r Request, now time.Time) (Budget, Grant) {
	b = b.asOf(a, r, now)
	b.record(r, now)
	var grant Grant
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
	if _, _, waits := plan.peek(r.Replica); !waits && reserved == 0 && !b.Refusals.Blocked() {
		grant.Spare = max(0, min(r.Spare, free-taken-a.Burst/3))
		taken += grant.Spare
	}
	b.FullAt = roundUp(domain.Later(b.FullAt, now).Add(a.calls(taken)))
	if taken > 0 {
		b.Refusals = b.Refusals.Probed(now)
	}
	grant.RetryIn = b.retryIn(a, r, plan, grant, reserved, now)
	return b, grant
}

// Available returns the number of tokens that can be taken now.
func (b Budget) Available(a Allowance, now time.Time) int {
	if now.Before(b.BlockedUntil) {
		return 0
	}
	missing := max(0, b.FullAt.Sub(now))
	available := int(max(0, a.calls(a.Burst)-missing) / a.Interval())
	switch {
	case b.Refusals.ProbeWait(now) > 0:
		return 0
	case b.Refusals.Blocked():
		return min(available, 1)
	}
	return available
}

// ExpectedWait returns how long a new call of the tenant would wait in the replica, after all earlier calls of this
// tenant. The waiting calls of this replica are an argument. The waiting calls of the other replicas are in b.
func (b Budget) ExpectedWait(
	a Allowance, replica string, waiting []TenantCalls, tenant domain.TenantID, now time.Time,
) time.Duration {
	calls := map[domain.TenantID]int{}
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
func (b Budget) tokensIn(a Allowance, n int, now time.Time) time.Duration {
	due := domain.Later(domain.Later(b.FullAt, now).Add(a.calls(n-a.Burst)), b.BlockedUntil)
	return max(0, due.Sub(now), b.Refusals.CallsIn(n, now))
}

// asOf returns a copy of the state, updated to the time now. It applies FullAt and BlockFor of the request, and omits
// replicas without a recent request.
//
// If the store's clock was set back, stored times can be too far in the future. asOf therefore limits them: the bucket
// is at worst empty, and a block lasts at most MaxRateBlock.
func (b Budget) asOf(a Allowance, r Request, now time.Time) Budget {
	b.FullAt = domain.Earlier(domain.Later(b.FullAt, r.FullAt), now.Add(a.calls(a.Burst)))
	if r.BlockFor > 0 {
		b.BlockedUntil = domain.Later(b.BlockedUntil, now.Add(r.BlockFor))
	}
	b.BlockedUntil = domain.Earlier(b.BlockedUntil, now.Add(MaxRateBlock))
	for _, o := range r.Outcomes {
		b.Refusals = b.Refusals.Apply(o, now)
	}
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

// record replaces the demand of the requesting replica. When a tenant or a replica starts to wait, its count Served is
// raised to a minimum. Without the minimum, a tenant could save up tokens during a time without calls.
//
//   - The minimum of TenantDemand.Served is the lowest count of the waiting tenants minus rateCredit.
//   - The minimum of ReplicaDemand.Served is the lowest count of the replicas in which the same tenant waits.
func (b *Budget) record(r Request, now time.Time) {
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
	var waiting []int64 // Served of the replicas in which the tenant waits
	for _, other := range d.Replicas {
		if other.Calls > 0 {
			waiting = append(waiting, other.Served)
		}
	}
	j := d.replica(replica)
	if j < 0 {
		j = len(d.Replicas)
		d.Replicas = append(d.Replicas, ReplicaDemand{Replica: replica})
	}
	own := &d.Replicas[j]
	if own.Calls == 0 && len(waiting) > 0 {
		own.Served = max(own.Served, slices.Min(waiting))
	}
	own.Calls, own.AskedAt = calls, now
}

func (d *TenantDemand) replica(name string) int {
	return slices.IndexFunc(d.Replicas, func(r ReplicaDemand) bool { return r.Replica == name })
}

// calls returns the total number of the tenant's waiting calls in all replicas.
func (d *TenantDemand) calls() (n int) {
	for _, r := range d.Replicas {
		n += r.Calls
	}
	return n
}

// retryIn returns how long the replica should wait before its next request; 0 if no call waits in the replica. It
// assumes that each caller with a new token will immediately wait for another one, as a pull does.
//
// The argument plan contains the calls that still wait after all available tokens were assigned. The argument reserved
// is the number of tokens that were assigned to other replicas.
func (b Budget) retryIn(
	a Allowance, r Request, plan ratePlan, grant Grant, reserved int, now time.Time,
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
	if b.Refusals.Blocked() {
		return max(b.Refusals.ProbeWait(now), minRateRetry)
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
	longest := min(a.calls(a.Burst)/2, maxRateRetry) // ask before the bucket is full; a full bucket gets no new tokens
	return min(max(b.tokensIn(a, tokens, now), minRateRetry), max(longest, minRateRetry))
}

// ratePlan distributes tokens to demands, one by one.
type ratePlan struct{ demands []TenantDemand }

// The method next assigns one token, and returns the indexes of the tenant and the replica that get the token. ok is
// false if no call waits.
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

// peek returns the indexes of the tenant and the replica that get the next token. It chooses the waiting tenant with
// the lowest Served. If this tenant waits in several replicas, peek chooses the replica with the lowest Served. Among
// tenants with equal Served, a tenant that waits in the asking replica is preferred. Among replicas with equal Served,
// the asking replica is preferred.
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

// The method add adds one token for a waiting call of the tenant.
func (g *Grant) add(tenant domain.TenantID) {
	for i := range g.Calls {
		if g.Calls[i].Tenant == tenant {
			g.Calls[i].Calls++
			return
		}
	}
	g.Calls = append(g.Calls, TenantCalls{Tenant: tenant, Calls: 1})
}

// lowestServed returns the lowest TenantDemand.Served of the tenants with waiting calls. If no call waits, it returns
// the highest TenantDemand.Served of all tenants.
func lowestServed(demands []TenantDemand) int64 {
	var highest int64
	var waiting []int64
	for i := range demands {
		d := &demands[i]
		highest = max(highest, d.Served)
		if d.calls() > 0 {
			waiting = append(waiting, d.Served)
		}
	}
	if len(waiting) == 0 {
		return highest
	}
	return slices.Min(waiting)
}

func callsOf(all []TenantCalls, tenant domain.TenantID) (n int) {
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

// roundUp rounds a time up to microseconds, the precision of the stores. If the store rounded FullAt down, the bucket
// would gain a fraction of a token.
func roundUp(t time.Time) time.Time {
	if down := t.Truncate(time.Microsecond); down.Before(t) {
		return down.Add(time.Microsecond)
	}
	return t
}
