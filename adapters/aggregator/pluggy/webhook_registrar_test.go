package pluggy_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func newWebhook(url string) ports.NewWebhook {
	return ports.NewWebhook{URL: domain.SecretText(url), Authorization: domain.SecretText("Bearer own")}
}

func TestWebhooksAreCreatedListedAndDeleted(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	const url = "https://hooks.example.com/pluggy/token"
	id, err := e.adapter.CreateWebhook(t.Context(), e.access, newWebhook(url))
	if err != nil {
		t.Fatal(err)
	}
	made := e.sim.Webhooks()
	if len(made) != 1 || made[0].ID != id || made[0].Event != "all" || made[0].URL != url ||
		made[0].Headers["Authorization"] != "Bearer own" {
		t.Fatalf("the vendor has %+v", made)
	}
	all, err := e.adapter.Webhooks(t.Context(), e.access)
	if err != nil || len(all) != 1 || all[0].ID != id || string(all[0].URL.Reveal()) != url {
		t.Fatalf("listed %v, %v", all, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", all, all, newWebhook(url)); strings.Contains(text, "token") {
		t.Errorf("a webhook prints its URL: %s", text)
	}
	for range 2 { // deleting a webhook that does not exist succeeds
		if err := e.adapter.DeleteWebhook(t.Context(), e.access, id); err != nil {
			t.Fatal(err)
		}
	}
	if made := e.sim.Webhooks(); len(made) != 0 {
		t.Errorf("the vendor still has %+v", made)
	}
}

func TestTheVendorRefusesWebhooks(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	for i := range 5 {
		w := newWebhook(fmt.Sprint("https://h.example/", i))
		if _, err := e.adapter.CreateWebhook(t.Context(), e.access, w); err != nil {
			t.Fatal(err)
		}
	}
	for _, url := range []string{
		"https://h.example/6", "http://h.example", "https://127.0.0.1/x", "https://localhost/x",
	} {
		_, err := e.adapter.CreateWebhook(t.Context(), e.access, newWebhook(url))
		if !errors.Is(err, domain.Rejected) || !errors.Is(err, domain.VendorRefused) {
			t.Errorf("%s: got %v, want vendor_refused", url, err)
		}
	}
	wrong := e.access
	wrong.Credential = credential(pluggysim.DemoClientID, "wrong")
	_, err := e.adapter.CreateWebhook(t.Context(), wrong, newWebhook("https://h.example"))
	if !errors.Is(err, domain.CredentialRejected) {
		t.Errorf("a wrong credential: %v", err)
	}
}

// A webhook must not be created twice, so a request whose response was lost is not repeated.
func TestTheCreationOfAWebhookIsNotRepeated(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	unavailable := pluggysim.Fault{Kind: pluggysim.FaultStatus, Status: http.StatusServiceUnavailable, Times: -1}
	e.inject(t, unavailable, "/webhooks")
	_, err := e.adapter.CreateWebhook(t.Context(), e.access, newWebhook("https://h.example"))
	if !errors.Is(err, domain.Unavailable) {
		t.Fatalf("got %v, want an Unavailable error", err)
	}
	posts := 0
	for _, r := range e.requests {
		if r.Method == http.MethodPost && r.URL.Path == "/webhooks" {
			posts++
		}
	}
	if posts != 1 {
		t.Errorf("%d requests, want 1", posts)
	}
}

// All pages of the list of webhooks must be read. The simulator's list has only one page, so the
// test uses a server whose list has two.
func TestAllPagesOfWebhooksAreRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/auth":
			_, _ = w.Write([]byte(`{"apiKey":"key"}`))
		case r.URL.Query().Get("page") == "2":
			_, _ = w.Write([]byte(`{"page":2,"totalPages":2,"results":[{"id":"b","url":"https://b"}]}`))
		default:
			_, _ = w.Write([]byte(`{"page":1,"totalPages":2,"results":[{"id":"a","url":"https://a"}]}`))
		}
	}))
	t.Cleanup(server.Close)
	e := newEnv(t, vendorhttp.Config{})
	e.access.BaseURL = server.URL
	all, err := e.adapter.Webhooks(t.Context(), e.access)
	if err != nil || len(all) != 2 || all[1].ID != "b" {
		t.Errorf("got %v, %v", all, err)
	}
}
