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
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestConcurrentProcessesMigrateOnce(t *testing.T) {
	dsn := pgtest.DSN(t)
	errs := make(chan error)
	const starters = 6
	for range starters {
		go func() {
			db, err := postgres.Open(t.Context(), postgres.Config{URL: dsn, MaxConns: 4})
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
	var applied int
	db := opened(t, dsn)
	err := db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM goose_db_version WHERE version_id = 56").Scan(&applied)
	if err != nil || applied != 1 {
		t.Errorf("the migration was applied %d times (%v)", applied, err)
	}
}

func TestAnUnprivilegedRoleMigrates(t *testing.T) {
	dsn := pgtest.DSN(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	role := "plain_" + u.Path[len("/test_"):]
	for _, statement := range []string{
		"CREATE ROLE " + role + " LOGIN PASSWORD 'plain'", "ALTER DATABASE " + u.Path[1:] + " OWNER TO " + role,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "plain")
	opened(t, u.String())
}

func TestOpenDoesNotEchoAnInvalidURL(t *testing.T) {
	for _, bad := range []string{"postgres://user:hunter2@host:port/x", "mysql://hunter2",
		"postgres://u:hunter2@127.0.0.1:1/x"} {
		_, err := postgres.Open(t.Context(), postgres.Config{URL: bad})
		if err == nil {
			t.Fatalf("%s was opened", bad)
		}
		if text := err.Error(); len(text) == 0 || strings.Contains(text, "hunter2") {
			t.Errorf("error %q", text)
		}
	}
}

// A login that is refused while the service runs must count as an outage, because the login was valid when the service
// started.
func TestARefusedLoginIsUnavailable(t *testing.T) {
	dsn := pgtest.DSN(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	db := opened(t, dsn)
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
	for range 3 { // the pooled connections were terminated, and new connections are refused
		if err := db.Store(nil).Ping(t.Context()); !errors.Is(err, domain.StoreUnavailable) {
			t.Errorf("error %v, want Unavailable", err)
		}
	}
	if _, err := conn.Exec(t.Context(), "ALTER DATABASE "+u.Path[1:]+" ALLOW_CONNECTIONS true"); err != nil {
		t.Error(err)
	}
}

func TestAReadOnlyDatabaseIsReadableAndNotWritable(t *testing.T) {
	db := opened(t, pgtest.DSN(t))
	s := db.Store(nil)
	if err := s.PingWrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool.Exec(t.Context(), `DO $$ BEGIN
		EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
		END $$`); err != nil {
		t.Fatal(err)
	}
	db.Pool.Reset() // closes all connections, as a switch-over does
	if err := s.PingWrite(t.Context()); !errors.Is(err, domain.StoreUnavailable) {
		t.Errorf("error %v, want Unavailable", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("a query: %v", err)
	}
}

func TestAPoolWithoutAFreeConnectionIsUnavailable(t *testing.T) {
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.DSN(t), MaxConns: 3,
		Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for range 3 {
		held, err := db.Pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer held.Release()
	}
	if err := db.Store(nil).Ping(t.Context()); !errors.Is(err, domain.StoreUnavailable) {
		t.Errorf("error %v, want Unavailable", err)
	}
}
