package blackbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// registrationStep is a point at which the service is killed while it registers a webhook at the vendor (POST
// /webhooks/tokens with the member register), or while it removes that webhook.
type registrationStep struct {
	name string
	// method is the HTTP method of a request to the vendor's webhook API. The service is killed during this request. If
	// forward is set, the vendor has already handled the request.
	method  string
	forward bool
	revoke  bool // the request is part of a revocation, which follows a successful registration
}

// TestAKilledRegistrationLeavesNoWebhook kills the service between the steps of a registration, and between the steps
// of its removal. Afterwards the vendor must have no webhook that the service does not know.
func TestAKilledRegistrationLeavesNoWebhook(t *testing.T) {
	checks := map[string]func(*testing.T){}
	for _, step := range []registrationStep{
		{name: "before the vendor creates the webhook", method: http.MethodPost},
		{name: "after the vendor has created the webhook", method: http.MethodPost, forward: true},
		{name: "before the vendor deletes the webhook", method: http.MethodDelete, revoke: true},
		{name: "after the vendor has deleted the webhook", method: http.MethodDelete, forward: true, revoke: true},
	} {
		for backend, at := range map[string]func(*testing.T) string{
			"sqlite":   func(*testing.T) string { return "" },
			"postgres": func(t *testing.T) string { return newDatabase(t).url },
		} {
			checks[step.name+" on "+backend] = step.begin(t, newEnv(t, at(t)))
		}
	}
	t.Parallel() // other tests run until the services have removed the webhooks, which takes minutes
	for name, check := range checks {
		t.Run(name, check)
	}
}

// begin starts a registration, kills the service at the step, and starts the service again. The returned function waits
// until the vendor no longer has the webhook of the interrupted request, and then calls check.
func (s registrationStep) begin(t *testing.T, h *env) func(t *testing.T) {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{Seed: 3})
	sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret})
	item := sim.AddItem(pluggysim.Item{}).ID
	var armed atomic.Bool
	reached, killed := make(chan struct{}), make(chan struct{})
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != s.method || !isWebhookPath(r.URL.Path) || !armed.CompareAndSwap(true, false) {
			sim.ServeHTTP(w, r)
			return
		}
		if s.forward {
			sim.ServeHTTP(httptest.NewRecorder(), r)
		}
		close(reached)
		<-killed // the service never gets a response
	}))
	t.Cleanup(func() { vendor.CloseClientConnections(); vendor.Close() })
	h.settings["PUBLIC_URL"] = "https://webhooks.example.test" // the vendor accepts only https
	first := h.serve()
	first.ready()
	h.call(first, "POST", "/aggregator-connections", object{
		"vendor": "pluggy", "configName": "main", "baseUrl": vendor.URL, "accountRef": item,
		"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
	}, http.StatusCreated)
	register := object{"vendor": "pluggy", "connection_config_name": "main", "register": true}
	if s.revoke {
		minted := h.call(first, "POST", "/webhooks/tokens", register, http.StatusCreated)
		armed.Store(true)
		h.call(first, "DELETE", "/webhooks/tokens/"+text(minted, "id"), nil, http.StatusNoContent)
	} else {
		armed.Store(true)
		go func() { _, _ = h.try(context.Background(), first, "POST", surface+"/webhooks/tokens", register) }()
	}
	select {
	case <-reached:
	case <-time.After(waitTimeout):
		t.Fatal("the service has not called the vendor")
	}
	first.kill()
	died := time.Now()
	close(killed)
	want := 0
	if s.forward != s.revoke { // the vendor has the webhook
		want = 1
	}
	if n := len(sim.Webhooks()); n != want {
		t.Fatalf("the vendor has %d webhooks at the kill, want %d", n, want)
	}
	second := h.serve()
	second.ready()
	if !s.revoke && !s.forward {
		return func(t *testing.T) { s.check(t, h, second, sim, register) }
	}
	gone := make(chan time.Duration, 1)
	go func() {
		for len(sim.Webhooks()) > 0 && t.Context().Err() == nil {
			time.Sleep(50 * time.Millisecond)
		}
		gone <- time.Since(died)
	}()
	return func(t *testing.T) {
		select {
		case took := <-gone:
			t.Logf("the vendor has no webhook %.1f s after the kill", took.Seconds())
		case <-time.After(waitTimeout):
			t.Fatal("the vendor still has the webhook")
		}
		s.check(t, h, second, sim, register)
	}
}

// check checks that the interrupted request has left no valid token, and that a new registration works.
func (registrationStep) check(t *testing.T, h *env, p *process, sim *pluggysim.Simulator, register object) {
	t.Helper()
	for _, token := range h.all(p, "/webhooks/tokens") {
		if token["revokedAt"] == nil {
			t.Errorf("a live token is listed: %v", token["id"])
		}
	}
	// A new registration must still work. The interrupted one must have left no webhook at the vendor.
	h.call(p, "POST", "/webhooks/tokens", register, http.StatusCreated)
	if n := len(sim.Webhooks()); n != 1 {
		t.Errorf("the vendor has %d webhooks after a new registration, want 1", n)
	}
}

func isWebhookPath(path string) bool { return strings.HasPrefix(path, "/webhooks") }
