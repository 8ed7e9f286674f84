package application

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	// hashKeyPart is the name of the credential part that contains the key of domain.HashClientID when the key is
	// sealed.
	hashKeyPart = "clientHashKey"
	hashKeySize = 32 // in bytes
)

// cachedHashKey caches the key with which client ids are hashed. The key never changes.
type cachedHashKey struct {
	mu  sync.Mutex
	key domain.Secret
}

// identifiedClients is the progress of IdentifyClients: the id of the connection that it has handled last.
type identifiedClients struct {
	sync.Mutex
	after domain.ConnectionID
}

// clientKeyOf returns the keyed hash of the client id of a credential.
func (s *Service) clientKeyOf(
	ctx context.Context, tenant domain.TenantID, credential domain.Credential,
) (domain.ClientKey, error) {
	key, err := s.clientHashKey(ctx)
	if err != nil {
		return domain.ClientKey{}, err
	}
	return domain.HashClientID(key, tenant, credential.Part(domain.PartClientID)), nil
}

// clientHashKey returns the key with which client ids are hashed. If the store contains none, it creates one. Errors:
// Unavailable (credential_unopened).
func (s *Service) clientHashKey(ctx context.Context) (domain.Secret, error) {
	c := &s.hashKey
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.key.IsZero() {
		return c.key, nil
	}
	sealed, err := s.SealedValues.Key(ctx, ports.SealedHashKey)
	if errors.Is(err, domain.NotFound) {
		sealed, err = s.createHashKey(ctx)
	}
	if err != nil {
		return domain.Secret{}, err
	}
	key, err := s.openHashKey(ctx, sealed)
	if err == nil {
		c.key = key
	}
	return key, err
}

// createHashKey generates a key and stores it, unless another replica has stored one meanwhile. It returns the stored
// key.
func (s *Service) createHashKey(ctx context.Context) (domain.Sealed, error) {
	sealed, err := s.newHashKey(ctx)
	if err != nil {
		return nil, err
	}
	return s.SealedValues.CreateKey(ctx, ports.SealedHashKey, sealed)
}

// newHashKey generates a key and returns it sealed.
func (s *Service) newHashKey(ctx context.Context) (domain.Sealed, error) {
	key := make([]byte, hashKeySize)
	defer clear(key)
	if _, err := io.ReadFull(s.Entropy, key); err != nil {
		return nil, err
	}
	return s.sealHashKey(ctx, domain.NewSecret(key))
}

// ReplaceHashKey replaces the key with which client ids are hashed, if the stored key cannot be decrypted. It then
// computes the ClientKey of all live connections whose credentials can be decrypted. It reports whether it has replaced
// the key. No other process may use the database meanwhile, because it would still hash with the old key.
func (s *Service) ReplaceHashKey(ctx context.Context) (bool, error) {
	lost, err := s.SealedValues.Key(ctx, ports.SealedHashKey)
	if errors.Is(err, domain.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := s.openHashKey(ctx, lost); !errors.Is(err, domain.CredentialUnopened) {
		return false, err
	}
	fresh, err := s.newHashKey(ctx)
	if err != nil {
		return false, err
	}
	if replaced, err := s.Applications.ReplaceHashKey(ctx, lost, fresh); err != nil || !replaced {
		return false, err
	}
	for {
		if n, err := s.IdentifyClients(ctx, resealBatch); err != nil || n < resealBatch {
			return true, err
		}
	}
}

// sealHashKey seals the key. Its ciphertext is bound to the zero tenant id and the zero connection id, which no
// connection has, so the key cannot be opened as a credential.
func (s *Service) sealHashKey(ctx context.Context, key domain.Secret) (domain.Sealed, error) {
	return s.seal(ctx, domain.Connection{}, domain.NewCredential(map[string]domain.Secret{hashKeyPart: key}))
}

// openHashKey decrypts the key. Errors: Unavailable (credential_unopened).
func (s *Service) openHashKey(ctx context.Context, sealed domain.Sealed) (domain.Secret, error) {
	credential, err := s.unseal(ctx, domain.Connection{Sealed: sealed})
	if err != nil {
		return domain.Secret{}, err
	}
	return hashKeyIn(credential)
}

// hashKeyIn returns the key in its decrypted form. Errors: Unavailable (credential_unopened).
func hashKeyIn(credential domain.Credential) (domain.Secret, error) {
	if key := credential.Part(hashKeyPart); !key.IsZero() {
		return key, nil
	}
	return domain.Secret{}, &domain.Error{ // the stored value is another key of the service
		Kind: domain.Unavailable, Code: domain.CredentialUnopened, Message: "the sealed value is not this key",
	}
}

// IdentifyClients implements ports.Maintenance. It remembers the last id that it has handled, so that credentials that
// cannot be decrypted do not block the others. After the last connection it begins again.
func (s *Service) IdentifyClients(ctx context.Context, limit int) (int, error) {
	s.identified.Lock()
	defer s.identified.Unlock()
	found, err := s.Applications.ListUnidentified(ctx, s.identified.after, limit)
	if err != nil {
		return 0, err
	}
	for _, c := range found {
		if _, err := s.identify(ctx, c); err != nil && !errors.Is(err, domain.CredentialUnopened) {
			return 0, err
		}
		s.identified.after = c.ID
	}
	if len(found) < limit {
		s.identified.after = domain.ConnectionID{}
	}
	return len(found), nil
}

// identify returns the connection with its Client, the keyed hash of its client id. If the Client is not known yet,
// identify computes and stores it. Errors: Unavailable (credential_unopened).
func (s *Service) identify(ctx context.Context, c domain.Connection) (domain.Connection, error) {
	if !c.Client.IsZero() {
		return c, nil
	}
	credential, err := s.Sealer.Open(c.Tenant, c.ID, c.Sealed)
	if err != nil {
		return c, err
	}
	client, err := s.clientKeyOf(ctx, c.Tenant, credential)
	if err != nil || client.IsZero() {
		return c, err
	}
	if _, err := s.Applications.Identify(ctx, c, client); err != nil {
		return c, err
	}
	c.Client = client
	return c, nil
}
