// Package simulation_test runs the application layer under deterministic simulation with fault
// injection, in one process and one thread: memory stores, two vendors, several workers, operators
// and readers, a clock that jumps, and faults at every port. Every choice is drawn from one seed,
// so that a failure can be replayed.
//
// A step is one decision of the scheduler: it resumes one actor until its next port call, or changes
// the vendors' data, moves the clock, or kills a process. At quiet points all faults end, all pulls
// are drained, and the invariants of invariants_test.go must hold.
package simulation_test

import (
	"flag"
	"fmt"
	"testing"
)

var (
	seed  = flag.Uint64("seed", 1, "the first seed; each further simulation uses the next one")
	steps = flag.Int("steps", 100_000, "steps in total, over all seeds")
)

// worldSteps is the number of steps per seed. A failure deep in a long run is replayed by running
// only its own seed.
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
		for _, name := range total.missing() {
			t.Errorf("%s never happened: the simulation injects too little", name)
		}
	}
}

// runSeed runs one simulation, and reports seed and steps when an invariant is violated.
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

// One seed always produces the same run, down to the last port call.
func TestASeedReplaysExactly(t *testing.T) {
	hash := func(seed uint64) string {
		s := newSim(seed)
		runSeed(t, s, 4_000)
		return fmt.Sprintf("%x", s.trace.Sum(nil))
	}
	first := hash(*seed)
	if second := hash(*seed); second != first {
		t.Errorf("the same seed returned %s and %s", first, second)
	}
	if other := hash(*seed + 1); other == first {
		t.Error("another seed returned the same run")
	}
}
