package background

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The intervals between the rounds of each maintenance task, and the maximum number of rows that one batch of a round
// handles.
const (
	stuckPullsInterval   = 5 * time.Second
	tokenUsageInterval   = 10 * time.Second
	webhooksInterval     = time.Second
	silenceInterval      = 5 * time.Second
	consentsInterval     = 30 * time.Second
	stalenessInterval    = 20 * time.Second // a connection is reported as stale within a minute
	attentionInterval    = 15 * time.Second
	auditInterval        = 500 * time.Millisecond // an audit entry must get its number within a second
	checkpointInterval   = time.Minute
	erasuresInterval     = time.Second
	linkSessionsInterval = time.Second
	comparisonsInterval  = time.Second     // a comparison is made again within a minute after a change
	billsInterval        = 2 * time.Second // the bills of a card follow its rows within seconds
	backlogInterval      = 15 * time.Second
	feedDelayInterval    = 5 * time.Second
	writesInterval       = 3 * time.Second // failing writes are reported after 10 s
	pruneInterval        = time.Hour
	roundLimit           = 200
	completenessInterval = 15 * time.Second
	identifyInterval     = 30 * time.Second
	searchIndexInterval  = 2 * time.Second // a text must be in the index of the search within 10 s
	searchIndexLimit     = 1024
	// searchIndexDelay is the longest time for which the update of the search index waits for running pulls.
	// busyCheckInterval is the time between two checks whether pulls are still running.
	searchIndexDelay  = 5 * time.Second
	busyCheckInterval = 100 * time.Millisecond
)

// forever is the retention of events if Config.EventRetention is 0. The task then deletes only the rows of deleted
// subscriptions, at any age.
const forever time.Duration = math.MaxInt64

// failedInterval is the minimum time between a round that failed and the next round of its task. Without it, a task
// with a short interval would report an error several times a second while the store is not available.
const failedInterval = 5 * time.Second

// Task is one periodic maintenance task. Every process calls Run once per interval, so each call must be idempotent.
//
// Tasks that read whole tables run on only one replica at a time (see Leader). A replica leads only for one call of
// Run. The death of a replica therefore does not stall a task.
type Task struct {
	Name     string
	Interval time.Duration
	Run      func(context.Context) error
}

// turnTasks returns the tasks whose work belongs to single tenants and takes long, mostly because it waits for the
// server of a vendor. They take the work in turn by tenant. docs/internals/architecture.md lists them.
func turnTasks(service ports.Maintenance) []turnTask {
	return []turnTask{
		{"vendor webhooks", webhooksInterval, 64, 4, service.NextRemoval},
		{"renewed webhooks", webhooksInterval, 64, 4, service.NextRenewal},
		{"link sessions", linkSessionsInterval, 128, 16, service.NextLinkSession},
		{"erasures at vendors", erasuresInterval, 64, 4, service.NextVendorErasure},
		{"comparisons", comparisonsInterval, 4, 1, service.NextComparison},
		{"bills", billsInterval, 2, 1, service.NextBills},
		{"erasures", erasuresInterval, 4, 1, service.NextErasure}, // works on the database and waits for no vendor
	}
}

// WokenTask is a Task that also runs when Wake receives a value. After an error, it ignores Wake until its next
// periodic run. Wake may be nil.
type WokenTask struct {
	Task
	Wake <-chan struct{}
}

// Leader calls the function round and returns its error. If a round under the same Leader is already running, usually
// in another process, Leader returns nil without calling the function.
type Leader func(ctx context.Context, round func(context.Context) error) error

// SoleLeader is the Leader for a service that has only one process: it always runs the round.
func SoleLeader(ctx context.Context, round func(context.Context) error) error { return round(ctx) }

