package localjobs_test

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/maintenancetest"
)

// fakeWorker is a ports.Worker. RunPull counts its calls and calls the test's function (handler).
type fakeWorker struct {
	handler func(ctx context.Context, id domain.PullID, call int) (time.Duration, error)
	waiting func(ctx context.Context) (found bool, err error) // implements RunWaitingPull; if nil, no pull is found

	mu    sync.Mutex
	calls map[domain.PullID]int
}

func newWorker(run func(context.Context, domain.PullID, int) (time.Duration, error)) *fakeWorker {
	return &fakeWorker{handler: run, calls: make(map[domain.PullID]int)}
}

// oneAttemptWorker returns a worker that completes every pull at its first attempt.
func oneAttemptWorker() *fakeWorker {
	return newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) { return 0, nil })
}

func (w *fakeWorker) RunWaitingPull(ctx context.Context) (bool, error) {
	if w.waiting == nil {
		return false, nil
	}
	return w.waiting(ctx)
}

func (w *fakeWorker) RunPull(ctx context.Context, id domain.PullID) (time.Duration, error) {
	w.mu.Lock()
	w.calls[id]++
	call := w.calls[id]
	w.mu.Unlock()
	return w.handler(ctx, id, call)
}

// fakeMaintenance is a ports.Maintenance that does nothing, except in the functions that a test sets.
type fakeMaintenance struct {
	maintenancetest.Idle
	listStuck  func(ctx context.Context, limit int) ([]domain.PullID, error)
	listDue    func(ctx context.Context, limit int) ([]domain.PullID, error)
	tokenUsage func(ctx context.Context) error
}

func (m fakeMaintenance) ListStuck(ctx context.Context, limit int) ([]domain.PullID, error) {
	if m.listStuck == nil {
		return nil, nil
	}
	return m.listStuck(ctx, limit)
}

func (m fakeMaintenance) ListDue(ctx context.Context, limit int) ([]domain.PullID, error) {
	if m.listDue == nil {
		return nil, nil
	}
	return m.listDue(ctx, limit)
}

func (m fakeMaintenance) FlushTokenUsage(ctx context.Context) error {
	if m.tokenUsage == nil {
		return nil
	}
	return m.tokenUsage(ctx)
}

// errorLog collects background errors; it is safe for concurrent use.
type errorLog struct {
	mu  sync.Mutex
	all []ports.BackgroundError
}

func (l *errorLog) add(e ports.BackgroundError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
}

func (l *errorLog) list() []ports.BackgroundError {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]ports.BackgroundError(nil), l.all...)
}

func newPull() domain.PullID { return domain.PullID{UUID: uuid.Must(uuid.NewV7())} }
