package pluggysim

import (
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// ControlHandler serves /_control/ alone; the package doc lists its calls and
// [kit.Control] says how they answer.
func (s *Simulator) ControlHandler() http.Handler {
	return kit.Control(ErrNotFound, map[string]kit.ControlFunc{
		"GET /_control/state":                    s.controlState,
		"GET /_control/stats":                    func(*http.Request) (any, error) { return s.Stats(), nil },
		"POST /_control/transactions":            kit.WithBody(s.AddTransaction),
		"PATCH /_control/transactions/{id}":      kit.PatchByID(s.UpdateTransaction),
		"DELETE /_control/transactions/{id}":     kit.DeleteByID(s.RemoveTransaction),
		"POST /_control/transactions/{id}/churn": kit.WithID(s.Churn),
		"POST /_control/accounts/{id}/generate":  kit.GenerateRows(s.Generate),
		"POST /_control/items/{id}/status":       s.controlStatus,
		"POST /_control/keys/expire":             s.controlExpire,
		"POST /_control/faults":                  kit.InjectFaults(s.faults),
		"DELETE /_control/faults":                kit.ClearFaults(s.faults),
		"POST /_control/webhooks":                s.controlWebhooks,
	})
}

func (s *Simulator) controlStatus(r *http.Request) (any, error) {
	in, err := kit.DecodeBody[struct {
		Status          string `json:"status"`
		ExecutionStatus string `json:"executionStatus"`
	}](r)
	if err != nil {
		return nil, err
	}
	return kit.OK, s.SetItemStatus(r.PathValue("id"), in.Status, in.ExecutionStatus)
}

func (s *Simulator) controlExpire(*http.Request) (any, error) {
	s.ExpireKeys()
	return kit.OK, nil
}

func (s *Simulator) controlWebhooks(r *http.Request) (any, error) {
	in, err := kit.DecodeBody[struct {
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
	return kit.DeliveryResults(s.SendWebhooks(r.Context(), to, in.Events...))
}
