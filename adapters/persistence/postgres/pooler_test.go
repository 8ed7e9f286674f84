package postgres_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// openPooled opens and migrates the database at a pooler's URL, and closes it at the end of the test.
func openPooled(t *testing.T, through string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: through, Timeout: patience, Pooled: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// The store must conform to its ports through a pooler. The pooler has few server connections. It therefore distributes
// the statements of one client over several of them. Afterwards no server connection may have session state of a
// client.
func TestPostgreSQLConformsToTheStorePortsThroughAPooler(t *testing.T) {
	dsn := pgtest.DSN(t)
	const servers = 5
	db := openPooled(t, pgtest.Pooled(t, dsn, servers))
	s := db.Store(nil)
	t.Run("suite", func(t *testing.T) {
		porttest.TestStores(t, func(*testing.T) porttest.Stores { return stores(s) })
	})
	for range servers { // each transaction keeps a server connection until the end of the test
		tx, err := db.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }()
		var prepared, tables, held int
		err = tx.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pg_prepared_statements WHERE name <> ''),
			(SELECT count(*) FROM pg_class WHERE relpersistence = 't'),
			(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database =
				(SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&prepared, &tables, &held)
		if err != nil || prepared > 0 || tables > 0 || held > 0 {
			t.Errorf("a server connection has %d prepared statements and %d temporary tables, %d locks are held (%v)",
				prepared, tables, held, err)
		}
	}
}

// Several processes must be able to migrate at the same time through a pooler. The pooler has the smallest sufficient
// pool: one connection for the lock, and one for the migration.
func TestProcessesMigrateThroughAPooler(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, dsn string){
		"an empty database": func(*testing.T, string) {},
		"an old schema": func(t *testing.T, dsn string) {
			execFile(t, dsn, oldDatabase)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := pgtest.DSN(t)
			prepare(t, dsn)
			through := pgtest.Pooled(t, dsn, 2)
			errs := make(chan error)
			const starters = 4
			for range starters {
				go func() {
					db, err := postgres.Open(t.Context(), postgres.Config{URL: through, Pooled: true})
					if err != nil {
						errs <- err
						return
					}
					defer func() { _ = db.Close() }()
					errs <- db.Migrate(t.Context())
				}()
			}
			for range starters {
				if err := <-errs; err != nil {
					t.Error(err)
				}
			}
			db := openPooled(t, through) // a later start finds nothing to do, and does not wait for a lock
			if at, needed, err := db.Version(t.Context()); err != nil || at != needed {
				t.Errorf("the schema is at %d, needed is %d (%v)", at, needed, err)
			}
			var applied int
			err := db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM goose_db_version WHERE version_id = 56").
				Scan(&applied)
			if err != nil || applied != 1 {
				t.Errorf("the migration was applied %d times (%v)", applied, err)
			}
		})
	}
}

// A migration must not wait for a lock for longer than the lock timeout, because all later users of the table wait for
// the migration.
func TestAMigrationThroughAPoolerWaitsForALockOnlyAsLongAsTheLockTimeout(t *testing.T) {
	db := openPooled(t, pgtest.Pooled(t, pgtest.DSN(t), 5))
	if got := db.MigrationLockTimeout(t); got != "10s" {
		t.Errorf("the lock timeout of a migration is %s", got)
	}
}

// A pooler must not change the timeouts of a transaction. If the URL sets no timeouts, the defaults apply.
func TestTransactionsThroughAPoolerHaveTheirLimits(t *testing.T) {
	through := pgtest.Pooled(t, pgtest.DSN(t), 2)
	for suffix, want := range map[string][2]string{
		"": {"10s", "1min"},
		"&lock_timeout=3s&idle_in_transaction_session_timeout=0": {"3s", "0"},
	} {
		db := openPooled(t, through+suffix)
		lock, idle := db.TransactionLimits(t)
		if got := [2]string{lock, idle}; got != want {
			t.Errorf("URL %q: the limits of a transaction are %v, want %v", suffix, got, want)
		}
		var session string
		if err := db.Pool.QueryRow(t.Context(), "SHOW lock_timeout").Scan(&session); err != nil || session != "0" {
			t.Errorf("URL %q: the lock timeout of the session is %s (%v)", suffix, session, err)
		}
	}
}

func TestAParameterThatAPoolerRefusesIsNamed(t *testing.T) {
	for _, parameter := range []string{"statement_timeout=5s", "search_path=hunter2", "options=-c%20hunter2"} {
		_, err := postgres.Open(t.Context(), postgres.Config{
			URL: "postgres://u:hunter2@127.0.0.1:1/x?" + parameter, Pooled: true,
		})
		invalid, name := postgres.InvalidURL(""), strings.Split(parameter, "=")[0]
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), name) ||
			strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// If the server refuses a login of the pooler, the store must report Unavailable. The pooler reports such a refusal
// as the error of a statement.
func TestALoginThatIsRefusedToThePoolerIsUnavailable(t *testing.T) {
	dsn := pgtest.DSN(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{
		URL: pgtest.Pooled(t, dsn, 2), Timeout: 2 * time.Second, Pooled: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	s := db.Store(nil)
	elsewhere := *u
	elsewhere.Path = "/postgres"
	conn, err := pgx.Connect(t.Context(), elsewhere.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for _, statement := range []string{
		"ALTER DATABASE " + u.Path[1:] + " ALLOW_CONNECTIONS false",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + u.Path[1:] + "'",
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		err := s.Ping(t.Context())
		if !errors.Is(err, domain.StoreUnavailable) {
			t.Errorf("error %v (%v), want Unavailable", err, errors.Unwrap(err))
		}
	}
	if _, err := conn.Exec(t.Context(), "ALTER DATABASE "+u.Path[1:]+" ALLOW_CONNECTIONS true"); err != nil {
		t.Error(err)
	}
}
