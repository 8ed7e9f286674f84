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

// accessChanged reports whether a connection with an access token has a different credential or account reference
// than it had earlier; the argument before is its earlier state. If accessChanged returns true, a credential that was
// sealed for the earlier state must not be stored, because the credential may contain the access token of another
// account reference.
func (s *Service) accessChanged(now *domain.Connection, before domain.Connection) bool {
	return s.usesAccessToken(before.Vendor) &&
		(now.AccountRef != before.AccountRef || !bytes.Equal(now.Sealed, before.Sealed))
}

// withAccessToken returns the credential with the stored access token of the connection. If the vendor uses no access
// tokens, withAccessToken returns the credential unchanged. Errors: Unavailable (credential_unopened).
func (s *Service) withAccessToken(
	ctx context.Context, c domain.Connection, credential domain.Credential,
) (domain.Credential, error) {
	token, err := s.nextAccessToken(ctx, c, domain.Secret{})
	return credential.With(domain.PartAccessToken, token), err
}

// nextAccessToken returns the access token of a connection after an update: the token that was sent, or the stored
// token if none was sent. It returns the zero Secret if neither exists. Errors: Unavailable (credential_unopened).
func (s *Service) nextAccessToken(
	ctx context.Context, c domain.Connection, sent domain.Secret,
) (domain.Secret, error) {
	if !sent.IsZero() || !s.usesAccessToken(c.Vendor) {
		return sent, nil
	}
	stored, err := s.unseal(ctx, c)
	return stored.Part(domain.PartAccessToken), err
}

// sealAccessToken returns the connection with a new sealed credential: the access token of the update, and the stored
// client id and secret. It also sets the base URL of the update, unless the connection belongs to an application.
// Errors: Unavailable (credential_unopened).
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
