package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// row is one row of a result table. Most rows compare the service with a reference measurement. The other rows contain
// only results of the service.
type row struct {
	what, against string
	pairs         []pair // the results of all rounds; nil if there is no reference measurement
	reach         string // the target of the measurement, for example "≥ 0.5"; "" if there is none
	also          string // further observations
}

// pair contains the results of one round. In a round, first the service is measured, and then the reference.
type pair struct{ ours, reference float64 }

func (p pair) ratio() float64 { return p.ours / p.reference }

// variant measures either the service or the reference in a comparison. It returns a number, usually a rate. It takes
// about as many seconds as the flag -seconds says.
type variant func(ctx context.Context) (float64, error)

// turns measures the service (ours) and the reference alternately: first in a warm-up round, and then in b.rounds
// rounds. label names the comparison in messages.
func (b *bench) turns(ctx context.Context, label string, ours, reference variant) ([]pair, error) {
	var pairs []pair
	for round := range b.rounds + 1 {
		var p pair
		var err error
		if p.ours, err = ours(ctx); err != nil {
			return nil, fmt.Errorf("%s, ours: %w", label, err)
		}
		if p.reference, err = reference(ctx); err != nil {
			return nil, fmt.Errorf("%s, reference: %w", label, err)
		}
		b.logf("%-40s round %d: ours %.4g, reference %.4g, ratio %.2f", label, round, p.ours, p.reference, p.ratio())
		if round > 0 { // the results of the first round, a warm-up, are discarded
			pairs = append(pairs, p)
		}
	}
	return pairs, nil
}

// versus measures the service (ours) and a program for comparison (reference), in turns. It returns r with the results.
func (b *bench) versus(ctx context.Context, r row, ours, reference variant) (row, error) {
	var err error
	r.pairs, err = b.turns(ctx, r.what, ours, reference)
	return r, err
}

func ratios(pairs []pair) []float64 {
	all := make([]float64, len(pairs))
	for i, p := range pairs {
		all[i] = p.ratio()
	}
	slices.Sort(all)
	return all
}

// median returns the median of the numbers, or 0 if there are none. The numbers need not be sorted.
func median(figures []float64) float64 {
	if len(figures) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(figures))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// table prints the table of a section in Markdown.
func (b *bench) table(s section, rows []row, took time.Duration) {
	b.printf(
		"\n### %s\n\n`go run ./test/bench -only %s -rounds %d -seconds %d`, %v\n\n",
		s.title,
		s.name,
		b.rounds,
		b.seconds,
		took.Round(time.Second),
	)
	b.printf("| what | reference | ratio, median | spread | reach | also |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		ratio, spread := "", ""
		if all := ratios(r.pairs); len(all) > 0 {
			ratio, spread = fmt.Sprintf("%.2f", median(all)), fmt.Sprintf("%.2f–%.2f", all[0], all[len(all)-1])
		}
		b.printf("| %s | %s | %s | %s | %s | %s |\n", r.what, r.against, ratio, spread, r.reach, r.also)
	}
}

// machine returns a description of the machine on which the ratios are measured.
func machine() string {
	cpu := "unknown processor"
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(raw)) {
			if name, found := strings.CutPrefix(line, "model name"); found {
				cpu = strings.Trim(name, "\t :\n")
				break
			}
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	load, _ := os.ReadFile("/proc/loadavg")
	postgres := "no PostgreSQL"
	if path, err := pgbenchPath(); err == nil {
		said, _ := exec.Command(path, "--version").Output()
		postgres = strings.TrimSpace(string(said))
	}
	return fmt.Sprintf("Machine: %s, %d cores, Linux %s, %s, %s; load average before: %s.", cpu, runtime.NumCPU(),
		strings.TrimSpace(string(kernel)), runtime.Version(), postgres, strings.TrimSpace(string(load)))
}
