// Package localjobs runs pulls in one process without a database. It is the job queue of the
// in-memory stores. It works like package jobs, but its jobs are lost when the process ends. That
// does no harm, because the pulls in the in-memory stores are lost at the same time.
package localjobs

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Queue is a FIFO queue of pulls with a pool of workers. The workers run the queued pulls
// between Start and Stop.
type Queue struct {
	cfg background.Config

	mu          sync.Mutex
	changed     *sync.Cond // signals that a pull was appended to queued, or that the queue was stopped
	queued      []domain.PullID
	jobs        map[domain.PullID]*job
	cancel      context.CancelFunc      // cancels the running pulls
	maintenance *background.Maintenance // nil while the queue is stopped
	reserved    *background.ReservedWorkers
	workers     sync.WaitGroup
}

// job is the job of one pull. It is queued, is running, or waits for its timer.
type job struct {
	running  bool
	rerun    bool // the pull was nudged while it was running, so it must run once more
	timer    *time.Timer
	failures int // number of consecutive attempts that ended in an error
}

// New returns a stopped queue. Pulls that are nudged before Start are queued and run after
// Start.
func New(cfg background.Config) *Queue {
	q := &Queue{cfg: cfg.WithDefaults(), jobs: make(map[domain.PullID]*job)}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// Nudge runs the given pulls as soon as a worker is free. A pull that is already queued is not queued
// twice. A pull that is running is run once more afterwards. A pull that waits for a retry is queued
// immediately.
func (q *Queue) Nudge(ids ...domain.PullID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range ids {
		j := q.jobs[id]
		switch {
		case j == nil:
			q.push(id, &job{})
		case j.running:
			j.rerun = true
		case j.timer != nil && j.timer.Stop():
			q.push(id, j)
		}
	}
}

// push appends a pull to the queue and wakes one worker. The caller must hold mu.
func (q *Queue) push(id domain.PullID, j *job) {
	j.running, j.rerun, j.timer = false, false, nil
	q.jobs[id] = j
	q.queued = append(q.queued, id)
	q.changed.Signal()
}

// Start runs queued pulls and the maintenance tasks until Stop is called; the end of ctx does
// not stop them. It returns an error if the queue is already running.
func (q *Queue) Start(ctx context.Context, worker ports.Worker, maintenance ports.Maintenance) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.maintenance != nil {
		return errors.New("localjobs: the queue is already running")
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	q.cancel = cancel
	q.maintenance = background.StartMaintenance(ctx, q.cfg, maintenance, q.nudgeStuck, background.SoleLeader)
	q.reserved = background.StartReservedWorkers(ctx, q.cfg, worker)
	for range q.cfg.OrdinaryWorkers() {
		q.workers.Go(func() { q.work(running, worker, q.reserved) })
	}
	return nil
}

// nudgeStuck calls Nudge. It has the signature that the maintenance tasks need.
func (q *Queue) nudgeStuck(_ context.Context, ids []domain.PullID) error {
	q.Nudge(ids...)
	return nil
}

// Stop starts no more pulls. It lets the running pulls finish within two thirds of the time
// until the deadline of ctx. Then it cancels the context of those pulls that have not finished.
// It returns the error of ctx if some pulls have not ended when ctx ends.
func (q *Queue) Stop(ctx context.Context) error {
	maintenance := q.close()
	if maintenance == nil {
		return nil
	}
	grace, cancel := background.GracePeriod(ctx)
	defer cancel()
	defer q.cancel()
	maintenance.Stop(grace)
	reserved := make(chan error, 1)
	go func() { reserved <- q.reserved.Stop(ctx, grace) }()
	return errors.Join(q.stopOrdinary(ctx, grace), <-reserved)
}

// stopOrdinary waits for the ordinary workers. It cancels the pulls that have not finished when grace
// ends. It returns the error of ctx if some pulls have not ended when ctx ends.
func (q *Queue) stopOrdinary(ctx, grace context.Context) error {
	done := make(chan struct{})
	go func() { q.workers.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-grace.Done():
	}
	q.cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close marks the queue as stopped, which ends the idle workers. It returns the maintenance,
// which the caller must stop, or nil if the queue was already stopped.
func (q *Queue) close() *background.Maintenance {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.maintenance
	q.maintenance = nil
	for id, j := range q.jobs {
		if j.timer != nil && j.timer.Stop() {
			q.push(id, j) // the pull stays queued until the next Start
		}
	}
	q.changed.Broadcast()
	return m
}

// work runs queued pulls one after the other until the queue stops.
func (q *Queue) work(ctx context.Context, worker ports.Worker, reserved *background.ReservedWorkers) {
	for {
		id, j := q.pop()
		if j == nil {
			return
		}
		var retryAfter time.Duration
		end := reserved.Begin()
		err := background.Recover(func() (err error) {
			retryAfter, err = worker.RunPull(ctx, id)
			return err
		})
		end()
		if err != nil && ctx.Err() == nil {
			q.cfg.OnError(ports.BackgroundError{Task: "pull", Err: err})
		}
		q.finish(id, j, retryAfter, err)
	}
}

// pop waits until a pull is queued and removes the first one from the queue. It returns a nil
// job if the queue is stopped.
func (q *Queue) pop() (domain.PullID, *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.queued) == 0 && q.maintenance != nil {
		q.changed.Wait()
	}
	if q.maintenance == nil {
		return domain.PullID{}, nil
	}
	id := q.queued[0]
	q.queued = q.queued[1:]
	j := q.jobs[id]
	j.running = true
	return id, j
}

// finish handles the result of an attempt: it queues the pull again, starts a timer that
// will queue it after a delay, or removes its job. If the queue has been stopped, a pull that
// would wait for a timer is queued instead, and runs after the next Start.
func (q *Queue) finish(id domain.PullID, j *job, retryAfter time.Duration, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.running = false
	if err == nil {
		j.failures = 0
	} else {
		j.failures++
		retryAfter = background.RetryDelay(j.failures)
	}
	switch {
	case q.maintenance == nil && retryAfter > 0, j.rerun:
		q.push(id, j)
	case retryAfter > 0:
		j.timer = time.AfterFunc(retryAfter, func() { q.requeue(id, j) })
	default:
		delete(q.jobs, id)
	}
}

// requeue queues a pull again after its timer has fired.
func (q *Queue) requeue(id domain.PullID, j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.push(id, j)
}
