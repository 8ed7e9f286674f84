package jobs_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// The queue must keep working after a crash of its database. As soon as the database is available again, notifications
// must start jobs without a poll.
func TestQueueSurvivesACrashOfItsDatabase(t *testing.T) {
	options := pgtest.Options{Dir: filepath.Join(datadir.New(t), "data")}
	server, err := pgtest.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop() }()
	e := onServer(t, server.URL())
	q, w := e.make(t, jobs.Config{PollInterval: time.Hour}), oneAttemptWorker() // the test ends before the first poll
	if err := q.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	start(t, q, w)
	defer stop(t, q, waitTimeout) // stops the queue before the server is stopped
	before := newPull()
	enqueue(t, e, q, before)
	w.await(t, before)

	options.Port = server.Port()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := q.Wake(t.Context()); err == nil {
		t.Error("Wake succeeded although the database server is not running")
	}
	if server, err = pgtest.Start(options); err != nil {
		t.Fatal(err)
	}
	after := newPull()
	// The pool still contains connections that broke when the server crashed. The first use of each of them fails.
	for attempts := 0; ; attempts++ {
		err := e.within(t.Context(), q, func(tx transaction) error { return tx.enqueue(after.UUID) })
		if err == nil {
			break
		}
		if attempts == 10 {
			t.Fatal(err)
		}
	}
	// The first job may run once more, because its completion may have been lost in the crash.
	for end := time.After(2 * waitTimeout); ; {
		select {
		case got := <-w.seenIDs:
			if got == after {
				return
			}
		case <-time.After(100 * time.Millisecond):
			_ = q.Wake(t.Context()) // called repeatedly, because notifications are lost until the queue listens again
		case <-end:
			t.Fatal("no job ran after the database was available again")
		}
	}
}
