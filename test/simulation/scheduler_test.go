package simulation_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"
)

// violation is a broken invariant; it unwinds to play.
type violation string

func (s *sim) violated(format string, args ...any) {
	s.failed = true
	panic(violation(fmt.Sprintf("seed %d, step %d: ", s.seed, s.step) + fmt.Sprintf(format, args...)))
}

// dead unwinds an actor whose process has died: nothing of it runs any more that could
// be seen from outside, for a port that it calls on the way unwinds it further.
type crash struct{}

// task is an actor. It runs as a coroutine: exactly one runs at a time, and it gives way
// at each port call.
type task struct {
	name          string
	resume        func() (struct{}, bool)
	stop          func()
	yield         func(struct{}) bool
	cancel        context.CancelFunc
	dead          bool
	ended         bool
	parent        *task // the actor that this one works beside or for, in the same process
	child         *task // what works beside this one, until it was waited for
	awaited       *task // what this one waits for
	uninterrupted bool  // gives way no more until this is over
	sleepsUntil   int   // the step before which it is not resumed
	checked       bool
	settledRef    *accountRef // that was settled when the task first looked at it
	reading       *connection // that its pull is of
	at            string      // where it gave way
}

func (s *sim) spawn(name string, act func(ctx context.Context)) *task {
	ctx, cancel := context.WithCancel(context.Background())
	s.spawned++
	t := &task{name: fmt.Sprintf("%s-%d", name, s.spawned), cancel: cancel}
	t.resume, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			t.ended = true
			if p := recover(); p != nil && p != any(crash{}) {
				panic(p)
			}
		}()
		t.yield = yield
		act(ctx)
	})
	s.tasks = append(s.tasks, t)
	return t
}

// beside is how the application does two things at once: the work is an actor like any,
// that ends with the process it is of. Where nobody gives way it is done whole, before
// what the caller does next, or after.
func (s *sim) goConcurrently(work func()) (wait func()) {
	of := s.current
	if of == nil || of.uninterrupted {
		work = sync.OnceFunc(work)
		if s.chance(0.5) {
			work()
		}
		return work
	}
	side := s.spawn(of.name+" aside", func(context.Context) { work() })
	side.parent, side.reading, of.child = of.process(), of.reading, side
	s.yieldAt("begun")
	return func() {
		s.current.awaited = side // who waits need not be who began
		for !side.ended && !s.failed {
			s.yieldAt("waits")
		}
		if of.child == side {
			of.child = nil
		}
	}
}

// process is the actor that lives and dies with this one, or this one itself.
func (t *task) process() *task {
	if t.parent != nil {
		return t.parent
	}
	return t
}

// advance lets a task run until it gives way or ends.
func (s *sim) resume(t *task) {
	s.current = t
	_, more := t.resume()
	s.current = nil
	if t.dead {
		s.endProcess(t.process())
	} else if !more {
		s.removeTask(t)
	}
}

// kill ends a process where it stands, as SIGKILL does.
func (s *sim) killProcess(t *task) {
	s.log(t.name, "killed")
	s.endProcess(t)
}

// bury ends all that is left of a process.
func (s *sim) endProcess(t *task) {
	s.counters.killed++
	if t.hasPrefetched() {
		s.counters.lostPrefetches++
	}
	for _, other := range slices.Backward(slices.Clone(s.tasks)) {
		if other.parent == t {
			s.stopTask(other)
			s.removeTask(other)
		}
	}
	s.stopTask(t)
	s.removeTask(t)
}

func (s *sim) stopTask(t *task) {
	s.current, t.dead = t, true
	t.stop()
	s.current = nil
}

func (s *sim) removeTask(t *task) {
	t.cancel()
	s.tasks = slices.DeleteFunc(s.tasks, func(other *task) bool { return other == t })
}

func (s *sim) close() {
	for _, t := range s.tasks {
		s.stopTask(t)
		t.cancel()
	}
	s.tasks = nil
}

// point is where actors give way. Outside of actors (at quiet points) it is nothing.
func (s *sim) yieldAt(op string) {
	t := s.current
	if t == nil || t.uninterrupted && !t.dead {
		return
	}
	t.at = op
	if t.dead || !t.yield(struct{}{}) {
		panic(crash{})
	}
	s.log(t.name, op)
}

// perish ends the actor that runs, right after what it did was committed.
func (s *sim) crashCurrent() {
	s.log(s.current.name, "died")
	s.current.dead = true
	panic(crash{})
}

// note writes the story down.
func (s *sim) log(who, what string) {
	line := fmt.Sprintf("%6d %s %-12s %s\n", s.step, s.clock.now.Format("15:04:05.000000"), who, what)
	_, _ = s.trace.Write([]byte(line))
	s.lines[s.logged%len(s.lines)] = line
	s.logged++
}

// recent gives the end of the story.
func (s *sim) recentLog() string {
	var b strings.Builder
	for i := range s.lines {
		b.WriteString(s.lines[(s.logged+i)%len(s.lines)])
	}
	return b.String()
}

// next is one step.
func (s *sim) nextStep() {
	s.step++
	if s.step >= s.nextQuiesce {
		s.quiesce()
		s.nextQuiesce = s.step + 1_500 + s.rand.IntN(2_000)
	}
	s.moveClock()
	awake := s.runnableTasks()
	if len(awake) > 0 && (len(s.tasks) > 10 || s.chance(0.75)) {
		s.resumeOrDisturb(awake[s.rand.IntN(len(awake))])
		return
	}
	s.startSomething()
}

func (s *sim) runnableTasks() []*task {
	var awake []*task
	for _, t := range s.tasks {
		if t.sleepsUntil <= s.step && !t.isWaiting() {
			awake = append(awake, t)
		}
	}
	return awake
}

// stores says whether it writes a page while the next one is read.
func (t *task) isStoring() bool { return t.at == "Pulls.StorePage" && t.child != nil }

// ahead says whether the next page was read before this one is written.
func (t *task) hasPrefetched() bool { return t.isStoring() && t.child.ended }

// waits says whether it can go on only when something else of its process is over.
func (t *task) isWaiting() bool { return t.at == "waits" && t.awaited != nil && !t.awaited.ended }

// advanceOne resumes a task, unless fate has something else for it.
func (s *sim) resumeOrDisturb(t *task) {
	switch p := s.rand.Float64(); {
	case p < 0.003, p < 0.03 && t.isStoring():
		s.killProcess(t.process())
	case p < 0.006, p < 0.1 && (t.isStoring() || strings.HasSuffix(t.at, "answered")):
		t.sleepsUntil = s.step + 20 + s.rand.IntN(300) // a long pause, a page in hand: its lease may end
	case p > 0.998:
		s.log(t.name, "told to stop")
		t.process().cancel()
	default:
		s.resume(t)
	}
}

// tick moves the clock: a little mostly, now and then past a lease or a backoff.
func (s *sim) moveClock() {
	switch p := s.rand.Float64(); {
	case p < 0.25:
		s.clock.advance(time.Duration(s.rand.IntN(1500)) * time.Millisecond)
	case p < 0.255:
		s.clock.advance(time.Duration(s.rand.IntN(40)) * time.Second)
	case p < 0.256:
		s.clock.advance(time.Duration(s.rand.IntN(90)) * time.Minute)
	}
	if s.down && s.clock.now.After(s.outageEnd) {
		s.down = false
		s.log("store", "is back")
	}
}
