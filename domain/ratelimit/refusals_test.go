package ratelimit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
)

var refusalsAt = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// answer is an answer of the vendor to a call of the client, at a number of seconds after refusalsAt.
type answer struct {
	at      int
	client  string
	tenant  byte
	refused bool
}

func TestWhenTheOriginIsBlocked(t *testing.T) {
	for name, test := range map[string]struct {
		answers []answer
		blocked bool
	}{
		"nothing":                {nil, false},
		"answered":               {[]answer{{0, "a", 1, false}}, false},
		"the only client":        {[]answer{{0, "a", 1, true}}, true},
		"one of two clients":     {[]answer{{0, "b", 2, false}, {1, "a", 1, true}}, false},
		"both clients":           {[]answer{{0, "b", 2, true}, {1, "a", 1, true}}, true},
		"the other a minute ago": {[]answer{{0, "b", 2, false}, {60, "a", 1, true}}, true},
		"two beside a third": {[]answer{
			{0, "c", 3, false}, {1, "a", 1, true}, {2, "b", 2, true},
		}, false},
		"three of two tenants": {[]answer{
			{0, "z", 3, false}, {1, "a", 1, true}, {1, "b", 1, true}, {2, "c", 2, true},
		}, true},
		"three of one tenant": {[]answer{
			{0, "z", 3, false}, {1, "a", 1, true}, {1, "b", 1, true}, {2, "c", 1, true},
		}, false},
		"answered again":              {[]answer{{0, "a", 1, true}, {1, "b", 2, false}}, false},
		"refused again after a probe": {[]answer{{0, "a", 1, true}, {1, "b", 2, false}, {2, "b", 2, true}}, true},
		"one refused after an answer": {[]answer{
			{0, "a", 1, true}, {1, "b", 2, false}, {2, "c", 2, true},
		}, false},
		"many clients of one tenant": {[]answer{
			{0, "z", 3, false}, {1, "a", 1, false}, {2, "b", 1, false}, {3, "c", 1, false},
			{4, "d", 1, false}, {5, "d", 1, true}, {5, "c", 1, true},
		}, false},
		"the same client of two tenant": {[]answer{
			{0, "z", 3, false}, {1, "a", 1, true}, {2, "a", 2, true},
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var r ratelimit.Refusals
			for _, a := range test.answers {
				r = r.Apply(ratelimit.Outcome{
					Client: a.client, Tenant: rateTenant(a.tenant), Refused: a.refused, Wait: 90 * time.Second,
				}, refusalsAt.Add(time.Duration(a.at)*time.Second))
			}
			if r.Blocked() != test.blocked {
				t.Errorf("blocked %v, want %v: %+v", r.Blocked(), test.blocked, r)
			}
		})
	}
}

func TestAnAnswerToACallBeforeTheBlockDoesNotEndIt(t *testing.T) {
	refused := ratelimit.Outcome{Client: "a", Tenant: rateTenant(1), Refused: true, Wait: time.Minute}
	r := ratelimit.Refusals{}.Apply(refused, refusalsAt)
	late := ratelimit.Outcome{Client: "b", Tenant: rateTenant(2), SentAgo: 2 * time.Second}
	if r = r.Apply(late, refusalsAt.Add(time.Second)); !r.Blocked() {
		t.Error("the answer to an earlier call has ended the block")
	}
	own := ratelimit.Outcome{Client: "a", Tenant: rateTenant(1), SentAgo: 2 * time.Second}
	if r = r.Apply(own, refusalsAt.Add(time.Second)); r.Wait("a", refusalsAt.Add(time.Second)) != 59*time.Second {
		t.Error("the answer to an earlier call has ended the wait of its client")
	}
}

func TestOneCallASecondIsAllowedWhileTheOriginIsBlocked(t *testing.T) {
	r := ratelimit.Refusals{}.Apply(ratelimit.Outcome{Client: "a", Refused: true, Wait: time.Hour}, refusalsAt)
	allowed := 0
	for i := range 100 {
		now := refusalsAt.Add(time.Duration(i) * 100 * time.Millisecond)
		if r.ProbeWait(now) == 0 {
			r = r.Probed(now)
			allowed++
		}
	}
	if allowed != 10 {
		t.Errorf("%d calls in ten seconds", allowed)
	}
	if wait := r.CallsIn(3, r.ProbedAt); wait != 3*time.Second {
		t.Errorf("three calls are possible after %v", wait)
	}
}

func TestTheMemoryOfRefusalsIsBounded(t *testing.T) {
	var r ratelimit.Refusals
	for i := range 1000 {
		r = r.Apply(ratelimit.Outcome{
			Client: fmt.Sprint(i), Tenant: rateTenant(byte(i)), Refused: i%2 == 0, Wait: 2 * time.Hour,
		}, refusalsAt.Add(time.Duration(i)*time.Millisecond))
	}
	if n := len(r.Clients); n != 36 {
		t.Errorf("%d clients", n)
	}
	if wait := r.Wait("998", refusalsAt.Add(998*time.Millisecond)); wait != time.Hour {
		t.Errorf("a client waits %v, want the longest block", wait)
	}
	if r = r.Apply(ratelimit.Outcome{Client: "x"}, refusalsAt.Add(2*time.Hour)); len(r.Clients) != 1 {
		t.Errorf("%d clients after an hour", len(r.Clients))
	}
	back := refusalsAt.Add(-24 * time.Hour)
	r = ratelimit.Refusals{}.Apply(ratelimit.Outcome{Client: "a", Refused: true, Wait: time.Hour}, refusalsAt)
	if r = r.Apply(ratelimit.Outcome{Client: "b"}, back); r.Wait("a", back) > time.Hour {
		t.Errorf("a client waits %v after the clock was set back", r.Wait("a", back))
	}
}
