package memory

import (
	"context"
	"maps"
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

// claim is a request with an idempotency key. While the request runs, updatedAt is when it started. After the response,
// updatedAt is when the request finished.
type claim struct {
	fingerprint domain.Fingerprint
	updatedAt   time.Time
	response    *ports.StoredResponse // nil while the request runs
}

// stale reports whether the claim or its response has expired, so that another request may use the key.
func (c *claim) stale(at time.Time) bool {
	limit := ports.ClaimTimeout
	if c.response != nil {
		limit = ports.ResponseRetention
	}
	return at.Sub(c.updatedAt) > limit
}

// madeAt reports whether the request that claimed the key at the given time still holds the claim. The result is false
// in three cases: there is no claim, a response is stored, or another request has taken over the claim.
func (c *claim) madeAt(claimed time.Time) bool {
	return c != nil && c.response == nil && c.updatedAt.Equal(claimed)
}

// Begin treats a stale claim or response as if it did not exist, even if its fingerprint differs from f.
func (v idempotency) Begin(
	ctx context.Context, tenant domain.TenantID, key string, f domain.Fingerprint, claimedAt time.Time,
) (*ports.StoredResponse, error) {
	return exclusiveResult(ctx, v.Store, "Idempotency.Begin", func() (*ports.StoredResponse, error) {
		stored := v.responses[request{tenant, key}]
		switch {
		case stored == nil, stored.stale(claimedAt):
			v.responses[request{tenant, key}] = &claim{fingerprint: f, updatedAt: claimedAt}
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
	ctx context.Context, tenant domain.TenantID, key string, claimedAt time.Time,
	response ports.StoredResponse, now time.Time,
) error {
	return v.exclusive(ctx, "Idempotency.Finish", func() error {
		if stored := v.responses[request{tenant, key}]; stored.madeAt(claimedAt) {
			stored.response, stored.updatedAt = cloneResponse(response), now
		}
		return nil
	})
}

// Release deletes the claim if the calling request still holds the claim. It changes nothing if another request has
// taken over the claim, because the other request is still running. It also changes nothing if a response is stored.
func (v idempotency) Release(ctx context.Context, tenant domain.TenantID, key string, claimedAt time.Time) error {
	return v.exclusive(ctx, "Idempotency.Release", func() error {
		if v.responses[request{tenant, key}].madeAt(claimedAt) {
			delete(v.responses, request{tenant, key})
		}
		return nil
	})
}

// Prune also deletes old claims without a response, because their processes have died.
func (v idempotency) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return exclusiveResult(ctx, v.Store, "Idempotency.Prune", func() (int, error) {
		pruned := 0
		maps.DeleteFunc(v.responses, func(_ request, c *claim) bool {
			return old(c.updatedAt, before, &pruned, limit)
		})
		return pruned, nil
	})
}
