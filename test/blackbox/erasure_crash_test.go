package blackbox_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

// TestAKilledErasureGoesOn kills the service while an erasure waits for the vendor to delete an item. After the
// restart, the erasure must continue. On SQLite it continues at once, because only one process uses the file. On
// PostgreSQL it continues within 30 s.
func TestAKilledErasureGoesOn(t *testing.T) {
	for backend, tc := range map[string]struct {
		url   func(*testing.T) string
		limit time.Duration
	}{
		"sqlite":   {func(*testing.T) string { return "" }, 5 * time.Second},
		"postgres": {func(t *testing.T) string { return newDatabase(t).url }, 30 * time.Second},
	} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			pace.Within(t, tc.limit, func() time.Duration { return killErasure(t, newEnv(t, tc.url(t))) })
		})
	}
}

// killErasure kills the service during an erasure. It returns the time from the restart to the second request to the
// vendor.
func killErasure(t *testing.T, h *env) time.Duration {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{Seed: 3})
	sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret})
	item := sim.AddItem(pluggysim.Item{}).ID
	deletions, killed := make(chan struct{}, 16), make(chan struct{})
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			deletions <- struct{}{}
			<-killed // no response until the kill
		}
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { vendor.CloseClientConnections(); vendor.Close() })
	first := h.serve()
	first.ready()
	c := h.call(first, "POST", "/aggregator-connections", object{
		"vendor": "pluggy", "configName": "main", "baseUrl": vendor.URL, "accountRef": item,
		"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
	}, http.StatusCreated)
	e := h.call(first, "POST", "/aggregator-connections/"+text(c, "id")+"/erasure", object{"atVendor": true},
		http.StatusAccepted)
	select {
	case <-deletions:
	case <-time.After(waitTimeout):
		t.Fatal("the service has not called the vendor")
	}
	first.kill()
	second := h.serve()
	second.ready()
	restarted := time.Now()
	close(killed)
	var took time.Duration
	select {
	case <-deletions:
		took = time.Since(restarted)
		t.Logf("the vendor is called again %.1f s after the restart", took.Seconds())
	case <-time.After(waitTimeout):
		t.Fatal("the erasure does not go on")
	}
	status := ""
	for end := time.Now().Add(waitTimeout); status != "done" && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
		status = text(h.call(second, "GET", "/erasures/"+text(e, "id"), nil, http.StatusOK), "status")
	}
	if status != "done" {
		t.Errorf("the erasure is %q", status)
	}
	return took
}
