package belvosim

import (
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

// ErrNotFound says that a control method was given an id the world does not hold.
// Nothing changed.
var ErrNotFound = errors.New("belvosim: unknown id")

// ErrTaken says that a control method was given an id the world already holds.
// Nothing changed.
var ErrTaken = errors.New("belvosim: id already in use")

// Options configures a simulator. The zero value works: an empty world, the
// system clock, no rate limit.
type Options struct {
	// Seed fixes every id, shuffle and draw: simulators of one seed that see the same
	// calls give the same ids. 0 takes a random one.
	Seed uint64
	// Now is the clock of created_at and of the rate limit; nil means time.Now.
	Now func() time.Time
	// RateLimit is how many API requests a minute are answered, with a burst of
	// the same size; the rest get 429 with Retry-After. 0 means no limit.
	RateLimit int
	// NewestFirst lists transactions in the reverse of the order in which they were
	// added, so that a row added between two pages moves all later pages by one.
	NewestFirst bool
}

// Simulator is the vendor's world and its API. It is safe for concurrent use;
// make one with [New].
type Simulator struct {
	now         func() time.Time
	newestFirst bool
	faults      *faultinject.Injector
	limiter     *rate.Limiter // nil: no limit
	api         http.Handler
	sender      *kit.Sender
	tally       tally

	mu       sync.Mutex
	entropy  *rand.ChaCha8
	secrets  map[string]string // password by secret id
	links    map[string]*link
	ordered  []*link // in the order added
	accounts map[string]*Account
	rows     map[string]*row
}

// New returns a simulator with an empty world: no secret, so that every call is
// refused until [Simulator.AddSecret] or [Simulator.Seed].
func New(o Options) *Simulator {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Simulator{
		now:         o.Now,
		newestFirst: o.NewestFirst,
		entropy:     kit.NewEntropy(o.Seed),
		secrets:     map[string]string{},
		links:       map[string]*link{},
		accounts:    map[string]*Account{},
		rows:        map[string]*row{},
	}
	s.sender = kit.NewSender(s.entropy.Uint64())
	s.faults = faultinject.New(s.entropy.Uint64(), faultinject.Vendor{WriteError: s.refuseAs})
	if o.RateLimit > 0 {
		s.limiter = rate.NewLimiter(rate.Limit(float64(o.RateLimit)/60), o.RateLimit)
	}
	s.api = s.faults.Wrap(s.throttled(s.authenticated(s.routes())))
	return s
}

// ServeHTTP answers the vendor's API, and only that.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.tally.count(w, r, s.api)
}

// Handler mounts the vendor's API at / and the control surface at /_control/.
func (s *Simulator) Handler() http.Handler { return kit.Mount(s, s.ControlHandler()) }

// newID makes a random UUID from the seed; the caller holds the lock.
func (s *Simulator) newID() string {
	return kit.NewID(s.entropy).String()
}

// newHex makes an id in the vendor's other form, 32 hex digits.
func (s *Simulator) newHex() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := kit.NewID(s.entropy)
	return hex.EncodeToString(id[:])
}

// stamp is the clock as the vendor writes it: UTC with six fractional digits.
func (s *Simulator) stamp() string {
	return s.now().UTC().Format("2006-01-02T15:04:05.000000Z")
}
