package application

import (
	"bytes"
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// usesAccessToken reports whether each connection of the vendor has an access token.
func (s *Service) usesAccessToken(v domain.Vendor) bool {
	user, ok := s.aggregators[v].(ports.AccessTokenUser)
	return ok && user.UsesAccessToken()
}

// checkAccessToken returns an error if the access token in a request is invalid, or if it is missing although it is
// required; otherwise it returns nil.
func (s *Service) checkAccessToken(v domain.Vendor, token domain.Secret, required bool) *domain.Error {
	switch uses := s.usesAccessToken(v); {
	case token.IsZero() && !(uses && required):
		return nil
	case !uses:
		return domain.FieldError(domain.PartAccessToken, "is not used by the vendor")
	}
	return domain.ValidateSecret(domain.PartAccessToken, token)
}

// accessChanged reports whether the credential or the account reference of a connection with an access token differs
// from its earlier state before. If so, a credential that was sealed for the earlier state must not be stored, because
// it may contain the access token of another account reference.
func (s *Service) accessChanged(now *domain.Connection, before domain.Connection) bool {
	return s.usesAccessToken(before.Vendor) &&
		(now.AccountRef != before.AccountRef || !bytes.Equal(now.Sealed, before.Sealed))
}

// withAccessToken returns the credential with the stored access token of the connection. If the vendor uses none, it
// returns the credential unchanged. Errors: Unavailable (credential_unopened).
func (s *Service) withAccessToken(
	ctx context.Context, c domain.Connection, credential domain.Credential,
) (domain.Credential, error) {
	token, err := s.nextAccessToken(ctx, c, domain.Secret{})
	return credential.With(domain.PartAccessToken, token), err
}

// nextAccessToken returns the access token that an update of the connection leaves: the sent one, or otherwise the
// stored one. It returns the zero Secret if the vendor uses none. Errors: Unavailable (credential_unopened).
func (s *Service) nextAccessToken(
	ctx context.Context, c domain.Connection, sent domain.Secret,
) (domain.Secret, error) {
	if !sent.IsZero() || !s.usesAccessToken(c.Vendor) {
		return sent, nil
	}
	stored, err := s.unseal(ctx, c)
	return stored.Part(domain.PartAccessToken), err
}

// sealAccessToken returns the connection with the access token and the base URL of an update, and with its stored
// client id and secret. Errors: Unavailable (credential_unopened).
func (s *Service) sealAccessToken(
	ctx context.Context, c domain.Connection, u ports.ConnectionUpdate,
) (*domain.Connection, error) {
	stored, err := s.unseal(ctx, c)
	if err != nil {
		return nil, err
	}
	if c, err = s.identify(ctx, c); err != nil && !errors.Is(err, domain.CredentialUnopened) {
		return nil, err
	}
	if c.ApplicationID.IsZero() {
		c.BaseURL = u.BaseURL
	}
	return &c, s.sealFor(ctx, &c, stored.With(domain.PartAccessToken, u.AccessToken))
}
