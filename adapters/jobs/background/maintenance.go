package background

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The intervals of the maintenance tasks, and the most rows that one round handles.
const (
	stuckPullsInterval = 5 * time.Second
	tokenUsageInterval = 10 * time.Second
	backlogInterval    = 15 * time.Second
	pruneInterval      = time.Hour
	roundLimit         = 200
)

// task is one periodic maintenance task. Every process schedules every task, because a
// round is idempotent. Full-table tasks run on one replica per round, the first that takes
// the advisory lock; a long-lived leader would stall them until its death is noticed.
type task struct {
	name     string
	interval time.Duration
	run      func(context.Context) error
}

// Leader runs round unless another process is running one of the same kind; in that case
// it does nothing and returns nil.
type Leader func(ctx context.Context, round func(context.Context) error) error

// SoleLeader is the Leader where only one process exists: it always runs the round.
func SoleLeader(ctx context.Context, round func(context.Context) error) error { return round(ctx) }

// tasks returns the tasks that cfg turns on. nudge creates jobs for pulls. Tasks that read
// every connection run under the leader, so that replicas do not send the same queries at
// the same time.
func tasks(
	cfg Config, service ports.Maintenance, nudge func(context.Context, []domain.PullID) error, leader Leader,
) []task {
	list := []task{
		{"stuck pulls", stuckPullsInterval, func(ctx context.Context) error {
			ids, err := service.ListStuck(ctx, roundLimit)
			if err != nil || len(ids) == 0 {
				return err
			}
			return nudge(ctx, ids)
		}},
		{"token usage", tokenUsageInterval, service.FlushTokenUsage},
	}
	if report := cfg.Backlog; report != nil {
		list = append(list, task{"backlog", backlogInterval, func(ctx context.Context) error {
			age, err := service.BacklogAge(ctx)
			if err == nil {
				report(age)
			}
			return err
		}})
	}
	if interval := cfg.ReconcileInterval; interval > 0 {
		every := min(max(interval/20, time.Second), 5*time.Minute)
		batch := func(ctx context.Context) (int, error) { return service.Reconcile(ctx, interval, roundLimit) }
		list = append(list, task{"reconcile", every, ledBy(leader, untilPartial(batch))})
	}
	if retention := cfg.DeliveryRetention; retention > 0 {
		batch := func(ctx context.Context) (int, error) { return service.Prune(ctx, retention, roundLimit) }
		list = append(list, task{"prune", pruneInterval, ledBy(leader, untilPartial(batch))})
	}
	return list
}

// ledBy returns a task function whose rounds run under the leader.
func ledBy(leader Leader, round func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error { return leader(ctx, round) }
}

// untilPartial repeats a batch as long as it handles roundLimit rows: then there may be more.
func untilPartial(batch func(context.Context) (int, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			if n, err := batch(ctx); err != nil || n < roundLimit || ctx.Err() != nil {
				return err
			}
		}
	}
}

// Maintenance runs the periodic maintenance tasks until Stop.
type Maintenance struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// StartMaintenance schedules the tasks that cfg turns on and returns at once. The values
// of ctx are kept, its end is ignored. Each task has its own goroutine, so that a slow one
// does not delay the others. nudge creates jobs for stuck pulls. Errors of rounds are
// passed to cfg.OnError, which must be set, as must the other defaults.
func StartMaintenance(
	ctx context.Context, cfg Config, service ports.Maintenance,
	nudge func(context.Context, []domain.PullID) error, leader Leader,
) *Maintenance {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	m := &Maintenance{cancel: cancel}
	for _, t := range tasks(cfg, service, nudge, leader) {
		m.running.Go(func() { t.repeat(ctx, cfg.OnError) })
	}
	return m
}

// Stop cancels the tasks and waits for the running rounds, until ctx ends at the latest: a
// round that ignores its context must not hold up the exit of the process.
func (m *Maintenance) Stop(ctx context.Context) {
	m.cancel()
	done := make(chan struct{})
	go func() { m.running.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// repeat runs the task periodically until ctx ends. The first delay is random and each
// later one varies by a tenth in both directions, so that replicas that were started
// together spread out. A round that ctx interrupts is not an error.
func (t task) repeat(ctx context.Context, onError func(ports.BackgroundError)) {
	timer := time.NewTimer(rand.N(t.interval))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := Recover(func() error { return t.run(ctx) })
		if err != nil && ctx.Err() == nil {
			onError(ports.BackgroundError{Task: "maintenance " + t.name, Err: err})
		}
		timer.Reset(t.interval*9/10 + rand.N(t.interval/5))
	}
}
