package belvosim

import (
	"maps"
	"net/http"
	"sync"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// Stats contains the counts of the requests to the vendor API since [New]. Requests to the control surface (/_control/)
// are not counted.
type Stats struct {
	// Requests is the number of all requests, including those that got no response.
	Requests int `json:"requests"`
	// Throttled is the number of responses with status 429, sent by the rate limit or by a fault.
	Throttled int `json:"throttled"`
	// ByStatus maps each status to the number of responses with this status. A request that was
	// aborted before its response started is not included.
	ByStatus map[int]int `json:"byStatus"`
	// ByPath maps each URL path, without the query, to the number of its requests.
	ByPath map[string]int `json:"byPath"`
	// MaxInFlight is the highest number of concurrent requests.
	MaxInFlight int `json:"maxInFlight"`
	// Faults is the number of requests that were affected by a fault.
	Faults int `json:"faults"`
	// Webhooks is the number of attempts to post a webhook, retries included.
	Webhooks int `json:"webhooks"`
}

// Stats returns a copy of the counters.
func (s *Simulator) Stats() Stats {
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	counts := s.counters.stats
	counts.ByStatus, counts.ByPath = maps.Clone(counts.ByStatus), maps.Clone(counts.ByPath)
	counts.Faults, counts.Webhooks = s.faults.Injected(), s.sender.Attempts()
	return counts
}

// counters stores the statistics; its zero value is ready to use.
type counters struct {
	mu       sync.Mutex
	inFlight int
	stats    Stats
}

func (t *counters) count(w http.ResponseWriter, r *http.Request, next http.Handler) {
	t.begin(r.URL.Path)
	defer t.end() // deferred, because a fault that cuts the connection panics
	next.ServeHTTP(kit.RecordStatus(w, t.countStatus), r)
}

func (t *counters) begin(path string) {
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

func (t *counters) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inFlight--
}

func (t *counters) countStatus(status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.ByStatus[status]++
	if status == http.StatusTooManyRequests {
		t.stats.Throttled++
	}
}
