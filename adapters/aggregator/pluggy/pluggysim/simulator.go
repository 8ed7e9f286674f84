package pluggysim

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// RealRateLimit is the vendor's own: requests a minute, a resource and a source address.
const RealRateLimit = 360

// Options of a simulator; the zero value is usable.
type Options struct {
	Now       func() time.Time // zero: time.Now
	Seed      uint64           // the same seed gives the same ids, keys and faults; zero: a random one
	KeyTTL    time.Duration    // life of an API key; zero: 2 h, as the vendor's
	PageSize  int              // rows of a /v2/transactions page; zero: 500
	RateLimit int              // requests a minute of auth, accounts and transactions each, by source address; zero: none
	PublicURL string           // origin of the links in webhooks; zero: https://api.pluggy.ai
	Clients   []Client         // known from the start
}

// Simulator is the vendor. It is an http.Handler of the vendor API alone; see [Simulator.Handler] for both
// surfaces. Safe for concurrent use.
type Simulator struct {
	opt     Options
	api     http.Handler
	sender  *kit.Sender
	faults  *faultinject.Injector
	mu      sync.Mutex // guards all below
	entropy *rand.ChaCha8
	world   world
	keys    map[string]key
	secret  [32]byte
	hooks   []hook
	windows map[string]*window
	stats   Stats
}

// New makes an empty world; see [Simulator.Seed] for a furnished one.
func New(opt Options) *Simulator {
	orElse(&opt.KeyTTL, 2*time.Hour)
	orElse(&opt.PageSize, 500)
	orElse(&opt.PublicURL, "https://api.pluggy.ai")
	if opt.Now == nil {
		opt.Now = time.Now
	}
	s := &Simulator{
		opt: opt, entropy: kit.NewEntropy(opt.Seed), world: newWorld(), keys: map[string]key{},
		windows: map[string]*window{}, stats: Stats{Resources: map[string]ResourceStats{}},
	}
	_, _ = s.entropy.Read(s.secret[:])
	for _, c := range opt.Clients {
		s.AddClient(c)
	}
	s.sender = kit.NewSender(s.entropy.Uint64())
	s.faults = faultinject.New(s.entropy.Uint64(), faultinject.Vendor{
		WriteError: refuseAs, RepeatedCursor: again, CustomKinds: map[faultinject.Kind]func(){FaultExpire: s.ExpireKeys},
	})
	s.api = s.faults.Wrap(s.limited(s.routes()))
	return s
}

// newID is a random UUID of the seeded source; the caller holds the lock.
func (s *Simulator) newID() string { return kit.NewID(s.entropy).String() }

// Handler serves the vendor API and, under /_control/, the control surface.
func (s *Simulator) Handler() http.Handler { return kit.Mount(s, s.ControlHandler()) }

// ServeHTTP serves the vendor API: it counts, misbehaves as told, then limits, then answers.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	resource := resourceOf(r.URL.Path)
	s.countRequest(r)
	s.api.ServeHTTP(kit.RecordStatus(w, func(status int) { s.countStatus(resource, status) }), r)
}

func (s *Simulator) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /auth", s.auth)
	mux.HandleFunc("GET /items/{id}", s.withKey(s.item))
	mux.HandleFunc("GET /accounts", s.withKey(s.accounts))
	mux.HandleFunc("GET /accounts/{id}", s.withKey(s.account))
	mux.HandleFunc("GET /v2/transactions", s.withKey(s.transactions))
	mux.HandleFunc("GET /transactions", s.withKey(gone))
	mux.HandleFunc("GET /transactions/{id}", s.withKey(s.transaction))
	mux.HandleFunc("POST /webhooks", s.withKey(s.createHook))
	mux.HandleFunc("GET /webhooks", s.withKey(s.listHooks))
	mux.HandleFunc("GET /webhooks/{id}", s.withKey(s.getHook))
	mux.HandleFunc("DELETE /webhooks/{id}", s.withKey(s.deleteHook))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "", "Cannot "+r.Method+" "+r.URL.Path)
	})
	return mux
}
