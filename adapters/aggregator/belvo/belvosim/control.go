package belvosim

import (
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// ControlHandler serves /_control/ alone; the package doc lists its calls and
// [kit.Control] says how they answer.
func (s *Simulator) ControlHandler() http.Handler {
	return kit.Control(ErrNotFound, map[string]kit.Call{
		"GET /_control/state":                    s.controlState,
		"GET /_control/stats":                    func(*http.Request) (any, error) { return s.Stats(), nil },
		"POST /_control/links":                   kit.Reading(s.AddLink),
		"POST /_control/links/{id}/status":       s.controlStatus,
		"POST /_control/links/{id}/purge":        s.controlPurge,
		"DELETE /_control/links/{id}":            kit.Removing(s.RemoveLink),
		"POST /_control/accounts":                kit.Reading(s.AddAccount),
		"POST /_control/accounts/{id}/generate":  kit.Generating(s.Generate),
		"POST /_control/transactions":            kit.Reading(s.add),
		"PATCH /_control/transactions/{id}":      kit.Editing(s.UpdateTransaction),
		"DELETE /_control/transactions/{id}":     kit.Removing(s.RemoveTransaction),
		"POST /_control/transactions/{id}/churn": kit.Naming(s.Churn),
		"POST /_control/faults":                  kit.Injecting(s.faults),
		"DELETE /_control/faults":                kit.Clearing(s.faults),
		"POST /_control/webhooks":                s.controlWebhooks,
	})
}

// addition is a transaction with the link to add it to.
type addition struct {
	Link string `json:"link"`
	Transaction
}

func (s *Simulator) add(a addition) (Transaction, error) {
	return s.AddTransaction(a.Link, a.Transaction)
}

func (s *Simulator) controlStatus(r *http.Request) (any, error) {
	in, err := kit.Read[struct {
		Status LinkStatus `json:"status"`
	}](r)
	if err != nil {
		return nil, err
	}
	return kit.Done, s.SetLinkStatus(r.PathValue("id"), in.Status)
}

func (s *Simulator) controlPurge(r *http.Request) (any, error) {
	in, err := kit.Read[struct {
		Before time.Time `json:"before"`
	}](r)
	if err != nil {
		return nil, err
	}
	purged, err := s.Purge(r.PathValue("id"), in.Before)
	return map[string]int{"purged": purged}, err
}

func (s *Simulator) controlWebhooks(r *http.Request) (any, error) {
	in, err := kit.Read[struct {
		Target Target  `json:"target"`
		Events []Event `json:"events"`
	}](r)
	if err != nil {
		return nil, err
	}
	return kit.Told(s.SendWebhooks(r.Context(), in.Target, in.Events...))
}
