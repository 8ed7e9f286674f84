package vendorhttp

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// TestRequestsOfPatientCallersMayTakeLonger checks the deadline of an attempt, and that of a method with several calls.
func TestRequestsOfPatientCallersMayTakeLonger(t *testing.T) {
	for name, test := range map[string]struct {
		request            time.Duration // of ports.WithRequestTimeout; 0 means none
		attempt, wholeCall time.Duration
	}{
		"no timeout":      {0, DefaultAttemptTimeout, DefaultTotalTimeout},
		"shorter":         {time.Second, DefaultAttemptTimeout, DefaultTotalTimeout},
		"longer":          {20 * time.Second, 20 * time.Second, 35 * time.Second},
		"above the limit": {time.Hour, time.Minute, 105 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if test.request > 0 {
				ctx = ports.WithRequestTimeout(ctx, test.request)
			}
			var attempt time.Time
			cfg := Config{AttemptContext: func(ctx context.Context, _ string) context.Context {
				attempt, _ = ctx.Deadline()
				return ctx
			}}
			client, call := serve(t, cfg, func(http.ResponseWriter, *http.Request) {})
			start := time.Now()
			if _, err := client.Do(ctx, call); err != nil {
				t.Fatal(err)
			}
			bounded, cancel := client.WithTimeout(ctx)
			defer cancel()
			end := time.Now()
			whole, _ := bounded.Deadline()
			for what, d := range map[string]struct {
				deadline time.Time
				want     time.Duration
			}{"attempt": {attempt, test.attempt}, "method": {whole, test.wholeCall}} {
				if d.deadline.Before(start.Add(d.want)) || d.deadline.After(end.Add(d.want)) {
					t.Errorf("%s ends after %v, want %v", what, d.deadline.Sub(start), d.want)
				}
			}
		})
	}
}
