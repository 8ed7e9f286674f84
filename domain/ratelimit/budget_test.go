package ratelimit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
)

var rateEpoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func rateTenant(n byte) domain.TenantID { return domain.TenantID{UUID: [16]byte{n}} }

func calls(tenant domain.TenantID, n int) []ratelimit.TenantCalls {
	return []ratelimit.TenantCalls{{Tenant: tenant, Calls: n}}
}

// tokenValidity is the time within which a replica must use a token, as adapters/aggregator/vendorhttp defines it.
const tokenValidity = time.Second

// FuzzNoMinuteExceedsASharedBudget checks that no minute has more calls than the limit. Several replicas send random
// requests for tokens. The database statements of the requests, and their responses, are delayed, lost or reordered.
// Replicas stop and start, and the clock of the store is set back. Every token is used as early or as late as
// possible. With -short there are fewer seeds.
func FuzzNoMinuteExceedsASharedBudget(f *testing.F) {
	seeds := uint64(100)
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		draw := rand.New(rand.NewPCG(seed, 0))
		perMinute := []int{1, 2, 7, 16, 60, 360, 600}[draw.IntN(7)]
		s := rateSimulation{
			Rand: draw, allowance: ratelimit.NewAllowance(perMinute), replicas: 1 + draw.IntN(6),
			now: rateEpoch, seen: map[string]time.Time{},
		}
		for s.now.Before(rateEpoch.Add(3 * time.Minute)) {
			s.step()
		}
		if n, at := busiestMinute(s.used); n > max(perMinute, 2) {
			t.Errorf("%d calls in the minute that starts at %v, limit %d", n, at.Sub(rateEpoch), perMinute)
		}
	})
}

type rateSimulation struct {
	*rand.Rand
	allowance ratelimit.Allowance
	replicas  int
	restarts  int
	now       time.Time
	offset    time.Duration // how far the store's clock is ahead; negative if it is slow
	state     ratelimit.Budget
	seen      map[string]time.Time
	used      []time.Time
}

// step sends one request from a random replica. It records the times at which the replica uses the granted tokens.
func (s *rateSimulation) step() {
	s.now = s.now.Add(s.upTo(300 * time.Millisecond))
	if s.IntN(400) == 0 {
		s.offset -= s.upTo(time.Minute) // the clock of the store is set back
	}
	if s.IntN(50) == 0 {
		s.restarts++ // one replica is replaced; the calls that wait on it are still counted
	}
	replica := fmt.Sprint(s.IntN(s.replicas) + s.restarts)
	r := ratelimit.Request{Replica: replica, Spare: s.IntN(6), FullAt: s.seen[replica]}
	for tenant := range byte(4) {
		if s.IntN(2) == 0 {
			r.Waiting = append(r.Waiting, ratelimit.TenantCalls{Tenant: rateTenant(tenant), Calls: 1 + s.IntN(32)})
		}
	}
	if s.IntN(100) == 0 {
		r.BlockFor = s.upTo(3 * time.Second)
	}
	sentAt := s.now
	executedAt := sentAt.Add(s.delay()) // other replicas send their next requests after this time
	s.now = executedAt
	before := s.state
	var grant ratelimit.Grant
	s.state, grant = s.state.Grant(s.allowance, r, executedAt.Add(s.offset))
	if s.IntN(20) == 0 {
		return // the response is lost or the replica stops; in both cases, the granted tokens are lost
	}
	if s.IntN(20) == 0 {
		s.state = before // the update fails: the replica gets an error, and uses no token
		return
	}
	s.seen[replica] = s.state.FullAt
	tokens := grant.Spare
	for _, c := range grant.Calls {
		tokens += c.Calls
	}
	earliest, latest := executedAt.Add(s.upTo(10*time.Millisecond)), sentAt.Add(tokenValidity)
	for range tokens {
		if at := earliest; at.Before(latest) {
			if s.IntN(2) == 0 {
				at = latest
			}
			s.used = append(s.used, at)
		}
	}
}

// delay returns a random delay. It is mostly short, and sometimes longer than tokenValidity.
func (s *rateSimulation) delay() time.Duration {
	if s.IntN(30) == 0 {
		return s.upTo(3 * time.Second)
	}
	return s.upTo(20 * time.Millisecond)
}

