package sqlite_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
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

// When SQLite distributes rows over more or fewer pages, it leaves copies of them in the unused space of pages. Scrub
// must remove these copies, and change nothing else.
func TestAScrubClearsTheUnusedSpaceOfPages(t *testing.T) {
	file := filepath.Join(datadir.New(t), "test.db")
	db, err := sqlite.Open(t.Context(), sqlite.Config{DSN: "sqlite://" + file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := db.Writer.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	const canary = "canary-of-a-deleted-row"
	random := rand.New(rand.NewPCG(1, 2))
	exec("CREATE TABLE moved (id INTEGER PRIMARY KEY, erased INTEGER, text TEXT)")
	exec("CREATE INDEX moved_text ON moved (text)")
	kept := 0
	for range 2000 {
		erased, text := random.IntN(2), "kept"
		if kept++; erased == 1 {
			kept--
			text = canary
		}
		exec("INSERT INTO moved VALUES (?, ?, ?)", random.Int64(), erased,
			fmt.Sprint(random.Uint64(), text, strings.Repeat("x", random.IntN(700))))
	}
	exec("UPDATE moved SET text = substr(text, 1, 100) WHERE id % 3 = 0")
	exec("DELETE FROM moved WHERE erased = 1")
	stored := func() int {
		t.Helper()
		exec("PRAGMA wal_checkpoint(TRUNCATE)")
		all, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(all, []byte(canary))
	}
	remains := stored()
	if remains == 0 {
		t.Fatal("SQLite has left no copies of deleted rows: the test tests nothing")
	}
	if err := db.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := stored(); n > 0 {
		t.Errorf("%d copies of deleted rows are left of %d", n, remains)
	}
	var sound string
	err = db.Writer.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&sound)
	if err != nil || sound != "ok" {
		t.Errorf("the file is %q: %v", sound, err)
	}
	var rows int
	err = db.Writer.QueryRowContext(t.Context(), "SELECT count(*) FROM moved WHERE text LIKE '%kept%'").Scan(&rows)
	if err != nil || rows != kept {
		t.Errorf("%d rows are left of %d: %v", rows, kept, err)
	}
}

// A scrub empties the write-ahead log although another copy of the log is being made.
func TestAScrubWaitsForAnotherCopyOfTheLog(t *testing.T) {
	db, err := sqlite.Open(t.Context(), sqlite.Config{DSN: file(t), Timeout: storetest.Timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(db.Write(t.Context(), "CREATE TABLE blobs (value blob)"))
	copying, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for copying.Err() == nil {
			_ = db.CopyLog(copying)
		}
	})
	for range 100 {
		must(db.Write(t.Context(), "INSERT INTO blobs VALUES (randomblob(200000))"))
		must(db.Scrub(t.Context()))
	}
	stop()
	running.Wait()
}
