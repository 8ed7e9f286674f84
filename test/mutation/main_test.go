package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheSample judges all mutants of testdata/sample, which has at least one mutant of each kind and of each verdict.
func TestTheSample(t *testing.T) {
	var out strings.Builder
	err := run(t.Context(), []string{"-sample", "0", "-efficacy", "90", "-coverage", "80", "./testdata/sample"}, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		`left out, because it fails without a mutant: .*testdata/sample\.TestThatFails`,
		`lived +testdata/sample/sample\.go:10:7: boundary: n > limit`,
		`not covered testdata/sample/sample\.go:39:3: statement: all = all \+ ","`,
		`timed out +testdata/sample/sample\.go:23:27: increment: i\+\+`,
		`\d+ of \d+ mutants in 1 packages, seed 1`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("the output does not match %q", want)
		}
	}
	for _, kind := range kinds {
		if !regexp.MustCompile(`(?m)^` + string(kind) + ` +[1-9]`).MatchString(out.String()) {
			t.Errorf("the sample has no mutant of the kind %s", kind)
		}
	}
	if n := strings.Count(out.String(), "\nlived "); n != 1 {
		t.Errorf("%d mutants lived, want 1", n)
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

func TestALowEfficacyFails(t *testing.T) {
	results := []*judged{
		{mutation: &mutation{pkg: "a"}, verdict: killed, by: "a"},
		{mutation: &mutation{pkg: "a"}, verdict: killed, by: "b"},
		{mutation: &mutation{pkg: "a"}, verdict: lived},
		{mutation: &mutation{pkg: "a"}, verdict: timedOut, by: "a"},
		{mutation: &mutation{pkg: "a"}, verdict: notCovered},
	}
	n := countVerdicts(results)
	if got := int(n.efficacy()); got != 66 {
		t.Errorf("the efficacy is %d %%, want 66 %%: a mutant that timed out does not count", got)
	}
	if got := int(n.coverage()); got != 80 {
		t.Errorf("the coverage is %d %%, want 80 %%", got)
	}
	for _, bounds := range []struct {
		efficacy, coverage float64
		pass               bool
	}{{66, 80, true}, {67, 80, false}, {66, 81, false}} {
		o := options{efficacy: bounds.efficacy, coverage: bounds.coverage}
		if err := report(&strings.Builder{}, results, o); (err == nil) != bounds.pass {
			t.Errorf("%+v: %v", bounds, err)
		}
	}
}

func TestASeedSelectsTheSameMutants(t *testing.T) {
	draw := func(seed uint64) (ids []int) {
		all := make([]*mutation, 100)
		for i := range all {
			all[i] = &mutation{}
		}
		for _, m := range choose(all, 10, seed) {
			ids = append(ids, slices.Index(all, m))
		}
		return ids
	}
	if first := draw(1); !slices.Equal(first, draw(1)) || slices.Equal(first, draw(2)) || len(first) != 10 {
		t.Errorf("drew %v, then %v, and %v with another seed", first, draw(1), draw(2))
	}
}
