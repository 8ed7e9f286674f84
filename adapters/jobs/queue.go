package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Queue is what a queue is over either database. Postgres and SQLite embed it: they
// enqueue from the moment they are made, and work between Start and Stop.
type Queue struct {
	cfg    Config
	engine engine
	puller *puller
	lead   leader

	mu    sync.Mutex
	house *house // nil while stopped
}

// engine is River, whatever its transactions are: a base.
type engine interface {
	kick(ctx context.Context, ids []uuid.UUID) error
	wake(ctx context.Context) error
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
}

// fetchCooldown is how close two looks for jobs may follow one another. It is also how
// long River keeps back notifications after one: longer, and the second of two pulls that
// were queued together would wait for the poll.
const fetchCooldown = 5 * time.Millisecond

func newQueue(cfg Config) *Queue {
	cfg = cfg.withDefaults()
	return &Queue{cfg: cfg, puller: &puller{observe: cfg.OnError}, lead: unrivalled}
}

// riverConfig is what both databases share.
func (q *Queue) riverConfig() (*river.Config, error) {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, q.puller); err != nil {
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

// Wake makes the processes look for jobs now. Enqueue does so by itself; it is for what
// came in by another way, a restored backup for instance.
func (q *Queue) Wake(ctx context.Context) error {
	if err := q.engine.wake(ctx); err != nil {
		return fmt.Errorf("jobs: wake: %w", err)
	}
	return nil
}

// Start works jobs and does the chores until Stop; ctx bounds the start alone. Errors: a
// queue that runs already; the database's own, wrapped.
func (q *Queue) Start(ctx context.Context, worker ports.Worker, keeper ports.Maintenance) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.house != nil {
		return errors.New("jobs: the queue runs already")
	}
	q.puller.worker = worker
	// River would take the end of its context for an order to cancel all work.
	running := context.WithoutCancel(ctx)
	if err := q.engine.Start(running); err != nil {
		return fmt.Errorf("jobs: start: %w", err)
	}
	q.house = keep(running, choresOf(q.cfg, keeper, q.kick, q.lead), q.cfg.OnError)
	return nil
}

// Stop takes no more jobs, lets the running ones finish for two thirds of ctx's time, and
// hands back the rest: their context ends, and they are free for any process at once.
// Errors: ctx's own, when some work did not end even then.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.house == nil {
		return nil
	}
	patient, cancel := soft(ctx)
	defer cancel()
	q.house.leave(patient)
	q.house = nil
	if err := q.engine.Stop(patient); err == nil {
		return nil
	}
	if err := q.engine.StopAndCancel(ctx); err != nil {
		return fmt.Errorf("jobs: stop: %w", err)
	}
	return nil
}

func (q *Queue) kick(ctx context.Context, pulls []domain.PullID) error {
	ids := make([]uuid.UUID, len(pulls))
	for i, id := range pulls {
		ids[i] = id.UUID
	}
	return q.engine.kick(ctx, ids)
}
