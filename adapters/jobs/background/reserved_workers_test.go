package background_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// waitingPulls is a ports.Worker whose RunWaitingPull counts its calls and then calls fn.
type waitingPulls struct {
	ports.Worker
	calls atomic.Int64
	fn    func(ctx context.Context) (bool, error)
}

func (w *waitingPulls) RunWaitingPull(ctx context.Context) (bool, error) {
	w.calls.Add(1)
	return w.fn(ctx)
}

func stopNow(t *testing.T, w *background.ReservedWorkers) {
	t.Helper()
	grace, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Stop(t.Context(), grace); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func TestReservedWorkersLookForPullsOnlyWhileAllOrdinaryOnesAreBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &waitingPulls{fn: func(context.Context) (bool, error) { return false, nil }}
		w := background.StartReservedWorkers(t.Context(), background.Config{MaxWorkers: 8}.WithDefaults(), service)
		var ends []func()
		for range 7 {
			ends = append(ends, w.Begin())
		}
		time.Sleep(time.Hour)
		if n := service.calls.Load(); n != 0 {
			t.Errorf("%d looks while an ordinary worker was free, want 0", n)
		}
		ends = append(ends, w.Begin())
		time.Sleep(10 * time.Second)
		if n := service.calls.Load(); n < 280 || n > 360 {
			t.Errorf("%d looks in 10 s, want about 320: 16 reserved workers, every half second", n)
		}
		ends[0]()
		time.Sleep(time.Second)
		before := service.calls.Load()
		time.Sleep(time.Hour)
		if n := service.calls.Load() - before; n != 0 {
			t.Errorf("%d looks after an ordinary worker became free, want 0", n)
		}
		stopNow(t, w)
	})
}

func TestStopCancelsPullsOfReservedWorkersAfterTheGracePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed errorLog
		service := &waitingPulls{fn: func(ctx context.Context) (bool, error) { <-ctx.Done(); return true, ctx.Err() }}
		cfg := background.Config{MaxWorkers: 4, OnError: failed.add}
		w := background.StartReservedWorkers(t.Context(), cfg, service)
		for range 4 {
			w.Begin()
		}
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		grace, end := background.GracePeriod(ctx)
		defer end()
		began := time.Now()
		if err := w.Stop(ctx, grace); err != nil || time.Since(began) != 10*time.Second {
			t.Errorf("Stop returned %v after %v, want nil after the grace period of 10s", err, time.Since(began))
		}
		if n := service.calls.Load(); n != 8 || len(failed) != 0 {
			t.Errorf("%d pulls started, with errors %v, want %d without an error", n, failed, 8)
		}
	})
}

func TestAReservedWorkerReportsAnErrorAndLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed errorLog
		service := &waitingPulls{fn: func(context.Context) (bool, error) { return true, errors.New("no store") }}
		var mu sync.Mutex // two workers report errors
		cfg := background.Config{MaxWorkers: 1, OnError: func(e ports.BackgroundError) {
			mu.Lock()
			defer mu.Unlock()
			failed.add(e)
		}}
		w := background.StartReservedWorkers(t.Context(), cfg, service)
		w.Begin()
		time.Sleep(5 * time.Second)
		stopNow(t, w)
		if n := len(failed) / 2; n < 8 || n > 12 || failed[0].Task != "pull" {
			t.Errorf("%d errors of each worker in 5 s, want about 10", n)
		}
	})
}