func (s *rateSimulation) upTo(d time.Duration) time.Duration {
	return time.Duration(s.Int64N(int64(d)))
}

// busiestMinute returns the largest number of calls in a minute, and the start of that minute.
func busiestMinute(used []time.Time) (most int, start time.Time) {
	used = slices.SortedFunc(slices.Values(used), time.Time.Compare)
	first := 0
	for i, at := range used {
		for at.Sub(used[first]) >= time.Minute {
			first++
		}
		if n := i - first + 1; n > most {
			most, start = n, used[first]
		}
	}
	return most, start
}

// A call can use its token until tokenValidity after the grant. The calls of one minute can therefore use all tokens
// from a period of one minute plus tokenValidity. The test takes each token as soon as possible, and counts the tokens
// of such a period. Their number must not exceed the limit.
func TestNoMinuteWithItsLateTokensExceedsASharedBudget(t *testing.T) {
	for _, perMinute := range []int{1, 2, 7, 13, 23, 24, 59, 60, 360, 600, 1200} {
		a := ratelimit.NewAllowance(perMinute)
		var state ratelimit.Budget
		tokens := 0
		for at := time.Duration(0); at < time.Minute+tokenValidity; at += 5 * time.Millisecond {
			r := ratelimit.Request{Replica: "a", Waiting: calls(rateTenant(1), 32)}
			var grant ratelimit.Grant
			state, grant = state.Grant(a, r, rateEpoch.Add(at))
			for _, c := range grant.Calls {
				tokens += c.Calls
			}
		}
		if tokens > max(perMinute, 2) || tokens < perMinute*9/10 {
			t.Errorf("%d tokens in a minute and %v, limit %d", tokens, tokenValidity, perMinute)
		}
	}
}

// Replicas that wait for RetryIn between their requests must use at least 85 % of the limit.
func TestReplicasUseASharedBudgetCompletely(t *testing.T) {
	for _, replicas := range []int{1, 2, 3, 5, 10, 20} {
		for _, perMinute := range []int{60, 360, 600} {
			t.Run(fmt.Sprintf("%d replicas, %d a minute", replicas, perMinute), func(t *testing.T) {
				a := ratelimit.NewAllowance(perMinute)
				tokens, asked := simulateRequests(a, replicas, time.Minute, func(int) []ratelimit.TenantCalls {
					return calls(rateTenant(1), 32)
				})
				all := 0
				for _, n := range tokens {
					all += n
				}
				t.Logf("%d tokens of %d with %d requests, %.2f requests a token", all, perMinute, asked,
					float64(asked)/float64(all))
				if all > perMinute || all < perMinute*85/100 {
					t.Errorf("%d tokens in a minute, limit %d", all, perMinute)
				}
				if limit := max(all, replicas*60); asked > limit {
					t.Errorf("%d requests for %d tokens", asked, all)
				}
			})
		}
	}
}

// simulateRequests simulates replicas whose calls wait for tokens. Each replica sends its next request after RetryIn,
// or after 100 ms if that is longer. The result tokens contains the number of tokens for each pair of a replica and a
// tenant. The result asked is the number of requests.
func simulateRequests(
	a ratelimit.Allowance, replicas int, length time.Duration, waiting func(replica int) []ratelimit.TenantCalls,
) (tokens map[string]int, asked int) {
	tokens = map[string]int{}
	next := make([]time.Time, replicas)
	for i := range next {
		next[i] = rateEpoch.Add(time.Duration(i) * 37 * time.Millisecond)
	}
	var state ratelimit.Budget
	for {
		i := 0
		for j := range next {
			if next[j].Before(next[i]) {
				i = j
			}
		}
		now := next[i]
		if now.Sub(rateEpoch) >= length {
			return tokens, asked
		}
		var grant ratelimit.Grant
		name := fmt.Sprint(i)
		state, grant = state.Grant(a, ratelimit.Request{Replica: name, Waiting: waiting(i)}, now)
		asked++
		for _, c := range grant.Calls {
			tokens[fmt.Sprintf("replica %d, tenant %d", i, c.Tenant.UUID[0])] += c.Calls
		}
		next[i] = now.Add(max(grant.RetryIn, 100*time.Millisecond))
	}
}

