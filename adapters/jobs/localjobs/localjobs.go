// Package localjobs runs pulls in one process without a database. It serves the stores in
// memory. It does what package jobs does with River, but its jobs are lost when the process
// ends, and so are the pulls of those stores.
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

// Queue is a FIFO queue of pulls and a pool of workers that run them between Start and
// Stop.
type Queue struct {
	cfg background.Config

	mu          sync.Mutex
	changed     *sync.Cond // signals that queued grew, or that the queue stopped
	queued      []domain.PullID
	jobs        map[domain.PullID]*job
	cancel      context.CancelFunc      // cancels the running pulls
	maintenance *background.Maintenance // nil while stopped
	workers     sync.WaitGroup
}

// job is the state of a pull's job, which is queued, running, or waiting for its timer.
type job struct {
	running  bool
	rerun    bool // nudged while running: to be run once more
	timer    *time.Timer
	failures int // consecutive attempts that ended in an error
}

// New returns a stopped queue. Nudges before Start are kept until then.
func New(cfg background.Config) *Queue {
	q := &Queue{cfg: cfg.WithDefaults(), jobs: make(map[domain.PullID]*job)}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// Nudge runs pulls as soon as a worker is free. A pull that is queued already is not
// queued twice; one that is running is run once more afterwards; one that waits for a
// retry is run without waiting any longer.
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

// push appends a pull to the queue. The caller holds mu.
func (q *Queue) push(id domain.PullID, j *job) {
	j.running, j.rerun, j.timer = false, false, nil
	q.jobs[id] = j
	q.queued = append(q.queued, id)
	q.changed.Signal()
}

// Start runs pulls and the maintenance tasks until Stop. Errors: the queue is running
// already.
func (q *Queue) Start(ctx context.Context, worker ports.Worker, maintenance ports.Maintenance) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.maintenance != nil {
		return errors.New("localjobs: the queue is already running")
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	q.cancel = cancel
	q.maintenance = background.StartMaintenance(ctx, q.cfg, maintenance, q.nudgeStuck, background.SoleLeader)
	for range q.cfg.MaxWorkers {
		q.workers.Go(func() { q.work(running, worker) })
	}
	return nil
}

// nudgeStuck is Nudge in the form that the maintenance tasks call.
func (q *Queue) nudgeStuck(_ context.Context, ids []domain.PullID) error {
	q.Nudge(ids...)
	return nil
}

// Stop starts no more pulls, lets the running ones finish for two thirds of ctx's time,
// and then cancels the context of the rest. Errors: ctx's own, if some did not end even
// then.
func (q *Queue) Stop(ctx context.Context) error {
	maintenance := q.close()
	if maintenance == nil {
		return nil
	}
	grace, cancel := background.GracePeriod(ctx)
	defer cancel()
	defer q.cancel()
	maintenance.Stop(grace)
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

// close marks the queue as stopped, which ends the idle workers, and returns the
// maintenance for the caller to stop; nil if the queue was stopped already.
func (q *Queue) close() *background.Maintenance {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.maintenance
	q.maintenance = nil
	for id, j := range q.jobs {
		if j.timer != nil && j.timer.Stop() {
			q.push(id, j) // kept for the next Start
		}
	}
	q.changed.Broadcast()
	return m
}

// work runs queued pulls one after the other until the queue stops.
func (q *Queue) work(ctx context.Context, worker ports.Worker) {
	for {
		id, j := q.pop()
		if j == nil {
			return
		}
		var retryAfter time.Duration
		err := background.Recover(func() (err error) {
			retryAfter, err = worker.RunPull(ctx, id)
			return err
		})
		if err != nil && ctx.Err() == nil {
			q.cfg.OnError(ports.BackgroundError{Task: "pull", Err: err})
		}
		q.finish(id, j, retryAfter, err)
	}
}

// pop waits for a pull and takes the first one off the queue. It returns a nil job if the
// queue is stopped.
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

// finish queues a pull again, sets its timer, or forgets it, depending on the result of an
// attempt.
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

// requeue queues a pull whose timer has fired.
func (q *Queue) requeue(id domain.PullID, j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.push(id, j)
}
