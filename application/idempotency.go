package application

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// cleanupTimeout bounds the bookkeeping that must happen although the caller has left.
const cleanupTimeout = 3 * time.Second

// Once implements ports.Once.
func (s *Service) Do(
	ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint,
	do func(context.Context) (ports.StoredResponse, error),
) (ports.StoredResponse, bool, error) {
	first, err := s.Idempotency.Begin(ctx, tenant, key, fingerprint, s.Clock.Now())
	if err != nil {
		return ports.StoredResponse{}, false, err
	}
	if first != nil {
		return *first, true, nil
	}
	stored := false
	defer func() {
		if !stored { // an error, or a panic on its way through
			s.releaseKey(ctx, tenant, key)
		}
	}()
	response, err := do(ctx)
	if err != nil || response.Status == 0 {
		return response, false, err
	}
	stored = true
	s.storeResponse(ctx, tenant, key, response)
	return response, false, nil
}

// keep stores the first answer. A failure is not the caller's: what was asked has
// happened, and the claim still holds off a repeat until it is stale.
func (s *Service) storeResponse(ctx context.Context, tenant domain.TenantID, key string, response ports.StoredResponse) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	if err := s.Idempotency.Finish(ctx, tenant, key, response, s.Clock.Now()); err != nil {
		s.Observer.Emit(ctx, ports.BackgroundError{Task: "idempotency.keep", Err: err})
	}
}

func (s *Service) releaseKey(ctx context.Context, tenant domain.TenantID, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	if err := s.Idempotency.Release(ctx, tenant, key); err != nil {
		s.Observer.Emit(ctx, ports.BackgroundError{Task: "idempotency.abandon", Err: err})
	}
}
