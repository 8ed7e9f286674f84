package e2e_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

var silentConnections = flag.Int("silent", 60, "how many connections of one tenant have a vendor that never responds")

// silentVendor is a vendor that accepts every call and never responds.
type silentVendor struct {
	url   string
	calls atomic.Int64 // calls that have arrived
	ended atomic.Int64 // calls that the service has cancelled
}

func newSilentVendor(t *testing.T) *silentVendor {
	t.Helper()
	v, release := &silentVendor{}, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http detects a closed connection only when the body has been read
		v.calls.Add(1)
		select {
		case <-r.Context().Done():
			v.ended.Add(1)
		case <-release:
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	v.url = server.URL
	return v
}

// connectAll creates n connections of the operator to the vendor, and returns their ids.
func (v *silentVendor) connectAll(o operator, n int) (ids []string) {
	o.t.Helper()
	for i := range n {
		ids = append(ids, o.send(http.MethodPost, connections, object{
			"vendor": "belvo", "configName": fmt.Sprint("silent ", i), "baseUrl": v.url,
			"accountRef": "link", "clientId": "id", "secret": "secret",
		}).want(http.StatusCreated).text("id"))
	}
	return ids
}

// TestPullsThatNeverEndDoNotDelayAnotherTenant occupies all ordinary workers with pulls of one tenant. The vendor of
// this tenant never responds. Further pulls of the tenant are queued. A pull of another tenant must not wait for any of
// them.
//
// On a busy machine, some calls to the silent vendor may time out before the other tenant's pull ends. The test
// therefore accepts some timeouts, but fails if half of the calls time out.
func TestPullsThatNeverEndDoNotDelayAnotherTenant(t *testing.T) {
	const ordinaryWorkers = 6 // of the 8 workers
	each(t, func(t *testing.T, w *env) {
		good, other := w.operator(t), w.operator(t)
		id := good.connect(newPluggy(t), "good")
		silent := newSilentVendor(t)
		for _, id := range silent.connectAll(other, *silentConnections) {
			other.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(http.StatusAccepted)
		}
		eventually(t, "calls that hang", func() bool { return silent.calls.Load() >= ordinaryWorkers })
		began := time.Now()
		if pull := good.pull(id, nil); pull["status"] != "succeeded" {
			t.Errorf("the pull of the other tenant ended as %v", pull)
		}
		t.Logf("the pull of the other tenant took %v", time.Since(began).Round(time.Millisecond))
		// The ended calls are counted before all calls. A call that ends between the two loads counts as hanging.
		ended := silent.ended.Load()
		if limit := int64(*silentConnections / 2); ended >= limit {
			t.Errorf("%d calls timed out before the pull of the other tenant ended, want fewer than %d", ended, limit)
		}
		if hanging := silent.calls.Load() - ended; ended == 0 && hanging > ordinaryWorkers {
			t.Errorf("one tenant occupies %d workers, want at most %d", hanging, ordinaryWorkers)
		}
	}, func(*setup) {})
}
