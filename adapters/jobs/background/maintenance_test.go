package background_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/maintenancetest"
)

// fakeService is a ports.Maintenance that does nothing, except in the functions that a test sets.
type fakeService struct {
	maintenancetest.Idle
	listStuck  func(ctx context.Context, limit int) ([]domain.PullID, error)
	reconcile  func(ctx context.Context, interval time.Duration, limit int) (int, error)
	prunePulls func(ctx context.Context, retention time.Duration, limit int) (int, error)
	prune      func(ctx context.Context, retention time.Duration, limit int) (int, error)
	events     func(ctx context.Context, retention time.Duration, limit int) (int, error)
	tokenUsage func(ctx context.Context) error
	backlog    func(ctx context.Context) (time.Duration, error)
	feedDelay  func(ctx context.Context) (time.Duration, error)
	silence    func(ctx context.Context, limit int) (int, error)
	consents   func(ctx context.Context, limit int) (int, error)
	next       map[string]ports.NextWork // by task
	indexTexts func(ctx context.Context, limit int) (int, error)
}

func (s fakeService) NoticeSilence(ctx context.Context, limit int) (int, error) {
	if s.silence == nil {
		return 0, nil
	}
	return s.silence(ctx, limit)
}

func (s fakeService) NoticeConsents(ctx context.Context, limit int) (int, error) {
	if s.consents == nil {
		return 0, nil
	}
	return s.consents(ctx, limit)
}

func (s fakeService) IndexTexts(ctx context.Context, limit int) (int, error) {
	if s.indexTexts == nil {
		return 0, nil
	}
	return s.indexTexts(ctx, limit)
}

func (s fakeService) NextRemoval(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	return s.turn(ctx, "vendor webhooks", skip)
}

func (s fakeService) NextRenewal(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	return s.turn(ctx, "renewed webhooks", skip)
}

func (s fakeService) NextErasure(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	return s.turn(ctx, "erasures", skip)
}

func (s fakeService) NextVendorErasure(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	return s.turn(ctx, "erasures at vendors", skip)
}

func (s fakeService) NextLinkSession(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	return s.turn(ctx, "link sessions", skip)
}

func (s fakeService) NextComparison(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	return s.turn(ctx, "comparisons", skip)
}

func (s fakeService) NextBills(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	return s.turn(ctx, "bills", skip)
}

// turn claims work of the task with this name.
func (s fakeService) turn(ctx context.Context, task string, skip []domain.TenantID) (*ports.Work, error) {
	if s.next[task] == nil {
		return nil, nil
	}
	return s.next[task](ctx, skip)
}

func (s fakeService) ListStuck(ctx context.Context, limit int) ([]domain.PullID, error) {
	if s.listStuck == nil {
		return nil, nil
	}
	return s.listStuck(ctx, limit)
}

func (s fakeService) Reconcile(ctx context.Context, interval time.Duration, limit int) (int, error) {
	if s.reconcile == nil {
		return 0, nil
	}
	return s.reconcile(ctx, interval, limit)
}

func (s fakeService) Prune(ctx context.Context, retention time.Duration, limit int) (int, error) {
	if s.prune == nil {
		return 0, nil
	}
	return s.prune(ctx, retention, limit)
}

func (s fakeService) PrunePulls(ctx context.Context, retention time.Duration, limit int) (int, error) {
	if s.prunePulls == nil {
		return 0, nil
	}
	return s.prunePulls(ctx, retention, limit)
}

func (s fakeService) PruneEvents(ctx context.Context, retention time.Duration, limit int) (int, error) {
	if s.events == nil {
		return 0, nil
	}
	return s.events(ctx, retention, limit)
}

func (s fakeService) BacklogAge(ctx context.Context) (time.Duration, error) {
	if s.backlog == nil {
		return 0, nil
	}
	return s.backlog(ctx)
}

func (s fakeService) FeedDelay(ctx context.Context) (time.Duration, error) {
	if s.feedDelay == nil {
		return 0, nil
	}
	return s.feedDelay(ctx)
}

func (s fakeService) FlushTokenUsage(ctx context.Context) error {
	if s.tokenUsage == nil {
		return nil
	}
	return s.tokenUsage(ctx)
}

