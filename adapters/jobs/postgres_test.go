package jobs_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// The process outlives its database: jobs run again once it is back, as soon as it is
// told of them.
func TestQueueOutlivesItsDatabase(t *testing.T) {
	options := pgtest.Options{Dir: filepath.Join(serverDir(t), "data")}
	server, err := pgtest.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop() }()
	b := onServer(t, server.URL())
	q, w := b.make(t, jobs.Config{PollInterval: time.Hour}), once() // notifications alone
	if err := q.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	start(t, q, w)
	defer stop(t, q, patience) // before the server ends
	before := newPull()
	enqueue(t, b, q, before)
	w.await(t, before)

	options.Port = server.Port()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := q.Wake(t.Context()); err == nil {
		t.Error("a dead database answered")
	}
	if server, err = pgtest.Start(options); err != nil {
		t.Fatal(err)
	}
	after := newPull()
	// The pool still holds connections that died with the server; each is found out once.
	for tries := 0; ; tries++ {
		err := b.within(t.Context(), q, func(tx scope) error { return tx.enqueue(after.UUID) })
		if err == nil {
			break
		}
		if tries == 10 {
			t.Fatal(err)
		}
	}
	// The first job may be run once more: what its end had written can be lost.
	for end := time.After(2 * patience); ; {
		select {
		case got := <-w.seen:
			if got == after {
				return
			}
		case <-time.After(100 * time.Millisecond):
			_ = q.Wake(t.Context()) // until somebody listens again
		case <-end:
			t.Fatal("no job runs after the database came back")
		}
	}
}

// serverDir is a folder that the server's own user reaches.
func serverDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "jobs-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
