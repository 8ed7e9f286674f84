package jobs_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// A queue with PollOnly must leave no state on the server connections of the pooler.
func TestAQueueBehindAPoolerDoesNotListen(t *testing.T) {
	url := pgtest.DSN(t)
	migrate(t, url)
	db := onPostgres(pgtest.Pooled(t, url, poolerSize), jobs.Config{PollOnly: true})
	p := db.open(t, background.Config{}, 20*time.Millisecond)
	w := newClaimer(p, nil)
	p.start(t, w)
	w.await(t, db.open(t, background.Config{}, 0).request(t))
	p.stop(t, waitTimeout)
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	for range poolerSize { // each transaction keeps a server connection until the end of the test
		tx, err := p.pool.Begin(ctx)
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

func TestMain(m *testing.M) {
	if dsn := os.Getenv(leaderEnv); dsn != "" {
		leadUntilKilled(dsn)
	}
	pgtest.Main(m)
}

func TestOnlyOneReplicaLeadsAtATimeThroughAPooler(t *testing.T) {
	// Although both replicas use the same pool, only one of them can hold the lock. Each one takes the lock in a
	// transaction of its own.
	pool := newPool(t, pgtest.Pooled(t, pgtest.DSN(t), poolerSize)+"&default_query_exec_mode=cache_describe")
	rounds := 0
	round := func(context.Context) error { rounds++; return nil }
	for turn := 1; turn <= 3; turn++ {
		err := jobs.Lead(t.Context(), pool, func(ctx context.Context) error {
			before := rounds
			if err := jobs.Lead(ctx, pool, round); err != nil || rounds != before {
				t.Errorf("the second replica led during a round of the first (error %v)", err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := jobs.Lead(t.Context(), pool, round); err != nil || rounds != turn {
			t.Errorf("after a round of the first replica, the second led %d (error %v), want %d", rounds, err, turn)
		}
		var held int
		err = pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
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
			pool, led := newPool(t, url), false
			lead := func() bool {
				err := jobs.Lead(t.Context(), pool, func(context.Context) error { led = true; return nil })
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
	err = jobs.Lead(context.Background(), pool, func(context.Context) error {
		_, _ = fmt.Fprintln(os.Stdout, "leading")
		select {}
	})
	panic(err)
}
