package jobs

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// queueName is the name of the only River queue that the service uses.
const queueName = "pulls"

// Priorities: a job for a stuck pull goes first. Otherwise a backlog would delay the work
// of a process that died.
const (
	priorityNudge  = 1
	priorityNormal = 2
)

// maxPolledSnooze is the longest snooze that River's own poll ends. Longer ones wait for
// its scheduler, which runs every 5 s: too coarse for the first attempts of a pull.
const maxPolledSnooze = 4 * time.Second

// maxSplitSnooze is the longest wait that is split into snoozes of maxPolledSnooze. For
// longer ones a few seconds do not matter, but the additional reads of the pull would.
const maxSplitSnooze = 30 * time.Second

// pullArgs is all that a job holds.
type pullArgs struct {
	PullID uuid.UUID `json:"pull_id"`
}

// Kind returns the job's kind, which stored jobs contain.
func (pullArgs) Kind() string { return "pull" }

// insertParams returns the jobs to insert for pulls.
func insertParams(ids []uuid.UUID, priority int) []river.InsertManyParams {
	jobs := make([]river.InsertManyParams, len(ids))
	for i, id := range ids {
		jobs[i] = river.InsertManyParams{Args: pullArgs{id}, InsertOpts: &river.InsertOpts{
			Queue: queueName, Priority: priority, MaxAttempts: math.MaxInt16,
		}}
	}
	return jobs
}

// pullWorker is River's worker. It calls the driving port and translates the result.
type pullWorker struct {
	river.WorkerDefaults[pullArgs]
	service ports.Worker
	onError func(ports.BackgroundError)
}

// Timeout turns River's timeout off: a pull is bounded call by call, and its lease is the
// fence against a second worker.
func (w *pullWorker) Timeout(*river.Job[pullArgs]) time.Duration { return -1 }

// NextRetry returns a time that is soon, instead of River's own backoff.
func (w *pullWorker) NextRetry(job *river.Job[pullArgs]) time.Time {
	return time.Now().Add(background.RetryDelay(job.Attempt))
}

// Work makes one attempt of a pull. Of a failure River stores only the error code; the
// cause is passed to onError.
func (w *pullWorker) Work(ctx context.Context, job *river.Job[pullArgs]) error {
	var retryAfter time.Duration
	err := background.Recover(func() (err error) {
		retryAfter, err = w.service.RunPull(ctx, domain.PullID{UUID: job.Args.PullID})
		return err
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return river.JobSnooze(0) // cancelled by Stop: available to any process at once
	case err != nil:
		w.onError(ports.BackgroundError{Task: "pull", Err: err})
		return errors.New(string(domain.CodeOf(err)))
	case retryAfter > maxPolledSnooze && retryAfter <= maxSplitSnooze:
		return river.JobSnooze(maxPolledSnooze)
	case retryAfter > 0:
		return river.JobSnooze(retryAfter)
	}
	return nil
}
