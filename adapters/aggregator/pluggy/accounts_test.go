package pluggy_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// newAccountsVendor starts a server that acts as the vendor. To respond to a request for /accounts, the server calls
// the function page with the requested page number. newAccountsVendor returns an adapter and the access to that server.
func newAccountsVendor(t *testing.T, page func(number string) string) (*pluggy.Adapter, ports.Access) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth" {
			_, _ = io.WriteString(w, `{"apiKey":"k"}`)
			return
		}
		_, _ = io.WriteString(w, page(r.URL.Query().Get("page")))
	}))
	client := vendorhttp.New(vendorhttp.Config{
		AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, BudgetPerMinute: -1,
	})
	t.Cleanup(func() { client.Close(); srv.Close() })
	access := ports.Access{BaseURL: srv.URL, AccountRef: "item", Credential: credential("a", "b")}
	return pluggy.New(client, porttest.NewClock(testNow)), access
}

// accountsPage returns a page of accounts with the given ids, as JSON.
func accountsPage(page string, total int, ids ...string) string {
	rows := make([]string, len(ids))
	for i, id := range ids {
		rows[i] = fmt.Sprintf(`{"id":%q,"itemId":"item","type":"BANK","currencyCode":"BRL"}`, id)
	}
	if page == "" {
		page = "1"
	}
	return fmt.Sprintf(`{"page":%s,"totalPages":%d,"results":[%s]}`, page, total, strings.Join(rows, ","))
}

func TestAccountsReadsAllPages(t *testing.T) {
	adapter, access := newAccountsVendor(t, func(page string) string { return accountsPage(page, 3, "account-"+page) })
	got, err := adapter.Accounts(t.Context(), access)
	if err != nil || len(got) != 3 {
		t.Errorf("%d accounts, %v, want 3", len(got), err)
	}
}

func TestAccountsRefusesInvalidLists(t *testing.T) {
	for name, page := range map[string]func(string) string{
		"page number ignored": func(string) string { return accountsPage("1", 2, "a") },
		"endless":             func(page string) string { return accountsPage(page, 1_000_000, "a"+page) },
		"without results":     func(string) string { return `{"page":1,"totalPages":1}` },
		"null results":        func(string) string { return `{"page":1,"totalPages":1,"results":null}` },
	} {
		t.Run(name, func(t *testing.T) {
			adapter, access := newAccountsVendor(t, page)
			got, err := adapter.Accounts(t.Context(), access)
			if !errors.Is(err, domain.MalformedResponse) || got != nil {
				t.Errorf("%v, %v, want malformed_response", got, err)
			}
		})
	}
}

func TestAKeyThatCannotBeAHeaderIsRefused(t *testing.T) {
	for _, key := range []string{"", "a\\r\\nX: y", "a b", "\\u0000", "é"} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"apiKey":"`+key+`"}`)
		}))
		client := vendorhttp.New(vendorhttp.Config{
			AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		})
		access := ports.Access{BaseURL: srv.URL, AccountRef: "item", Credential: credential("a", "b")}
		adapter := pluggy.New(client, porttest.NewClock(testNow))
		if _, err := adapter.Check(t.Context(), access); !errors.Is(err, domain.MalformedResponse) {
			t.Errorf("%q: %v, want malformed_response", key, err)
		}
		client.Close()
		srv.Close()
	}
}
