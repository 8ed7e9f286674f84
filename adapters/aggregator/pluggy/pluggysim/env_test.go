package pluggysim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock whose time changes only by calls of advance.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// env consists of a simulator with demo data, a server for it, and an API key with which requests are
// sent.
type env struct {
	*pluggysim.Simulator
	t     *testing.T
	clock *clock
	srv   *httptest.Server
	key   string
}

func serve(t *testing.T, opt pluggysim.Options) *env {
	t.Helper()
	e := &env{t: t, clock: newClock()}
	opt.Now, opt.Seed = e.clock.Now, 1
	e.Simulator = pluggysim.New(opt)
	e.Seed()
	e.srv = httptest.NewServer(e.Handler())
	t.Cleanup(e.srv.Close)
	client := e.srv.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	e.login()
	return e
}

// login authenticates and stores the API key for later requests.
func (e *env) login() {
	e.t.Helper()
	credential := `{"clientId":"` + pluggysim.DemoClientID + `","clientSecret":"` + pluggysim.DemoClientSecret + `"}`
	var out struct{ APIKey string }
	e.send("POST", "/auth", credential).decode(&out)
	e.key = out.APIKey
}

// response is a response whose body was read; err is the error of the request or of reading the body.
type response struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
	err    error
}

func (r response) decode(into any) {
	r.t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		r.t.Fatalf("status %d: %v in %.200s", r.status, err, r.body)
	}
}

func (e *env) send(method, target, body string) response {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.t.Context(), method, e.srv.URL+target, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	req.Header.Set("X-API-KEY", e.key)
	resp, err := e.srv.Client().Do(req)
	if err != nil {
		return response{t: e.t, err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return response{e.t, resp.StatusCode, resp.Header, raw, err}
}

func (e *env) get(target string) response {
	e.t.Helper()
	return e.send("GET", target, "")
}

func (e *env) inject(faults ...pluggysim.Fault) {
	e.t.Helper()
	if err := e.Inject(faults...); err != nil {
		e.t.Fatal(err)
	}
}

// transactionPage contains the members of a page of /v2/transactions that the tests need.
type transactionPage struct {
	Results []struct {
		ID     string
		Amount json.Number
		Date   string
	}
	Next *string
}

// readAll reads all pages, following the member next of each page, and returns the ids of the rows in order. It calls
// betweenPages between two pages, unless betweenPages is nil.
func (e *env) readAll(query string, betweenPages func()) []string {
	e.t.Helper()
	var ids []string
	for pages := 0; ; pages++ {
		if pages > 1000 {
			e.t.Fatal("the pages do not end")
		}
		var page transactionPage
		e.get("/v2/transactions" + query).decode(&page)
		for _, t := range page.Results {
			ids = append(ids, t.ID)
		}
		if page.Next == nil {
			return ids
		}
		query = *page.Next
		if betweenPages != nil {
			betweenPages()
		}
	}
}

const (
	bank = "?accountId=" + pluggysim.DemoBankAccountID
	card = "?accountId=" + pluggysim.DemoCardAccountID
)

func row(n string) string { return "c0ffee00-0000-4000-8000-0000000000" + n }
