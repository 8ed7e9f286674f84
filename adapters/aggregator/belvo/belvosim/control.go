package belvosim

import (
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// ControlHandler serves /_control/ alone; the package doc lists its calls and
// [kit.Control] says how they answer.
func (s *Simulator) ControlHandler() http.Handler {
	return kit.Control(ErrNotFound, map[string]kit.ControlFunc{
		"GET /_control/state":                    s.controlState,
		"GET /_control/stats":                    func(*http.Request) (any, error) { return s.Stats(), nil },
		"POST /_control/links":                   kit.WithBody(s.AddLink),
		"POST /_control/links/{id}/status":       s.controlStatus,
		"POST /_control/links/{id}/purge":        s.controlPurge,
		"DELETE /_control/links/{id}":            kit.DeleteByID(s.RemoveLink),
		"POST /_control/accounts":                kit.WithBody(s.AddAccount),
		"POST /_control/accounts/{id}/generate":  kit.GenerateRows(s.Generate),
		"POST /_control/transactions":            kit.WithBody(s.add),
		"PATCH /_control/transactions/{id}":      kit.PatchByID(s.UpdateTransaction),
		"DELETE /_control/transactions/{id}":     kit.DeleteByID(s.RemoveTransaction),
		"POST /_control/transactions/{id}/churn": kit.WithID(s.Churn),
		"POST /_control/faults":                  kit.InjectFaults(s.faults),
		"DELETE /_control/faults":                kit.ClearFaults(s.faults),
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
