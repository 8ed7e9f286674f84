package faultinject_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

func TestFirstMatchingFaultOfTheQueueFires(t *testing.T) {
	down := func(f faultinject.Fault, status int) faultinject.Fault {
		f.Kind, f.Status = faultinject.Status, status
		return f
	}
	for name, test := range map[string]struct {
		faults []faultinject.Fault
		want   []int
	}{
		"none":                  {nil, []int{200, 200}},
		"zero times means once": {[]faultinject.Fault{down(faultinject.Fault{}, 500)}, []int{500, 200}},
		"times":                 {[]faultinject.Fault{down(faultinject.Fault{Times: 2}, 500)}, []int{500, 500, 200}},
		"for ever": {
			[]faultinject.Fault{down(faultinject.Fault{Times: -1}, 500)}, []int{500, 500, 500, 500},
		},
		"skip": {
			[]faultinject.Fault{down(faultinject.Fault{Skip: 2}, 500)}, []int{200, 200, 500, 200},
		},
		"in order": {
			[]faultinject.Fault{down(faultinject.Fault{}, 500), down(faultinject.Fault{}, 429)}, []int{500, 429, 200},
		},
		"another path":          {[]faultinject.Fault{down(faultinject.Fault{Path: "/b/"}, 500)}, []int{200}},
		"a star is one segment": {[]faultinject.Fault{down(faultinject.Fault{Path: "/*"}, 500)}, []int{200}},
		"a pattern":             {[]faultinject.Fault{down(faultinject.Fault{Path: "/a/*"}, 500)}, []int{500}},
		"a later one that matches": {
			[]faultinject.Fault{down(faultinject.Fault{Path: "/b/"}, 500), down(faultinject.Fault{Path: "/a/x"}, 429)},
			[]int{429, 200},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, server := newFaultyServer(t, test.faults...)
			if diff := cmp.Diff(test.want, statuses(t, server, "/a/x", len(test.want))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProbabilityIsDrawnFromTheSeed(t *testing.T) {
	var runs [2][]int
	for at := range runs {
		_, server := newFaultyServer(
			t, faultinject.Fault{Kind: faultinject.Status, Status: 500, Times: -1, Probability: 0.3},
		)
		runs[at] = statuses(t, server, "/", 200)
	}
	if diff := cmp.Diff(runs[0], runs[1]); diff != "" {
		t.Errorf("the same seed draws differently: %s", diff)
	}
	failed := 0
	for _, status := range runs[0] {
		if status == 500 {
			failed++
		}
	}
	if failed < 40 || failed > 80 {
		t.Errorf("%d of 200 failed at 0.3", failed)
	}
}

func TestPendingReturnsTheRemainingFaults(t *testing.T) {
	injector, server := newFaultyServer(t, faultinject.Fault{Kind: faultinject.Status, Status: 500, Times: 3})
	statuses(t, server, "/", 1)
	want := []faultinject.Fault{{Kind: faultinject.Status, Status: 500, Times: 2}}
	if diff := cmp.Diff(want, injector.Pending()); diff != "" || injector.Injected() != 1 {
		t.Errorf("%d injected, %s", injector.Injected(), diff)
	}
	injector.Clear()
	if left := injector.Pending(); left == nil || len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestInvalidFaultRejectsTheWholeList(t *testing.T) {
	injector := faultinject.New(1, faultinject.Vendor{})
	good := faultinject.Fault{Kind: faultinject.Cut}
	for name, bad := range map[string]faultinject.Fault{
		"kind":        {Kind: "earthquake"},
		"no kind":     {},
		"pattern":     {Kind: faultinject.Cut, Path: "[/"},
		"status":      {Kind: faultinject.Status, Status: 42},
		"informative": {Kind: faultinject.Status, Status: 101},
		"probability": {Kind: faultinject.Cut, Probability: 1.5},
		"size":        {Kind: faultinject.Oversize, Size: -1},
		"delay":       {Kind: faultinject.Drip, DelayMs: -1},
		"skip":        {Kind: faultinject.Cut, Skip: -1},
	} {
		if err := injector.Inject(good, bad); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if left := injector.Pending(); len(left) != 0 {
		t.Errorf("queued %v", left)
	}
}
