package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
)

// Scrub must rewrite a file that was written without secure_delete, because such a file keeps deleted contents. Scrub
// must then mark the file, so that it is rewritten only once.
func TestAScrubRemovesWhatEarlierVersionsHaveLeft(t *testing.T) {
	file := filepath.Join(datadir.New(t), "test.db")
	db, err := sqlite.Open(t.Context(), sqlite.Config{DSN: "sqlite://" + file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	const canary = "canary-of-an-earlier-version"
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := db.Writer.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	version := func() (n int) {
		t.Helper()
		if err := db.Writer.QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	stored := func() []byte {
		t.Helper()
		all, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		wal, err := os.ReadFile(file + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return append(all, wal...)
	}
	if version() != 1 {
		t.Error("a new database is not marked as one without remains")
	}
	exec("PRAGMA user_version = 0")
	exec("PRAGMA secure_delete = 0")
	exec("CREATE TABLE old (text TEXT)")
	exec("INSERT INTO old VALUES (?)", canary)
	exec("DELETE FROM old")
	if !bytes.Contains(stored(), []byte(canary)) {
		t.Fatal("the search does not find deleted contents")
	}
	exec("PRAGMA secure_delete = 1")
	if err := db.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(stored(), []byte(canary)) || version() != 1 {
		t.Errorf("deleted contents are left, version %d", version())
	}
}
