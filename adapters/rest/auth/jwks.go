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
	askEvery   = 5 * time.Second // the least time between two requests to the issuer
	maxAge     = 5 * time.Minute // keys older than this are asked for again
	askTimeout = 3 * time.Second // the longest a request to the issuer may take
)

// keySource holds the keys last published. Keys that cannot be asked for again stay in use:
// an issuer that is away must not lock everybody out.
type keySource struct {
	issuer Issuer
	clock  ports.Clock
	life   context.Context

	mu     sync.Mutex
	keys   []key
	reads  uint64        // how often keys were read
	asked  time.Time     // when the issuer was last asked, answered or not
	failed error         // why the last answer gave no keys; nil when it did
	flight chan struct{} // closed when the refresh under way ends; nil when there is none
}

// NewJWKS trusts the keys that the issuer publishes: RS, PS, ES and EdDSA, each with its own
// algorithm (a key that names none is RS256, or what its curve is used with). A key id is
// required unless the set holds one key only. Keys are read when first needed; an
// unknown key id asks the issuer again, at most every 5 seconds however many forged ids
// come, so that a rotated key is known within 10. ctx ends the refreshes. Errors:
// ErrIssuerURL.
func NewJWKS(ctx context.Context, issuer Issuer, claims Claims, clock ports.Clock) (*Verifier, error) {
	if err := issuer.check(); err != nil {
		return nil, err
	}
	source := &keySource{issuer: issuer, clock: clock, life: ctx}
	return &Verifier{keys: source, claims: claims, clock: clock}, nil
}

// find asks the issuer at most once, and only when no key has the token's id.
func (s *keySource) find(ctx context.Context, h header) (key, error) {
	known, done := s.look()
	if k, err := pick(known, h); !errors.Is(err, errUnknownKey) {
		return k, err
	}
	if done == nil {
		done = s.refresh(askEvery)
	}
	if done != nil {
		select {
		case <-done:
		case <-ctx.Done():
			return key{}, ctx.Err()
		}
	}
	known, _ = s.look()
	k, err := pick(known, h)
	if errors.Is(err, errUnknownKey) {
		return s.refuseUnknown(known)
	}
	return k, err
}

// look gives the keys and the refresh under way, and begins one where they are old.
func (s *keySource) look() ([]key, <-chan struct{}) {
	s.mu.Lock()
	known, flight := s.keys, s.flight
	old := len(known) > 0 && s.since() > maxAge
	s.mu.Unlock()
	if old && flight == nil {
		return known, s.refresh(maxAge)
	}
	return known, flight
}

// era begins with each set that was read. Asking for it has old keys asked for again, as
// find does: tokens that are remembered must not keep a key in use.
func (s *keySource) era() uint64 {
	s.look()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

// since is how long ago the issuer was asked; the lock is held. Where the clock was set
// back nobody knows, and it must not be until the clock has caught up.
func (s *keySource) since() time.Duration {
	if age := s.clock.Now().Sub(s.asked); age >= 0 && !s.asked.IsZero() {
		return age
	}
	return math.MaxInt64
}

// refresh asks the issuer unless it was asked within the given time, and gives what is
// closed when the answer is in; nil when it may not ask.
func (s *keySource) refresh(every time.Duration) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.flight != nil:
		return s.flight
	case s.since() < every:
		return nil
	}
	s.asked, s.flight = s.clock.Now(), make(chan struct{})
	go s.ask(s.flight)
	return s.flight
}

// ask replaces the keys whole, so that a key the issuer took back is gone. An answer
// without a usable key changes nothing, and is reported while the process is not ending.
func (s *keySource) ask(done chan struct{}) {
	ctx, cancel := context.WithTimeout(s.life, askTimeout)
	defer cancel()
	fresh, err := s.issuer.fetch(ctx)
	if s.life.Err() == nil {
		s.issuer.tell(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed = err; err == nil {
		s.keys = fresh
		s.reads++
	}
	s.flight = nil
	close(done)
}

// errUnknownKey is the one reason to ask the issuer again.
var errUnknownKey = errors.New("unknown key id")

// pick finds the key by id and algorithm. A known id with another algorithm is a
// forgery, not a rotation.
func pick(known []key, h header) (key, error) {
	if h.KeyID == "" {
		return pickOnly(known, h)
	}
	seen := false
	for _, k := range known {
		if k.id != h.KeyID {
			continue
		}
		if k.fits(h) {
			return k, nil
		}
		seen = true
	}
	if seen {
		return key{}, refused("another algorithm")
	}
	return key{}, errUnknownKey
}

// pickOnly takes the one key there is for a token without a key id.
func pickOnly(known []key, h header) (key, error) {
	switch {
	case len(known) == 0:
		return key{}, errUnknownKey
	case len(known) > 1:
		return key{}, refused("no key id")
	case !known[0].fits(h):
		return key{}, refused("another algorithm")
	}
	return known[0], nil
}

// refuseUnknown blames the token where there are keys, and the issuer where there are none.
func (s *keySource) refuseUnknown(known []key) (key, error) {
	if len(known) > 0 {
		return key{}, refused("unknown key id")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return key{}, &domain.Error{
		Kind: domain.Unavailable, RetryAfter: askEvery, Cause: fmt.Errorf("no keys of the issuer: %w", cmp.Or(s.failed, errNoKeys)),
	}
}
