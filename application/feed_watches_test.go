package application_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// wallClock is a ports.Clock and ports.Sleeper that uses package time.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// countingLedger is a change feed that counts its reads. It has one change once hasChange is set.
type countingLedger struct {
	ports.Ledger
	reads     atomic.Int64
	hasChange atomic.Bool
}

func (l *countingLedger) Changes(
	_ context.Context, _ domain.TenantID, page domain.PageRequest,
) (domain.FeedPage, error) {
	l.reads.Add(1)
	if l.hasChange.Load() {
		return domain.FeedPage{Items: make([]domain.Transaction, 1), Next: page.After}, nil
	}
	return domain.FeedPage{Next: page.After}, nil
}

// follow starts n readers of the feed that wait 10 s at the same position. A reader starts every 7 ms. When a reader
// ends, the returned channel receives the duration of its wait.
func (e *env) follow(n int) (durations chan time.Duration) {
	durations = make(chan time.Duration, n)
	page := domain.PageRequest{Limit: 5, After: domain.Position{Key: "end"}}
	for range n {
		go func() {
			started := time.Now()
			if _, err := e.Changes(e.ctx, e.tenant, page, 10*time.Second); err != nil {
				e.Error(err)
			}
			durations <- time.Since(started)
		}()
		time.Sleep(7 * time.Millisecond)
	}
	return durations
}

// Readers that wait at the same position of the feed must share their polls of the store. If each of 64 readers polled
// separately, they would read the store 3,264 times in 10 s.
func TestWaitingReadersAtOnePositionShareTheirPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := &countingLedger{}
		e := newEnv(t, func(d *application.Deps) { d.Ledger, d.Clock, d.Sleeper = ledger, wallClock{}, wallClock{} })
		const readers = 64
		ended := e.follow(readers)
		for range readers {
			if waited := <-ended; waited < 10*time.Second {
				t.Errorf("a reader waited %v, want 10 s", waited)
			}
		}
		t.Logf("%d reads", ledger.reads.Load())
		if n := ledger.reads.Load(); n < 2*readers || n > 3*readers {
			t.Errorf("the store was read %d times, want two reads of each reader and about 50 shared ones", n)
		}
	})
}

func TestAChangeReachesAllReadersAtOnePosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := &countingLedger{}
		e := newEnv(t, func(d *application.Deps) { d.Ledger, d.Clock, d.Sleeper = ledger, wallClock{}, wallClock{} })
		const readers = 20
		ended := e.follow(readers)
		time.Sleep(time.Second)
		ledger.hasChange.Store(true)
		changed := time.Now()
		for range readers {
			<-ended
		}
		if took := time.Since(changed); took > 400*time.Millisecond {
			t.Errorf("the last reader got the change after %v, want at most 400 ms", took)
		}
	})
}
