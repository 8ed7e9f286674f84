package pluggysim

import (
	"maps"
	"net/http"
	"strings"
)

// ResourceStats counts what one resource served, injected faults included.
type ResourceStats struct {
	Requests int `json:"requests"` // all that came, answered or not
	Limited  int `json:"limited"`  // answered 429
	Errors   int `json:"errors"`   // answered 4xx or 5xx, 429 included
}

// Stats is what the simulator has done since New. Resources are auth, items, accounts, transactions, webhooks
// and other.
type Stats struct {
	Resources  map[string]ResourceStats `json:"resources"`
	Deprecated int                      `json:"deprecated"` // calls of the page-numbered GET /transactions
	KeysIssued int                      `json:"keysIssued"`
	Faults     int                      `json:"faults"`   // faults that fired
	Webhooks   int                      `json:"webhooks"` // posts made, retries and copies included
}

// Stats is a copy of the counters.
func (s *Simulator) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Resources = maps.Clone(s.stats.Resources)
	out.Faults, out.Webhooks = s.faults.Injected(), s.sender.Attempts()
	return out
}

func resourceOf(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, "/"), "v2/"), "/")
	switch name {
	case "auth", "items", "accounts", "transactions", "webhooks":
		return name
	}
	return "other"
}

func (s *Simulator) countRequest(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := resourceOf(r.URL.Path)
	c := s.stats.Resources[name]
	c.Requests++
	s.stats.Resources[name] = c
	if r.URL.Path == "/transactions" {
		s.stats.Deprecated++
	}
}

func (s *Simulator) countStatus(resource string, status int) {
	if status < http.StatusBadRequest {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.stats.Resources[resource]
	c.Errors++
	if status == http.StatusTooManyRequests {
		c.Limited++
	}
	s.stats.Resources[resource] = c
}
