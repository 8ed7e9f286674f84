package memory

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// idempotency is the store as ports.IdempotencyStore.
type idempotency struct{ *Store }

// request is what an idempotency key names.
type request struct {
	tenant domain.TenantID
	key    string
}

// claim is a request that was begun at a time, or, with an answer, ended at it.
type claim struct {
	fingerprint domain.Fingerprint
	at          time.Time
	answer      *ports.StoredResponse // nil while it runs
}

// stale says whether the claim holds its key no longer.
func (c *claim) stale(at time.Time) bool {
	life := ports.ClaimTimeout
	if c.answer != nil {
		life = ports.ResponseRetention
	}
	return at.Sub(c.at) > life
}

// Begin takes a stale claim or answer for none, whatever its fingerprint was.
func (v idempotency) Begin(ctx context.Context, tenant domain.TenantID, key string, f domain.Fingerprint, at time.Time) (*ports.StoredResponse, error) {
	return give(ctx, v.Store, "Idempotency.Begin", func() (*ports.StoredResponse, error) {
		known := v.answers[request{tenant, key}]
		switch {
		case known == nil, known.stale(at):
			v.answers[request{tenant, key}] = &claim{fingerprint: f, at: at}
			return nil, nil
		case known.fingerprint != f:
			return nil, conflict(domain.KeyReused)
		case known.answer == nil:
			return nil, conflict(domain.KeyInFlight)
		}
		return cloneAnswer(*known.answer), nil
	})
}

func (v idempotency) Finish(ctx context.Context, tenant domain.TenantID, key string, answer ports.StoredResponse, at time.Time) error {
	return v.alone(ctx, "Idempotency.Finish", func() error {
		// The first answer stands, also against one whose claim went stale meanwhile.
		if known := v.answers[request{tenant, key}]; known != nil && known.answer == nil {
			known.answer, known.at = cloneAnswer(answer), at
		}
		return nil
	})
}

// Abandon frees claims only: an answer was given to somebody.
func (v idempotency) Release(ctx context.Context, tenant domain.TenantID, key string) error {
	return v.alone(ctx, "Idempotency.Release", func() error {
		if known := v.answers[request{tenant, key}]; known != nil && known.answer == nil {
			delete(v.answers, request{tenant, key})
		}
		return nil
	})
}

// Forget lets go of claims too: one so old has no process behind it.
func (v idempotency) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return give(ctx, v.Store, "Idempotency.Prune", func() (int, error) {
		forgotten := 0
		for key, known := range v.answers {
			if forgotten < limit && known.at.Before(before) {
				delete(v.answers, key)
				forgotten++
			}
		}
		return forgotten, nil
	})
}
