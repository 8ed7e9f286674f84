package localjobs

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	// defaultPollInterval is the poll interval if Database.PollInterval is 0.
	defaultPollInterval = 500 * time.Millisecond
	// pollLimit is the maximum number of pulls that one poll reads from the database. If the queue already contains
	// this many pulls, Nudge adds no new pull.
	pollLimit = 200
	// pollShare is the minimum ratio of the time between two polls to the duration of a poll. It bounds the load of
	// polls that take long, for example while very many pulls wait for a retry.
	pollShare = 20
	// If a pull must wait for at most maxSplitWait, the queue tries it again every splitWait. Such a pull
	// usually waits for the lease of another pull of its connection, which may end at any time. If another process
	// runs that other pull, only that process is notified of its end.
	splitWait    = 2 * time.Second
	maxSplitWait = 30 * time.Second
	// listenInterval is the delay before Database.Listen is called again after it has returned without an error.
	listenInterval = time.Second
	// announceInterval is the minimum time between two announcements of one process.
	announceInterval = 20 * time.Millisecond
)

// Database describes how the processes that share a database find each other's pulls. The zero value is usable for a
// database that is used by one process, or by several processes on one machine.
type Database struct {
	// PollInterval is the time between two polls for due pulls that have no job in this process. 0 means 500 ms.
	PollInterval time.Duration
	// Leader runs the maintenance tasks that read whole tables. If it is nil, every process runs them.
	Leader background.Leader
	// Listen calls the function due whenever another process has announced due pulls. It returns when it can no
	// longer listen, and is then called again. If Listen is nil, only polls find pulls of other processes.
	Listen func(ctx context.Context, due func()) error
	// Announce tells the other processes that pulls are due for which this process has no free worker. It may be nil.
	Announce func(ctx context.Context) error
}

// New returns a stopped queue for a database. The rows of the pulls in the database are the queue. The queue in
// memory contains only pulls that this process starts next. The running queue polls for due pulls that have no job in
// this process:
//
//   - pulls that another process has queued or handed back
//   - pulls of a process that died
//   - pulls that were already waiting when this process started
//
// If a worker is free, such a pull starts at most one interval late. A pull that this process queues need not wait for
// a poll: the store must pass it to Nudge after the commit. Pulls that are nudged before Start run after Start.
func New(cfg background.Config, db Database) *Queue {
	db.PollInterval = cmp.Or(db.PollInterval, defaultPollInterval)
	if db.Leader == nil {
		db.Leader = background.SoleLeader
	}
	q := &Queue{
		cfg: cfg.WithDefaults(), db: db, jobs: make(map[domain.PullID]*job),
		due: make(chan struct{}, 1), excess: make(chan struct{}, 1),
	}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// pollTasks returns the tasks that find pulls of other processes and announce pulls to them.
func (q *Queue) pollTasks(service ports.Maintenance) []background.WokenTask {
	poll := background.Task{Name: "due pulls", Interval: q.db.PollInterval, Run: q.poll(service)}
	tasks := []background.WokenTask{{Task: poll, Wake: q.due}}
	if q.db.Listen != nil {
		listen := func(ctx context.Context) error { return q.db.Listen(ctx, func() { signal(q.due) }) }
		tasks = append(tasks, background.WokenTask{
			Task: background.Task{Name: "listen", Interval: listenInterval, Run: listen},
		})
	}
	if q.db.Announce != nil {
		announce := background.Task{Name: "announce", Interval: time.Hour, Run: q.announce}
		tasks = append(tasks, background.WokenTask{Task: announce, Wake: q.excess})
	}
	return tasks
}

// announce calls Database.Announce if more pulls are waiting in the queue than workers are free.
func (q *Queue) announce(ctx context.Context) error {
	q.mu.Lock()
	excess := q.hasExcess()
	q.mu.Unlock()
	if !excess {
		return nil
	}
	defer background.Pause(ctx, announceInterval)
	return q.db.Announce(ctx)
}

// poll returns a function that queues the due pulls that have no job in this process. The function does nothing if
// pulls are waiting in the queue.
func (q *Queue) poll(service ports.Maintenance) func(context.Context) error {
	var pauseUntil time.Time
	return func(ctx context.Context) error {
		background.Pause(ctx, time.Until(pauseUntil))
		if q.backlogged() || ctx.Err() != nil {
			return nil
		}
		begun := time.Now()
		ids, err := service.ListDue(ctx, pollLimit)
		if len(ids) < pollLimit {
			pauseUntil = begun.Add(pollShare * time.Since(begun))
		}
		q.addMissing(ids)
		return err
	}
}

// hasExcess reports whether pulls are due for which this process has no free worker. The caller must hold mu.
func (q *Queue) hasExcess() bool { return q.more || len(q.queued) > q.idle }

// backlogged reports whether pulls are waiting in the queue, which means that all ordinary workers are busy. The queue
// should not poll in this state: additional pulls would only wait in this process, although another process may have a
// free worker.
func (q *Queue) backlogged() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.queued) > 0
}

// addMissing queues each given pull that has no job in this process. A pull with a job is already queued, running, or
// waiting for a retry. addMissing does not shorten the wait for a retry. If there are pollLimit ids, more pulls may
// be due, so the queue polls again as soon as the given pulls have started.
func (q *Queue) addMissing(ids []domain.PullID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	added := 0
	for _, id := range ids {
		if q.jobs[id] == nil {
			q.jobs[id] = &job{}
			q.push(id)
			added++
		}
	}
	q.more = len(ids) == pollLimit && added > 0
}

// signal makes a task with this Wake channel run. It does nothing if the task is already due.
func signal(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
