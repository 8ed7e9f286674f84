package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	askEvery   = 5 * time.Second // the least time between two requests to the issuer
	maxAge     = 5 * time.Minute // keys older than this are asked for again
	askTimeout = 3 * time.Second // the longest a request to the issuer may take
	maxKeySet  = 1 << 20         // bytes of a key set
)

// ErrIssuerURL refuses an address that keys cannot be read from.
var ErrIssuerURL = errors.New("the key set address must be an absolute http or https URL")

// keySource holds the keys last published. Keys that cannot be asked for again stay in use:
// an issuer that is away must not lock everybody out.
type keySource struct {
	url    string
	client *http.Client
	clock  ports.Clock
	life   context.Context

	mu     sync.Mutex
	keys   []key
	reads  uint64        // how often keys were read
	asked  time.Time     // when the issuer was last asked, answered or not
	flight chan struct{} // closed when the refresh under way ends; nil when there is none
}

// NewJWKS trusts the keys that url publishes: RS, PS, ES and EdDSA, each with its own
// algorithm (a key that names none is RS256, or what its curve is used with). A key id is
// required unless the set holds one key only. Keys are read when first needed; an
// unknown key id asks the issuer again, at most every 5 seconds however many forged ids
// come, so that a rotated key is known within 10. ctx ends the refreshes. Errors:
// ErrIssuerURL.
func NewJWKS(ctx context.Context, address string, client *http.Client, claims Claims, clock ports.Clock) (*Verifier, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, ErrIssuerURL
	}
	source := &keySource{url: address, client: client, clock: clock, life: ctx}
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
	if done == nil {
		return refuseUnknown(known)
	}
	select {
	case <-done:
	case <-ctx.Done():
		return key{}, ctx.Err()
	}
	known, _ = s.look()
	k, err := pick(known, h)
	if errors.Is(err, errUnknownKey) {
		return refuseUnknown(known)
	}
	return k, err
}

// look gives the keys and the refresh under way, and begins one where they are old.
func (s *keySource) look() ([]key, <-chan struct{}) {
	s.mu.Lock()
	known, flight := s.keys, s.flight
	old := len(known) > 0 && s.clock.Now().Sub(s.asked) > maxAge
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

// refresh asks the issuer unless it was asked within the given time, and gives what is
// closed when the answer is in; nil when it may not ask.
func (s *keySource) refresh(every time.Duration) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	switch {
	case s.flight != nil:
		return s.flight
	case !s.asked.IsZero() && now.Sub(s.asked) < every:
		return nil
	}
	s.asked, s.flight = now, make(chan struct{})
	go s.ask(s.flight)
	return s.flight
}

// ask replaces the keys whole, so that a key the issuer took back is gone. An answer
// without a usable key changes nothing.
func (s *keySource) ask(done chan struct{}) {
	ctx, cancel := context.WithTimeout(s.life, askTimeout)
	defer cancel()
	fresh, err := s.fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && len(fresh) > 0 {
		s.keys = fresh
		s.reads++
	}
	s.flight = nil
	close(done)
}

// fetch reads the key set once.
func (s *keySource) fetch(ctx context.Context) ([]key, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("issuer answered %d", response.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet))
	if err != nil {
		return nil, err
	}
	return parseKeys(raw)
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
func refuseUnknown(known []key) (key, error) {
	if len(known) == 0 {
		return key{}, &domain.Error{Kind: domain.Unavailable, RetryAfter: askEvery, Cause: errors.New("no keys of the issuer")}
	}
	return key{}, refused("unknown key id")
}
