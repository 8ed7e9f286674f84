package e2e_test

import (
	"database/sql"
	"io"
	"strings"
	"testing"

	// This import registers the PostgreSQL driver for database/sql. The service registers the SQLite
	// driver.
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// openSQL opens the service's database, so that the test can run SQL statements.
func openSQL(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	driver, name := "pgx", dsn
	if path, isFile := strings.CutPrefix(dsn, "sqlite://"); isFile {
		driver, name = "sqlite", path+"?_pragma=busy_timeout(60000)"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func alter(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// startService composes, starts and stops the service on an existing schema, and returns the first error. The argument
// migrate is the setting DATABASE_MIGRATE, which allows the service to migrate the schema.
func startService(t *testing.T, dsn string, migrate bool) error {
	t.Helper()
	cfg := harness.Config(t, dsn)
	cfg.DatabaseMigrate = migrate
	app, err := compose.New(t.Context(), cfg, compose.Overrides{
		LogTo: io.Discard, StoreTimeout: harness.StoreTimeout,
	})
	if err != nil {
		return err
	}
	defer app.Close()
	if err := app.Stores.Queue.Start(t.Context(), app.Service, app.Service); err != nil {
		return err
	}
	return app.Stores.Queue.Stop(t.Context())
}

// A process that is not allowed to migrate must report a missing migration when it starts, instead
// of failing each request later.
func TestAnOutdatedSchemaPreventsTheStart(t *testing.T) {
	t.Parallel()
	harness.EachDatabase(t, func(t *testing.T, dsn string) {
		refuses := func(what string, wants ...string) {
			t.Helper()
			err := startService(t, dsn, false)
			if err == nil {
				t.Fatalf("%s: it starts", what)
			}
			for _, want := range append(wants, "DATABASE_URL: ", "is needed", `run "discovery migrate"`) {
				if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%s: %q does not say %q in one line", what, err, want)
				}
			}
		}
		db := openSQL(t, dsn)
		refuses("an empty database", "store", "version 0")
		if _, err := db.ExecContext(t.Context(), "SELECT * FROM goose_db_version"); err == nil {
			t.Error("it created a table")
		}
		if err := startService(t, dsn, true); err != nil {
			t.Fatal(err)
		}
		alter(t, db, "UPDATE goose_db_version SET version_id = 0")
		refuses("all the store's steps missing", "store", "version 0")
	})
}

// Processes must work on a schema that is newer than they are, because during a rolling deployment processes of the old
// version start on the new schema.
func TestANewerSchemaIsServed(t *testing.T) {
	t.Parallel()
	harness.EachDatabase(t, func(t *testing.T, dsn string) {
		if err := startService(t, dsn, true); err != nil {
			t.Fatal(err)
		}
		db := openSQL(t, dsn)
		alter(t, db, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1 = 1)")
		for _, migrate := range []bool{false, true} {
			if err := startService(t, dsn, migrate); err != nil {
				t.Errorf("migrating %v: %v", migrate, err)
			}
		}
	})
}
