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
	maxKeyAge        = 5 * time.Minute // older keys are fetched again
	fetchTimeout     = 3 * time.Second // timeout of a request to the issuer
)

// jwksKeys caches the keys that the issuer last published. Keys stay in use when they cannot
// be fetched again: an unavailable issuer must not lock out every operator.
type jwksKeys struct {
	issuer   Issuer
	clock    ports.Clock
	lifetime context.Context

	mu         sync.Mutex
	keys       []key
	fetched    uint64        // how often a key set was fetched
	lastFetch  time.Time     // when the last request was sent to the issuer, successful or not
	lastErr    error         // why the last request returned no keys; nil when it did
	inProgress chan struct{} // closed when the refresh in progress ends; nil when none is in progress
}

// NewJWKS returns a verifier that trusts the keys which the issuer publishes: RS, PS, ES and
// EdDSA. Each key is used with its own algorithm; a key that names none is used with RS256,
// or with the algorithm of its curve. A key id is required unless the set has only one key.
// Keys are fetched when they are first needed. An unknown key id fetches them again, at most
// every 5 seconds however many forged key ids arrive, so that a rotated key is usable within
// 10 seconds. ctx ends the background refreshes. Errors: ErrIssuerURL.
func NewJWKS(ctx context.Context, issuer Issuer, claims Claims, clock ports.Clock) (*Verifier, error) {
	if err := issuer.validate(); err != nil {
		return nil, err
	}
	source := &jwksKeys{issuer: issuer, clock: clock, lifetime: ctx}
	return &Verifier{keys: source, claims: claims, clock: clock}, nil
}

// find fetches the key set at most once, and only when no key has the token's key id.
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

// cachedKeys returns the keys and the refresh in progress. It starts a refresh where the
// keys are old.
func (s *jwksKeys) cachedKeys() ([]key, <-chan struct{}) {
	s.mu.Lock()
	cached, inProgress := s.keys, s.inProgress
	old := len(cached) > 0 && s.sinceLastFetch() > maxKeyAge
	s.mu.Unlock()
	if old && inProgress == nil {
		return cached, s.refresh(maxKeyAge)
	}
	return cached, inProgress
}

// generation rises with each key set that was fetched. Like find, it refreshes old keys, so
// that cached tokens do not keep a key in use.
func (s *jwksKeys) generation() uint64 {
	s.cachedKeys()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetched
}

// sinceLastFetch returns the time since the last request to the issuer; s.mu is held. After
// the clock was set back the time is unknown, and the maximum is returned: otherwise no keys
// would be fetched until the clock has caught up.
func (s *jwksKeys) sinceLastFetch() time.Duration {
	if age := s.clock.Now().Sub(s.lastFetch); age >= 0 && !s.lastFetch.IsZero() {
		return age
	}
	return math.MaxInt64
}

// refresh starts a fetch unless the last one was less than interval ago. It returns a channel
// that is closed when the fetch ends; nil when it must not fetch.
func (s *jwksKeys) refresh(interval time.Duration) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.inProgress != nil:
		return s.inProgress
	case s.sinceLastFetch() < interval:
		return nil
	}
	s.lastFetch, s.inProgress = s.clock.Now(), make(chan struct{})
	go s.fetch(s.inProgress)
	return s.inProgress
}

// fetch replaces the whole key set, so that a key which the issuer withdrew is gone. A
// response without a usable key changes nothing, and is reported unless the process is
// shutting down.
func (s *jwksKeys) fetch(done chan struct{}) {
	ctx, cancel := context.WithTimeout(s.lifetime, fetchTimeout)
	defer cancel()
	keys, err := s.issuer.fetch(ctx)
	if s.lifetime.Err() == nil {
		s.issuer.reportError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lastErr = err; err == nil {
		s.keys = keys
		s.fetched++
	}
	s.inProgress = nil
	close(done)
}

// errUnknownKey is the only reason to fetch the key set again.
var errUnknownKey = errors.New("unknown key id")

// selectKey returns the key with the header's key id and algorithm. A known key id with
// another algorithm is a forgery, not a rotation.
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

// selectOnlyKey returns the only key of the set for a token without a key id.
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

// unknownKeyError returns Unauthenticated where there are keys, and Unavailable, with the
// issuer's error, where there are none.
func (s *jwksKeys) unknownKeyError(cached []key) (key, error) {
	if len(cached) > 0 {
		return key{}, rejected("unknown key id")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return key{}, &domain.Error{
		Kind: domain.Unavailable, RetryAfter: minFetchInterval,
		Cause: fmt.Errorf("no keys from the issuer: %w", cmp.Or(s.lastErr, errNoKeys)),
	}
}
