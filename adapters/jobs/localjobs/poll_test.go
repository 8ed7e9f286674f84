package localjobs_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/localjobs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

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
	inBubble(t, background.Config{}, w, m, func(*localjobs.Queue) {
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

func TestAProcessWithABacklogDoesNotPoll(t *testing.T) {
	var polls atomic.Int64
	w := newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) {
		time.Sleep(time.Minute)
		return 0, nil
	})
	m := fakeMaintenance{listDue: func(context.Context, int) ([]domain.PullID, error) { polls.Add(1); return nil, nil }}
	inBubble(t, background.Config{MaxWorkers: 1}, w, m, func(q *localjobs.Queue) {
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

// A process must keep only a bounded number of pulls in memory. It must leave further pulls to the polls, which return
// the oldest pulls first, and must poll again without a pause while more pulls are due.
func TestABacklogStaysInTheDatabase(t *testing.T) {
	const pulls = 1000
	var mu sync.Mutex
	var due []domain.PullID // the pulls in the database that have not run, oldest first
	w := newWorker(func(_ context.Context, id domain.PullID, _ int) (time.Duration, error) {
		time.Sleep(time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		due = slices.DeleteFunc(due, func(other domain.PullID) bool { return other == id })
		return 0, nil
	})
	m := fakeMaintenance{listDue: func(_ context.Context, limit int) ([]domain.PullID, error) {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(due[:min(limit, len(due))]), nil
	}}
	synctest.Test(t, func(t *testing.T) {
		q := localjobs.New(background.Config{MaxWorkers: 1}, localjobs.Database{PollInterval: time.Hour})
		if err := q.Start(t.Context(), w, m); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		for range pulls {
			due = append(due, newPull())
		}
		all := slices.Clone(due)
		mu.Unlock()
		q.Nudge(all...)
		if n := localjobs.Queued(q); n > 201 {
			t.Errorf("%d pulls are in memory, want at most 200 and the running one", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(w.calls) != pulls || len(due) != 0 {
			t.Errorf("%d pulls ran within 2 s and %d are due, want %d and none", len(w.calls), len(due), pulls)
		}
		if n := localjobs.Queued(q); n != 0 {
			t.Errorf("%d pulls are in memory, want none", n)
		}
		last := newPull()
		q.Nudge(last)
		synctest.Wait()
		if w.calls[last] != 1 {
			t.Error("a pull that was nudged after the backlog did not run at once")
		}
		if err := q.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A process must announce only pulls that none of its own workers can start immediately.
func TestOnlyExcessPullsAreAnnounced(t *testing.T) {
	release, announced := make(chan struct{}), 0
	synctest.Test(t, func(t *testing.T) {
		release = make(chan struct{})
		w := newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) { <-release; return 0, nil })
		q := localjobs.New(background.Config{MaxWorkers: 2}, localjobs.Database{
			Announce: func(context.Context) error { announced++; return nil },
		})
		if err := q.Start(t.Context(), w, fakeMaintenance{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		q.Nudge(newPull(), newPull())
		time.Sleep(time.Second)
		synctest.Wait()
		if announced != 0 {
			t.Errorf("%d announcements while workers were free, want none", announced)
		}
		for range 100 {
			q.Nudge(newPull())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if announced == 0 || announced > 2 {
			t.Errorf("%d announcements of 100 pulls without a free worker, want 1 or 2", announced)
		}
		close(release)
		if err := q.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// After a notification, the queue must poll at once. If listening fails, it must start again.
func TestANotificationMakesTheQueuePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		polls, listened, hints := 0, 0, make(chan struct{})
		m := fakeMaintenance{listDue: func(context.Context, int) ([]domain.PullID, error) { polls++; return nil, nil }}
		q := localjobs.New(background.Config{}, localjobs.Database{
			PollInterval: 100 * time.Hour,
			Listen: func(ctx context.Context, due func()) error {
				if listened++; listened == 1 {
					return errors.New("the connection is lost")
				}
				for {
					select {
					case <-hints:
						due()
					case <-ctx.Done():
						return ctx.Err()
					}
				}
			},
		})
		if err := q.Start(t.Context(), oneAttemptWorker(), m); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		for want := 1; want <= 3; want++ {
			hints <- struct{}{}
			synctest.Wait()
			if polls != want {
				t.Errorf("%d polls after %d notifications", polls, want)
			}
		}
		if err := q.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A pull that waits for the lease of another pull must be tried again soon, because the other pull may end earlier. A
// long wait must not cost an attempt every few seconds.
func TestAShortWaitIsSplit(t *testing.T) {
	waits, long := newPull(), newPull()
	var calls callTimes
	w := newWorker(func(_ context.Context, id domain.PullID, call int) (time.Duration, error) {
		if id == long {
			return time.Hour, nil
		}
		if calls.add(); call < 4 {
			return 20 * time.Second, nil
		}
		return 0, nil
	})
	inBubble(t, background.Config{}, w, fakeMaintenance{}, func(q *localjobs.Queue) {
		q.Nudge(waits, long)
		time.Sleep(time.Minute)
		synctest.Wait()
		second := time.Second
		if diff := cmp.Diff([]time.Duration{0, 2 * second, 4 * second, 6 * second}, calls.at); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		if w.calls[long] != 1 {
			t.Errorf("%d calls of a pull that waits for an hour, want 1", w.calls[long])
		}
	})
}
