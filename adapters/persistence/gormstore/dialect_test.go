package gormstore

import "context"

// receiveDialect implements only Receive and ServerOf; every other method panics.
type receiveDialect struct {
	Dialect
	receive func(ctx context.Context, deliveries []PendingDelivery) ([]Result, error)
}

func (receiveDialect) ServerOf(PendingDelivery) string { return "" }

func (d receiveDialect) Receive(ctx context.Context, deliveries []PendingDelivery) ([]Result, error) {
	return d.receive(ctx, deliveries)
}
