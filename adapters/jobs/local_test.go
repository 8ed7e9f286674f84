package jobs_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// inBubble runs a test on a clock that moves when everything waits.
func inBubble(t *testing.T, cfg jobs.Config, w ports.Worker, k ports.Maintenance, test func(l *jobs.Local)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := jobs.NewLocal(cfg)
		if err := l.Start(t.Context(), w, k); err != nil {
			t.Fatal(err)
		}
		test(l)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := l.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
}

// log is when a worker was called, counted from the first call.
type log struct {
	begin time.Time
	at    []time.Duration
}

func (l *log) mark() {
	if l.begin.IsZero() {
		l.begin = time.Now()
	}
	l.at = append(l.at, time.Since(l.begin))
}

func TestLocalComesAgainWhenAsked(t *testing.T) {
	var calls log
	w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
		calls.mark()
		if call < 3 {
			return time.Duration(call) * time.Minute, nil
		}
		return 0, nil
	})
	inBubble(t, jobs.Config{}, w, quiet{}, func(l *jobs.Local) {
		l.Nudge(newPull())
		time.Sleep(time.Hour)
		synctest.Wait()
		want := []time.Duration{0, time.Minute, 3 * time.Minute}
		if diff := cmp.Diff(want, calls.at); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

func TestLocalTriesAgainAfterErrorsAndPanics(t *testing.T) {
	var calls log
	var told faults
	w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
		calls.mark()
		switch {
		case call == 2:
			panic("panic-canary")
		case call < 8:
			return 0, errors.New("no store")
		}
		return 0, nil
	})
	inBubble(t, jobs.Config{OnError: told.observe}, w, quiet{}, func(l *jobs.Local) {
		l.Nudge(newPull())
		time.Sleep(time.Hour)
		synctest.Wait()
		second := time.Second
		want := []time.Duration{0, second, 3 * second, 7 * second, 15 * second, 31 * second, 61 * second, 91 * second}
		if diff := cmp.Diff(want, calls.at); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		if n := len(told.list()); n != 7 {
			t.Errorf("%d faults observed, want 7", n)
		}
	})
}

func TestLocalKickWhileRunningRunsOnceMore(t *testing.T) {
	release := make(chan struct{})
	w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
		if call == 1 {
			<-release
		}
		return 0, nil
	})
	synctest.Test(t, func(t *testing.T) {
		release = make(chan struct{})
		l, id := jobs.NewLocal(jobs.Config{}), newPull()
		l.Nudge(id, id) // before Start, and twice
		if err := l.Start(t.Context(), w, quiet{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		l.Nudge(id, id)
		synctest.Wait()
		if n := w.calls[id]; n != 1 {
			t.Errorf("%d calls at once", n)
		}
		close(release)
		synctest.Wait()
		if n := w.calls[id]; n != 2 {
			t.Errorf("%d calls, want the kicked one and one more", n)
		}
		if err := l.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestLocalKickEndsAWait(t *testing.T) {
	w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
		if call == 1 {
			return time.Hour, nil
		}
		return 0, nil
	})
	inBubble(t, jobs.Config{}, w, quiet{}, func(l *jobs.Local) {
		id := newPull()
		l.Nudge(id)
		time.Sleep(time.Second)
		l.Nudge(id)
		synctest.Wait()
		if w.calls[id] != 2 {
			t.Errorf("%d calls, want 2", w.calls[id])
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if w.calls[id] != 2 {
			t.Error("the ended wait ran the pull too")
		}
	})
}

func TestLocalRunsNoMoreThanItsWorkers(t *testing.T) {
	running, most := make(chan int, 1), 0
	synctest.Test(t, func(t *testing.T) {
		running = make(chan int, 1)
		running <- 0
		w := newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) {
			n := <-running + 1
			most = max(most, n)
			running <- n
			time.Sleep(time.Second)
			running <- <-running - 1
			return 0, nil
		})
		l := jobs.NewLocal(jobs.Config{MaxWorkers: 3})
		for range 10 {
			l.Nudge(newPull())
		}
		if err := l.Start(t.Context(), w, quiet{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if most != 3 || len(w.calls) != 10 {
			t.Errorf("%d at once and %d in all, want 3 and 10", most, len(w.calls))
		}
		if err := l.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestLocalStopHandsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorker(func(ctx context.Context, _ domain.PullID, call int) (time.Duration, error) {
			if call > 1 {
				return 0, nil
			}
			<-ctx.Done()
			return 0, ctx.Err()
		})
		l, id := jobs.NewLocal(jobs.Config{}), newPull()
		l.Nudge(id)
		if err := l.Start(t.Context(), w, quiet{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := l.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("handed back after %v, want two thirds of the time", took)
		}
		if err := l.Start(t.Context(), w, quiet{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if w.calls[id] != 2 {
			t.Error("what was handed back did not run after the next start")
		}
		if err := l.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestLocalStopTellsOfWorkThatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		w := newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) { <-release; return 0, nil })
		l := jobs.NewLocal(jobs.Config{})
		l.Nudge(newPull())
		if err := l.Start(t.Context(), w, quiet{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := l.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Stop gave %v, want the end of its time", err)
		}
		close(release)
	})
}
