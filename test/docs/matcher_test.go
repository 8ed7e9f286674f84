package docs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// The calls that docs/events.md lists for a stand-in are those that the simulated Matcher serves.
func TestTheCallsToMatcherAreInThePage(t *testing.T) {
	calls := func(file, section, form string) (all []string) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(text), section)
		for _, call := range regexp.MustCompile(form).FindAllStringSubmatch(after, -1) {
			all = append(all, call[1]+" "+regexp.MustCompile(`{\w+}`).ReplaceAllString(call[2], "{}"))
		}
		slices.Sort(all)
		return all
	}
	served := calls("../../test/kit/matchersim/matchersim.go", "", `handle\("(GET|POST) "\+contexts\+"([^"]+)"`)
	listed := calls("../../docs/events.md", "\n## Matcher\n", "\\| `(GET|POST) /([^`]+)`")
	if diff := cmp.Diff(served, listed); diff != "" || len(served) != 5 {
		t.Errorf("calls (-served +listed):\n%s", diff)
	}
}
