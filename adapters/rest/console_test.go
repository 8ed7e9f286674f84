package rest

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestTheConsoleIsServedWithoutAToken(t *testing.T) {
	s := newEnv(t)
	for _, path := range []string{"/console", "/console/", "/console/connections/" + someID.String()} {
		w := s.call("GET", path, "", "Authorization", "")
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `<div id="console">`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
	}
}

func TestTheConsoleRespondsWithProblems(t *testing.T) {
	s := newEnv(t)
	problemIn(t, s.call("GET", "/console/assets/other/main.js", ""), http.StatusNotFound, codeNotFound)
	w := s.call("POST", "/console/connections", "{}")
	problemIn(t, w, http.StatusMethodNotAllowed, codeNotFound)
	if got := w.Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow: %q", got)
	}
}

func TestTheConsoleIsServedBehindThePrefixOfATrustedProxy(t *testing.T) {
	trusting := newEnv(t, func(o *Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")} // the peer in httptest
	})
	for _, c := range []struct {
		env    *env
		header string
		want   string
	}{
		{trusting, "/bank", "/bank"},
		{trusting, "/bank/", "/bank"},
		{trusting, "/a/b-c.d_e~f", "/a/b-c.d_e~f"},
		{newEnv(t), "/bank", ""},
		{trusting, "", ""},
		{trusting, "/", ""},
		{trusting, "bank", ""},
		{trusting, "//other.example", ""},
		{trusting, "https://other.example", ""},
		{trusting, `/a"><script>`, ""},
		{trusting, "/a, /b", ""},
		{trusting, "/a/../b", ""},
		{trusting, "/./a", ""},
		{trusting, "/..", ""},
		{trusting, "/" + strings.Repeat("a", 256), ""},
	} {
		page := c.env.call("GET", "/console/changes", "", "X-Forwarded-Prefix", c.header).Body.String()
		want := `src="` + c.want + `/console/assets/`
		if !strings.Contains(page, want) || !strings.Contains(page, `name="prefix" content="`+c.want+`">`) ||
			strings.Contains(page, "{{") {
			t.Errorf("%q: the page lacks %s:\n%s", c.header, want, page)
		}
	}
}