func TestASmallTenantGetsItsEqualShareOfASharedBudget(t *testing.T) {
	for _, perMinute := range []int{360, 600, 1200} {
		for _, few := range []int{4, 5, 8} {
			t.Run(fmt.Sprintf("%d calls, %d a minute", few, perMinute), func(t *testing.T) {
				a := ratelimit.NewAllowance(perMinute)
				tokens, _ := simulateRequests(a, 3, 10*time.Minute, func(replica int) []ratelimit.TenantCalls {
					if replica == 2 {
						return append(calls(rateTenant(1), 15), calls(rateTenant(2), few)...)
					}
					return calls(rateTenant(1), 15)
				})
				large, small := 0, tokens["replica 2, tenant 2"]
				for i := range 3 {
					large += tokens[fmt.Sprintf("replica %d, tenant 1", i)]
				}
				t.Logf("%v", tokens)
				if small < large*98/100 {
					t.Errorf("the small tenant got %d tokens, the large one %d", small, large)
				}
			})
		}
	}
}

func TestTheShareOfAReplicaThatDiesIsUsedByOthers(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	var state ratelimit.Budget
	state, _ = state.Grant(a, ratelimit.Request{Replica: "dead", Waiting: calls(rateTenant(2), 32)}, rateEpoch)
	used := map[time.Duration]int{}
	for now := time.Duration(0); now < 20*time.Second; {
		var grant ratelimit.Grant
		r := ratelimit.Request{Replica: "live", Waiting: calls(rateTenant(1), 32)}
		state, grant = state.Grant(a, r, rateEpoch.Add(now))
		for _, c := range grant.Calls {
			used[now.Truncate(5*time.Second)] += c.Calls
		}
		now += grant.RetryIn
	}
	full := int(5 * time.Second / a.Interval())
	if first, later := used[0], used[10*time.Second]; first < full*4/10 || later < full*9/10 {
		t.Errorf("the live replica got %v, of %d in five seconds", used, full)
	}
}

func TestA429OfOneReplicaBlocksTheOthers(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	state, _ := ratelimit.Budget{}.Grant(a, ratelimit.Request{Replica: "a", BlockFor: 37 * time.Second}, rateEpoch)
	r := ratelimit.Request{Replica: "b", Waiting: calls(rateTenant(1), 1), Spare: 4}
	_, grant := state.Grant(a, r, rateEpoch.Add(7*time.Second))
	if diff := cmp.Diff(ratelimit.Grant{RetryIn: 30 * time.Second}, grant); diff != "" {
		t.Error(diff)
	}
	if wait := state.ExpectedWait(a, "b", nil, rateTenant(1), rateEpoch); wait != 37*time.Second {
		t.Errorf("a call is expected to wait %v", wait)
	}
	shorter, _ := state.Grant(a, ratelimit.Request{Replica: "c", BlockFor: time.Second}, rateEpoch)
	if !shorter.BlockedUntil.Equal(state.BlockedUntil) {
		t.Errorf("a shorter block replaced a longer one: %v", shorter.BlockedUntil)
	}
	r.Waiting = calls(rateTenant(1), 40)
	_, grant = state.Grant(a, r, rateEpoch.Add(37*time.Second))
	want := ratelimit.Grant{Calls: calls(rateTenant(1), 15), RetryIn: 4 * a.Interval()}
	if diff := cmp.Diff(want, grant); diff != "" {
		t.Errorf("after the block: %s", diff)
	}
}

// A standby server that takes over may lack the last changes of the state. The tokens that these changes granted must
// not be granted again.
func TestAStateThatHasGoneBackInTimeIsCorrected(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	r := ratelimit.Request{Replica: "a", Waiting: calls(rateTenant(1), 32)}
	state, grant := ratelimit.Budget{}.Grant(a, r, rateEpoch)
	if len(grant.Calls) != 1 || grant.Calls[0].Calls != a.Burst {
		t.Fatalf("a full budget: %+v", grant)
	}
	r.FullAt = state.FullAt
	if _, grant = (ratelimit.Budget{}).Grant(a, r, rateEpoch); len(grant.Calls) > 0 {
		t.Errorf("the tokens were granted once more: %+v", grant)
	}
}

