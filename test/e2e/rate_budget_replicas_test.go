package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// countedBudgets is a store of rate budgets that counts its updates.
type countedBudgets struct {
	ports.RateBudgets
	updates atomic.Int64
}

func (c *countedBudgets) Update(ctx context.Context, key ports.RateBudgetKey,
	change func(ratelimit.Budget, time.Time) ratelimit.Budget,
) error {
	if key.Resource == "transactions" || key.Resource == "rows" {
		c.updates.Add(1)
	}
	return c.RateBudgets.Update(ctx, key, change)
}

// TestReplicasOnOneDatabaseShareTheVendorsRateBudget pulls fifty connections continuously for a minute of real time,
// with three services on one PostgreSQL database. The vendor responds with 429 to every call above its rate limit.
func TestReplicasOnOneDatabaseShareTheVendorsRateBudget(t *testing.T) {
	t.Parallel()
	sim := newVendor(t)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	dsn := pgtest.DSN(t)
	counted := &countedBudgets{}
	var replicas []budgetService
	for range 3 {
		cfg := harness.Config(t, dsn)
		if len(replicas) > 0 {
			cfg.Sealing = replicas[0].sealing
		}
		cfg.PullWorkers = 80
		app, err := compose.New(t.Context(), cfg, compose.Overrides{
			LogTo: io.Discard, StoreTimeout: harness.StoreTimeout,
			Wrap: func(s *compose.Stores) {
				if counted.RateBudgets == nil {
					counted.RateBudgets = s.RateBudgets
				}
				s.RateBudgets = counted
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(app.Close)
		if err := app.Stores.Queue.Start(t.Context(), app.Service, app.Service); err != nil {
			t.Fatal(err)
		}
		replicas = append(replicas, budgetService{app.Service, app.Stores.Queue, server.URL, cfg.Sealing})
	}
	ctx, stop := context.WithCancel(t.Context())
	var pulling sync.WaitGroup
	for i := range budgetConnections {
		s := replicas[i%len(replicas)]
		id := s.connect(t, i)
		pulling.Go(func() { s.pullRepeatedly(ctx, t, id) })
	}
	rows := func() int { return sim.Stats().Resources["transactions"].Requests }
	eventually(t, "the first page", func() bool { return rows() > 0 })
	var used int
	var asked int64
	pace.Try(t, func() error {
		from, updates := rows(), counted.updates.Load()
		time.Sleep(time.Minute)
		used, asked = rows()-from, counted.updates.Load()-updates
		if used < pluggysim.RealRateLimit*85/100 {
			return fmt.Errorf("%d requests in a minute are less than 85 %% of the limit", used)
		}
		return nil
	})
	stop()
	pulling.Wait()
	end, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	for _, s := range replicas {
		pulling.Go(func() {
			if err := s.queue.Stop(end); err != nil {
				t.Error(err)
			}
		})
	}
	pulling.Wait()
	t.Logf("%d requests in a minute, %.1f %% of the limit; %.2f updates of the budget for each request",
		used, 100*float64(used)/pluggysim.RealRateLimit, float64(asked)/float64(used))
	for resource, of := range sim.Stats().Resources {
		if of.Limited > 0 {
			t.Errorf("%s: %d of %d requests got a 429", resource, of.Limited, of.Requests)
		}
	}
	if asked > int64(used) {
		t.Errorf("%d updates of the budget for %d requests", asked, used)
	}
}

// limitedVendor is a vendor that counts the calls of each tenant, and responds with 429 to every call above its rate
// limit.
type limitedVendor struct {
	mu    sync.Mutex
	calls map[string]int // by path
	sent  []time.Time
}

func (v *limitedVendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls[r.URL.Path]++
	v.sent = append(v.sent, time.Now())
	_, _ = io.WriteString(w, "{}")
}

func (v *limitedVendor) count(path string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls[path]
}

// clientReplica is a vendor client whose rate budget is shared with other clients. It is the part of a replica that
// calls vendors.
type clientReplica struct {
	*vendorhttp.Client
	vendor *vendorhttp.Vendor
	origin string
}

// sharedLimit is the vendor's rate limit in the tests that use clientReplica. It is chosen so that these tests are
// short.
const sharedLimit = 1200 // requests per minute

func newClientReplica(t *testing.T, store ports.RateBudgets, origin string) clientReplica {
	t.Helper()
	client := vendorhttp.New(vendorhttp.Config{
		AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, SharedBudgets: store,
	})
	t.Cleanup(client.Close)
	return clientReplica{client, &vendorhttp.Vendor{Name: "sim", Budgets: map[string]int{"rows": sharedLimit}}, origin}
}

func (c clientReplica) call(ctx context.Context, tenant domain.TenantID, path string) error {
	_, err := c.Do(ctx, vendorhttp.Call{
		Vendor: c.vendor, BaseURL: c.origin, Path: path, PathTemplate: path, Tenant: tenant, Resource: "rows",
	})
	return err
}

// keepCalling makes calls on the given number of goroutines until ctx is done.
func (c clientReplica) keepCalling(ctx context.Context, all *sync.WaitGroup, goroutines int, tenant byte) {
	path := fmt.Sprintf("/tenant/%d", tenant)
	for range goroutines {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := c.call(ctx, domain.TenantID{UUID: uuid.UUID{tenant}}, path); err != nil {
					time.Sleep(min(max(domain.RetryAfterOf(err), 10*time.Millisecond), time.Second))
				}
			}
		})
	}
}

