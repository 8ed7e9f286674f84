package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestAWireReadsEveryKindOfBody(t *testing.T) {
	long := strings.Repeat("0123456789", 20_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token" {
			t.Errorf("the request was %v", r.Header)
		}
		switch r.URL.Path {
		case "/chunks":
			_, _ = w.Write([]byte(long[:5]))
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write([]byte(long[5:]))
		case "/length":
			w.Header().Set("Content-Length", "3")
			_, _ = w.Write([]byte("abc"))
		case "/empty":
			w.WriteHeader(http.StatusAccepted)
		}
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	// All requests use one connection, so bytes that one request leaves unread would corrupt the next
	// response.
	w := newWire(conn)
	for _, c := range []struct {
		path, body string
		status     int
	}{{"/chunks", long, 200}, {"/length", "abc", 200}, {"/empty", "", 202}, {"/chunks", long, 200}} {
		status, body, err := w.exchange(get(nil, c.path, "token"))
		if err != nil || status != c.status || string(body) != c.body {
			t.Fatalf("%s: %d, %d bytes, %v", c.path, status, len(body), err)
		}
	}
}

func TestALoadFailsOnAnotherStatus(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) > 10 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	l := load{
		addresses: []string{server.Listener.Addr().String()}, clients: 2, status: http.StatusOK,
		request: func(buf []byte, _, _ int) []byte { return get(buf, "/", "token") },
	}
	got, err := l.unpaced(context.Background(), time.Minute)
	if err == nil || got.count != 10 {
		t.Fatalf("%d answers, %v", got.count, err)
	}
}

// A stall must increase the delays of all requests that were due during the stall, not only the delay
// of the request that stalled.
func TestAPacedLoadCountsFromWhenARequestWasDue(t *testing.T) {
	var asked atomic.Int64
	const stall = 200 * time.Millisecond
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if asked.Add(1) == 5 {
			time.Sleep(stall)
		}
	}))
	defer server.Close()
	l := load{
		addresses: []string{server.Listener.Addr().String()}, clients: 1, status: http.StatusOK,
		request: func(buf []byte, _, _ int) []byte { return get(buf, "/", "token") },
	}
	got, err := l.paced(context.Background(), time.Second, 100)
	if err != nil {
		t.Fatal(err)
	}
	late := 0
	for _, delay := range got.delays {
		if delay > stall/4 {
			late++
		}
	}
	if late < 10 {
		t.Fatalf("of %d requests %d were delayed by a stall of %v", got.count, late, stall)
	}
}

func TestVerifyReportsAMissingDelivery(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("cursor") == "" {
			_, _ = w.Write([]byte(`{"items":[{"eventId":"one"}],"nextCursor":"next"}`))
			return
		}
		_, _ = w.Write([]byte(`{"items":[{"eventId":"two"}]}`))
	}))
	defer server.Close()
	s := &service{env: &env{}, address: server.Listener.Addr().String(), client: server.Client()}
	m := &mailbox{services: []*service{s}, accepted: map[string]bool{"one": true, "two": true}}
	if _, err := m.verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.accepted = map[string]bool{"one": true, "lost": true}
	if _, err := m.verify(t.Context()); err == nil || errors.Is(err, context.Canceled) {
		t.Fatalf("a lost delivery was not noticed: %v", err)
	}
}

func TestMedians(t *testing.T) {
	for _, c := range []struct {
		figures []float64
		want    float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.figures); got != c.want {
			t.Errorf("median of %v: %v", c.figures, got)
		}
	}
}
