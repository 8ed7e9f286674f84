package application

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// cleanupTimeout is the time limit of writes that must happen even after the caller has disconnected
// or the worker was stopped.
const cleanupTimeout = 3 * time.Second

// Do implements ports.Idempotency. It calls the function do once for each idempotency key.
func (s *Service) Do(
	ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint,
	do func(context.Context) (ports.StoredResponse, error),
) (ports.StoredResponse, bool, error) {
	claimed := s.Clock.Now()
	first, err := s.Idempotency.Begin(ctx, tenant, key, fingerprint, claimed)
	if err != nil {
		return ports.StoredResponse{}, false, err
	}
	if first != nil {
		return *first, true, nil
	}
	stored := false
	defer func() {
		if !stored { // do returned an error or is panicking
			s.releaseKey(ctx, tenant, key, claimed)
		}
	}()
	response, err := do(ctx)
	if err != nil || response.Status == 0 {
		return response, false, err
	}
	stored = true
	s.storeResponse(ctx, tenant, key, claimed, response)
	return response, false, nil
}

// storeResponse stores the response to the first request. A failure is not returned to the caller, because the request
// was executed. The claim then still prevents a second execution until it expires. claimed is the time of the claim.
func (s *Service) storeResponse(
	ctx context.Context, tenant domain.TenantID, key string, claimed time.Time, response ports.StoredResponse,
) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	if err := s.Idempotency.Finish(ctx, tenant, key, claimed, response, s.Clock.Now()); err != nil {
		s.Observer.Emit(ctx, ports.BackgroundError{Task: "idempotency.keep", Err: err})
	}
}

// releaseKey ends the claim made at the time claimed, so that the request can be repeated. It does not end
// a claim of another request that has taken over the key.
func (s *Service) releaseKey(ctx context.Context, tenant domain.TenantID, key string, claimed time.Time) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	if err := s.Idempotency.Release(ctx, tenant, key, claimed); err != nil {
		s.Observer.Emit(ctx, ports.BackgroundError{Task: "idempotency.abandon", Err: err})
	}
}
