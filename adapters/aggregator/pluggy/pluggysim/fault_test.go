package pluggysim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

const list = "/v2/transactions"

func TestStatusFault(t *testing.T) {
	for name, f := range map[string]pluggysim.Fault{
		"429 with Retry-After":    {Status: 429, RetryAfter: "7"},
		"429 without Retry-After": {Status: 429, Header: map[string]string{"RateLimit-Reset": "9"}},
		"500":                     {},
		"502":                     {Status: 502},
		"503":                     {Status: 503, RetryAfter: "Fri, 20 Nov 2026 12:00:30 GMT"},
	} {
		t.Run(name, func(t *testing.T) {
			b := serve(t, pluggysim.Options{})
			f.Path, f.Kind = list, pluggysim.FaultStatus
			b.inject(f)
			got := b.get(list + bank)
			if want := map[bool]int{true: 500, false: f.Status}[f.Status == 0]; got.status != want {
				t.Errorf("status %d, want %d", got.status, want)
			}
			if h := got.header.Get("Retry-After"); h != f.RetryAfter {
				t.Errorf("Retry-After %q", h)
			}
			if h := got.header.Get("RateLimit-Reset"); h != f.Header["RateLimit-Reset"] {
				t.Errorf("RateLimit-Reset %q", h)
			}
			golden(t, map[bool]string{true: "error_429", false: "error_500"}[f.Status == 429], got.body)
			if again := b.get(list + bank).status; again != 200 {
				t.Errorf("fault fired twice: %d", again)
			}
		})
	}
}

func TestOddNumbersComeUnchecked(t *testing.T) {
	for _, value := range []string{"", `"NaN"`, "NaN", "12345678901234567890.12", "1e400"} {
		b := serve(t, pluggysim.Options{})
		b.inject(pluggysim.Fault{Path: list, Kind: pluggysim.FaultNumber, Value: value})
		want := `"amount":` + map[bool]string{true: "1e400", false: value}[value == ""] + ","
		if got := string(b.get(list + bank).body); strings.Count(got, want) != 5 {
			t.Errorf("%s missing in %.300s", want, got)
		}
	}
}

func TestEndlessNeverRepeatsItsCursor(t *testing.T) {
	b := serve(t, pluggysim.Options{PageSize: 3})
	b.inject(pluggysim.Fault{Path: list, Kind: pluggysim.FaultEndless, Times: -1})
	query, last := bank, ""
	for i := range 10 {
		var page listing
		b.get(list + query).decode(&page)
		if page.Next == nil || *page.Next == last || len(page.Results) == 0 {
			t.Fatalf("page %d: %d rows, next %v", i, len(page.Results), page.Next)
		}
		if i%2 == 1 {
			last = *page.Next
		}
		query = *page.Next
	}
}

func TestNextLeadsAstray(t *testing.T) {
	b := serve(t, pluggysim.Options{})
	b.inject(pluggysim.Fault{Path: list, Kind: pluggysim.FaultNextHost},
		pluggysim.Fault{Path: list, Kind: pluggysim.FaultNextHost, Value: "//evil.invalid/?after=x"})
	for _, want := range []string{"https://elsewhere.invalid/", "//evil.invalid/"} {
		var page listing
		b.get(list + bank).decode(&page)
		if page.Next == nil || !strings.HasPrefix(*page.Next, want) || len(page.Results) != 5 {
			t.Errorf("next %v, want %s…", page.Next, want)
		}
	}
}

func TestKeyExpiresMidWay(t *testing.T) {
	b := serve(t, pluggysim.Options{PageSize: 2})
	b.inject(pluggysim.Fault{Path: list, Kind: pluggysim.FaultExpire, Skip: 1})
	var page listing
	b.get(list + bank).decode(&page)
	second := b.get(list + *page.Next)
	if second.status != 403 {
		t.Fatalf("second page: %d", second.status)
	}
	b.login()
	if got := b.get(list + *page.Next).status; got != 200 {
		t.Errorf("after a new key: %d", got)
	}
}

func TestFaultsQueueByPath(t *testing.T) {
	b := serve(t, pluggysim.Options{})
	b.inject(
		pluggysim.Fault{Path: list, Kind: pluggysim.FaultStatus, Status: 502},
		pluggysim.Fault{Path: list, Kind: pluggysim.FaultStatus, Status: 503, Times: 2},
	)
	if got := b.get("/items/" + pluggysim.DemoItemID).status; got != 200 {
		t.Errorf("another path: %d", got)
	}
	var got []int
	for range 4 {
		got = append(got, b.get(list+bank).status)
	}
	if diff := cmp.Diff([]int{502, 503, 503, 200}, got); diff != "" {
		t.Error(diff)
	}
	b.inject(pluggysim.Fault{Kind: pluggysim.FaultStatus, Times: -1})
	b.ClearFaults()
	if got := b.get(list + bank).status; got != 200 {
		t.Errorf("cleared, yet %d", got)
	}
}

func TestProbabilityFollowsTheSeed(t *testing.T) {
	draw := func() (statuses []int, failed int) {
		b := serve(t, pluggysim.Options{})
		b.inject(pluggysim.Fault{Kind: pluggysim.FaultStatus, Times: -1, Probability: 0.3})
		for range 100 {
			statuses = append(statuses, b.get(list+bank).status)
			if statuses[len(statuses)-1] == 500 {
				failed++
			}
		}
		return statuses, failed
	}
	first, failed := draw()
	second, _ := draw()
	if !cmp.Equal(first, second) || failed < 15 || failed > 45 {
		t.Errorf("%d of 100 failed, same again: %v", failed, cmp.Equal(first, second))
	}
}

func TestTransportFaultsReachTheVendorAPI(t *testing.T) {
	for name, test := range map[string]struct {
		fault pluggysim.Fault
		whole bool // the honest rows arrive
	}{
		"drip":     {pluggysim.Fault{Kind: pluggysim.FaultDrip, Size: 512, DelayMs: 1}, true},
		"oversize": {pluggysim.Fault{Kind: pluggysim.FaultOversize, Size: 1 << 20}, true},
		"cut":      {pluggysim.Fault{Kind: pluggysim.FaultCut}, false},
		"html":     {pluggysim.Fault{Kind: pluggysim.FaultHTML}, false},
		"types":    {pluggysim.Fault{Kind: pluggysim.FaultTypes}, false},
		"redirect": {pluggysim.Fault{Kind: pluggysim.FaultRedirect}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := serve(t, pluggysim.Options{})
			test.fault.Path = list
			b.inject(test.fault)
			got := b.get(list + bank)
			var page listing
			whole := got.err == nil && json.Unmarshal(got.body, &page) == nil && len(page.Results) == 5
			if whole != test.whole || b.Stats().Faults != 1 {
				t.Errorf("whole is %v, %v: %.80s", whole, got.err, got.body)
			}
		})
	}
}
