package compose

import (
	"context"
	"sync"
	"time"
)

// writesFailingAfter is how long writes must have failed before /readyz says so. A failover takes less time.
const writesFailingAfter = 10 * time.Second

// writeCheck remembers since when the database has refused the writes that check it.
type writeCheck struct {
	now func() time.Time

	mu    sync.Mutex
	since time.Time // zero while the database accepts writes
}

// observe stores the result of a write, and returns how long writes have failed, or 0 if err is nil.
func (w *writeCheck) observe(err error) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		w.since = time.Time{}
		return 0
	case w.since.IsZero():
		w.since = w.now()
	}
	return w.now().Sub(w.since)
}

// failing reports whether writes have failed for at least writesFailingAfter.
func (w *writeCheck) failing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.since.IsZero() && w.now().Sub(w.since) >= writesFailingAfter
}

// pingWrite checks that the database accepts a write, and stores the result for /readyz and the metrics.
func (a *App) pingWrite(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	err := a.Stores.Prober.PingWrite(ctx)
	a.Metrics.WritesFailing(a.writes.observe(err))
	return err
}
