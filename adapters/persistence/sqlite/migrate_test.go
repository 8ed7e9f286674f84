package sqlite_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The migration must mark a pull of an older release as complete if the pull's scope requests everything, or if the
// reconcile job requested the pull. Other pulls may also be complete, but the migration cannot know which ones.
func TestTheMigrationMarksOlderPullsOfEverything(t *testing.T) {
	db := opened(t, file(t))
	s := db.Store(nil)
	want, got := map[domain.PullID]bool{}, map[domain.PullID]bool{}
	for _, r := range []struct {
		trigger  domain.Trigger
		scope    domain.PullScope
		complete bool
	}{
		{domain.TriggerReconcile, domain.PullScope{Everything: true}, true},
		{domain.TriggerOperator, domain.PullScope{Everything: true, Removed: []string{"r"}}, true},
		{domain.TriggerReconcile, domain.PullScope{Removed: []string{"r"}}, true},
		{domain.TriggerOperator, domain.PullScope{Window: &domain.Window{From: "2026-01-01"}}, false},
		{domain.TriggerWebhook, domain.PullScope{Removed: []string{`{"everything":true}`}}, false},
	} {
		token := connectionWithToken(t, s)
		request := ports.PullRequest{ID: newID[domain.Pull](), Trigger: r.trigger, Scope: r.scope, At: epoch}
		if _, err := s.Pulls().Request(t.Context(), token.Tenant, token.Connection, request); err != nil {
			t.Fatal(err)
		}
		want[request.ID] = r.complete
	}
	for _, version := range []int64{4, 5} {
		if err := db.MigrateTo(t.Context(), version); err != nil {
			t.Fatal(err)
		}
	}
	for id := range want {
		var complete bool
		row := db.Writer.QueryRowContext(t.Context(), "SELECT complete FROM pulls WHERE id = ?", id.String())
		if err := row.Scan(&complete); err != nil {
			t.Fatal(err)
		}
		got[id] = complete
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The migration must drop the tables that the job queue River created on SQLite. A version of the service that uses
// River creates them again if it is started on this database.
func TestTheMigrationDropsTheTablesOfRiver(t *testing.T) {
	dsn := file(t)
	db := opened(t, dsn)
	s := db.Store(nil)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := connectionWithToken(t, s)
	queued := received(t, s, incomingFor(token, "queued", epoch)).Pull
	if err := db.MigrateTo(t.Context(), 14); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"CREATE TABLE river_migration (line TEXT, version INTEGER, PRIMARY KEY (line, version))",
		"CREATE TABLE river_job (id INTEGER PRIMARY KEY, args BLOB, state TEXT)",
		"CREATE INDEX river_job_kind ON river_job (state)",
		"CREATE TABLE river_leader (name TEXT PRIMARY KEY)",
		"CREATE TABLE river_queue (name TEXT PRIMARY KEY)",
		"CREATE TABLE river_notification (id INTEGER PRIMARY KEY AUTOINCREMENT)",
		"CREATE TABLE river_client (id TEXT PRIMARY KEY)",
		"CREATE TABLE river_client_queue (id TEXT REFERENCES river_client (id))",
		"INSERT INTO river_client VALUES ('c')", "INSERT INTO river_client_queue VALUES ('c')",
		"INSERT INTO river_job VALUES (1, '{}', 'available')",
	} {
		if _, err := db.Writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, "sqlite_master WHERE name LIKE 'river%' OR tbl_name LIKE 'river%'"); n != 0 {
		t.Errorf("%d tables and indexes of River are left", n)
	}
	due, err := s.Pulls().ListStuck(t.Context(), epoch.Add(time.Second), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]domain.PullID{queued}, due); diff != "" {
		t.Errorf("due pulls (-want +got):\n%s", diff)
	}
	for _, version := range []int64{14, 15} {
		if err := db.MigrateTo(t.Context(), version); err != nil {
			t.Errorf("to version %d without the tables: %v", version, err)
		}
	}
}
