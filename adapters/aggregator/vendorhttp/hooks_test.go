package vendorhttp

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type markKey struct{}

// seer is a round tripper that tells what it sees of each attempt.
type seer struct {
	base http.RoundTripper
	tell func(string)
}

func (s seer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.tell(fmt.Sprint(r.Context().Value(markKey{})))
	return s.base.RoundTrip(r)
}

func TestEachAttemptIsMarkedAndGoesThroughTheWrapper(t *testing.T) {
	var seen []string
	tries := 0
	client, call := serve(t, Config{
		AttemptContext: func(ctx context.Context, template string) context.Context {
			return context.WithValue(ctx, markKey{}, template)
		},
		WrapTransport: func(base http.RoundTripper) http.RoundTripper {
			return seer{base, func(mark string) { seen = append(seen, mark) }}
		},
	}, func(w http.ResponseWriter, _ *http.Request) {
		if tries++; tries == 1 {
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

func TestTheBudgetIsToldAsItIsDrawnOnAndDrained(t *testing.T) {
	var told []string
	client, call := serve(t, Config{
		Clock: newClock(), MaxBudgetWait: -1,
		OnBudget: func(vendor, resource string, left float64) {
			told = append(told, fmt.Sprintf("%s %s %v", vendor, resource, left))
		},
	}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/limited" {
			w.WriteHeader(http.StatusTooManyRequests)
		}
		_, _ = io.WriteString(w, "{}")
	})
	call.Vendor = &Vendor{Name: "sim", Budgets: map[string]int{"rows": 72}}
	call.Resource = "auth" // without a budget: nothing is told
	_, _ = client.Do(t.Context(), call)
	call.Resource = "rows"
	_, _ = client.Do(t.Context(), call)
	call.Path = "/limited"
	_, _ = client.Do(t.Context(), call) // drained
	_, _ = client.Do(t.Context(), call) // shut
	want := []string{"sim rows 2", "sim rows 1", "sim rows 0", "sim rows 0"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
