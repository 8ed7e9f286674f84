package application

import (
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Receive implements ports.Door. The source is judged before the token: who cannot prove
// to be the vendor learns nothing about tokens, not even from the time taken.
func (s *Service) Receive(ctx context.Context, k domain.Knock) (ports.Received, error) {
	aggregator, wired := s.aggregators[k.Vendor]
	if !wired || !s.Sources[k.Vendor].Admits(k) {
		return ports.Received{}, s.refuse(ctx, k)
	}
	receipt, err := s.receipt(ctx, aggregator, k)
	if err != nil {
		return ports.Received{}, err
	}
	received, err := s.Deliveries.Receive(ctx, receipt)
	if errors.Is(err, domain.Unauthenticated) {
		return ports.Received{}, s.refuse(ctx, k)
	}
	if err != nil {
		return ports.Received{}, err
	}
	s.touched.note(received.Token, receipt.At)
	s.Observer.Observe(ctx, ports.WebhookSeen{Vendor: k.Vendor, Outcome: outcomeOf(received), Delivery: received.Delivery.ID})
	return received, nil
}

func (s *Service) refuse(ctx context.Context, k domain.Knock) error {
	seen := ports.WebhookSeen{Outcome: "refused"}
	if _, wired := s.aggregators[k.Vendor]; wired {
		seen.Vendor = k.Vendor
	}
	s.Observer.Observe(ctx, seen)
	return &domain.Error{Kind: domain.Unauthenticated}
}

func (s *Service) receipt(ctx context.Context, a ports.Aggregator, k domain.Knock) (ports.Receipt, error) {
	event, err := a.Parse(k.Body)
	if err != nil && !errors.Is(err, domain.Invalid) {
		return ports.Receipt{}, err
	}
	return ports.Receipt{
		Delivery: domain.DeliveryID{UUID: s.IDs.New()}, Pull: s.newPullID(),
		Token: domain.HashToken(k.Token), Vendor: k.Vendor,
		Event: event, Unreadable: err != nil, Body: k.Body, At: s.Clock.Now(), Trace: s.Tracer.Carry(ctx),
	}, nil
}

func (s *Service) newPullID() domain.PullID { return domain.PullID{UUID: s.IDs.New()} }

func outcomeOf(r ports.Received) string {
	if r.Duplicate {
		return "duplicate"
	}
	return string(r.Delivery.Status)
}
