package simulation_test

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// violation is the message of a violated invariant. It is used as the value of a panic, which runSeed recovers.
type violation string

func (s *sim) violated(format string, args ...any) {
	s.failed = true
	panic(violation(fmt.Sprintf("seed %d, step %d: ", s.seed, s.step) + fmt.Sprintf(format, args...)))
}

// crash is the value of the panic that ends an actor whose process has died. If a deferred function then calls a port,
// the call panics again, so the actor has no further effect.
type crash struct{}

// task is an actor that runs as a coroutine: exactly one task runs at a time, and it yields at each call
// of a port.
type task struct {
	name          string
	resume        func() (struct{}, bool)
	stop          func()
	yield         func(struct{}) bool
	cancel        context.CancelFunc
	dead          bool
	ended         bool
	parent        *task // the task that started this one in the same process; nil for the first task of a process
	child         *task // the last child task; nil after a task has waited for the child's end
	awaited       *task // the task for which this one waits
	uninterrupted bool  // while this is set, the task does not yield
	sleepsUntil   int   // the task is not resumed before the step with this number
	checked       bool
	settledRef    *accountRef // the reference of the first vendor.Check if it was not synchronising; else nil
	reading       *connection // the connection whose pull the task runs
	at            string      // the name of the place where the task last yielded, such as "Pulls.StorePage"
	// mayCall is a connection that was not paused when the task read it. The task may call the connection's vendor
	// once.
	mayCall domain.ConnectionID
}

func (s *sim) spawn(name string, act func(ctx context.Context)) *task {
	ctx, cancel := context.WithCancel(context.Background())
	s.spawned++
	t := &task{name: fmt.Sprintf("%s-%d", name, s.spawned), cancel: cancel}
	t.resume, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			t.ended = true
			switch p := recover().(type) {
			case nil, crash:
			case violation:
				panic(p)
			default: // the stack would be lost
				panic(fmt.Sprintf("%v\n%s", p, debug.Stack()))
			}
		}()
		t.yield = yield
		act(ctx)
	})
	s.tasks = append(s.tasks, t)
	return t
}

// goConcurrently implements the application's dependency Deps.Go. It runs fn in a new task. The new task belongs to the
// process of the current task, and dies with this process.
//
// If there is no current task, or the current task must not yield, goConcurrently starts no new task. A random choice
// then decides when fn runs: immediately, or when the caller calls wait.
func (s *sim) goConcurrently(fn func()) (wait func()) {
	parent := s.current
	if parent == nil || parent.uninterrupted {
		fn = sync.OnceFunc(fn)
		if s.chance(0.5) {
			fn()
		}
		return fn
	}
	child := s.spawn(parent.name+" concurrent", func(context.Context) { fn() })
	child.parent, child.reading, parent.child = parent.process(), parent.reading, child
	s.yieldAt("begun")
	return func() {
		s.current.awaited = child // the caller of wait need not be the task parent
		for !child.ended && !s.failed {
			s.yieldAt("waits")
		}
		if parent.child == child {
			parent.child = nil
		}
	}
}

// process returns the first task of the process to which t belongs. It returns t if no other task started t. All tasks
// of a process die together.
func (t *task) process() *task {
	if t.parent != nil {
		return t.parent
	}
	return t
}

// resume runs a task until it yields or ends. If the task died, the whole process ends.
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

// killProcess ends a process, as SIGKILL does. Each task of the process ends at the place where it last yielded.
func (s *sim) killProcess(t *task) {
	s.log(t.name, "killed")
	s.endProcess(t)
}

// endProcess ends all tasks of the process whose first task is t.
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

// yieldAt returns control to the scheduler before the running task calls a port. op is the name of the call. yieldAt
// does nothing if no task is running or if the task is uninterrupted. It panics if the process of the task has died.
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

// crashCurrent ends the process of the running task, directly after its change was committed.
func (s *sim) crashCurrent() {
	s.log(s.current.name, "died")
	s.current.dead = true
	panic(crash{})
}

// log appends a line to the trace, and to the recent lines that are printed when the simulation fails.
func (s *sim) log(actor, name string) {
	line := fmt.Sprintf("%6d %s %-12s %s\n", s.step, s.clock.now.Format("15:04:05.000000"), actor, name)
	_, _ = s.trace.Write([]byte(line))
	s.lines[s.logged%len(s.lines)] = line
	s.logged++
}

// recentLog returns the last lines of the trace.
func (s *sim) recentLog() string {
	var b strings.Builder
	for i := range s.lines {
		b.WriteString(s.lines[(s.logged+i)%len(s.lines)])
	}
	return b.String()
}

// nextStep makes one decision of the scheduler, as described in the package comment.
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

// isStoring reports whether the task is about to store a page while another task of its process reads
// the next page.
func (t *task) isStoring() bool { return t.at == "Pulls.StorePage" && t.child != nil }

// hasPrefetched reports whether the next page is already prefetched while this page is not stored yet.
func (t *task) hasPrefetched() bool { return t.isStoring() && t.child.ended }

// isWaiting reports whether the task waits for the end of another task of its process.
func (t *task) isWaiting() bool { return t.at == "waits" && t.awaited != nil && !t.awaited.ended }

// resumeOrDisturb usually resumes a task; sometimes it kills, pauses or cancels the task instead.
func (s *sim) resumeOrDisturb(t *task) {
	switch p := s.rand.Float64(); {
	case p < 0.003, p < 0.03 && t.isStoring():
		s.killProcess(t.process())
	case p < 0.006, p < 0.1 && (t.isStoring() || strings.HasSuffix(t.at, "answered")):
		// The task pauses for so long that its lease may expire while it has a page in memory.
		t.sleepsUntil = s.step + 20 + s.rand.IntN(300)
	case p > 0.998:
		s.log(t.name, "is cancelled")
		t.process().cancel()
	default:
		s.resume(t)
	}
}

// moveClock moves the clock forward. Usually the clock moves only a little or not at all, but sometimes so far that a
// lease or a backoff expires.
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
		s.log("store", "is available again")
	}
}
