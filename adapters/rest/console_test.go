package rest

import (
	"net/http"
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