func TestASharedBudgetContinuesAfterTheClockWasSetBack(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	state, _ := ratelimit.Budget{}.Grant(a, ratelimit.Request{Replica: "a", BlockFor: time.Second}, rateEpoch)
	back := rateEpoch.Add(-3 * time.Hour)
	r := ratelimit.Request{Replica: "a", Waiting: calls(rateTenant(1), 32)}
	state, grant := state.Grant(a, r, back)
	if len(grant.Calls) > 0 || grant.RetryIn > ratelimit.MaxRateBlock {
		t.Errorf("after the clock was set back: %+v", grant)
	}
	if _, grant = state.Grant(a, r, back.Add(ratelimit.MaxRateBlock)); len(grant.Calls) != 1 {
		t.Errorf("an hour later: %+v", grant)
	}
}

func TestTheExpectedWaitCountsTheCallsOfAllReplicas(t *testing.T) {
	a := ratelimit.NewAllowance(16) // one token immediately, then one every 4 s
	state, _ := ratelimit.Budget{}.Grant(a, ratelimit.Request{Replica: "a", Waiting: calls(rateTenant(1), 11)},
		rateEpoch)
	// Ten calls of tenant 1 wait on replica "a". Each case adds one waiting call of the case's tenant on replica "b".
	// ExpectedWait returns the wait of the tenant's next call.
	//
	//   - Tenant 1: eleven calls wait already, so the next call needs the twelfth token.
	//   - Tenant 2: one call waits already. The two tenants receive tokens alternately, so the next call of tenant 2
	//     needs the fourth token.
	for tenant, want := range map[byte]time.Duration{1: 48 * time.Second, 2: 16 * time.Second} {
		wait := state.ExpectedWait(a, "b", calls(rateTenant(tenant), 1), rateTenant(tenant), rateEpoch)
		if wait != want {
			t.Errorf("tenant %d is expected to wait %v, want %v", tenant, wait, want)
		}
	}
	if wait := state.ExpectedWait(a, "b", nil, rateTenant(1), rateEpoch.Add(ratelimit.RateDemandTTL)); wait != 0 {
		t.Errorf("the calls of a replica that no longer asks are counted: %v", wait)
	}
	// The next token is available 4 s after rateEpoch. The clock is set back to 4 s before rateEpoch.
	back := rateEpoch.Add(-ratelimit.RateDemandTTL)
	if wait := state.ExpectedWait(a, "b", nil, rateTenant(1), back); wait != 8*time.Second {
		t.Errorf("the calls of a replica that asked in the future are counted: %v", wait)
	}
}

func TestCallsThatNoLongerWaitAreNotCounted(t *testing.T) {
	a := ratelimit.NewAllowance(16) // one token immediately, then one every 4 s
	ask := func(state ratelimit.Budget, waiting ...ratelimit.TenantCalls) ratelimit.Budget {
		state, _ = state.Grant(a, ratelimit.Request{Replica: "a", Waiting: waiting}, rateEpoch)
		return state
	}
	first, second := rateTenant(1), rateTenant(2)
	state := ask(ratelimit.Budget{}, calls(first, 11)...)
	for name, tc := range map[string]struct {
		waiting []ratelimit.TenantCalls
		want    time.Duration // the expected wait of a call of the first tenant on replica "b"
	}{
		"the same calls": {calls(first, 10), 44 * time.Second},
		"no calls":       {nil, 4 * time.Second},
		"zero calls":     {calls(first, 0), 4 * time.Second},
		"calls of another tenant": { // one call of the second tenant is served first
			calls(second, 10), 8 * time.Second,
		},
	} {
		if got := ask(state, tc.waiting...).ExpectedWait(a, "b", nil, first, rateEpoch); got != tc.want {
			t.Errorf("%s: a call is expected to wait %v, want %v", name, got, tc.want)
		}
	}
	if state = ask(ratelimit.Budget{}, calls(first, 0)...); len(state.Demands) > 0 {
		t.Errorf("a tenant without calls waits: %+v", state.Demands)
	}
}

