package jobs_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// waitTimeout bounds each wait for an expected event.
const waitTimeout = time.Minute

// fakeWorker is a ports.Worker. RunPull calls the test's function (handler), and then sends the pull's id to seenIDs.
type fakeWorker struct {
	handler func(ctx context.Context, id domain.PullID, call int) (time.Duration, error)
	seenIDs chan domain.PullID

	mu    sync.Mutex
	calls map[domain.PullID]int
}

func newWorker(run func(context.Context, domain.PullID, int) (time.Duration, error)) *fakeWorker {
	return &fakeWorker{handler: run, seenIDs: make(chan domain.PullID, 1000), calls: make(map[domain.PullID]int)}
}

// oneAttemptWorker returns a worker that completes every pull at its first attempt.
func oneAttemptWorker() *fakeWorker {
	return newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) { return 0, nil })
}

// RunWaitingPull finds no pull.
func (w *fakeWorker) RunWaitingPull(context.Context) (bool, error) { return false, nil }

func (w *fakeWorker) RunPull(ctx context.Context, id domain.PullID) (time.Duration, error) {
	w.mu.Lock()
	w.calls[id]++
	call := w.calls[id]
	w.mu.Unlock()
	defer func() { w.seenIDs <- id }()
	return w.handler(ctx, id, call)
}

func (w *fakeWorker) await(t *testing.T, want domain.PullID) {
	t.Helper()
	select {
	case got := <-w.seenIDs:
		if got != want {
			t.Fatalf("pull %v ran, want %v", got, want)
		}
	case <-time.After(waitTimeout):
		t.Fatal("the pull did not run before the timeout")
	}
}

// fakeMaintenance is a ports.Maintenance that does nothing; a test can set listStuck.
type fakeMaintenance struct {
	ports.Maintenance
	listStuck func(ctx context.Context, limit int) ([]domain.PullID, error)
}

func (fakeMaintenance) NumberAuditEntries(context.Context, int) (int, error) { return 0, nil }

func (fakeMaintenance) AnnounceCheckpoints(context.Context, int) (int, error) { return 0, nil }

func (m fakeMaintenance) ListStuck(ctx context.Context, limit int) ([]domain.PullID, error) {
	if m.listStuck == nil {
		return nil, nil
	}
	return m.listStuck(ctx, limit)
}

func (m fakeMaintenance) RemoveRegistrations(context.Context, int) (int, error) { return 0, nil }
func (m fakeMaintenance) RunErasures(context.Context, int) (int, error)         { return 0, nil }
func (m fakeMaintenance) RunLinkSessions(context.Context, int) (int, error)     { return 0, nil }

func (m fakeMaintenance) NoticeSilence(context.Context, int) (int, error) { return 0, nil }

func (m fakeMaintenance) AnnounceCompleteness(context.Context, int) (int, error) { return 0, nil }

func (m fakeMaintenance) IndexTexts(context.Context, int) (int, error)         { return 0, nil }
func (m fakeMaintenance) IdentifyClients(context.Context, int) (int, error)    { return 0, nil }
func (m fakeMaintenance) RenewRegistrations(context.Context, int) (int, error) { return 0, nil }
func (m fakeMaintenance) NoticeConsents(context.Context, int) (int, error)     { return 0, nil }

func (m fakeMaintenance) FlushTokenUsage(context.Context) error { return nil }

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
