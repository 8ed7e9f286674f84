package pluggy_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testNow is the current time in the tests. The simulator's demo data was last synchronised on
// that day.
var testNow = time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)

// env consists of a simulator on loopback and an adapter that calls the simulator.
type env struct {
	sim      *pluggysim.Simulator
	clock    *porttest.Clock
	adapter  *pluggy.Adapter
	access   ports.Access
	mu       sync.Mutex
	sentKeys []string        // API keys that the adapter sent
	requests []*http.Request // requests that the adapter sent, in order
}

// newEnv returns an environment with a new simulator. The adapter has no rate limit, because the
// clock does not advance by itself.
func newEnv(t *testing.T, cfg vendorhttp.Config, options ...func(*pluggysim.Options)) *env {
	t.Helper()
	e := &env{clock: porttest.NewClock(testNow)}
	opt := pluggysim.Options{Now: e.clock.Now, Seed: 7}
	for _, set := range options {
		set(&opt)
	}
	e.sim = pluggysim.New(opt)
	e.sim.Seed()
	srv := httptest.NewServer(e.record(e.sim))
	cfg.AllowHTTP, cfg.AllowedCIDRs = true, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	cfg.Clock, cfg.BudgetPerMinute = e.clock, -1
	client := vendorhttp.New(cfg)
	t.Cleanup(func() { client.Close(); srv.CloseClientConnections(); srv.Close() })
	e.adapter = pluggy.New(client, e.clock)
	e.access = ports.Access{
		BaseURL: srv.URL, AccountRef: pluggysim.DemoItemID,
		Credential: credential(pluggysim.DemoClientID, pluggysim.DemoClientSecret),
	}
	return e
}

func credential(id, secret string) domain.Credential {
	return domain.AggregatorCredential(domain.SecretText(id), domain.SecretText(secret))
}

// record returns a handler that records each request and its API key, and then calls nextHandler.
func (e *env) record(nextHandler http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		e.requests = append(e.requests, r.Clone(r.Context()))
		if key := r.Header.Get("X-API-KEY"); key != "" {
			e.sentKeys = append(e.sentKeys, key)
		}
		e.mu.Unlock()
		nextHandler.ServeHTTP(out, r)
	})
}

// secrets returns texts that no error may contain: parts of error pages, and the API keys that the
// adapter sent.
func (e *env) secrets() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string{"DOCTYPE", "maintenance", "INTERNAL_SERVER", "elsewhere.invalid"}, e.sentKeys...)
}

// faults maps each fault that the conformance suite needs to a fault of the simulator.
var faults = map[porttest.VendorFault]pluggysim.Fault{
	porttest.VendorRateLimits:    {Kind: pluggysim.FaultStatus, Status: http.StatusTooManyRequests, RetryAfter: "17"},
	porttest.VendorInternalError: {Kind: pluggysim.FaultStatus},
	porttest.VendorUnavailable:   {Kind: pluggysim.FaultStatus, Status: http.StatusServiceUnavailable},
	porttest.VendorHangs:         {Kind: pluggysim.FaultHang},
	porttest.VendorTruncates:     {Kind: pluggysim.FaultCut},
	porttest.VendorSendsHTML: {
		Kind: pluggysim.FaultHTML, Header: map[string]string{"Content-Type": "application/json"},
	},
	porttest.VendorSwapsTypes:    {Kind: pluggysim.FaultTypes},
	porttest.VendorRedirects:     {Kind: pluggysim.FaultRedirect},
	porttest.VendorOversizes:     {Kind: pluggysim.FaultOversize, Size: 4 << 20},
	porttest.VendorOddNumbers:    {Kind: pluggysim.FaultNumber},
	porttest.VendorForeignCursor: {Kind: pluggysim.FaultNextHost},
}

// inject queues the fault f once for each of the paths.
func (e *env) inject(t *testing.T, f pluggysim.Fault, paths ...string) {
	t.Helper()
	for _, path := range paths {
		f.Path = path
		if err := e.sim.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPluggyConformsToThePort(t *testing.T) {
	porttest.TestAggregator(t, porttest.VendorSuite{
		New:      newPortEnv,
		Webhooks: porttest.WebhookBodies(t, "testdata/webhooks/*.json", "pluggysim/testdata/event_*.json"),
	})
}

// attemptTimeout is the timeout of a request in the tests of a vendor that does not respond. It is long, so that no
// other request fails on a busy machine.
const attemptTimeout = 5 * time.Second

// newPortEnv returns the environment in which the conformance suite tests the adapter against the simulator.
func newPortEnv(t *testing.T) porttest.VendorEnv {
	e := newEnv(t, vendorhttp.Config{AttemptTimeout: attemptTimeout, MaxBodyBytes: 1 << 20})
	bad, gone := e.access, e.access
	bad.Credential = credential(pluggysim.DemoClientID, "canary-wrong-secret")
	gone.AccountRef = "00000000-1111-4222-8333-444444444444"
	return porttest.VendorEnv{
		Adapter: e.adapter, Good: e.access, BadCredential: bad, BadAccountRef: gone,
		Accounts: []string{pluggysim.DemoBankAccountID, pluggysim.DemoCardAccountID},
		Today:    domain.DateOf(testNow),
		Seed: func(t *testing.T, account string, n int) []string {
			t.Helper()
			return e.seed(t, account, n)
		},
		Break: func(t *testing.T, fault porttest.VendorFault) {
			t.Helper()
			f := faults[fault]
			f.Times = -1
			e.inject(t, f, "/items/*", "/connect_token", "/accounts", "/v2/transactions")
		},
		Repair:     func(*testing.T) { e.sim.ClearFaults() },
		RetryAfter: 17 * time.Second,
		Secrets:    e.secrets,
	}
}

// seed adds n rows to an account and returns the ids of the new rows.
func (e *env) seed(t *testing.T, account string, n int) []string {
	t.Helper()
	before := map[string]bool{}
	for _, row := range e.sim.Transactions(account) {
		before[row.ID] = true
	}
	if err := e.sim.Generate(account, n); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, row := range e.sim.Transactions(account) {
		if !before[row.ID] {
			ids = append(ids, row.ID)
		}
	}
	return ids
}
