package ratelimit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
)

var refreshes = ratelimit.Window{Limit: 20, Share: 15}

// windowClient makes calls under a rate limit: the Window in the variable refreshes.
type windowClient struct {
	state ratelimit.Budget
	now   time.Time
}

// take makes n attempts, and returns how many were allowed and the wait of the last attempt.
func (c *windowClient) take(tenant byte, n int) (allowed int, wait time.Duration) {
	for range n {
		if c.state, wait = c.state.Take(refreshes, rateTenant(tenant), 0, c.now); wait == 0 {
			allowed++
		}
	}
	return allowed, wait
}

func (c *windowClient) expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestAWindowAllowsItsLimitAtOnce(t *testing.T) {
	c := windowClient{now: rateEpoch}
	allowed, wait := c.take(1, 40)
	c.expect(t, "allowed", allowed, 20)
	c.expect(t, "wait", wait, ratelimit.WindowLength)
	c.expect(t, "left", c.state.Left(refreshes, c.now), 0)
	c.now = c.now.Add(ratelimit.WindowLength - 1)
	allowed, wait = c.take(1, 1)
	c.expect(t, "allowed a moment too early", allowed, 0)
	c.expect(t, "wait a moment too early", wait, time.Duration(1))
	c.now = c.now.Add(1)
	c.expect(t, "left after the window", c.state.Left(refreshes, c.now), 20)
	allowed, _ = c.take(1, 40)
	c.expect(t, "allowed in the next window", allowed, 20)
}

func TestATenantTakesItsShareOfAWindowWhileAnotherAsks(t *testing.T) {
	c := windowClient{now: rateEpoch}
	c.take(2, 1)
	allowed, wait := c.take(1, 40)
	c.expect(t, "the first tenant's calls", allowed, 15)
	c.expect(t, "wait", wait, ratelimit.WindowLength)
	allowed, _ = c.take(2, 10)
	c.expect(t, "the second tenant's further calls", allowed, 4)
	c.now = c.now.Add(10 * time.Second)
	c.take(3, 1) // refused, but it has asked
	c.now = c.now.Add(ratelimit.WindowLength - 5*time.Second)
	allowed, wait = c.take(1, 40)
	c.expect(t, "while a refused tenant asks", allowed, 15)
	c.expect(t, "wait for the other tenant's request to expire", wait, 5*time.Second)
	c.now = c.now.Add(5 * time.Second)
	allowed, _ = c.take(1, 40)
	c.expect(t, "when no other tenant asks any more", allowed, 5)
}

func TestABlockedWindowAllowsNothing(t *testing.T) {
	c := windowClient{now: rateEpoch}
	c.state, _ = c.state.Take(refreshes, rateTenant(1), 30*time.Second, c.now)
	allowed, wait := c.take(1, 1)
	c.expect(t, "allowed while blocked", allowed, 0)
	c.expect(t, "wait", wait, 30*time.Second)
	c.expect(t, "left while blocked", c.state.Left(refreshes, c.now), 0)
	c.now = c.now.Add(30 * time.Second)
	allowed, _ = c.take(1, 40)
	c.expect(t, "allowed after the block", allowed, 20)
	c.state, _ = c.state.Take(refreshes, domain.TenantID{}, 100*time.Hour, c.now)
	_, wait = c.take(1, 1)
	c.expect(t, "longest block", wait, ratelimit.MaxRateBlock)
}

// No minute has more calls than the limit, whichever tenants ask at whatever times. The state stays small.
func TestNoMinuteExceedsAWindow(t *testing.T) {
	for seed := uint64(0); seed < 50; seed += 2 { // the seed is the number of further tenants
		draw := rand.New(rand.NewPCG(seed, 0))
		c := windowClient{now: rateEpoch}
		var used []time.Time
		for range 3000 {
			c.now = c.now.Add(time.Duration(draw.Int64N(int64(200 * time.Millisecond))))
			if allowed, wait := c.take(byte(draw.IntN(1+int(seed))), 1); allowed > 0 {
				used = append(used, c.now.Add(time.Duration(draw.Int64N(int64(2*time.Second)))))
			} else if wait <= 0 || wait > 2*ratelimit.WindowLength {
				t.Fatalf("seed %d: refused with the wait %v", seed, wait)
			}
			if len(c.state.Demands) > refreshes.Limit+3 {
				t.Fatalf("seed %d: the state has %d tenants", seed, len(c.state.Demands))
			}
		}
		slices.SortFunc(used, time.Time.Compare)
		if n, at := busiestMinute(used); n > refreshes.Limit {
			t.Errorf("seed %d: %d calls in the minute that starts at %v", seed, n, at.Sub(rateEpoch))
		}
		if len(used) < 50 {
			t.Errorf("seed %d: only %d calls in five minutes", seed, len(used))
		}
	}
}