func TestOnlyAVendorThatAsksToWaitBlocksABudget(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	r := ratelimit.Request{Replica: "a", Waiting: calls(rateTenant(1), 1)}
	for block, want := range map[time.Duration]time.Time{
		-time.Second: {}, 0: {}, time.Second: rateEpoch.Add(time.Second),
		2 * ratelimit.MaxRateBlock: rateEpoch.Add(ratelimit.MaxRateBlock),
	} {
		r.BlockFor = block
		if state, _ := (ratelimit.Budget{}).Grant(a, r, rateEpoch); !state.BlockedUntil.Equal(want) {
			t.Errorf("a wait of %v blocks until %v, want %v", block, state.BlockedUntil, want)
		}
	}
}

func TestAReplicaAlsoWaitsForTheTokensThatAreLeftToOthers(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	r := ratelimit.Request{Replica: "a", Waiting: calls(rateTenant(1), 40)}
	state, _ := ratelimit.Budget{}.Grant(a, r, rateEpoch) // takes all tokens
	r = ratelimit.Request{Replica: "b", Waiting: calls(rateTenant(2), 3)}
	_, grant := state.Grant(a, r, rateEpoch.Add(4*a.Interval()))
	// Two of the four tokens are reserved for replica "a" and stay in the bucket. Replica "b" waits for three more
	// tokens, and replica "a" receives two more in the meantime.
	want := ratelimit.Grant{Calls: calls(rateTenant(2), 2), RetryIn: 5 * a.Interval()}
	if diff := cmp.Diff(want, grant); diff != "" {
		t.Error(diff)
	}
}

// A tenant without waiting calls must not save up more than four tokens (rateCredit).
func TestATenantCannotSaveUpTokens(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	small := ratelimit.Request{Replica: "b", Waiting: calls(rateTenant(2), 1)}
	large := ratelimit.Request{Replica: "a", Waiting: calls(rateTenant(1), 40)}
	state, _ := ratelimit.Budget{}.Grant(a, small, rateEpoch)
	state, _ = state.Grant(a, large, rateEpoch) // takes all remaining tokens
	small.Waiting = calls(rateTenant(2), 32)
	_, grant := state.Grant(a, small, rateEpoch.Add(11*a.Interval()))
	// Eleven tokens are available. Tenant 2 gets its credit of four tokens. The two tenants share the remaining seven
	// tokens, and tenant 2 gets four of these.
	if diff := cmp.Diff(calls(rateTenant(2), 8), grant.Calls); diff != "" {
		t.Error(diff)
	}
}

// A replica that starts to wait must not overtake the replicas in which the same tenant already waits. The new
// ReplicaDemand.Served is the lowest Served of these replicas. A replica whose calls were all served must be ignored.
func TestAReplicaThatStartsToWaitGetsItsShareOfATenant(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	var state ratelimit.Budget
	ask := func(replica string, n, intervals int) (granted int) {
		r := ratelimit.Request{Replica: replica, Waiting: calls(rateTenant(1), n)}
		var grant ratelimit.Grant
		state, grant = state.Grant(a, r, rateEpoch.Add(time.Duration(intervals)*a.Interval()))
		for _, c := range grant.Calls {
			granted += c.Calls
		}
		return granted
	}
	for _, step := range []struct {
		name, replica            string
		calls, intervals, tokens int
	}{
		{"all its calls are served", "idle", 1, 0, 1},
		{"all other tokens", "a", 40, 0, 14},
		{"no token is left", "b", 40, 0, 0},
		{"the first of two tokens, the second one is for b", "a", 40, 2, 1},
		{"the first and the third of four tokens", "c", 40, 5, 2},
	} {
		if got := ask(step.replica, step.calls, step.intervals); got != step.tokens {
			t.Errorf("%s: %s got %d tokens, want %d", step.name, step.replica, got, step.tokens)
		}
	}
}

