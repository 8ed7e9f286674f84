package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/localjobs"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/maintenancetest"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// waitTimeout bounds each wait for an expected event.
const waitTimeout = 20 * time.Second

// noPoll is a poll interval that is longer than any test, so that the queue does not poll.
const noPoll = 100 * time.Hour

// stores is the interface of the stores of both databases.
type stores interface {
	Connections() ports.Connections
	Tokens() ports.Tokens
	Deliveries() ports.Deliveries
	Pulls() ports.Pulls
}

// process contains the stores and the queue of one process of the service.
type process struct {
	stores
	queue *localjobs.Queue
	exec  func(statement string, args ...any) error
	pool  *pgxpool.Pool // nil on SQLite
}

// database is a database with the current schema that several processes can open.
type database struct {
	// open returns a process with a stopped queue. interval is the poll interval.
	open func(t testing.TB, cfg background.Config, interval time.Duration) process
	// patience is the longest time until an idle process may start a pull that another process has queued.
	patience time.Duration
}

// onEach runs a test on each kind of database. The test must leave no goroutine running.
func onEach(t *testing.T, test func(t *testing.T, db database)) {
	t.Helper()
	_ = pgtest.DSN(t) // starts the shared server, so that its goroutines are not counted as leaked
	for _, kind := range []struct {
		name string
		make func(t testing.TB) database
	}{
		{"sqlite", newSQLite},
		{"postgres", func(t testing.TB) database { return newPostgres(t, pgtest.DSN(t), jobs.Config{}) }},
		{"pooler", func(t testing.TB) database {
			url := pgtest.DSN(t)
			migrate(t, url)
			return onPostgres(pgtest.Pooled(t, url, poolerSize), jobs.Config{PollOnly: true})
		}},
	} {
		t.Run(kind.name, func(t *testing.T) {
			db := kind.make(t)
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			t.Run("run", func(t *testing.T) { test(t, db) })
		})
	}
}

// poolerSize is the number of server connections of a pooler in these tests.
const poolerSize = 4

