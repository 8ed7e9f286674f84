package belvosim

import (
	"cmp"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// ErrNotFound is returned if a method was called with an unknown id. The method changed nothing.
var ErrNotFound = errors.New("belvosim: unknown id")

// ErrTaken is returned if a method was called to add an object with an id that exists already.
// The method changed nothing.
var ErrTaken = errors.New("belvosim: id already in use")

// Options configures a simulator. With the zero value, the simulator uses the system clock and has
// no rate limit.
type Options struct {
	// Seed determines every id, shuffle and random draw: two simulators with the same seed and
	// the same calls produce the same ids. 0 means a random seed.
	Seed uint64
	// Now is the clock of the simulator, for example for created_at and the rate limit; nil means
	// time.Now.
	Now func() time.Time
	// RateLimit is the number of API requests that are allowed per minute, with a burst of
	// the same size. All further requests get 429 with Retry-After. 0 means no limit.
	RateLimit int
	// NewestFirst lists transactions in the reverse of the order in which they were
	// added. A row added between two requests then shifts all later pages by one row.
	NewestFirst bool
	// TokenTTL is the lifetime of an access token; zero means 10 minutes, as at the vendor.
	TokenTTL time.Duration
}

// Simulator is a simulated vendor: its data and its API. It is safe for concurrent use;
// create one with [New].
type Simulator struct {
	now         func() time.Time
	newestFirst bool
	tokenTTL    time.Duration
	faults      *faultinject.Injector
	limiter     *rate.Limiter // nil means no limit
	api         http.Handler
	sender      *kit.Sender
	counters    counters

	mu        sync.Mutex
	entropy   *rand.ChaCha8
	secrets   map[string]string // password by secret id
	links     map[string]*link
	linkOrder []*link // in the order in which they were added
	accounts  map[string]*Account
	rows      map[string]*row
	tokens    []string // the access tokens that were issued
	grants    map[string]grant
}

// New returns a simulator without data. It rejects every API call until a secret is added with
// [Simulator.AddSecret] or [Simulator.Seed].
func New(o Options) *Simulator {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Simulator{
		now:         o.Now,
		newestFirst: o.NewestFirst,
		tokenTTL:    cmp.Or(o.TokenTTL, accessTokenLifetime),
		entropy:     kit.NewEntropy(o.Seed),
		secrets:     map[string]string{},
		links:       map[string]*link{},
		accounts:    map[string]*Account{},
		rows:        map[string]*row{},
		grants:      map[string]grant{},
	}
	s.sender = kit.NewSender(s.entropy.Uint64())
	s.faults = faultinject.New(s.entropy.Uint64(), faultinject.Vendor{WriteError: s.writeFaultError})
	if o.RateLimit > 0 {
		s.limiter = rate.NewLimiter(rate.Limit(float64(o.RateLimit)/60), o.RateLimit)
	}
	s.api = s.faults.Wrap(s.rateLimit(s.requireAuth(s.routes())))
	return s
}

// ServeHTTP serves the vendor's API, without the control surface.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.counters.count(w, r, s.api)
}

// Handler returns a handler that serves the vendor's API at / and the control surface at
// /_control/.
func (s *Simulator) Handler() http.Handler { return kit.Mount(s, s.ControlHandler()) }

// newID returns the next UUID from the random source, which the seed determines. The caller holds the lock.
func (s *Simulator) newID() string {
	return kit.NewID(s.entropy).String()
}

// newHexID returns a random id in the other format that the vendor uses: 32 hex digits. It takes
// the lock.
func (s *Simulator) newHexID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := kit.NewID(s.entropy)
	return hex.EncodeToString(id[:])
}

// timeFormat is the vendor's format of a time in UTC, with six fractional digits.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// timestamp returns the current time in the vendor's format.
func (s *Simulator) timestamp() string {
	return s.now().UTC().Format(timeFormat)
}
