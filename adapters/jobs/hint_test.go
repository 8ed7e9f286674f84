package jobs_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// busyProcess returns a running process that does not poll. Its only worker runs a pull until release is called.
func busyProcess(t *testing.T, db database) (p process, release func()) {
	t.Helper()
	p = db.open(t, background.Config{MaxWorkers: 1}, noPoll)
	started, ended := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	p.startUnstuck(t, newClaimer(p, func(context.Context, domain.PullID) time.Time {
		if first.CompareAndSwap(false, true) {
			close(started)
			<-ended
		}
		return time.Time{}
	}))
	t.Cleanup(func() { // runs before the queue is stopped
		select {
		case <-ended:
		default:
			close(ended)
		}
	})
	p.request(t)
	<-started
	return p, func() { close(ended) }
}

// A process without a free worker must announce its pulls, so that a process that does not poll runs them.
func TestAnIdleProcessRunsThePullsOfABusyOne(t *testing.T) {
	db := newPostgres(t, pgtest.DSN(t), jobs.Config{})
	idle := db.open(t, background.Config{}, noPoll)
	w := newClaimer(idle, nil)
	idle.startUnstuck(t, w)
	listening(t, idle)
	busy, _ := busyProcess(t, db)
	for range 5 {
		w.await(t, busy.request(t))
	}
}

// listening waits until the process listens for notifications.
func listening(t *testing.T, p process) {
	t.Helper()
	for end := time.Now().Add(waitTimeout); ; time.Sleep(10 * time.Millisecond) {
		var n int
		err := p.pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'`).Scan(&n)
		if err == nil && n > 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the process does not listen (%v)", err)
		}
	}
}

// The queue must keep working after a crash of its database. As soon as the database is available again, notifications
// must start pulls without a poll.
func TestQueueSurvivesACrashOfItsDatabase(t *testing.T) {
	options := pgtest.Options{Dir: filepath.Join(datadir.New(t), "data")}
	server, err := pgtest.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop() }()
	db := newPostgres(t, server.URL(), jobs.Config{})
	idle := db.open(t, background.Config{}, noPoll)
	w := newClaimer(idle, nil)
	idle.startUnstuck(t, w)
	defer idle.stop(t, waitTimeout) // stops the queue before the server is stopped
	listening(t, idle)
	busy, release := busyProcess(t, db)
	defer busy.stop(t, waitTimeout)
	defer release()
	w.await(t, busy.request(t))

	options.Port = server.Port()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if server, err = pgtest.Start(options); err != nil {
		t.Fatal(err)
	}
	// The pools still contain connections that broke when the server crashed. An announcement that used one of them
	// would be repeated after 5 s.
	busy.pool.Reset()
	idle.pool.Reset()
	listening(t, idle)
	w.await(t, busy.request(t))
}
