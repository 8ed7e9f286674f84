package e2e_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// TestRefreshesHaveABudgetOfTheirOwn requests forty refreshes of an item in quick succession: 35 by one tenant, and 5
// by another one. The simulator has the vendor's limits. The refreshes must not delay a pull of the other tenant.
func TestRefreshesHaveABudgetOfTheirOwn(t *testing.T) {
	limited := func(o *pluggysim.Options) { o.RateLimit = pluggysim.RealRateLimit }
	vendorsLimits := func(s *setup) { s.over.PerMinute = 0 }
	each(t, func(t *testing.T, w *env) {
		b, o, other := newPluggy(t, limited), w.operator(t), w.operator(t)
		id, theirs := o.connect(b, "main"), other.connect(b, "main")
		other.send(http.MethodPost, pathOf(theirs, "/refresh"), nil).want(http.StatusAccepted)
		accepted, begun := map[string]int{}, time.Now()
		for i := range 40 {
			o := o
			if i >= 35 {
				o, id = other, theirs
			}
			a := o.send(http.MethodPost, pathOf(id, "/refresh"), nil)
			if a.status == http.StatusAccepted {
				accepted[o.tenant]++
				continue
			}
			a.problem(http.StatusTooManyRequests, "MTCH-0009")
			least := 60 - int(time.Since(begun).Seconds()) - 2 // until the first refresh is a minute old, less 2 s
			if s, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || s < max(least, 1) || s > 62 {
				t.Errorf("Retry-After: %q, want %d to 62", a.header.Get("Retry-After"), max(least, 1))
			}
		}
		if accepted[o.tenant] != 15 || accepted[other.tenant] != 4 {
			t.Errorf("accepted %d and %d refreshes, want 15 and 4 more", accepted[o.tenant], accepted[other.tenant])
		}
		other.pullNow(theirs)
		if time.Since(begun) < 50*time.Second {
			// The pull has not waited for the budget of refreshes, which is still used up.
			other.send(http.MethodPost, pathOf(theirs, "/refresh"), nil).
				problem(http.StatusTooManyRequests, "MTCH-0009")
		}
		got := other.get(pathOf(theirs, "/health")).want(http.StatusOK).json()["thisMonth"].(object)
		if got["refreshes"] != 5.0 || got["pulls"] != 1.0 {
			t.Errorf("thisMonth is %v", got)
		}
		for resource, of := range b.sim.Stats().Resources {
			if of.Limited > 0 {
				t.Errorf("%s: %d of %d requests got a 429", resource, of.Limited, of.Requests)
			}
		}
	}, vendorsLimits)
}

// A 429 of the vendor to a refresh blocks refreshes only.
func TestA429ToARefreshDoesNotBlockPulls(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		id := o.connect(b, "main")
		b.inject(t, fault{
			path: "/items/" + b.item, kind: "status", status: http.StatusTooManyRequests, times: 1, retryAfter: "300",
		})
		a := o.send(http.MethodPost, pathOf(id, "/refresh"), nil)
		a.problem(http.StatusTooManyRequests, "MTCH-0009")
		o.pullNow(id) // must not wait for the five minutes of Retry-After
		a = o.send(http.MethodPost, pathOf(id, "/refresh"), nil)
		a.problem(http.StatusTooManyRequests, "MTCH-0009")
	}, func(s *setup) { s.over.PerMinute = 0 })
}
