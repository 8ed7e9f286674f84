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
	minFetchInterval = 5 * time.Second // the least time between two requests to the issuer
	maxKeyAge        = 5 * time.Minute // keys older than this are asked for again
	fetchTimeout     = 3 * time.Second // the longest a request to the issuer may take
)

// keySource holds the keys last published. Keys that cannot be asked for again stay in use:
// an issuer that is away must not lock everybody out.
type jwksKeys struct {
	issuer   Issuer
	clock    ports.Clock
	lifetime context.Context

	mu        sync.Mutex
	keys      []key
	fetched   uint64        // how often keys were read
	lastFetch time.Time     // when the issuer was last asked, answered or not
	lastErr   error         // why the last answer gave no keys; nil when it did
	flight    chan struct{} // closed when the refresh under way ends; nil when there is none
}

// NewJWKS trusts the keys that the issuer publishes: RS, PS, ES and EdDSA, each with its own
// algorithm (a key that names none is RS256, or what its curve is used with). A key id is
// required unless the set holds one key only. Keys are read when first needed; an
// unknown key id asks the issuer again, at most every 5 seconds however many forged ids
// come, so that a rotated key is known within 10. ctx ends the refreshes. Errors:
// ErrIssuerURL.
func NewJWKS(ctx context.Context, issuer Issuer, claims Claims, clock ports.Clock) (*Verifier, error) {
	if err := issuer.validate(); err != nil {
		return nil, err
	}
	source := &jwksKeys{issuer: issuer, clock: clock, lifetime: ctx}
	return &Verifier{keys: source, claims: claims, clock: clock}, nil
}

// find asks the issuer at most once, and only when no key has the token's id.
func (s *jwksKeys) find(ctx context.Context, h header) (key, error) {
	known, done := s.cachedKeys()
	if k, err := selectKey(known, h); !errors.Is(err, errUnknownKey) {
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
	known, _ = s.cachedKeys()
	k, err := selectKey(known, h)
	if errors.Is(err, errUnknownKey) {
		return s.unknownKeyError(known)
	}
	return k, err
}

// look gives the keys and the refresh under way, and begins one where they are old.
func (s *jwksKeys) cachedKeys() ([]key, <-chan struct{}) {
	s.mu.Lock()
	known, flight := s.keys, s.flight
	old := len(known) > 0 && s.sinceLastFetch() > maxKeyAge
	s.mu.Unlock()
	if old && flight == nil {
		return known, s.refresh(maxKeyAge)
	}
	return known, flight
}

// era begins with each set that was read. Asking for it has old keys asked for again, as
// find does: tokens that are remembered must not keep a key in use.
func (s *jwksKeys) generation() uint64 {
	s.cachedKeys()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetched
}

// since is how long ago the issuer was asked; the lock is held. Where the clock was set
// back nobody knows, and it must not be until the clock has caught up.
func (s *jwksKeys) sinceLastFetch() time.Duration {
	if age := s.clock.Now().Sub(s.lastFetch); age >= 0 && !s.lastFetch.IsZero() {
		return age
	}
	return math.MaxInt64
}

// refresh asks the issuer unless it was asked within the given time, and gives what is
// closed when the answer is in; nil when it may not ask.
func (s *jwksKeys) refresh(every time.Duration) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.flight != nil:
		return s.flight
	case s.sinceLastFetch() < every:
		return nil
	}
	s.lastFetch, s.flight = s.clock.Now(), make(chan struct{})
	go s.fetch(s.flight)
	return s.flight
}

// ask replaces the keys whole, so that a key the issuer took back is gone. An answer
// without a usable key changes nothing, and is reported while the process is not ending.
func (s *jwksKeys) fetch(done chan struct{}) {
	ctx, cancel := context.WithTimeout(s.lifetime, fetchTimeout)
	defer cancel()
	fresh, err := s.issuer.fetch(ctx)
	if s.lifetime.Err() == nil {
		s.issuer.reportError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lastErr = err; err == nil {
		s.keys = fresh
		s.fetched++
	}
	s.flight = nil
	close(done)
}

// errUnknownKey is the one reason to ask the issuer again.
var errUnknownKey = errors.New("unknown key id")

// pick finds the key by id and algorithm. A known id with another algorithm is a
// forgery, not a rotation.
func selectKey(known []key, h header) (key, error) {
	if h.KeyID == "" {
		return selectOnlyKey(known, h)
	}
	seen := false
	for _, k := range known {
		if k.id != h.KeyID {
			continue
		}
		if k.matches(h) {
			return k, nil
		}
		seen = true
	}
	if seen {
		return key{}, rejected("another algorithm")
	}
	return key{}, errUnknownKey
}

// pickOnly takes the one key there is for a token without a key id.
func selectOnlyKey(known []key, h header) (key, error) {
	switch {
	case len(known) == 0:
		return key{}, errUnknownKey
	case len(known) > 1:
		return key{}, rejected("no key id")
	case !known[0].matches(h):
		return key{}, rejected("another algorithm")
	}
	return known[0], nil
}

// refuseUnknown blames the token where there are keys, and the issuer where there are none.
func (s *jwksKeys) unknownKeyError(known []key) (key, error) {
	if len(known) > 0 {
		return key{}, rejected("unknown key id")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return key{}, &domain.Error{
		Kind: domain.Unavailable, RetryAfter: minFetchInterval, Cause: fmt.Errorf("no keys of the issuer: %w", cmp.Or(s.lastErr, errNoKeys)),
	}
}
