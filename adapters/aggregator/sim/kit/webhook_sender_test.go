package kit_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver is an HTTP server that receives webhooks. It responds with the given statuses in order and then with 202,
// and records the requests.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	statuses []int
	bodies   []string
	headers  []http.Header
}

func newReceiver(t *testing.T, statuses ...int) *receiver {
	t.Helper()
	r := &receiver{statuses: statuses}
	r.Server = httptest.NewServer(http.HandlerFunc(r.handle))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) handle(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies, r.headers = append(r.bodies, string(body)), append(r.headers, req.Header)
	status := http.StatusAccepted
	if len(r.statuses) > 0 {
		status, r.statuses = r.statuses[0], r.statuses[1:]
	}
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(status)
}

func post(body string) kit.Webhook { return kit.Webhook{Event: "event", Body: []byte(body)} }

func TestSenderRetriesUntilSuccess(t *testing.T) {
	for name, test := range map[string]struct {
		answers []int
		retries int
		want    kit.DeliveryResult
	}{
		"first attempt":   {nil, 5, kit.DeliveryResult{Status: 202, Attempts: 1}},
		"another success": {[]int{204}, 5, kit.DeliveryResult{Status: 204, Attempts: 1}},
		"after retries": {
			[]int{500, 503, 401, 302, 500}, 5, kit.DeliveryResult{Status: 202, Attempts: 6},
		},
		"no retries left":               {[]int{500, 503, 401}, 1, kit.DeliveryResult{Status: 503, Attempts: 2}},
		"an error status is a response": {[]int{401}, 0, kit.DeliveryResult{Status: 401, Attempts: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			to, sender := newReceiver(t, test.answers...), kit.NewSender(1)
			test.want.Event, test.want.Body = "event", "{}"
			got, err := sender.Send(t.Context(), kit.Target{URL: to.URL, Retries: test.retries}, post("{}"))
			if diff := cmp.Diff([]kit.DeliveryResult{test.want}, got); diff != "" || err != nil {
				t.Errorf("%s, %v", diff, err)
			}
			if len(to.bodies) != test.want.Attempts || sender.Attempts() != test.want.Attempts {
				t.Errorf("%d posts arrived, %d counted", len(to.bodies), sender.Attempts())
			}
			for _, body := range to.bodies {
				if body != "{}" {
					t.Errorf("a retry sends %s", body)
				}
			}
		})
	}
}

func TestSenderSendsHeadersAndSignature(t *testing.T) {
	to := newReceiver(t)
	_, err := kit.NewSender(1).Send(t.Context(), kit.Target{
		URL: to.URL, Headers: map[string]string{"Authorization": "Bearer x"},
		Sign: func(header http.Header, body []byte) { header.Set("X-Signed", "of "+string(body)) },
	}, post("{}"))
	if err != nil {
		t.Fatal(err)
	}
	h := to.headers[0]
	if h.Get("Authorization") != "Bearer x" || h.Get("X-Signed") != "of {}" ||
		h.Get("Content-Type") != "application/json" {
		t.Errorf("sent %v", h)
	}
}

func TestReorderShufflesCopiesBySeed(t *testing.T) {
	var runs [3][]string
	for at, seed := range []uint64{1, 1, 2} {
		to := newReceiver(t)
		target := kit.Target{URL: to.URL, Copies: 2, Reorder: true}
		if _, err := kit.NewSender(seed).Send(
			t.Context(), target, post("a"), post("b"), post("c"), post("d"),
		); err != nil {
			t.Fatal(err)
		}
		runs[at] = to.bodies
	}
	if !cmp.Equal(runs[0], runs[1]) || cmp.Equal(runs[0], runs[2]) {
		t.Errorf("the order does not follow the seed: %v", runs)
	}
	counts := map[string]int{}
	for _, body := range runs[0] {
		counts[body]++
	}
	if diff := cmp.Diff(map[string]int{"a": 3, "b": 3, "c": 3, "d": 3}, counts); diff != "" {
		t.Error(diff)
	}
}

func TestDelayPrecedesEachAttempt(t *testing.T) {
	to := newReceiver(t, 500, 500)
	started := time.Now()
	if _, err := kit.NewSender(1).Send(
		t.Context(), kit.Target{URL: to.URL, Retries: 2, DelayMs: 20}, post("{}"),
	); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(started); took < 60*time.Millisecond {
		t.Errorf("three tries took only %s", took)
	}
}

func TestSenderGivesUpAfterTheTimeout(t *testing.T) {
	entered, left := make(chan struct{}), make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		close(left)
	}))
	defer silent.Close()
	defer silent.CloseClientConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	results, err := kit.NewSender(1).Send(ctx, kit.Target{URL: silent.URL, TimeoutMs: 20}, post("a"), post("b"))
	if ctx.Err() != nil {
		t.Error("the sender waited longer than its timeout")
	}
	if err == nil || len(results) != 1 || results[0].Status != 0 {
		t.Errorf("got %+v, %v", results, err)
	}
	select {
	case <-entered:
		select {
		case <-left:
		case <-time.After(10 * time.Second):
			t.Error("the sender's connection is still open")
		}
	default: // nothing to check: the sender timed out before the request arrived
	}
}

func TestUndeliverableWebhookIsAnError(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	up := newReceiver(t)
	for name, test := range map[string]struct {
		ctx context.Context
		url string
	}{
		"no URL":               {t.Context(), "::"},
		"unreachable receiver": {t.Context(), "http://127.0.0.1:1"},
		"cancelled context":    {over, up.URL},
	} {
		results, err := kit.NewSender(1).Send(
			test.ctx, kit.Target{URL: test.url, Retries: 2, DelayMs: 1}, post("a"), post("b"),
		)
		if err == nil || len(results) != 1 || results[0].Status != 0 {
			t.Errorf("%s: %+v, %v", name, results, err)
		}
		if _, err := kit.DeliveryResults(results, err); err != nil {
			t.Errorf("%s: the results are lost: %v", name, err)
		}
	}
	if len(up.bodies) != 0 {
		t.Errorf("%d posts arrived", len(up.bodies))
	}
	if _, err := kit.DeliveryResults(nil, over.Err()); err == nil {
		t.Error("an error without results is returned as a success")
	}
}
