package porttest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The vendors of the suite's connections. A store must not depend on the vendor.
const (
	vendor      domain.Vendor = "pluggy"
	otherVendor domain.Vendor = "belvo"
)

// epoch is the start time of every fixture's clock. Its microseconds are not zero, because stores
// must store microseconds.
var epoch = time.Date(2026, time.March, 1, 10, 0, 0, 123456000, time.UTC)

// trace is a W3C traceparent. The traceparent of the request that created a pull is stored with the pull.
const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// fixture is the environment of one test. It contains the stores of a backend, and a tenant that only this test uses.
// [newFixture] creates one.
type fixture struct {
	*testing.T
	Stores
	ctx    context.Context
	tenant domain.TenantID
	ticks  atomic.Int64
}

func newFixture(t *testing.T, s Stores) *fixture {
	t.Helper()
	tenant := newTenant()
	return &fixture{T: t, Stores: s, ctx: ports.ForTenant(t.Context(), tenant), tenant: tenant}
}

// now returns the time of the fixture's clock. Each call advances the clock by one second, so no two times
// are equal.
func (f *fixture) now() time.Time { return epoch.Add(time.Duration(f.ticks.Add(1)) * time.Second) }

// longAfter returns the time one day after the given time. The result is later than every time that the fixture's clock
// reaches in a test.
func longAfter(at time.Time) time.Time { return at.Add(24 * time.Hour) }

func newUUID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: newUUID()} }

func newTenant() domain.TenantID { return domain.TenantID{UUID: newUUID()} }

// newConnection returns an aggregator connection of the fixture's tenant. It does not store the
// connection.
func (f *fixture) newConnection(name string) domain.Connection {
	at := f.now()
	return domain.Connection{
		ID: newID[domain.Connection](), Tenant: f.tenant, Kind: domain.Aggregator, Name: name,
		Vendor: vendor, BaseURL: "https://api.example.test", AccountRef: "item-1",
		Sealed: domain.Sealed("sealed \x00\xff bytes of " + name), Revision: 1,
		CreatedAt: at, UpdatedAt: at, TargetChangedAt: at,
	}
}

func (f *fixture) newEngine(name string) domain.Connection {
	c := f.newConnection(name)
	c.Kind, c.Vendor, c.BaseURL, c.AccountRef = domain.Engine, "", "", ""
	c.Type, c.Config = "postgres", json.RawMessage(`{ "host": "db.example.test",  "port":5432 }`)
	return c
}

func (f *fixture) createStored(c domain.Connection) domain.Connection {
	f.Helper()
	f.noError(f.Connections.Create(f.ctx, c, nil))
	return c
}

// createConnection stores a new aggregator connection with a unique name and returns it.
func (f *fixture) createConnection() domain.Connection {
	f.Helper()
	return f.createStored(f.newConnection("connection " + newUUID().String()))
}

func (f *fixture) newToken(c domain.Connection) domain.WebhookToken {
	return domain.WebhookToken{
		ID: newID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Hash: domain.HashToken(rand.Text()), CreatedAt: f.now(),
	}
}

func (f *fixture) createToken(c domain.Connection) domain.WebhookToken {
	f.Helper()
	token := f.newToken(c)
	f.noError(f.Tokens.Create(f.ctx, token, nil))
	return token
}

// connectionWithToken stores a new connection and a webhook token for it, and returns both.
func (f *fixture) connectionWithToken() (domain.Connection, domain.WebhookToken) {
	f.Helper()
	c := f.createConnection()
	return c, f.createToken(c)
}

// wantedEvent returns an event that has the given deduplication key and requests a pull of the given scope.
func wantedEvent(key string, scope domain.PullScope) domain.WebhookEvent {
	return domain.WebhookEvent{Name: "transactions/created", ID: key, DedupKey: key, WantsPull: true, Scope: scope}
}

func (f *fixture) incoming(token domain.WebhookToken, event domain.WebhookEvent) ports.IncomingDelivery {
	return ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash, Vendor: token.Vendor,
		SourceAdmitted: true, Event: event, Body: fmt.Appendf(nil, `{"event":%q}`, event.DedupKey), At: f.now(),
	}
}

func (f *fixture) receive(r ports.IncomingDelivery) ports.ReceiveResult {
	f.Helper()
	received, err := f.Deliveries.Receive(f.ctx, r)
	f.noError(err)
	return received
}

// receiveWanted receives a new event that requests a pull, and returns the stored delivery.
func (f *fixture) receiveWanted(token domain.WebhookToken) domain.Delivery {
	f.Helper()
	return f.receive(f.incoming(token, wantedEvent(newUUID().String(), domain.PullScope{Everything: true}))).Delivery
}

func (f *fixture) requestPull(c domain.Connection, scope domain.PullScope) domain.Pull {
	f.Helper()
	pull, err := f.Pulls.Request(f.ctx, c.Tenant, c.ID, ports.PullRequest{
		ID: newID[domain.Pull](), Scope: scope, Trigger: domain.TriggerOperator, At: f.now(),
	}, nil)
	f.noError(err)
	return pull
}

// newLease returns a lease on the pull. The lease expires one minute after the given time.
func newLease(pull domain.PullID, at time.Time) domain.Lease {
	return domain.Lease{ID: newID[domain.Lease](), Pull: pull, Until: at.Add(time.Minute)}
}

func (f *fixture) claim(pull domain.PullID) (domain.Lease, ports.Claimed) {
	f.Helper()
	return f.claimAt(pull, f.now())
}

func (f *fixture) claimAt(pull domain.PullID, at time.Time) (domain.Lease, ports.Claimed) {
	f.Helper()
	l := newLease(pull, at)
	claimed, err := f.Pulls.Claim(f.ctx, l, at)
	f.noError(err)
	l.Tenant = claimed.Pull.Tenant
	return l, claimed
}

// runningPull creates a connection and a pull of it, claims the pull, and returns the connection and
// the lease.
func (f *fixture) runningPull() (domain.Connection, domain.Lease) {
	f.Helper()
	c := f.createConnection()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{Everything: true}).ID)
	return c, l
}

func (f *fixture) finish(l domain.Lease, state domain.PullState, reason domain.Code) {
	f.Helper()
	o := ports.Outcome{State: state, LastError: reason, Attempts: 1, At: f.now()}
	if state == domain.PullQueued {
		o.NotBefore = o.At.Add(time.Second)
	}
	f.noError(f.Pulls.Finish(f.ctx, l, o))
}

func (f *fixture) deleteConnection(c domain.Connection) time.Time {
	f.Helper()
	at := f.now()
	_, err := f.Connections.Update(f.ctx, c.Tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
		c.Delete(at)
		return nil
	})
	f.noError(err)
	return at
}

func (f *fixture) getPull(id domain.PullID) domain.Pull {
	f.Helper()
	pull, err := f.Pulls.Get(f.ctx, f.tenant, id)
	f.noError(err)
	return pull
}

func (f *fixture) getDelivery(id domain.DeliveryID) domain.Delivery {
	f.Helper()
	d, err := f.Deliveries.Get(f.ctx, f.tenant, id)
	f.noError(err)
	return d
}

// concurrently calls fn n times concurrently, with the numbers 0 to n-1, and waits until all calls have returned.
func concurrently(n int, fn func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	all.Wait()
}
