package rest

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// serveProblems serves the handler as the service does, and returns a function that sends a request.
func serveProblems(t *testing.T, handler http.Handler) func(request string) *http.Response {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, ended := NewServer("", handler), make(chan error, 1)
	var open sync.WaitGroup // net/http waits before it closes a connection
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			open.Add(1)
		}
		if state == http.StateClosed {
			open.Done()
		}
	}
	go func() { ended <- server.Serve(ListenProblems(listener)) }()
	t.Cleanup(func() { _, _ = server.Close(), <-ended; open.Wait() })
	return func(request string) *http.Response {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
}

// net/http answers some requests before a handler is called. A client has sent the whole request before it reads.
func TestEachRefusalIsAProblemDocument(t *testing.T) {
	send := serveProblems(t, newEnv(t))
	large := func(size int) string {
		return "GET /version HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("a", size) + "\r\n\r\n"
	}
	for name, tc := range map[string]struct {
		request string
		status  int
	}{
		"65 KiB":            {large(65 << 10), 431},
		"76 KiB":            {large(76 << 10), 431},
		"81 KiB":            {large(81 << 10), 431},
		"1 MiB":             {large(1 << 20), 431},
		"7 MiB":             {large(7 << 20), 431},
		"a long path":       {"GET /" + strings.Repeat("a", 200<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
		"without a host":    {"GET / HTTP/1.1\r\n\r\n", 400},
		"no HTTP":           {"hello\r\n\r\n", 400},
		"a malformed field": {"GET / HTTP/1.1\r\nHost: x\r\na b: c\r\n\r\n", 400},
		"an encoding":       {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
		"another version":   {"GET / HTTP/3.1\r\nHost: x\r\n\r\n", 505},
	} {
		response := send(tc.request)
		var p Problem
		err := json.NewDecoder(response.Body).Decode(&p)
		if err != nil || response.StatusCode != tc.status || response.Header.Get("Content-Type") != problemType ||
			p.Status != tc.status || p.Code != codeInvalid || p.Title == "" || p.Detail == "" ||
			response.Header.Get(requestIDHeader) == "" {
			t.Errorf("%s: %v %s %v %+v", name, err, response.Status, response.Header, p)
		}
		if rest, err := io.ReadAll(response.Body); err != nil || strings.TrimSpace(string(rest)) != "" {
			t.Errorf("%s: %q, %v after the document", name, rest, err)
		}
	}
}

// What a handler writes is never changed, even if it looks like an answer of net/http.
func TestAResponseThatLooksLikeARefusalIsSentUnchanged(t *testing.T) {
	const text = "HTTP/1.1 400 Bad Request" + plainHeaders + "400 Bad Request"
	padding := strings.Repeat("x", 4<<10) // more than net/http collects
	send := serveProblems(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(padding+text)))
		_, _ = io.WriteString(w, padding)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, text)
	}))
	response := send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if got, err := io.ReadAll(response.Body); err != nil || string(got) != padding+text {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	for _, other := range []string{
		"", "HTTP/1.1 ", "HTTP/1.1 \r\n" + plainHeaders, "HTTP/1.1 abc" + plainHeaders,
		"HTTP/1.1 200 OK" + plainHeaders, "HTTP/1.1 400 Bad Request\r\n\r\n",
	} {
		if status := plainAnswer([]byte(other)); status != 0 {
			t.Errorf("%q has the status %d", other, status)
		}
	}
}
