package main

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// bound is the smallest ratio that is accepted.
const bound = 0.9

// figures contains the results of one run of a benchmark section, by the name of the row in the result table. A row
// that was measured more than once within the run has several figures.
type figures map[string][]figure

// figure contains the results of one measurement of a row: ours is the result of the service, and reference is the
// result of the reference. test/bench measures them alternately. reference is 0 if the row has no reference.
type figure struct{ ours, reference float64 }

// comparison contains the results of one benchmark section for the two versions that are compared.
type comparison struct {
	section string
	order   []string // names of the rows, as they were printed first
	rounds  map[string][]pair
}

// pair is the result of one round: the medians of both versions.
type pair struct{ this, earlier figure }

// measure runs the benchmark section once with each version.
func (c *comparison) measure(ctx context.Context, round, seconds int, this, earlier version) error {
	versions := []version{this, earlier}
	if round%2 == 1 {
		slices.Reverse(versions)
	}
	results := map[string]figures{}
	for _, v := range versions {
		out, err := command(
			ctx, v.folder, v.bench, "-v", "-only", c.section, "-rounds", "1", "-seconds", strconv.Itoa(seconds),
		)
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		results[v.name] = c.parse(out)
	}
	if c.rounds == nil {
		c.rounds = map[string][]pair{}
	}
	for _, what := range c.order {
		now, before := results[this.name][what], results[earlier.name][what]
		if len(now) > 0 && len(before) > 0 {
			c.rounds[what] = append(c.rounds[what], pair{middle(now), middle(before)})
		}
	}
	return nil
}

var (
	// turn matches a line that test/bench prints for a measurement and its reference. Round 0 is a warm-up.
	turn = regexp.MustCompile(`^ {4}(\S.*?) +round (\d+): ours (\S+), reference (\S+), ratio`)
	// moment matches a line that test/bench prints for a measured duration.
	moment = regexp.MustCompile(`^ {4}(\S.*): (\S+) ms, reference (\S+) ms`)
	// size matches a row of a result table without a reference.
	size = regexp.MustCompile(`^\| (binary|idle memory)([^|]*?) \|.*\| ([0-9.]+) MiB`)
)

// parse parses the output of a run of test/bench, and appends the names of new rows to c.order.
func (c *comparison) parse(out string) figures {
	all := figures{}
	add := func(what, ours, reference string) {
		f := figure{}
		var errs [2]error
		f.ours, errs[0] = strconv.ParseFloat(ours, 64)
		f.reference, errs[1] = strconv.ParseFloat(reference, 64)
		if errs != [2]error{} {
			return
		}
		all[what] = append(all[what], f)
		if !slices.Contains(c.order, what) {
			c.order = append(c.order, what)
		}
	}
	for line := range strings.Lines(out) {
		if m := turn.FindStringSubmatch(line); m != nil {
			if m[2] != "0" {
				add(m[1], m[3], m[4])
			}
		} else if m := moment.FindStringSubmatch(line); m != nil {
			add(m[1], m[2], m[3])
		} else if m := size.FindStringSubmatch(line); m != nil {
			add(m[1]+m[2], m[3], "0")
		}
	}
	return all
}

// less reports whether smaller results are better in the given row of the table. This is the case for times and
// sizes.
func (c *comparison) less(what string) bool {
	switch c.section {
	case "latency", "routing", "growth", "footprint":
		return true
	}
	return strings.Contains(what, "time / time")
}

// ratios returns, for each round, how much better this version is than the earlier one: 2 is twice as fast, or half as
// large. If reference is set, it compares how fast the reference was in the rounds of both versions. This shows how
// steady the machine was.
func (c *comparison) ratios(what string, reference bool) []float64 {
	var all []float64
	for _, p := range c.rounds[what] {
		now, before := p.this.ours, p.earlier.ours
		if reference {
			now, before = p.this.reference, p.earlier.reference
		}
		if now <= 0 || before <= 0 {
			continue
		}
		if c.less(what) {
			now, before = before, now
		}
		all = append(all, now/before)
	}
	return slices.Sorted(slices.Values(all))
}

// table returns the results as a table in Markdown.
func (c *comparison) table() string {
	var out strings.Builder
	fmt.Fprintf(&out, "\n### %s\n\n| what | this | before | ratio | spread | reference |\n|---|---|---|---|---|---|\n",
		c.section)
	for _, what := range c.order {
		all := c.ratios(what, false)
		if len(all) == 0 {
			fmt.Fprintf(&out, "| %s | | | in one version only | | |\n", what)
			continue
		}
		var now, before []figure
		for _, p := range c.rounds[what] {
			now, before = append(now, p.this), append(before, p.earlier)
		}
		steady := ""
		if references := c.ratios(what, true); len(references) > 0 {
			steady = fmt.Sprintf("%.2f", references[len(references)/2])
		}
		fmt.Fprintf(&out, "| %s | %.4g | %.4g | %.2f | %.2f–%.2f | %s |\n",
			what, middle(now).ours, middle(before).ours, all[len(all)/2], all[0], all[len(all)-1], steady)
	}
	return out.String()
}

// worse returns the names of the rows whose median ratio is below the constant bound.
func (c *comparison) worse() []string {
	var rows []string
	for _, what := range c.order {
		if all := c.ratios(what, false); len(all) > 0 && all[len(all)/2] < bound {
			rows = append(rows, fmt.Sprintf("%s: %s (%.2f)", c.section, what, all[len(all)/2]))
		}
	}
	return rows
}

// middle returns the figure with the median result of the service. The list must not be empty.
func middle(list []figure) figure {
	sorted := slices.SortedFunc(slices.Values(list), func(a, b figure) int { return cmp.Compare(a.ours, b.ours) })
	return sorted[len(sorted)/2]
}
