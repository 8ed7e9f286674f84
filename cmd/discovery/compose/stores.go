package compose

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/localjobs"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/citus"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Stores contains the stores of one storage backend, and the queue that runs the pulls.
type Stores struct {
	Connections    ports.Connections
	Tokens         ports.Tokens
	Deliveries     ports.Deliveries
	Idempotency    ports.IdempotencyStore
	Pulls          ports.Pulls
	Ledger         ports.Ledger
	RateBudgets    ports.RateBudgets // the budgets that replicas share; nil if only one process can use the backend
	AuditLog       ports.AuditLog
	Erasures       ports.Erasures
	Applications   ports.Applications
	LinkSessions   ports.LinkSessions
	BankStatements ports.BankStatements
	SealedValues   ports.SealedValues
	Prober         ports.Prober
	Queue          Queue
	Subscriptions  ports.Subscriptions
	// MatcherEntries stores a lerianmatcher.Entry for each record that a subscription has sent to Matcher: what was
	// sent, and the next call to Matcher.
	MatcherEntries ports.MatcherEntries

	// Close closes the backend.
	Close func() error

	// releaseClaims ends the claims of a process that has died. It is nil if several processes can use the backend; the
	// claims of a dead process then expire.
	releaseClaims func(context.Context) error
}

// Queue runs pulls and the maintenance tasks between Start and Stop.
type Queue interface {
	Start(ctx context.Context, worker ports.Worker, maintenance ports.Maintenance) error
	Stop(ctx context.Context) error
}

// InMemory is a DatabaseURL for tests and for programs that embed the service. It selects an SQLite database in memory,
// which App.Close deletes. The database executes one SQL statement at a time, and is copied whenever an account
// statement is written, so use a file for large amounts of data. In the environment variable DATABASE_URL, this value
// is an error.
const InMemory = "memory://"

// storeSet is the interface that every storage backend implements.
type storeSet interface {
	Connections() ports.Connections
	Tokens() ports.Tokens
	Deliveries() ports.Deliveries
	Idempotency() ports.IdempotencyStore
	Pulls() ports.Pulls
	Ledger() ports.Ledger
	AuditLog() ports.AuditLog
	Erasures() ports.Erasures
	Applications() ports.Applications
	LinkSessions() ports.LinkSessions
	BankStatements() ports.BankStatements
	SealedValues() ports.SealedValues
	Subscriptions() ports.Subscriptions
	MatcherEntries() ports.MatcherEntries
	ports.Prober
}

func storesOf(v storeSet, queue Queue, closeAll func() error) Stores {
	return Stores{
		Connections:    v.Connections(),
		Tokens:         v.Tokens(),
		Deliveries:     v.Deliveries(),
		Idempotency:    v.Idempotency(),
		Pulls:          v.Pulls(),
		Ledger:         v.Ledger(),
		AuditLog:       v.AuditLog(),
		Erasures:       v.Erasures(),
		Applications:   v.Applications(),
		LinkSessions:   v.LinkSessions(),
		BankStatements: v.BankStatements(),
		SealedValues:   v.SealedValues(),
		Subscriptions:  v.Subscriptions(),

		MatcherEntries: v.MatcherEntries(),

		Prober: v,
		Queue:  queue,
		Close:  closeAll,
	}
}

// openStores opens the backend that cfg.DatabaseURL selects. If cfg.DatabaseMigrate is true, it migrates the schema. If
// it is false, an outdated schema is an error. The error is a SettingError if a retry with the same settings would fail
// again. An error can contain the address of the database, but never a password. For onUnreachable, see
// citus.Config.
func openStores(
	ctx context.Context, cfg configs.Config, jobsConfig background.Config, timeout time.Duration,
	onUnreachable func(address string, err error),
) (Stores, error) {
	jobsConfig.MaxWorkers = cfg.PullWorkers
	jobsConfig.ReconcileInterval, jobsConfig.DeliveryRetention = cfg.ReconcileInterval, cfg.DeliveryRetention
	jobsConfig.EventRetention, jobsConfig.PullRetention = cfg.EventRetention, cfg.PullRetention
	var stores Stores
	var err error
	switch {
	case cfg.DatabaseURL == InMemory:
		cfg.DatabaseURL, cfg.DatabaseMigrate = ":memory:", true // every new database is empty
		stores, err = openSQLite(ctx, cfg, jobsConfig, timeout)
	case strings.HasPrefix(cfg.DatabaseURL, "sqlite://"):
		stores, err = openSQLite(ctx, cfg, jobsConfig, timeout)
	default:
		stores, err = openPostgres(ctx, cfg, jobsConfig, timeout, onUnreachable)
	}
	return stores, named("DATABASE_URL", err)
}

func openSQLite(
	ctx context.Context, cfg configs.Config, jobsConfig background.Config, timeout time.Duration,
) (Stores, error) {
	db, err := sqlite.Open(ctx, sqlite.Config{DSN: cfg.DatabaseURL, Timeout: timeout})
	if err != nil {
		return Stores{}, openError(err)
	}
	if err := ensureSchema(ctx, cfg.DatabaseMigrate, db); err != nil {
		return Stores{}, errors.Join(err, db.Close())
	}
	queue := localjobs.New(jobsConfig, localjobs.Database{})
	stores := storesOf(db.Store(queue.Nudge), queue, db.Close)
	stores.releaseClaims = func(ctx context.Context) error { return db.ReleaseClaims(ctx, time.Now()) }
	return stores, nil
}

// openError converts the error of opening a database file. If the file is only locked by another process, a retry can
// succeed, and openError returns err unchanged. Any other error becomes a SettingError, because the path is usually
// wrong.
func openError(err error) error {
	if sqlite.IsBusy(err) {
		return err
	}
	return SettingError{err}
}

// postgresDB is a PostgreSQL database, whose tables may be distributed over several servers.
type postgresDB interface {
	schema
	Store(nudge gormstore.Nudge) *postgres.Store
	Close() error
}

func openPostgres(
	ctx context.Context, cfg configs.Config, jobsConfig background.Config, timeout time.Duration,
	onUnreachable func(address string, err error),
) (Stores, error) {
	pg, err := postgres.Open(ctx, postgres.Config{
		URL: cfg.DatabaseURL, Timeout: timeout, Pooled: cfg.DatabasePooled, MaxConns: cfg.DatabasePoolSize,
	})
	if invalid := postgres.InvalidURL(""); errors.As(err, &invalid) {
		return Stores{}, SettingError{invalid}
	}
	if err != nil {
		return Stores{}, err
	}
	var db postgresDB = pg
	distributed, err := citus.Open(ctx, pg, citus.Config{
		Distribute: cfg.DatabaseDistribute, OnUnreachable: onUnreachable,
	})
	switch {
	case err != nil:
		return Stores{}, errors.Join(fmt.Errorf("connect: %w", err), pg.Close())
	case distributed != nil:
		db = distributed
	}
	if err := ensureSchema(ctx, cfg.DatabaseMigrate, db); err != nil {
		return Stores{}, errors.Join(err, db.Close())
	}
	queue := jobs.New(pg.Pool, jobs.Config{Config: jobsConfig, PollOnly: cfg.DatabasePooled})
	stores := storesOf(db.Store(queue.Nudge), queue, db.Close)
	stores.RateBudgets = pg.RateBudgets()
	return stores, nil
}

// Migrate opens the database, brings its schema up to date, and closes it.
func Migrate(ctx context.Context, cfg configs.Config) error {
	cfg.DatabaseMigrate = true
	stores, err := openStores(ctx, cfg, background.Config{}, 0, nil)
	if err != nil {
		return err
	}
	return stores.Close()
}
