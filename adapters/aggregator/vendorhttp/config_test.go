package vendorhttp

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type contextKey struct{}

// recordingTripper is a round tripper that records, for each attempt, the value that AttemptContext has added to the
// context.
type recordingTripper struct {
	base   http.RoundTripper
	record func(string)
}

func (r recordingTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	r.record(fmt.Sprint(req.Context().Value(contextKey{})))
	return r.base.RoundTrip(req)
}

func TestEachAttemptHasItsContextAndUsesTheWrappedTransport(t *testing.T) {
	var seen []string
	attempts := 0
	client, call := serve(t, Config{
		AttemptContext: func(ctx context.Context, template string) context.Context {
			return context.WithValue(ctx, contextKey{}, template)
		},
		WrapTransport: func(base http.RoundTripper) http.RoundTripper {
			return recordingTripper{base, func(value string) { seen = append(seen, value) }}
		},
	}, func(w http.ResponseWriter, _ *http.Request) {
		if attempts++; attempts == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, "{}")
	})
	call.Path, call.PathTemplate = "/items/7", "/items/{id}"
	if _, err := client.Do(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/items/{id}", "/items/{id}"}, seen); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
}

func TestOnBudgetIsCalledWhenABudgetIsUsedOrBlocked(t *testing.T) {
	var reported []string
	client, call := serve(t, Config{
		Clock: newClock(), MaxBudgetWait: -1,
		OnBudget: func(vendor, resource string, left float64) {
			reported = append(reported, fmt.Sprintf("%s %s %v", vendor, resource, left))
		},
	}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/limited" {
			w.WriteHeader(http.StatusTooManyRequests)
		}
		_, _ = io.WriteString(w, "{}")
	})
	call.Vendor = &Vendor{Name: "sim", Budgets: map[string]int{"rows": 72}}
	call.Resource = "auth" // a resource without a budget, for which nothing is reported
	_, _ = client.Do(t.Context(), call)
	call.Resource = "rows"
	_, _ = client.Do(t.Context(), call)
	call.Path = "/limited"
	_, _ = client.Do(t.Context(), call) // gets a 429, which blocks the budget
	_, _ = client.Do(t.Context(), call) // fails, because the budget is blocked
	want := []string{"sim rows 2", "sim rows 1", "sim rows 0", "sim rows 0"}
	if diff := cmp.Diff(want, reported); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
}
