package localjobs_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/localjobs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// pollingInBubble runs a test in a synctest bubble with a running queue that polls.
func pollingInBubble(
	t *testing.T, cfg background.Config, w *fakeWorker, m fakeMaintenance, test func(q *localjobs.Queue),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		q := localjobs.NewPolling(cfg, 0)
		if err := q.Start(t.Context(), w, m); err != nil {
			t.Fatal(err)
		}
		test(q)
		if err := q.Stop(t.Context()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
}

func TestAPollRunsPullsWithoutAJob(t *testing.T) {
	due, polls := []domain.PullID{newPull(), newPull()}, 0
	w := newWorker(func(_ context.Context, id domain.PullID, _ int) (time.Duration, error) {
		if id == due[1] {
			return time.Hour, nil // the pull is due, but a worker found that it must wait
		}
		return 0, nil
	})
	m := fakeMaintenance{listDue: func(_ context.Context, limit int) ([]domain.PullID, error) {
		if polls++; polls > 1 {
			return due[1:], nil
		}
		return due[:min(limit, len(due))], nil
	}}
	pollingInBubble(t, background.Config{}, w, m, func(*localjobs.Queue) {
		time.Sleep(time.Minute)
		synctest.Wait()
		if polls < 100 || polls > 140 {
			t.Errorf("%d polls in a minute, want about 120", polls)
		}
		if diff := cmp.Diff(map[domain.PullID]int{due[0]: 1, due[1]: 1}, w.calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

// A queue for the in-memory stores must not poll, because these stores contain no pulls of other processes.
func TestAQueueOfTheMemoryStoresDoesNotPoll(t *testing.T) {
	m := fakeMaintenance{listDue: func(context.Context, int) ([]domain.PullID, error) {
		t.Error("polled")
		return nil, nil
	}}
	inBubble(t, background.Config{}, oneAttemptWorker(), m, func(*localjobs.Queue) { time.Sleep(time.Hour) })
}

func TestAProcessWithABacklogDoesNotPoll(t *testing.T) {
	var polls atomic.Int64
	w := newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) {
		time.Sleep(time.Minute)
		return 0, nil
	})
	m := fakeMaintenance{listDue: func(context.Context, int) ([]domain.PullID, error) { polls.Add(1); return nil, nil }}
	pollingInBubble(t, background.Config{MaxWorkers: 1}, w, m, func(q *localjobs.Queue) {
		q.Nudge(newPull(), newPull(), newPull())
		time.Sleep(2*time.Minute - time.Second)
		if n := polls.Load(); n != 0 {
			t.Errorf("%d polls while pulls were queued, want none", n)
		}
		time.Sleep(time.Minute)
		if polls.Load() == 0 {
			t.Error("no poll after the last pull had started")
		}
	})
}

// Stuck pulls must run before the queued pulls. A pull that is both queued and stuck must keep its place in the queue.
func TestStuckPullsRunBeforeABacklog(t *testing.T) {
	stuck, backlog := []domain.PullID{newPull(), newPull()}, []domain.PullID{newPull(), newPull(), newPull()}
	var order []domain.PullID
	w := newWorker(func(_ context.Context, id domain.PullID, _ int) (time.Duration, error) {
		order = append(order, id)
		time.Sleep(time.Minute)
		return 0, nil
	})
	listed := false
	m := fakeMaintenance{listStuck: func(context.Context, int) ([]domain.PullID, error) {
		if listed {
			return nil, nil
		}
		listed = true
		return append(stuck[:2:2], backlog[2]), nil
	}}
	inBubble(t, background.Config{MaxWorkers: 1}, w, m, func(q *localjobs.Queue) {
		q.Nudge(backlog...)
		time.Sleep(time.Hour)
		synctest.Wait()
		want := []domain.PullID{backlog[0], stuck[0], stuck[1], backlog[1], backlog[2]}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}
