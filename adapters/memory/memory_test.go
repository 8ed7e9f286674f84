package memory_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/memory"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func stores(s *memory.Store) porttest.Stores {
	return porttest.Stores{
		Connections: s.Connections(), Tokens: s.Tokens(), Deliveries: s.Deliveries(),
		Idempotency: s.Idempotency(), Pulls: s.Pulls(), Ledger: s.Ledger(),
	}
}

func TestStores(t *testing.T) {
	porttest.TestStores(t, func(*testing.T) porttest.Stores { return stores(memory.New(memory.Options{})) })
}

// TestSharedStore runs the suite over the rows that it left behind itself.
func TestSharedStore(t *testing.T) {
	shared := stores(memory.New(memory.Options{}))
	for range 2 {
		porttest.TestStores(t, func(*testing.T) porttest.Stores { return shared })
	}
}

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// desk is a store with one connection, a token for it, and what it was told to kick.
type desk struct {
	*testing.T
	*memory.Store
	connection domain.Connection
	token      domain.WebhookToken
	kicked     []domain.PullID
}

func newDesk(t *testing.T) *desk {
	d := &desk{T: t}
	d.Store = memory.New(memory.Options{Nudge: func(id domain.PullID) {
		// A store that still held its lock would not answer.
		if _, err := d.Store.Pulls().Get(t.Context(), d.connection.Tenant, id); err != nil {
			t.Errorf("a pull that is not stored was kicked: %v", err)
		}
		d.kicked = append(d.kicked, id)
	}})
	d.connection = domain.Connection{
		ID: newID[domain.Connection](), Tenant: domain.TenantID{UUID: uuid.New()}, Kind: domain.Aggregator,
		Name: "name", Vendor: "pluggy", Revision: 1,
	}
	d.token = domain.WebhookToken{
		ID: newID[domain.WebhookToken](), Tenant: d.connection.Tenant, Connection: d.connection.ID, Vendor: "pluggy", CreatedAt: noon,
	}
	d.must(d.Store.Connections().Create(t.Context(), d.connection))
	d.must(d.Store.Tokens().Create(t.Context(), d.token))
	return d
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// kicks asks which pulls were kicked since the last time.
func (d *desk) kicks(what string, want ...domain.PullID) {
	d.Helper()
	if diff := cmp.Diff(want, d.kicked); diff != "" {
		d.Errorf("%s: kicked (-want +got):\n%s", what, diff)
	}
	d.kicked = nil
}

func (d *desk) receive(key string) domain.Delivery {
	d.Helper()
	got, err := d.Store.Deliveries().Receive(d.Context(), ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Vendor: "pluggy",
		Event: domain.WebhookEvent{DedupKey: key, WantsPull: true}, At: noon,
	})
	d.must(err)
	return got.Delivery
}

func (d *desk) claim(id domain.PullID) domain.Lease {
	d.Helper()
	l := domain.Lease{ID: newID[domain.Lease](), Pull: id, Until: noon.Add(time.Minute)}
	_, err := d.Store.Pulls().Claim(d.Context(), l, noon)
	d.must(err)
	return l
}

func (d *desk) finish(l domain.Lease, state domain.PullState) {
	d.Helper()
	d.must(d.Store.Pulls().Finish(d.Context(), l, ports.Outcome{State: state, At: noon, NotBefore: noon}))
}

func TestEveryJobIsKickedOnce(t *testing.T) {
	d := newDesk(t)
	first := d.receive("1")
	d.kicks("a delivery queues a pull", first.Pull)
	d.receive("1")
	d.receive("2")
	d.kicks("a copy, and a delivery that joins")
	l := d.claim(first.Pull)
	d.kicks("a claim")
	second := d.receive("3")
	d.kicks("a delivery while a pull runs", second.Pull)
	d.finish(l, domain.PullQueued)
	d.kicks("a try that is to be made again")
	d.finish(d.claim(first.Pull), domain.PullSucceeded)
	d.kicks("an end that releases the next", second.Pull)
	d.finish(d.claim(second.Pull), domain.PullFailed)
	d.kicks("an end that releases none")
	replayed, err := d.Store.Deliveries().Replay(t.Context(), d.connection.Tenant, []domain.DeliveryID{first.ID, second.ID}, noon, newID[domain.Pull])
	d.must(err)
	d.kicks("a replay of two", replayed[0].Pull)
	d.finish(d.claim(replayed[0].Pull), domain.PullSucceeded)
	pull, err := d.Store.Pulls().Request(t.Context(), d.connection.Tenant, d.connection.ID, ports.PullRequest{ID: newID[domain.Pull](), At: noon})
	d.must(err)
	d.kicks("a request", pull.ID)
}

func TestBeforeAbortsAMethod(t *testing.T) {
	away := errors.New("away")
	var failing string
	var called []string
	s := memory.New(memory.Options{Before: func(op string) error {
		called = append(called, op)
		if op == failing {
			return away
		}
		return nil
	}})
	c := domain.Connection{ID: newID[domain.Connection](), Kind: domain.Aggregator, Name: "name", Vendor: "pluggy"}
	failing = "Connections.Create"
	if err := s.Connections().Create(t.Context(), c); !errors.Is(err, away) {
		t.Errorf("Create: error %v, want the hook's", err)
	}
	failing = "Ping"
	if _, err := s.Connections().Find(t.Context(), c.Tenant, c.Vendor, c.Name); !errors.Is(err, domain.NotFound) {
		t.Errorf("Find: error %v, want NotFound: the aborted creation must have changed nothing", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, away) {
		t.Errorf("Ping: error %v, want the hook's", err)
	}
	if diff := cmp.Diff([]string{"Connections.Create", "Connections.Find", "Ping"}, called); diff != "" {
		t.Errorf("methods told of (-want +got):\n%s", diff)
	}
}

func TestAPanicOfAClosureLeavesTheStoreUsable(t *testing.T) {
	d := newDesk(t)
	func() {
		defer func() { _ = recover() }()
		_, _ = d.Store.Connections().Update(t.Context(), d.connection.Tenant, domain.Aggregator, d.connection.ID, func(c *domain.Connection) error {
			c.Name = "changed"
			panic("the caller's own")
		})
	}()
	got, err := d.Store.Connections().Get(t.Context(), d.connection.Tenant, domain.Aggregator, d.connection.ID)
	d.must(err)
	if diff := cmp.Diff(d.connection, got); diff != "" {
		t.Errorf("connection (-want +got):\n%s", diff)
	}
}

var _ ports.Prober = (*memory.Store)(nil)
