package jobs_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func newUUIDs(n int) []uuid.UUID {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = newPull().UUID
	}
	return ids
}

func TestRolledBackTransactionLeavesNoJob(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		q, failed := e.make(t, jobs.Config{}), errors.New("no")
		for _, n := range []int{1, 500} {
			err := e.within(t.Context(), q, func(tx transaction) error {
				if err := tx.enqueue(newUUIDs(n)...); err != nil {
					t.Errorf("Enqueue: %v", err)
				}
				return failed
			})
			if !errors.Is(err, failed) {
				t.Fatal(err)
			}
			if left := count(t, e, "true"); left != 0 {
				t.Errorf("%d jobs remain after the rollback", left)
			}
		}
	})
}

func TestCommittedJobRuns(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		q, w := e.make(t, jobs.Config{}), oneAttemptWorker()
		start(t, q, w)
		id := newPull()
		enqueue(t, e, q, id)
		w.await(t, id)
	})
}

func TestJobsAreWrittenWithTheRestOfTheTransaction(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		q, ids := e.make(t, jobs.Config{}), newUUIDs(500)
		err := e.within(t.Context(), q, func(tx transaction) error {
			return errors.Join(
				tx.exec("CREATE TABLE rest (n int)"), tx.enqueue(ids[:1]...),
				tx.exec("INSERT INTO rest VALUES (1)"), tx.enqueue(ids[1:]...), tx.enqueue())
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, e, "(SELECT n FROM rest) = 1"); n != 500 {
			t.Errorf("%d jobs, want 500", n)
		}
	})
}

// A failed Enqueue must return an error, because otherwise the caller would commit the transaction.
func TestEnqueueReturnsTheDatabasesError(t *testing.T) {
	e := onServer(t, pgtest.DSN(t)) // the database is not migrated, so River's tables do not exist
	var failed error
	_ = e.within(t.Context(), e.make(t, jobs.Config{}), func(tx transaction) error {
		failed = tx.enqueue(newPull().UUID)
		return failed
	})
	if failed == nil || !strings.Contains(failed.Error(), "jobs: enqueue:") ||
		!strings.Contains(failed.Error(), "river_job") {
		t.Errorf("Enqueue returned %v, want the database's error that river_job does not exist", failed)
	}
}

func TestJobHoldsOnlyThePullsID(t *testing.T) {
	onDatabase(t, func(t *testing.T, e env) {
		id := newPull()
		enqueue(t, e, e.make(t, jobs.Config{}), id)
		var args string
		if err := e.db.QueryRowContext(t.Context(), "SELECT args FROM river_job").Scan(&args); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf(`{"pull_id":"%s"}`, id); strings.ReplaceAll(args, " ", "") != want {
			t.Errorf("arguments %s, want %s", args, want)
		}
	})
}

func TestConcurrentMigrationsSucceed(t *testing.T) {
	e := onServer(t, pgtest.DSN(t))
	var all sync.WaitGroup
	for range 6 {
		q := e.make(t, jobs.Config{})
		all.Go(func() {
			if err := q.Migrate(t.Context()); err != nil {
				t.Errorf("Migrate: %v", err)
			}
		})
	}
	all.Wait()
	if count(t, e, "true") != 0 {
		t.Error("the job table is not empty after the migrations")
	}
}
