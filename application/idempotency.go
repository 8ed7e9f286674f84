package application

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Do implements ports.Idempotency. It calls fn only if no response is stored for the idempotency key.
func (s *Service) Do(
	ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint,
	fn func(context.Context) (ports.StoredResponse, error),
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
		if !stored { // fn has returned an error or no response, or has panicked
			s.releaseKey(ctx, tenant, key, claimed)
		}
	}()
	response, err := fn(ctx)
	if err != nil || response.Status == 0 {
		return response, false, err
	}
	stored = true
	s.storeResponse(ctx, tenant, key, claimed, response)
	return response, false, nil
}

// storeResponse stores the response to the first request. An error is not returned but emitted as an event, because the
// request has already been executed. The claim on the key prevents a second execution until the claim expires.
// claimedAt is the time of the claim.
func (s *Service) storeResponse(
	ctx context.Context, tenant domain.TenantID, key string, claimedAt time.Time, response ports.StoredResponse,
) {
	ctx, cancel := concurrency.Detach(ctx)
	defer cancel()
	if err := s.Idempotency.Finish(ctx, tenant, key, claimedAt, response, s.Clock.Now()); err != nil {
		s.Observer.Emit(ctx, ports.BackgroundError{Task: "idempotency.keep", Err: err})
	}
}

// releaseKey ends a claim on the key, so that the request can be repeated. claimedAt is the time of the claim. If
// another request has taken over the key, releaseKey does not end the claim of the other request.
func (s *Service) releaseKey(ctx context.Context, tenant domain.TenantID, key string, claimedAt time.Time) {
	ctx, cancel := concurrency.Detach(ctx)
	defer cancel()
	if err := s.Idempotency.Release(ctx, tenant, key, claimedAt); err != nil {
		s.Observer.Emit(ctx, ports.BackgroundError{Task: "idempotency.abandon", Err: err})
	}
}
