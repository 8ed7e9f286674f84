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
			e := serve(t, pluggysim.Options{})
			f.Path, f.Kind = list, pluggysim.FaultStatus
			e.inject(f)
			got := e.get(list + bank)
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
			if again := e.get(list + bank).status; again != 200 {
				t.Errorf("the fault was injected twice: %d", again)
			}
		})
	}
}

func TestFaultNumberIsSentUnchanged(t *testing.T) {
	for _, value := range []string{"", `"NaN"`, "NaN", "12345678901234567890.12", "1e400"} {
		e := serve(t, pluggysim.Options{})
		e.inject(pluggysim.Fault{Path: list, Kind: pluggysim.FaultNumber, Value: value})
		want := `"amount":` + map[bool]string{true: "1e400", false: value}[value == ""] + ","
		if got := string(e.get(list + bank).body); strings.Count(got, want) != 5 {
			t.Errorf("%s missing in %.300s", want, got)
		}
	}
}

func TestFaultEndlessNeverRepeatsACursor(t *testing.T) {
	e := serve(t, pluggysim.Options{PageSize: 3})
	e.inject(pluggysim.Fault{Path: list, Kind: pluggysim.FaultEndless, Times: -1})
	query, last := bank, ""
	for i := range 10 {
		var page transactionPage
		e.get(list + query).decode(&page)
		if page.Next == nil || *page.Next == last || len(page.Results) == 0 {
			t.Fatalf("page %d: %d rows, next %v", i, len(page.Results), page.Next)
		}
		if i%2 == 1 {
			last = *page.Next
		}
		query = *page.Next
	}
}

func TestFaultNextHostChangesNext(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	e.inject(pluggysim.Fault{Path: list, Kind: pluggysim.FaultNextHost},
		pluggysim.Fault{Path: list, Kind: pluggysim.FaultNextHost, Value: "//evil.invalid/?after=x"})
	for _, want := range []string{"https://elsewhere.invalid/", "//evil.invalid/"} {
		var page transactionPage
		e.get(list + bank).decode(&page)
		if page.Next == nil || !strings.HasPrefix(*page.Next, want) || len(page.Results) != 5 {
			t.Errorf("next %v, want %s…", page.Next, want)
		}
	}
}

func TestFaultExpireExpiresTheKeyBetweenPages(t *testing.T) {
	e := serve(t, pluggysim.Options{PageSize: 2})
	e.inject(pluggysim.Fault{Path: list, Kind: pluggysim.FaultExpire, Skip: 1})
	var page transactionPage
	e.get(list + bank).decode(&page)
	second := e.get(list + *page.Next)
	if second.status != 403 {
		t.Fatalf("second page: %d", second.status)
	}
	e.login()
	if got := e.get(list + *page.Next).status; got != 200 {
		t.Errorf("after a new key: %d", got)
	}
}

func TestFaultsAreQueuedByPath(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	e.inject(
		pluggysim.Fault{Path: list, Kind: pluggysim.FaultStatus, Status: 502},
		pluggysim.Fault{Path: list, Kind: pluggysim.FaultStatus, Status: 503, Times: 2},
	)
	if got := e.get("/items/" + pluggysim.DemoItemID).status; got != 200 {
		t.Errorf("another path: %d", got)
	}
	var got []int
	for range 4 {
		got = append(got, e.get(list+bank).status)
	}
	if diff := cmp.Diff([]int{502, 503, 503, 200}, got); diff != "" {
		t.Error(diff)
	}
	e.inject(pluggysim.Fault{Kind: pluggysim.FaultStatus, Times: -1})
	e.ClearFaults()
	if got := e.get(list + bank).status; got != 200 {
		t.Errorf("status %d after ClearFaults", got)
	}
}

func TestTheProbabilityOfAFaultDependsOnTheSeed(t *testing.T) {
	draw := func() (statuses []int, failed int) {
		e := serve(t, pluggysim.Options{})
		e.inject(pluggysim.Fault{Kind: pluggysim.FaultStatus, Times: -1, Probability: 0.3})
		for range 100 {
			statuses = append(statuses, e.get(list+bank).status)
			if statuses[len(statuses)-1] == 500 {
				failed++
			}
		}
		return statuses, failed
	}
	first, failed := draw()
	second, _ := draw()
	if !cmp.Equal(first, second) || failed < 15 || failed > 45 {
		t.Errorf("%d of 100 failed, the same with the same seed: %v", failed, cmp.Equal(first, second))
	}
}

func TestTransportFaultsAffectTheVendorAPI(t *testing.T) {
	for name, test := range map[string]struct {
		fault pluggysim.Fault
		whole bool // whether the response contains all rows unchanged
	}{
		"drip":     {pluggysim.Fault{Kind: pluggysim.FaultDrip, Size: 512, DelayMs: 1}, true},
		"oversize": {pluggysim.Fault{Kind: pluggysim.FaultOversize, Size: 1 << 20}, true},
		"cut":      {pluggysim.Fault{Kind: pluggysim.FaultCut}, false},
		"html":     {pluggysim.Fault{Kind: pluggysim.FaultHTML}, false},
		"types":    {pluggysim.Fault{Kind: pluggysim.FaultTypes}, false},
		"redirect": {pluggysim.Fault{Kind: pluggysim.FaultRedirect}, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, pluggysim.Options{})
			test.fault.Path = list
			e.inject(test.fault)
			got := e.get(list + bank)
			var page transactionPage
			whole := got.err == nil && json.Unmarshal(got.body, &page) == nil && len(page.Results) == 5
			if whole != test.whole || e.Stats().Faults != 1 {
				t.Errorf("whole is %v, %v: %.80s", whole, got.err, got.body)
			}
		})
	}
}
