package jobs_test

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// fakeWorker is a ports.Worker. RunPull counts its calls and calls the test's function (handler).
type fakeWorker struct {
	handler func(ctx context.Context, id domain.PullID, call int) (time.Duration, error)

	mu    sync.Mutex
	calls map[domain.PullID]int
}

func newWorker(run func(context.Context, domain.PullID, int) (time.Duration, error)) *fakeWorker {
	return &fakeWorker{handler: run, calls: make(map[domain.PullID]int)}
}

func (w *fakeWorker) RunWaitingPull(context.Context) (bool, error) { return false, nil }

func (w *fakeWorker) RunPull(ctx context.Context, id domain.PullID) (time.Duration, error) {
	w.mu.Lock()
	w.calls[id]++
	call := w.calls[id]
	w.mu.Unlock()
	return w.handler(ctx, id, call)
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
