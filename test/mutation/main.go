// Command mutation changes the code of the core in small ways, and counts the changes that make a test fail.
//
//	go run ./test/mutation                                     # 2,000 mutants of domain/...
//	go run ./test/mutation -sample 0 -list                     # list all mutants, and run nothing
//	go run ./test/mutation -sample 0 ./domain/records          # all mutants of one package
//	go run ./test/mutation -planted                            # twelve known defects of the rules of the records
//
// A mutant is one change of an operator or of a statement; see the kinds. All selected mutants are compiled into the
// same test binaries, so the tests are compiled only once. An environment variable contains the number of the active
// mutant (package mutant). Constants, generated code and code outside of the named packages are not changed.
//
// The command first runs each test alone, and records the mutants whose code the test runs. For each mutant, it then
// runs only the tests that run the mutant's code. It begins with the tests of the mutant's package. If they pass, it
// runs the tests of the other named packages.
//
//   - Coverage is the share of the mutants whose code a test runs.
//   - Efficacy is the share of the mutants that make a test fail, among the mutants whose code a test runs. It excludes
//     mutants with which the tests exceed their limit of CPU time, for example in an endless loop. The command prints
//     these mutants.
//
// The same seed, sample and code select the same mutants.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	module        = "github.com/LerianStudio/aggregator-connections"
	mutantPackage = module + "/test/mutation/mutant"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(os.Stderr, "mutation:", err)
		os.Exit(1)
	}
}

// options are the flags of the command.
type options struct {
	seed               uint64
	sample, workers    int
	efficacy, coverage float64
	list, planted      bool
	patterns           []string
}

func parseOptions(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("mutation", flag.ContinueOnError)
	flags.Uint64Var(&o.seed, "seed", 1, "selects the mutants")
	flags.IntVar(&o.sample, "sample", 2000, "how many mutants are selected; 0 selects all")
	flags.IntVar(&o.workers, "workers", 2, "how many mutants run at the same time")
	flags.Float64Var(&o.efficacy, "efficacy", 95, "fail below this efficacy, in percent")
	flags.Float64Var(&o.coverage, "coverage", 90, "fail below this coverage, in percent")
	flags.BoolVar(&o.list, "list", false, "list the selected mutants, and run nothing")
	flags.BoolVar(&o.planted, "planted", false, "plant the known defects of the rules of the records instead")
	if err := flags.Parse(arguments); err != nil {
		return options{}, err
	}
	if o.patterns = flags.Args(); len(o.patterns) == 0 {
		o.patterns = []string{"./domain/..."}
	}
	return o, nil
}

func run(ctx context.Context, arguments []string, out io.Writer) error {
	o, err := parseOptions(arguments)
	if err != nil {
		return err
	}
	if o.planted {
		return plantDefects(ctx, out, o.patterns)
	}
	packages, err := list(false, o.patterns...)
	if err != nil {
		return err
	}
	files, all, err := findAll(packages, o.patterns)
	if err != nil {
		return err
	}
	selected := choose(all, o.sample, o.seed)
	_, _ = fmt.Fprintf(
		out,
		"%d of %d mutants in %d packages, seed %d\n",
		len(selected),
		len(all),
		len(packages),
		o.seed,
	)
	if o.list {
		for _, m := range selected {
			_, _ = fmt.Fprintln(out, m)
		}
		return nil
	}
	dir, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	replaced, err := overlay(dir, files, selected)
	if err != nil {
		return err
	}
	suites, err := build(dir, replaced, packages)
	if err != nil {
		return err
	}
	for _, s := range suites {
		failed, err := s.trace(ctx, dir, len(selected))
		if err != nil {
			return err
		}
		for _, name := range failed {
			_, _ = fmt.Fprintln(out, "left out, because it fails without a mutant:", name)
		}
	}
	results, err := judgeAll(ctx, out, suites, selected, o.workers)
	if err != nil {
		return err
	}
	return report(out, results, o)
}

