package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

// The tests in this file run the queue on each kind of database. They simulate a second process with a second store
// that has its own queue.

func TestACommittedPullRunsWithoutAPoll(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		p := db.open(t, background.Config{}, noPoll)
		w := newClaimer(p, nil)
		p.startUnstuck(t, w)
		token := p.connection(t)
		w.await(t, p.requestFor(t, token))
		webhook, err := p.Deliveries().Receive(t.Context(), ports.IncomingDelivery{
			Delivery:       newID[domain.Delivery](),
			Pull:           newPull(),
			Token:          token.Hash,
			Vendor:         token.Vendor,
			At:             time.Now(),
			SourceAdmitted: true,
			Event:          domain.WebhookEvent{Name: "e", ID: "1", DedupKey: "1", WantsPull: true},
			Body:           []byte("{}"),
		})
		if err != nil {
			t.Fatal(err)
		}
		w.await(t, webhook.Delivery.Pull)
	})
}

// When the running pull of a connection ends, the next pull of the connection must start at once. This must hold even
// if a worker has already tried to start the next pull too early.
func TestThePullAfterARunningOneRunsWhenThatEnds(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		release := make(chan struct{})
		p := db.open(t, background.Config{}, noPoll)
		w := newClaimer(p, func(context.Context, domain.PullID) time.Time { <-release; return time.Time{} })
		p.start(t, w)
		pace.Within(t, 3*time.Second/2, func() time.Duration { // after 2 s, the pull would be tried again
			token := p.connection(t)
			first := p.requestFor(t, token)
			for claimed := false; !claimed; {
				pull, err := p.Pulls().Get(t.Context(), token.Tenant, first)
				if err != nil {
					t.Fatal(err)
				}
				claimed = pull.State == domain.PullRunning
			}
			second := p.requestFor(t, token)
			time.Sleep(100 * time.Millisecond)
			release <- struct{}{}
			w.await(t, first)
			ended := time.Now()
			release <- struct{}{}
			w.await(t, second)
			return time.Since(ended)
		})
	})
}

func TestAPullOfAnotherProcessRunsWithinASecond(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		here, elsewhere := db.open(t, background.Config{}, 0), db.open(t, background.Config{}, 0)
		w := newClaimer(here, nil)
		here.startUnstuck(t, w)
		pace.Within(t, db.patience, func() time.Duration { return w.await(t, elsewhere.request(t)) })
	})
}

func TestThePullOfADeadProcessIsTakenOver(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		dead, p := db.open(t, background.Config{}, 0), db.open(t, background.Config{}, 0)
		id := dead.request(t)
		until := time.Now().Add(time.Second)
		lease := domain.Lease{ID: newID[domain.Lease](), Pull: id, Until: until}
		if _, err := dead.Pulls().Claim(t.Context(), lease, time.Now()); err != nil {
			t.Fatal(err)
		}
		w := newClaimer(p, nil)
		p.startUnstuck(t, w)
		w.await(t, id)
		if late := time.Since(until); late < 0 {
			t.Errorf("the pull was taken over %v before the end of the lease", -late)
		}
	})
}

func TestPullsThatWaitSinceBeforeTheStartRun(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		before := db.open(t, background.Config{}, 0)
		due := time.Now().Add(time.Second)
		w := newClaimer(before, func(context.Context, domain.PullID) time.Time { return due })
		id := before.request(t)
		if _, err := w.RunPull(t.Context(), id); err != nil { // the pull now waits for its next attempt
			t.Fatal(err)
		}
		p := db.open(t, background.Config{}, 20*time.Millisecond)
		next := newClaimer(p, nil)
		p.startUnstuck(t, next)
		next.await(t, id)
		if late := time.Since(due); late < 0 {
			t.Errorf("the pull ran %v before it was due", -late)
		}
	})
}

func TestStopHandsBackToAnotherProcess(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		here, elsewhere := db.open(t, background.Config{}, 0), db.open(t, background.Config{}, 0)
		started := make(chan struct{})
		slow := newClaimer(here, func(ctx context.Context, _ domain.PullID) time.Time {
			close(started)
			<-ctx.Done()
			return time.Now()
		})
		here.start(t, slow)
		id := here.request(t)
		<-started
		here.stop(t, waitTimeout)
		w := newClaimer(elsewhere, nil)
		elsewhere.startUnstuck(t, w)
		w.await(t, id)
	})
}

func TestStopLetsRunningPullsFinish(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		p := db.open(t, background.Config{}, noPoll)
		started := make(chan struct{})
		w := newClaimer(p, func(ctx context.Context, _ domain.PullID) time.Time {
			close(started)
			time.Sleep(300 * time.Millisecond)
			if ctx.Err() != nil {
				return time.Now()
			}
			return time.Time{}
		})
		p.start(t, w)
		id := p.request(t)
		<-started
		p.stop(t, waitTimeout)
		select {
		case got := <-w.done:
			if got != id {
				t.Errorf("pull %v, want %v", got, id)
			}
		default:
			t.Error("the running pull did not finish before Stop returned")
		}
	})
}

// If a pull fails because of the store or a bug, its own process must retry it, and the error must not end the process.
func TestAPanicDoesNotEndTheProcess(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		var failed errorLog
		p := db.open(t, background.Config{OnError: failed.add}, 20*time.Millisecond)
		w := newClaimer(p, nil)
		calls := newWorker(func(ctx context.Context, id domain.PullID, call int) (time.Duration, error) {
			switch call {
			case 1:
				panic("panic-canary")
			case 2:
				return 0, errors.New("no store")
			}
			return w.RunPull(ctx, id)
		})
		p.start(t, calls)
		began := time.Now()
		w.await(t, p.request(t))
		if took := time.Since(began); took < 3*time.Second {
			t.Errorf("the third attempt was after %v, want 3s: a poll must not end the wait for a retry", took)
		}
		if errs := failed.list(); len(errs) != 2 {
			t.Errorf("%d errors reported, want 2: %v", len(errs), errs)
		}
	})
}

func TestAThousandQueuedPullsRun(t *testing.T) { drain(t, 1, 1000) }

func TestPullsRunOnceInTwoProcesses(t *testing.T) { drain(t, 2, 500) }

// drain starts several processes on a database that contains queued pulls. It checks that each pull runs once.
func drain(t *testing.T, processes, pulls int) {
	onEach(t, func(t *testing.T, db database) {
		open := func() process { return db.open(t, background.Config{}, 0) }
		ended := open()
		ended.request(t)
		ended.copyPull(t, pulls-1)
		w := newClaimer(process{}, func(context.Context, domain.PullID) time.Time {
			time.Sleep(time.Millisecond)
			return time.Time{}
		})
		for range processes {
			p := open() // the new process has no job for any of the pulls
			p.start(t, w.onProcess(p))
		}
		done := make(map[domain.PullID]int)
		for range pulls {
			select {
			case id := <-w.done:
				done[id]++
			case <-time.After(waitTimeout):
				t.Fatalf("%d pulls ran, want %d", len(done), pulls)
			}
		}
		if len(done) != pulls || len(w.done) != 0 {
			t.Errorf("%d pulls succeeded, and %d of them again, want %d once each", len(done), len(w.done), pulls)
		}
		for _, e := range w.errs.list() {
			t.Error(e.Err)
		}
	})
}
