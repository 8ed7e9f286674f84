package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/hostile"
	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

// maxTest is the maximum duration of each request and of the pull that these tests measure.
const maxTest = 20 * time.Second

// TestVendorsThatSwitchProtocolsStopNobodysPulls occupies all workers with the pulls of three tenants, whose vendor
// answers 101 and keeps the connection open. A pull of another tenant must end within maxTest, and at most one
// connection to the vendor may stay open.
func TestVendorsThatSwitchProtocolsStopNobodysPulls(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		good := w.operator(t)
		id := good.connect(newPluggy(t), "good")
		peer := hostile.Start(t, hostile.HTTP()["101, then nothing"])
		for range 3 {
			o := w.operator(t)
			for _, id := range (&silentVendor{url: "http://" + peer.Address()}).connectAll(o, 10) {
				o.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(http.StatusAccepted)
			}
		}
		eventually(t, "the answers of the vendor", func() bool { return peer.Accepted() >= 10 })
		pace.Within(t, maxTest, func() time.Duration {
			began := time.Now()
			if pull := good.pull(id, nil); pull["status"] != "succeeded" {
				t.Errorf("the pull of the other tenant ended as %v", pull)
			}
			return time.Since(began)
		})
		eventually(t, "calls that have ended", func() bool { return peer.Open() <= 1 })
	}, func(*setup) {})
}

// TestTestsOfHostilePeersAreAnswered requests a live test of each kind, and a link session. The peers answer 101 and
// then send a byte at a time.
func TestTestsOfHostilePeersAreAnswered(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.operator(t)
		url := "http://" + hostile.Start(t, hostile.HTTP()["101, then a byte at a time"]).Address()
		id := (&silentVendor{url: url}).connectAll(o, 1)[0]
		engine := o.send(http.MethodPost, engines, object{
			"type": "rest-generic", "configName": "engine", "config": object{"url": url},
		}).want(http.StatusCreated).text("id")
		subscription := text(o.subscribe(url, nil, "transaction.*"), "id")
		for _, request := range []struct {
			path   string
			body   any
			status int
			answer string // a part of the answer
		}{
			{connections + "/test", object{"vendor": "belvo", "configName": "silent 0"}, 200, `"healthy":false`},
			{pathOf(id, "/link-sessions"), nil, 503, "MTCH-0008"},
			{engines + "/" + engine + "/test", nil, 200, `"healthy":false`},
			{subscriptions + "/" + subscription + "/test", nil, 200, `"delivered":false`},
		} {
			pace.Within(t, maxTest, func() time.Duration {
				began := time.Now()
				got := o.send(http.MethodPost, request.path, request.body)
				if got.status != request.status || !strings.Contains(string(got.raw), request.answer) {
					t.Errorf("%s: %d %s", request.path, got.status, got.raw)
				}
				return time.Since(began)
			})
		}
	})
}