// choose returns a random sample of the mutants, in their original order, and assigns ids to them, starting with 1.
func choose(all []*mutation, sample int, seed uint64) []*mutation {
	chosen := slices.Clone(all)
	if sample > 0 && sample < len(all) {
		var drawn []*mutation
		for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(len(all))[:sample] { // #nosec G404 -- reproducible
			drawn = append(drawn, all[i])
		}
		chosen = slices.DeleteFunc(chosen, func(m *mutation) bool { return !slices.Contains(drawn, m) })
	}
	for i, m := range chosen {
		m.id = i + 1
	}
	return chosen
}

// judgeAll determines the verdict of each mutant by running the tests, and prints every mutant that no test has
// killed.
func judgeAll(
	ctx context.Context, out io.Writer, suites []*suite, selected []*mutation, workers int,
) ([]*judged, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	results := make([]*judged, len(selected))
	next := make(chan int)
	var wait sync.WaitGroup
	var printing sync.Mutex
	begun, done := time.Now(), 0
	for range max(workers, 1) {
		wait.Go(func() {
			for i := range next {
				m := &judged{mutation: selected[i]}
				if err := judge(ctx, suites, m); err != nil {
					cancel(err)
					return
				}
				printing.Lock()
				results[i] = m
				if m.verdict != killed {
					_, _ = fmt.Fprintf(out, "%-11s %s\n", m.verdict, m)
				}
				if done++; done%100 == 0 {
					_, _ = fmt.Fprintf(out, "%d judged after %s\n", done, time.Since(begun).Round(time.Second))
				}
				printing.Unlock()
			}
		})
	}
	for i := range selected {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	wait.Wait()
	return results, context.Cause(ctx)
}

// String returns the place of the mutant, its kind and the code that it changes.
func (m *mutation) String() string {
	name := m.file
	if dir, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(dir, m.file); err == nil {
			name = relative
		}
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", name, m.position.Line, m.position.Column, m.kind, m.text)
}

// report prints the numbers for each package and kind. It returns an error if the efficacy or the coverage is too low.
func report(out io.Writer, results []*judged, o options) error {
	_, _ = fmt.Fprintf(out, "\n%-44s %8s %8s %6s %12s %10s %9s\n",
		"", "mutants", "killed", "lived", "not covered", "timed out", "efficacy")
	groups := map[string][]*judged{}
	for _, m := range results {
		groups[strings.TrimPrefix(m.pkg, module+"/")] = append(groups[strings.TrimPrefix(m.pkg, module+"/")], m)
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		countVerdicts(groups[name]).write(out, name)
	}
	for _, k := range kinds {
		of := slices.DeleteFunc(slices.Clone(results), func(m *judged) bool { return m.kind != k })
		countVerdicts(of).write(out, string(k))
	}
	n := countVerdicts(results)
	n.write(out, "all")
	_, _ = fmt.Fprintf(out, "\nefficacy %.2f %%, coverage %.2f %%; "+
		"%d mutants were killed only by the tests of another package\n", n.efficacy(), n.coverage(), n.elsewhere)
	if n.efficacy() < o.efficacy || n.coverage() < o.coverage {
		return fmt.Errorf("the bounds are %.0f %% efficacy and %.0f %% coverage", o.efficacy, o.coverage)
	}
	return nil
}

// numbers counts mutants by their verdict.
type numbers struct {
	killed, lived, notCovered, timedOut int
	elsewhere                           int // part of killed: a test of another package failed
}

func countVerdicts(of []*judged) (n numbers) {
	for _, m := range of {
		switch m.verdict {
		case killed:
			n.killed++
			if m.by != m.pkg {
				n.elsewhere++
			}
		case lived:
			n.lived++
		case notCovered:
			n.notCovered++
		case timedOut:
			n.timedOut++
		}
	}
	return n
}

func (n numbers) all() int { return n.killed + n.lived + n.notCovered + n.timedOut }

// efficacy returns the share of the killed mutants among those that were killed or lived, in percent.
func (n numbers) efficacy() float64 { return percent(n.killed, n.killed+n.lived) }

// coverage returns the share of the covered mutants, in percent.
func (n numbers) coverage() float64 { return percent(n.all()-n.notCovered, n.all()) }

func percent(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

func (n numbers) write(out io.Writer, name string) {
	_, _ = fmt.Fprintf(out, "%-44s %8d %8d %6d %12d %10d %7.1f %%\n",
		name, n.all(), n.killed, n.lived, n.notCovered, n.timedOut, n.efficacy())
}
