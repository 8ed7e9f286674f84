package belvosim

import (
	"maps"
	"net/http"
	"slices"
)

// linkState is a line of the state summary.
type linkState struct {
	ID           string     `json:"id"`
	Status       LinkStatus `json:"status"`
	Institution  string     `json:"institution"`
	Accounts     []string   `json:"accounts"`
	Transactions int        `json:"transactions"`
}

// controlState tells ids and counts, never a secret's password.
func (s *Simulator) controlState(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	links := make([]linkState, 0, len(s.ordered))
	for _, l := range s.ordered {
		line := linkState{ID: l.ID, Status: l.Status, Institution: l.Institution, Accounts: []string{}, Transactions: len(l.rows)}
		for _, a := range l.accounts {
			line.Accounts = append(line.Accounts, a.ID)
		}
		links = append(links, line)
	}
	return map[string]any{
		"secrets": slices.Sorted(maps.Keys(s.secrets)),
		"links":   links,
		"faults":  s.faults.Pending(),
		"events":  EventNames(),
	}, nil
}