// tasks returns the maintenance tasks that cfg turns on. The function nudge inserts jobs for the given pulls. The
// function busy reports whether pulls are running in this process. The tasks that read every connection are run by the
// given Leader, on only one replica at a time.
func tasks(
	cfg Config, service ports.Maintenance, nudge func(context.Context, []domain.PullID) error, busy func() bool,
	leader Leader,
) []Task {
	list := []Task{
		{"stuck pulls", stuckPullsInterval, func(ctx context.Context) error {
			ids, err := service.ListStuck(ctx, roundLimit)
			if err != nil || len(ids) == 0 {
				return err
			}
			return nudge(ctx, ids)
		}},
		{"token usage", tokenUsageInterval, service.FlushTokenUsage},
		{"prune rate budgets", pruneInterval, service.PruneBudgets},
		{"client ids", identifyInterval, ledBy(leader, untilPartial(roundLimit, service.IdentifyClients))},
		{"audit entries", auditInterval, func(ctx context.Context) error {
			_, err := service.NumberAuditEntries(ctx, roundLimit)
			return err
		}},
		{"audit checkpoints", checkpointInterval, func(ctx context.Context) error {
			_, err := service.AnnounceCheckpoints(ctx, roundLimit)
			return err
		}},
		{"missing webhooks", silenceInterval, ledBy(leader, untilPartial(roundLimit, service.NoticeSilence))},
		{"consents", consentsInterval, ledBy(leader, untilPartial(roundLimit, service.NoticeConsents))},
		{"staleness", stalenessInterval, ledBy(leader, func(ctx context.Context) error {
			_, err := service.NoticeStaleness(ctx)
			return err
		})},
		{"search index", searchIndexInterval, afterWork(busy, searchIndexDelay,
			ledBy(leader, untilPartial(searchIndexLimit,
				paced(func() bool { return busy() || cfg.Serving() }, service.IndexTexts))))},
		{"completeness", completenessInterval, ledBy(leader, untilPartial(roundLimit, service.AnnounceCompleteness))},
	}
	// add adds a task that reads every connection. It does nothing if the task is turned off (setting is 0).
	add := func(
		name string, every, setting time.Duration, batch func(context.Context, time.Duration, int) (int, error),
	) {
		if setting > 0 {
			list = append(list, Task{name, every, ledBy(leader, untilPartial(roundLimit,
				func(ctx context.Context, limit int) (int, error) { return batch(ctx, setting, limit) }))})
		}
	}
	reconcileEvery := min(max(cfg.ReconcileInterval/20, time.Second), 5*time.Minute)
	add("reconcile", reconcileEvery, cfg.ReconcileInterval, service.Reconcile)
	add("prune", pruneInterval, cfg.DeliveryRetention, service.Prune)
	add("prune pulls", pruneInterval, cfg.PullRetention, service.PrunePulls)
	add("prune events", pruneInterval, cmp.Or(cfg.EventRetention, forever), service.PruneEvents)
	return append(list, reports(cfg, service)...)
}

// reports returns one task for each reporting function that cfg contains, for example cfg.Backlog. Each task measures a
// value and passes it to its function.
func reports(cfg Config, service ports.Maintenance) (list []Task) {
	if cfg.Attention != nil {
		list = append(list, Task{"attention", attentionInterval, reportTo(cfg.Attention, service.CountAttention)})
	}
	if cfg.Backlog != nil {
		list = append(list, Task{"backlog", backlogInterval, reportTo(cfg.Backlog, service.BacklogAge)})
	}
	if cfg.EventBacklog != nil {
		list = append(list, Task{"event backlog", backlogInterval, reportTo(cfg.EventBacklog, service.EventBacklog)})
	}
	if cfg.FeedDelay != nil {
		list = append(list, Task{"feed delay", feedDelayInterval, reportTo(cfg.FeedDelay, service.FeedDelay)})
	}
	if cfg.PingWrite != nil {
		list = append(list, Task{"writes", writesInterval, cfg.PingWrite})
	}
	return list
}

// reportTo returns a task function that passes the result of the function measure to the function report.
func reportTo[T any](report func(T), measure func(context.Context) (T, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		result, err := measure(ctx)
		if err == nil {
			report(result)
		}
		return err
	}
}

// ledBy returns a task function that runs each round under the Leader, so that only one replica runs the round.
func ledBy(leader Leader, round func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error { return leader(ctx, round) }
}

