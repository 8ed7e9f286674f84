package compose

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/localjobs"
	"github.com/LerianStudio/aggregator-connections/adapters/memory"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Stores is one backend: all stores, and the queue that runs the pulls.
type Stores struct {
	Connections ports.Connections
	Tokens      ports.Tokens
	Deliveries  ports.Deliveries
	Idempotency ports.IdempotencyStore
	Pulls       ports.Pulls
	Ledger      ports.Ledger
	Prober      ports.Prober
	Queue       Queue

	// Close closes the backend; it is nil if there is nothing to close.
	Close func() error
}

// Queue runs pulls and the maintenance tasks between Start and Stop.
type Queue interface {
	Start(ctx context.Context, worker ports.Worker, maintenance ports.Maintenance) error
	Stop(ctx context.Context) error
}

// InMemory is a DatabaseURL for tests and embedders: all data is lost when the process
// ends. The settings do not accept it.
const InMemory = "memory://"

// storeSet is what every backend implements.
type storeSet interface {
	Connections() ports.Connections
	Tokens() ports.Tokens
	Deliveries() ports.Deliveries
	Idempotency() ports.IdempotencyStore
	Pulls() ports.Pulls
	Ledger() ports.Ledger
	Ping(ctx context.Context) error
}

func storesOf(v storeSet, queue Queue, closeAll func() error) Stores {
	return Stores{
		Connections: v.Connections(), Tokens: v.Tokens(), Deliveries: v.Deliveries(),
		Idempotency: v.Idempotency(), Pulls: v.Pulls(), Ledger: v.Ledger(),
		Prober: v, Queue: queue, Close: closeAll,
	}
}

// openStores opens the backend that the URL names. It migrates the schema if the settings say
// so, and otherwise rejects an outdated one. A database's errors may contain its address,
// never a password. They are SettingErrors if a retry would not help.
func openStores(ctx context.Context, cfg configs.Config, jobsConfig background.Config) (Stores, error) {
	jobsConfig.MaxWorkers = cfg.PullWorkers
	jobsConfig.ReconcileInterval, jobsConfig.DeliveryRetention = cfg.ReconcileInterval, cfg.DeliveryRetention
	var stores Stores
	var err error
	switch {
	case cfg.DatabaseURL == InMemory:
		return openMemory(jobsConfig), nil
	case strings.HasPrefix(cfg.DatabaseURL, "sqlite://"):
		stores, err = openSQLite(ctx, cfg, jobsConfig)
	default:
		stores, err = openPostgres(ctx, cfg, jobsConfig)
	}
	return stores, named("DATABASE_URL", err)
}

func openMemory(jobsConfig background.Config) Stores {
	queue := localjobs.New(jobsConfig)
	store := memory.New(memory.Options{Nudge: func(id domain.PullID) { queue.Nudge(id) }})
	return storesOf(store, queue, nil)
}

func openSQLite(ctx context.Context, cfg configs.Config, jobsConfig background.Config) (Stores, error) {
	db, err := sqlite.Open(ctx, sqlite.Config{DSN: cfg.DatabaseURL})
	if err != nil {
		return Stores{}, openError(err)
	}
	queue, err := jobs.NewSQLite(db.Writer, jobs.Config{Config: jobsConfig})
	if err == nil {
		err = ensureSchema(ctx, cfg.DatabaseMigrate, db, queue)
	}
	if err != nil {
		return Stores{}, errors.Join(err, db.Close())
	}
	return storesOf(db.Store(queue.Enqueue), queue, db.Close), nil
}

// openError treats a file that cannot be opened as a wrong path, unless another process has
// locked it.
func openError(err error) error {
	const busy = 5 // SQLITE_BUSY, https://www.sqlite.org/rescode.html
	if coded := (interface{ Code() int })(nil); errors.As(err, &coded) && coded.Code()&0xff == busy {
		return err
	}
	return SettingError{err}
}

func openPostgres(ctx context.Context, cfg configs.Config, jobsConfig background.Config) (Stores, error) {
	if _, err := pgxpool.ParseConfig(cfg.DatabaseURL); err != nil {
		return Stores{}, SettingError{errors.New("is not a PostgreSQL URL")} // pgx would quote it
	}
	db, err := postgres.Open(ctx, postgres.Config{URL: cfg.DatabaseURL})
	if err != nil {
		return Stores{}, err
	}
	queue, err := jobs.NewPostgres(db.Pool, jobs.Config{Config: jobsConfig})
	if err == nil {
		err = ensureSchema(ctx, cfg.DatabaseMigrate, db, queue)
	}
	if err != nil {
		return Stores{}, errors.Join(err, db.Close())
	}
	return storesOf(db.Store(queue.Enqueue), queue, db.Close), nil
}

// Migrate brings the schema up to date and closes the database.
func Migrate(ctx context.Context, cfg configs.Config) error {
	cfg.DatabaseMigrate = true
	stores, err := openStores(ctx, cfg, background.Config{})
	if err != nil {
		return err
	}
	return stores.Close()
}
