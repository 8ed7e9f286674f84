package pluggy

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits on the size of the cache and on how long a key is used. The vendor's keys are valid for
// two hours.
const (
	maxCachedKeys   = 4096
	maxLifetime     = 2 * time.Hour
	defaultLifetime = 30 * time.Minute // lifetime of a key that states no lifetime
	expiryMargin    = 5 * time.Minute  // a key is replaced at most this long before it expires
)

// keyID identifies a cached API key. It is a keyed hash (HMAC) of the origin and the
// credential, so that neither the map nor a dump of its keys contains a secret.
type keyID [sha256.Size]byte

// apiKeyCache caches API keys. Its size is bounded, because operators choose the credentials and
// could otherwise let the cache grow indefinitely. If a key is evicted, the next call fetches a new
// one.
type apiKeyCache struct {
	clock   ports.Clock
	salt    [sha256.Size]byte
	flight  singleflight.Group
	mu      sync.Mutex
	entries map[keyID]cachedKey
}

// cachedKey is an API key and the time after which it is not used any more.
type cachedKey struct {
	key       domain.Secret
	expiresAt time.Time
}

func newAPIKeyCache(clock ports.Clock) *apiKeyCache {
	c := &apiKeyCache{clock: clock, entries: map[keyID]cachedKey{}}
	_, _ = rand.Read(c.salt[:]) // crypto/rand never fails
	return c
}

// id returns the id of the API key for the credential and the origin of the given access.
func (c *apiKeyCache) id(at ports.Access) (keyID, error) {
	origin, err := vendorhttp.Origin(at.BaseURL)
	if err != nil {
		return keyID{}, err
	}
	mac := hmac.New(sha256.New, c.salt[:])
	for _, part := range [][]byte{
		[]byte(origin),
		at.Credential.Part(domain.PartClientID).Reveal(), at.Credential.Part(domain.PartSecret).Reveal(),
	} {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write(part)
	}
	return keyID(mac.Sum(nil)), nil
}

// get returns the key with this id. The second result is false if the cache has no such key, or if
// the key has expired.
func (c *apiKeyCache) get(id keyID) (domain.Secret, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.entries[id]
	return found.key, ok && c.clock.Now().Before(found.expiresAt)
}

// put stores a key. If the cache is full, it first evicts the expired keys and, if that is not
// enough, other keys.
func (c *apiKeyCache) put(id keyID, key domain.Secret) {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxCachedKeys {
		c.evict(now)
	}
	c.entries[id] = cachedKey{key: key, expiresAt: now.Add(lifetimeOf(key))}
}

// evict removes all expired keys, and then other keys until the cache is not full. It chooses these
// other keys arbitrarily, because each can be fetched again, and tracking the order of their use
// would cost time in every call.
func (c *apiKeyCache) evict(now time.Time) {
	for id, entry := range c.entries {
		if !now.Before(entry.expiresAt) {
			delete(c.entries, id)
		}
	}
	for id := range c.entries {
		if len(c.entries) < maxCachedKeys {
			return
		}
		delete(c.entries, id)
	}
}

// removeRefused removes a key that the vendor refused, unless another key has already replaced
// it. Therefore, of many concurrent calls with the same old key, only one fetches a new key.
func (c *apiKeyCache) removeRefused(id keyID, refused domain.Secret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[id].key.Equal(refused) {
		delete(c.entries, id)
	}
}

// remove removes the key with this id, so that the next call authenticates again.
func (c *apiKeyCache) remove(id keyID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, id)
}

// lifetimeOf returns how long a new key can be used, according to its own claims (RFC 7519). It
// uses the difference between exp and iat, so a wrong clock, here or at the vendor, has no effect.
func lifetimeOf(key domain.Secret) time.Duration {
	parts := strings.Split(string(key.Reveal()), ".")
	if len(parts) != 3 {
		return defaultLifetime
	}
	var claims struct {
		IssuedAt  float64 `json:"iat"`
		ExpiresAt float64 `json:"exp"`
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || vendorhttp.Decode(text, &claims) != nil ||
		claims.IssuedAt <= 0 || claims.ExpiresAt <= claims.IssuedAt {
		return defaultLifetime
	}
	lifetime := time.Duration(min(claims.ExpiresAt-claims.IssuedAt, maxLifetime.Seconds()) * float64(time.Second))
	return lifetime - min(expiryMargin, lifetime/10)
}
