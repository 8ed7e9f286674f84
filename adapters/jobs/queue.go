package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Queue is the part of a queue that does not depend on the database. Postgres and SQLite
// embed it. They enqueue from their creation on, and run jobs between Start and Stop.
type Queue struct {
	cfg    Config
	client riverClient
	worker *pullWorker
	leader background.Leader

	mu          sync.Mutex
	maintenance *background.Maintenance // nil while stopped
}

// riverClient is a client with any type of transactions.
type riverClient interface {
	nudge(ctx context.Context, ids []uuid.UUID) error
	wake(ctx context.Context) error
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
}

// fetchCooldown is the minimum time between two fetches of jobs. River also holds back
// notifications for this long after one. If it were longer, the second of two pulls that
// were queued together would wait for the poll.
const fetchCooldown = 5 * time.Millisecond

func newQueue(cfg Config) *Queue {
	cfg = cfg.withDefaults()
	return &Queue{cfg: cfg, worker: &pullWorker{onError: cfg.OnError}, leader: background.SoleLeader}
}

// riverConfig returns the River configuration that both databases share.
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
		FetchPollInterval:           q.cfg.PollInterval,
		FetchCooldown:               min(fetchCooldown, q.cfg.PollInterval),
		CompletedJobRetentionPeriod: time.Minute,
		Logger:                      q.cfg.Logger,
	}, nil
}

// Wake makes all processes fetch jobs now. Enqueue does so by itself; Wake is for jobs
// that were inserted in another way, by restoring a backup for instance.
func (q *Queue) Wake(ctx context.Context) error {
	if err := q.client.wake(ctx); err != nil {
		return fmt.Errorf("jobs: wake: %w", err)
	}
	return nil
}

// Start runs jobs and the maintenance tasks until Stop. ctx bounds only the start. Errors:
// the queue is running already; the database's own, wrapped.
func (q *Queue) Start(ctx context.Context, worker ports.Worker, maintenance ports.Maintenance) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.maintenance != nil {
		return errors.New("jobs: the queue is already running")
	}
	q.worker.service = worker
	// River would cancel all work at the end of the context it was started with.
	running := context.WithoutCancel(ctx)
	if err := q.client.Start(running); err != nil {
		return fmt.Errorf("jobs: start: %w", err)
	}
	q.maintenance = background.StartMaintenance(running, q.cfg.Config, maintenance, q.nudge, q.leader)
	return nil
}

// Stop fetches no more jobs, lets the running ones finish for two thirds of ctx's time,
// and then cancels and hands back the rest: they are available to any process at once.
// Errors: ctx's own, if some work did not end even then.
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
	if err := q.client.Stop(grace); err == nil {
		return nil
	}
	if err := q.client.StopAndCancel(ctx); err != nil {
		return fmt.Errorf("jobs: stop: %w", err)
	}
	return nil
}

func (q *Queue) nudge(ctx context.Context, pulls []domain.PullID) error {
	ids := make([]uuid.UUID, len(pulls))
	for i, id := range pulls {
		ids[i] = id.UUID
	}
	return q.client.nudge(ctx, ids)
}