// untilPartial returns a task function that calls the function batch until a call handles fewer than limit items. After
// a full batch, there may be more items. The task function also stops at an error and when ctx ends.
func untilPartial(limit int, batch func(ctx context.Context, limit int) (int, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			if n, err := batch(ctx, limit); err != nil || n < limit || ctx.Err() != nil {
				return err
			}
		}
	}
}

// afterWork returns a task function that delays each round while busy returns true, but at most for the duration
// longest. A pull of a few seconds thus does not compete with the round.
func afterWork(
	busy func() bool, longest time.Duration, round func(context.Context) error,
) func(context.Context) error {
	return func(ctx context.Context) error {
		for deadline := time.Now().Add(longest); busy() && time.Now().Before(deadline); {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(busyCheckInterval):
			}
		}
		return round(ctx)
	}
}

// paced returns a function that calls batch. If the batch was full and other work is running at its end, the function
// then waits for as long as the batch took. Work that the batch has kept waiting is still running then. A task that has
// much to do thus leaves half of the time to other work, and does not wait while there is none.
func paced(
	otherWork func() bool, batch func(ctx context.Context, limit int) (int, error),
) func(context.Context, int) (int, error) {
	return func(ctx context.Context, limit int) (int, error) {
		began := time.Now()
		n, err := batch(ctx, limit)
		if err == nil && n >= limit && otherWork() {
			select {
			case <-ctx.Done():
			case <-time.After(time.Since(began)):
			}
		}
		return n, err
	}
}

// Maintenance runs the periodic maintenance tasks until Stop is called.
type Maintenance struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// StartMaintenance starts the tasks that cfg turns on and the extra tasks, and returns immediately.
//
//   - Each task has its own goroutine, so that a slow task does not delay other tasks.
//   - The tasks use the values of ctx, but continue when ctx ends.
//   - The function nudge inserts jobs for stuck pulls.
//   - The function busy reports whether pulls are running in this process. The search index waits for them.
//   - cfg.OnError receives the errors of the tasks. It must not be nil (see Config.WithDefaults).
func StartMaintenance(
	ctx context.Context, cfg Config, service ports.Maintenance,
	nudge func(context.Context, []domain.PullID) error, busy func() bool, leader Leader, extraTasks ...WokenTask,
) *Maintenance {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	m := &Maintenance{cancel: cancel}
	for _, t := range tasks(cfg, service, nudge, busy, leader) {
		m.running.Go(func() { WokenTask{Task: t}.repeat(ctx, cfg.OnError) })
	}
	for _, t := range turnTasks(service) {
		turns := newTurns(t, cfg.OnError, m.running.Go)
		m.running.Go(func() { WokenTask{Task: Task{t.name, t.interval, turns.start}}.repeat(ctx, cfg.OnError) })
	}
	for _, t := range extraTasks {
		m.running.Go(func() { t.repeat(ctx, cfg.OnError) })
	}
	return m
}

// Stop cancels the tasks and waits until the running rounds have ended. It returns earlier if ctx ends. Thus a round
// that ignores its cancellation cannot block the exit of the process.
func (m *Maintenance) Stop(ctx context.Context) {
	m.cancel()
	done := make(chan struct{})
	go func() { m.running.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// repeat runs the task periodically until ctx ends. The first delay is random, and later delays differ from the
// interval by at most a tenth. Replicas that start together therefore do not run the task at the same moments. An error
// is not reported after ctx has ended.
func (t WokenTask) repeat(ctx context.Context, onError func(ports.BackgroundError)) {
	timer := time.NewTimer(rand.N(t.Interval))
	defer timer.Stop()
	for wake := t.Wake; ; {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-wake:
		}
		err := Recover(func() error { return t.Run(ctx) })
		interval := t.Interval
		wake = t.Wake
		if err != nil && ctx.Err() == nil {
			onError(ports.BackgroundError{Task: "maintenance " + t.Name, Err: err})
			interval, wake = max(interval, failedInterval), nil
		}
		timer.Reset(interval*9/10 + rand.N(interval/5))
	}
}
