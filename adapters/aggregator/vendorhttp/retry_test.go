package vendorhttp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestTransientFailuresAreRetried(t *testing.T) {
	for _, test := range []struct {
		name      string
		fails     int32
		respond   func(http.ResponseWriter)
		method    string
		retryable bool
		calls     int32
		ok        bool
	}{
		{name: "502 once", fails: 1, respond: status(502), calls: 2, ok: true},
		{name: "503 twice", fails: 2, respond: status(503), calls: 3, ok: true},
		{name: "504 forever", fails: 99, respond: status(504), calls: 3},
		{name: "500", fails: 1, respond: status(500), calls: 1},
		{name: "reset", fails: 1, respond: reset, calls: 2, ok: true},
		{name: "POST", fails: 1, respond: status(503), method: http.MethodPost, calls: 1},
		{
			name: "retryable POST", fails: 1, respond: status(503), method: http.MethodPost, retryable: true,
			calls: 2, ok: true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var calls atomic.Int32
			client, call := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) <= test.fails {
					test.respond(w)
					return
				}
				_, _ = io.WriteString(w, "{}")
			})
			call.Method, call.Retryable = test.method, test.retryable
			_, err := client.Do(t.Context(), call)
			if (err == nil) != test.ok || calls.Load() != test.calls {
				t.Errorf("%v after %d requests, want ok %v after %d", err, calls.Load(), test.ok, test.calls)
			}
		})
	}
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

func reset(w http.ResponseWriter) {
	conn, _, _ := http.NewResponseController(w).Hijack()
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func TestAnOpenCircuitBreakerReturnsWhenToRetry(t *testing.T) {
	var calls atomic.Int32
	client, call := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	})
	var err error
	for range breakerMinCalls + 20 {
		_, err = client.Do(t.Context(), call)
		if !errors.Is(err, domain.VendorUnreachable) {
			t.Fatalf("got %v", err)
		}
	}
	if !errors.Is(err, errBreakerOpen) || domain.RetryAfterOf(err) <= 0 || domain.RetryAfterOf(err) > breakerDelay {
		t.Errorf("got %v (%v) after %v, want an open breaker", err, errors.Unwrap(err), domain.RetryAfterOf(err))
	}
	if calls.Load() > breakerMinCalls+1 {
		t.Errorf("%d requests reached a vendor that is down", calls.Load())
	}
}

func TestRejectionsDoNotOpenTheCircuitBreaker(t *testing.T) {
	client, call := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	})
	for range breakerMinCalls * 2 {
		if _, err := client.Do(t.Context(), call); !errors.Is(err, domain.CredentialRejected) {
			t.Fatalf("got %v", err)
		}
	}
}

// A vendor can report with status 400 that an institution cannot be reached. Calls for other institutions must
// continue.
func TestAnInstitutionThatIsDownDoesNotOpenTheCircuitBreaker(t *testing.T) {
	client, call := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
	})
	down := *call.Vendor
	down.ClassifyError = func(int, []byte) *domain.Error {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable}
	}
	call.Vendor = &down
	for range breakerMinCalls * 2 {
		if _, err := client.Do(t.Context(), call); !errors.Is(err, domain.VendorUnreachable) ||
			errors.Is(err, errBreakerOpen) {
			t.Fatalf("got %v (%v)", err, errors.Unwrap(err))
		}
	}
}

func TestOnCallIsCalledForEachAttempt(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	var calls atomic.Int32
	client, call := serve(t, Config{OnCall: func(vendor, method, template string, status int, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprint(vendor, " ", method, " ", template, " ", status, " ", took >= 0))
	}}, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	call.Path, call.PathTemplate = "/rows/"+canary, "/rows/{id}"
	_, _ = client.Do(t.Context(), call)
	if diff := cmp.Diff([]string{"sim GET /rows/{id} 502 true", "sim GET /rows/{id} 200 true"}, seen); diff != "" {
		t.Error(diff)
	}
}
