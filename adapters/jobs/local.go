package jobs

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Local runs pulls in one process without a database, for stores in memory. Its
// messengers die with it, and so do the pulls.
type Local struct {
	cfg Config

	mu     sync.Mutex
	some   *sync.Cond // line grew, or the runner stopped
	line   []domain.PullID
	pulls  map[domain.PullID]*errand
	cancel context.CancelFunc // hands back the running pulls
	house  *house             // nil while stopped
	hands  sync.WaitGroup
}

// errand is where a pull's messenger is: in line, under way, or waiting for its timer.
type errand struct {
	running bool
	kicked  bool // while running: to be run once more
	timer   *time.Timer
	faults  int // tries in a row that ended in an error
}

// NewLocal makes a runner. Kicks before Start are kept for it.
func NewLocal(cfg Config) *Local {
	l := &Local{cfg: cfg.withDefaults(), pulls: make(map[domain.PullID]*errand)}
	l.some = sync.NewCond(&l.mu)
	return l
}

// Kick has pulls run as soon as a worker is free. A pull that stands in line already
// does not stand there twice; one that is under way is run once more afterwards.
func (l *Local) Nudge(ids ...domain.PullID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		e := l.pulls[id]
		switch {
		case e == nil:
			l.join(id, &errand{})
		case e.running:
			e.kicked = true
		case e.timer != nil && e.timer.Stop():
			l.join(id, e)
		}
	}
}

// join puts a pull in line; under mu.
func (l *Local) join(id domain.PullID, e *errand) {
	e.running, e.kicked, e.timer = false, false, nil
	l.pulls[id] = e
	l.line = append(l.line, id)
	l.some.Signal()
}

// Start works pulls and does the chores until Stop. Errors: a runner that runs already.
func (l *Local) Start(ctx context.Context, worker ports.Worker, keeper ports.Maintenance) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.house != nil {
		return errors.New("jobs: the runner runs already")
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.cancel = cancel
	l.house = keep(ctx, choresOf(l.cfg, keeper, l.kick, unrivalled), l.cfg.OnError)
	for range l.cfg.MaxWorkers {
		l.hands.Go(func() { l.work(running, worker) })
	}
	return nil
}

func (l *Local) kick(_ context.Context, ids []domain.PullID) error {
	l.Nudge(ids...)
	return nil
}

// Stop begins no more pulls, lets the running ones finish for two thirds of ctx's time,
// and ends the context of the rest. Errors: ctx's own, when some did not end even then.
func (l *Local) Stop(ctx context.Context) error {
	house := l.close()
	if house == nil {
		return nil
	}
	patient, cancel := soft(ctx)
	defer cancel()
	defer l.cancel()
	house.leave(patient)
	done := make(chan struct{})
	go func() { l.hands.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-patient.Done():
	}
	l.cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close sends the idle workers home and gives the house to leave; nil when closed.
func (l *Local) close() *house {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.house
	l.house = nil
	for id, e := range l.pulls {
		if e.timer != nil && e.timer.Stop() {
			l.join(id, e) // kept for the next Start
		}
	}
	l.some.Broadcast()
	return h
}

// work runs pulls one after the other until the runner is closed.
func (l *Local) work(ctx context.Context, worker ports.Worker) {
	for {
		id, e := l.take()
		if e == nil {
			return
		}
		var again time.Duration
		err := guarded(func() (err error) {
			again, err = worker.RunPull(ctx, id)
			return err
		})
		if err != nil && ctx.Err() == nil {
			l.cfg.OnError(ports.BackgroundError{Task: "pull", Err: err})
		}
		l.put(id, e, again, err)
	}
}

// take waits for the first pull in line; nil when the runner is closed.
func (l *Local) take() (domain.PullID, *errand) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.line) == 0 && l.house != nil {
		l.some.Wait()
	}
	if l.house == nil {
		return domain.PullID{}, nil
	}
	id := l.line[0]
	l.line = l.line[1:]
	e := l.pulls[id]
	e.running = true
	return id, e
}

// put decides what becomes of a pull after a try.
func (l *Local) put(id domain.PullID, e *errand, again time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.running = false
	if err == nil {
		e.faults = 0
	} else {
		e.faults++
		again = retryWait(e.faults)
	}
	switch {
	case l.house == nil && again > 0, e.kicked:
		l.join(id, e)
	case again > 0:
		e.timer = time.AfterFunc(again, func() { l.due(id, e) })
	default:
		delete(l.pulls, id)
	}
}

// due ends a wait.
func (l *Local) due(id domain.PullID, e *errand) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.join(id, e)
}
