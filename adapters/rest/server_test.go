package rest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// blockingFeed is a fake service whose change feed blocks until it is released or the request's
// context ends.
type blockingFeed struct {
	*fake
	called  chan struct{}
	release chan struct{}
}

func (p blockingFeed) Changes(
	ctx context.Context, _ domain.TenantID, _ domain.PageRequest, wait time.Duration,
) (domain.FeedPage, error) {
	if wait == 0 {
		return domain.FeedPage{Next: domain.Position{Key: "1", ID: someID}}, nil
	}
	close(p.called)
	select {
	case <-p.release:
		return domain.FeedPage{Next: domain.Position{Key: "1", ID: someID}}, nil
	case <-ctx.Done():
		return domain.FeedPage{}, ctx.Err()
	}
}

// TestALongPollOutlivesTheReadTimeout checks that the context of a waiting handler does not end when
// the server's read timeout expires.
func TestALongPollOutlivesTheReadTimeout(t *testing.T) {
	service := blockingFeed{&fake{}, make(chan struct{}), make(chan struct{})}
	handler, err := New(service, Options{
		Verifier: fakeVerifier{}, Clock: porttest.NewClock(moment), NewRequestID: func() string { return "x" },
		Development: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Config = NewServer("", handler)
	server.Config.ReadTimeout = 50 * time.Millisecond
	server.Start()
	defer server.Close()
	go func() {
		<-service.called
		time.AfterFunc(200*time.Millisecond, func() { close(service.release) })
	}()
	r, _ := http.NewRequestWithContext(
		t.Context(), http.MethodGet, server.URL+prefix+"/transactions/changes?wait=30", nil,
	)
	r.Header.Set("Authorization", "Bearer tenant-a")
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK || !strings.Contains(string(body), `"items":[]`) {
		t.Errorf("%d %s", response.StatusCode, body)
	}
}

// TestABodyThatNeverArrivesTimesOut checks that reading a body ends after bodyTimeout. It writes an incomplete
// request to a raw TCP connection, because an HTTP client would send the whole body.
func TestABodyThatNeverArrivesTimesOut(t *testing.T) {
	defer func(before time.Duration) { bodyTimeout = before }(bodyTimeout)
	bodyTimeout = 50 * time.Millisecond
	s := newEnv(t)
	server := httptest.NewServer(s)
	defer server.Close()
	for _, path := range []string{connectionsPath, webhookURL} {
		connection, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tenant-a\r\n"+
			"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", path)
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(body), codeInvalid) {
			t.Errorf("%s: %d %s", path, response.StatusCode, body)
		}
		_ = connection.Close()
	}
}

// TestAFeedReaderIsDisconnectedWhileTheProcessDrains checks the change feed while the process shuts down. The response
// must be sent only after the process has stopped accepting connections. It must contain "Connection: close".
func TestAFeedReaderIsDisconnectedWhileTheProcessDrains(t *testing.T) {
	const feed = prefix + "/transactions/changes"
	if got := newEnv(t).call("GET", feed, "").Header().Get("Connection"); got != "" {
		t.Errorf("while the process serves, the header Connection is %q, want none", got)
	}
	synctest.Test(t, func(t *testing.T) {
		notAccepting := make(chan struct{})
		s := newEnv(t, func(o *Options) {
			o.Draining, o.NotAccepting = func() bool { return true }, notAccepting
		})
		responses := make(chan *httptest.ResponseRecorder, 1)
		go func() { responses <- s.call("GET", feed, "") }()
		synctest.Wait()
		if len(responses) > 0 {
			t.Error("the reader got a response while the process accepted connections")
		}
		close(notAccepting)
		if w := <-responses; w.Code != http.StatusOK || w.Header().Get("Connection") != "close" {
			t.Errorf("status %d, Connection %q, want 200 and close", w.Code, w.Header().Get("Connection"))
		}
	})
}

func TestTheServerSetsEveryTimeoutAndLimit(t *testing.T) {
	s := NewServer(":0", http.NotFoundHandler())
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout <= maxWait || s.IdleTimeout == 0 ||
		s.MaxHeaderBytes == 0 {
		t.Errorf("%+v", s)
	}
}

func TestTheRateLimiterEvictsTheLeastRecentlyUsedKey(t *testing.T) {
	l := newRateLimiter(1)
	_ = l.allow("first", moment)
	for i := range maxBuckets - 1 {
		_ = l.allow(fmt.Sprint(i), moment)
	}
	if l.allow("first", moment) == nil {
		t.Error("a key was evicted while there was room")
	}
	_ = l.allow("one more", moment)
	if l.allow("first", moment) == nil {
		t.Error("a key other than the least recently used one was evicted")
	}
	if l.allow("0", moment) != nil {
		t.Error("the least recently used key was not evicted")
	}
	if len(l.buckets) != maxBuckets || l.recent.Len() != maxBuckets {
		t.Errorf("%d buckets in the map, %d in the list, want %[3]d", len(l.buckets), l.recent.Len(), maxBuckets)
	}
}

// BenchmarkReceive measures the time and the allocations of the webhook receiver, with a fake service.
func BenchmarkReceive(b *testing.B) {
	s := newEnv(b, func(o *Options) { o.Logger = nil })
	body := `{"event":"item/updated","id":"x"}`
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, webhookURL, strings.NewReader(body))
		if w := s.serve(r); w.Code != 202 {
			b.Fatal(w.Code)
		}
	}
}

func BenchmarkProblem(b *testing.B) {
	s := newEnv(b, func(o *Options) { o.Logger = nil })
	b.ReportAllocs()
	for b.Loop() {
		s.call("POST", connectionsPath, "{}")
	}
}
