package clients_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// If the vendor denies the bills of a card, an empty list must not look like a card without bills.
func TestDeniedBillsAreNoEmptyList(t *testing.T) {
	for state, says := range map[string]bool{"ok": false, "denied": true} {
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"list":%q,"items":[],"limit":20,"hasMore":false}`, state)
		}))
		e := &env{origin: service.URL, token: harness.Token(t, "0196f5d4-6f0e-7000-8000-000000000001")}
		out, note, code := e.discovery(t, "", "bills", "list", "0196f5d4-6f0e-7000-8000-000000000002", "-o", "json")
		service.Close()
		if code != 0 || strings.TrimSpace(out) != "[]" || strings.Contains(note, "does not let the bills") != says {
			t.Errorf("a list that is %s ends with %d, %q and %q", state, code, out, note)
		}
	}
}

func TestAStatementOfABillIsPrinted(t *testing.T) {
	queries := make(chan string, 3)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		queries <- r.URL.Path + "?" + r.URL.Query().Encode()
		_, _ = fmt.Fprint(w, "the document")
	}))
	defer service.Close()
	e := &env{origin: service.URL, token: harness.Token(t, "0196f5d4-6f0e-7000-8000-000000000001")}
	for _, format := range []string{"csv", "ofx", "matcher"} {
		arguments := []string{"accounts", "statement", "x", "--bill", "y", "--format", format}
		if out := e.must(t, "", arguments...); out != "the document" {
			t.Errorf("%s: the command printed %q", format, out)
		}
		want := "/accounts/x/statement?bill=y&format=" + format
		if got := <-queries; !strings.HasSuffix(got, want) {
			t.Errorf("the request is %s, want %s", got, want)
		}
	}
}
