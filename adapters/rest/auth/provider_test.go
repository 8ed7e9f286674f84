package auth

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestTheOriginOfTheTokenEndpointIsRead(t *testing.T) {
	var document string
	status, requests := http.StatusOK, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if r.URL.Path != "/pool/.well-known/openid-configuration" {
			t.Errorf("the path is %s", r.URL.Path)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(document))
	}))
	defer server.Close()
	issuer := server.URL + "/pool"
	described := func(issuer, endpoint string) string {
		return fmt.Sprintf(`{"issuer":%q,"token_endpoint":%q,"scopes_supported":[]}`, issuer, endpoint)
	}
	for _, c := range []struct {
		name, document string
		status         int
		want           string
	}{
		{"another origin", described(issuer, "https://pool.auth.example/token"), 200, "https://pool.auth.example"},
		{"the issuer's origin", described(issuer, server.URL+"/token"), 200, server.URL},
		{"another issuer", described("https://evil.example", "https://pool.auth.example/token"), 200, ""},
		{"plain http elsewhere", described(issuer, "http://pool.auth.example/token"), 200, ""},
		{"a host that would end the directive", described(issuer, "https://a;script-src *.example/token"), 200, ""},
		{"a host with a space", described(issuer, "https://a%20*/token"), 200, ""},
		{"no endpoint", described(issuer, ""), 200, ""},
		{"no JSON", "<html>", 200, ""},
		{"a failure", described(issuer, "https://pool.auth.example/token"), 500, ""},
	} {
		document, status = c.document, c.status
		p := NewProvider(issuer, server.Client(), porttest.NewClock(moment))
		if got := p.TokenOrigin(t.Context()); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}

	clock := porttest.NewClock(moment)
	p := NewProvider(issuer, server.Client(), clock)
	read := func(want string, wantRequests int) {
		t.Helper()
		requests = 0
		if got := p.TokenOrigin(t.Context()); got != want || requests != wantRequests {
			t.Errorf("%q after %d requests, want %q after %d", got, requests, want, wantRequests)
		}
	}
	status = 500
	read("", 1)
	read("", 0)
	clock.Advance(providerRetry)
	document, status = described(issuer, "https://one.example/token"), 200
	read("https://one.example", 1)
	clock.Advance(providerTTL - time.Second)
	read("https://one.example", 0)
	clock.Advance(time.Second)
	status = 500
	read("https://one.example", 1)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	clock.Advance(providerRetry)
	if got := p.TokenOrigin(canceled); got != "https://one.example" {
		t.Errorf("a caller that gave up got %q", got)
	}
	document, status = described(issuer, "https://two.example/token"), 200
	read("https://two.example", 1)
}
