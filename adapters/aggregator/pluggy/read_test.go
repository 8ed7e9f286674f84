package pluggy_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// newFixedVendor starts a server that acts as the vendor. The server accepts any credential and sends the same
// response to all other requests. newFixedVendor returns an adapter and the access to that server.
func newFixedVendor(t *testing.T, status int, body string) (*pluggy.Adapter, ports.Access) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth" {
			_, _ = io.WriteString(w, `{"apiKey":"k"}`)
			return
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	client := vendorhttp.New(vendorhttp.Config{
		AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, BudgetPerMinute: -1,
	})
	t.Cleanup(func() { client.Close(); srv.Close() })
	access := ports.Access{BaseURL: srv.URL, AccountRef: "item", Credential: credential("a", "b")}
	return pluggy.New(client, porttest.NewClock(testNow)), access
}

func TestReadRefusesInvalidPages(t *testing.T) {
	for name, body := range map[string]string{
		"empty object":       `{}`,
		"null results":       `{"results":null,"next":null}`,
		"no results":         `{"next":null}`,
		"results as text":    `{"results":"","next":null}`,
		"rows not separated": `{"results":[{} {}],"next":null}`,
		"next as a number":   `{"results":[],"next":7}`,
		"next as an object":  `{"results":[],"next":{}}`,
		"duplicate results":  `{"results":[],"results":[],"next":null}`,
		"array":              `[]`,
		"nothing":            ``,
		"two values":         `{"results":[],"next":null}{}`,
	} {
		t.Run(name, func(t *testing.T) {
			adapter, access := newFixedVendor(t, http.StatusOK, body)
			page, err := adapter.Read(t.Context(), access, domain.Step{Account: "a"}, nil, "")
			if !errors.Is(err, domain.MalformedResponse) || page.Transactions != nil || page.Next != "" {
				t.Errorf("%+v, %v, want malformed_response", page, err)
			}
		})
	}
}

func TestReadAcceptsAnEmptyPage(t *testing.T) {
	for _, body := range []string{`{"results":[],"next":null}`, `{"results":[]}`, `{"results":[],"next":"","new":{}}`} {
		adapter, access := newFixedVendor(t, http.StatusOK, body)
		page, err := adapter.Read(t.Context(), access, domain.Step{Account: "a"}, nil, "")
		if err != nil || len(page.Transactions) != 0 || page.Next != "" {
			t.Errorf("%s: %+v, %v", body, page, err)
		}
	}
}

// TestAnHTMLErrorPageRejectsNothing checks that a firewall's error page does not reject an account
// permanently. Only a JSON response of the vendor can do that.
func TestAnHTMLErrorPageRejectsNothing(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound} {
		adapter, access := newFixedVendor(t, status, "<html>blocked</html>")
		_, err := adapter.Check(t.Context(), access)
		if !errors.Is(err, domain.Unavailable) || !errors.Is(err, domain.MalformedResponse) {
			t.Errorf("%d with a page: %v, want malformed_response", status, err)
		}
	}
}

func TestCheckRefusesAnotherItem(t *testing.T) {
	for _, body := range []string{`{"id":"other","status":"UPDATED"}`, `{"id":"item"}`, `{"status":"UPDATED"}`, `{}`} {
		adapter, access := newFixedVendor(t, http.StatusOK, body)
		if _, err := adapter.Check(t.Context(), access); !errors.Is(err, domain.MalformedResponse) {
			t.Errorf("%s: %v, want malformed_response", body, err)
		}
	}
}
