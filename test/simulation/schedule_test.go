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

func (s *sim) broken(format string, args ...any) {
	s.fallen = true
	panic(violation(fmt.Sprintf("seed %d, step %d: ", s.seed, s.step) + fmt.Sprintf(format, args...)))
}

// dead unwinds an actor whose process has died: nothing of it runs any more that could
// be seen from outside, for a port that it calls on the way unwinds it further.
type dead struct{}

// task is an actor. It runs as a coroutine: exactly one runs at a time, and it gives way
// at each port call.
type task struct {
	name   string
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
	cancel context.CancelFunc
	dead   bool
	over   bool
	of     *task // the actor that this one works beside or for, in the same process
	side   *task // what works beside this one, until it was waited for
	awaits *task // what this one waits for
	whole  bool  // gives way no more until this is over
	asleep int   // the step before which it is not resumed
	looked bool
	trusts *item  // that was settled when the task first looked at it
	reads  *conn  // that its pull is of
	at     string // where it gave way
}

func (s *sim) spawn(name string, act func(ctx context.Context)) *task {
	ctx, cancel := context.WithCancel(context.Background())
	s.spawned++
	t := &task{name: fmt.Sprintf("%s-%d", name, s.spawned), cancel: cancel}
	t.resume, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			t.over = true
			if p := recover(); p != nil && p != any(dead{}) {
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
func (s *sim) beside(work func()) (wait func()) {
	of := s.current
	if of == nil || of.whole {
		work = sync.OnceFunc(work)
		if s.chance(0.5) {
			work()
		}
		return work
	}
	side := s.spawn(of.name+" aside", func(context.Context) { work() })
	side.of, side.reads, of.side = of.process(), of.reads, side
	s.point("begun")
	return func() {
		s.current.awaits = side // who waits need not be who began
		for !side.over && !s.fallen {
			s.point("waits")
		}
		if of.side == side {
			of.side = nil
		}
	}
}

// process is the actor that lives and dies with this one, or this one itself.
func (t *task) process() *task {
	if t.of != nil {
		return t.of
	}
	return t
}

// advance lets a task run until it gives way or ends.
func (s *sim) advance(t *task) {
	s.current = t
	_, more := t.resume()
	s.current = nil
	if t.dead {
		s.bury(t.process())
	} else if !more {
		s.drop(t)
	}
}

// kill ends a process where it stands, as SIGKILL does.
func (s *sim) kill(t *task) {
	s.note(t.name, "killed")
	s.bury(t)
}

// bury ends all that is left of a process.
func (s *sim) bury(t *task) {
	s.tally.killed++
	if t.ahead() {
		s.tally.lostAhead++
	}
	for _, other := range slices.Backward(slices.Clone(s.tasks)) {
		if other.of == t {
			s.end(other)
			s.drop(other)
		}
	}
	s.end(t)
	s.drop(t)
}

func (s *sim) end(t *task) {
	s.current, t.dead = t, true
	t.stop()
	s.current = nil
}

func (s *sim) drop(t *task) {
	t.cancel()
	s.tasks = slices.DeleteFunc(s.tasks, func(other *task) bool { return other == t })
}

func (s *sim) close() {
	for _, t := range s.tasks {
		s.end(t)
		t.cancel()
	}
	s.tasks = nil
}

// point is where actors give way. Outside of actors (at quiet points) it is nothing.
func (s *sim) point(op string) {
	t := s.current
	if t == nil || t.whole && !t.dead {
		return
	}
	t.at = op
	if t.dead || !t.yield(struct{}{}) {
		panic(dead{})
	}
	s.note(t.name, op)
}

// perish ends the actor that runs, right after what it did was committed.
func (s *sim) perish() {
	s.note(s.current.name, "died")
	s.current.dead = true
	panic(dead{})
}

// note writes the story down.
func (s *sim) note(who, what string) {
	line := fmt.Sprintf("%6d %s %-12s %s\n", s.step, s.clock.now.Format("15:04:05.000000"), who, what)
	_, _ = s.trace.Write([]byte(line))
	s.lines[s.noted%len(s.lines)] = line
	s.noted++
}

// recent gives the end of the story.
func (s *sim) recent() string {
	var b strings.Builder
	for i := range s.lines {
		b.WriteString(s.lines[(s.noted+i)%len(s.lines)])
	}
	return b.String()
}

// next is one step.
func (s *sim) next() {
	s.step++
	if s.step >= s.quietAt {
		s.quiet()
		s.quietAt = s.step + 1_500 + s.rand.IntN(2_000)
	}
	s.tick()
	awake := s.awake()
	if len(awake) > 0 && (len(s.tasks) > 10 || s.chance(0.75)) {
		s.advanceOne(awake[s.rand.IntN(len(awake))])
		return
	}
	s.happen()
}

func (s *sim) awake() []*task {
	var awake []*task
	for _, t := range s.tasks {
		if t.asleep <= s.step && !t.waits() {
			awake = append(awake, t)
		}
	}
	return awake
}

// stores says whether it writes a page while the next one is read.
func (t *task) stores() bool { return t.at == "Pulls.StorePage" && t.side != nil }

// ahead says whether the next page was read before this one is written.
func (t *task) ahead() bool { return t.stores() && t.side.over }

// waits says whether it can go on only when something else of its process is over.
func (t *task) waits() bool { return t.at == "waits" && t.awaits != nil && !t.awaits.over }

// advanceOne resumes a task, unless fate has something else for it.
func (s *sim) advanceOne(t *task) {
	switch p := s.rand.Float64(); {
	case p < 0.003, p < 0.03 && t.stores():
		s.kill(t.process())
	case p < 0.006, p < 0.1 && (t.stores() || strings.HasSuffix(t.at, "answered")):
		t.asleep = s.step + 20 + s.rand.IntN(300) // a long pause, a page in hand: its lease may end
	case p > 0.998:
		s.note(t.name, "told to stop")
		t.process().cancel()
	default:
		s.advance(t)
	}
}

// tick moves the clock: a little mostly, now and then past a lease or a backoff.
func (s *sim) tick() {
	switch p := s.rand.Float64(); {
	case p < 0.25:
		s.clock.pass(time.Duration(s.rand.IntN(1500)) * time.Millisecond)
	case p < 0.255:
		s.clock.pass(time.Duration(s.rand.IntN(40)) * time.Second)
	case p < 0.256:
		s.clock.pass(time.Duration(s.rand.IntN(90)) * time.Minute)
	}
	if s.down && s.clock.now.After(s.upAt) {
		s.down = false
		s.note("store", "is back")
	}
}
