package simfault_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/simfault"
)

func TestQueue(t *testing.T) {
	down := func(f simfault.Fault, status int) simfault.Fault {
		f.Kind, f.Status = simfault.Status, status
		return f
	}
	for name, test := range map[string]struct {
		faults []simfault.Fault
		want   []int
	}{
		"none":                     {nil, []int{200, 200}},
		"zero times means once":    {[]simfault.Fault{down(simfault.Fault{}, 500)}, []int{500, 200}},
		"times":                    {[]simfault.Fault{down(simfault.Fault{Times: 2}, 500)}, []int{500, 500, 200}},
		"for ever":                 {[]simfault.Fault{down(simfault.Fault{Times: -1}, 500)}, []int{500, 500, 500, 500}},
		"skip":                     {[]simfault.Fault{down(simfault.Fault{Skip: 2}, 500)}, []int{200, 200, 500, 200}},
		"in order":                 {[]simfault.Fault{down(simfault.Fault{}, 500), down(simfault.Fault{}, 429)}, []int{500, 429, 200}},
		"another path":             {[]simfault.Fault{down(simfault.Fault{Path: "/b/"}, 500)}, []int{200}},
		"a star is one segment":    {[]simfault.Fault{down(simfault.Fault{Path: "/*"}, 500)}, []int{200}},
		"a pattern":                {[]simfault.Fault{down(simfault.Fault{Path: "/a/*"}, 500)}, []int{500}},
		"a later one that matches": {[]simfault.Fault{down(simfault.Fault{Path: "/b/"}, 500), down(simfault.Fault{Path: "/a/x"}, 429)}, []int{429, 200}},
	} {
		t.Run(name, func(t *testing.T) {
			_, server := misbehaving(t, test.faults...)
			if diff := cmp.Diff(test.want, statuses(t, server, "/a/x", len(test.want))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProbabilityIsDrawnFromTheSeed(t *testing.T) {
	var runs [2][]int
	for at := range runs {
		_, server := misbehaving(t, simfault.Fault{Kind: simfault.Status, Status: 500, Times: -1, Probability: 0.3})
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

func TestPendingShowsWhatIsLeft(t *testing.T) {
	injector, server := misbehaving(t, simfault.Fault{Kind: simfault.Status, Status: 500, Times: 3})
	statuses(t, server, "/", 1)
	want := []simfault.Fault{{Kind: simfault.Status, Status: 500, Times: 2}}
	if diff := cmp.Diff(want, injector.Pending()); diff != "" || injector.Injected() != 1 {
		t.Errorf("%d injected, %s", injector.Injected(), diff)
	}
	injector.Clear()
	if left := injector.Pending(); left == nil || len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestImpossibleFaultsAreRefusedTogether(t *testing.T) {
	injector := simfault.New(1, simfault.Vendor{})
	good := simfault.Fault{Kind: simfault.Cut}
	for name, bad := range map[string]simfault.Fault{
		"kind":        {Kind: "earthquake"},
		"no kind":     {},
		"pattern":     {Kind: simfault.Cut, Path: "[/"},
		"status":      {Kind: simfault.Status, Status: 42},
		"informative": {Kind: simfault.Status, Status: 101},
		"probability": {Kind: simfault.Cut, Probability: 1.5},
		"size":        {Kind: simfault.Oversize, Size: -1},
		"delay":       {Kind: simfault.Drip, DelayMs: -1},
		"skip":        {Kind: simfault.Cut, Skip: -1},
	} {
		if err := injector.Inject(good, bad); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if left := injector.Pending(); len(left) != 0 {
		t.Errorf("queued %v", left)
	}
}
