package compose_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
)

const request = "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"

// client is one open connection.
type client struct {
	t *testing.T
	net.Conn
	responses *bufio.Reader
}

// limitedTo serves with a limit of connections, and returns a function that opens one.
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

// readResponse waits for one response, at most for within.
func (c client) readResponse(within time.Duration) error {
	_ = c.SetReadDeadline(time.Now().Add(within))
	response, err := http.ReadResponse(c.responses, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close())
}

// mustServe sends a request and fails the test without a response.
func (c client) mustServe(name string) {
	c.t.Helper()
	c.send()
	if err := c.readResponse(waitTimeout); err != nil {
		c.t.Fatalf("%s gets no response: %v", name, err)
	}
}

func TestAnExcessConnectionWaitsUntilAnotherEnds(t *testing.T) {
	t.Parallel()
	dial := limitedTo(t, 2)
	first, second := dial(), dial()
	first.mustServe("the first")
	second.mustServe("the second")
	third := dial()
	third.send()
	if err := third.readResponse(300 * time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the third does not wait: %v", err)
	}
	second.mustServe("the second, while another waits,")
	_ = first.Close()
	if err := third.readResponse(waitTimeout); err != nil {
		t.Errorf("the third gets no response after the first has ended: %v", err)
	}
}

func TestZeroMeansNoConnectionLimit(t *testing.T) {
	t.Parallel()
	dial := limitedTo(t, 0)
	for range 20 {
		dial().mustServe("one of many")
	}
}

// headerTimeout is shorter than a whole request may take: a header may not use all of that.
const headerTimeout = 12 * time.Second

// A client that sends its header byte by byte is disconnected, does not delay any other until
// then, and frees its slot for the next.
func TestASlowHeaderIsDisconnectedAndDelaysNoOther(t *testing.T) {
	t.Parallel()
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
	if took := time.Since(began); took > headerTimeout {
		t.Errorf("the slow client was disconnected after %s", took)
	}
	dial().mustServe("a client after the slow one")
}

// drip sends a header that never ends, until the server has closed the connection. It pauses
// after each byte; a pause ends early when the connection is closed.
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
