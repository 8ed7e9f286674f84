package vendorhttp

import (
	"crypto/tls"
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
	t.Cleanup(srv.Close)
	call := Call{Vendor: &Vendor{Name: "sim"}, BaseURL: srv.URL, Path: "/"}
	do := func(trust *tls.Config) error {
		client := New(Config{AllowedCIDRs: loopback, TLS: trust})
		defer client.Close()
		_, err := client.Do(t.Context(), call)
		return err
	}
	if err := do(nil); !errors.Is(err, domain.VendorUnreachable) || !errors.Is(err, egress.ErrTLS) {
		t.Errorf("an unknown authority: %v (%v)", err, errors.Unwrap(err))
	}
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	if err := do(&tls.Config{RootCAs: roots}); err != nil || proto.Load() != "HTTP/1.1" {
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
