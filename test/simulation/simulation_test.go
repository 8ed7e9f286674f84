// Package simulation_test tests the application layer by deterministic simulation with fault injection, in one process
// and one thread.
//
// It uses SQLite databases, and PostgreSQL for a smaller number of steps. It simulates two or three vendors, several
// workers, operators and readers, a clock that jumps, and faults at every port. Every random choice derives from one
// seed, so that a failure can be replayed.
//
// A step is one decision of the scheduler. In a step, the scheduler does one of these:
//
//   - It resumes one actor, which runs until its next call of a port.
//   - It changes the vendors' data.
//   - It moves the clock.
//   - It kills a process.
//
// From time to time there is a quiet point, at which all faults end and all pulls are finished. At a quiet point, the
// invariants of invariants_test.go must hold.
package simulation_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

var (
	seed  = flag.Uint64("seed", 1, "the first seed; each further simulation uses the next one")
	steps = flag.Int("steps", 100_000, "steps in total, over all seeds")

	postgresSteps = flag.Int("postgres-steps", 1_000, "steps in total of TestSimulationOnPostgreSQL")

	streamSteps = flag.Int("stream-steps", 10_000, "steps in total of TestSimulationOfAStream")
)

// stepsPerSeed is the number of steps per seed. It is small, so that a failure at the end of a long run
// can be replayed by running only the seed that failed.
const stepsPerSeed = 10_000

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestSimulation(t *testing.T) {
	total := counters{}
	for seed, left := *seed, *steps; left > 0; seed, left = seed+1, left-stepsPerSeed {
		s := newSim(t, seed, onSQLite)
		runSeed(t, s, min(left, stepsPerSeed))
		total.add(s.counters)
	}
	t.Log(total)
	if *steps >= 10*stepsPerSeed {
		for _, name := range total.missing() {
			t.Errorf("%s never happened: the simulation injects too little", name)
		}
	}
}

// TestSimulationOnPostgreSQL is like TestSimulation, on the other database. Its steps take longer.
func TestSimulationOnPostgreSQL(t *testing.T) {
	total := counters{}
	for seed, left := *seed, *postgresSteps; left > 0; seed, left = seed+1, left-stepsPerSeed {
		s := newSim(t, seed, onPostgreSQL)
		runSeed(t, s, min(left, stepsPerSeed))
		total.add(s.counters)
	}
	t.Log(total)
}

// runSeed runs one simulation. When an invariant is violated, it fails the test and prints the command
// that replays the failure.
func runSeed(t *testing.T, s *sim, steps int) {
	t.Helper()
	defer s.close()
	defer func() {
		switch broken := recover().(type) {
		case nil:
		default: // an error of the service or of the simulation
			t.Logf("seed %d, step %d", s.seed, s.step)
			panic(broken)
		case violation:
			t.Fatalf("%s\n%s\nreplay: go test ./test/simulation -run '%s$' -seed %d -steps %d -stream-steps %[5]d "+
				"-postgres-steps %[5]d", broken, s.recentLog(), t.Name(), s.seed, s.step)
		}
	}()
	for s.step < steps {
		s.nextStep()
	}
	s.quiesce()
}

// Two runs with the same seed must make the same port calls in the same order.
func TestASeedReplaysExactly(t *testing.T) {
	hash := func(seed uint64) string {
		s := newSim(t, seed, onSQLite)
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
