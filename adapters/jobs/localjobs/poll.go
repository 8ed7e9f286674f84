package localjobs

import (
	"cmp"
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// defaultPollInterval is the poll interval of a queue that is created with the interval 0.
const defaultPollInterval = 500 * time.Millisecond

// pollLimit is the maximum number of pulls that one poll reads from the database.
const pollLimit = 200

// NewPolling returns a stopped queue for a database without a job table. An interval of 0 means 500 ms. The running
// queue polls for due pulls that have no job in this process:
//
//   - pulls that another process has queued or handed back
//   - pulls of a process that died
//   - pulls that were already waiting when this process started
//
// If a worker is free, such a pull starts at most one interval late. A pull that this process queues need not wait for
// a poll: the store must pass it to Nudge after the commit.
func NewPolling(cfg background.Config, interval time.Duration) *Queue {
	q := New(cfg)
	q.pollInterval = cmp.Or(interval, defaultPollInterval)
	return q
}

// pollTasks returns the maintenance task that polls, or no task if the queue does not poll.
func (q *Queue) pollTasks(service ports.Maintenance) []background.Task {
	if q.pollInterval == 0 {
		return nil
	}
	return []background.Task{{Name: "due pulls", Interval: q.pollInterval, Run: func(ctx context.Context) error {
		if q.backlogged() {
			return nil
		}
		ids, err := service.ListDue(ctx, pollLimit)
		q.addMissing(ids)
		return err
	}}}
}

// backlogged reports whether pulls are waiting in the queue, which means that all ordinary workers are busy. The queue
// should not poll in this state: additional pulls would only wait in this process, although another process may have a
// free worker.
func (q *Queue) backlogged() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.queued) > 0
}

// addMissing queues each given pull that has no job in this process. A pull with a job is already queued, running, or
// waiting for a retry. addMissing does not shorten the wait for a retry.
func (q *Queue) addMissing(ids []domain.PullID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range ids {
		if q.jobs[id] == nil {
			q.jobs[id] = &job{}
			q.push(id)
		}
	}
}
