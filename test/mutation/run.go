package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/mutation/mutant"
)

// verdict is the result of the tests with an active mutant.
type verdict string

const (
	killed     verdict = "killed"      // a test has failed
	lived      verdict = "lived"       // all tests that run the code have passed
	notCovered verdict = "not covered" // no test runs the code
	timedOut   verdict = "timed out"   // the tests did not end
)

// The resources of a process that runs tests with an active mutant.
const (
	maxMemory   = 4 << 20 // KiB of address space
	cpuFactor   = 5       // times the CPU seconds that the same tests take without a mutant
	cpuSeconds  = 3       // added to the product
	wallSeconds = 120     // added to ten times the limit of CPU seconds, because the machine may be busy
)

// suite is the compiled test binary of a package.
type suite struct {
	pkg, dir, binary string
	flags            []string
	tests            []*test
}

// test is a top-level test, example or fuzz target with its seeds.
type test struct {
	name    string
	cpu     time.Duration // CPU time of the test when it runs alone
	reached []byte        // 1 for each mutant whose code the test runs, by id
}

// build compiles the test binaries of the packages that have tests.
func build(dir, overlay string, packages []goPackage) ([]*suite, error) {
	var suites []*suite
	for _, p := range packages {
		if len(p.TestGoFiles)+len(p.XTestGoFiles) == 0 {
			continue
		}
		s := &suite{pkg: p.ImportPath, dir: p.Dir, binary: filepath.Join(dir, path.Base(p.ImportPath)+".test")}
		command := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", s.binary, p.ImportPath)
		if output, err := command.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("compiling the tests of %s: %w\n%s", p.ImportPath, err, output)
		}
		suites = append(suites, s)
	}
	return suites, nil
}

// noFailFile is a flag of the package rapid. Without it, each property that fails writes a file into the source tree.
const noFailFile = "-rapid.nofailfile"

var testNames = regexp.MustCompile(`(?m)^(Test|Example|Fuzz)\w*$`)

// trace runs each test of the suite alone without a mutant, and records the mutants whose code the test runs. last is
// the highest id of a mutant. A test that fails is left out of the suite, and trace returns its name.
func (s *suite) trace(ctx context.Context, dir string, last int) (failed []string, err error) {
	output, err := exec.CommandContext(ctx, s.binary, "-test.list", ".").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the tests of %s: %w", s.pkg, err)
	}
	if exec.CommandContext(ctx, s.binary, "-test.list", ".", noFailFile).Run() == nil {
		s.flags = []string{noFailFile}
	}
	traced := filepath.Join(dir, "trace")
	for _, name := range testNames.FindAllString(string(output), -1) {
		if err := os.WriteFile(traced, make([]byte, last+1), 0o600); err != nil {
			return nil, err
		}
		command := s.command(ctx, []string{name}, mutant.TraceVariable+"="+traced)
		switch err := command.Run(); {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			failed = append(failed, s.pkg+"."+name)
			continue
		}
		reached, err := os.ReadFile(traced)
		if err != nil {
			return nil, err
		}
		state := command.ProcessState
		s.tests = append(s.tests, &test{name, state.UserTime() + state.SystemTime(), reached})
	}
	slices.SortStableFunc(s.tests, func(a, b *test) int { return int(a.cpu - b.cpu) })
	return failed, nil
}

// command returns a command that runs tests of the suite until one fails.
func (s *suite) command(ctx context.Context, names []string, variable string) *exec.Cmd {
	arguments := []string{
		"-test.short", "-test.failfast", "-test.timeout=0", "-test.run", "^(" + strings.Join(names, "|") + ")$",
	}
	command := exec.CommandContext(ctx, s.binary, append(arguments, s.flags...)...)
	command.Dir = s.dir
	command.Env = append(os.Environ(), variable)
	return command
}

// cheapTest is the largest CPU time of a test that runs in the first group.
const cheapTest = time.Second

// judge runs the tests of the suite that run the code of the mutant with this id, and returns the mutant's verdict. It
// runs the cheap tests first, because they kill most mutants.
func (s *suite) judge(ctx context.Context, id int) (verdict, error) {
	var cheap, costly []*test
	for _, t := range s.tests {
		switch {
		case t.reached[id] == 0:
		case t.cpu <= cheapTest:
			cheap = append(cheap, t)
		default:
			costly = append(costly, t)
		}
	}
	result := notCovered
	for _, tests := range [][]*test{cheap, costly} {
		if len(tests) == 0 {
			continue
		}
		v, err := s.judgeBy(ctx, id, tests)
		if err != nil || v != lived {
			return v, err
		}
		result = v
	}
	return result, nil
}

// judgeBy runs some tests of the suite with the mutant, and returns its verdict.
func (s *suite) judgeBy(ctx context.Context, id int, tests []*test) (verdict, error) {
	var names []string
	var cpu time.Duration
	for _, t := range tests {
		names, cpu = append(names, t.name), cpu+t.cpu
	}
	seconds := cpuSeconds + int(math.Ceil(cpuFactor*cpu.Seconds()))
	limited, cancel := context.WithTimeout(ctx, time.Duration(wallSeconds+10*seconds)*time.Second)
	defer cancel()
	command := s.command(limited, names, mutant.ActiveVariable+"="+strconv.Itoa(id))
	command.Args = append([]string{
		"sh", "-c", fmt.Sprintf(`ulimit -t %d; ulimit -v %d; exec "$@"`, seconds, maxMemory), "sh",
	}, append([]string{command.Path}, command.Args[1:]...)...)
	command.Path = "/bin/sh"
	err := command.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return lived, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case !errors.As(err, &exit):
		return "", err
	case exit.ExitCode() < 0: // a signal: the limit of the CPU time, or the end of the context
		return timedOut, nil
	}
	return killed, nil
}

// judge runs the tests of the mutant's own package first, and then those of the other packages under test. It stops
// after the first package whose tests fail or do not end, and stores the verdict in m.
func judge(ctx context.Context, suites []*suite, m *judged) error {
	m.verdict = notCovered
	for _, s := range m.order(suites) {
		v, err := s.judge(ctx, m.id)
		if err != nil {
			return fmt.Errorf("running the tests of %s: %w", s.pkg, err)
		}
		if v != notCovered {
			m.verdict = v
		}
		if v == killed || v == timedOut {
			m.by = s.pkg
			return nil
		}
	}
	return nil
}

// judged is a mutant with its result.
type judged struct {
	*mutation

	verdict verdict
	by      string // the package whose tests decided, if a test failed or did not end
}

// order returns the suites. The suite of the mutant's package is the first one.
func (m *judged) order(suites []*suite) []*suite {
	ordered := slices.Clone(suites)
	slices.SortStableFunc(ordered, func(a, b *suite) int {
		switch m.pkg {
		case a.pkg:
			return -1
		case b.pkg:
			return 1
		}
		return 0
	})
	return ordered
}
