package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestStopLetsRunningPullsFinish(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		started, release := make(chan struct{}), make(chan struct{})
		w := newWorker(func(ctx context.Context, _ domain.PullID, _ int) (time.Duration, error) {
			close(started)
			<-release
			return 0, ctx.Err()
		})
		q, id := e.make(t, jobs.Config{}), newPull()
		start(t, q, w)
		enqueue(t, e, q, id)
		<-started
		stopped := make(chan struct{})
		go func() { stop(t, q, waitTimeout); close(stopped) }()
		select {
		case <-stopped:
			t.Error("Stop did not wait for the running pull")
		case <-time.After(100 * time.Millisecond):
		}
		close(release)
		<-stopped
		if n := count(t, e, "state = 'completed'"); n != 1 {
			t.Error("the running pull did not finish before Stop returned")
		}
	})
}

func TestStopHandsBackPullsThatDoNotFinish(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		started := make(chan struct{})
		slow := newWorker(func(ctx context.Context, _ domain.PullID, _ int) (time.Duration, error) {
			close(started)
			<-ctx.Done()
			return 0, ctx.Err()
		})
		q, id := e.make(t, jobs.Config{}), newPull()
		start(t, q, slow)
		enqueue(t, e, q, id)
		<-started
		stop(t, q, 9*time.Second) // the pull is canceled after 6 s, two thirds of the given time
		if n := count(t, e, "state = 'available' AND attempt = 0"); n != 1 {
			t.Error("the job of the unfinished pull was not handed back")
		}
		next, w := e.make(t, jobs.Config{}), oneAttemptWorker()
		start(t, next, w)
		w.await(t, id)
	})
}

func TestStoppedQueueStartsAgain(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		q, w := e.make(t, jobs.Config{}), oneAttemptWorker()
		for range 2 {
			start(t, q, w)
			if err := q.Start(t.Context(), w, fakeMaintenance{}); err == nil {
				t.Error("Start of a running queue succeeded, want an error")
			}
			id := newPull()
			enqueue(t, e, q, id)
			w.await(t, id)
			stop(t, q, waitTimeout)
			stop(t, q, waitTimeout)
		}
	})
}
