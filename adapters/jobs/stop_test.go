package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestStopLetsRunningPullsFinish(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		began, release := make(chan struct{}), make(chan struct{})
		w := newWorker(func(ctx context.Context, _ domain.PullID, _ int) (time.Duration, error) {
			close(began)
			<-release
			return 0, ctx.Err()
		})
		q, id := b.make(t, jobs.Config{}), newPull()
		start(t, q, w)
		enqueue(t, b, q, id)
		<-began
		stopped := make(chan struct{})
		go func() { stop(t, q, patience); close(stopped) }()
		select {
		case <-stopped:
			t.Error("Stop did not wait")
		case <-time.After(100 * time.Millisecond):
		}
		close(release)
		<-stopped
		if n := count(t, b, "state = 'completed'"); n != 1 {
			t.Error("the pull did not finish")
		}
	})
}

func TestStopHandsBackWhatDoesNotFinish(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		began := make(chan struct{})
		slow := newWorker(func(ctx context.Context, _ domain.PullID, _ int) (time.Duration, error) {
			close(began)
			<-ctx.Done()
			return 0, ctx.Err()
		})
		q, id := b.make(t, jobs.Config{}), newPull()
		start(t, q, slow)
		enqueue(t, b, q, id)
		<-began
		stop(t, q, 3*time.Second)
		if n := count(t, b, "state = 'available' AND attempt = 0"); n != 1 {
			t.Error("the job was not handed back")
		}
		next, w := b.make(t, jobs.Config{}), once()
		start(t, next, w)
		w.await(t, id)
	})
}

func TestStoppedQueueStartsAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		q, w := b.make(t, jobs.Config{}), once()
		for range 2 {
			start(t, q, w)
			if err := q.Start(t.Context(), w, quiet{}); err == nil {
				t.Error("a queue that runs was started")
			}
			id := newPull()
			enqueue(t, b, q, id)
			w.await(t, id)
			stop(t, q, patience)
			stop(t, q, patience)
		}
	})
}
