package background

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// waitingPullsInterval is how often a reserved worker looks for a waiting pull while all ordinary workers
// are busy.
const waitingPullsInterval = 500 * time.Millisecond

// ReservedWorkers are additional workers of a process, twice as many as cfg.MaxWorkers. They do not run the jobs of
// the queue. They run pulls only while every ordinary worker is busy. An ordinary worker counts as busy while it runs
// a job, even if the job only waits because its tenant already uses its share of the workers. ports.Worker decides
// which pulls may run. A tenant with slow pulls therefore cannot delay the pulls of other tenants. An idle reserved
// worker costs only a goroutine.
type ReservedWorkers struct {
	service  ports.Worker
	onError  func(ports.BackgroundError)
	ordinary int

	mu      sync.Mutex
	changed *sync.Cond // signals that all ordinary workers are busy, or that the workers are stopped
	busy    int        // number of ordinary workers that run a job
	stopped bool

	running sync.WaitGroup
	idle    context.CancelFunc // ends the pauses of workers that have found no waiting pull
	cancel  context.CancelFunc // cancels the running pulls
}

// StartReservedWorkers starts the reserved workers of cfg. They use the values of ctx, but continue when ctx ends. The
// caller must have filled in the defaults of cfg (see Config.WithDefaults).
func StartReservedWorkers(ctx context.Context, cfg Config, service ports.Worker) *ReservedWorkers {
	pulls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	waits, idle := context.WithCancel(pulls)
	w := &ReservedWorkers{
		service: service, onError: cfg.OnError, ordinary: cfg.MaxWorkers, idle: idle, cancel: cancel,
	}
	w.changed = sync.NewCond(&w.mu)
	for range 2 * cfg.MaxWorkers {
		w.running.Go(func() { w.work(pulls, waits) })
	}
	return w
}

// Begin counts an ordinary worker as busy. The worker must call end when it has run its job.
func (w *ReservedWorkers) Begin() (end func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy++; w.busy >= w.ordinary {
		w.changed.Broadcast()
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.busy--
	}
}

// Stop prevents new pulls from starting. Running pulls can finish until graceCtx ends. Stop then cancels them and waits
// until they have ended. It returns the error of ctx if some pulls have not ended when ctx ends.
func (w *ReservedWorkers) Stop(ctx, graceCtx context.Context) error {
	defer w.cancel()
	w.close()
	done := make(chan struct{})
	go func() { w.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-graceCtx.Done():
	}
	w.cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *ReservedWorkers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.idle()
	w.changed.Broadcast()
}

// work runs waiting pulls, one after another, until Stop is called. Each pull runs with the first context. After an
// error, or if no pull was waiting, work pauses. The pause ends early if the second context ends.
func (w *ReservedWorkers) work(pulls, waits context.Context) {
	for w.awaitSaturation() {
		found := false
		err := Recover(func() (err error) {
			found, err = w.service.RunWaitingPull(pulls)
			return err
		})
		if err != nil && pulls.Err() == nil {
			w.onError(ports.BackgroundError{Task: "pull", Err: err})
		}
		if !found || err != nil {
			Pause(waits, waitingPullsInterval*9/10+rand.N(waitingPullsInterval/5))
		}
	}
}

// awaitSaturation waits until all ordinary workers are busy. It returns false if Stop has been called.
func (w *ReservedWorkers) awaitSaturation() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.busy < w.ordinary && !w.stopped {
		w.changed.Wait()
	}
	return !w.stopped
}

// Pause waits for the duration d, or until ctx ends if that is earlier.
func Pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
