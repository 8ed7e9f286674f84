package rest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// ledgerOfMemory is a ports.MemoryBudget that records how much memory each tenant holds. If exhausted is set, it
// refuses every reservation.
type ledgerOfMemory struct {
	held      map[domain.TenantID]int64
	exhausted bool
}

func (l *ledgerOfMemory) Fail(error) {}

func (l *ledgerOfMemory) Acquire(_ context.Context, tenant domain.TenantID, bytes int64) (func(), error) {
	if l.exhausted {
		return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.MemoryExhausted, RetryAfter: time.Second}
	}
	l.held[tenant] += bytes
	return func() { l.held[tenant] -= bytes }, nil
}

func (l *ledgerOfMemory) total() (total int64) {
	for _, bytes := range l.held {
		total += bytes
	}
	return total
}

// observedFeed is a fake service. Its change feed is empty until a caller waits for changes.
type observedFeed struct {
	*fake
	memory *ledgerOfMemory
	waited bool
	t      *testing.T
}

func (f *observedFeed) Changes(
	_ context.Context, _ domain.TenantID, p domain.PageRequest, wait time.Duration,
) (domain.FeedPage, error) {
	next := domain.Position{Key: "1", ID: someID}
	if held := f.memory.total(); (wait > 0) != (held == 0) {
		f.t.Errorf("%d bytes are held while the feed is read with wait %s", held, wait)
	}
	if wait > 0 {
		f.waited = true
	}
	if !f.waited {
		return domain.FeedPage{Next: next}, nil
	}
	items := []domain.Transaction{transactionFixture()}
	return domain.FeedPage{Items: items[:min(p.Limit, 1)], Next: next}, nil
}

// heldWriter records how much memory is held when the response is written.
type heldWriter struct {
	*httptest.ResponseRecorder
	memory *ledgerOfMemory
	held   int64
}

func (w *heldWriter) Write(p []byte) (int, error) {
	w.held = w.memory.total()
	return w.ResponseRecorder.Write(p)
}

func newMemoryEnv(t *testing.T) (http.Handler, *ledgerOfMemory) {
	t.Helper()
	memory := &ledgerOfMemory{held: map[domain.TenantID]int64{}}
	handler, err := New(&observedFeed{fake: &fake{}, memory: memory, t: t}, Options{
		Verifier: fakeVerifier{}, Clock: porttest.NewClock(moment), NewRequestID: func() string { return "x" },
		Development: true, Memory: memory, Vendors: []domain.Vendor{"pluggy"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return handler, memory
}

func TestARequestHoldsMemoryUntilItsResponseIsWritten(t *testing.T) {
	for target, want := range map[string]int64{
		connectionsPath + "?limit=1":                    smallPageMemory,
		prefix + "/transactions?limit=1":                pageMemory,
		connectionsPath + "/" + someID.String():         itemMemory,
		prefix + "/transactions/changes?limit=1&wait=1": pageMemory,
		"/version": 0,
	} {
		handler, memory := newMemoryEnv(t)
		r := httptest.NewRequest(http.MethodGet, target, http.NoBody)
		r.Header.Set("Authorization", "Bearer tenant-a")
		w := &heldWriter{ResponseRecorder: httptest.NewRecorder(), memory: memory}
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK || w.held != want || memory.total() != 0 {
			t.Errorf("%s: %d, %d bytes held while it was written, want %d; %d held afterwards",
				target, w.Code, w.held, want, memory.total())
		}
	}
}

func TestARequestWithoutMemoryIsRefused(t *testing.T) {
	handler, memory := newMemoryEnv(t)
	memory.exhausted = true
	for _, target := range []string{connectionsPath, prefix + "/transactions/changes"} {
		r := httptest.NewRequest(http.MethodGet, target, http.NoBody)
		r.Header.Set("Authorization", "Bearer tenant-a")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		body, _ := io.ReadAll(w.Body)
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: %d %s, Retry-After %q", target, w.Code, body, w.Header().Get("Retry-After"))
		}
	}
}
