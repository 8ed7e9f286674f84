package vendorhttp

import (
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestCertificatesAreChecked(t *testing.T) {
	var proto atomic.Value
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto.Store(r.Proto)
		_, _ = io.WriteString(w, "{}")
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	client := New(Config{AllowedCIDRs: loopback})
	t.Cleanup(func() { client.Close(); srv.Close() })
	call := Call{Vendor: &Vendor{Name: "sim"}, BaseURL: srv.URL, Path: "/"}

	_, err := client.Do(t.Context(), call)
	if !errors.Is(err, domain.VendorUnreachable) || !errors.Is(err, egress.ErrTLS) {
		t.Errorf("an unknown authority: %v (%v)", err, errors.Unwrap(err))
	}
	client.transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	client.transport.TLSClientConfig.RootCAs.AddCert(srv.Certificate())
	if _, err := client.Do(t.Context(), call); err != nil || proto.Load() != "HTTP/2.0" {
		t.Errorf("a known authority: %v over %v", err, proto.Load())
	}
}

// TestACallEndsInTime checks that neither waits nor retries make a call last longer than
// TotalTimeout.
func TestACallEndsInTime(t *testing.T) {
	cfg := Config{TotalTimeout: 300 * time.Millisecond}
	client, call := serve(t, cfg, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		<-r.Context().Done()
	})
	for _, path := range []string{"/hang", "/away"} {
		call.Path = path
		start := time.Now()
		if _, err := client.Do(t.Context(), call); !errors.Is(err, domain.VendorUnreachable) {
			t.Errorf("%s: %v", path, err)
		}
		if took := time.Since(start); took >= DefaultAttemptTimeout { // the duration without a TotalTimeout
			t.Errorf("%s took %v", path, took)
		}
	}
}
