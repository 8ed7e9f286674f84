package pluggy_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
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

// present is when the tests play; the simulator's demo world was synchronised that day.
var present = time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)

// world is a simulator on loopback with an adapter before it.
type world struct {
	sim     *pluggysim.Simulator
	clock   *porttest.Clock
	adapter *pluggy.Adapter
	access  ports.Access
	mu      sync.Mutex
	keys    []string        // issued, as seen by the vendor
	asked   []*http.Request // in order
}

// newWorld starts a vendor. The rate budget is off: its clock stands still.
func newWorld(t *testing.T, cfg vendorhttp.Config, options ...func(*pluggysim.Options)) *world {
	t.Helper()
	w := &world{clock: porttest.NewClock(present)}
	opt := pluggysim.Options{Now: w.clock.Now, Seed: 7}
	for _, set := range options {
		set(&opt)
	}
	w.sim = pluggysim.New(opt)
	w.sim.Seed()
	srv := httptest.NewServer(w.recorded(w.sim))
	cfg.AllowHTTP, cfg.AllowedCIDRs = true, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	cfg.Clock, cfg.BudgetPerMinute = w.clock, -1
	client := vendorhttp.New(cfg)
	t.Cleanup(func() { client.Close(); srv.CloseClientConnections(); srv.Close() })
	w.adapter = pluggy.New(client, w.clock)
	w.access = ports.Access{
		BaseURL: srv.URL, AccountRef: pluggysim.DemoItemID,
		Credential: credential(pluggysim.DemoClientID, pluggysim.DemoClientSecret),
	}
	return w
}

func credential(id, secret string) domain.Credential {
	return domain.AggregatorCredential(domain.SecretText(id), domain.SecretText(secret))
}

func (w *world) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.asked = append(w.asked, r.Clone(r.Context()))
		if key := r.Header.Get("X-API-KEY"); key != "" {
			w.keys = append(w.keys, key)
		}
		w.mu.Unlock()
		next.ServeHTTP(out, r)
	})
}

func (w *world) seenKeys() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{"DOCTYPE", "maintenance", "INTERNAL_SERVER", "elsewhere.invalid"}, w.keys...)
}

// faults are the simulator's names for the suite's.
var faults = map[porttest.VendorFault]pluggysim.Fault{
	porttest.VendorRateLimits: {Kind: pluggysim.FaultStatus, Status: http.StatusTooManyRequests, RetryAfter: "17"},
	porttest.VendorFails:      {Kind: pluggysim.FaultStatus},
	porttest.VendorIsAway:     {Kind: pluggysim.FaultStatus, Status: http.StatusServiceUnavailable},
	porttest.VendorHangs:      {Kind: pluggysim.FaultHang},
	porttest.VendorCuts:       {Kind: pluggysim.FaultCut},
	porttest.VendorSendsHTML:  {Kind: pluggysim.FaultHTML, Header: map[string]string{"Content-Type": "application/json"}},
	porttest.VendorSwapsTypes: {Kind: pluggysim.FaultTypes},
	porttest.VendorRedirects:  {Kind: pluggysim.FaultRedirect},
	porttest.VendorOverflows:  {Kind: pluggysim.FaultOversize, Size: 4 << 20},
	porttest.VendorOddNumbers: {Kind: pluggysim.FaultNumber},
	porttest.VendorMisleads:   {Kind: pluggysim.FaultNextHost},
}

func (w *world) spoil(t *testing.T, f pluggysim.Fault, paths ...string) {
	t.Helper()
	for _, path := range paths {
		f.Path = path
		if err := w.sim.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPluggyKeepsThePort(t *testing.T) {
	hooks := map[string][]byte{}
	for _, pattern := range []string{"testdata/webhooks/*.json", "pluggysim/testdata/event_*.json"} {
		found, _ := filepath.Glob(pattern)
		for _, path := range found {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			hooks[filepath.ToSlash(path)] = body
		}
	}
	porttest.TestAggregator(t, porttest.VendorSuite{New: portWorld, Webhooks: hooks})
}

func portWorld(t *testing.T) porttest.VendorEnv {
	w := newWorld(t, vendorhttp.Config{AttemptTimeout: time.Second, MaxBodyBytes: 1 << 20})
	bad, gone := w.access, w.access
	bad.Credential = credential(pluggysim.DemoClientID, "canary-wrong-secret")
	gone.AccountRef = "00000000-1111-4222-8333-444444444444"
	return porttest.VendorEnv{
		Adapter: w.adapter, Good: w.access, BadCredential: bad, BadReference: gone,
		Accounts: []string{pluggysim.DemoBankAccountID, pluggysim.DemoCardAccountID},
		Today:    domain.DateOf(present),
		Seed: func(t *testing.T, account string, n int) []string {
			t.Helper()
			return w.seed(t, account, n)
		},
		Break: func(t *testing.T, fault porttest.VendorFault) {
			t.Helper()
			f := faults[fault]
			f.Times = -1
			w.spoil(t, f, "/items/*", "/accounts", "/v2/transactions")
		},
		Mend:       func(*testing.T) { w.sim.ClearFaults() },
		RetryAfter: 17 * time.Second,
		Secrets:    w.seenKeys,
	}
}

// seed adds rows and gives the ids of those alone.
func (w *world) seed(t *testing.T, account string, n int) []string {
	t.Helper()
	before := map[string]bool{}
	for _, row := range w.sim.Transactions(account) {
		before[row.ID] = true
	}
	if err := w.sim.Generate(account, n); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, row := range w.sim.Transactions(account) {
		if !before[row.ID] {
			ids = append(ids, row.ID)
		}
	}
	return ids
}
