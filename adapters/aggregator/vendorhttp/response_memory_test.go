package vendorhttp

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Before the client reads more of a response than the reserved memory can hold, it must reserve more memory.
func TestMemoryIsReservedForLargeResponses(t *testing.T) {
	const mib = 1 << 20
	for _, test := range []struct {
		size int
		want []int64
	}{
		{ports.SmallResponse, nil},
		{ports.SmallResponse + 1, []int64{4 * mib}},
		{4 * mib, []int64{4 * mib}},
		{15 * mib, []int64{4 * mib, 16 * mib}},
		{16 * mib, []int64{4 * mib, 16 * mib}},
	} {
		client, call := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(bytes.Repeat([]byte("7"), test.size))
		})
		var reserved []int64
		call.Reserve = func(_ context.Context, bytes int64) error {
			reserved = append(reserved, bytes)
			return nil
		}
		body, err := client.Do(t.Context(), call)
		if err != nil || len(body) != test.size || bytes.Count(body, []byte("7")) != test.size {
			t.Errorf("a body of %d bytes: got %d, %v", test.size, len(body), err)
		}
		if !slices.Equal(reserved, test.want) {
			t.Errorf("a body of %d bytes reserves %v, want %v", test.size, reserved, test.want)
		}
		if cap(body) > 2*test.size+mib {
			t.Errorf("a body of %d bytes holds %d", test.size, cap(body))
		}
	}
}

// If no memory can be reserved for a response, the call must fail without another attempt, because the vendor has not
// failed.
func TestACallWithoutMemoryFails(t *testing.T) {
	requests := 0
	client, call := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		_, _ = w.Write(make([]byte, 2*ports.SmallResponse))
	})
	call.Reserve = func(context.Context, int64) error {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.MemoryExhausted}
	}
	if _, err := client.Do(t.Context(), call); !errors.Is(err, domain.MemoryExhausted) || requests != 1 {
		t.Errorf("%d requests, %v, want memory_exhausted after one", requests, err)
	}
}
