package memory

import (
	"context"
	"maps"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// tokens is the store as ports.Tokens.
type tokens struct{ *Store }

// Create checks the connection under the lock that a deletion takes. The token is therefore either
// stored before the deletion, which revokes it with the others, or refused.
func (v tokens) Create(ctx context.Context, t domain.WebhookToken) error {
	return v.exclusive(ctx, "Tokens.Create", func() error {
		if _, err := v.live(t.Tenant, t.Connection, domain.Aggregator); err != nil {
			return err
		}
		v.tokens[t.Hash] = &t
		return nil
	})
}

// List returns revoked tokens too, because an operator wants to see that they are revoked.
func (v tokens) List(
	ctx context.Context, tenant domain.TenantID, f ports.TokenFilter, page domain.PageRequest,
) (domain.Page[domain.WebhookToken], error) {
	return exclusiveResult(ctx, v.Store, "Tokens.List", func() (domain.Page[domain.WebhookToken], error) {
		if err := checkTimePosition(page.After); err != nil {
			return domain.Page[domain.WebhookToken]{}, err
		}
		rows := matching(maps.Values(v.tokens), func(t *domain.WebhookToken) bool {
			return t.Tenant == tenant && (f.Connection.IsZero() || t.Connection == f.Connection)
		}, cloneToken)
		return cutPage(rows, page, descending, func(t domain.WebhookToken) domain.Position {
			return timePosition(t.CreatedAt, t.ID.UUID)
		}), nil
	})
}

// Revoke finds live tokens only, so that the time of the first revocation is kept.
func (v tokens) Revoke(ctx context.Context, tenant domain.TenantID, id domain.TokenID, at time.Time) error {
	return v.exclusive(ctx, "Tokens.Revoke", func() error {
		for _, token := range v.tokens {
			if token.ID == id && token.Tenant == tenant && token.Live() {
				token.RevokedAt = at
				return nil
			}
		}
		return domain.NotFoundError()
	})
}

// RecordUsage ignores unknown ids. For tokens that used does not contain the map returns the zero time,
// which is never later than the time of the last use.
func (v tokens) RecordUsage(ctx context.Context, used map[domain.TokenID]time.Time) error {
	return v.exclusive(ctx, "Tokens.RecordUsage", func() error {
		for _, token := range v.tokens {
			token.LastUsedAt = later(token.LastUsedAt, used[token.ID])
		}
		return nil
	})
}