// errorLog collects background errors. It needs no mutex: the tests read it only inside or after
// a synctest bubble, at points where no task is running.
type errorLog []ports.BackgroundError

func (l *errorLog) add(e ports.BackgroundError) { *l = append(*l, e) }

func notBusy() bool { return false }

func ignoreNudges(context.Context, []domain.PullID) error { return nil }

// runFor runs the maintenance tasks for the duration d, measured by a fake clock. It then calls fn if fn is not nil,
// and stops the tasks.
func runFor(t *testing.T, d time.Duration, cfg background.Config, service fakeService, fn func()) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := background.StartMaintenance(
			t.Context(), cfg.WithDefaults(), service, ignoreNudges, notBusy, background.SoleLeader,
		)
		time.Sleep(d)
		synctest.Wait()
		if fn != nil {
			fn()
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		m.Stop(ctx)
		if ctx.Err() != nil {
			t.Error("Stop returned only when its context ended, although no round was running")
		}
	})
}

func TestStuckPullsAreNudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stuck domain.PullID
		stuck.UUID[0] = 1
		nudged := 0
		service := fakeService{listStuck: func(_ context.Context, limit int) ([]domain.PullID, error) {
			if nudged > 0 || limit != 200 {
				return nil, nil
			}
			return []domain.PullID{stuck}, nil
		}}
		nudge := func(_ context.Context, ids []domain.PullID) error {
			if len(ids) != 1 || ids[0] != stuck {
				t.Errorf("nudged %v, want %v", ids, stuck)
			}
			nudged++
			return nil
		}
		cfg := background.Config{}.WithDefaults()
		m := background.StartMaintenance(t.Context(), cfg, service, nudge, notBusy, background.SoleLeader)
		defer m.Stop(t.Context())
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if nudged != 1 {
			t.Errorf("%d nudges within 5 s, want 1", nudged)
		}
	})
}

func TestTasksRunPeriodically(t *testing.T) {
	var stuck, usage, reconciled, pruned int
	service := fakeService{
		listStuck:  func(context.Context, int) ([]domain.PullID, error) { stuck++; return nil, nil },
		tokenUsage: func(context.Context) error { usage++; return nil },
		reconcile: func(_ context.Context, interval time.Duration, _ int) (int, error) {
			if interval != 6*time.Hour {
				t.Errorf("Reconcile was called with interval %v, want 6h", interval)
			}
			reconciled++
			return 0, nil
		},
		prune: func(_ context.Context, retention time.Duration, limit int) (int, error) {
			if retention != 24*time.Hour {
				t.Errorf("Prune was called with retention %v, want 24h", retention)
			}
			if pruned++; pruned%3 != 0 {
				return limit, nil // a full batch is followed by the next batch without a delay
			}
			return 1, nil
		},
	}
	pulls := 0
	service.prunePulls = func(_ context.Context, retention time.Duration, limit int) (int, error) {
		if retention != 48*time.Hour {
			t.Errorf("PrunePulls was called with retention %v, want 48h", retention)
		}
		if pulls++; pulls%2 != 0 {
			return limit, nil
		}
		return 0, nil
	}
	cfg := background.Config{
		ReconcileInterval: 6 * time.Hour, DeliveryRetention: 24 * time.Hour, PullRetention: 48 * time.Hour,
	}
	runFor(t, 10*time.Hour, cfg, service, func() {
		wantAbout(t, "stuck pulls", stuck, 7200)
		wantAbout(t, "token usage", usage, 3600)
		wantAbout(t, "reconcile", reconciled, 120)
		wantAbout(t, "prune", pruned, 30)
		wantAbout(t, "prune pulls", pulls, 20)
	})
}

// wantAbout checks that a number (got) differs from the expected number (want) by at most a fifth. The tolerance is
// necessary because of the jitter and the random first delay.
func wantAbout(t *testing.T, task string, got, want int) {
	t.Helper()
	if got < want*4/5 || got > want*6/5 {
		t.Errorf("%s ran %d times in ten hours, want about %d", task, got, want)
	}
}

