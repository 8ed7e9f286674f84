package domain_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

var rateEpoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func rateTenant(n byte) domain.TenantID { return domain.TenantID{UUID: [16]byte{n}} }

func calls(tenant domain.TenantID, n int) []domain.TenantCalls {
	return []domain.TenantCalls{{Tenant: tenant, Calls: n}}
}

// tokenValidity is the time in which replicas use a token, as adapters/aggregator/vendorhttp defines it.
const tokenValidity = time.Second

// FuzzNoMinuteExceedsASharedBudget sends random requests of several replicas, whose statements and responses are
// delayed, lost, or reordered. Replicas stop and start, and the clock of the store is set back. Every token is used at
// the worst time at which the replica may use it. No minute may have more calls than the limit. With -short it has fewer
// seeds.
func FuzzNoMinuteExceedsASharedBudget(f *testing.F) {
	seeds := uint64(200)
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
			Rand: draw, allowance: domain.NewRateAllowance(perMinute), replicas: 1 + draw.IntN(6),
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
	allowance domain.RateAllowance
	replicas  int
	restarts  int
	now       time.Time
	offset    time.Duration // of the store's clock
	state     domain.RateBudget
	seen      map[string]time.Time
	used      []time.Time
}

// step makes one request of one replica.
func (s *rateSimulation) step() {
	s.now = s.now.Add(s.upTo(300 * time.Millisecond))
	if s.IntN(400) == 0 {
		s.offset -= s.upTo(time.Minute) // the clock of the store is set back
	}
	if s.IntN(50) == 0 {
		s.restarts++ // one replica is replaced; its demand stays
	}
	replica := fmt.Sprint(s.IntN(s.replicas) + s.restarts)
	r := domain.RateRequest{Replica: replica, Spare: s.IntN(6), FullAt: s.seen[replica]}
	for tenant := range byte(4) {
		if s.IntN(2) == 0 {
			r.Waiting = append(r.Waiting, domain.TenantCalls{Tenant: rateTenant(tenant), Calls: 1 + s.IntN(32)})
		}
	}
	if s.IntN(100) == 0 {
		r.BlockFor = s.upTo(3 * time.Second)
	}
	sentAt := s.now
	executedAt := sentAt.Add(s.delay()) // requests of other replicas come later than this one
	s.now = executedAt
	before := s.state
	var grant domain.RateGrant
	s.state, grant = s.state.Grant(s.allowance, r, executedAt.Add(s.offset))
	if s.IntN(20) == 0 {
		return // the response is lost, or the replica stops: its tokens are lost, too
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

// delay returns a delay that is mostly short and sometimes longer than the validity of a token.
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

// A token that was granted before a minute starts can be used in it. So no minute and tokenValidity together may have
// more tokens than the limit, also if every token is taken as soon as it is available.
func TestNoMinuteWithItsLateTokensExceedsASharedBudget(t *testing.T) {
	for _, perMinute := range []int{1, 2, 7, 13, 23, 24, 59, 60, 360, 600, 1200} {
		a := domain.NewRateAllowance(perMinute)
		var state domain.RateBudget
		tokens := 0
		for at := time.Duration(0); at < time.Minute+tokenValidity; at += time.Millisecond {
			r := domain.RateRequest{Replica: "a", Waiting: calls(rateTenant(1), 32)}
			var grant domain.RateGrant
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

// TestReplicasUseASharedBudgetCompletely lets replicas ask exactly when the budget tells them to.
func TestReplicasUseASharedBudgetCompletely(t *testing.T) {
	for _, replicas := range []int{1, 2, 3, 5, 10, 20} {
		for _, perMinute := range []int{60, 360, 600} {
			t.Run(fmt.Sprintf("%d replicas, %d a minute", replicas, perMinute), func(t *testing.T) {
				a := domain.NewRateAllowance(perMinute)
				tokens, asked := ask(a, replicas, time.Minute, func(int) []domain.TenantCalls {
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

// ask lets the replicas ask for the calls that wait on them, each as soon as it was told to. It returns the number of
// tokens of each replica and tenant, and the number of requests.
func ask(
	a domain.RateAllowance, replicas int, length time.Duration, waiting func(replica int) []domain.TenantCalls,
) (tokens map[string]int, asked int) {
	tokens = map[string]int{}
	next := make([]time.Time, replicas)
	for i := range next {
		next[i] = rateEpoch.Add(time.Duration(i) * 37 * time.Millisecond)
	}
	var state domain.RateBudget
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
		var grant domain.RateGrant
		name := fmt.Sprint(i)
		state, grant = state.Grant(a, domain.RateRequest{Replica: name, Waiting: waiting(i)}, now)
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
				a := domain.NewRateAllowance(perMinute)
				tokens, _ := ask(a, 3, 10*time.Minute, func(replica int) []domain.TenantCalls {
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
	a := domain.NewRateAllowance(360)
	var state domain.RateBudget
	state, _ = state.Grant(a, domain.RateRequest{Replica: "dead", Waiting: calls(rateTenant(2), 32)}, rateEpoch)
	used := map[time.Duration]int{}
	for now := time.Duration(0); now < 20*time.Second; {
		var grant domain.RateGrant
		r := domain.RateRequest{Replica: "live", Waiting: calls(rateTenant(1), 32)}
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
	a := domain.NewRateAllowance(360)
	state, _ := domain.RateBudget{}.Grant(a, domain.RateRequest{Replica: "a", BlockFor: 37 * time.Second}, rateEpoch)
	r := domain.RateRequest{Replica: "b", Waiting: calls(rateTenant(1), 1), Spare: 4}
	_, grant := state.Grant(a, r, rateEpoch.Add(7*time.Second))
	if diff := cmp.Diff(domain.RateGrant{RetryIn: 30 * time.Second}, grant); diff != "" {
		t.Error(diff)
	}
	if wait := state.ExpectedWait(a, "b", nil, rateTenant(1), rateEpoch); wait != 37*time.Second {
		t.Errorf("a call is expected to wait %v", wait)
	}
	shorter, _ := state.Grant(a, domain.RateRequest{Replica: "c", BlockFor: time.Second}, rateEpoch)
	if !shorter.BlockedUntil.Equal(state.BlockedUntil) {
		t.Errorf("a shorter block replaced a longer one: %v", shorter.BlockedUntil)
	}
	if _, grant = state.Grant(a, r, rateEpoch.Add(37*time.Second)); len(grant.Calls) != 1 {
		t.Errorf("after the block: %+v", grant)
	}
}

// A standby server can take over without the last changes.
func TestAStateThatHasGoneBackInTimeIsCorrected(t *testing.T) {
	a := domain.NewRateAllowance(360)
	r := domain.RateRequest{Replica: "a", Waiting: calls(rateTenant(1), 32)}
	state, grant := domain.RateBudget{}.Grant(a, r, rateEpoch)
	if len(grant.Calls) != 1 || grant.Calls[0].Calls != a.Burst {
		t.Fatalf("a full budget: %+v", grant)
	}
	r.FullAt = state.FullAt
	if _, grant = (domain.RateBudget{}).Grant(a, r, rateEpoch); len(grant.Calls) > 0 {
		t.Errorf("the tokens were granted once more: %+v", grant)
	}
}

func TestASharedBudgetContinuesAfterTheClockWasSetBack(t *testing.T) {
	a := domain.NewRateAllowance(360)
	state, _ := domain.RateBudget{}.Grant(a, domain.RateRequest{Replica: "a", BlockFor: time.Second}, rateEpoch)
	back := rateEpoch.Add(-3 * time.Hour)
	r := domain.RateRequest{Replica: "a", Waiting: calls(rateTenant(1), 32)}
	state, grant := state.Grant(a, r, back)
	if len(grant.Calls) > 0 || grant.RetryIn > domain.MaxRateBlock {
		t.Errorf("after the clock was set back: %+v", grant)
	}
	if _, grant = state.Grant(a, r, back.Add(domain.MaxRateBlock)); len(grant.Calls) != 1 {
		t.Errorf("an hour later: %+v", grant)
	}
}

func TestTheExpectedWaitCountsTheCallsOfAllReplicas(t *testing.T) {
	a := domain.NewRateAllowance(16) // one token at once, then one in 4 s
	state, _ := domain.RateBudget{}.Grant(a, domain.RateRequest{Replica: "a", Waiting: calls(rateTenant(1), 11)},
		rateEpoch)
	// Ten calls of tenant 1 wait on replica a. A second call of tenant 2 on replica b needs two tokens for tenant 2,
	// and two for tenant 1.
	for tenant, want := range map[byte]time.Duration{1: 48 * time.Second, 2: 16 * time.Second} {
		wait := state.ExpectedWait(a, "b", calls(rateTenant(tenant), 1), rateTenant(tenant), rateEpoch)
		if wait != want {
			t.Errorf("tenant %d is expected to wait %v, want %v", tenant, wait, want)
		}
	}
	if wait := state.ExpectedWait(a, "b", nil, rateTenant(1), rateEpoch.Add(domain.RateDemandTTL)); wait != 0 {
		t.Errorf("the calls of a replica that no longer asks are counted: %v", wait)
	}
}

func TestSpareTokensAreGrantedOnlyWhileNoCallWaits(t *testing.T) {
	a := domain.NewRateAllowance(360)
	r := domain.RateRequest{Replica: "a", Waiting: calls(rateTenant(1), 1), Spare: 4}
	state, grant := domain.RateBudget{}.Grant(a, r, rateEpoch)
	if grant.Spare != 4 || grant.RetryIn != 0 {
		t.Errorf("a full budget: %+v", grant)
	}
	if _, grant = state.Grant(a, r, rateEpoch); grant.Spare != 4 { // 10 of 15 left before, 5 after
		t.Errorf("two thirds of a budget: %+v", grant)
	}
	r.Waiting = calls(rateTenant(1), 8)
	if _, grant = state.Grant(a, r, rateEpoch); grant.Spare != 0 {
		t.Errorf("a third of a budget: %+v", grant)
	}
	r.Waiting = calls(rateTenant(1), 1)
	for _, others := range []int{12, 40} { // 10 of them are served
		state, _ := state.Grant(a, domain.RateRequest{Replica: "b", Waiting: calls(rateTenant(2), others)}, rateEpoch)
		if _, grant = state.Grant(a, r, rateEpoch.Add(2*time.Second)); grant.Spare != 0 || len(grant.Calls) != 1 {
			t.Errorf("another replica waits with %d calls: %+v", others-10, grant)
		}
	}
}
