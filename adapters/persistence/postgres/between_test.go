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
	"github.com/LerianStudio/aggregator-connections/test/pgtest"
)

// between runs what another replica does just before the statements that it knows a part of.
type between map[string]func()

func (b between) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	for part, do := range b {
		if strings.Contains(q.SQL, part) {
			do()
		}
	}
	return ctx
}

func (between) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

const (
	queues = "INSERT INTO pulls"
	locks  = "SELECT connection_id, id FROM pulls WHERE connection_id = ANY($1) AND"
)

// pulling is a replica that queues, claims and ends pulls of one connection.
type pulling struct {
	*testing.T
	*gormstore.Store
	db     *postgres.DB
	token  domain.WebhookToken
	queued domain.PullID // the last
}

func (p *pulling) queue() {
	p.queued = newID[domain.Pull]()
	request := ports.PullRequest{ID: p.queued, Trigger: domain.TriggerOperator, At: epoch}
	if _, err := p.Pulls().Request(p.Context(), p.token.Tenant, p.token.Connection, request); err != nil {
		p.Error(err)
	}
}

// claim runs the pull and gives what it asked for.
func (p *pulling) claim(pull domain.PullID) []string {
	l := domain.Lease{ID: newID[domain.Lease](), Pull: pull, Until: epoch.Add(time.Hour)}
	claimed, err := p.Pulls().Claim(p.Context(), l, epoch)
	if err == nil {
		err = p.Pulls().Finish(p.Context(), l, ports.Outcome{State: domain.PullSucceeded, Attempts: 1, At: epoch})
	}
	if err != nil {
		p.Error(err)
	}
	return claimed.Pull.Scope.Removed
}

func (p *pulling) receipt(event string) ports.IncomingDelivery {
	return ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: p.token.Hash, Vendor: p.token.Vendor, At: epoch,
		Event: domain.WebhookEvent{ID: event, DedupKey: event, WantsPull: true, Scope: domain.PullScope{Removed: []string{event}}},
	}
}

// beside makes a replica whose statements are seen, and another on the same database.
func beside(t *testing.T, b between) (*gormstore.Store, *pulling) {
	t.Helper()
	dsn := pgtest.DSN(t)
	db := opened(t, dsn)
	other := db.Store(nil)
	return traced(t, dsn, b).Store(nil), &pulling{T: t, Store: other, db: db, token: connectionWithToken(t, other)}
}

func TestAGroupJoinsThePullThatWasQueuedInBetween(t *testing.T) {
	b := between{}
	s, other := beside(t, b)
	b[queues] = func() { delete(b, queues); other.queue() }
	got, err := s.Deliveries().Receive(t.Context(), other.receipt("event"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Delivery.Pull != other.queued {
		t.Errorf("answered with pull %s, want %s", got.Delivery.Pull, other.queued)
	}
	if diff := cmp.Diff([]string{"event"}, other.claim(other.queued)); diff != "" {
		t.Errorf("the pull's ask (-want +got):\n%s", diff)
	}
}

func TestAGroupStartsAnewWhereThatPullIsClaimedToo(t *testing.T) {
	b := between{}
	s, other := beside(t, b)
	b[queues] = func() {
		delete(b, queues)
		other.queue()
		b[locks] = func() { delete(b, locks); other.claim(other.queued) }
	}
	r := other.receipt("event")
	got, err := s.Deliveries().Receive(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got.Delivery.Pull != r.Pull || got.Duplicate {
		t.Errorf("answered with pull %s, duplicate: %t; want its own %s", got.Delivery.Pull, got.Duplicate, r.Pull)
	}
	if diff := cmp.Diff([]string{"event"}, other.claim(r.Pull)); diff != "" {
		t.Errorf("the pull's ask (-want +got):\n%s", diff)
	}
}

func TestAGroupThatIsAlwaysOvertakenIsRefusedForNow(t *testing.T) {
	b := between{}
	s, other := beside(t, b)
	tries := 0
	b[queues] = func() {
		tries++
		other.queue()
		b[locks] = func() { delete(b, locks); other.claim(other.queued) }
	}
	r := other.receipt("event")
	_, err := s.Deliveries().Receive(t.Context(), r)
	if !errors.Is(err, domain.Unavailable) || tries < 2 {
		t.Errorf("error %v after %d tries, want Unavailable after several", err, tries)
	}
	clear(b)
	if got, err := s.Deliveries().Receive(t.Context(), r); err != nil || got.Duplicate {
		t.Errorf("the vendor's next try: duplicate: %t, error %v", got.Duplicate, err)
	}
}

// A receipt that joins a queued pull waits here for another of the same event, which is
// then undone; a claim that comes meanwhile must wait as well, and see what joined.
func TestAClaimWaitsForAReceiptThatJoins(t *testing.T) {
	db := opened(t, pgtest.DSN(t))
	s := db.Store(nil)
	other := &pulling{T: t, Store: s, token: connectionWithToken(t, s)}
	other.queue()
	r := other.receipt("event")
	fingerprint := domain.FingerprintOf(r.Event, nil)
	same, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = same.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = same.Exec(t.Context(), `
		INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, ask, status, received_at)
		VALUES (gen_random_uuid(), $1, $2, 'pluggy', '', '', $3, '', '', 'ignored', now())`,
		other.token.Tenant.UUID, other.token.Connection.UUID, fingerprint[:])
	if err != nil {
		t.Fatal(err)
	}
	received, asked := make(chan error, 1), make(chan []string, 1)
	go func() {
		_, err := s.Deliveries().Receive(t.Context(), r)
		received <- err
	}()
	awaitWaiting(t, db, 1)
	go func() { asked <- other.claim(other.queued) }()
	awaitWaiting(t, db, 2)
	if err := same.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-received; err != nil {
		t.Error(err)
	}
	if got := <-asked; !slices.Equal(got, []string{"event"}) {
		t.Errorf("the pull asked for %v, want the event", got)
	}
}

// awaitWaiting returns when that many sessions wait for a lock.
func awaitWaiting(t *testing.T, db *postgres.DB, want int) {
	t.Helper()
	for deadline := time.Now().Add(patience / 2); ; time.Sleep(time.Millisecond) {
		var waiting int
		const sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
		if err := db.Pool.QueryRow(t.Context(), sql).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if waiting >= want {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%d sessions wait for a lock, want %d", waiting, want)
			return
		}
	}
}

// A deletion that comes while a group brings a pull waits, and then fails that pull.
func TestADeletionWaitsForAGroupThatBringsAPull(t *testing.T) {
	b := between{}
	s, other := beside(t, b)
	ended := make(chan error, 1)
	b[queues] = func() {
		delete(b, queues)
		go func() {
			_, err := other.Connections().Update(t.Context(), other.token.Tenant, domain.Aggregator, other.token.Connection,
				func(c *domain.Connection) error {
					c.DeletedAt = epoch
					return nil
				})
			ended <- err
		}()
		awaitWaiting(t, other.db, 1)
	}
	got, err := s.Deliveries().Receive(t.Context(), other.receipt("event"))
	if err := errors.Join(err, <-ended); err != nil {
		t.Fatal(err)
	}
	pull, err := other.Pulls().Get(t.Context(), other.token.Tenant, got.Delivery.Pull)
	if err != nil || pull.LastError != domain.ConnectionGone {
		t.Errorf("the pull is %s %q, error %v; want it failed", pull.State, pull.LastError, err)
	}
}
