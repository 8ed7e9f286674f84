package jobs_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// The process survives a crash of its database: when the database is back, jobs run again as soon as
// a notification announces them.
func TestQueueSurvivesACrashOfItsDatabase(t *testing.T) {
	options := pgtest.Options{Dir: filepath.Join(serverDir(t), "data")}
	server, err := pgtest.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop() }()
	e := onServer(t, server.URL())
	q, w := e.make(t, jobs.Config{PollInterval: time.Hour}), oneAttemptWorker() // only notifications
	if err := q.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	start(t, q, w)
	defer stop(t, q, waitTimeout) // before the server stops
	before := newPull()
	enqueue(t, e, q, before)
	w.await(t, before)

	options.Port = server.Port()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := q.Wake(t.Context()); err == nil {
		t.Error("Wake succeeded on a dead database")
	}
	if server, err = pgtest.Start(options); err != nil {
		t.Fatal(err)
	}
	after := newPull()
	// The pool still holds connections that died with the server; each one fails once.
	for attempts := 0; ; attempts++ {
		err := e.within(t.Context(), q, func(tx transaction) error { return tx.enqueue(after.UUID) })
		if err == nil {
			break
		}
		if attempts == 10 {
			t.Fatal(err)
		}
	}
	// The first job may run once more, because the write of its completion may be lost.
	for end := time.After(2 * waitTimeout); ; {
		select {
		case got := <-w.seen:
			if got == after {
				return
			}
		case <-time.After(100 * time.Millisecond):
			_ = q.Wake(t.Context()) // until the queue listens again
		case <-end:
			t.Fatal("no job runs after the database came back")
		}
	}
}

// serverDir returns a new directory that the server's own user can access.
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
