package ports

import (
	"context"
	"time"
)

type requestTimeoutKey struct{}

// WithRequestTimeout returns a copy of ctx for calls to an aggregator whose single requests may take as long as d. The
// aggregator's total time for a call is longer in the same proportion. Without it, an aggregator uses its own timeouts.
func WithRequestTimeout(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, requestTimeoutKey{}, d)
}

// RequestTimeoutOf returns the duration that WithRequestTimeout stored in ctx, or 0.
func RequestTimeoutOf(ctx context.Context) time.Duration {
	d, _ := ctx.Value(requestTimeoutKey{}).(time.Duration)
	return d
}