// newSQLite returns a new file.
func newSQLite(t testing.TB) database {
	t.Helper()
	dsn := "sqlite://" + filepath.Join(t.TempDir(), "test.db")
	db, err := sqlite.Open(t.Context(), sqlite.Config{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Migrate(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
	open := func(t testing.TB, cfg background.Config, interval time.Duration) process {
		t.Helper()
		db, err := sqlite.Open(t.Context(), sqlite.Config{DSN: dsn})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		// Commits return without a flush to disk, so that a test with thousands of commits is fast.
		if _, err := db.Writer.ExecContext(t.Context(), "PRAGMA synchronous = OFF"); err != nil {
			t.Fatal(err)
		}
		queue := localjobs.New(cfg, localjobs.Database{PollInterval: interval})
		return process{db.Store(queue.Nudge), queue, func(statement string, args ...any) error {
			_, err := db.Writer.ExecContext(t.Context(), statement, args...)
			return err
		}, nil}
	}
	return database{open, time.Second}
}

func migrate(t testing.TB, url string) {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Migrate(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// newPostgres migrates the PostgreSQL database. Each process uses the configuration queue, with its own
// background.Config and poll interval.
func newPostgres(t testing.TB, url string, queue jobs.Config) database {
	t.Helper()
	migrate(t, url)
	return onPostgres(url, queue)
}

func onPostgres(url string, queue jobs.Config) database {
	open := func(t testing.TB, cfg background.Config, interval time.Duration) process {
		t.Helper()
		db, err := postgres.Open(t.Context(), postgres.Config{URL: url, Pooled: queue.PollOnly})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		queue := queue
		queue.Config, queue.PollInterval = cfg, interval
		q := jobs.New(db.Pool, queue)
		return process{db.Store(q.Nudge), q, func(statement string, args ...any) error {
			_, err := db.Pool.Exec(t.Context(), statement, args...)
			return err
		}, db.Pool}
	}
	return database{open, 2 * time.Second}
}

// start starts the queue. The queue is stopped at the end of the test, unless the test stops it earlier.
func (p process) start(t testing.TB, w ports.Worker) {
	t.Helper()
	p.startWith(t, w, storedPulls{stores: p.stores})
}

// startWith is like start, but with the given maintenance.
func (p process) startWith(t testing.TB, w ports.Worker, service ports.Maintenance) {
	t.Helper()
	if err := p.queue.Start(t.Context(), w, service); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop(t, waitTimeout) })
}

// startUnstuck is like start, but the process does not look for stuck pulls. It can find the pulls of other processes
// only through notifications and polls.
func (p process) startUnstuck(t testing.TB, w ports.Worker) {
	t.Helper()
	p.startWith(t, w, notStuck{storedPulls{stores: p.stores}})
}

func (p process) stop(t testing.TB, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := p.queue.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// connection stores a new connection with a token.
func (p process) connection(t testing.TB) domain.WebhookToken {
	t.Helper()
	now := time.Now()
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: domain.TenantID{UUID: uuid.New()}, Kind: domain.Aggregator, Name: "c",
		Vendor: "pluggy", AccountRef: "item", Sealed: domain.Sealed("sealed"), Revision: 1,
		CreatedAt: now, UpdatedAt: now,
	}
	token := domain.WebhookToken{
		ID: newID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Hash: domain.HashToken(uuid.NewString()), CreatedAt: now,
	}
	for _, err := range []error{
		p.Connections().Create(t.Context(), c, nil), p.Tokens().Create(t.Context(), token, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return token
}

// request queues a pull of a new connection and returns its id.
func (p process) request(t testing.TB) domain.PullID { return p.requestFor(t, p.connection(t)) }

// requestFor queues a pull of the token's connection and returns its id.
func (p process) requestFor(t testing.TB, token domain.WebhookToken) domain.PullID {
	t.Helper()
	pull, err := p.Pulls().Request(t.Context(), token.Tenant, token.Connection, ports.PullRequest{
		ID: newPull(), Trigger: domain.TriggerOperator, At: time.Now(),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pull.ID
}

// copyPull queues n copies of the only pull in the database. Each copy belongs to a separate connection.
func (p process) copyPull(t testing.TB, n int) {
	t.Helper()
	numbers := "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < " +
		strconv.Itoa(n) + ") "
	id := "printf('00000000-0000-7000-8000-%012x', i)"
	if p.pool != nil {
		id = "CAST('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0') AS uuid)"
	}
	for _, copied := range [...]struct{ table, columns string }{
		{"connections", "id = " + id + ", name = CAST(i AS text)"}, // first, because the pulls refer to them
		{"pulls", "id = " + id + ", connection_id = " + id},
	} {
		for _, statement := range []string{
			"CREATE TABLE numbers AS " + numbers + "SELECT i FROM numbers",
			"CREATE TABLE copies AS SELECT numbers.i, source.* FROM numbers, " + copied.table + " source",
			"UPDATE copies SET " + copied.columns,
			"ALTER TABLE copies DROP COLUMN i",
			"INSERT INTO " + copied.table + " SELECT * FROM copies",
			"DROP TABLE copies",
			"DROP TABLE numbers",
		} {
			if err := p.exec(statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
}

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// storedPulls is a ports.Maintenance that lists the stored pulls, as the service does.
type storedPulls struct {
	maintenancetest.Idle
	stores
}

func (s storedPulls) ListStuck(ctx context.Context, limit int) ([]domain.PullID, error) {
	return s.Pulls().ListStuck(ctx, time.Now(), 10*time.Second, limit)
}

func (s storedPulls) ListDue(ctx context.Context, limit int) ([]domain.PullID, error) {
	return s.Pulls().ListStuck(ctx, time.Now(), 0, limit)
}

// notStuck is a ports.Maintenance that never lists a pull as stuck, so that only a notification or a poll for due pulls
// can find the pull of another process.
type notStuck struct{ storedPulls }

func (notStuck) ListStuck(context.Context, int) ([]domain.PullID, error) { return nil, nil }

// claimer is a ports.Worker. RunPull claims a pull, calls the test's function (action), and records the outcome.
type claimer struct {
	process
	// action returns the time at which the next attempt may start, or the zero time if the pull has succeeded. If
	// action is nil, every pull succeeds.
	action func(ctx context.Context, id domain.PullID) (next time.Time)
	done   chan domain.PullID // receives the pulls that have succeeded

	mu      *sync.Mutex
	running map[domain.PullID]int // number of running attempts of each pull; shared by all processes of a test
	errs    *errorLog             // receives an error if two attempts of one pull run at the same time
}

func newClaimer(p process, work func(ctx context.Context, id domain.PullID) time.Time) *claimer {
	return &claimer{
		process: p, action: work, done: make(chan domain.PullID, 2000), mu: &sync.Mutex{},
		running: make(map[domain.PullID]int), errs: &errorLog{},
	}
}

// onProcess returns a worker for the process p. The new worker shares everything with c except the process.
func (c *claimer) onProcess(p process) *claimer {
	other := *c
	other.process = p
	return &other
}

func (c *claimer) RunWaitingPull(context.Context) (bool, error) { return false, nil }

func (c *claimer) RunPull(ctx context.Context, id domain.PullID) (time.Duration, error) {
	lease := domain.Lease{ID: newID[domain.Lease](), Pull: id, Until: time.Now().Add(20 * time.Second)}
	claimed, err := c.Pulls().Claim(ctx, lease, time.Now())
	lease.Tenant = claimed.Pull.Tenant
	switch {
	case errors.Is(err, domain.NotFound):
		return 0, nil
	case errors.Is(err, domain.NotDue):
		return domain.RetryAfterOf(err), nil
	case err != nil:
		return 0, err
	}
	c.count(id, 1)
	var next time.Time
	if c.action != nil {
		next = c.action(ctx, id)
	}
	c.count(id, -1)
	outcome := ports.Outcome{State: domain.PullSucceeded, Attempts: claimed.Pull.Attempts, At: time.Now()}
	if !next.IsZero() {
		outcome.State, outcome.NotBefore, outcome.Attempts = domain.PullQueued, next, 0
	}
	if err := c.Pulls().Finish(context.WithoutCancel(ctx), lease, outcome); err != nil {
		return 0, err
	}
	if !next.IsZero() {
		return max(time.Until(next), time.Millisecond), nil
	}
	c.done <- id
	return 0, nil
}

// count adds n to the number of running attempts of the pull.
func (c *claimer) count(id domain.PullID, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[id] += n; c.running[id] > 1 {
		err := fmt.Errorf("%d attempts of pull %v ran at the same time", c.running[id], id)
		c.errs.add(ports.BackgroundError{Err: err})
	}
}

// await waits until the pull has succeeded and returns how long that took.
func (c *claimer) await(t testing.TB, want domain.PullID) time.Duration {
	t.Helper()
	began := time.Now()
	select {
	case got := <-c.done:
		if got != want {
			t.Fatalf("pull %v ran, want %v", got, want)
		}
	case <-time.After(waitTimeout):
		t.Fatal("the pull did not run before the timeout")
	}
	return time.Since(began)
}
