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

// The life of a key. The vendor's are good for two hours.
const (
	maxKeys     = 4096
	maxLife     = 2 * time.Hour
	unknownLife = 30 * time.Minute // of a key that does not tell its own
	keyMargin   = 5 * time.Minute  // a key is not used this close to its end
)

// keyID is what a key is cached under: a keyed hash of origin and credential, so that
// neither the map nor a dump of its keys tells a secret.
type keyID [sha256.Size]byte

// keyring caches API keys. It is bounded, for credentials come from operators; what it
// forgets is fetched again.
type keyring struct {
	clock  ports.Clock
	salt   [sha256.Size]byte
	flight singleflight.Group
	mu     sync.Mutex
	held   map[keyID]held
}

// held is a key and when it is not to be used any more.
type held struct {
	key   domain.Secret
	until time.Time
}

func newKeyring(clock ports.Clock) *keyring {
	k := &keyring{clock: clock, held: map[keyID]held{}}
	_, _ = rand.Read(k.salt[:]) // never fails: crypto/rand
	return k
}

// id names the key of a credential at an origin.
func (k *keyring) id(at ports.Access) (keyID, error) {
	origin, err := vendorhttp.Origin(at.BaseURL)
	if err != nil {
		return keyID{}, err
	}
	mac := hmac.New(sha256.New, k.salt[:])
	for _, part := range [][]byte{
		[]byte(origin), at.Credential.Part(domain.PartClientID).Reveal(), at.Credential.Part(domain.PartSecret).Reveal(),
	} {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write(part)
	}
	return keyID(mac.Sum(nil)), nil
}

// find gives a key that is still good.
func (k *keyring) find(id keyID) (domain.Secret, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, ok := k.held[id]
	return found.key, ok && k.clock.Now().Before(found.until)
}

// put keeps a key. When there are too many, those that ended go, and then any one.
func (k *keyring) put(id keyID, key domain.Secret) {
	now := k.clock.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.held) >= maxKeys {
		k.evict(now)
	}
	k.held[id] = held{key: key, until: now.Add(lifeOf(key))}
}

// evict makes room. Which of the living keys goes does not matter: each can be fetched
// again, and a list in order of use would cost every call.
func (k *keyring) evict(now time.Time) {
	for id, kept := range k.held {
		if !now.Before(kept.until) {
			delete(k.held, id)
		}
	}
	for id := range k.held {
		if len(k.held) < maxKeys {
			return
		}
		delete(k.held, id)
	}
}

// drop forgets a key that was refused, unless another has replaced it already: of many
// calls with the same old key, one fetches a new one.
func (k *keyring) drop(id keyID, refused domain.Secret) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held[id].key.Equal(refused) {
		delete(k.held, id)
	}
}

// forget makes the next call fetch a key, whatever is held.
func (k *keyring) forget(id keyID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.held, id)
}

// lifeOf reads how long a key is good from its own claims (RFC 7519): the difference of
// exp and iat, so that a clock which goes wrong, here or there, does not matter.
func lifeOf(key domain.Secret) time.Duration {
	parts := strings.Split(string(key.Reveal()), ".")
	if len(parts) != 3 {
		return unknownLife
	}
	var claims struct {
		Begin float64 `json:"iat"`
		End   float64 `json:"exp"`
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || vendorhttp.Decode(text, &claims) != nil || claims.Begin <= 0 || claims.End <= claims.Begin {
		return unknownLife
	}
	life := time.Duration(min(claims.End-claims.Begin, maxLife.Seconds()) * float64(time.Second))
	return life - min(keyMargin, life/10)
}
