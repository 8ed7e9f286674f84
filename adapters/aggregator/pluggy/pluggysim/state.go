package pluggysim

import (
	"maps"
	"net/http"
	"slices"
)

// itemState is a line of the state summary.
type itemState struct {
	ID       string         `json:"id"`
	ClientID string         `json:"clientId"`
	Status   string         `json:"status"`
	Accounts []accountState `json:"accounts"`
}

type accountState struct {
	ID           string `json:"id"`
	Type         string `json:"type"`
	Transactions int    `json:"transactions"`
}

// controlState tells ids and counts, never a client's secret.
func (s *Simulator) controlState(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := make([]itemState, 0, len(s.world.items))
	for _, id := range slices.Sorted(maps.Keys(s.world.items)) {
		i := s.world.items[id]
		items = append(items, itemState{id, i.ClientID, i.Status, s.accountStates(id)})
	}
	return map[string]any{
		"clients": slices.Sorted(maps.Keys(s.world.clients)), "items": items,
		"faults": s.faults.Pending(), "webhooks": len(s.hooks),
	}, nil
}

func (s *Simulator) accountStates(item string) []accountState {
	out := []accountState{}
	for _, id := range s.world.ofItem[item] {
		l := s.world.ledgers[id]
		out = append(out, accountState{id, l.Type, len(l.dates.rows)})
	}
	return out
}
