package pluggysim

import (
	"maps"
	"net/http"
	"strings"
)

// ResourceStats counts the requests to one resource, including those into which a fault was injected.
type ResourceStats struct {
	Requests int `json:"requests"` // all requests, even those without a response
	Limited  int `json:"limited"`  // responses with 429
	Errors   int `json:"errors"`   // responses with 4xx or 5xx, including 429
}

// Stats counts what the simulator has done since New. The keys of Resources are auth, items, accounts, transactions,
// bills, webhooks, connect_token, consents and other.
type Stats struct {
	Resources  map[string]ResourceStats `json:"resources"`
	Deprecated int                      `json:"deprecated"` // requests to GET /transactions, whose pages are numbered
	KeysIssued int                      `json:"keysIssued"`
	Refreshes  int                      `json:"refreshes"` // accepted calls of PATCH /items/{id}
	Faults     int                      `json:"faults"`    // injected faults
	Webhooks   int                      `json:"webhooks"`  // delivery attempts, including retries and additional copies
}

// Stats returns a copy of the counters.
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
	case "auth", "items", "accounts", "bills", "transactions", "webhooks", "connect_token", "consents":
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
