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
		Connections:   s.Connections(),
		Tokens:        s.Tokens(),
		Deliveries:    s.Deliveries(),
		Idempotency:   s.Idempotency(),
		Pulls:         s.Pulls(),
		Ledger:        s.Ledger(),
		AuditLog:      s.AuditLog(),
		Erasures:      s.Erasures(),
		Applications:  s.Applications(),
		LinkSessions:  s.LinkSessions(),
		SealedValues:  s.SealedValues(),
		Subscriptions: s.Subscriptions(),

		MatcherEntries: s.MatcherEntries(),
	}
}

func TestStores(t *testing.T) {
	porttest.TestStores(t, func(*testing.T) porttest.Stores { return stores(memory.New(memory.Options{})) })
}

// TestSharedStore runs the suite twice on the same store. The second run must also pass with the
// rows of the first run in the store.
func TestSharedStore(t *testing.T) {
	shared := stores(memory.New(memory.Options{}))
	for range 2 {
		porttest.TestStores(t, func(*testing.T) porttest.Stores { return shared })
	}
}

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// fixture is a store with one connection and a token for it. It records the pulls for which the
// store called Nudge.
type fixture struct {
	*testing.T
	*memory.Store
	connection domain.Connection
	token      domain.WebhookToken
	nudged     []domain.PullID
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{T: t}
	f.Store = memory.New(memory.Options{Nudge: func(id domain.PullID) {
		// The store must not hold its mutex when it calls Nudge: otherwise Get would deadlock.
		if _, err := f.Store.Pulls().Get(t.Context(), f.connection.Tenant, id); err != nil {
			t.Errorf("a pull that is not stored was nudged: %v", err)
		}
		f.nudged = append(f.nudged, id)
	}})
	f.connection = domain.Connection{
		ID: newID[domain.Connection](), Tenant: domain.TenantID{UUID: uuid.New()}, Kind: domain.Aggregator,
		Name: "name", Vendor: "pluggy", Revision: 1,
	}
	f.token = domain.WebhookToken{
		ID: newID[domain.WebhookToken](), Tenant: f.connection.Tenant, Connection: f.connection.ID,
		Vendor: "pluggy", CreatedAt: noon,
	}
	f.must(f.Store.Connections().Create(t.Context(), f.connection, nil))
	f.must(f.Store.Tokens().Create(t.Context(), f.token, nil))
	return f
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// wantNudged fails the test unless the store called Nudge for exactly these pulls, in this order, since the
// previous call of wantNudged.
func (f *fixture) wantNudged(what string, want ...domain.PullID) {
	f.Helper()
	if diff := cmp.Diff(want, f.nudged); diff != "" {
		f.Errorf("%s: nudged (-want +got):\n%s", what, diff)
	}
	f.nudged = nil
}

func (f *fixture) receive(key string) domain.Delivery {
	f.Helper()
	got, err := f.Store.Deliveries().Receive(f.Context(), ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Vendor: "pluggy", SourceAdmitted: true,
		Event: domain.WebhookEvent{DedupKey: key, WantsPull: true}, At: noon,
	})
	f.must(err)
	return got.Delivery
}

func (f *fixture) claim(id domain.PullID) domain.Lease {
	f.Helper()
	l := domain.Lease{ID: newID[domain.Lease](), Pull: id, Until: noon.Add(time.Minute)}
	_, err := f.Store.Pulls().Claim(f.Context(), l, noon)
	f.must(err)
	return l
}

func (f *fixture) finish(l domain.Lease, state domain.PullState) {
	f.Helper()
	f.must(f.Store.Pulls().Finish(f.Context(), l, ports.Outcome{State: state, At: noon, NotBefore: noon}))
}

func TestAResumeNudgesThePullsThatHaveNotEnded(t *testing.T) {
	f := newFixture(t)
	setPausedAt := func(at time.Time) {
		t.Helper()
		_, err := f.Store.Connections().Update(t.Context(), f.connection.Tenant, f.connection.Kind, f.connection.ID,
			nil, func(c *domain.Connection) error {
				c.PausedAt = at
				return nil
			})
		f.must(err)
	}
	first := f.receive("1")
	f.claim(first.Pull)
	second := f.receive("2")
	f.nudged = nil
	setPausedAt(noon)
	f.wantNudged("a pause")
	setPausedAt(time.Time{})
	f.wantNudged("a resume", first.Pull, second.Pull)
	setPausedAt(time.Time{})
	f.wantNudged("an update of a connection that is not paused")
}

func TestEveryJobIsNudgedOnce(t *testing.T) {
	f := newFixture(t)
	first := f.receive("1")
	f.wantNudged("a delivery queues a pull", first.Pull)
	f.receive("1")
	f.receive("2")
	f.wantNudged("a duplicate, and a delivery that is attached to the queued pull")
	l := f.claim(first.Pull)
	f.wantNudged("a claim")
	second := f.receive("3")
	f.wantNudged("a delivery while a pull runs", second.Pull)
	f.finish(l, domain.PullQueued)
	f.wantNudged("an attempt that will be retried")
	f.finish(f.claim(first.Pull), domain.PullSucceeded)
	f.wantNudged("an end that releases the next", second.Pull)
	f.finish(f.claim(second.Pull), domain.PullFailed)
	f.wantNudged("an end that releases none")
	replayed, err := f.Store.Deliveries().Replay(t.Context(), f.connection.Tenant,
		[]domain.DeliveryID{first.ID, second.ID}, noon, nil, newID[domain.Pull])
	f.must(err)
	f.wantNudged("a replay of two", replayed[0].Pull)
	f.finish(f.claim(replayed[0].Pull), domain.PullSucceeded)
	pull, err := f.Store.Pulls().Request(t.Context(), f.connection.Tenant, f.connection.ID,
		ports.PullRequest{ID: newID[domain.Pull](), At: noon}, nil)
	f.must(err)
	f.wantNudged("a request", pull.ID)
}

func TestErrorOfBeforeAbortsAMethod(t *testing.T) {
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
	if err := s.Connections().Create(t.Context(), c, nil); !errors.Is(err, away) {
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
		t.Errorf("methods reported (-want +got):\n%s", diff)
	}
}

func TestPanicOfAClosureLeavesTheStoreUsable(t *testing.T) {
	f := newFixture(t)
	func() {
		defer func() { _ = recover() }()
		_, _ = f.Store.Connections().Update(t.Context(), f.connection.Tenant, domain.Aggregator,
			f.connection.ID, nil, func(c *domain.Connection) error {
				c.Name = "changed"
				panic("panic of the caller")
			})
	}()
	got, err := f.Store.Connections().Get(t.Context(), f.connection.Tenant, domain.Aggregator, f.connection.ID)
	f.must(err)
	if diff := cmp.Diff(f.connection, got); diff != "" {
		t.Errorf("connection (-want +got):\n%s", diff)
	}
}

var _ ports.Prober = (*memory.Store)(nil)

func TestTheRateBudgetsConformToTheirPort(t *testing.T) {
	clock := porttest.NewClock(time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC))
	porttest.TestRateBudgets(t, func(*testing.T) ports.RateBudgets { return memory.NewRateBudgets(clock) })
}
