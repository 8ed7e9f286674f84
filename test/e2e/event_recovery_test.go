package e2e_test

import (
	"net/http"
	"testing"
)

// TestTheEndOfAProblemIsAnEvent revokes the credential of a connection, and then sets a new one. The events report the
// problem and its end, each once.
func TestTheEndOfAProblemIsAnEvent(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, _ := connectAndPull(t, w, b)
		r := newReceiver(t)
		s := o.subscribe(r.URL, nil, "connection.reauth_required", "connection.recovered", "pull.*")
		b.revoke()
		pull := func(status string) {
			t.Helper()
			path := o.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(http.StatusAccepted).header.Get("Location")
			eventually(t, status, func() bool { return o.get(path).json()["status"] == status })
		}
		pull("failed")
		o.delivered(s, "the problems", func() bool { return len(r.got()) >= 2 })
		b.grant()
		replacement := creation(b, "main")
		delete(replacement, "vendor")
		o.send(http.MethodPut, pathOf(id, ""), replacement).want(http.StatusOK)
		pull("succeeded")
		pull("succeeded")
		o.delivered(s, "their ends", func() bool { return len(r.got()) >= 4 })
		kinds := map[string]int{}
		for _, e := range r.got() {
			kinds[text(e, "type")]++
		}
		for _, kind := range []string{
			"connection.reauth_required", "connection.recovered", "pull.failed", "pull.recovered",
		} {
			if n := kinds["studio.lerian.discovery."+kind]; n != 1 {
				t.Errorf("%d events %s, want 1: %v", n, kind, kinds)
			}
		}
	})
}