func TestAWindowSurvivesAClockThatIsSetBack(t *testing.T) {
	c := windowClient{now: rateEpoch}
	c.take(1, 20)
	c.now = c.now.Add(-time.Hour)
	_, wait := c.take(1, 1)
	c.expect(t, "wait", wait, ratelimit.WindowLength)
}

// The wait must not depend on the order of the tenants that have taken the calls.
func TestTheWaitEndsWhenTheOldestCallCountsNoMore(t *testing.T) {
	w := ratelimit.Window{Limit: 3, Share: 3}
	var state ratelimit.Budget
	now := rateEpoch
	for _, tenant := range []byte{1, 2, 1} { // the state has the tenant that asked last first
		state, _ = state.Take(w, rateTenant(tenant), 0, now)
		now = now.Add(10 * time.Second)
	}
	state, wait := state.Take(w, rateTenant(2), 0, now)
	if want := ratelimit.WindowLength - 30*time.Second; wait != want {
		t.Errorf("the wait is %v, want %v", wait, want)
	}
	if _, wait = state.Take(w, rateTenant(3), 0, now); wait != ratelimit.WindowLength-30*time.Second {
		t.Errorf("the wait of another tenant is %v", wait)
	}
	if !state.FullAt.Equal(now) {
		t.Errorf("the state is of %v, want %v", state.FullAt, now)
	}
}

// The state contains the tenants with calls, and the two others that have asked last. A tenant is removed when its
// calls and its request no longer count.
func TestTheStateOfAWindowForgetsTenants(t *testing.T) {
	w := ratelimit.Window{Limit: 1, Share: 1}
	tenants := func(state ratelimit.Budget) string {
		text := ""
		for _, d := range state.Demands {
			text += fmt.Sprintf(" %d", d.Tenant.UUID[0])
		}
		return text
	}
	var state ratelimit.Budget
	now := rateEpoch
	for _, tenant := range []byte{9, 1, 2, 3, 4, 5} { // the first one takes the only call
		state, _ = state.Take(w, rateTenant(tenant), 0, now)
		now = now.Add(time.Second)
	}
	if got := tenants(state); got != " 5 4 3 9" {
		t.Errorf("the tenants are%s", got)
	}
	for _, step := range []struct {
		at   time.Duration
		want string
	}{
		{ratelimit.WindowLength - 1, " 7 5 4 9"}, {ratelimit.WindowLength, " 7 5 4"},
		{ratelimit.WindowLength + 4*time.Second - 1, " 7 5 4"}, {ratelimit.WindowLength + 4*time.Second, " 7 5"},
	} {
		after, _ := state.Take(w, rateTenant(7), 0, rateEpoch.Add(step.at))
		if got := tenants(after); got != step.want {
			t.Errorf("after %v the tenants are%s, want%s", step.at, got, step.want)
		}
	}
}

// If the store's clock was set back, a block ends after the longest time for which a vendor may block.
func TestABlockOfAWindowEndsAlthoughTheClockWasSetBack(t *testing.T) {
	state := ratelimit.Budget{BlockedUntil: rateEpoch.Add(24 * time.Hour)}
	state, wait := state.Take(refreshes, rateTenant(1), 0, rateEpoch)
	if wait != ratelimit.MaxRateBlock || !state.BlockedUntil.Equal(rateEpoch.Add(ratelimit.MaxRateBlock)) {
		t.Errorf("the wait is %v, and the window is blocked until %v", wait, state.BlockedUntil)
	}
}

func TestAWindowCanBeLongerThanAMinute(t *testing.T) {
	w, now := ratelimit.Window{Limit: 1, Share: 1, Length: 10 * time.Minute, AcceptedOnly: true}, rateEpoch
	state, wait := ratelimit.Budget{}.Take(w, rateTenant(1), 0, now)
	if wait != 0 {
		t.Fatalf("the first call waits %v", wait)
	}
	now = now.Add(4 * time.Minute)
	for tenant := range byte(3) {
		if state, wait = state.Take(w, rateTenant(tenant), 0, now); wait != 6*time.Minute {
			t.Errorf("a call of tenant %d waits %v, want 6 minutes", tenant, wait)
		}
	}
	kept := state
	given := state.GiveBack(rateTenant(1), now)
	if _, wait = given.Take(w, rateTenant(2), 0, now); wait != 0 {
		t.Errorf("a call after another was given back waits %v", wait)
	}
	if _, wait = kept.Take(w, rateTenant(2), 0, now); wait == 0 {
		t.Error("GiveBack has changed the earlier state")
	}
	blocked, _ := given.Take(w, rateTenant(1), 7*time.Minute, now)
	blocked = blocked.GiveBack(rateTenant(1), now)
	if _, wait = blocked.Take(w, rateTenant(1), 0, now); wait != 7*time.Minute {
		t.Errorf("a call during a block waits %v, want 7 minutes", wait)
	}
}
