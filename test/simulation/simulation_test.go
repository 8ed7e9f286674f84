// Package simulation_test plays the application layer against a hostile world, in one
// process and one thread: memory stores, two vendors, several workers, operators and
// readers, a clock that jumps, and faults at every port. Every choice is drawn from one
// seed, so that a failure can be played again.
//
// A step is one decision of the scheduler: it lets one actor go on until its next port
// call, or lets the world change, the clock move, a process die. At quiet points all
// faults end, everything is drained, and the invariants of quiet_test.go must hold.
package simulation_test

import (
	"flag"
	"fmt"
	"testing"
)

var (
	seed  = flag.Uint64("seed", 1, "of the first world; each world after it has the next one")
	steps = flag.Int("steps", 100_000, "to play, over all worlds")
)

// worldSteps is how long a world is played before a new one begins: a failure deep in a
// long run is replayed by its own world alone.
const worldSteps = 10_000

func TestSimulation(t *testing.T) {
	total := counters{}
	for seed, left := *seed, *steps; left > 0; seed, left = seed+1, left-worldSteps {
		s := newSim(seed)
		runSeed(t, s, min(left, worldSteps))
		total.add(s.counters)
	}
	t.Log(total)
	if *steps >= 10*worldSteps {
		for _, what := range total.missing() {
			t.Errorf("%s never happened: the world is too kind", what)
		}
	}
}

// play runs a world, and names seed and steps when an invariant breaks.
func runSeed(t *testing.T, s *sim, steps int) {
	t.Helper()
	defer s.close()
	defer func() {
		if broken, ok := recover().(violation); ok {
			t.Fatalf("%s\n%s\nreplay: go test ./test/simulation -run Simulation -seed %d -steps %d",
				broken, s.recentLog(), s.seed, s.step)
		}
	}()
	for s.step < steps {
		s.nextStep()
	}
	s.quiesce()
}

// One seed is one story, to the last port call.
func TestASeedReplaysExactly(t *testing.T) {
	hash := func(seed uint64) string {
		s := newSim(seed)
		runSeed(t, s, 4_000)
		return fmt.Sprintf("%x", s.trace.Sum(nil))
	}
	first := hash(*seed)
	if second := hash(*seed); second != first {
		t.Errorf("the same seed gave %s and %s", first, second)
	}
	if other := hash(*seed + 1); other == first {
		t.Error("another seed gave the same story")
	}
}
