package belvosim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
)

func inject(t *testing.T, sim *belvosim.Simulator, faults ...belvosim.Fault) {
	t.Helper()
	if err := sim.Inject(faults...); err != nil {
		t.Fatal(err)
	}
}

func TestStatusFaultsUseTheVendorsErrors(t *testing.T) {
	for name, test := range map[string]struct {
		fault      belvosim.Fault
		status     int
		code       string
		retryAfter string
	}{
		"throttled":                     {belvosim.Fault{Status: 429, RetryAfter: "7"}, 429, "too_many_requests", "7"},
		"throttled without Retry-After": {belvosim.Fault{Status: 429}, 429, "too_many_requests", ""},
		"neither code nor status":       {belvosim.Fault{}, 500, "unexpected_error", ""},
		"timeout at the institution":    {belvosim.Fault{Status: 408}, 408, "request_timeout", ""},
		"second factor":                 {belvosim.Fault{Status: 428}, 428, "token_required", ""},
		"forbidden":                     {belvosim.Fault{Status: 403}, 403, "access_to_resource_denied", ""},
		"a bad request":                 {belvosim.Fault{Status: 400}, 400, "institution_down", ""},
		"institution unavailable": {
			belvosim.Fault{Code: "institution_unavailable"}, 400, "institution_unavailable", "",
		},
		"institution inactive": {
			belvosim.Fault{Code: "institution_inactive"}, 400, "institution_inactive", "",
		},
		"too many sessions": {belvosim.Fault{Code: "too_many_sessions"}, 400, "too_many_sessions", ""},
		"invalid link":      {belvosim.Fault{Code: "invalid_link"}, 400, "invalid_link", ""},
		"unconfirmed link":  {belvosim.Fault{Code: "unconfirmed_link"}, 400, "unconfirmed_link", ""},
		"operational limits": {
			belvosim.Fault{Code: "operational_limits_reached"}, 400, "operational_limits_reached", "",
		},
		"a code with its own status": {
			belvosim.Fault{Code: "institution_down", Status: 503}, 503, "institution_down", "",
		},
		"an undocumented code":   {belvosim.Fault{Code: "brand_new", Status: 418}, 418, "brand_new", ""},
		"an undocumented status": {belvosim.Fault{Status: 451}, 451, "error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			sim, c := newDemoServer(t, belvosim.Options{})
			test.fault.Kind = belvosim.FaultStatus
			inject(t, sim, test.fault)
			got, err := c.send("GET", "/api/", "")
			if err != nil || got.status != test.status || got.header.Get("Retry-After") != test.retryAfter {
				t.Fatalf("got %d after %q, %v", got.status, got.header.Get("Retry-After"), err)
			}
			var errors errorList
			if err := json.Unmarshal(got.body, &errors); err != nil || errors[0].Code != test.code {
				t.Errorf("got %s, %v; want %s", got.body, err, test.code)
			}
			get[map[string]string](c, "/api/", 200) // the fault fires once, so the second response is normal
		})
	}
}

func TestGatewayFaultsAreNotJSON(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	for _, status := range []int{502, 503, 504} {
		inject(t, sim, belvosim.Fault{Kind: belvosim.FaultStatus, Status: status, RetryAfter: "3"})
		got, err := c.send("GET", "/api/", "")
		if err != nil || got.status != status || got.header.Get("Retry-After") != "3" || json.Valid(got.body) {
			t.Errorf("got %d, %q, %v", got.status, got.body, err)
		}
	}
}

func TestThrottlingFaultsAreCounted(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	inject(t, sim, belvosim.Fault{Kind: belvosim.FaultStatus, Status: 429, Times: 2})
	for _, status := range []int{429, 429, 200} {
		if got, err := c.send("GET", "/api/", ""); err != nil || got.status != status {
			t.Fatalf("got %d, %v; want %d", got.status, err, status)
		}
	}
	if stats := sim.Stats(); stats.Throttled != 2 || stats.Faults != 2 || stats.Requests != 3 {
		t.Errorf("stats %+v", stats)
	}
}