func TestReconcileRunsAtLeastEveryFiveMinutesAndAtMostOnceASecond(t *testing.T) {
	for interval, want := range map[time.Duration]int{time.Second: 36_000, 30 * 24 * time.Hour: 120} {
		n := 0
		service := fakeService{reconcile: func(context.Context, time.Duration, int) (int, error) { n++; return 0, nil }}
		runFor(t, 10*time.Hour, background.Config{ReconcileInterval: interval}, service, func() {
			wantAbout(t, "reconcile", n, want)
		})
	}
}

func TestTheFeedDelayIsMeasuredAndReported(t *testing.T) {
	var delays []time.Duration
	service := fakeService{feedDelay: func(context.Context) (time.Duration, error) {
		return time.Duration(len(delays)) * time.Second, nil
	}}
	cfg := background.Config{FeedDelay: func(delay time.Duration) { delays = append(delays, delay) }}
	runFor(t, 10*time.Hour, cfg, service, func() {
		wantAbout(t, "feed delay", len(delays), 7200)
		if delays[1] != time.Second {
			t.Errorf("reported %v, want the measured delays", delays[:3])
		}
	})
}

func TestBacklogIsMeasuredAndReported(t *testing.T) {
	var ages []time.Duration
	var failed errorLog
	service := fakeService{backlog: func(context.Context) (time.Duration, error) {
		if len(ages) == 2 && len(failed) == 0 {
			return time.Hour, errors.New("no store")
		}
		return time.Duration(len(ages)) * time.Minute, nil // first 0, as if no pull was waiting
	}}
	cfg := background.Config{OnError: failed.add, Backlog: func(age time.Duration) { ages = append(ages, age) }}
	runFor(t, 10*time.Hour, cfg, service, func() {
		wantAbout(t, "backlog", len(ages), 2400)
		if ages[0] != 0 || ages[1] != time.Minute || ages[2] != 2*time.Minute {
			t.Errorf("reported ages %v, want the three measured ages and nothing for the failed round", ages[:3])
		}
		if len(failed) != 1 || failed[0].Task != "maintenance backlog" {
			t.Errorf("errors %v, want only the error of the failed round", failed)
		}
	})
}

func TestTasksThatAreTurnedOffDoNotRun(t *testing.T) {
	service := fakeService{
		reconcile:  func(context.Context, time.Duration, int) (int, error) { t.Error("reconciled"); return 0, nil },
		prune:      func(context.Context, time.Duration, int) (int, error) { t.Error("pruned"); return 0, nil },
		prunePulls: func(context.Context, time.Duration, int) (int, error) { t.Error("pruned pulls"); return 0, nil },
		backlog:    func(context.Context) (time.Duration, error) { t.Error("measured"); return 0, nil },
	}
	runFor(t, 10*time.Hour, background.Config{}, service, nil)
}

// Without a limit on the age of events, the task must still run, because it also deletes the events of deleted
// subscriptions.
func TestEventsArePrunedWithEachRetention(t *testing.T) {
	for setting, want := range map[time.Duration]time.Duration{time.Hour: time.Hour, 0: math.MaxInt64} {
		var retentions []time.Duration
		service := fakeService{events: func(_ context.Context, retention time.Duration, _ int) (int, error) {
			retentions = append(retentions, retention)
			return 0, nil
		}}
		runFor(t, 90*time.Minute, background.Config{EventRetention: setting}, service, func() {
			if len(retentions) == 0 || retentions[0] != want {
				t.Errorf("EventRetention %v: pruned with %v, want %v", setting, retentions, want)
			}
		})
	}
}

func TestFailedTaskIsReportedAndRunsAgain(t *testing.T) {
	var failed errorLog
	n := 0
	service := fakeService{tokenUsage: func(context.Context) error {
		switch n++; n {
		case 1:
			return errors.New("no store")
		case 2:
			panic("panic-canary")
		}
		return nil
	}}
	runFor(t, time.Minute, background.Config{OnError: failed.add}, service, func() {
		if len(failed) != 2 || failed[0].Task != "maintenance token usage" || n < 4 {
			t.Errorf("%d rounds with errors %v, want at least 4 rounds and the errors of only the first two", n, failed)
		}
	})
}

func TestATaskWithAShortIntervalWaitsAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed errorLog
		rounds := 0
		wake := make(chan struct{}, 1)
		task := background.Task{Name: "often", Interval: 500 * time.Millisecond, Run: func(context.Context) error {
			if rounds++; rounds <= 10 {
				select {
				case wake <- struct{}{}: // must not shorten the wait after the error
				default:
				}
				return errors.New("no store")
			}
			return nil
		}}
		often := background.WokenTask{Task: task, Wake: wake}
		cfg := background.Config{OnError: failed.add}.WithDefaults()
		m := background.StartMaintenance(
			t.Context(), cfg, fakeService{}, ignoreNudges, notBusy, background.SoleLeader, often,
		)
		defer m.Stop(t.Context())
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(failed); n != 10 || failed[0].Task != "maintenance often" {
			t.Errorf("%d errors %v, want 10", n, failed)
		}
		if rounds < 20 || rounds > 40 {
			t.Errorf("%d rounds in a minute, want 10 about every 5 s and then two a second", rounds)
		}
	})
}

func TestTheSearchIndexWaitsForPulls(t *testing.T) {
	for name, c := range map[string]struct {
		pull     time.Duration // the end of the pull that runs at first
		earliest time.Duration
		latest   time.Duration
	}{
		"no pull":      {0, 0, 2200 * time.Millisecond},
		"a short pull": {4 * time.Second, 4 * time.Second, 4200 * time.Millisecond},
		"a long pull":  {time.Minute, 5 * time.Second, 7500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var first time.Duration
				service := fakeService{indexTexts: func(context.Context, int) (int, error) {
					if first == 0 {
						first = max(time.Since(began), 1)
					}
					return 0, nil
				}}
				busy := func() bool { return time.Since(began) < c.pull }
				m := background.StartMaintenance(
					t.Context(), background.Config{}.WithDefaults(), service, ignoreNudges, busy, background.SoleLeader,
				)
				time.Sleep(15 * time.Second)
				m.Stop(t.Context())
				if first == 0 || first < c.earliest || first > c.latest {
					t.Errorf("the first transactions were indexed after %v, want %v to %v", first, c.earliest, c.latest)
				}
			})
		})
	}
}

// The search index takes half of the time while the process works for somebody, and all of it otherwise.
func TestTheSearchIndexRestsWhileOtherWorkRuns(t *testing.T) {
	const batch, batches = 100 * time.Millisecond, 50
	for name, c := range map[string]struct {
		pulls, requests bool
		want            time.Duration
	}{
		"idle":     {false, false, batches * batch},
		"pulls":    {true, false, 2 * batches * batch},
		"requests": {false, true, 2 * batches * batch},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var began, ended time.Time
				n := 0
				service := fakeService{indexTexts: func(_ context.Context, limit int) (int, error) {
					switch n++; {
					case n == 1:
						began = time.Now()
					case n == batches+1:
						ended = time.Now()
					}
					if n > batches {
						return 0, nil
					}
					time.Sleep(batch)
					return limit, nil
				}}
				cfg := background.Config{Serving: func() bool { return c.requests }}.WithDefaults()
				m := background.StartMaintenance(
					t.Context(), cfg, service, ignoreNudges, func() bool { return c.pulls }, background.SoleLeader,
				)
				time.Sleep(time.Minute)
				m.Stop(t.Context())
				if took := ended.Sub(began); took != c.want {
					t.Errorf("%d full batches of %v took %v, want %v", batches, batch, took, c.want)
				}
			})
		})
	}
}

func TestRoundThatStopInterruptsIsNotAnError(t *testing.T) {
	var failed errorLog
	service := fakeService{tokenUsage: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	runFor(t, time.Minute, background.Config{OnError: failed.add}, service, nil)
	if len(failed) != 0 {
		t.Errorf("errors %v", failed)
	}
}

func TestStopDoesNotWaitForARoundThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		service := fakeService{tokenUsage: func(context.Context) error { <-release; return nil }}
		cfg := background.Config{}.WithDefaults()
		m := background.StartMaintenance(t.Context(), cfg, service, ignoreNudges, notBusy, background.SoleLeader)
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		began := time.Now()
		m.Stop(ctx)
		if took := time.Since(began); took != 15*time.Second {
			t.Errorf("Stop returned after %v, want 15s, the deadline of its context", took)
		}
		close(release)
	})
}
