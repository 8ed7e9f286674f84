package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	minFetchInterval = 5 * time.Second // the minimum time between two requests to the issuer
	refreshInterval  = time.Minute     // the age after which keys are fetched again in the background
	maxKeyAge        = 5 * time.Minute // the age at which keys are no longer trusted
	fetchTimeout     = 3 * time.Second // timeout of a request to the issuer
)

// jwksKeys caches the keys that the issuer last published. If the issuer is unavailable, cached keys remain trusted
// for maxKeyAge, so that tokens can be verified during a short outage. Older keys are not trusted, because the issuer
// may have withdrawn them.
type jwksKeys struct {
	issuer   Issuer
	clock    ports.Clock
	lifetime context.Context

	mu         sync.Mutex
	keys       []key         // the fetched keys that are still trusted; may be empty
	changes    uint64        // how often keys were replaced or removed
	confirmed  time.Time     // when the request that fetched the keys was sent to the issuer
	lastFetch  time.Time     // when the last request was sent to the issuer, successful or not
	lastErr    error         // why the last request returned no keys; nil if it returned keys
	inProgress chan struct{} // closed when the current refresh ends; nil if no refresh is in progress
}

// NewJWKS returns a verifier that trusts the keys that the issuer publishes. When ctx ends, the background refreshes
// end. NewJWKS returns ErrIssuerURL if the URL of the issuer is not valid.
//
// These rules apply to keys:
//
//   - EdDSA and the algorithms whose names begin with RS, PS or ES are supported.
//   - A key is used only with the algorithm that it names.
//   - A key without an algorithm is used with RS256, or with the algorithm of its curve.
//   - A token needs no key id if the set has only one key.
//
// The keys are fetched and trusted as follows:
//
//   - The first request that needs a key causes the first fetch.
//   - A token with an unknown key id causes another fetch, at most one every 5 seconds. A rotated key is therefore
//     usable within 10 seconds.
//   - Keys that no fetch has confirmed for 5 minutes are not used. A withdrawn key is therefore trusted for at most 5
//     minutes.
func NewJWKS(ctx context.Context, issuer Issuer, claims Claims, clock ports.Clock) (*Verifier, error) {
	if err := issuer.validate(); err != nil {
		return nil, err
	}
	source := &jwksKeys{issuer: issuer, clock: clock, lifetime: ctx}
	return &Verifier{keys: source, claims: claims, clock: clock}, nil
}

// find returns the key for the token's header. It fetches the key set at most once, and only
// if no cached key has the token's key id.
func (s *jwksKeys) find(ctx context.Context, h header) (key, error) {
	cached, done := s.cachedKeys()
	if k, err := selectKey(cached, h); !errors.Is(err, errUnknownKey) {
		return k, err
	}
	if done == nil {
		done = s.refresh(minFetchInterval)
	}
	if done != nil {
		select {
		case <-done:
		case <-ctx.Done():
			return key{}, ctx.Err()
		}
	}
	cached, _ = s.cachedKeys()
	k, err := selectKey(cached, h)
	if errors.Is(err, errUnknownKey) {
		return s.unknownKeyError(cached)
	}
	return k, err
}

// cachedKeys returns the trusted keys, and a channel that is closed when the refresh in progress ends. The channel is
// nil if no refresh is in progress. cachedKeys also removes keys that have reached maxKeyAge, and starts a refresh if
// keys have reached refreshInterval.
func (s *jwksKeys) cachedKeys() ([]key, <-chan struct{}) {
	s.mu.Lock()
	if len(s.keys) > 0 && s.elapsedSince(s.confirmed) >= maxKeyAge {
		s.setKeys(nil)
	}
	cached, inProgress := s.keys, s.inProgress
	old := len(cached) > 0 && s.elapsedSince(s.lastFetch) >= refreshInterval
	s.mu.Unlock()
	if old && inProgress == nil {
		return cached, s.refresh(refreshInterval)
	}
	return cached, inProgress
}

