package memory

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// tokens implements ports.Tokens on a Store.
type tokens struct{ *Store }

// Create and the deletion of a connection take the same lock. A deletion therefore revokes every token that was
// created before it, and a Create after the deletion fails.
func (v tokens) Create(ctx context.Context, t domain.WebhookToken, entries ports.AuditEntries) error {
	return v.exclusive(ctx, "Tokens.Create", func() error {
		c, err := v.live(t.Tenant, t.Connection, domain.Aggregator)
		if err != nil {
			return err
		}
		if err := t.CheckApplication(*c); err != nil {
			return err
		}
		if v.registration(t.Tenant, t.Application) != nil {
			return conflict(domain.AlreadyRegistered)
		}
		c.Webhook = c.Webhook.Awaiting()
		v.tokens[t.Hash] = new(cloneToken(t))
		v.record(t.Tenant, entries)
		return nil
	})
}

// List also returns revoked tokens, because an operator wants to see that they are revoked.
func (v tokens) List(
	ctx context.Context, tenant domain.TenantID, f ports.TokenFilter, page domain.PageRequest,
) (domain.Page[domain.WebhookToken], error) {
	return exclusiveResult(ctx, v.Store, "Tokens.List", func() (domain.Page[domain.WebhookToken], error) {
		rows := filtered(v.tokens, func(t *domain.WebhookToken) bool {
			return t.Tenant == tenant && t.Listed() && (f.Connection.IsZero() || t.Connection == f.Connection)
		}, func(t domain.WebhookToken) domain.WebhookToken { return v.withServes(&t) })
		return cutPage(rows, page, byTime, func(t domain.WebhookToken) domain.Position {
			return timePosition(t.CreatedAt, t.ID.UUID)
		})
	})
}

// withServes returns a copy of the token in which Serves is set.
func (s *Store) withServes(t *domain.WebhookToken) domain.WebhookToken {
	token := cloneToken(*t)
	for _, last := range s.lastTokens {
		if last == token.ID && token.Live() {
			token.Serves++
		}
	}
	return token
}

// FindByHash looks up the token in the map, whose keys are the hashes.
func (v tokens) FindByHash(ctx context.Context, hash domain.TokenHash) (domain.WebhookToken, error) {
	return exclusiveResult(ctx, v.Store, "Tokens.FindByHash", func() (domain.WebhookToken, error) {
		if token, ok := v.tokens[hash]; ok {
			return cloneToken(*token), nil
		}
		return domain.WebhookToken{}, domain.NotFoundError()
	})
}

// Revoke finds only live tokens, so that a second call does not change the time of the revocation.
func (v tokens) Revoke(ctx context.Context, tenant domain.TenantID, id domain.TokenID, at time.Time,
	entries ports.AuditEntries, check func(domain.WebhookToken) error,
) error {
	return v.exclusive(ctx, "Tokens.Revoke", func() error {
		for _, token := range v.tokens {
			if token.ID == id && token.Tenant == tenant && token.Live() && token.Listed() {
				if check != nil {
					if err := check(v.withServes(token)); err != nil {
						return err
					}
				}
				token.Revoke(at)
				v.record(tenant, entries)
				return nil
			}
		}
		return domain.NotFoundError()
	})
}

// RecordUsage ignores unknown ids. A token without an entry in the map keeps its stored time, because the zero time is
// never later than the stored time.
func (v tokens) RecordUsage(ctx context.Context, usage map[domain.TokenID]time.Time) error {
	return v.exclusive(ctx, "Tokens.RecordUsage", func() error {
		for _, token := range v.tokens {
			token.LastUsedAt = domain.Later(token.LastUsedAt, usage[token.ID])
		}
		return nil
	})
}
