package memory

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// idempotency implements ports.IdempotencyStore on a Store.
type idempotency struct{ *Store }

// request identifies a request by its idempotency key. A key is unique per tenant.
type request struct {
	tenant domain.TenantID
	key    string
}

// claim is a request with an idempotency key. Its time (at) is when the request was started or, if it has a response,
// when it was finished.
type claim struct {
	fingerprint domain.Fingerprint
	at          time.Time
	response    *ports.StoredResponse // nil while the request runs
}

// stale reports whether the claim or its response has expired, so that another request may use the key.
func (c *claim) stale(at time.Time) bool {
	limit := ports.ClaimTimeout
	if c.response != nil {
		limit = ports.ResponseRetention
	}
	return at.Sub(c.at) > limit
}

// madeAt reports whether the claim was made at the given time and has no response yet. If the result is false, the
// request that claimed the key at that time no longer holds the claim.
func (c *claim) madeAt(claimed time.Time) bool {
	return c != nil && c.response == nil && c.at.Equal(claimed)
}

// Begin treats a stale claim or response as if it did not exist, whatever its fingerprint is.
func (v idempotency) Begin(
	ctx context.Context, tenant domain.TenantID, key string, f domain.Fingerprint, at time.Time,
) (*ports.StoredResponse, error) {
	return exclusiveResult(ctx, v.Store, "Idempotency.Begin", func() (*ports.StoredResponse, error) {
		stored := v.responses[request{tenant, key}]
		switch {
		case stored == nil, stored.stale(at):
			v.responses[request{tenant, key}] = &claim{fingerprint: f, at: at}
			return nil, nil
		case stored.fingerprint != f:
			return nil, conflict(domain.KeyReused)
		case stored.response == nil:
			return nil, conflict(domain.KeyInFlight)
		}
		return cloneResponse(*stored.response), nil
	})
}

// Finish stores the response of the claim. It changes nothing if another request has taken over the claim,
// or if a response is already stored.
func (v idempotency) Finish(
	ctx context.Context, tenant domain.TenantID, key string, claimed time.Time,
	response ports.StoredResponse, at time.Time,
) error {
	return v.exclusive(ctx, "Idempotency.Finish", func() error {
		if stored := v.responses[request{tenant, key}]; stored.madeAt(claimed) {
			stored.response, stored.at = cloneResponse(response), at
		}
		return nil
	})
}

// Release deletes the claim. It does not delete a claim that another request has taken over, because that
// request is still running, or a response, because it was sent to a caller.
func (v idempotency) Release(ctx context.Context, tenant domain.TenantID, key string, claimed time.Time) error {
	return v.exclusive(ctx, "Idempotency.Release", func() error {
		if v.responses[request{tenant, key}].madeAt(claimed) {
			delete(v.responses, request{tenant, key})
		}
		return nil
	})
}

// Prune also deletes old claims without a response, because their processes have died.
func (v idempotency) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return exclusiveResult(ctx, v.Store, "Idempotency.Prune", func() (int, error) {
		pruned := 0
		for key, stored := range v.responses {
			if pruned < limit && stored.at.Before(before) {
				delete(v.responses, key)
				pruned++
			}
		}
		return pruned, nil
	})
}