// clientReplicas returns a database, three clients that share a rate budget through this database, and their vendor.
func clientReplicas(t *testing.T) (*postgres.DB, []clientReplica, *limitedVendor) {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.DSN(t), Timeout: harness.StoreTimeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	vendor := &limitedVendor{calls: map[string]int{}}
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	var replicas []clientReplica
	for range 3 {
		replicas = append(replicas, newClientReplica(t, db.RateBudgets(), server.URL))
	}
	return db, replicas, vendor
}

// Two tenants must get about the same number of calls to a vendor. One tenant has 45 callers on all replicas. The other
// tenant has 5 callers on one replica.
//
// The test does not run in parallel with others. On a busy machine, a replica requests tokens less often. Each request
// asks for at most one token per waiting caller. The 5 callers could then get fewer tokens than their share.
func TestTenantsOnDifferentReplicasShareTheRateBudget(t *testing.T) {
	_, replicas, vendor := clientReplicas(t)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, r := range replicas {
		r.keepCalling(ctx, &all, 15, 1)
	}
	time.Sleep(2 * time.Second)
	replicas[2].keepCalling(ctx, &all, 5, 2)
	pace.Try(t, func() error {
		time.Sleep(time.Second)
		large, small := vendor.count("/tenant/1"), vendor.count("/tenant/2")
		time.Sleep(15 * time.Second)
		large, small = vendor.count("/tenant/1")-large, vendor.count("/tenant/2")-small
		t.Logf("%d calls of the tenant with 45 callers, %d of the one with 5", large, small)
		if total := large + small; total < sharedLimit/4*85/100 {
			return fmt.Errorf("%d calls in a quarter of a minute are less than 85 %% of the limit", total)
		}
		if small < large*9/10 {
			return fmt.Errorf("the small tenant made %d calls, the large one %d", small, large)
		}
		return nil
	})
	stop()
	all.Wait()
}

// While the database row of the rate budget is locked, no replica can get tokens for calls. Therefore no replica may
// call the vendor, and calls that wait for too long must fail with budget_exhausted.
func TestNoReplicaCallsTheVendorWhileTheBudgetIsLocked(t *testing.T) {
	t.Parallel()
	db, replicas, vendor := clientReplicas(t)
	if err := replicas[0].call(t.Context(), domain.TenantID{}, "/first"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // wait until the replica's spare tokens have expired
	locked, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = locked.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := locked.Exec(t.Context(), "SELECT 1 FROM rate_budgets FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i, r := range replicas {
		all.Go(func() {
			err := r.call(t.Context(), domain.TenantID{}, "/locked")
			if !errors.Is(err, domain.BudgetExhausted) {
				t.Errorf("a call of replica %d got %v, want budget_exhausted", i, err)
			}
		})
	}
	all.Wait()
	if n := vendor.count("/locked"); n > 0 {
		t.Errorf("the vendor got %d calls without a token", n)
	}
	if err := locked.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := replicas[1].call(t.Context(), domain.TenantID{}, "/unlocked"); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}

// A 429 with Retry-After that one replica gets must also stop the calls of the other replicas.
func TestA429OfOneReplicaStopsTheOthers(t *testing.T) {
	t.Parallel()
	_, replicas, vendor := clientReplicas(t)
	limited := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/limited" {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		vendor.ServeHTTP(w, r)
	}))
	t.Cleanup(limited.Close)
	for i := range replicas {
		replicas[i].origin = limited.URL
	}
	if err := replicas[0].call(t.Context(), domain.TenantID{}, "/limited"); !errors.Is(err, domain.VendorRateLimited) {
		t.Fatalf("got %v, want a 429", err)
	}
	time.Sleep(time.Second) // wait until the replica has stored the Retry-After of the 429
	for i, r := range replicas {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		err := r.call(ctx, domain.TenantID{}, "/blocked")
		cancel()
		if !errors.Is(err, domain.BudgetExhausted) || domain.RetryAfterOf(err) < 20*time.Second {
			t.Errorf("a call of replica %d got %v after %v, want budget_exhausted", i, err, domain.RetryAfterOf(err))
		}
	}
	if n := vendor.count("/blocked"); n > 0 {
		t.Errorf("the vendor got %d calls while it was blocked", n)
	}
}
