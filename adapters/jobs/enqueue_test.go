package jobs_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
)

func fresh(n int) []uuid.UUID {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = newPull().UUID
	}
	return ids
}

func TestRolledBackTransactionLeavesNoJob(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		q, failed := b.make(t, jobs.Config{}), errors.New("no")
		for _, n := range []int{1, 500} {
			err := b.within(t.Context(), q, func(tx scope) error {
				if err := tx.enqueue(fresh(n)...); err != nil {
					t.Errorf("Enqueue: %v", err)
				}
				return failed
			})
			if !errors.Is(err, failed) {
				t.Fatal(err)
			}
			if left := count(t, b, "true"); left != 0 {
				t.Errorf("%d jobs outlived their transaction", left)
			}
		}
	})
}

func TestCommittedJobRuns(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		q, w := b.make(t, jobs.Config{}), once()
		start(t, q, w)
		id := newPull()
		enqueue(t, b, q, id)
		w.await(t, id)
	})
}

func TestJobsAreWrittenWithTheRestOfTheTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		q, ids := b.make(t, jobs.Config{}), fresh(500)
		err := b.within(t.Context(), q, func(tx scope) error {
			return errors.Join(
				tx.exec("CREATE TABLE rest (n int)"), tx.enqueue(ids[:1]...),
				tx.exec("INSERT INTO rest VALUES (1)"), tx.enqueue(ids[1:]...), tx.enqueue())
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, b, "(SELECT n FROM rest) = 1"); n != 500 {
			t.Errorf("%d jobs, want 500", n)
		}
	})
}

// A failed Enqueue must not look like a success of the transaction.
func TestEnqueueTellsOfTheDatabasesError(t *testing.T) {
	for name, open := range map[string]func(*testing.T) bench{"sqlite": onSQLite, "postgres": onPostgres} {
		t.Run(name, func(t *testing.T) {
			b := open(t) // without River's tables
			var told error
			_ = b.within(t.Context(), b.make(t, jobs.Config{}), func(tx scope) error {
				told = tx.enqueue(newPull().UUID)
				return told
			})
			if told == nil || !strings.Contains(told.Error(), "jobs: enqueue:") || !strings.Contains(told.Error(), "river_job") {
				t.Errorf("gave %v, want the database's own error: no such table", told)
			}
		})
	}
}

func TestJobHoldsThePullsIDAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, b bench) {
		id := newPull()
		enqueue(t, b, b.make(t, jobs.Config{}), id)
		var args string
		column := map[string]string{"sqlite": "json(args)", "postgres": "args"}[b.name]
		if err := b.db.QueryRowContext(t.Context(), "SELECT "+column+" FROM river_job").Scan(&args); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf(`{"pull_id":"%s"}`, id); strings.ReplaceAll(args, " ", "") != want {
			t.Errorf("arguments %s, want %s", args, want)
		}
	})
}

func TestManyStartersMigrate(t *testing.T) {
	for name, open := range map[string]func(*testing.T) bench{"sqlite": onSQLite, "postgres": onPostgres} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			var all sync.WaitGroup
			for range 6 {
				q := b.make(t, jobs.Config{})
				all.Go(func() {
					if err := q.Migrate(t.Context()); err != nil {
						t.Errorf("Migrate: %v", err)
					}
				})
			}
			all.Wait()
			if count(t, b, "true") != 0 {
				t.Error("no table of jobs")
			}
		})
	}
}
