// The tests in the rate_budget_*_test.go files check how the service uses the vendor's rate limit: even if it pulls
// many connections all the time, it must never get a 429, and it must use almost all requests that the limit allows.

package e2e_test

import (
	"context"
	"errors"
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
	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/localjobs"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/adapters/transparency"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
)

// Parameters of every run. Each pull reads pagesAPull pages of pageSize rows from the vendor's resource "transactions".
// These reads use up the rate budget of this resource.
const (
	budgetConnections = 50
	pageSize          = 4
	pagesAPull        = 8
)

var budgetTenant = domain.TenantID{UUID: uuid.MustParse("01939d2e-7c1b-7e0a-8f00-0123456789ab")}

// newVendor returns a simulated Pluggy with Pluggy's real rate limit, and with an item and an account
// for each connection.
func newVendor(t *testing.T) *pluggysim.Simulator {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{
		Seed: 1, PageSize: pageSize, RateLimit: pluggysim.RealRateLimit,
		Clients: []pluggysim.Client{{ID: "client", Secret: "secret"}},
	})
	for i := range budgetConnections {
		item := pluggysim.Item{
			ID:              itemOf(i),
			Status:          "UPDATED",
			ExecutionStatus: "SUCCESS",
			LastUpdatedAt:   pluggysim.At(time.Now()),
		}
		sim.AddItem(item)
		account, err := sim.AddAccount(
			pluggysim.Account{Type: "BANK", ItemID: item.ID, CurrencyCode: "BRL", Balance: "1"},
		)
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

// networkTransport passes requests to the vendor's handler in memory, with the random delays of a
// network.
type networkTransport struct {
	vendor http.Handler
	mu     sync.Mutex
	draw   *rand.Rand
	late   time.Duration // the maximum delay in each direction
}

// RoundTrip implements http.RoundTripper.
func (n *networkTransport) RoundTrip(r *http.Request) (*http.Response, error) {
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

func (n *networkTransport) pause() {
	n.mu.Lock()
	d := time.Duration(n.draw.Int64N(int64(n.late)))
	n.mu.Unlock()
	time.Sleep(d)
}

// publicResolver resolves every name to a public address. The service never connects to that address, because the test
// passes requests directly to the vendor, without a network.
type publicResolver struct{}

func (publicResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("1.1.1.1")}, nil
}

type discardObserver struct{}

func (discardObserver) Emit(context.Context, ports.TelemetryEvent) {}

// budgetService contains the service under load, its queue, and the base URL of the vendor.
type budgetService struct {
	*application.Service
	queue   budgetQueue
	baseURL string
	sealing configs.Sealing // the sealing settings of the service; not set by onSQLite
}

type budgetQueue interface {
	Start(ctx context.Context, worker ports.Worker, maintenance ports.Maintenance) error
	Stop(ctx context.Context) error
}

// onSQLite returns the application with an SQLite database. It uses the real vendor client, which sends its requests
// through the given transport (wire).
func onSQLite(t *testing.T, keyset string, wire http.RoundTripper) budgetService {
	t.Helper()
	sealer, err := sealing.Open(keyset, sealing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	clock := system.Clock{}
	client := vendorhttp.New(vendorhttp.Config{
		Clock:         clock,
		Resolver:      publicResolver{},
		WrapTransport: func(http.RoundTripper) http.RoundTripper { return wire },
	})
	queue := localjobs.New(background.Config{MaxWorkers: 4 * budgetConnections}, localjobs.Database{})
	store := sqlitetest.Open(t, sqlite.Config{}).Store(queue.Nudge)
	app, err := application.New(application.Deps{
		Connections: store.Connections(), Tokens: store.Tokens(), Deliveries: store.Deliveries(),
		Idempotency: store.Idempotency(), Pulls: store.Pulls(), Ledger: store.Ledger(), Erasures: store.Erasures(),
		Applications:   store.Applications(),
		LinkSessions:   store.LinkSessions(),
		BankStatements: store.BankStatements(), StatementReader: bankstatement.Reader{},
		SealedValues: store.SealedValues(),
		PullWorkers:  4 * budgetConnections,
		AuditLog:     store.AuditLog(), AuditTree: transparency.Tree{}, CloseDocument: camt053.Format{},
		Sealer: sealer, Egress: client.Guard(), Aggregators: []ports.Aggregator{pluggy.New(client, clock)},
		Subscriptions: store.Subscriptions(),
		Clock:         clock, Sleeper: clock, IDs: system.IDs{}, Entropy: system.Entropy(), Observer: discardObserver{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return budgetService{Service: app, queue: queue, baseURL: "https://api.example.com"}
}

// connect creates the i-th connection and returns its id.
func (s budgetService) connect(t *testing.T, i int) domain.ConnectionID {
	t.Helper()
	c, err := s.CreateConnection(t.Context(), budgetTenant, ports.NewConnection{
		Vendor: "pluggy", Name: fmt.Sprintf("bank %d", i), BaseURL: s.baseURL, AccountRef: itemOf(i),
		ClientID: domain.SecretText("client"), Secret: domain.SecretText("secret"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// pullRepeatedly requests one pull after another until ctx is done. It fails the test if a pull fails. While the
// database of a busy machine does not answer in time, it asks again, as a caller does after a 503.
func (s budgetService) pullRepeatedly(ctx context.Context, t *testing.T, connection domain.ConnectionID) {
	again := func(err error) bool { return ctx.Err() == nil && errors.Is(err, domain.Unavailable) }
	for ctx.Err() == nil {
		pull, err := s.RequestPull(ctx, budgetTenant, connection, domain.Window{})
		for again(err) {
			time.Sleep(100 * time.Millisecond)
			pull, err = s.RequestPull(ctx, budgetTenant, connection, domain.Window{})
		}
		for id := pull.ID; again(err) || err == nil && ctx.Err() == nil && pull.FinishedAt.IsZero(); {
			time.Sleep(100 * time.Millisecond)
			pull, err = s.GetPull(ctx, budgetTenant, id)
		}
		if ctx.Err() == nil && (err != nil || pull.State != domain.PullSucceeded) {
			t.Errorf("a pull ended as %s %s: %v", pull.State, pull.LastError, err)
			return
		}
	}
}
