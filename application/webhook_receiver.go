package application

import (
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Receive implements ports.Door. The source is judged before the token: who cannot prove
// to be the vendor learns nothing about tokens, not even from the time taken.
func (s *Service) Receive(ctx context.Context, k domain.WebhookRequest) (ports.ReceiveResult, error) {
	aggregator, wired := s.aggregators[k.Vendor]
	if !wired || !s.Sources[k.Vendor].Admits(k) {
		return ports.ReceiveResult{}, s.refuse(ctx, k)
	}
	incoming, err := s.incomingDelivery(ctx, aggregator, k)
	if err != nil {
		return ports.ReceiveResult{}, err
	}
	received, err := s.Deliveries.Receive(ctx, incoming)
	if errors.Is(err, domain.Unauthenticated) {
		return ports.ReceiveResult{}, s.refuse(ctx, k)
	}
	if err != nil {
		return ports.ReceiveResult{}, err
	}
	s.tokenUsage.record(received.Token, incoming.At)
	s.Observer.Emit(ctx, ports.WebhookReceived{Vendor: k.Vendor, Outcome: outcomeOf(received), Delivery: received.Delivery.ID})
	return received, nil
}

func (s *Service) refuse(ctx context.Context, k domain.WebhookRequest) error {
	seen := ports.WebhookReceived{Outcome: "refused"}
	if _, wired := s.aggregators[k.Vendor]; wired {
		seen.Vendor = k.Vendor
	}
	s.Observer.Emit(ctx, seen)
	return &domain.Error{Kind: domain.Unauthenticated}
}

func (s *Service) incomingDelivery(ctx context.Context, a ports.Aggregator, k domain.WebhookRequest) (ports.IncomingDelivery, error) {
	event, err := a.Parse(k.Body)
	if err != nil && !errors.Is(err, domain.Invalid) {
		return ports.IncomingDelivery{}, err
	}
	return ports.IncomingDelivery{
		Delivery: domain.DeliveryID{UUID: s.IDs.New()}, Pull: s.newPullID(),
		Token: domain.HashToken(k.Token), Vendor: k.Vendor,
		Event: event, Unreadable: err != nil, Body: k.Body, At: s.Clock.Now(), Trace: s.Tracer.Carry(ctx),
	}, nil
}

func (s *Service) newPullID() domain.PullID { return domain.PullID{UUID: s.IDs.New()} }

func outcomeOf(r ports.ReceiveResult) string {
	if r.Duplicate {
		return "duplicate"
	}
	return string(r.Delivery.Status)
}
