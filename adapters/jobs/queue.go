package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Queue is a job queue on PostgreSQL. A queue can enqueue jobs as soon as it is created, but it runs jobs only between
// Start and Stop.
type Queue struct {
	cfg    Config
	pool   *pgxpool.Pool
	river  *client
	worker *pullWorker

	mu          sync.Mutex
	maintenance *background.Maintenance // nil while the queue is stopped
	reserved    *background.ReservedWorkers
}

// fetchCooldown is the minimum time between two fetches of jobs. After a notification, River also suppresses further
// notifications for this time. With a longer time, a pull soon after another pull would have to wait for the next poll.
const fetchCooldown = 5 * time.Millisecond

// New returns a stopped queue on PostgreSQL. While the queue runs, it occupies one connection of the pool to listen for
// notifications, unless cfg.PollOnly is set. It acquires other connections only for short times. It returns an error if
// River rejects the configuration.
func New(pool *pgxpool.Pool, cfg Config) (*Queue, error) {
	cfg = cfg.withDefaults()
	q := &Queue{cfg: cfg, pool: pool, worker: &pullWorker{onError: cfg.OnError}}
	riverConfig, err := q.riverConfig()
	if err != nil {
		return nil, err
	}
	if q.river, err = newClient(pool, riverConfig); err != nil {
		return nil, err
	}
	return q, nil
}

// riverConfig returns the River configuration.
func (q *Queue) riverConfig() (*river.Config, error) {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, q.worker); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &river.Config{
		ID:                          uuid.NewString(),
		Queues:                      map[string]river.QueueConfig{queueName: {MaxWorkers: q.cfg.MaxWorkers}},
		Workers:                     workers,
		JobTimeout:                  -1,
		PollOnly:                    q.cfg.PollOnly,
		FetchPollInterval:           q.cfg.PollInterval,
		FetchCooldown:               min(fetchCooldown, q.cfg.PollInterval),
		CompletedJobRetentionPeriod: time.Minute,
		Logger:                      q.cfg.Logger,
	}, nil
}

// Enqueue inserts one job for each pull inside tx. The jobs become visible and wake a worker when tx commits; if tx is
// rolled back, they do not exist. Database errors are returned wrapped.
func (q *Queue) Enqueue(ctx context.Context, tx pgx.Tx, pulls []uuid.UUID) error {
	return q.river.enqueue(ctx, tx, pulls)
}

// Wake makes all processes fetch jobs without waiting for the next poll. Enqueue does this
// itself. Wake is for jobs that were inserted in another way, for example by restoring a
// backup.
func (q *Queue) Wake(ctx context.Context) error {
	if err := q.river.wake(ctx); err != nil {
		return fmt.Errorf("jobs: wake: %w", err)
	}
	return nil
}

// Start runs jobs and the maintenance tasks until Stop is called; the end of ctx does not stop them. It returns an
// error if the queue is already running. Database errors are returned wrapped.
func (q *Queue) Start(ctx context.Context, worker ports.Worker, maintenance ports.Maintenance) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.maintenance != nil {
		return errors.New("jobs: the queue is already running")
	}
	q.reserved = background.StartReservedWorkers(ctx, q.cfg.Config, worker)
	q.worker.service, q.worker.reserved = worker, q.reserved
	// River cancels all running work when the context passed to its Start ends. Only Stop may cancel
	// the work, so this context never ends.
	running := context.WithoutCancel(ctx)
	if err := q.river.Start(running); err != nil {
		_ = q.reserved.Stop(running, running)
		return fmt.Errorf("jobs: start: %w", err)
	}
	q.maintenance = background.StartMaintenance(running, q.cfg.Config, maintenance, q.nudge, q.lead)
	return nil
}

// Stop prevents the queue from fetching more jobs. Running jobs can finish within two thirds of the time until the
// deadline of ctx. Stop then cancels the remaining jobs and hands them back, so that any process can run them
// immediately. It returns the wrapped error of ctx if some work has not ended when ctx ends.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.maintenance == nil {
		return nil
	}
	grace, cancel := background.GracePeriod(ctx)
	defer cancel()
	q.maintenance.Stop(grace)
	q.maintenance = nil
	reserved := make(chan error, 1)
	go func() { reserved <- q.reserved.Stop(ctx, grace) }()
	if err := errors.Join(q.stopOrdinary(ctx, grace), <-reserved); err != nil {
		return fmt.Errorf("jobs: stop: %w", err)
	}
	return nil
}

// stopOrdinary stops River. When graceCtx ends, it cancels the jobs that have not finished.
func (q *Queue) stopOrdinary(ctx, graceCtx context.Context) error {
	if err := q.river.Stop(graceCtx); err == nil {
		return nil
	}
	return q.river.StopAndCancel(ctx)
}

func (q *Queue) nudge(ctx context.Context, pulls []domain.PullID) error {
	ids := make([]uuid.UUID, len(pulls))
	for i, id := range pulls {
		ids[i] = id.UUID
	}
	return q.river.nudge(ctx, ids)
}
