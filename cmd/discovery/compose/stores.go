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

// Stores is one backend: everything that is kept, and the queue that works on it.
type Stores struct {
	Connections ports.Connections
	Tokens      ports.Tokens
	Deliveries  ports.Deliveries
	Idempotency ports.IdempotencyStore
	Pulls       ports.Pulls
	Ledger      ports.Ledger
	Prober      ports.Prober
	Queue       Queue

	// Close lets go of the backend; nil when there is nothing to let go of.
	Close func() error
}

// Queue runs pulls and does the chores between Start and Stop.
type Queue interface {
	Start(ctx context.Context, worker ports.Worker, keeper ports.Maintenance) error
	Stop(ctx context.Context) error
}

// InMemory is a DatabaseURL for tests and embedders: nothing is kept. The settings do
// not admit it.
const InMemory = "memory://"

// views is what every backend calls its parts.
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

// openStores opens the backend that the URL names, its schema brought up to date if the
// settings ask for it, and refused otherwise when it is behind. The errors of a database
// may name its address, never a password; they are SettingErrors where waiting for it
// would not help.
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

// blamed takes a file that cannot be opened for a wrong path, unless another process
// holds it.
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

// Migrate brings the schema up to date and lets go of the database.
func Migrate(ctx context.Context, cfg configs.Config) error {
	cfg.DatabaseMigrate = true
	stores, err := openStores(ctx, cfg, background.Config{})
	if err != nil {
		return err
	}
	return stores.Close()
}
