package jobs_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// pollOnly is the configuration of a queue that uses a pooler.
var pollOnly = jobs.Config{PollOnly: true}

func TestConcurrentMigrationsThroughAPoolerSucceed(t *testing.T) {
	through := onPooler(t, pgtest.DSN(t))
	var all sync.WaitGroup
	for range 6 {
		q := through.make(t, pollOnly)
		all.Go(func() {
			if err := q.Migrate(t.Context()); err != nil {
				t.Errorf("Migrate: %v", err)
			}
		})
	}
	all.Wait()
	current, needed, err := through.make(t, pollOnly).Version(t.Context())
	if err != nil || current != needed {
		t.Errorf("the schema is at %d, needed is %d (%v)", current, needed, err)
	}
}

// If the database is used through a pooler, the next poll must find a job without a notification. This holds for the
// process that inserted the job and for any other process.
func TestJobsRunThroughAPooler(t *testing.T) {
	e := onPooler(t, pgtest.DSN(t))
	q, w := e.make(t, pollOnly), oneAttemptWorker()
	if err := q.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	start(t, q, w)
	other := e.make(t, pollOnly)
	var slowest time.Duration
	for i := range 20 {
		id, begun := newPull(), time.Now()
		enqueue(t, e, []*jobs.Queue{q, other}[i%2], id)
		w.await(t, id)
		slowest = max(slowest, time.Since(begun))
	}
	t.Logf("the slowest of 20 jobs ran after %v", slowest)
	stop(t, q, waitTimeout)
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	for range poolerSize { // each transaction keeps a server connection until the end of the test
		tx, err := e.pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(ctx) }()
		var channels int
		err = tx.QueryRow(ctx, "SELECT count(*) FROM pg_listening_channels()").Scan(&channels)
		if err != nil || channels > 0 {
			t.Errorf("a server connection listens on %d channels (%v)", channels, err)
		}
	}
}

func TestOnlyOneReplicaLeadsAtATimeThroughAPooler(t *testing.T) {
	e := onPooler(t, pgtest.DSN(t))
	// Although both queues use the same pool, only one of them can hold the lock. Each queue takes the lock in a
	// transaction of its own.
	first, second := e.make(t, pollOnly), e.make(t, pollOnly)
	rounds := 0
	round := func(context.Context) error { rounds++; return nil }
	for turn := 1; turn <= 3; turn++ {
		err := first.Lead(t.Context(), func(ctx context.Context) error {
			before := rounds
			if err := second.Lead(ctx, round); err != nil || rounds != before {
				t.Errorf("the second replica led during a round of the first (error %v)", err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := second.Lead(t.Context(), round); err != nil || rounds != turn {
			t.Errorf("after a round of the first replica, the second led %d (error %v), want %d", rounds, err, turn)
		}
		var held int
		err = e.pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&held)
		if err != nil || held > 0 {
			t.Errorf("after both rounds, %d advisory locks are held (%v)", held, err)
		}
	}
}

// leaderEnv is the name of an environment variable for the database URL. If the variable is set, the test binary runs
// no tests. It leads a maintenance round on the database until the process is killed.
const leaderEnv = "JOBS_TEST_LEADER"

func TestAnotherReplicaLeadsAfterTheLeaderWasKilled(t *testing.T) {
	dsn := pgtest.DSN(t)
	for name, url := range map[string]string{
		"direct": dsn, "pooler": pgtest.Pooled(t, dsn, poolerSize) + "&default_query_exec_mode=cache_describe",
	} {
		t.Run(name, func(t *testing.T) {
			leader := exec.Command(os.Args[0])
			leader.Env = append(os.Environ(), leaderEnv+"="+url)
			leader.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			out, err := leader.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := leader.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = leader.Process.Kill(); _ = leader.Wait() }()
			if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			q, led := onServer(t, url).make(t, pollOnly), false
			lead := func() bool {
				err := q.Lead(t.Context(), func(context.Context) error { led = true; return nil })
				if err != nil {
					t.Fatal(err)
				}
				return led
			}
			if lead() {
				t.Fatal("two replicas lead at the same time")
			}
			if err := leader.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			for !lead() {
				if time.Since(begun) > waitTimeout {
					t.Fatal("no other replica can lead")
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Logf("another replica led %v after the kill", time.Since(begun))
		})
	}
}

// leadUntilKilled is the leader of a round that never ends. It prints a line when the round has begun.
func leadUntilKilled(dsn string) {
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		panic(err)
	}
	q, err := jobs.New(pool, pollOnly)
	if err != nil {
		panic(err)
	}
	err = q.Lead(context.Background(), func(context.Context) error {
		_, _ = fmt.Fprintln(os.Stdout, "leading")
		select {}
	})
	panic(err)
}
