package pluggysim

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// RealRateLimit is the vendor's real rate limit: requests per minute for each resource and source address.
const RealRateLimit = 360

// RealUpdateLimit is the vendor's rate limit of PATCH /items/{id}: requests per minute for each source address. It
// applies if Options.RateLimit is set and higher.
const RealUpdateLimit = 20

// Options configures a simulator. The zero value is usable.
type Options struct {
	Now      func() time.Time // nil means time.Now
	Seed     uint64           // equal seeds result in equal ids, keys and faults; zero means a random seed
	KeyTTL   time.Duration    // lifetime of an API key; zero means 2 h, as at the vendor
	PageSize int              // rows per page of /v2/transactions; zero means 500
	// RateLimit is the number of requests per minute for each source address and each limited resource (auth, accounts,
	// transactions, connect_token and consents); zero means no limit.
	RateLimit int
	TokenTTL  time.Duration // lifetime of a connect token; zero means 30 minutes, as at the vendor
	// RefreshTime is how long a synchronisation takes that a PATCH of an item has started; zero means until
	// [Simulator.SetItemStatus] ends it.
	RefreshTime time.Duration
	NoItemList  bool     // GET /items responds with 404
	PublicURL   string   // origin of the links in webhooks; "" means https://api.pluggy.ai
	Clients     []Client // clients that New adds
}

// Simulator simulates the vendor. As an http.Handler it serves only the vendor API; [Simulator.Handler]
// serves the vendor API and the control surface. A Simulator is safe for concurrent use.
type Simulator struct {
	opt      Options
	api      http.Handler
	sender   *kit.Sender
	faults   *faultinject.Injector
	mu       sync.Mutex // guards all fields below
	entropy  *rand.ChaCha8
	store    store
	keys     map[string]apiKey
	tokens   []string // the connect tokens that were issued
	grants   map[string]grant
	secret   [32]byte
	webhooks []registeredWebhook
	windows  map[string]*window
	stats    Stats
}

// New returns a simulator that has no data except opt.Clients. [Simulator.Seed] adds demo data.
func New(opt Options) *Simulator {
	setDefault(&opt.KeyTTL, 2*time.Hour)
	setDefault(&opt.TokenTTL, connectTokenLifetime)
	setDefault(&opt.PageSize, 500)
	setDefault(&opt.PublicURL, "https://api.pluggy.ai")
	if opt.Now == nil {
		opt.Now = time.Now
	}
	s := &Simulator{
		opt: opt, entropy: kit.NewEntropy(opt.Seed), store: newStore(), keys: map[string]apiKey{},
		grants:  map[string]grant{},
		windows: map[string]*window{}, stats: Stats{Resources: map[string]ResourceStats{}},
	}
	_, _ = s.entropy.Read(s.secret[:])
	for _, c := range opt.Clients {
		s.AddClient(c)
	}
	s.sender = kit.NewSender(s.entropy.Uint64())
	s.faults = faultinject.New(s.entropy.Uint64(), faultinject.Vendor{
		WriteError:     writeFaultStatus,
		RepeatedCursor: endlessNext,
		CustomKinds:    map[faultinject.Kind]func(){FaultExpire: s.ExpireKeys},
	})
	s.api = s.faults.Wrap(s.rateLimited(s.routes()))
	return s
}

// newID returns a random UUID from the seeded source. The caller must hold the lock.
func (s *Simulator) newID() string { return kit.NewID(s.entropy).String() }

// Handler serves the vendor API and, under /_control/, the control surface.
func (s *Simulator) Handler() http.Handler { return kit.Mount(s, s.ControlHandler()) }

// ServeHTTP serves the vendor API. It counts the request, injects faults, applies the rate limit, and then
// calls the handler of the route.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	resource := resourceOf(r.URL.Path)
	s.countRequest(r)
	s.api.ServeHTTP(kit.RecordStatus(w, func(status int) { s.countStatus(resource, status) }), r)
}

func (s *Simulator) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /auth", s.auth)
	mux.HandleFunc("POST /connect_token", s.withKey(s.connectToken))
	mux.HandleFunc("GET /items", s.withKey(s.listItems))
	mux.HandleFunc("GET /items/{id}", s.withKey(s.item))
	mux.HandleFunc("PATCH /items/{id}", s.withKey(s.updateItem))
	mux.HandleFunc("GET /consents", s.withKey(s.consents))
	mux.HandleFunc("GET /consents/{id}", s.withKey(s.consent))
	mux.HandleFunc("DELETE /items/{id}", s.withKey(s.deleteItem))
	mux.HandleFunc("GET /accounts", s.withKey(s.accounts))
	mux.HandleFunc("GET /accounts/{id}", s.withKey(s.account))
	mux.HandleFunc("GET /bills", s.withKey(s.listBills))
	mux.HandleFunc("GET /v2/transactions", s.withKey(s.transactions))
	mux.HandleFunc("GET /transactions", s.withKey(deprecatedList))
	mux.HandleFunc("GET /transactions/{id}", s.withKey(s.transaction))
	mux.HandleFunc("POST /webhooks", s.withKey(s.createWebhook))
	mux.HandleFunc("GET /webhooks", s.withKey(s.listWebhooks))
	mux.HandleFunc("GET /webhooks/{id}", s.withKey(s.getWebhook))
	mux.HandleFunc("DELETE /webhooks/{id}", s.withKey(s.deleteWebhook))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, "", "Cannot "+r.Method+" "+r.URL.Path)
	})
	return mux
}
