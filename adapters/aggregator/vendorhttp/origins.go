package vendorhttp

import (
	"strings"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxOrigins bounds how many origins are kept in memory, and maxBudgets the rate budgets of each origin. Operators
// choose the base URLs and the client ids, so without a bound they could make the maps grow indefinitely.
const (
	maxOrigins = 1024
	maxBudgets = 10_000
)

// origin contains the circuit breaker and the rate budgets for the calls to one vendor at one HTTP origin.
type origin struct {
	breaker circuitbreaker.CircuitBreaker[response]
	key     originKey
	budgets map[string]rateBudget // the keys are those of Budget.key; guarded by origins.mu
	usedAt  time.Time
}

// originKey includes the vendor, so that two vendors that are called at the same origin, for example at a sandbox, do
// not share their rate budgets.
type originKey struct{ vendor, origin string }

// origins contains the state of every origin. If there are more than maxOrigins, the least recently
// used origin is evicted.
type origins struct {
	clock  ports.Clock
	shared *sharedBudgets // nil if the budgets are in the memory of the process
	mu     sync.Mutex
	byKey  map[originKey]*origin
}

// get returns the state of an origin. It creates the state when the origin is first used.
func (o *origins) get(key originKey, now time.Time) *origin {
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok := o.byKey[key]
	if !ok {
		o.evict()
		found = &origin{breaker: newCircuitBreaker(), key: key, budgets: map[string]rateBudget{}}
		o.byKey[key] = found
	}
	found.usedAt = now
	return found
}

// budget returns a rate budget of an origin, or nil if there is no limit. If the origin already has maxBudgets
// budgets, one of them is dropped to make room. Calls that wait for the dropped budget still receive their tokens.
func (o *origins) budget(of *origin, b Budget, l limit) rateBudget {
	if b.Resource == "" || l == (limit{}) {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok := of.budgets[b.key()]
	if !ok {
		for key := range of.budgets {
			if len(of.budgets) < maxBudgets {
				break
			}
			delete(of.budgets, key)
		}
		found = o.newBudget(of.key, b.key(), l)
		of.budgets[b.key()] = found
	}
	return found
}

// newBudget returns a new rate budget.
func (o *origins) newBudget(key originKey, resource string, l limit) rateBudget {
	switch isWindow := l.window.Limit > 0; {
	case isWindow && o.shared != nil:
		return o.shared.window(key, resource, l.window, o.clock)
	case isWindow:
		return newLocalWindow(l.window, o.clock)
	case o.shared != nil:
		return o.shared.budget(key, resource, l.perMinute)
	}
	return newTokenBucket(l.perMinute, o.clock)
}

// evict removes the least recently used origin if the map is full.
func (o *origins) evict() {
	if len(o.byKey) < maxOrigins {
		return
	}
	var oldest originKey
	var oldestUse time.Time
	for key, candidate := range o.byKey {
		if oldestUse.IsZero() || candidate.usedAt.Before(oldestUse) {
			oldest, oldestUse = key, candidate.usedAt
		}
	}
	delete(o.byKey, oldest)
}

// Origin returns the scheme and the host of an http or https URL in lower case. It omits the default port of the
// scheme, so that the result is the same for all URLs of an origin. The URL may have a query. Errors: Rejected
// (address_not_allowed) for a URL that is not absolute, or that has userinfo or a fragment.
func Origin(rawURL string) (string, error) {
	withoutQuery, _, _ := strings.Cut(rawURL, "?")
	u, err := domain.ParseBaseURL(withoutQuery, true)
	if err != nil || strings.Contains(rawURL, "#") {
		return "", egress.NotAllowed("not an absolute URL")
	}
	return domain.OriginOf(u), nil
}
