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

var silentConnections = flag.Int("silent", 10, "how many connections of each hostile tenant have a silent vendor")

// silentVendor is a vendor that accepts every call and never responds.
type silentVendor struct {
	url   string
	calls atomic.Int64 // calls that have arrived
	ended atomic.Int64 // calls that the service has cancelled
	most  atomic.Int64 // the largest number of calls that were waiting at the same time
}

// hanging returns the number of calls that wait for a response. A call that ends while hanging runs may still be
// counted.
func (v *silentVendor) hanging() int64 {
	ended := v.ended.Load()
	return v.calls.Load() - ended
}

func newSilentVendor(t *testing.T) *silentVendor {
	t.Helper()
	v, release := &silentVendor{}, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http detects a closed connection only when the body has been read
		v.calls.Add(1)
		v.noteMost()
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

// noteMost raises the field most to the number of calls that wait now, if that number is higher. The number may
// include a call that has just timed out.
func (v *silentVendor) noteMost() {
	for hanging := v.hanging(); ; {
		most := v.most.Load()
		if hanging <= most || v.most.CompareAndSwap(most, hanging) {
			return
		}
	}
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

// silentTenants is the number of hostile tenants. Four of them suffice to occupy all workers.
const silentTenants = 5

// TestPullsThatNeverEndDoNotDelayAnotherTenant occupies all workers with pulls of five tenants whose vendors never
// respond. Further pulls of these tenants are queued. A pull of another tenant must start within 2 s, and none of the
// five may ever use more than a quarter of the workers.
func TestPullsThatNeverEndDoNotDelayAnotherTenant(t *testing.T) {
	const workers, share, maxDelay = 32, 8, 2 * time.Second
	each(t, func(t *testing.T, w *env) {
		good := w.operator(t)
		id := good.connect(newPluggy(t), "good")
		var vendors []*silentVendor
		for range silentTenants {
			hostile, silent := w.operator(t), newSilentVendor(t)
			vendors = append(vendors, silent)
			for _, id := range silent.connectAll(hostile, *silentConnections) {
				hostile.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(http.StatusAccepted)
			}
		}
		eventually(t, "calls that hang in every worker", func() bool {
			var hanging int64
			for _, v := range vendors {
				hanging += v.hanging()
			}
			return hanging >= workers
		})
		created := time.Now()
		pull := good.pull(id, nil)
		startedAt, _ := pull["startedAt"].(string)
		started, err := time.Parse(time.RFC3339, startedAt)
		if err != nil || pull["status"] != "succeeded" {
			t.Errorf("the pull of the other tenant ended as %v: %v", pull, err)
		}
		delay := started.Sub(created)
		t.Logf("the pull of the other tenant started after %v", delay.Round(time.Millisecond))
		if delay > maxDelay {
			t.Errorf("the pull of the other tenant started after %v, want at most %v", delay, maxDelay)
		}
		for i, v := range vendors {
			if most := v.most.Load(); most > share {
				t.Errorf("%d pulls of tenant %d ran at the same time, want at most %d", most, i, share)
			}
		}
	}, func(*setup) {})
}
