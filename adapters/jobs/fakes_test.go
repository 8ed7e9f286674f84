package jobs_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// patience bounds every wait for something that should happen.
const patience = 20 * time.Second

// worker hands each call to the test's own function and tells of it afterwards.
type worker struct {
	run  func(ctx context.Context, id domain.PullID, call int) (time.Duration, error)
	seen chan domain.PullID

	mu    sync.Mutex
	calls map[domain.PullID]int
}

func newWorker(run func(context.Context, domain.PullID, int) (time.Duration, error)) *worker {
	return &worker{run: run, seen: make(chan domain.PullID, 1000), calls: make(map[domain.PullID]int)}
}

// once is a worker whose pulls end at the first try.
func once() *worker {
	return newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) { return 0, nil })
}

func (w *worker) RunPull(ctx context.Context, id domain.PullID) (time.Duration, error) {
	w.mu.Lock()
	w.calls[id]++
	call := w.calls[id]
	w.mu.Unlock()
	defer func() { w.seen <- id }()
	return w.run(ctx, id, call)
}

func (w *worker) await(t *testing.T, want domain.PullID) {
	t.Helper()
	select {
	case got := <-w.seen:
		if got != want {
			t.Fatalf("pull %v ran, want %v", got, want)
		}
	case <-time.After(patience):
		t.Fatal("the pull did not run")
	}
}

// quiet is a Keeper with nothing to do; tests override what they need.
type quiet struct {
	ports.Maintenance
	stranded  func(ctx context.Context, limit int) ([]domain.PullID, error)
	reconcile func(ctx context.Context, interval time.Duration, limit int) (int, error)
	prune     func(ctx context.Context, keep time.Duration, limit int) (int, error)
	touches   func(ctx context.Context) error
	backlog   func(ctx context.Context) (time.Duration, error)
}

func (q quiet) ListStuck(ctx context.Context, limit int) ([]domain.PullID, error) {
	if q.stranded == nil {
		return nil, nil
	}
	return q.stranded(ctx, limit)
}

func (q quiet) Reconcile(ctx context.Context, interval time.Duration, limit int) (int, error) {
	if q.reconcile == nil {
		return 0, nil
	}
	return q.reconcile(ctx, interval, limit)
}

func (q quiet) Prune(ctx context.Context, keep time.Duration, limit int) (int, error) {
	if q.prune == nil {
		return 0, nil
	}
	return q.prune(ctx, keep, limit)
}

func (q quiet) BacklogAge(ctx context.Context) (time.Duration, error) {
	if q.backlog == nil {
		return 0, nil
	}
	return q.backlog(ctx)
}

func (q quiet) FlushTokenUsage(ctx context.Context) error {
	if q.touches == nil {
		return nil
	}
	return q.touches(ctx)
}

// faults gathers what Observe is told.
type faults struct {
	mu  sync.Mutex
	all []ports.BackgroundError
}

func (f *faults) observe(fault ports.BackgroundError) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, fault)
}

func (f *faults) list() []ports.BackgroundError {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]ports.BackgroundError(nil), f.all...)
}
