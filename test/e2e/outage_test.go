package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/pgtest"
)

// A PostgreSQL that goes away and comes back, which none of the other worlds survives.
func TestTheDatabaseGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	root, err := os.MkdirTemp("", "e2e-") // the server's own user must come through
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "data")
	first, err := pgtest.Start(pgtest.Options{Dir: dir, Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	again := first
	t.Cleanup(func() { _ = again.Stop() }) // after the service has let go of it
	w := open(t, "postgres", first.URL())
	o, b, id, door := w.door(t)
	port := first.Port()
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	body := b.payload(t, "all")
	for _, ask := range []func() answer{
		func() answer { return o.do(http.MethodGet, connections, nil) },
		func() answer { return o.do(http.MethodPost, connections, creation(b, "other")) },
		func() answer { return w.knock(t, "pluggy", door, body) },
	} {
		begun := time.Now()
		ask().problem(503, "MTCH-0008")
		if took := time.Since(begun); took > 4*time.Second { // 2 s, on a machine that is shared
			t.Errorf("the 503 took %v", took)
		}
	}
	if ready := w.call(t, http.MethodGet, "/readyz", nil).want(503).json(); ready["status"] != "unavailable" {
		t.Errorf("without a database it says %v", ready)
	}
	w.call(t, http.MethodGet, "/health", nil).want(200)

	again, err = pgtest.Start(pgtest.Options{Dir: dir, Port: port, Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "readiness", func() bool { return w.call(t, http.MethodGet, "/readyz", nil).status == 200 })
	w.knock(t, "pluggy", door, body).want(202)
	o.succeeded(id)
	o.faithful(b, id)
	if kept := o.pages(deliveries, 20); len(kept) != 1 {
		t.Errorf("%d deliveries are kept: the one that was acknowledged is 1", len(kept))
	}
}
