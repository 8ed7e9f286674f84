package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// FindRegistration searches all tokens.
func (v tokens) FindRegistration(
	ctx context.Context, tenant domain.TenantID, application domain.ApplicationKey,
) (domain.WebhookToken, error) {
	return exclusiveResult(ctx, v.Store, "Tokens.FindRegistration", func() (domain.WebhookToken, error) {
		if token := v.registration(tenant, application); token != nil {
			return cloneToken(*token), nil
		}
		return domain.WebhookToken{}, domain.NotFoundError()
	})
}

// registration returns the tenant's live token that belongs to the application, or nil.
func (s *Store) registration(tenant domain.TenantID, application domain.ApplicationKey) *domain.WebhookToken {
	for _, token := range s.tokens {
		if token.Tenant == tenant && token.Live() && !application.IsZero() && token.Application == application {
			return token
		}
	}
	return nil
}

// AbandonRegistration keeps the time at which the registration is due.
func (v tokens) AbandonRegistration(
	ctx context.Context, tenant domain.TenantID, id domain.TokenID, at time.Time,
) error {
	return v.exclusive(ctx, "Tokens.AbandonRegistration", func() error {
		token := v.tokenByID(tenant, id)
		if token != nil && token.Live() && token.Registration.State == domain.RegistrationPending {
			token.Revoke(at)
		}
		return nil
	})
}

// ActivateRegistration finds only a live token whose registration is pending.
func (v tokens) ActivateRegistration(
	ctx context.Context, tenant domain.TenantID, id domain.TokenID, webhook string, entries ports.AuditEntries,
) error {
	return v.exclusive(ctx, "Tokens.ActivateRegistration", func() error {
		token := v.tokenByID(tenant, id)
		if token == nil || !token.Live() || token.Registration.State != domain.RegistrationPending {
			return domain.NotFoundError()
		}
		token.Registration.State, token.Registration.ID = domain.RegistrationActive, webhook
		v.record(tenant, entries)
		return nil
	})
}

// ClaimRegistrations claims under the store's mutex, so that concurrent claims return different tokens. It claims in
// the order of the ids.
func (v tokens) ClaimRegistrations(
	ctx context.Context, now, claimEnd time.Time, limit int,
) ([]ports.ClaimedRegistration, error) {
	return exclusiveResult(ctx, v.Store, "Tokens.ClaimRegistrations", func() ([]ports.ClaimedRegistration, error) {
		var claimed []ports.ClaimedRegistration
		for _, token := range slices.SortedFunc(maps.Values(v.tokens), func(x, y *domain.WebhookToken) int {
			return x.ID.Compare(y.ID)
		}) {
			if len(claimed) == limit || !awaitsRemoval(token) || token.Registration.DueAt.After(now) {
				continue
			}
			if token.Live() {
				token.RevokedAt = now
			}
			token.Registration.DueAt = claimEnd
			token.Registration.Attempts++
			claimed = append(claimed, ports.ClaimedRegistration{
				Token: cloneToken(*token), Connection: cloneConnection(*v.connections[token.Connection]),
			})
		}
		return claimed, nil
	})
}

// PostponeRegistration changes only a registration that ClaimRegistrations can return.
func (v tokens) PostponeRegistration(
	ctx context.Context, tenant domain.TenantID, id domain.TokenID, due time.Time,
) error {
	return v.exclusive(ctx, "Tokens.PostponeRegistration", func() error {
		if token := v.tokenByID(tenant, id); token != nil && awaitsRemoval(token) {
			token.Registration.DueAt = due
		}
		return nil
	})
}

// EndRegistration deletes a token whose registration is pending, because such a token was never minted completely.
func (v tokens) EndRegistration(ctx context.Context, tenant domain.TenantID, id domain.TokenID) error {
	return v.exclusive(ctx, "Tokens.EndRegistration", func() error {
		switch token := v.tokenByID(tenant, id); {
		case token == nil:
		case token.Registration.State == domain.RegistrationPending:
			delete(v.tokens, token.Hash)
		case token.Registration.State == domain.RegistrationRemoving:
			token.EndRemoval()
		}
		return nil
	})
}

// awaitsRemoval reports whether the vendor may still have a webhook with this token. The webhook must be deleted at the
// vendor.
func awaitsRemoval(t *domain.WebhookToken) bool {
	return t.Registration.State == domain.RegistrationPending || t.Registration.State == domain.RegistrationRemoving
}

// tokenByID returns the tenant's token with this id, or nil.
func (s *Store) tokenByID(tenant domain.TenantID, id domain.TokenID) *domain.WebhookToken {
	for _, token := range s.tokens {
		if token.ID == id && token.Tenant == tenant {
			return token
		}
	}
	return nil
}