func rateDemand(tenant byte, served int64, replicas ...ratelimit.ReplicaDemand) ratelimit.TenantDemand {
	return ratelimit.TenantDemand{Tenant: rateTenant(tenant), Served: served, Replicas: replicas}
}

func waitingOn(replica string, calls int, served int64) ratelimit.ReplicaDemand {
	return ratelimit.ReplicaDemand{Replica: replica, Calls: calls, Served: served, AskedAt: rateEpoch}
}

func TestWhoGetsTheNextToken(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	type demands = []ratelimit.TenantDemand
	for name, tc := range map[string]struct {
		demands demands
		want    byte // the tenant whose call on replica "a" gets the token; 0 if the token is reserved for replica "b"
	}{
		"the second tenant, which got less": {
			demands{rateDemand(1, 5, waitingOn("a", 1, 5)), rateDemand(2, 3, waitingOn("a", 1, 3))}, 2,
		},
		"the first tenant, which got less": {
			demands{rateDemand(1, 3, waitingOn("a", 1, 3)), rateDemand(2, 5, waitingOn("a", 1, 5))}, 1,
		},
		"the first one of equal tenants": {
			demands{rateDemand(1, 3, waitingOn("a", 1, 3)), rateDemand(2, 3, waitingOn("a", 1, 3))}, 1,
		},
		"the tenant of the asking replica among equal ones": {
			demands{rateDemand(1, 3, waitingOn("b", 1, 3)), rateDemand(2, 3, waitingOn("a", 1, 3))}, 2,
		},
		"no tenant that waits only on another replica": {
			demands{
				rateDemand(1, 3, waitingOn("a", 0, 1), waitingOn("b", 1, 2)), rateDemand(2, 3, waitingOn("a", 1, 3)),
			}, 2,
		},
		"a tenant of another replica, which got less": {
			demands{rateDemand(1, 3, waitingOn("b", 1, 3)), rateDemand(2, 5, waitingOn("a", 1, 5))}, 0,
		},
		"the second replica, which got less": {
			demands{rateDemand(1, 3, waitingOn("b", 1, 2), waitingOn("a", 1, 1))}, 1,
		},
		"the first replica, which got less": {
			demands{rateDemand(1, 3, waitingOn("b", 1, 1), waitingOn("a", 1, 2))}, 0,
		},
		"the asking replica of two equal ones, if it is the second": {
			demands{rateDemand(1, 4, waitingOn("b", 1, 2), waitingOn("a", 1, 2))}, 1,
		},
		"the asking replica of two equal ones, if it is the first": {
			demands{rateDemand(1, 4, waitingOn("a", 1, 2), waitingOn("b", 1, 2))}, 1,
		},
		"no replica without calls": {
			demands{rateDemand(1, 6, waitingOn("b", 0, 1), waitingOn("a", 1, 5))}, 1,
		},
	} {
		state := ratelimit.Budget{FullAt: rateEpoch.Add(14 * a.Interval()), Demands: tc.demands} // one token is left
		r := ratelimit.Request{Replica: "a"}
		for _, d := range tc.demands {
			for _, replica := range d.Replicas {
				if replica.Replica == "a" && replica.Calls > 0 {
					r.Waiting = append(r.Waiting, calls(d.Tenant, replica.Calls)...)
				}
			}
		}
		_, grant := state.Grant(a, r, rateEpoch)
		var want []ratelimit.TenantCalls
		if tc.want != 0 {
			want = calls(rateTenant(tc.want), 1)
		}
		if diff := cmp.Diff(want, grant.Calls); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A new tenant must begin with the lowest count of served calls among the tenants that wait. If no call waits, it must
// begin with the highest count of all tenants.
func TestANewTenantCannotOvertakeTheTenantsThatWait(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	idle, many := rateDemand(2, 4, waitingOn("b", 0, 4)), rateDemand(3, 20, waitingOn("b", 1, 20))
	r := ratelimit.Request{Replica: "a", Waiting: calls(rateTenant(9), 2)}
	for name, tc := range map[string]struct {
		demands []ratelimit.TenantDemand
		served  int64 // the expected TenantDemand.Served of the new tenant, which has received one token
	}{
		"no other tenant":   {nil, 1},
		"tenants that wait": {[]ratelimit.TenantDemand{rateDemand(1, 10, waitingOn("b", 1, 10)), idle, many}, 11},
		"tenants that waited": {
			[]ratelimit.TenantDemand{
				idle, rateDemand(3, 20, waitingOn("b", 0, 20)), rateDemand(1, 9, waitingOn("b", 0, 9)),
			}, 21,
		},
	} {
		state := ratelimit.Budget{FullAt: rateEpoch.Add(14 * a.Interval()), Demands: tc.demands} // one token is left
		state, _ = state.Grant(a, r, rateEpoch)
		want := rateDemand(9, tc.served, waitingOn("a", 1, 1))
		if diff := cmp.Diff(want, state.Demands[len(tc.demands)]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAReplicaAsksAgainBeforeTheBurstIsFull(t *testing.T) {
	for perMinute, want := range map[int]time.Duration{
		360: 15 * ratelimit.NewAllowance(360).Interval() / 2, 16: 1500 * time.Millisecond,
	} {
		a := ratelimit.NewAllowance(perMinute)
		var waiting []ratelimit.TenantDemand
		for tenant := range byte(9) {
			waiting = append(waiting, rateDemand(tenant, 0, waitingOn("b", 40, 0)))
		}
		state := ratelimit.Budget{FullAt: rateEpoch.Add(time.Duration(a.Burst) * a.Interval()), Demands: waiting}
		_, grant := state.Grant(a, ratelimit.Request{Replica: "a", Waiting: calls(rateTenant(9), 40)}, rateEpoch)
		if grant.RetryIn != want {
			t.Errorf("limit %d: it asks again after %v, want %v", perMinute, grant.RetryIn, want)
		}
	}
}

func TestSpareTokensAreGrantedOnlyWhileNoCallWaits(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	r := ratelimit.Request{Replica: "a", Waiting: calls(rateTenant(1), 1), Spare: 4}
	state, grant := ratelimit.Budget{}.Grant(a, r, rateEpoch)
	if grant.Spare != 4 || grant.RetryIn != 0 {
		t.Errorf("a full budget: %+v", grant)
	}
	// The first request has left 10 tokens in the bucket: 1 for the waiting call, 4 spare tokens, and 5 that must
	// remain.
	if _, grant = state.Grant(a, r, rateEpoch); grant.Spare != 4 {
		t.Errorf("two thirds of a budget: %+v", grant)
	}
	r.Waiting = calls(rateTenant(1), 8)
	if _, grant = state.Grant(a, r, rateEpoch); grant.Spare != 0 {
		t.Errorf("a third of a budget: %+v", grant)
	}
	r.Waiting = calls(rateTenant(1), 1)
	for _, others := range []int{12, 40} { // calls on replica "b": 10 are served, the rest wait
		state, _ := state.Grant(a, ratelimit.Request{Replica: "b", Waiting: calls(rateTenant(2), others)}, rateEpoch)
		if _, grant = state.Grant(a, r, rateEpoch.Add(2*time.Second)); grant.Spare != 0 || len(grant.Calls) != 1 {
			t.Errorf("another replica waits with %d calls: %+v", others-10, grant)
		}
	}
}

// Grant and Take must not change the state that they are called on, so that the caller may use this state again.
func TestARequestDoesNotChangeTheState(t *testing.T) {
	a := ratelimit.NewAllowance(360)
	state := func() ratelimit.Budget {
		return ratelimit.Budget{FullAt: rateEpoch, Demands: []ratelimit.TenantDemand{
			rateDemand(1, 5, waitingOn("a", 1, 5), waitingOn("b", 2, 0)), rateDemand(2, 3, waitingOn("a", 3, 3)),
		}}
	}
	before := state()
	r := ratelimit.Request{Replica: "a", Waiting: calls(rateTenant(1), 9)}
	before.Grant(a, r, rateEpoch.Add(time.Second))
	before.Grant(a, r, rateEpoch.Add(ratelimit.RateDemandTTL))
	before.Take(refreshes, rateTenant(1), 0, rateEpoch)
	if diff := cmp.Diff(state(), before); diff != "" {
		t.Error(diff)
	}
}
