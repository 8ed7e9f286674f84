package application

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// MintToken implements ports.TokenManager.
func (s *Service) MintToken(
	ctx context.Context, tenant domain.TenantID, r ports.MintRequest,
) (ports.MintedToken, error) {
	return s.mint(ctx, tenant, r, domain.RegistrationTimeout)
}

// mint mints a token. If another request is registering a webhook for the same application, mint waits for that
// request, at most for the duration wait.
func (s *Service) mint(
	ctx context.Context, tenant domain.TenantID, r ports.MintRequest, wait time.Duration,
) (ports.MintedToken, error) {
	v, err := s.validateMint(r)
	if err != nil {
		return ports.MintedToken{}, err
	}
	c, err := s.Connections.Find(ctx, tenant, v, r.Name)
	if err != nil {
		return ports.MintedToken{}, err
	}
	minted, err := s.newToken(c, r.SourceSecret || r.Register && !s.registersReferences(v))
	if err != nil {
		return ports.MintedToken{}, err
	}
	if r.Register {
		minted, err = s.registerToken(ctx, c, minted, r.Receiver, wait)
	} else {
		err = s.Tokens.Create(ctx, minted.WebhookToken, s.mintEntries(ctx, minted))
	}
	if err != nil || minted.Shared { // nothing has changed if it is shared
		return minted, err
	}
	s.audits.Emit(ctx, tenant, "token.mint", minted.ID.String())
	return minted, nil
}

// mintEntries returns a function that returns the audit entry for a new token. The store calls the function when it
// completes the minting.
func (s *Service) mintEntries(ctx context.Context, minted ports.MintedToken) ports.AuditEntries {
	return func() []domain.AuditEntry {
		e := s.audits.Entry(ctx, "token.mint", minted.ID.String())
		e.Detail = e.Detail.WithID("connectionId", minted.Connection.UUID)
		return []domain.AuditEntry{e}
	}
}

// validateMint validates a request and returns its vendor. A request must not ask for both a source secret and a
// webhook that the service creates. The service always creates a webhook with a source secret, and sends the secret
// only to the vendor.
func (s *Service) validateMint(r ports.MintRequest) (domain.Vendor, error) {
	v, err := s.validateAddress(r.Vendor, r.Name, "connection_config_name")
	fieldErrors := domain.ErrorsOf(err)
	if aggregator, ok := s.aggregators[v]; ok && r.Register {
		if _, registers := aggregator.(ports.WebhookRegistrar); !registers {
			fieldErrors = append(fieldErrors, domain.FieldError("register", "the vendor cannot create webhooks"))
		}
	}
	if _, verifies := s.aggregators[v].(ports.WebhookVerifier); verifies && r.SourceSecret {
		fieldErrors = append(fieldErrors, domain.FieldError("sourceSecret", "the vendor signs its webhooks instead"))
	}
	if r.Register && r.SourceSecret {
		fieldErrors = append(fieldErrors, domain.FieldError("sourceSecret", "cannot be combined with register"))
	}
	return v, domain.Join(fieldErrors)
}

// newToken generates a token for the connection, with a source secret if sourceSecret is set.
func (s *Service) newToken(c domain.Connection, sourceSecret bool) (ports.MintedToken, error) {
	token, raw, err := domain.MintToken(domain.TokenID{UUID: s.IDs.New()}, c, s.Entropy, s.Clock.Now())
	if err != nil {
		return ports.MintedToken{}, err
	}
	minted := ports.MintedToken{WebhookToken: token, Raw: raw}
	if sourceSecret {
		minted.Authorization, err = minted.AddSourceSecret(s.Entropy)
	}
	return minted, err
}

// ListTokens implements ports.TokenManager.
func (s *Service) ListTokens(
	ctx context.Context, tenant domain.TenantID, filter ports.TokenFilter, page domain.PageRequest,
) (domain.Page[domain.WebhookToken], error) {
	return s.Tokens.List(ctx, tenant, filter, page)
}

// RevokeToken implements ports.TokenManager.
func (s *Service) RevokeToken(
	ctx context.Context, tenant domain.TenantID, id domain.TokenID, force bool,
) error {
	check := domain.WebhookToken.CheckUnused
	if force {
		check = nil
	}
	entries := s.audits.EntriesOf(ctx, "token.revoke", id.String())
	if err := s.Tokens.Revoke(ctx, tenant, id, s.Clock.Now(), entries, check); err != nil {
		return err
	}
	s.audits.Emit(ctx, tenant, "token.revoke", id.String())
	return nil
}
