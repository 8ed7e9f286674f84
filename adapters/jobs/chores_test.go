package jobs_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestStrandedPullIsKicked(t *testing.T) {
	lost, done := newPull(), false
	w := newWorker(func(context.Context, domain.PullID, int) (time.Duration, error) { done = true; return 0, nil })
	k := quiet{stranded: func(context.Context, int) ([]domain.PullID, error) {
		if done {
			return nil, nil
		}
		return []domain.PullID{lost}, nil
	}}
	inBubble(t, jobs.Config{}, w, k, func(*jobs.Local) {
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if w.calls[lost] != 1 {
			t.Errorf("%d calls within 5 s, want 1", w.calls[lost])
		}
	})
}

func TestChoresComeRound(t *testing.T) {
	var stranded, touches, reconciled, pruned int
	k := quiet{
		stranded: func(context.Context, int) ([]domain.PullID, error) { stranded++; return nil, nil },
		touches:  func(context.Context) error { touches++; return nil },
		reconcile: func(_ context.Context, interval time.Duration, _ int) (int, error) {
			if interval != 6*time.Hour {
				t.Errorf("reconciled for %v", interval)
			}
			reconciled++
			return 0, nil
		},
		prune: func(_ context.Context, keep time.Duration, limit int) (int, error) {
			if keep != 24*time.Hour {
				t.Errorf("pruned what is older than %v", keep)
			}
			if pruned++; pruned%3 != 0 {
				return limit, nil // a full round is repeated at once
			}
			return 1, nil
		},
	}
	cfg := jobs.Config{ReconcileInterval: 6 * time.Hour, DeliveryRetention: 24 * time.Hour}
	inBubble(t, cfg, once(), k, func(*jobs.Local) {
		time.Sleep(10 * time.Hour)
		synctest.Wait()
		about(t, "stranded", stranded, 7200)
		about(t, "touches", touches, 3600)
		about(t, "reconcile", reconciled, 120)
		about(t, "prune", pruned, 30)
	})
}

// about allows for the jitter of a fifth and the first wait.
func about(t *testing.T, what string, got, want int) {
	t.Helper()
	if got < want*4/5 || got > want*6/5 {
		t.Errorf("%s came round %d times in ten hours, want about %d", what, got, want)
	}
}

func TestReconcileIsNeverRarerThanFiveMinutesNorOftenerThanASecond(t *testing.T) {
	for interval, want := range map[time.Duration]int{time.Second: 36_000, 30 * 24 * time.Hour: 120} {
		n := 0
		k := quiet{reconcile: func(context.Context, time.Duration, int) (int, error) { n++; return 0, nil }}
		inBubble(t, jobs.Config{ReconcileInterval: interval}, once(), k, func(*jobs.Local) {
			time.Sleep(10 * time.Hour)
			synctest.Wait()
			about(t, "reconcile", n, want)
		})
	}
}

func TestBacklogIsMeasuredAndTold(t *testing.T) {
	var told []time.Duration
	var seen faults
	k := quiet{backlog: func(context.Context) (time.Duration, error) {
		if len(told) == 2 && len(seen.list()) == 0 {
			return time.Hour, errors.New("no store")
		}
		return time.Duration(len(told)) * time.Minute, nil // nothing waits at first
	}}
	cfg := jobs.Config{OnError: seen.observe, Backlog: func(age time.Duration) { told = append(told, age) }}
	inBubble(t, cfg, once(), k, func(*jobs.Local) {
		time.Sleep(10 * time.Hour)
		synctest.Wait()
		about(t, "backlog", len(told), 2400)
		if told[0] != 0 || told[1] != time.Minute || told[2] != 2*time.Minute {
			t.Errorf("told %v, want what was measured and nothing of the round that failed", told[:3])
		}
		if list := seen.list(); len(list) != 1 || list[0].Task != "chore backlog" {
			t.Errorf("observed %v, want the failed round", list)
		}
	})
}

func TestChoresThatAreOffStayOff(t *testing.T) {
	k := quiet{
		reconcile: func(context.Context, time.Duration, int) (int, error) { t.Error("reconciled"); return 0, nil },
		prune:     func(context.Context, time.Duration, int) (int, error) { t.Error("pruned"); return 0, nil },
		backlog:   func(context.Context) (time.Duration, error) { t.Error("measured"); return 0, nil },
	}
	inBubble(t, jobs.Config{}, once(), k, func(*jobs.Local) { time.Sleep(10 * time.Hour) })
}

func TestChoreThatFailsIsToldOfAndComesAgain(t *testing.T) {
	var told faults
	n := 0
	k := quiet{touches: func(context.Context) error {
		switch n++; n {
		case 1:
			return errors.New("no store")
		case 2:
			panic("panic-canary")
		}
		return nil
	}}
	inBubble(t, jobs.Config{OnError: told.observe}, once(), k, func(*jobs.Local) {
		time.Sleep(time.Minute)
		synctest.Wait()
		list := told.list()
		if len(list) != 2 || list[0].Task != "chore touches" || n < 4 {
			t.Errorf("%d rounds, faults %v; want the first two told and more rounds", n, list)
		}
	})
}

// A round that Stop interrupts is no fault.
func TestChoreUnderWayEndsWithStop(t *testing.T) {
	var told faults
	k := quiet{touches: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	inBubble(t, jobs.Config{OnError: told.observe}, once(), k, func(*jobs.Local) { time.Sleep(time.Minute) })
	if list := told.list(); len(list) != 0 {
		t.Errorf("observed %v", list)
	}
}

func TestChoreThatDoesNotListenDoesNotHoldUpStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		l := jobs.NewLocal(jobs.Config{})
		if err := l.Start(t.Context(), once(), quiet{touches: func(context.Context) error { <-release; return nil }}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := l.Stop(ctx); err != nil || ctx.Err() != nil {
			t.Errorf("Stop: %v, its time over: %v", err, ctx.Err())
		}
		close(release)
	})
}
