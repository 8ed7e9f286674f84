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

// clock is a hand-moved time.
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

// bench is a seeded simulator behind a server, with a caller that holds a key.
type bench struct {
	*pluggysim.Simulator
	t     *testing.T
	clock *clock
	srv   *httptest.Server
	key   string
}

func serve(t *testing.T, opt pluggysim.Options) *bench {
	t.Helper()
	b := &bench{t: t, clock: newClock()}
	opt.Now, opt.Seed = b.clock.Now, 1
	b.Simulator = pluggysim.New(opt)
	b.Seed()
	b.srv = httptest.NewServer(b.Handler())
	t.Cleanup(b.srv.Close)
	client := b.srv.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b.login()
	return b
}

func (b *bench) login() {
	b.t.Helper()
	a := b.do("POST", "/auth", `{"clientId":"`+pluggysim.DemoClientID+`","clientSecret":"`+pluggysim.DemoClientSecret+`"}`)
	var out struct{ APIKey string }
	a.decode(&out)
	b.key = out.APIKey
}

// reply is an answer read to its end; err is what reading it came to.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
	err    error
}

func (r reply) decode(into any) {
	r.t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		r.t.Fatalf("status %d: %v in %.200s", r.status, err, r.body)
	}
}

func (b *bench) do(method, target, body string) reply {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.srv.URL+target, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("X-API-KEY", b.key)
	resp, err := b.srv.Client().Do(req)
	if err != nil {
		return reply{t: b.t, err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return reply{b.t, resp.StatusCode, resp.Header, raw, err}
}

func (b *bench) get(target string) reply {
	b.t.Helper()
	return b.do("GET", target, "")
}

func (b *bench) inject(faults ...pluggysim.Fault) {
	b.t.Helper()
	if err := b.Inject(faults...); err != nil {
		b.t.Fatal(err)
	}
}

// listing is a page of /v2/transactions as a client reads it.
type listing struct {
	Results []struct {
		ID     string
		Amount json.Number
		Date   string
	}
	Next *string
}

// walk follows next to the end and returns the ids in order; between pages it calls meanwhile.
func (b *bench) walk(query string, meanwhile func()) []string {
	b.t.Helper()
	var ids []string
	for pages := 0; ; pages++ {
		if pages > 1000 {
			b.t.Fatal("no end of pages")
		}
		var page listing
		b.get("/v2/transactions" + query).decode(&page)
		for _, t := range page.Results {
			ids = append(ids, t.ID)
		}
		if page.Next == nil {
			return ids
		}
		query = *page.Next
		if meanwhile != nil {
			meanwhile()
		}
	}
}

const (
	bank = "?accountId=" + pluggysim.DemoBankAccountID
	card = "?accountId=" + pluggysim.DemoCardAccountID
)

func row(n string) string { return "c0ffee00-0000-4000-8000-0000000000" + n }
