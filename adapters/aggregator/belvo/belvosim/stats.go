package belvosim

import (
	"maps"
	"net/http"
	"sync"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// Stats counts what the vendor API has seen since [New]. The control surface is
// not counted.
type Stats struct {
	// Requests is all that came in, answered or not.
	Requests int `json:"requests"`
	// Throttled is the 429s, by the rate limit or by a fault.
	Throttled int `json:"throttled"`
	// ByStatus counts the answers begun; an aborted request without one is absent.
	ByStatus map[int]int `json:"byStatus"`
	// ByPath counts requests by URL path without the query.
	ByPath map[string]int `json:"byPath"`
	// MaxInFlight is the most requests that were under way at once.
	MaxInFlight int `json:"maxInFlight"`
	// Faults is how many requests a fault took.
	Faults int `json:"faults"`
	// Webhooks is how many posts were tried, retries included.
	Webhooks int `json:"webhooks"`
}

// Stats returns a copy of the counters.
func (s *Simulator) Stats() Stats {
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	seen := s.tally.stats
	seen.ByStatus, seen.ByPath = maps.Clone(seen.ByStatus), maps.Clone(seen.ByPath)
	seen.Faults, seen.Webhooks = s.faults.Injected(), s.sender.Attempts()
	return seen
}

// tally keeps the counters; its zero value is ready.
type tally struct {
	mu       sync.Mutex
	inFlight int
	stats    Stats
}

func (t *tally) count(w http.ResponseWriter, r *http.Request, next http.Handler) {
	t.begin(r.URL.Path)
	defer t.end() // deferred: a cut connection leaves by panic
	next.ServeHTTP(kit.RecordStatus(w, t.answered), r)
}

func (t *tally) begin(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stats.ByPath == nil {
		t.stats.ByPath, t.stats.ByStatus = map[string]int{}, map[int]int{}
	}
	t.inFlight++
	t.stats.MaxInFlight = max(t.stats.MaxInFlight, t.inFlight)
	t.stats.Requests++
	t.stats.ByPath[path]++
}

func (t *tally) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inFlight--
}

func (t *tally) answered(status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.ByStatus[status]++
	if status == http.StatusTooManyRequests {
		t.stats.Throttled++
	}
}
