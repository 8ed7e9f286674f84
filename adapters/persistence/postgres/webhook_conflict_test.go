package postgres_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// interleaver is a tracer that simulates the work of another replica between two statements. The keys of the map are
// parts of SQL statements. Just before each statement that contains a key, interleaver calls the function of the key.
type interleaver map[string]func()

func (i interleaver) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	for part, do := range i {
		if strings.Contains(q.SQL, part) {
			do()
		}
	}
	return ctx
}

func (interleaver) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Parts of the SQL statements that store a batch. The tests use them as keys of an interleaver.
const (
	insertPulls     = "INSERT INTO pulls"
	lockQueuedPulls = "SELECT id FROM pulls WHERE connection_id = ANY($1) AND"
)

// replica is a process that queues, claims and ends pulls of one connection.
type replica struct {
	*testing.T
	*postgres.Store
	db     *postgres.DB
	token  domain.WebhookToken
	queued domain.PullID // the id of the pull that the last call of queue requested
}

// queue queues a pull in the same way as an operator's request.
func (p *replica) queue() {
	p.queued = newID[domain.Pull]()
	request := ports.PullRequest{ID: p.queued, Trigger: domain.TriggerOperator, At: epoch}
	if _, err := p.Pulls().Request(p.Context(), p.token.Tenant, p.token.Connection, request, nil); err != nil {
		p.Error(err)
	}
}

// claim claims the pull, ends it, and returns the external ids in its Scope.Removed.
func (p *replica) claim(pull domain.PullID) []string {
	l, scope := p.claimed(pull)
	err := p.Pulls().Finish(p.Context(), l, ports.Outcome{State: domain.PullSucceeded, Attempts: 1, At: epoch})
	if err != nil {
		p.Error(err)
	}
	return scope.Removed
}

// claimed claims the pull, and returns the lease and the scope of the pull.
func (p *replica) claimed(pull domain.PullID) (domain.Lease, domain.PullScope) {
	l := domain.Lease{ID: newID[domain.Lease](), Pull: pull, Until: epoch.Add(time.Hour)}
	claimed, err := p.Pulls().Claim(p.Context(), l, epoch)
	if err != nil {
		p.Error(err)
	}
	l.Tenant = claimed.Pull.Tenant
	return l, claimed.Pull.Scope
}

// incoming returns a delivery of the event with this name. The delivery announces the removal of a
// transaction whose external id is the name of the event.
func (p *replica) incoming(event string) ports.IncomingDelivery {
	return ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: p.token.Hash, Vendor: p.token.Vendor,
		At:             epoch,
		SourceAdmitted: true, Event: domain.WebhookEvent{
			ID: event, DedupKey: event, WantsPull: true, Scope: domain.PullScope{Removed: []string{event}},
		},
	}
}

// pending returns an incoming delivery of the event in the form in which the store passes it to Receive.
func (p *replica) pending(event string) gormstore.PendingDelivery {
	incoming := p.incoming(event)
	incoming.Body = []byte{}
	return gormstore.PendingDelivery{
		IncomingDelivery: incoming, Scope: `{"removed":["` + event + `"]}`,
		Fingerprint: domain.FingerprintOf(incoming.Event, incoming.Body),
	}
}

// twoReplicas returns two replicas on the same database. The interleaver i traces only the statements of the first
// replica. The token of the second replica belongs to a new connection (domain.Connection).
func twoReplicas(t *testing.T, i interleaver) (*postgres.Store, *replica) {
	t.Helper()
	dsn := pgtest.DSN(t)
	db := opened(t, dsn)
	other := db.Store(nil)
	token := storetest.ConnectionWithToken(t, other)
	return traced(t, dsn, i).Store(nil), &replica{T: t, Store: other, db: db, token: token}
}

