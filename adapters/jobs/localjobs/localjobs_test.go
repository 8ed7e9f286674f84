package localjobs_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/localjobs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// inBubble runs a test in a synctest bubble, which has a fake clock. It starts a queue before the test
// and stops it afterwards.
func inBubble(
	t *testing.T, cfg background.Config, w ports.Worker, m ports.Maintenance, test func(q *localjobs.Queue),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		q := localjobs.New(cfg, localjobs.Database{})
		if err := q.Start(t.Context(), w, m); err != nil {
			t.Fatal(err)
		}
		test(q)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
}

// callTimes records the times at which a worker was called, as durations since the first call.
type callTimes struct {
	first time.Time
	at    []time.Duration
}

func (c *callTimes) add() {
	if c.first.IsZero() {
		c.first = time.Now()
	}
	c.at = append(c.at, time.Since(c.first))
}

func TestPullRunsAgainAfterTheDelayItReturned(t *testing.T) {
	var calls callTimes
	w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
		calls.add()
		if call < 3 {
			return time.Duration(call) * time.Minute, nil
		}
		return 0, nil
	})
	inBubble(t, background.Config{}, w, fakeMaintenance{}, func(q *localjobs.Queue) {
		q.Nudge(newPull())
		time.Sleep(time.Hour)
		synctest.Wait()
		want := []time.Duration{0, time.Minute, 3 * time.Minute}
		if diff := cmp.Diff(want, calls.at); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

func TestErrorsAndPanicsAreRetriedWithBackoff(t *testing.T) {
	var calls callTimes
	var failed errorLog
	w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
		calls.add()
		switch {
		case call == 2:
			panic("panic-canary")
		case call < 8:
			return 0, errors.New("no store")
		}
		return 0, nil
	})
	inBubble(t, background.Config{OnError: failed.add}, w, fakeMaintenance{}, func(q *localjobs.Queue) {
		q.Nudge(newPull())
		time.Sleep(time.Hour)
		synctest.Wait()
		second := time.Second
		want := []time.Duration{0, second, 3 * second, 7 * second, 15 * second, 31 * second, 61 * second, 91 * second}
		if diff := cmp.Diff(want, calls.at); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		if n := len(failed.list()); n != 7 {
			t.Errorf("%d errors reported, want 7", n)
		}
	})
}

func TestNudgeWhileRunningRunsOnceMore(t *testing.T) {
	release := make(chan struct{})
	w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
		if call == 1 {
			<-release
		}
		return 0, nil
	})
	synctest.Test(t, func(t *testing.T) {
		release = make(chan struct{})
		q, id := localjobs.New(background.Config{}, localjobs.Database{}), newPull()
		q.Nudge(id, id) // twice, and before Start
		if err := q.Start(t.Context(), w, fakeMaintenance{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		q.Nudge(id, id)
		synctest.Wait()
		if n := w.calls[id]; n != 1 {
			t.Errorf("%d calls while the first call was running, want only that call", n)
		}
		close(release)
		synctest.Wait()
		if n := w.calls[id]; n != 2 {
			t.Errorf("%d calls after the first call ended, want 2: the first and one more because of the nudges", n)
		}
		if err := q.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestNudgeEndsTheWaitForARetry(t *testing.T) {
	w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
		if call == 1 {
			return time.Hour, nil
		}
		return 0, nil
	})
	inBubble(t, background.Config{}, w, fakeMaintenance{}, func(q *localjobs.Queue) {
		id := newPull()
		q.Nudge(id)
		time.Sleep(time.Second)
		q.Nudge(id)
		synctest.Wait()
		if w.calls[id] != 2 {
			t.Errorf("%d calls, want 2", w.calls[id])
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if w.calls[id] != 2 {
			t.Error("the timer of the retry ran the pull once more, although the nudge had replaced it")
		}
	})
}

// TestABoundedNumberOfPullsRunConcurrently uses a worker that always finds a waiting pull. All reserved workers
// therefore run pulls, too.
func TestABoundedNumberOfPullsRunConcurrently(t *testing.T) {
	const maxWorkers, reserved = 3, 6
	running, highest := make(chan int, 1), 0
	synctest.Test(t, func(t *testing.T) {
		running = make(chan int, 1)
		running <- 0
		w := newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) {
			n := <-running + 1
			highest = max(highest, n)
			running <- n
			time.Sleep(time.Second)
			running <- <-running - 1
			return 0, nil
		})
		w.waiting = func(ctx context.Context) (bool, error) {
			_, err := w.handler(ctx, domain.PullID{}, 0)
			return true, err
		}
		q := localjobs.New(background.Config{MaxWorkers: maxWorkers}, localjobs.Database{})
		for range 10 {
			q.Nudge(newPull())
		}
		if err := q.Start(t.Context(), w, fakeMaintenance{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if highest != maxWorkers+reserved || len(w.calls) != 10 {
			t.Errorf("%d pulls ran concurrently and %d jobs in total, want %d and 10", highest, len(w.calls),
				maxWorkers+reserved)
		}
		if err := q.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestStopCancelsAndKeepsPullsThatDoNotFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorker(func(ctx context.Context, _ domain.PullID, call int) (time.Duration, error) {
			if call > 1 {
				return 0, nil
			}
			<-ctx.Done()
			return 0, ctx.Err()
		})
		q, id := localjobs.New(background.Config{}, localjobs.Database{}), newPull()
		q.Nudge(id)
		if err := q.Start(t.Context(), w, fakeMaintenance{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the pull was cancelled after %v, want 10s, two thirds of the time for Stop", took)
		}
		if err := q.Start(t.Context(), w, fakeMaintenance{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if w.calls[id] != 2 {
			t.Error("the cancelled pull did not run after the next start")
		}
		if err := q.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestStopReportsPullsThatDoNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		w := newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) { <-release; return 0, nil })
		q := localjobs.New(background.Config{}, localjobs.Database{})
		q.Nudge(newPull())
		if err := q.Start(t.Context(), w, fakeMaintenance{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := q.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Stop returned %v, want the error of its context", err)
		}
		close(release)
	})
}

func TestStuckPullIsNudged(t *testing.T) {
	stuck := newPull()
	var done atomic.Bool
	w := newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) { done.Store(true); return 0, nil })
	m := fakeMaintenance{listStuck: func(context.Context, int) ([]domain.PullID, error) {
		if done.Load() {
			return nil, nil
		}
		return []domain.PullID{stuck}, nil
	}}
	inBubble(t, background.Config{}, w, m, func(*localjobs.Queue) {
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if w.calls[stuck] != 1 {
			t.Errorf("%d calls within 5 s, want 1", w.calls[stuck])
		}
	})
}

func TestMaintenanceThatIgnoresItsContextDoesNotHoldUpStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		q := localjobs.New(background.Config{}, localjobs.Database{})
		m := fakeMaintenance{tokenUsage: func(context.Context) error { <-release; return nil }}
		if err := q.Start(t.Context(), oneAttemptWorker(), m); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := q.Stop(ctx); err != nil || ctx.Err() != nil {
			t.Errorf("Stop: %v, context ended: %v", err, ctx.Err())
		}
		close(release)
	})
}
