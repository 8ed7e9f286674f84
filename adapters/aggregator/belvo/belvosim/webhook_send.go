package belvosim

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// Target is the URL to which webhooks are posted, and how badly they are delivered. The
// vendor sends an Authorization (Basic or Bearer) if configured, waits 5 s and retries five
// times.
type Target = kit.Target

// DeliveryResult is the result of one delivery.
type DeliveryResult = kit.DeliveryResult

// SendWebhook posts one event and returns the status of its last attempt. An event that
// cannot be built, an invalid URL and a receiver that did not respond are errors.
func (s *Simulator) SendWebhook(ctx context.Context, to Target, e Event) (int, error) {
	receipts, err := s.SendWebhooks(ctx, to, e)
	if err != nil {
		return 0, err
	}
	return receipts[len(receipts)-1].Status, nil
}

// SendWebhooks posts events as [kit.Sender.Send] does. Nothing is sent if one of
// them cannot be built.
func (s *Simulator) SendWebhooks(ctx context.Context, to Target, events ...Event) ([]DeliveryResult, error) {
	posts := make([]kit.Webhook, 0, len(events))
	for _, e := range events {
		body, err := s.Payload(e)
		if err != nil {
			return nil, err
		}
		posts = append(posts, kit.Webhook{Event: e.Name, Body: body})
	}
	return s.sender.Send(ctx, to, posts...)
}
