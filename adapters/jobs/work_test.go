package jobs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestPullRunsAgainAfterTheDelayItReturned(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		const wait = 300 * time.Millisecond
		var first time.Time
		w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
			if call == 1 {
				first = time.Now()
				return wait, nil
			}
			return 0, nil
		})
		q, id := e.make(t, jobs.Config{PollInterval: 20 * time.Millisecond}), newPull()
		start(t, q, w)
		enqueue(t, e, q, id)
		w.await(t, id)
		w.await(t, id)
		if waited := time.Since(first); waited < wait {
			t.Errorf("the pull ran again after %v, want at least %v", waited, wait)
		}
	})
}

// River's scheduler runs every 5 s, so it would end a wait of 20 s up to 5 s too late. Such a wait must therefore be
// split into several short snoozes.
func TestLongerWaitIsSplitIntoSnoozes(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		w := newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) {
			return 20 * time.Second, nil
		})
		q, id := e.make(t, jobs.Config{}), newPull()
		start(t, q, w)
		enqueue(t, e, q, id)
		w.await(t, id)
		stop(t, q, waitTimeout)
		if n := count(t, e, "state = 'available' AND attempt = 0"); n != 1 {
			t.Error("the job is not in state available with 0 attempts after the snooze")
		}
	})
}

func TestFailedPullIsRetriedAndItsErrorTextIsNotStored(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		var failed errorLog
		w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
			switch call {
			case 1:
				return 0, errors.New("text-canary")
			case 2:
				panic("panic-canary")
			}
			return 0, nil
		})
		cfg := jobs.Config{PollInterval: 20 * time.Millisecond, Config: background.Config{OnError: failed.add}}
		q, id := e.make(t, cfg), newPull()
		start(t, q, w)
		enqueue(t, e, q, id)
		for range 3 {
			w.await(t, id)
		}
		stop(t, q, waitTimeout)
		if n := count(t, e, "CAST(errors AS text) LIKE '%canary%'"); n != 0 {
			t.Error("the job table contains the text of the error")
		}
		list := failed.list()
		if len(list) != 2 || !strings.Contains(list[0].Err.Error(), "text-canary") {
			t.Fatalf("%d errors reported, want 2: the returned error and the panic", len(list))
		}
		if strings.Contains(list[1].Err.Error(), "panic-canary") {
			t.Error("the reported error contains the value of the panic")
		}
	})
}

// A process that died leaves a job in state "running", and River does not know that the process died.
// The pull of that job must not wait until River rescues the job.
func TestNudgeReplacesTheJobOfADeadProcess(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		q, id := e.make(t, jobs.Config{}), newPull()
		enqueue(t, e, q, id)
		execute(t, e, "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = CURRENT_TIMESTAMP")
		w := oneAttemptWorker()
		start(t, q, w)
		if err := q.NudgeNow(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		w.await(t, id)
	})
}

func TestRepeatedNudgesInsertOneJobPerPull(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		q, waiting, stuck := e.make(t, jobs.Config{}), newPull(), newPull()
		enqueue(t, e, q, waiting)
		for range 3 {
			if err := q.NudgeNow(t.Context(), waiting, stuck); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, e, "true"); n != 2 {
			t.Errorf("%d jobs, want one for each pull", n)
		}
		if n := count(t, e, "priority = 1 AND CAST(args AS text) LIKE '%"+stuck.String()+"%'"); n != 1 {
			t.Error("the job of the stuck pull does not have priority")
		}
	})
}

func TestRunningQueueNudgesStuckPulls(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		q, w, stuck := e.make(t, jobs.Config{}), oneAttemptWorker(), newPull()
		m := fakeMaintenance{listStuck: func(context.Context, int) ([]domain.PullID, error) {
			return []domain.PullID{stuck}, nil
		}}
		if err := q.Start(t.Context(), w, m); err != nil {
			t.Fatal(err)
		}
		defer stop(t, q, waitTimeout)
		w.await(t, stuck)
	})
}

func TestWakeMakesAQueueFetchJobs(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		q, w, id := e.make(t, jobs.Config{PollInterval: time.Hour}), oneAttemptWorker(), newPull()
		start(t, q, w)
		enqueue(t, e, q, id)
		w.await(t, id)
		execute(t, e, "UPDATE river_job SET state = 'available', finalized_at = NULL")
		if err := q.Wake(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.await(t, id)
	})
}
