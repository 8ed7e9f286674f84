package belvosim

import (
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/simkit"
)

// ControlHandler serves /_control/ alone; the package doc lists its calls and
// [simkit.Control] says how they answer.
func (s *Simulator) ControlHandler() http.Handler {
	return simkit.Control(ErrNotFound, map[string]simkit.Call{
		"GET /_control/state":                    s.controlState,
		"GET /_control/stats":                    func(*http.Request) (any, error) { return s.Stats(), nil },
		"POST /_control/links":                   simkit.Reading(s.AddLink),
		"POST /_control/links/{id}/status":       s.controlStatus,
		"POST /_control/links/{id}/purge":        s.controlPurge,
		"DELETE /_control/links/{id}":            simkit.Removing(s.RemoveLink),
		"POST /_control/accounts":                simkit.Reading(s.AddAccount),
		"POST /_control/accounts/{id}/generate":  simkit.Generating(s.Generate),
		"POST /_control/transactions":            simkit.Reading(s.add),
		"PATCH /_control/transactions/{id}":      simkit.Editing(s.UpdateTransaction),
		"DELETE /_control/transactions/{id}":     simkit.Removing(s.RemoveTransaction),
		"POST /_control/transactions/{id}/churn": simkit.Naming(s.Churn),
		"POST /_control/faults":                  simkit.Injecting(s.faults),
		"DELETE /_control/faults":                simkit.Clearing(s.faults),
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
	in, err := simkit.Read[struct {
		Status LinkStatus `json:"status"`
	}](r)
	if err != nil {
		return nil, err
	}
	return simkit.Done, s.SetLinkStatus(r.PathValue("id"), in.Status)
}

func (s *Simulator) controlPurge(r *http.Request) (any, error) {
	in, err := simkit.Read[struct {
		Before time.Time `json:"before"`
	}](r)
	if err != nil {
		return nil, err
	}
	purged, err := s.Purge(r.PathValue("id"), in.Before)
	return map[string]int{"purged": purged}, err
}

func (s *Simulator) controlWebhooks(r *http.Request) (any, error) {
	in, err := simkit.Read[struct {
		Target Target  `json:"target"`
		Events []Event `json:"events"`
	}](r)
	if err != nil {
		return nil, err
	}
	return simkit.Told(s.SendWebhooks(r.Context(), in.Target, in.Events...))
}
