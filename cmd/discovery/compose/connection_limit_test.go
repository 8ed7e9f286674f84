package compose_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

const request = "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"

// client is one open connection to the service, and a reader of the responses on it.
type client struct {
	t *testing.T
	net.Conn
	responses *bufio.Reader
}

// limitedTo starts the service with a limit of maxConnections connections. It returns a function that opens a
// connection to the service.
func limitedTo(t *testing.T, maxConnections int) (dial func() client) {
	t.Helper()
	cfg := settings(t)
	cfg.ServerMaxConnections = maxConnections
	_, origin, _ := serve(t, cfg, compose.Overrides{LogTo: io.Discard})
	return func() client {
		t.Helper()
		conn, err := net.Dial("tcp", strings.TrimPrefix(origin, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return client{t, conn, bufio.NewReader(conn)}
	}
}

func (c client) send() {
	c.t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		c.t.Fatal(err)
	}
}

// readResponse reads one response. It returns an error if none arrives within the given time.
func (c client) readResponse(within time.Duration) error {
	_ = c.SetReadDeadline(time.Now().Add(within))
	response, err := http.ReadResponse(c.responses, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close())
}

// mustServe sends a request, and fails the test if there is no response.
func (c client) mustServe(name string) {
	c.t.Helper()
	c.send()
	if err := c.readResponse(waitTimeout); err != nil {
		c.t.Fatalf("%s got no response: %v", name, err)
	}
}

// begin sends a request whose body does not arrive, so that the connection is in use.
func (c client) begin() {
	c.t.Helper()
	request := "POST /v1/discovery/aggregator-connections HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" +
		"Authorization: Bearer " + harness.Token(c.t, uuid.NewString()) + "\r\nContent-Length: 10\r\n\r\n"
	if _, err := io.WriteString(c, request); err != nil {
		c.t.Fatal(err)
	}
}

func TestAnExcessConnectionWaitsUntilAnotherEnds(t *testing.T) {
	t.Parallel()
	dial := limitedTo(t, 2)
	first, second := dial(), dial()
	for _, c := range []client{first, second} {
		c.begin()
	}
	third := dial()
	third.send()
	if err := third.readResponse(300 * time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the third connection did not wait for its response, but got %v", err)
	}
	_ = first.Close()
	if err := third.readResponse(waitTimeout); err != nil {
		t.Errorf("the third connection got no response after the first had been closed: %v", err)
	}
}

// A connection that nobody uses must not keep out a health check, and one whose request is running must stay.
func TestAnIdleConnectionMakesRoomForAnother(t *testing.T) {
	t.Parallel()
	dial := limitedTo(t, 2)
	idle, used := dial(), dial()
	used.begin()
	idle.mustServe("the first connection")
	dial().mustServe("a third connection")
	if err := idle.readResponse(waitTimeout); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		t.Errorf("the idle connection is still open: %v", err)
	}
	if _, err := io.WriteString(used, "0123456789"); err != nil {
		t.Fatal(err)
	}
	if err := used.readResponse(waitTimeout); err != nil {
		t.Errorf("the connection that was in use got no response: %v", err)
	}
}

func TestASilentConnectionMakesRoomForAnother(t *testing.T) {
	t.Parallel()
	dial := limitedTo(t, 2)
	dial()
	dial()
	dial().mustServe("a third connection beside two that send nothing")
}

func TestZeroMeansNoConnectionLimit(t *testing.T) {
	t.Parallel()
	dial := limitedTo(t, 0)
	for range 20 {
		dial().mustServe("one of 20 connections")
	}
}

// If a tenant sends too many long polls, the service must refuse some of them and close their connections. Connections
// must remain for all other requests. The test sends two long polls for each connection that the service accepts.
func TestLongPollsLeaveConnectionsForOtherRequests(t *testing.T) {
	t.Parallel()
	const maxConnections, feed = 20, "/v1/discovery/transactions/changes"
	cfg := settings(t)
	cfg.ServerMaxConnections = maxConnections
	_, origin, _ := serve(t, cfg, compose.Overrides{LogTo: io.Discard})
	polls, cancel := context.WithCancel(t.Context())
	defer cancel()
	browser := &http.Client{Transport: &http.Transport{}}
	defer browser.CloseIdleConnections()
	get := func(ctx context.Context, path, token string) int {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+path, nil)
		if err != nil {
			t.Error(err)
			return 0
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := browser.Do(request)
		if err != nil {
			return 0
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return response.StatusCode
	}
	loud, calm := harness.Token(t, uuid.NewString()), harness.Token(t, uuid.NewString())
	statuses := make(chan int, 2*maxConnections)
	for range 2 * maxConnections {
		go func() { statuses <- get(polls, feed+"?wait=30", loud) }()
	}
	timeout, stop := context.WithTimeout(t.Context(), waitTimeout)
	defer stop()
	for range 2*maxConnections - maxConnections/2 {
		select {
		case status := <-statuses:
			if status != http.StatusTooManyRequests {
				t.Errorf("a poll got %d, want 429", status)
			}
		case <-timeout.Done():
			t.Fatal("the excess polls were not refused")
		}
	}
	for path, token := range map[string]string{
		"/readyz": "", feed: calm, "/v1/discovery/aggregator-connections": loud,
	} {
		if status := get(timeout, path, token); status != http.StatusOK {
			t.Errorf("%s got the status %d while the polls wait, want 200", path, status)
		}
	}
	if status := get(timeout, feed+"?wait=1", calm); status != http.StatusTooManyRequests {
		t.Errorf("a poll of another tenant above the limit in total got %d, want 429", status)
	}
	cancel()
	for range maxConnections / 2 {
		<-statuses
	}
}

// headerTimeout is the maximum time after which a slow header must be rejected. It is shorter than the time limit for
// a whole request, because a header must not use up the whole limit.
const headerTimeout = 12 * time.Second

// A client that sends its header byte by byte must be disconnected after a while. Until then it must not delay other
// clients. Afterwards another client must be able to connect in its place.
func TestASlowHeaderIsDisconnectedAndDelaysNoOther(t *testing.T) {
	t.Parallel()
	pace.Within(t, headerTimeout, func() time.Duration { return disconnectASlowHeader(t) })
}

// disconnectASlowHeader returns how long a client could send its header.
func disconnectASlowHeader(t *testing.T) time.Duration {
	t.Helper()
	dial := limitedTo(t, 2)
	began := time.Now()
	slow := dial()
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		slow.drip()
	}()
	normal := dial()
	for dripping := true; dripping; {
		normal.mustServe("a client next to a slow one")
		select {
		case <-cut:
			dripping = false
		case <-time.After(50 * time.Millisecond):
		}
	}
	took := time.Since(began)
	dial().mustServe("a client after the slow one")
	return took
}

// drip sends a header that never ends, byte by byte with pauses, until the server has closed the connection. For each
// pause, drip reads from the connection with a timeout, so that the pause ends early when the connection is closed.
func (c client) drip() {
	header := strings.NewReader("GET /health HTTP/1.1\r\nHost: h\r\nX-Long: " + strings.Repeat("x", 10_000))
	for {
		if _, err := io.CopyN(c, header, 1); err != nil {
			return
		}
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
	}
}