func TestABatchIsAttachedToAPullThatWasQueuedInBetween(t *testing.T) {
	between := interleaver{}
	s, other := twoReplicas(t, between)
	between[insertPulls] = func() { delete(between, insertPulls); other.queue() }
	got, err := s.Deliveries().Receive(t.Context(), other.incoming("event"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Delivery.Pull != other.queued {
		t.Errorf("the delivery has pull %s, want %s", got.Delivery.Pull, other.queued)
	}
	if diff := cmp.Diff([]string{"event"}, other.claim(other.queued)); diff != "" {
		t.Errorf("the pull's scope (-want +got):\n%s", diff)
	}
}

func TestABatchIsRetriedWhenThatPullIsClaimedToo(t *testing.T) {
	between := interleaver{}
	s, other := twoReplicas(t, between)
	between[insertPulls] = func() {
		delete(between, insertPulls)
		other.queue()
		between[lockQueuedPulls] = func() { delete(between, lockQueuedPulls); other.claim(other.queued) }
	}
	incoming := other.incoming("event")
	got, err := s.Deliveries().Receive(t.Context(), incoming)
	if err != nil {
		t.Fatal(err)
	}
	if got.Delivery.Pull != incoming.Pull || got.Duplicate {
		t.Errorf("the delivery has pull %s, duplicate: %t; want its own %s",
			got.Delivery.Pull, got.Duplicate, incoming.Pull)
	}
	if diff := cmp.Diff([]string{"event"}, other.claim(incoming.Pull)); diff != "" {
		t.Errorf("the pull's scope (-want +got):\n%s", diff)
	}
}

func TestABatchThatConflictsInEveryAttemptIsUnavailable(t *testing.T) {
	between := interleaver{}
	s, other := twoReplicas(t, between)
	attempts := 0
	between[insertPulls] = func() {
		attempts++
		other.queue()
		between[lockQueuedPulls] = func() { delete(between, lockQueuedPulls); other.claim(other.queued) }
	}
	incoming := other.incoming("event")
	_, err := s.Deliveries().Receive(t.Context(), incoming)
	if !errors.Is(err, domain.Unavailable) || attempts < 2 {
		t.Errorf("error %v after %d attempts, want Unavailable after several", err, attempts)
	}
	clear(between)
	if got, err := s.Deliveries().Receive(t.Context(), incoming); err != nil || got.Duplicate {
		t.Errorf("the vendor's next attempt: duplicate: %t, error %v", got.Duplicate, err)
	}
}

// A claim must wait while a delivery is being attached to the pull, and must then read the delivery. Another
// transaction delays the delivery: it inserts the same event first, and is rolled back later.
func TestAClaimWaitsForADeliveryThatIsBeingAttached(t *testing.T) {
	db := opened(t, pgtest.DSN(t))
	s := db.Store(nil)
	other := &replica{T: t, Store: s, token: storetest.ConnectionWithToken(t, s)}
	other.queue()
	incoming := other.incoming("event")
	fingerprint := domain.FingerprintOf(incoming.Event, nil)
	same, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = same.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = same.Exec(t.Context(), `
		INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, scope, status,
			received_at)
		VALUES (gen_random_uuid(), $1, $2, 'pluggy', '', '', $3, '', '', 'ignored', now())`,
		other.token.Tenant.UUID, other.token.Connection.UUID, fingerprint[:])
	if err != nil {
		t.Fatal(err)
	}
	received, claimed := make(chan error, 1), make(chan []string, 1)
	go func() {
		_, err := s.Deliveries().Receive(t.Context(), incoming)
		received <- err
	}()
	awaitLockWaiters(t, db, 1)
	go func() { claimed <- other.claim(other.queued) }()
	awaitLockWaiters(t, db, 2)
	if err := same.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-received; err != nil {
		t.Error(err)
	}
	if got := <-claimed; !slices.Equal(got, []string{"event"}) {
		t.Errorf("the pull's scope is %v, want the event", got)
	}
}

// awaitLockWaiters returns as soon as at least minWaiters sessions wait for a lock. It fails the test if that takes too
// long.
func awaitLockWaiters(t *testing.T, db *postgres.DB, minWaiters int) {
	t.Helper()
	for deadline := time.Now().Add(patience / 2); ; time.Sleep(time.Millisecond) {
		var waiting int
		err := db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		if waiting >= minWaiters {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%d sessions wait for a lock, want %d", waiting, minWaiters)
			return
		}
	}
}

func TestADeletionWaitsForABatchThatCreatesAPullAndThenFailsThePull(t *testing.T) {
	between := interleaver{}
	s, other := twoReplicas(t, between)
	deleted := make(chan error, 1)
	between[insertPulls] = func() {
		delete(between, insertPulls)
		go func() {
			token := other.token
			_, err := other.Connections().Update(t.Context(), token.Tenant, domain.Aggregator, token.Connection,
				nil, func(c *domain.Connection) error {
					c.DeletedAt = epoch
					return nil
				})
			deleted <- err
		}()
		awaitLockWaiters(t, other.db, 1)
	}
	got, err := s.Deliveries().Receive(t.Context(), other.incoming("event"))
	if err := errors.Join(err, <-deleted); err != nil {
		t.Fatal(err)
	}
	pull, err := other.Pulls().Get(t.Context(), other.token.Tenant, got.Delivery.Pull)
	if err != nil || pull.LastError != domain.ConnectionGone {
		t.Errorf("the pull is %s %q, error %v; want it failed", pull.State, pull.LastError, err)
	}
}
