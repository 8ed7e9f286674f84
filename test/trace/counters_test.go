package main

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
)

func TestFunctionsAreReadFromTheOutputOfCovdata(t *testing.T) {
	ran := function{"domain/date.go", 44, "Window.Contains"}
	sent := function{"adapters/sink/webhook/sink.go", 7, "*Sink.send"}
	for line, want := range map[string]function{
		module + "domain/date.go:44:\t\tWindow.Contains\t\t100.0%\n":     ran,
		module + "domain/date.go:44:\t\tWindow.Contains\t\t0.0%\n":       {}, // did not run
		module + "domain/date.go:44:\t\tWindow.Contains\t\t10.0%\n":      ran,
		"total\t\t\t\t(statements)\t\t12.3%\n":                           {},
		"example.com/domain/date.go:44:\t\tWindow.Contains\t\t100.0%\n":  {},
		module + "adapters/sink/webhook/sink.go:7:\t*Sink.send\t71.4%\n": sent,
	} {
		if got, ok := parseFunction(line); got != want || ok != (want != function{}) {
			t.Errorf("%q: %v %t, want %v", line, got, ok, want)
		}
	}
}

func TestTheFilesOfTheSimulatorsAndOfThisCommandAreLeftOut(t *testing.T) {
	for file, want := range map[string]bool{
		"adapters/aggregator/pluggy/pluggysim/model.go": true, "adapters/aggregator/sim/kit/kit.go": true,
		"test/trace/main.go": true, "adapters/aggregator/pluggy/read.go": false, "domain/date.go": false,
	} {
		if got := leftOut.MatchString(file); got != want {
			t.Errorf("%s: left out: %t", file, got)
		}
	}
}

func TestAFunctionIsCalledAsOftenAsItsFirstBlock(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "profile.txt")
	text := "mode: atomic\n" +
		module + "a.go:12.3,14.5 2 40\n" + module + "a.go:10.30,12.2 1 7\n" + module + "a.go:20.18,20.40 1 5\n"
	if err := os.WriteFile(profile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := readBlocks(profile)
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[int]int{9: 7, 10: 7, 20: 5, 21: 0} {
		if got := found["a.go"].from(line); got != want {
			t.Errorf("the function at line %d: %d calls, want %d", line, got, want)
		}
	}
}

func TestOnlyFunctionsOfEachRepetitionCount(t *testing.T) {
	a, b, c := function{"d/a.go", 1, "a"}, function{"d/a.go", 2, "b"}, function{"e/c.go", 1, "c"}
	got := trace{a: 3, b: 1, c: 1}
	got.intersect(trace{a: 2, c: 4, {"d/x.go", 1, "x"}: 1})
	if !maps.Equal(got, trace{a: 2, c: 1}) {
		t.Errorf("got %v", got)
	}
	if files, packages := got.files(); len(files) != 2 || len(packages) != 2 || !packages["e"] {
		t.Errorf("files %v, packages %v", files, packages)
	}
}
