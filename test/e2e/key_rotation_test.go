package e2e_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// A reseal encrypts the stored credentials again with the new primary key, in batches.
const (
	resealRows = 220 // number of credentials; more than one batch
	cutAt      = 90  // number of credentials after which the first reseal of a rotation is interrupted
	rotations  = 2   // number of key rotations
)

// TestKeysAreRotatedUnderTraffic rotates the keyset twice while a service runs. After each rotation, a second instance
// of the service reseals all credentials. Each reseal is interrupted and run again. The second run must reseal exactly
// the remaining rows. No connection test and no pull may fail.
func TestKeysAreRotatedUnderTraffic(t *testing.T) {
	harness.EachDatabase(t, func(t *testing.T, dsn string) { rotateKeys(t, newRotationEnv(t, dsn)) })
}

func rotateKeys(t *testing.T, w *rotationEnv) {
	serving := w.open(t, nil)
	traffic := w.traffic(t, serving, w.connect(t, serving, resealRows))
	for range rotations {
		if err := sealing.Rotate(w.cfg.Sealing.KeysetFile, sealing.Add|sealing.Promote); err != nil {
			t.Fatal(err)
		}
		if stale, all := w.stale(t, serving); stale != resealRows || all != resealRows {
			t.Fatalf("%d of %d rows are stale after the rotation", stale, all)
		}
		traffic.waitForProgress(t)
		w.interruptReseal(t)
		traffic.waitForProgress(t)
		again, err := w.open(t, nil).Service.Reseal(t.Context())
		if err != nil || again != resealRows-cutAt {
			t.Errorf("the second run did %d rows, want the remaining %d: %v", again, resealRows-cutAt, err)
		}
		if stale, all := w.stale(t, serving); stale != 0 || all != resealRows {
			t.Errorf("%d of %d rows are not under the primary key", stale, all)
		}
		traffic.waitForProgress(t)
	}
	t.Logf("%d tests and %d pulls during %d rotations with reseal of %d rows: %d failed",
		traffic.tests.Load(), traffic.pulls.Load(), rotations, resealRows, traffic.failed.Load())
}

// interruptReseal runs a reseal that is canceled after cutAt credentials.
func (w *rotationEnv) interruptReseal(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	app := w.open(t, func(s *compose.Stores) { s.SealedValues = &cancellingStore{s.SealedValues, cutAt, cancel} })
	done, err := app.Service.Reseal(ctx)
	if !errors.Is(err, context.Canceled) || done != cutAt {
		t.Errorf("the stopped run did %d rows, want %d: %v", done, cutAt, err)
	}
	if stale, _ := w.stale(t, app); stale != resealRows-cutAt {
		t.Errorf("%d rows are stale after the stop, want %d", stale, resealRows-cutAt)
	}
}

// traffic counts the connection tests and the pulls that end during the rotations.
type traffic struct {
	tests, pulls, failed atomic.Int64
}

// traffic runs connection tests and pulls in the background until the test ends. It returns the counters of these tests
// and pulls.
func (w *rotationEnv) traffic(t *testing.T, app *compose.App, connections []domain.Connection) *traffic {
	t.Helper()
	if err := app.Stores.Queue.Start(t.Context(), app.Service, app.Service); err != nil {
		t.Fatal(err)
	}
	tr, all := &traffic{}, sync.WaitGroup{}
	ctx, cancel := context.WithCancel(t.Context())
	all.Go(func() { w.test(ctx, t, tr, app, connections) })
	for half := range 2 {
		all.Go(func() { w.pull(ctx, t, tr, app, connections[half*resealRows/2:]) })
	}
	t.Cleanup(func() {
		cancel()
		all.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := app.Stores.Queue.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	tr.waitForProgress(t)
	return tr
}

func (w *rotationEnv) test(
	ctx context.Context,
	t *testing.T,
	tr *traffic,
	app *compose.App,
	connections []domain.Connection,
) {
	for i := 0; ctx.Err() == nil; i++ {
		c := connections[i%len(connections)]
		got, err := app.Service.TestConnection(ctx, w.tenant, "pluggy", c.Name)
		if ctx.Err() != nil {
			return
		}
		tr.tests.Add(1)
		if err != nil || !got.Healthy {
			tr.failed.Add(1)
			t.Errorf("the test of %s: %s %v", c.Name, got.Reason, err)
			return
		}
	}
}

func (w *rotationEnv) pull(
	ctx context.Context,
	t *testing.T,
	tr *traffic,
	app *compose.App,
	connections []domain.Connection,
) {
	for i := 0; ctx.Err() == nil; i++ {
		c := connections[i%len(connections)]
		pull, err := app.Service.RequestPull(ctx, w.tenant, c.ID, domain.Window{})
		for err == nil && pull.FinishedAt.IsZero() {
			time.Sleep(5 * time.Millisecond)
			pull, err = app.Service.GetPull(ctx, w.tenant, pull.ID)
		}
		if ctx.Err() != nil {
			return
		}
		tr.pulls.Add(1)
		if err != nil || pull.State != domain.PullSucceeded || pull.Attempts != 1 {
			tr.failed.Add(1)
			t.Errorf(
				"the pull of %s: %s after %d attempts, %s %v",
				c.Name,
				pull.State,
				pull.Attempts,
				pull.LastError,
				err,
			)
			return
		}
	}
}

// waitForProgress waits until at least five more connection tests and five more pulls have ended.
func (tr *traffic) waitForProgress(t *testing.T) {
	t.Helper()
	tests, pulls := tr.tests.Load()+5, tr.pulls.Load()+5
	for deadline := time.Now().Add(2 * time.Minute); tr.tests.Load() < tests || tr.pulls.Load() < pulls; {
		if tr.failed.Load() > 0 || time.Now().After(deadline) {
			t.Fatal("the traffic makes no progress")
		}
		time.Sleep(5 * time.Millisecond)
	}
}