func TestBodyFaultsEditTheRows(t *testing.T) {
	path := "/api/transactions/?link=" + belvosim.DemoLinkID
	for name, test := range map[string]struct {
		fault belvosim.Fault
		want  string
	}{
		"overflow":    {belvosim.Fault{Kind: belvosim.FaultNumber}, `"amount":1e400`},
		"NaN as text": {belvosim.Fault{Kind: belvosim.FaultNumber, Value: `"NaN"`}, `"amount":"NaN"`},
		"bare NaN":    {belvosim.Fault{Kind: belvosim.FaultNumber, Value: `NaN`}, `"amount":NaN`},
		"twenty digits": {
			belvosim.Fault{Kind: belvosim.FaultNumber, Value: `12345678901234567890.12`},
			`"amount":12345678901234567890.12`,
		},
		"wrong types": {belvosim.Fault{Kind: belvosim.FaultTypes}, `"count":"seven"`},
		"endless":     {belvosim.Fault{Kind: belvosim.FaultEndless}, `/api/transactions/?again=1\u0026link=`},
		"another host": {
			belvosim.Fault{Kind: belvosim.FaultNextHost}, `"next":"https://elsewhere.invalid/api/transactions/?link=`,
		},
		"a given host": {
			belvosim.Fault{Kind: belvosim.FaultNextHost, Value: "http://10.0.0.1/"}, `"next":"http://10.0.0.1/"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			sim, c := newDemoServer(t, belvosim.Options{})
			inject(t, sim, test.fault)
			got, err := c.send(http.MethodGet, path, "")
			if err != nil || got.status != 200 || !strings.Contains(string(got.body), test.want) {
				t.Errorf("got %d, %v: %s", got.status, err, got.body)
			}
		})
	}
}

func TestClearFaultsEmptiesTheQueue(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	inject(t, sim, belvosim.Fault{Kind: belvosim.FaultStatus, Times: -1})
	get[errorList](c, "/api/", 500)
	if waiting := sim.PendingFaults(); len(waiting) != 1 {
		t.Errorf("%d faults are queued, want 1", len(waiting))
	}
	sim.ClearFaults()
	get[map[string]string](c, "/api/", 200)
}

// entered is an empty request body. Its Read method closes the channel. A fault of the kind Hang reads the body of a
// request just before the request hangs. The closed channel therefore shows that the request hangs.
type entered chan struct{}

func (e entered) Read([]byte) (int, error) {
	close(e)
	return 0, io.EOF
}

func TestConcurrentRequestsAreCounted(t *testing.T) {
	sim, _ := newDemoServer(t, belvosim.Options{})
	inject(t, sim, belvosim.Fault{Kind: belvosim.FaultHang, Times: 3})
	ended := make(chan any)
	for range 3 {
		hanging := make(entered)
		go func() {
			defer func() { ended <- recover() }()
			sim.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/api/", hanging))
		}()
		<-hanging
	}
	sim.ClearFaults()
	for range 3 {
		if got := <-ended; got != http.ErrAbortHandler {
			t.Errorf("a hang ended with %v", got)
		}
	}
	if stats := sim.Stats(); stats.MaxInFlight != 3 || stats.Requests != 3 || len(stats.ByStatus) != 0 {
		t.Errorf("stats %+v", stats)
	}
}

func TestTransportFaultsAffectTheVendorAPI(t *testing.T) {
	for name, test := range map[string]struct {
		fault belvosim.Fault
		whole bool // whether the client receives all rows, in unchanged form
	}{
		"drip":     {belvosim.Fault{Kind: belvosim.FaultDrip, Size: 500, DelayMs: 1}, true},
		"oversize": {belvosim.Fault{Kind: belvosim.FaultOversize, Size: 1 << 20}, true},
		"cut":      {belvosim.Fault{Kind: belvosim.FaultCut}, false},
		"html":     {belvosim.Fault{Kind: belvosim.FaultHTML}, false},
		"redirect": {belvosim.Fault{Kind: belvosim.FaultRedirect, Value: "/api/"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			sim, c := newDemoServer(t, belvosim.Options{})
			test.fault.Path = "/api/transactions/"
			inject(t, sim, test.fault)
			got, err := c.send(http.MethodGet, "/api/transactions/?link="+belvosim.DemoLinkID, "")
			var page list
			whole := err == nil && json.Unmarshal(got.body, &page) == nil && page.Count == 5
			if whole != test.whole || sim.Stats().Faults != 1 {
				t.Errorf("whole is %v, %v: %.80s", whole, err, got.body)
			}
		})
	}
}
