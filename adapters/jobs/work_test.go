package jobs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestPullThatAsksForMoreComesAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		const wait = 300 * time.Millisecond
		var first time.Time
		w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
			if call == 1 {
				first = time.Now()
				return wait, nil
			}
			return 0, nil
		})
		q, id := b.make(t, jobs.Config{PollInterval: 20 * time.Millisecond}), newPull()
		start(t, q, w)
		enqueue(t, b, q, id)
		w.await(t, id)
		w.await(t, id)
		if waited := time.Since(first); waited < wait {
			t.Errorf("came again after %v, before %v were over", waited, wait)
		}
	})
}

// A wait that River's scheduler would round up to its 5 s is walked in hops.
func TestLongerWaitIsMadeInHops(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		w := newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) { return 20 * time.Second, nil })
		q, id := b.make(t, jobs.Config{}), newPull()
		start(t, q, w)
		enqueue(t, b, q, id)
		w.await(t, id)
		stop(t, q, patience)
		if n := count(t, b, "state = 'available' AND attempt = 0"); n != 1 {
			t.Error("the job does not wait as available, without an attempt spent")
		}
	})
}

func TestErrorComesAgainAndItsTextStaysOut(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		var told faults
		w := newWorker(func(_ context.Context, _ domain.PullID, call int) (time.Duration, error) {
			switch call {
			case 1:
				return 0, errors.New("text-canary")
			case 2:
				panic("panic-canary")
			}
			return 0, nil
		})
		q, id := b.make(t, jobs.Config{PollInterval: 20 * time.Millisecond, OnError: told.observe}), newPull()
		start(t, q, w)
		enqueue(t, b, q, id)
		for range 3 {
			w.await(t, id)
		}
		stop(t, q, patience)
		if n := count(t, b, "CAST(errors AS text) LIKE '%canary%'"); n != 0 {
			t.Error("the error's text is stored")
		}
		list := told.list()
		if len(list) != 2 || !strings.Contains(list[0].Err.Error(), "text-canary") {
			t.Fatalf("observed %d faults, want the error and the panic", len(list))
		}
		if strings.Contains(list[1].Err.Error(), "panic-canary") {
			t.Error("the panic's value is shown")
		}
	})
}

// A dead process leaves a job that is "running" for River; its pull must not wait for
// River to notice.
func TestKickReplacesTheMessengerOfADeadProcess(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		q, id := b.make(t, jobs.Config{}), newPull()
		enqueue(t, b, q, id)
		execute(t, b, "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = CURRENT_TIMESTAMP")
		w := once()
		start(t, q, w)
		if err := q.KickNow(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		w.await(t, id)
	})
}

func TestKickDoesNotFlood(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		q, waiting, lost := b.make(t, jobs.Config{}), newPull(), newPull()
		enqueue(t, b, q, waiting)
		for range 3 {
			if err := q.KickNow(t.Context(), waiting, lost); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, b, "true"); n != 2 {
			t.Errorf("%d jobs, want one for each pull", n)
		}
		if n := count(t, b, "priority = 1 AND CAST(args AS text) LIKE '%"+lost.String()+"%'"); n != 1 {
			t.Error("the lost pull's messenger does not overtake")
		}
	})
}

func TestRunningQueueKicksTheStranded(t *testing.T) {
	b := onSQLite(t)
	q, w, lost := b.make(t, jobs.Config{}), once(), newPull()
	if err := q.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	k := quiet{stranded: func(context.Context, int) ([]domain.PullID, error) { return []domain.PullID{lost}, nil }}
	if err := q.Start(t.Context(), w, k); err != nil {
		t.Fatal(err)
	}
	defer stop(t, q, patience)
	w.await(t, lost)
}

func TestWakeBringsAQueueToLook(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		q, w, id := b.make(t, jobs.Config{PollInterval: time.Hour}), once(), newPull()
		start(t, q, w)
		enqueue(t, b, q, id)
		w.await(t, id)
		execute(t, b, "UPDATE river_job SET state = 'available', finalized_at = NULL")
		if err := q.Wake(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.await(t, id)
	})
}
