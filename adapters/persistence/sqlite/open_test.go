package sqlite_test

import (
	"database/sql/driver"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
)

func TestOnlyTheOwnerReadsTheFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "data")
	opened(t, "sqlite://"+filepath.Join(folder, "test.db"))
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 2 {
		t.Errorf("%d files, want the database and its log", len(entries))
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %v", entry.Name(), mode)
		}
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm()&fs.FileMode(0o077) != 0 {
		t.Errorf("others can read the folder: %v %v", info.Mode(), err)
	}
}

func TestAnInvalidDSNIsRejected(t *testing.T) {
	for _, dsn := range []string{"", "sqlite://", "data.db", "postgres://host/db", "sqlite:/x.db"} {
		if _, err := sqlite.Open(t.Context(), sqlite.Config{DSN: dsn}); err == nil {
			t.Errorf("%q was opened", dsn)
		}
	}
}

func TestConcurrentProcessesMigrateOnce(t *testing.T) {
	dsn := file(t)
	errs := make(chan error)
	const starters = 6
	for range starters {
		go func() {
			db, err := sqlite.Open(t.Context(), sqlite.Config{DSN: dsn})
			if err != nil {
				errs <- err
				return
			}
			err = db.Migrate(t.Context())
			if closed := db.Close(); err == nil {
				err = closed
			}
			errs <- err
		}()
	}
	for range starters {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	var applied int
	row := opened(t, dsn).Writer.QueryRowContext(t.Context(),
		"SELECT count(*) FROM goose_db_version WHERE version_id = 56")
	if err := row.Scan(&applied); err != nil || applied != 1 {
		t.Errorf("the migration was applied %d times (%v)", applied, err)
	}
}

func TestARestartFindsWhatWasStored(t *testing.T) {
	dsn := file(t)
	db, err := sqlite.Open(t.Context(), sqlite.Config{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Writer.ExecContext(t.Context(), "UPDATE feed SET tx = 7"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var place int
	if err := opened(t, dsn).Writer.QueryRowContext(t.Context(),
		"SELECT tx FROM feed").Scan(&place); err != nil || place != 7 {
		t.Errorf("read %d (%v)", place, err)
	}
}

func TestADatabaseInMemoryOutlivesABrokenConnection(t *testing.T) {
	db := opened(t, ":memory:")
	conn, err := db.Writer.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
	var place int
	if err := db.Writer.QueryRowContext(t.Context(), "SELECT tx FROM feed").Scan(&place); err != nil {
		t.Errorf("the database is gone: %v", err)
	}
	other := opened(t, ":memory:")
	if _, err := other.Writer.ExecContext(t.Context(), "UPDATE feed SET tx = 7"); err != nil {
		t.Fatal(err)
	}
	if err := db.Writer.QueryRowContext(t.Context(), "SELECT tx FROM feed").Scan(&place); err != nil || place != 0 {
		t.Errorf("two databases in memory are one: %d (%v)", place, err)
	}
}
