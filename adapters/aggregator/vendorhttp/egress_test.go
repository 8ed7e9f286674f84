package vendorhttp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// TestTheGuardChecksTheAddressAtTheDial uses a resolver whose result changes after the first lookup
// (DNS rebinding). The guard must check the address again when it opens the connection.
func TestTheGuardChecksTheAddressAtTheDial(t *testing.T) {
	var reached atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer srv.Close()
	port := srv.URL[strings.LastIndex(srv.URL, ":"):]

	client := New(Config{AllowHTTP: true, Resolver: &rebindingResolver{}})
	defer client.Close()
	base := "http://rebinding.example" + port
	if err := client.Guard().Check(t.Context(), base); err != nil {
		t.Fatalf("the first result is public: %v", err)
	}
	for _, baseURL := range []string{base, "http://127.0.0.1" + port, "http://2130706433" + port} {
		_, err := client.Do(t.Context(), Call{Vendor: &Vendor{Name: "v"}, BaseURL: baseURL, Path: "/"})
		if !errors.Is(err, domain.AddressNotAllowed) {
			t.Errorf("got %v, want address_not_allowed", err)
		}
	}
	if reached.Load() != 0 {
		t.Error("a request reached loopback")
	}
}

// rebindingResolver returns a public address at the first lookup, and loopback at later ones.
type rebindingResolver struct{ lookups atomic.Int32 }

func (r *rebindingResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	if r.lookups.Add(1) == 1 {
		return []netip.Addr{netip.MustParseAddr("93.184.215.14")}, nil
	}
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

func TestURLsOfOneOriginHaveTheSameText(t *testing.T) {
	for raw, want := range map[string]string{
		"https://API.example":         "https://api.example",
		"https://api.example:443/v1/": "https://api.example",
		"http://api.example:80":       "http://api.example",
		"http://api.example:443":      "http://api.example:443",
		"HTTPS://[::1]:443":           "https://[::1]",
		"https://api.example/v1?x=a?": "https://api.example",
	} {
		if got, err := Origin(raw); err != nil || got != want {
			t.Errorf("Origin(%q) = %q, %v, want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{
		"api.example", "ftp://api.example", "https://me@api.example?x=1", "https://api.example?x=1#f",
	} {
		if got, err := Origin(raw); !errors.Is(err, domain.AddressNotAllowed) {
			t.Errorf("Origin(%q) = %q, %v, want address_not_allowed", raw, got, err)
		}
	}
}

// FuzzTarget checks that a call with an arbitrary base URL is sent to the host of that URL.
func FuzzTarget(f *testing.F) {
	for _, raw := range []string{
		"https://api.pluggy.ai/v1", "https://93.184.215.14:8443", "http://public.example",
		"https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]", "https://a.example@127.0.0.1", "https://127.1",
	} {
		f.Add(raw)
	}
	guard := egress.NewGuard(egress.Config{})
	f.Fuzz(func(t *testing.T, raw string) {
		target, err := (Call{BaseURL: raw, Path: "/items/a"}).target(guard)
		if err != nil {
			return
		}
		if u, err := url.Parse(raw); err != nil || !strings.EqualFold(target.Host, u.Host) {
			t.Errorf("a call to %q goes to %q", raw, target.Host)
		}
	})
}
