package main

import (
	"math"
	"strings"
	"testing"
)

const printed = `Machine: 2 cores.

    accepts, 32 clients                      round 0: ours 1, reference 1, ratio 1.00
    accepts, 32 clients                      round 1: ours %OURS%, reference 2e+04, ratio 0.50
    webhook sent → row readable, SQLite: 40.0 ms, reference 0.5 ms

| idle memory, SQLite |  |  |  | ≤ 45 MiB | 41 MiB resident |
`

// read returns the comparison of two runs whose outputs differ only in the result of the service.
func read(section, this, earlier string) *comparison {
	c := &comparison{section: section, rounds: map[string][]pair{}}
	now := c.parse(strings.ReplaceAll(printed, "%OURS%", this))
	before := c.parse(strings.ReplaceAll(printed, "%OURS%", earlier))
	for _, what := range c.order {
		c.rounds[what] = append(c.rounds[what], pair{middle(now[what]), middle(before[what])})
	}
	return c
}

func TestComparison(t *testing.T) {
	for _, test := range []struct {
		name, section, this, earlier string
		ratio                        float64
		worse                        int
	}{
		{"a rate that fell", "accepts", "8000", "1e+04", 0.8, 1},
		{"a rate that fell a little", "accepts", "9100", "1e+04", 0.91, 0},
		{"a rate that rose", "accepts", "2e+04", "1e+04", 2, 0},
		{"a time that rose", "growth", "12", "10", 10.0 / 12, 1},
		{"a time that fell", "growth", "5", "10", 2, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := read(test.section, test.this, test.earlier)
			got := c.ratios("accepts, 32 clients", false)
			if len(got) != 1 || math.Abs(got[0]-test.ratio) > 1e-9 {
				t.Errorf("ratios %v, want %v", got, test.ratio)
			}
			if worse := c.worse(); len(worse) != test.worse {
				t.Errorf("worse: %q, want %d rows", worse, test.worse)
			}
			if len(c.order) != 3 {
				t.Errorf("rows %q, want the accepts, the time and the memory", c.order)
			}
		})
	}
}
