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

// The priorities of jobs; River runs the lowest number first. A job for a stuck pull runs
// before all other jobs. Otherwise a backlog would delay the pulls of a process that died.
const (
	priorityNudge  = 1
	priorityNormal = 2
)

// maxPolledSnooze is the longest snooze that ends without delay. A snooze is the wait before River runs a job again. A
// longer snooze can end up to 5 s late, because River's scheduler runs only every 5 s. That is too late for the first
// retries of a pull.
const maxPolledSnooze = 4 * time.Second

// maxSplitSnooze is the longest wait that Work splits into several short snoozes. Each snooze costs one query. For a
// longer wait, Work uses one snooze, because a start up to 5 s late does not matter.
const maxSplitSnooze = 30 * time.Second

// pullArgs contains the only argument of a job: the id of its pull.
type pullArgs struct {
	PullID uuid.UUID `json:"pull_id"`
}

// Kind returns the name of the job type. It must not change, because stored jobs contain it.
func (pullArgs) Kind() string { return "pull" }

// insertParams returns the parameters for inserting one job for each pull in ids.
func insertParams(ids []uuid.UUID, priority int) []river.InsertManyParams {
	jobs := make([]river.InsertManyParams, len(ids))
	for i, id := range ids {
		jobs[i] = river.InsertManyParams{Args: pullArgs{id}, InsertOpts: &river.InsertOpts{
			Queue: queueName, Priority: priority, MaxAttempts: math.MaxInt16,
		}}
	}
	return jobs
}

// pullWorker implements River's worker interface. It calls ports.Worker and translates the
// result for River.
type pullWorker struct {
	river.WorkerDefaults[pullArgs]
	service  ports.Worker
	reserved *background.ReservedWorkers
	onError  func(ports.BackgroundError)
}

// Timeout returns -1, which turns off River's job timeout. That timeout is not needed: each call that a pull makes has
// its own timeout, and the lease of the pull prevents a second worker from writing.
func (w *pullWorker) Timeout(*river.Job[pullArgs]) time.Duration { return -1 }

// NextRetry returns the time of the next attempt after an error. It replaces River's own
// backoff with the shorter delays of background.RetryDelay.
func (w *pullWorker) NextRetry(job *river.Job[pullArgs]) time.Time {
	return time.Now().Add(background.RetryDelay(job.Attempt))
}

// Work makes one attempt to run a pull. If the attempt fails, River stores only the error code in the job; the complete
// error is passed to onError.
func (w *pullWorker) Work(ctx context.Context, job *river.Job[pullArgs]) error {
	defer w.reserved.Begin()()
	var retryAfter time.Duration
	err := background.Recover(func() (err error) {
		retryAfter, err = w.service.RunPull(ctx, domain.PullID{UUID: job.Args.PullID})
		return err
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return river.JobSnooze(0) // Stop cancelled the attempt: any process can run the job again without delay
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
