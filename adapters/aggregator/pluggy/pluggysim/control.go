package pluggysim

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// ControlHandler returns a handler that serves only the paths below /_control/. The package comment lists
// the calls, and [kit.Control] describes the responses.
func (s *Simulator) ControlHandler() http.Handler {
	return kit.Control(ErrNotFound, map[string]kit.ControlFunc{
		"GET /_control/state":                    s.controlState,
		"GET /_control/stats":                    func(*http.Request) (any, error) { return s.Stats(), nil },
		"POST /_control/transactions":            kit.WithBody(s.AddTransaction),
		"PATCH /_control/transactions/{id}":      kit.PatchByID(s.UpdateTransaction),
		"DELETE /_control/transactions/{id}":     kit.DeleteByID(s.RemoveTransaction),
		"POST /_control/transactions/{id}/churn": kit.WithID(s.Churn),
		"POST /_control/accounts/{id}/generate":  kit.GenerateRows(s.Generate),
		"POST /_control/accounts/{id}/listed":    kit.SetListed(s.SetAccountListed),
		"POST /_control/accounts/{id}/bills":     s.controlBills,
		"POST /_control/items":                   kit.WithBody(s.controlAddItem),
		"POST /_control/accounts":                kit.WithBody(s.AddAccount),
		"POST /_control/connect":                 kit.WithBody(s.controlConnect),
		"PATCH /_control/items/{id}":             kit.PatchByID(s.UpdateItem),
		"POST /_control/items/{id}/status":       s.controlStatus,
		"POST /_control/consents":                kit.WithBody(s.AddConsent),
		"POST /_control/consents/{id}/revoke":    kit.DeleteByID(s.RevokeConsent),
		"POST /_control/keys/expire":             s.controlExpire,
		"POST /_control/faults":                  kit.InjectFaults(s.faults),
		"DELETE /_control/faults":                kit.ClearFaults(s.faults),
		"POST /_control/webhooks":                s.controlWebhooks,
	})
}

func (s *Simulator) controlAddItem(i Item) (Item, error) { return s.AddItem(i), nil }

func (s *Simulator) controlBills(r *http.Request) (any, error) {
	bills, err := kit.DecodeBody[[]Bill](r)
	if err != nil {
		return nil, err
	}
	return kit.OK, s.SetBills(r.PathValue("id"), bills...)
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
		Registered *struct {
			Origin string `json:"origin"`
		} `json:"registered"`
		Events []Event `json:"events"`
		ItemID string  `json:"itemId"`
	}](r)
	if err != nil {
		return nil, err
	}
	if len(in.Events) == 0 {
		in.Events = s.Pending(in.ItemID)
	}
	if in.Registered != nil {
		return s.sendAllRegistered(r.Context(), in.Registered.Origin, in.Events)
	}
	to := in.Target.Target
	to.Sign = Signed(in.Target.SigningSecret)
	return kit.DeliveryResults(s.SendWebhooks(r.Context(), to, in.Events...))
}

// sendAllRegistered sends events in the same way as [Simulator.SendRegistered].
func (s *Simulator) sendAllRegistered(ctx context.Context, origin string, events []Event) (any, error) {
	results := []DeliveryResult{}
	for _, event := range events {
		sent, err := s.SendRegistered(ctx, origin, event)
		if results = append(results, sent...); err != nil {
			return kit.DeliveryResults(results, err)
		}
	}
	return kit.DeliveryResults(results, nil)
}

// itemState is an item in the response of /_control/state.
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

// controlState returns the ids and counts of the stored objects, but never the secret of a client.
func (s *Simulator) controlState(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := make([]itemState, 0, len(s.store.items))
	for _, id := range slices.Sorted(maps.Keys(s.store.items)) {
		i := s.store.items[id]
		items = append(items, itemState{id, i.ClientID, i.Status, s.accountStates(id)})
	}
	return map[string]any{
		"clients": slices.Sorted(maps.Keys(s.store.clients)), "items": items,
		"faults": s.faults.Pending(), "webhooks": len(s.webhooks),
	}, nil
}

func (s *Simulator) accountStates(item string) []accountState {
	out := []accountState{}
	for _, id := range s.store.accountIDs[item] {
		l := s.store.accounts[id]
		out = append(out, accountState{id, l.Type, len(l.dates.rows)})
	}
	return out
}
