package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// fakeFeed is a server of a change feed. Each row is at the position of its last change.
type fakeFeed struct {
	rows         map[string]transaction
	positions    map[string]int
	lastPosition int
	failures     int // how many of the next requests fail
}

func (s *fakeFeed) write(id string, removed bool) {
	s.lastPosition++
	row := transaction{
		ID: id, Version: s.rows[id].Version + 1, Date: "2026-03-01", Amount: fmt.Sprint(s.lastPosition),
		Currency: "BRL",
	}
	if removed {
		row.RemovedAt = &row.Date
	}
	s.rows[id], s.positions[id] = row, s.lastPosition
}

// ServeHTTP returns the rows after the cursor, at most limit, or status 503 while failures is positive.
func (s *fakeFeed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.failures > 0 {
		s.failures--
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	after, _ := strconv.Atoi(r.FormValue("cursor"))
	limit, _ := strconv.Atoi(r.FormValue("limit"))
	var ids []string
	for id, position := range s.positions {
		if position > after {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(s.positions[a], s.positions[b]) })
	type change struct {
		Change      string      `json:"change"`
		Transaction transaction `json:"transaction"`
	}
	response := struct {
		Items      []change `json:"items"`
		HasMore    bool     `json:"hasMore"`
		NextCursor string   `json:"nextCursor"`
	}{[]change{}, len(ids) > limit, strconv.Itoa(after)}
	for _, id := range ids[:min(len(ids), limit)] {
		response.Items = append(response.Items, change{"added", s.rows[id]})
		response.NextCursor = strconv.Itoa(s.positions[id])
	}
	_ = json.NewEncoder(w).Encode(response)
}

// catchUp runs the consumer with a state file until it has read the whole feed, and returns the copy
// that the consumer prints.
func catchUp(t *testing.T, s *fakeFeed, state string) string {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	var out bytes.Buffer
	if err := run(t.Context(), feed{origin: server.URL, limit: 3}, state, true, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A crash can truncate the file at any position. The consumer must then read the missing part again.
func TestATruncatedFileLeadsToTheSameCopy(t *testing.T) {
	s := &fakeFeed{rows: map[string]transaction{}, positions: map[string]int{}, failures: 2}
	state := filepath.Join(t.TempDir(), "ledger.jsonl")
	for range 3 {
		for i := range 5 {
			s.write(strconv.Itoa(i), false)
		}
		catchUp(t, s, state)
	}
	s.write("2", true)
	want := catchUp(t, s, state)
	intact, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	for end := 0; end <= len(intact); end += 5 {
		torn := filepath.Join(t.TempDir(), "torn.jsonl")
		if err := os.WriteFile(torn, intact[:end], 0o600); err != nil {
			t.Fatal(err)
		}
		if got := catchUp(t, s, torn); got != want {
			t.Fatalf("after truncation to %d of %d bytes, the copy is\n%s\nwant\n%s", end, len(intact), got, want)
		}
	}
}

// responder is an http.RoundTripper that counts the requests and responds to each of them with an
// empty page, after a delay.
type responder struct {
	delay    time.Duration
	requests int
}

// RoundTrip responds after the delay, or fails when the request's context ends.
func (r *responder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.requests++
	if err := sleep(request.Context(), r.delay); err != nil {
		return nil, err
	}
	body := io.NopCloser(strings.NewReader(`{"items":[],"hasMore":false,"nextCursor":"1"}`))
	return &http.Response{StatusCode: http.StatusOK, Body: body}, nil
}

// A service that shuts down returns an empty page immediately. The consumer must then pause. It must not pause after an
// empty page that comes at the end of the requested wait.
func TestTheConsumerPausesAfterAnEarlyEmptyPage(t *testing.T) {
	for _, c := range []struct {
		name            string
		wait, delay     time.Duration
		atLeast, atMost int // requests in a minute
	}{
		{"an early page", 20 * time.Second, 0, 20, 31},
		{"a page after the wait", 20 * time.Second, 20 * time.Second, 3, 4},
		{"no wait", 0, 0, 20, 31},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := filepath.Join(t.TempDir(), "state")
			synctest.Test(t, func(t *testing.T) {
				service := &responder{delay: c.delay}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				f := feed{origin: "http://feed.invalid", limit: 3, wait: c.wait, transport: service}
				if err := run(ctx, f, state, false, io.Discard); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the consumer ended with %v", err)
				}
				if service.requests < c.atLeast || service.requests > c.atMost {
					t.Errorf("%d requests in a minute, want %d to %d", service.requests, c.atLeast, c.atMost)
				}
			})
		})
	}
}

// A permanent error must end the consumer, so that an operator notices the error.
func TestAPermanentErrorEndsTheConsumer(t *testing.T) {
	server := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }),
	)
	defer server.Close()
	if err := run(
		t.Context(), feed{origin: server.URL, limit: 3}, filepath.Join(t.TempDir(), "state"), true,
		&bytes.Buffer{},
	); err == nil {
		t.Error("the consumer returned no error although the token is rejected with 401")
	}
}
