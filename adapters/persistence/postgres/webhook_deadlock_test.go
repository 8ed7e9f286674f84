package postgres_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// deadlockCounter counts the deadlocks that PostgreSQL detects.
type deadlockCounter struct{ atomic.Int32 }

func (*deadlockCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (c *deadlockCounter) TraceQueryEnd(_ context.Context, _ *pgx.Conn, end pgx.TraceQueryEndData) {
	if isDeadlock(end.Err) {
		c.Add(1)
	}
}

// isDeadlock reports whether the database has ended the transaction to resolve a deadlock.
func isDeadlock(err error) bool {
	e := (*pgconn.PgError)(nil)
	return errors.As(err, &e) && e.Code == "40P01"
}

// Two batches of the same events must never deadlock. The test counts the deadlocks that PostgreSQL detects. Otherwise
// it would not notice them, because PostgreSQL ends a deadlock after a second, and the batch is then retried.
func TestBatchesOfTheSameEventsNeverDeadlock(t *testing.T) {
	var found deadlockCounter
	db := traced(t, pgtest.DSN(t), &found)
	s := db.Store(nil)
	p := &replica{T: t, Store: s, token: storetest.ConnectionWithToken(t, s)}
	for round := 0; round < 20 && found.Load() == 0; round++ {
		if round > 0 {
			p.queue() // both batches of the round must find a queued pull
		}
		var both sync.WaitGroup
		for _, backwards := range []bool{false, true} {
			both.Go(func() {
				if _, err := db.Receive(t.Context(), nil, p.batch(round, backwards)); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
	}
	if n := found.Load(); n > 0 {
		t.Errorf("PostgreSQL detected %d deadlocks, want none", n)
	}
}

// batch returns new deliveries. All batches of one round have deliveries of the same events. If backwards
// is set, the order is reversed.
func (p *replica) batch(round int, backwards bool) []gormstore.PendingDelivery {
	var deliveries []gormstore.PendingDelivery
	for i := range 200 {
		deliveries = append(deliveries, p.pending(strconv.Itoa(round)+"-"+strconv.Itoa(i)))
	}
	if backwards {
		slices.Reverse(deliveries)
	}
	return deliveries
}

// If a deadlock ends the transaction of a request for a pull, the request must be repeated. PostgreSQL ends the
// transaction whose session finds the deadlock. In this test, only the session of the request looks for deadlocks. See
// requestInDeadlock for the locks.
func TestARequestIsRepeatedAfterADeadlock(t *testing.T) {
	dsn := pgtest.DSN(t)
	var found deadlockCounter
	db := traced(t, dsn+afterThreeSeconds, &found)
	requestInDeadlock(t, db, dsn, neverLook, "BEGIN")
	// There can be more than one deadlock. The repeated request deadlocks again if it locks the row of the connection
	// before the other transaction does.
	if found.Load() == 0 {
		t.Error("PostgreSQL detected no deadlock")
	}
}

// afterThreeSeconds makes the sessions of a database look for a deadlock after they have waited for three seconds. The
// tests assume that the other transaction waits, too, by then. neverLook makes a session look for no deadlock.
const (
	afterThreeSeconds = "&deadlock_timeout=3s"
	neverLook         = "SET deadlock_timeout = '1h'"
)

// requestInDeadlock creates a deadlock between a request for a pull and another transaction. The statements in setup
// begin the other transaction. requestInDeadlock returns when the request has succeeded.
func requestInDeadlock(t *testing.T, db *postgres.DB, dsn string, setup ...string) {
	t.Helper()
	s := db.Store(nil)
	p := &replica{T: t, Store: s, db: db, token: storetest.ConnectionWithToken(t, s)}
	p.queue()
	p.crossLocks(dsn, p.queue, []string{lockPulls, lockConnection}, setup...)
}

// Statements that lock the pulls of the connection $1 of the tenant $2, and the row of this connection.
const (
	lockPulls      = "SELECT FROM pulls WHERE connection_id = $1 AND tenant_id = $2 FOR UPDATE"
	lockConnection = "SELECT FROM connections WHERE id = $1 AND tenant_id = $2 FOR UPDATE"
)

// crossLocks runs a change while another transaction takes two locks, and returns when the change has ended. The
// statements in setup begin the other transaction. If the change needs both locks, but in the other order, the two
// deadlock:
//
//   - The other transaction takes the first lock.
//   - The change takes the second lock and waits for the first.
//   - The other transaction waits for the second lock.
func (p *replica) crossLocks(dsn string, change func(), locks []string, setup ...string) {
	p.Helper()
	other, err := pgx.Connect(p.Context(), dsn)
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = other.Close(context.WithoutCancel(p.Context())) }()
	execute := func(sql string, args ...any) {
		if _, err := other.Exec(p.Context(), sql, args...); err != nil {
			p.Error(err)
		}
	}
	for _, statement := range setup {
		execute(statement)
	}
	connection, tenant := p.token.Connection.UUID, p.token.Tenant.UUID
	execute(locks[0], connection, tenant)
	var changed sync.WaitGroup
	changed.Go(change)
	awaitLockWaiters(p.T, p.db, 1)
	execute(locks[1], connection, tenant)
	execute("COMMIT")
	changed.Wait()
}

// remove deletes the connection of the replica.
func (p *replica) remove() {
	deleted := func(c *domain.Connection) error {
		c.DeletedAt = epoch
		return nil
	}
	_, err := p.Connections().Update(p.Context(), p.token.Tenant, domain.Aggregator, p.token.Connection, nil, deleted)
	if err != nil {
		p.Error(err)
	}
}

// A claim locks its pull and then another pull of the connection, and a deletion locks the connection and its pulls. If
// a deletion is part of a deadlock, it must be repeated.
func TestADeletionIsRepeatedAfterADeadlock(t *testing.T) {
	dsn := pgtest.DSN(t)
	var found deadlockCounter
	db := traced(t, dsn+afterThreeSeconds, &found)
	s := db.Store(nil)
	p := &replica{T: t, Store: s, db: db, token: storetest.ConnectionWithToken(t, s)}
	p.queue()
	p.crossLocks(dsn, p.remove, []string{lockPulls, lockConnection}, neverLook, "BEGIN")
	if found.Load() == 0 {
		t.Error("PostgreSQL detected no deadlock")
	}
}

// The tokens of a deleted connection move to another one, which the deletion also locks. Deletions of connections that
// are each other's heirs must not deadlock.
func TestDeletionsNeverDeadlock(t *testing.T) {
	var found deadlockCounter
	db := traced(t, pgtest.DSN(t), &found)
	s := db.Store(nil)
	for range 15 {
		token := storetest.ConnectionWithToken(t, s)
		first, err := s.Connections().Get(t.Context(), token.Tenant, domain.Aggregator, token.Connection)
		if err != nil {
			t.Fatal(err)
		}
		all := []*replica{{T: t, Store: s, token: token}}
		for i := range 3 {
			c, other := first, token
			c.ID, c.Name = newID[domain.Connection](), strconv.Itoa(i)
			other.ID, other.Connection, other.Hash = newID[domain.WebhookToken](), c.ID, domain.HashToken(c.ID.String())
			if err := errors.Join(
				s.Connections().Create(t.Context(), c, nil), s.Tokens().Create(t.Context(), other, nil),
			); err != nil {
				t.Fatal(err)
			}
			all = append(all, &replica{T: t, Store: s, token: other})
		}
		var deletions sync.WaitGroup
		for i, p := range all {
			deletions.Go(func() {
				if i%2 == 0 {
					p.remove()
					return
				}
				e := domain.ErasureRequest{ID: newID[domain.Erasure](), At: epoch}
				if _, err := s.Erasures().Start(t.Context(), token.Tenant, p.token.Connection, e, nil); err != nil {
					t.Error(err)
				}
			})
		}
		deletions.Wait()
	}
	if n := found.Load(); n > 0 {
		t.Errorf("PostgreSQL detected %d deadlocks, want none", n)
	}
}

// A request for a pull and an event beside a pull under way lock the connection and then its pulls. A running pull must
// take these locks in the same order. The test takes the locks of the request, and counts the deadlocks that PostgreSQL
// detects.
func TestARunningPullNeverDeadlocksWithARequest(t *testing.T) {
	for name, write := range map[string]func(p *replica, l domain.Lease, c domain.Connection) error{
		"the end": func(p *replica, l domain.Lease, _ domain.Connection) error {
			return p.Pulls().Finish(p.Context(), l, ports.Outcome{State: domain.PullSucceeded, Attempts: 1, At: epoch})
		},
		"a report": func(p *replica, l domain.Lease, _ domain.Connection) error {
			return p.Pulls().ReportConnection(p.Context(), l, epoch, func(c *domain.Connection) {
				c.Health.Status = domain.Unhealthy
			})
		},
		"a staged page": func(p *replica, l domain.Lease, _ domain.Connection) error {
			_, err := p.Pulls().StorePage(p.Context(), l, ports.PageWrite{
				Staged: &ports.Staging{Restart: true}, At: epoch, LeaseUntil: l.Until,
			})
			return err
		},
		"a publication": func(p *replica, l domain.Lease, c domain.Connection) error {
			_, err := p.Pulls().Publish(p.Context(), l, ports.Publication{
				Target: c.Target(), AccountRef: c.AccountRef, At: epoch, LeaseUntil: l.Until,
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := pgtest.DSN(t)
			var found deadlockCounter
			db := traced(t, dsn, &found)
			s := db.Store(nil)
			p := &replica{T: t, Store: s, db: db, token: storetest.ConnectionWithToken(t, s)}
			p.queue()
			l, _ := p.claimed(p.queued)
			c, err := s.Connections().Get(t.Context(), l.Tenant, domain.Aggregator, p.token.Connection)
			if err != nil {
				t.Fatal(err)
			}
			p.crossLocks(dsn, func() {
				if err := write(p, l, c); err != nil {
					t.Error(err)
				}
			}, []string{lockConnection, lockPulls}, neverLook, "BEGIN")
			if n := found.Load(); n > 0 {
				t.Errorf("PostgreSQL detected %d deadlocks, want none", n)
			}
		})
	}
}

// A batch of webhooks locks the queued pull, and then writes to last_webhook_tokens. A deletion must take these locks
// in the same order. The test takes the locks of the batch, and counts the deadlocks that PostgreSQL detects.
func TestADeletionNeverDeadlocksWithABatch(t *testing.T) {
	dsn := pgtest.DSN(t)
	var found deadlockCounter
	db := traced(t, dsn, &found)
	s := db.Store(nil)
	p := &replica{T: t, Store: s, db: db, token: storetest.ConnectionWithToken(t, s)}
	p.queue()
	if _, err := s.Deliveries().Receive(t.Context(), p.incoming("event")); err != nil {
		t.Fatal(err)
	}
	p.crossLocks(dsn, p.remove, []string{
		"SELECT FROM pulls WHERE connection_id = $1 AND tenant_id = $2 AND state = 'queued' FOR SHARE",
		"UPDATE last_webhook_tokens SET token_id = token_id WHERE connection_id = $1 AND tenant_id = $2",
	}, neverLook, "BEGIN")
	if n := found.Load(); n > 0 {
		t.Errorf("PostgreSQL detected %d deadlocks, want none", n)
	}
}

// A replay must not wait for a queued pull that a batch of webhooks has locked. Replays and batches lock the queued
// pulls of several connections. If a replay and a batch waited for each other, they would deadlock.
func TestAReplayDoesNotWaitForABatch(t *testing.T) {
	dsn := pgtest.DSN(t)
	s := opened(t, dsn).Store(nil)
	p := &replica{T: t, Store: s, token: storetest.ConnectionWithToken(t, s)}
	p.queue()
	incoming := p.incoming("event")
	if _, err := s.Deliveries().Receive(t.Context(), incoming); err != nil {
		t.Fatal(err)
	}
	batch, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = batch.Close(context.WithoutCancel(t.Context())) }()
	for _, sql := range []string{"BEGIN", "SELECT FROM pulls WHERE state = 'queued' FOR SHARE"} {
		if tag, err := batch.Exec(t.Context(), sql); err != nil || sql != "BEGIN" && tag.RowsAffected() != 1 {
			t.Fatal(tag, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ids := []domain.DeliveryID{incoming.Delivery}
	replayed, err := s.Deliveries().Replay(ctx, p.token.Tenant, ids, epoch, nil, newID[domain.Pull])
	if err != nil || len(replayed) != 1 || replayed[0].Pull != p.queued {
		t.Errorf("the replay returned %v (%v), want the delivery with pull %v", replayed, err, p.queued)
	}
}
