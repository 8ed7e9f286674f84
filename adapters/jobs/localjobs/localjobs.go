// Package localjobs implements the job queue of one process. The jobs are in memory, and are lost when the process
// ends.
//
// The loss does no harm, because the database keeps the pulls: the row of a pull contains the pull's state, lease,
// number of attempts and next start time. The queue polls the database for due pulls that have no job in this process.
// Two processes may have a job for the same pull. The lease decides which one runs it.
package localjobs

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Queue is a FIFO queue of pulls with a pool of workers. The workers run the queued pulls
// between Start and Stop.
type Queue struct {
	cfg    background.Config
	db     Database
	due    chan struct{} // wakes the poll
	excess chan struct{} // wakes the announcement of pulls that this process does not start at once
	// running is the number of pulls that ordinary workers run.
	running atomic.Int32

	mu          sync.Mutex
	changed     *sync.Cond // signals that a pull was queued, or that the queue was stopped
	queued      []domain.PullID
	jobs        map[domain.PullID]*job
	more        bool                    // more pulls may be due than the queue contains
	idle        int                     // number of ordinary workers that wait for a pull
	cancel      context.CancelFunc      // cancels the running pulls
	maintenance *background.Maintenance // nil while the queue is stopped
	reserved    *background.ReservedWorkers
	workers     sync.WaitGroup
}

// job is the state of one pull in the queue. The pull is queued, is running, or waits for the timer.
type job struct {
	running  bool
	rerun    bool // the pull was nudged while it was running, so it must run once more
	timer    *time.Timer
	failures int // number of consecutive attempts that ended in an error
}

// Nudge runs the given pulls as soon as a worker is free. A pull that is already queued is not queued twice. A pull
// that is running is run once more afterwards. A pull that waits for a retry is queued immediately.
//
// If too many pulls are already queued, Nudge does not queue a new pull. The next poll of any process finds the pull in
// the database.
func (q *Queue) Nudge(ids ...domain.PullID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range ids {
		if q.jobs[id] == nil && (q.more || len(q.queued) >= pollLimit) {
			q.more = true
		} else if q.readyToQueue(id) {
			q.push(id)
		}
	}
	if q.hasExcess() {
		signal(q.excess)
	}
}

// readyToQueue prepares the job of a pull after a call of Nudge. It reports whether the caller must add the pull to the
// queue. The caller must hold mu.
//
//   - If the pull has no job, readyToQueue creates one and returns true.
//   - If the pull waits for a retry, readyToQueue ends the wait and returns true.
//   - If the pull is running, readyToQueue marks it to run once more and returns false.
//   - If the pull is already queued, readyToQueue returns false.
func (q *Queue) readyToQueue(id domain.PullID) bool {
	j := q.jobs[id]
	if j == nil {
		q.jobs[id] = &job{}
		return true
	}
	j.rerun = j.running
	return j.timer != nil && j.timer.Stop()
}

// push appends a pull to the queue. The pull must have a job, and the caller must hold mu.
func (q *Queue) push(id domain.PullID) { q.insert(len(q.queued), id) }

// insert adds a pull at position i of the queue, and wakes one worker. The pull must have a job, and the caller must
// hold mu.
func (q *Queue) insert(i int, id domain.PullID) {
	j := q.jobs[id]
	j.running, j.rerun, j.timer = false, false, nil
	q.queued = slices.Insert(q.queued, i, id)
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
	q.maintenance = background.StartMaintenance(ctx, q.cfg, maintenance, q.nudgeStuck, q.busy, q.db.Leader,
		q.pollTasks(maintenance)...)
	q.reserved = background.StartReservedWorkers(ctx, q.cfg, worker)
	for range q.cfg.MaxWorkers {
		q.workers.Go(func() { q.work(running, worker, q.reserved) })
	}
	return nil
}

// busy reports whether an ordinary worker runs a pull.
func (q *Queue) busy() bool { return q.running.Load() > 0 }

// nudgeStuck works like Nudge, but adds the pulls at the front of the queue. A backlog then does not delay the pulls of
// a process that died. A pull that is already queued keeps its place. The ids must be sorted by age, oldest pull first.
func (q *Queue) nudgeStuck(_ context.Context, ids []domain.PullID) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range slices.Backward(ids) {
		if q.readyToQueue(id) {
			q.insert(0, id)
		}
	}
	return nil
}

// Stop prevents new pulls from starting. Running pulls can finish within two thirds of the time until the deadline of
// ctx. Stop then cancels the remaining pulls. It returns the error of ctx if ctx ends before all pulls have ended.
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

// stopOrdinary waits for the ordinary workers. When graceCtx ends, it cancels the pulls that have not finished. It
// returns the error of ctx if some pulls have not ended when ctx ends.
func (q *Queue) stopOrdinary(ctx, graceCtx context.Context) error {
	done := make(chan struct{})
	go func() { q.workers.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-graceCtx.Done():
	}
	q.cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close marks the queue as stopped, which ends the idle workers. It returns the running maintenance tasks, which the
// caller must stop, or nil if the queue was already stopped.
func (q *Queue) close() *background.Maintenance {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.maintenance
	q.maintenance = nil
	for id, j := range q.jobs {
		if j.timer != nil && j.timer.Stop() {
			q.push(id) // the pull stays queued until the next Start
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
		q.running.Add(1)
		err := background.Recover(func() (err error) {
			retryAfter, err = worker.RunPull(ctx, id)
			return err
		})
		q.running.Add(-1)
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
		q.idle++
		q.changed.Wait()
		q.idle--
	}
	if q.maintenance == nil {
		return domain.PullID{}, nil
	}
	id := q.queued[0]
	q.queued = q.queued[1:]
	if len(q.queued) == 0 && q.more {
		signal(q.due)
	}
	j := q.jobs[id]
	j.running = true
	return id, j
}

// finish handles the result of an attempt:
//
//   - If a nudge arrived during the attempt, finish queues the pull again.
//   - If the pull must be retried, finish queues it after a delay. While the queue is stopped, finish queues it without
//     a timer, so that it runs after the next Start.
//   - In all other cases, finish removes the job.
func (q *Queue) finish(id domain.PullID, j *job, retryAfter time.Duration, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.running = false
	switch {
	case err != nil:
		j.failures++
		retryAfter = background.RetryDelay(j.failures)
	case retryAfter <= maxSplitWait:
		j.failures, retryAfter = 0, min(retryAfter, splitWait)
	default:
		j.failures = 0
	}
	switch {
	case q.maintenance == nil && retryAfter > 0, j.rerun:
		q.push(id)
	case retryAfter > 0:
		j.timer = time.AfterFunc(retryAfter, func() { q.requeue(id) })
	default:
		delete(q.jobs, id)
	}
}

// requeue queues a pull again after its timer has fired.
func (q *Queue) requeue(id domain.PullID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.push(id)
}
