package belvosim

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// Target is the URL to which webhooks are posted, and the delivery problems to simulate. The
// vendor sends an Authorization header (Basic or Bearer) if one is configured, waits 5 s for a
// response, and retries five times.
type Target = kit.Target

// DeliveryResult is the result of the delivery of one webhook.
type DeliveryResult = kit.DeliveryResult

// SendWebhook posts one event and returns the HTTP status of the last attempt. It returns an error
// if the event cannot be built, if the URL is invalid, or if the receiver did not respond.
func (s *Simulator) SendWebhook(ctx context.Context, to Target, e Event) (int, error) {
	receipts, err := s.SendWebhooks(ctx, to, e)
	if err != nil {
		return 0, err
	}
	return receipts[len(receipts)-1].Status, nil
}

// SendWebhooks posts events in the same way as [kit.Sender.Send]. If one of the events cannot be
// built, it sends nothing and returns an error.
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
