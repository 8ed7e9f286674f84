package jobs

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// queueName is the one queue that the service works.
const queueName = "pulls"

// Priorities: a messenger for a stranded pull overtakes the others, or a backlog would
// keep a dead process's work waiting.
const (
	priorityKick = 1
	priorityPull = 2
)

// hop is the longest snooze that River ends by itself to the poll. Longer ones wait for
// its scheduler, which comes round every 5 s: too coarse for the first tries of a pull.
const hop = 4 * time.Second

// hopUpTo is the longest wait that is made in hops. Beyond it, a few seconds do not
// matter, and the extra looks at the pull would.
const hopUpTo = 30 * time.Second

// pullArgs is all that a job holds.
type pullArgs struct {
	PullID uuid.UUID `json:"pull_id"`
}

// Kind names the job; stored jobs carry it.
func (pullArgs) Kind() string { return "pull" }

// messengers are the insertions for pulls.
func messengers(ids []uuid.UUID, priority int) []river.InsertManyParams {
	jobs := make([]river.InsertManyParams, len(ids))
	for i, id := range ids {
		jobs[i] = river.InsertManyParams{Args: pullArgs{id}, InsertOpts: &river.InsertOpts{
			Queue: queueName, Priority: priority, MaxAttempts: math.MaxInt16,
		}}
	}
	return jobs
}

// puller is River's worker: it calls the driving port and translates the answer.
type puller struct {
	river.WorkerDefaults[pullArgs]
	worker  ports.Worker
	observe func(ports.BackgroundError)
}

// Timeout takes River's limit off: a pull is bounded call by call, and fenced by its lease.
func (p *puller) Timeout(*river.Job[pullArgs]) time.Duration { return -1 }

// NextRetry comes again soon, whatever River's own backoff would say.
func (p *puller) NextRetry(job *river.Job[pullArgs]) time.Time {
	return time.Now().Add(retryWait(job.Attempt))
}

// Work makes one try. What River stores of a failure is its code alone; the cause goes
// to Observe.
func (p *puller) Work(ctx context.Context, job *river.Job[pullArgs]) error {
	var again time.Duration
	err := guarded(func() (err error) {
		again, err = p.worker.RunPull(ctx, domain.PullID{UUID: job.Args.PullID})
		return err
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return river.JobSnooze(0) // handed back: whoever works next takes it at once
	case err != nil:
		p.observe(ports.BackgroundError{Task: "pull", Err: err})
		return errors.New(string(domain.CodeOf(err)))
	case again > hop && again <= hopUpTo:
		return river.JobSnooze(hop)
	case again > 0:
		return river.JobSnooze(again)
	}
	return nil
}
