package auditing

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// keyPart is the name of the credential part that contains the seed of the audit key when the key is sealed.
const keyPart = "auditKey"

// keySize is the length of the audit key's seed, in bytes.
const keySize = 32

// storedKey caches the audit key that is kept in the store.
type storedKey struct {
	mu  sync.Mutex
	key domain.Secret
}

// get returns the key, or the zero value if the key is not cached yet.
func (c *storedKey) get() domain.Secret {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.key
}

func (c *storedKey) set(key domain.Secret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.key = key
}

// keys returns the keys that sign and verify checkpoints; the first one signs. These are the keys of the
// deployment, followed by the stored key, which may have signed earlier checkpoints. If there is no key at all,
// keys generates one and stores it sealed.
func (l *Log) keys(ctx context.Context) ([]domain.Secret, error) {
	stored, err := l.keyInStore(ctx)
	switch {
	case err == nil:
		return append(slices.Clip(l.Keys), stored), nil
	case errors.Is(err, domain.NotFound):
		return l.Keys, nil
	}
	return nil, err
}

// keyInStore returns the key that is kept in the store. If the store contains no key, keyInStore creates one.
// It does not create a key if the deployment has its own keys.
//
// Errors: NotFound if there is no key and none is created; Unavailable (credential_unopened).
func (l *Log) keyInStore(ctx context.Context) (domain.Secret, error) {
	if key := l.stored.get(); !key.IsZero() {
		return key, nil
	}
	sealed, err := l.SealedValues.Key(ctx, ports.SealedAuditKey)
	if errors.Is(err, domain.NotFound) && len(l.Keys) == 0 {
		sealed, err = l.createKey(ctx)
	}
	if err != nil {
		return domain.Secret{}, err
	}
	key, err := l.unsealKey(ctx, sealed)
	if err == nil {
		l.stored.set(key)
	}
	return key, err
}

// createKey generates a key and stores it, unless another replica has stored one meanwhile.
func (l *Log) createKey(ctx context.Context) (domain.Sealed, error) {
	seed := make([]byte, keySize)
	if _, err := io.ReadFull(l.Entropy, seed); err != nil {
		return nil, err
	}
	sealed, err := l.sealKey(domain.NewSecret(seed))
	clear(seed)
	if err != nil {
		return nil, err
	}
	return l.SealedValues.CreateKey(ctx, ports.SealedAuditKey, sealed)
}

// sealKey seals the key. Its ciphertext is bound to the zero tenant id and the zero connection id. No connection
// has these ids, so the key cannot be opened as a credential, and no credential can be opened as the key.
func (l *Log) sealKey(key domain.Secret) (domain.Sealed, error) {
	return l.Sealer.Seal(domain.TenantID{}, domain.ConnectionID{},
		domain.NewCredential(map[string]domain.Secret{keyPart: key}))
}

func (l *Log) unsealKey(ctx context.Context, sealed domain.Sealed) (domain.Secret, error) {
	credential, err := l.Sealer.Open(domain.TenantID{}, domain.ConnectionID{}, sealed)
	if err != nil {
		l.Recorder.Observer.Emit(ctx, ports.SealingFailed{Err: err})
	}
	return credential.Part(keyPart), err
}
