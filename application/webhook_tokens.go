package application

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// MintToken implements ports.TokenManager.
func (s *Service) MintToken(
	ctx context.Context,
	tenant domain.TenantID,
	vendor, name string,
) (ports.MintedToken, error) {
	v, err := s.validateAddress(vendor, name, "connection_config_name")
	if err != nil {
		return ports.MintedToken{}, err
	}
	c, err := s.Connections.Find(ctx, tenant, v, name)
	if err != nil {
		return ports.MintedToken{}, err
	}
	token, raw, err := domain.MintToken(domain.TokenID{UUID: s.IDs.New()}, c, s.Entropy, s.Clock.Now())
	if err != nil {
		return ports.MintedToken{}, err
	}
	if err := s.Tokens.Create(ctx, token); err != nil {
		return ports.MintedToken{}, err
	}
	s.audit(ctx, tenant, "token.mint", token.ID.String())
	return ports.MintedToken{WebhookToken: token, Raw: raw}, nil
}

// ListTokens implements ports.TokenManager.
func (s *Service) ListTokens(
	ctx context.Context, tenant domain.TenantID, filter ports.TokenFilter, page domain.PageRequest,
) (domain.Page[domain.WebhookToken], error) {
	return s.Tokens.List(ctx, tenant, filter, page)
}

// RevokeToken implements ports.TokenManager.
func (s *Service) RevokeToken(ctx context.Context, tenant domain.TenantID, id domain.TokenID) error {
	if err := s.Tokens.Revoke(ctx, tenant, id, s.Clock.Now()); err != nil {
		return err
	}
	s.audit(ctx, tenant, "token.revoke", id.String())
	return nil
}
