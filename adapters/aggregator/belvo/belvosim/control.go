package belvosim

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// ControlHandler returns the handler of the control surface, /_control/, without the vendor's API.
// The package documentation lists the calls, and [kit.Control] describes their responses.
func (s *Simulator) ControlHandler() http.Handler {
	return kit.Control(ErrNotFound, map[string]kit.ControlFunc{
		"GET /_control/state":                    s.controlState,
		"GET /_control/stats":                    func(*http.Request) (any, error) { return s.Stats(), nil },
		"POST /_control/links":                   kit.WithBody(s.AddLink),
		"POST /_control/connect":                 kit.WithBody(s.controlConnect),
		"PATCH /_control/links/{id}":             kit.PatchByID(s.UpdateLink),
		"POST /_control/links/{id}/status":       s.controlStatus,
		"POST /_control/links/{id}/purge":        s.controlPurge,
		"DELETE /_control/links/{id}":            kit.DeleteByID(s.RemoveLink),
		"POST /_control/accounts":                kit.WithBody(s.AddAccount),
		"POST /_control/accounts/{id}/generate":  kit.GenerateRows(s.Generate),
		"POST /_control/accounts/{id}/listed":    kit.SetListed(s.SetAccountListed),
		"POST /_control/transactions":            kit.WithBody(s.addLinkTransaction),
		"PATCH /_control/transactions/{id}":      kit.PatchByID(s.UpdateTransaction),
		"DELETE /_control/transactions/{id}":     kit.DeleteByID(s.RemoveTransaction),
		"POST /_control/transactions/{id}/churn": kit.WithID(s.Churn),
		"POST /_control/faults":                  kit.InjectFaults(s.faults),
		"DELETE /_control/faults":                kit.ClearFaults(s.faults),
		"POST /_control/webhooks":                s.controlWebhooks,
	})
}

// linkTransaction is a transaction together with the id of the link to which it is added.
type linkTransaction struct {
	Link string `json:"link"`
	Transaction
}

func (s *Simulator) addLinkTransaction(a linkTransaction) (Transaction, error) {
	return s.AddTransaction(a.Link, a.Transaction)
}

func (s *Simulator) controlStatus(r *http.Request) (any, error) {
	in, err := kit.DecodeBody[struct {
		Status LinkStatus `json:"status"`
	}](r)
	if err != nil {
		return nil, err
	}
	return kit.OK, s.SetLinkStatus(r.PathValue("id"), in.Status)
}

func (s *Simulator) controlPurge(r *http.Request) (any, error) {
	in, err := kit.DecodeBody[struct {
		Before time.Time `json:"before"`
	}](r)
	if err != nil {
		return nil, err
	}
	purged, err := s.Purge(r.PathValue("id"), in.Before)
	return map[string]int{"purged": purged}, err
}

func (s *Simulator) controlWebhooks(r *http.Request) (any, error) {
	in, err := kit.DecodeBody[struct {
		Target Target  `json:"target"`
		Events []Event `json:"events"`
	}](r)
	if err != nil {
		return nil, err
	}
	return kit.DeliveryResults(s.SendWebhooks(r.Context(), in.Target, in.Events...))
}

// linkState is the entry of one link in the response of GET /_control/state.
type linkState struct {
	ID           string     `json:"id"`
	Status       LinkStatus `json:"status"`
	Institution  string     `json:"institution"`
	Accounts     []string   `json:"accounts"`
	Transactions int        `json:"transactions"`
}

// controlState returns a summary of the simulator's state. The summary contains ids and counts,
// but never a secret's password.
func (s *Simulator) controlState(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	links := make([]linkState, 0, len(s.linkOrder))
	for _, l := range s.linkOrder {
		line := linkState{
			ID: l.ID, Status: l.Status, Institution: l.Institution, Accounts: []string{}, Transactions: len(l.rows),
		}
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
