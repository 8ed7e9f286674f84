package pluggysim

import (
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/simkit"
)

// ControlHandler serves /_control/ alone; the package doc lists its calls and
// [simkit.Control] says how they answer.
func (s *Simulator) ControlHandler() http.Handler {
	return simkit.Control(ErrNotFound, map[string]simkit.Call{
		"GET /_control/state":                    s.controlState,
		"GET /_control/stats":                    func(*http.Request) (any, error) { return s.Stats(), nil },
		"POST /_control/transactions":            simkit.Reading(s.AddTransaction),
		"PATCH /_control/transactions/{id}":      simkit.Editing(s.UpdateTransaction),
		"DELETE /_control/transactions/{id}":     simkit.Removing(s.RemoveTransaction),
		"POST /_control/transactions/{id}/churn": simkit.Naming(s.Churn),
		"POST /_control/accounts/{id}/generate":  simkit.Generating(s.Generate),
		"POST /_control/items/{id}/status":       s.controlStatus,
		"POST /_control/keys/expire":             s.controlExpire,
		"POST /_control/faults":                  simkit.Injecting(s.faults),
		"DELETE /_control/faults":                simkit.Clearing(s.faults),
		"POST /_control/webhooks":                s.controlWebhooks,
	})
}

func (s *Simulator) controlStatus(r *http.Request) (any, error) {
	in, err := simkit.Read[struct {
		Status          string `json:"status"`
		ExecutionStatus string `json:"executionStatus"`
	}](r)
	if err != nil {
		return nil, err
	}
	return simkit.Done, s.SetItemStatus(r.PathValue("id"), in.Status, in.ExecutionStatus)
}

func (s *Simulator) controlExpire(*http.Request) (any, error) {
	s.ExpireKeys()
	return simkit.Done, nil
}

func (s *Simulator) controlWebhooks(r *http.Request) (any, error) {
	in, err := simkit.Read[struct {
		Target struct {
			Target
			SigningSecret string `json:"signingSecret"`
		} `json:"target"`
		Events []Event `json:"events"`
		ItemID string  `json:"itemId"`
	}](r)
	if err != nil {
		return nil, err
	}
	if len(in.Events) == 0 {
		in.Events = s.Pending(in.ItemID)
	}
	to := in.Target.Target
	to.Sign = Signed(in.Target.SigningSecret)
	return simkit.Told(s.SendWebhooks(r.Context(), to, in.Events...))
}
