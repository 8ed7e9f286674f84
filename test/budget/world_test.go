// Package budget_test holds the service to the vendor's rate limit: busy with many
// connections, it is never told 429 and leaves little of the allowance unused.
package budget_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/localjobs"
	"github.com/LerianStudio/aggregator-connections/adapters/memory"
	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// What every run is made of: each pull reads pages of the transactions resource, which is
// the one that runs short.
const (
	connections = 50
	pageSize    = 4
	pagesAPull  = 8
)

var tenant = domain.TenantID{UUID: uuid.MustParse("01939d2e-7c1b-7e0a-8f00-0123456789ab")}

// newVendor is Pluggy with its own limit, an item and an account for each connection.
func newVendor(t *testing.T) *pluggysim.Simulator {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{
		Seed: 1, PageSize: pageSize, RateLimit: pluggysim.RealRateLimit,
		Clients: []pluggysim.Client{{ID: "client", Secret: "secret"}},
	})
	for i := range connections {
		item := pluggysim.Item{ID: itemOf(i), Status: "UPDATED", ExecutionStatus: "SUCCESS", LastUpdatedAt: pluggysim.At(time.Now())}
		sim.AddItem(item)
		account, err := sim.AddAccount(pluggysim.Account{Type: "BANK", ItemID: item.ID, CurrencyCode: "BRL", Balance: "1"})
		if err == nil {
			err = sim.Generate(account.ID, pageSize*pagesAPull)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return sim
}

func itemOf(i int) string { return fmt.Sprintf("b7d1f0a2-4c35-4e8b-9a61-%012d", i) }

// network carries requests to the vendor in memory, as late as a network would.
type network struct {
	vendor http.Handler
	mu     sync.Mutex
	draw   *rand.Rand
	late   time.Duration // at most, each way
}

// RoundTrip implements http.RoundTripper.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.pause()
	arrived := r.Clone(r.Context())
	arrived.RemoteAddr = "192.0.2.1:4018"
	if arrived.Body == nil {
		arrived.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	n.vendor.ServeHTTP(answer, arrived)
	n.pause()
	return answer.Result(), nil
}

func (n *network) pause() {
	n.mu.Lock()
	d := time.Duration(n.draw.Int64N(int64(n.late)))
	n.mu.Unlock()
	time.Sleep(d)
}

// public resolves every name to a public address: nothing is dialled.
type public struct{}

func (public) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("1.1.1.1")}, nil
}

type silence struct{}

func (silence) Emit(context.Context, ports.Event) {}

// service is what is kept busy, and where it finds the vendor.
type service struct {
	*application.Service
	queue   queue
	baseURL string
}

type queue interface {
	Start(ctx context.Context, worker ports.Worker, keeper ports.Maintenance) error
	Stop(ctx context.Context) error
}

// inMemory is the application on memory, its vendor client the real one but for the wire.
func inMemory(t *testing.T, keyset string, wire http.RoundTripper) service {
	t.Helper()
	sealer, err := sealing.Open(keyset, sealing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	clock := system.Clock{}
	client := vendorhttp.New(vendorhttp.Config{
		Clock: clock, Resolver: public{}, Wrap: func(http.RoundTripper) http.RoundTripper { return wire },
	})
	queue := localjobs.New(background.Config{MaxWorkers: connections})
	store := memory.New(memory.Options{Nudge: func(id domain.PullID) { queue.Nudge(id) }})
	app, err := application.New(application.Deps{
		Connections: store.Connections(), Tokens: store.Tokens(), Deliveries: store.Deliveries(),
		Idempotency: store.Idempotency(), Pulls: store.Pulls(), Ledger: store.Ledger(),
		Sealer: sealer, Egress: client.Guard(), Aggregators: []ports.Aggregator{pluggy.New(client, clock)},
		Clock: clock, Sleeper: clock, IDs: system.IDs{}, Entropy: system.Entropy(), Observer: silence{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return service{app, queue, "https://api.example.com"}
}

// connect makes the i-th connection.
func (s service) connect(t *testing.T, i int) domain.ConnectionID {
	t.Helper()
	c, err := s.CreateConnection(t.Context(), tenant, ports.NewConnection{
		Vendor: "pluggy", Name: fmt.Sprintf("bank %d", i), BaseURL: s.baseURL, AccountRef: itemOf(i),
		ClientID: domain.SecretText("client"), Secret: domain.SecretText("secret"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// pullOn asks for one pull after the other until ctx ends, and tells of one that fails.
func (s service) pullOn(ctx context.Context, t *testing.T, connection domain.ConnectionID) {
	for ctx.Err() == nil {
		pull, err := s.RequestPull(ctx, tenant, connection, domain.Window{})
		for err == nil && ctx.Err() == nil && pull.FinishedAt.IsZero() {
			time.Sleep(100 * time.Millisecond)
			pull, err = s.GetPull(ctx, tenant, pull.ID)
		}
		if ctx.Err() == nil && (err != nil || pull.State != domain.PullSucceeded) {
			t.Errorf("a pull ended as %s %s: %v", pull.State, pull.LastError, err)
			return
		}
	}
}
