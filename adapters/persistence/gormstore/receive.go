package gormstore

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// Deliveries is the store of deliveries.
func (s *Store) Deliveries() ports.Deliveries { return deliveries{s} }

// deliveries takes what comes through the door, and shows it.
type deliveries struct{ *Store }

// Receive joins the next group of receipts that is committed.
func (s deliveries) Receive(ctx context.Context, r ports.IncomingDelivery) (ports.ReceiveResult, error) {
	k, err := newKnock(r)
	if err != nil {
		return ports.ReceiveResult{}, Translate(ctx, err)
	}
	result := s.commits.submit(ctx, k)
	return result.ReceiveResult, result.Err
}
