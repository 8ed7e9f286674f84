package jobs_test

import (
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// Earlier versions of the service used the job queue River, and stored a River job for each pull. A migration drops
// River's tables. After this migration, a queued pull must run, and so must a pull whose process died while it ran
// the pull.
func TestPullsOfADatabaseWithRiverRun(t *testing.T) {
	river, err := os.ReadFile("testdata/river.sql")
	if err != nil {
		t.Fatal(err)
	}
	url := pgtest.DSN(t)
	before := newPostgres(t, url, jobs.Config{}).open(t, background.Config{}, 0)
	queued, running := before.request(t), before.request(t)
	for _, statement := range []string{
		string(river),
		`INSERT INTO river_job (args, kind, queue, state)
			VALUES ('{"pull_id": "` + queued.String() + `"}', 'pull', 'pulls', 'available')`,
		"DELETE FROM goose_db_version WHERE version_id >= 52",
		// These objects were added by later migrations.
		"DROP TABLE day_totals, tenant_feeds",
		"ALTER TABLE search_index DROP COLUMN currency, DROP COLUMN status",
	} {
		if _, err := before.pool.Exec(t.Context(), statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	if err := before.exec("UPDATE pulls SET state = 'running', lease_id = gen_random_uuid(), lease_until = now() "+
		"WHERE id = $1", running.UUID); err != nil {
		t.Fatal(err)
	}

	after := newPostgres(t, url, jobs.Config{}).open(t, background.Config{}, 0)
	var left int
	err = after.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'river%') +
		(SELECT count(*) FROM pg_type WHERE typname LIKE '%river%') +
		(SELECT count(*) FROM pg_proc WHERE proname LIKE 'river%')`).Scan(&left)
	if err != nil || left > 0 {
		t.Errorf("%d objects of River are left (%v)", left, err)
	}
	w := newClaimer(after, nil)
	after.start(t, w)
	done := map[domain.PullID]bool{}
	for range 2 {
		select {
		case id := <-w.done:
			done[id] = true
		case <-time.After(waitTimeout):
			t.Fatalf("%d pulls ran, want 2", len(done))
		}
	}
	if !done[queued] || !done[running] {
		t.Errorf("the pulls %v ran, want %v and %v", done, queued, running)
	}
}
