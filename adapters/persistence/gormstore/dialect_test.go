package gormstore

import "context"

// receiveDialect implements only Receive; every other method panics.
type receiveDialect struct {
	Dialect
	receive func(ctx context.Context, deliveries []PendingDelivery) ([]Result, error)
}

func (d receiveDialect) Receive(ctx context.Context, deliveries []PendingDelivery) ([]Result, error) {
	return d.receive(ctx, deliveries)
}
