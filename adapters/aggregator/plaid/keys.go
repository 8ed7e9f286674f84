package plaid

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits of the key cache: its size, the lifetime of its entries, and how often the vendor is asked for a key.
const (
	keyLifetime    = time.Hour        // a key is read again after this time
	unknownLife    = time.Minute      // for how long the vendor is not asked again about an unknown key
	lookupInterval = 10 * time.Second // the shortest time between two look-ups for one connection
	maxCachedKeys  = 1000             // of each kind; also the maximum number of remembered look-ups
)

// keyCache caches the public keys with which webhooks are verified. An entry is added before its key is requested
// from the vendor, so that concurrent webhooks share the request. The zero keyCache is empty.
//
// Anybody who knows a webhook token can send key ids that do not exist. They must neither evict the keys that the
// vendor has confirmed, nor use up the look-ups with which these keys are refreshed.
type keyCache struct {
	mu      sync.Mutex
	known   map[cachedKeyID]*cachedKey // keys that the vendor has returned
	entries map[cachedKeyID]*cachedKey // all other keys
	lookups map[lookupOf]time.Time     // when a key was last requested
}

// lookupOf identifies what look-ups are counted by: the connection, or the key if it is known.
type lookupOf struct {
	connection domain.ConnectionID
	known      cachedKeyID
}

// cachedKeyID identifies a key. Each client id has keys of its own.
type cachedKeyID struct {
	baseURL  string
	clientID [sha256.Size]byte // hash of the client id
	keyID    string
}

// cachedKey is an entry of the cache: a public key, or the error with which the request for the key failed.
type cachedKey struct {
	done    chan struct{} // closed when the members below are set
	key     *ecdsa.PublicKey
	expires time.Time // when the vendor has stopped, or will stop, using the key; zero if this is not known
	err     error
	readAt  time.Time
}

// lifetime returns how long the entry is used. An error is cached only if the vendor does not know the key.
func (k *cachedKey) lifetime() time.Duration {
	switch {
	case k.err == nil:
		return keyLifetime
	case errors.Is(k.err, domain.Unauthenticated):
		return unknownLife
	}
	return 0
}

// isOver reports whether the lifetime of the entry has ended, so that the key must be requested again.
func (k *cachedKey) isOver(now time.Time) bool {
	select {
	case <-k.done:
		return now.Sub(k.readAt) >= k.lifetime() || now.Before(k.readAt)
	default:
		return false
	}
}

// verificationKey returns the public key with this id. It requests from the vendor at most one unknown key of each
// connection, and each known key once, per lookupInterval. Errors:
//
//   - Unauthenticated if the vendor has no such key, or no longer uses it
//   - Unavailable with RetryAfter if the key must be requested before lookupInterval has passed
//   - for any other failure, an error that ports.Aggregator lists.
func (a *Adapter) verificationKey(
	ctx context.Context, access ports.Access, keyID string, now time.Time,
) (*ecdsa.PublicKey, error) {
	id := cachedKeyID{
		access.BaseURL, sha256.Sum256(access.Credential.Part(domain.PartClientID).Reveal()), keyID,
	}
	entry, isNew, err := a.keys.enter(id, access.Connection, now)
	if err != nil {
		return nil, err
	}
	if isNew {
		entry.key, entry.expires, entry.err = a.requestKey(ctx, access, keyID)
		entry.readAt = now
		close(entry.done)
		a.keys.settle(id, entry)
	}
	select {
	case <-entry.done:
	case <-ctx.Done():
		return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.Interrupted, Cause: ctx.Err()}
	}
	if entry.err == nil && !entry.expires.IsZero() && !now.Before(entry.expires) {
		return nil, notProved()
	}
	return entry.key, entry.err
}

// enter returns the entry of a key, and reports whether the entry is new. The caller must set the members of a new
// entry, close done, and call settle. Errors: Unavailable if a key was requested less than lookupInterval ago.
func (c *keyCache) enter(id cachedKeyID, connection domain.ConnectionID, now time.Time) (*cachedKey, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, isKnown := c.known[id]
	for _, entry := range []*cachedKey{known, c.entries[id]} {
		if entry != nil && !entry.isOver(now) {
			return entry, false, nil
		}
	}
	by := lookupOf{connection: connection}
	if isKnown {
		by = lookupOf{known: id}
	}
	if last, ok := c.lookups[by]; ok && now.Sub(last) < lookupInterval && !now.Before(last) {
		return nil, false, &domain.Error{
			Kind: domain.Unavailable, Code: domain.VendorUnreachable, RetryAfter: lookupInterval - now.Sub(last),
		}
	}
	if c.entries == nil || len(c.entries) >= maxCachedKeys {
		c.entries = map[cachedKeyID]*cachedKey{}
	}
	if c.lookups == nil || len(c.lookups) >= maxCachedKeys {
		c.lookups = map[lookupOf]time.Time{}
	}
	entry := &cachedKey{done: make(chan struct{})}
	c.entries[id], c.lookups[by] = entry, now
	return entry, true, nil
}

// settle records whether the vendor knows the key of a new entry. If this could not be found out, it stays as it was.
func (c *keyCache) settle(id cachedKeyID, entry *cachedKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case entry.err == nil:
		if c.known == nil || len(c.known) >= maxCachedKeys {
			c.known = map[cachedKeyID]*cachedKey{}
		}
		delete(c.entries, id)
		c.known[id] = entry
	case errors.Is(entry.err, domain.Unauthenticated):
		delete(c.known, id)
	}
}

// requestKey requests a key: POST /webhook_verification_key/get. It needs no access token.
func (a *Adapter) requestKey(
	ctx context.Context, access ports.Access, keyID string,
) (key *ecdsa.PublicKey, expires time.Time, err error) {
	call := newCall(access, "/webhook_verification_key/get", budgetKeys)
	call.Vendor = &keyRequests
	call.Body = func() []byte { return encode(map[string]any{"key_id": keyID}) }
	body, err := a.do(ctx, access, call)
	if err != nil {
		return nil, expires, err
	}
	var got struct {
		Key struct {
			Algorithm string `json:"alg"`
			Curve     string `json:"crv"`
			KeyID     string `json:"kid"`
			Type      string `json:"kty"`
			Use       string `json:"use"`
			X         string `json:"x"`
			Y         string `json:"y"`
			ExpiredAt *int64 `json:"expired_at"`
		} `json:"key"`
	}
	if err := vendorhttp.Decode(body, &got); err != nil {
		return nil, expires, err
	}
	k := got.Key
	if k.Algorithm != "ES256" || k.Curve != "P-256" || k.Type != "EC" || k.Use != "sig" || k.KeyID != keyID {
		return nil, expires, malformed("key")
	}
	if key = publicKey(k.X, k.Y); key == nil {
		return nil, expires, malformed("key")
	}
	if k.ExpiredAt != nil {
		expires = time.Unix(*k.ExpiredAt, 0)
	}
	return key, expires, nil
}

// publicKey returns the point with these coordinates, or nil if it is not on the curve P-256.
func publicKey(x, y string) *ecdsa.PublicKey {
	bytesOfX, errX := base64.RawURLEncoding.DecodeString(x)
	bytesOfY, errY := base64.RawURLEncoding.DecodeString(y)
	if errX != nil || errY != nil || len(bytesOfX) != 32 || len(bytesOfY) != 32 {
		return nil
	}
	const uncompressed = 4 // the first byte of a point with both coordinates
	point := append(append([]byte{uncompressed}, bytesOfX...), bytesOfY...)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil
	}
	return key
}
