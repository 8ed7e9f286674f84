package docs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/matchersim"
)

// openMatcher serves a simulated Matcher with one source, and an access manager whose tokens its callers need, until
// the test ends. It returns the environment variables that docs/lerian.md asks its reader to set.
func openMatcher(t *testing.T) []string {
	t.Helper()
	const client, secret, token = "discovery", "secret of the client", "token-of-discovery"
	server := matchersim.New()
	server.Rate, server.Token = 0, "Bearer "+token
	imports := httptest.NewServer(server)
	t.Cleanup(imports.Close)
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != client || r.FormValue("client_secret") != secret {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"expires_in":3600}`, token)
	}))
	t.Cleanup(tokens.Close)
	context, source := server.AddSource()
	return []string{
		"MATCHER_URL=" + imports.URL, "TOKEN_URL=" + tokens.URL, "CONTEXT=" + context, "SOURCE=" + source,
		"MATCHER_CLIENT=" + client, "MATCHER_SECRET=" + secret,
	}
}