// setKeys replaces all keys and starts a new generation. A key that the issuer withdrew is therefore no longer trusted,
// and no token that was verified with it remains cached. The caller must hold s.mu.
func (s *jwksKeys) setKeys(keys []key) {
	s.keys = keys
	s.changes++
}

// generation returns a number that increases whenever keys are replaced or removed. It first removes expired keys and
// starts a refresh if one is due. It must do both, because a request with a cached token calls no other method.
func (s *jwksKeys) generation() uint64 {
	s.cachedKeys()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// elapsedSince returns the time that has passed since start. It returns the maximum duration in these cases:
//   - start is zero.
//   - start is in the future, because the clock was set back. A negative duration would prevent fetches and extend the
//     trust in old keys.
func (s *jwksKeys) elapsedSince(start time.Time) time.Duration {
	if age := s.clock.Now().Sub(start); age >= 0 && !start.IsZero() {
		return age
	}
	return math.MaxInt64
}

// refresh starts a fetch unless one is in progress or the last one started less than interval ago. It returns a channel
// that is closed when the fetch ends. The channel is nil if refresh started no fetch and none is in progress.
func (s *jwksKeys) refresh(interval time.Duration) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.inProgress != nil:
		return s.inProgress
	case s.elapsedSince(s.lastFetch) < interval:
		return nil
	}
	s.lastFetch, s.inProgress = s.clock.Now(), make(chan struct{})
	go s.fetch(s.inProgress)
	return s.inProgress
}

// fetch requests the key set and replaces all cached keys. A valid set without usable keys removes all cached keys. If
// the request fails or the set is invalid, the cached keys remain unchanged. After s.lifetime has ended, errors are not
// reported.
func (s *jwksKeys) fetch(done chan struct{}) {
	ctx, cancel := context.WithTimeout(s.lifetime, fetchTimeout)
	defer cancel()
	keys, err := s.issuer.fetch(ctx)
	if s.lifetime.Err() == nil {
		s.issuer.reportError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lastErr = err; err == nil || errors.Is(err, errNoKeys) && len(s.keys) > 0 {
		s.setKeys(keys)
		s.confirmed = s.lastFetch
	}
	s.inProgress = nil
	close(done)
}

// errUnknownKey reports that no key has the token's key id. Only this error causes another
// fetch of the key set.
var errUnknownKey = errors.New("unknown key id")

// selectKey returns the key with the header's key id and algorithm. It returns errUnknownKey if no key has this id. If
// the key with this id has another algorithm, the token is a forgery, and selectKey returns Unauthenticated.
func selectKey(cached []key, h header) (key, error) {
	if h.KeyID == "" {
		return selectOnlyKey(cached, h)
	}
	seen := false
	for _, k := range cached {
		if k.id != h.KeyID {
			continue
		}
		if k.matches(h) {
			return k, nil
		}
		seen = true
	}
	if seen {
		return key{}, rejected("algorithm does not match the key")
	}
	return key{}, errUnknownKey
}

// selectOnlyKey returns the key for a token without a key id: the only key of the set. It
// rejects the token if the set has more than one key.
func selectOnlyKey(cached []key, h header) (key, error) {
	switch {
	case len(cached) == 0:
		return key{}, errUnknownKey
	case len(cached) > 1:
		return key{}, rejected("no key id")
	case !cached[0].matches(h):
		return key{}, rejected("algorithm does not match the key")
	}
	return cached[0], nil
}

// unknownKeyError returns Unauthenticated if there are cached keys, or if the issuer has withdrawn all of its keys.
// Otherwise it returns Unavailable with the error of the last request to the issuer as its cause.
func (s *jwksKeys) unknownKeyError(cached []key) (key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	withdrawn := s.changes > 0 && errors.Is(s.lastErr, errNoKeys)
	if len(cached) > 0 || withdrawn {
		return key{}, rejected("unknown key id")
	}
	return key{}, &domain.Error{
		Kind: domain.Unavailable, RetryAfter: minFetchInterval,
		Cause: fmt.Errorf("no keys from the issuer: %w", cmp.Or(s.lastErr, errNoKeys)),
	}
}
