package plaidsim

import (
	"context"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// Handler serves the vendor's API at /, and the control surface at /_control/ ([kit.Control] describes its responses):
//
//   - GET /_control/items/{id}/transactions: the rows of an Item
//   - POST /_control/items/{id}/transactions: adds a row, or changes the one with the same transaction_id
//   - DELETE /_control/items/{id}/transactions/{row}: removes a row
//   - POST /_control/items/{id}/error {code}: sets the error of the Item; "" ends it
//   - POST /_control/items/{id}/not-ready {times}: sets [Item.NotReady]
//   - POST /_control/items/{id}/rate-limit {times}: sets [Item.RateLimited]
//   - POST /_control/items/{id}/enrich {category, merchant}: calls [Simulator.Enrich]
//   - POST /_control/mutations {times}: calls [Simulator.MutateDuringPagination]
//   - POST /_control/webhooks {target, itemId, type, code, members}: sends a signed webhook
//   - POST, DELETE /_control/faults: see package faultinject
func (s *Simulator) Handler() http.Handler {
	return kit.Mount(s, kit.Control(ErrNotFound, map[string]kit.ControlFunc{
		"GET /_control/items/{id}/transactions": func(r *http.Request) (any, error) {
			return map[string]any{"transactions": s.Transactions(r.PathValue("id"))}, nil
		},
		"POST /_control/items/{id}/transactions": func(r *http.Request) (any, error) {
			row, err := kit.DecodeBody[Transaction](r)
			if err != nil {
				return nil, err
			}
			return s.Put(r.PathValue("id"), row)
		},
		"DELETE /_control/items/{id}/transactions/{row}": func(r *http.Request) (any, error) {
			return kit.OK, s.Remove(r.PathValue("id"), r.PathValue("row"))
		},
		"POST /_control/items/{id}/error": func(r *http.Request) (any, error) {
			in, err := kit.DecodeBody[struct {
				Code string `json:"code"`
			}](r)
			if err != nil {
				return nil, err
			}
			return kit.OK, s.EditItem(r.PathValue("id"), func(i *Item) { i.Error = in.Code })
		},
		"POST /_control/items/{id}/not-ready": timesOf(func(id string, times int) error {
			return s.EditItem(id, func(i *Item) { i.NotReady = times })
		}),
		"POST /_control/items/{id}/rate-limit": timesOf(func(id string, times int) error {
			return s.EditItem(id, func(i *Item) { i.RateLimited = times })
		}),
		"POST /_control/items/{id}/enrich": func(r *http.Request) (any, error) {
			in, err := kit.DecodeBody[struct {
				Category string `json:"category"`
				Merchant string `json:"merchant"`
			}](r)
			if err != nil {
				return nil, err
			}
			rows, err := s.Enrich(r.PathValue("id"), in.Category, in.Merchant)
			return map[string]int{"rows": rows}, err
		},
		"POST /_control/mutations": timesOf(func(_ string, times int) error {
			s.MutateDuringPagination(times)
			return nil
		}),
		"POST /_control/faults":   kit.InjectFaults(s.faults),
		"DELETE /_control/faults": kit.ClearFaults(s.faults),
		"POST /_control/webhooks": s.controlWebhooks,
	}))
}

// timesOf returns a ControlFunc that calls fn with the {id} of the path and the member "times" of the body.
func timesOf(fn func(id string, times int) error) kit.ControlFunc {
	return func(r *http.Request) (any, error) {
		in, err := kit.DecodeBody[struct {
			Times int `json:"times"`
		}](r)
		if err != nil {
			return nil, err
		}
		return kit.OK, fn(r.PathValue("id"), in.Times)
	}
}

func (s *Simulator) controlWebhooks(r *http.Request) (any, error) {
	in, err := kit.DecodeBody[struct {
		Target  kit.Target     `json:"target"`
		ItemID  string         `json:"itemId"`
		Type    string         `json:"type"`
		Code    string         `json:"code"`
		Members map[string]any `json:"members"`
	}](r)
	if err != nil {
		return nil, err
	}
	return kit.DeliveryResults(s.send(r.Context(), in.Target, in.ItemID, in.Type, in.Code, in.Members))
}

// SendWebhook posts a signed webhook to a URL. It returns the HTTP status of the last response. It returns an error if
// the event cannot be built or sent.
func (s *Simulator) SendWebhook(ctx context.Context, url, itemID, kind, code string) (int, error) {
	results, err := s.send(ctx, kit.Target{URL: url}, itemID, kind, code, nil)
	if err != nil {
		return 0, err
	}
	return results[len(results)-1].Status, nil
}

// send posts a signed webhook to the target.
func (s *Simulator) send(
	ctx context.Context, target kit.Target, itemID, kind, code string, members map[string]any,
) ([]kit.DeliveryResult, error) {
	body, err := s.Event(itemID, kind, code, members)
	if err != nil {
		return nil, err
	}
	target.Sign = func(header http.Header, body []byte) { header.Set(ProofHeader, s.Sign(body, nil)) }
	return s.sender.Send(ctx, target, kit.Webhook{Event: kind + "." + code, Body: body})
}
