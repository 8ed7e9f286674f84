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

// The vendors the suite speaks of; no store may care which they are.
const (
	vendor      domain.Vendor = "pluggy"
	otherVendor domain.Vendor = "belvo"
)

// epoch is when the suite plays. It has microseconds, because stores must keep them.
var epoch = time.Date(2026, time.March, 1, 10, 0, 0, 123456000, time.UTC)

// trace is a W3C traceparent: a pull keeps that of the request which made it.
const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// bench is the table one promise is tried on: a backend, and a tenant of its own.
type bench struct {
	*testing.T
	Stores
	ctx    context.Context
	tenant domain.TenantID
	ticks  atomic.Int64
}

func newBench(t *testing.T, s Stores) *bench {
	t.Helper()
	return &bench{T: t, Stores: s, ctx: t.Context(), tenant: newTenant()}
}

// now is a second later with each call, so that no two things happen at once by chance.
func (b *bench) now() time.Time { return epoch.Add(time.Duration(b.ticks.Add(1)) * time.Second) }

// behind is later than anything a bench does by its own clock.
func behind(at time.Time) time.Time { return at.Add(24 * time.Hour) }

func newUUID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: newUUID()} }

func newTenant() domain.TenantID { return domain.TenantID{UUID: newUUID()} }

// freshConnection is an aggregator connection that is not stored yet.
func (b *bench) freshConnection(name string) domain.Connection {
	at := b.now()
	return domain.Connection{
		ID: newID[domain.Connection](), Tenant: b.tenant, Kind: domain.Aggregator, Name: name,
		Vendor: vendor, BaseURL: "https://api.example.test", AccountRef: "item-1",
		Sealed: domain.Sealed("sealed \x00\xff bytes of " + name), Revision: 1,
		CreatedAt: at, UpdatedAt: at, TargetChangedAt: at,
	}
}

func (b *bench) freshEngine(name string) domain.Connection {
	c := b.freshConnection(name)
	c.Kind, c.Vendor, c.BaseURL, c.AccountRef = domain.Engine, "", "", ""
	c.Type, c.Config = "postgres", json.RawMessage(`{ "host": "db.example.test",  "port":5432 }`)
	return c
}

func (b *bench) store(c domain.Connection) domain.Connection {
	b.Helper()
	b.ok(b.Connections.Create(b.ctx, c))
	return c
}

// connection stores an aggregator connection under a name of its own.
func (b *bench) connection() domain.Connection {
	b.Helper()
	return b.store(b.freshConnection("connection " + newUUID().String()))
}

func (b *bench) freshToken(c domain.Connection) domain.WebhookToken {
	return domain.WebhookToken{
		ID: newID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Hash: domain.HashToken(rand.Text()), CreatedAt: b.now(),
	}
}

func (b *bench) token(c domain.Connection) domain.WebhookToken {
	b.Helper()
	token := b.freshToken(c)
	b.ok(b.Tokens.Create(b.ctx, token))
	return token
}

// door is a connection with a token to knock with.
func (b *bench) door() (domain.Connection, domain.WebhookToken) {
	b.Helper()
	c := b.connection()
	return c, b.token(c)
}

// wanted is an event that asks for a pull.
func wanted(key string, ask domain.PullScope) domain.WebhookEvent {
	return domain.WebhookEvent{Name: "transactions/created", ID: key, DedupKey: key, WantsPull: true, Scope: ask}
}

func (b *bench) receipt(token domain.WebhookToken, event domain.WebhookEvent) ports.IncomingDelivery {
	return ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash, Vendor: token.Vendor,
		Event: event, Body: fmt.Appendf(nil, `{"event":%q}`, event.DedupKey), At: b.now(),
	}
}

func (b *bench) receive(r ports.IncomingDelivery) ports.ReceiveResult {
	b.Helper()
	received, err := b.Deliveries.Receive(b.ctx, r)
	b.ok(err)
	return received
}

// knock lets a new wanted event in.
func (b *bench) knock(token domain.WebhookToken) domain.Delivery {
	b.Helper()
	return b.receive(b.receipt(token, wanted(newUUID().String(), domain.PullScope{Everything: true}))).Delivery
}

func (b *bench) request(c domain.Connection, ask domain.PullScope) domain.Pull {
	b.Helper()
	pull, err := b.Pulls.Request(b.ctx, c.Tenant, c.ID, ports.PullRequest{
		ID: newID[domain.Pull](), Scope: ask, Trigger: domain.TriggerOperator, At: b.now(),
	})
	b.ok(err)
	return pull
}

// lease is a minute's hold on the pull from at on.
func lease(pull domain.PullID, at time.Time) domain.Lease {
	return domain.Lease{ID: newID[domain.Lease](), Pull: pull, Until: at.Add(time.Minute)}
}

func (b *bench) claim(pull domain.PullID) (domain.Lease, ports.Claimed) {
	b.Helper()
	return b.claimAt(pull, b.now())
}

func (b *bench) claimAt(pull domain.PullID, at time.Time) (domain.Lease, ports.Claimed) {
	b.Helper()
	l := lease(pull, at)
	claimed, err := b.Pulls.Claim(b.ctx, l, at)
	b.ok(err)
	return l, claimed
}

// running is a new connection with a pull in a worker's hands.
func (b *bench) running() (domain.Connection, domain.Lease) {
	b.Helper()
	c := b.connection()
	l, _ := b.claim(b.request(c, domain.PullScope{Everything: true}).ID)
	return c, l
}

func (b *bench) finish(l domain.Lease, state domain.PullState, reason domain.Code) {
	b.Helper()
	o := ports.Outcome{State: state, LastError: reason, Attempts: 1, At: b.now()}
	if state == domain.PullQueued {
		o.NotBefore = o.At.Add(time.Second)
	}
	b.ok(b.Pulls.Finish(b.ctx, l, o))
}

func (b *bench) delete(c domain.Connection) time.Time {
	b.Helper()
	at := b.now()
	_, err := b.Connections.Update(b.ctx, c.Tenant, c.Kind, c.ID, func(c *domain.Connection) error {
		c.Delete(at)
		return nil
	})
	b.ok(err)
	return at
}

func (b *bench) pull(id domain.PullID) domain.Pull {
	b.Helper()
	pull, err := b.Pulls.Get(b.ctx, b.tenant, id)
	b.ok(err)
	return pull
}

func (b *bench) delivery(id domain.DeliveryID) domain.Delivery {
	b.Helper()
	d, err := b.Deliveries.Get(b.ctx, b.tenant, id)
	b.ok(err)
	return d
}

// race runs do n times at once, and waits for all of them.
func race(n int, do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	all.Wait()
}
