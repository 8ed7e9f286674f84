// Package sqlitetest gives each test an SQLite database of its own.
package sqlitetest

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
)

// timeout bounds each store method. It is long, so that the tests pass on a busy machine.
const timeout = time.Minute

// Open returns an empty database with the current schema. The database is closed and deleted when the test ends. The
// DSN of c is ignored. If the timeout of c is 0, it is a minute.
func Open(t testing.TB, c sqlite.Config) *sqlite.DB {
	t.Helper()
	content, err := template()
	if err != nil {
		t.Fatalf("sqlitetest: %v", err)
	}
	path := filepath.Join(datadir.New(t), "test.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatalf("sqlitetest: %v", err)
	}
	c.DSN, c.Timeout = "sqlite://"+path, cmp.Or(c.Timeout, timeout)
	db, err := sqlite.Open(context.WithoutCancel(t.Context()), c)
	if err != nil {
		t.Fatalf("sqlitetest: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("sqlitetest: %v", err)
		}
	})
	return db
}

// template returns the content of the file of an empty database with the current schema. The schema is migrated only
// once in each process, because that takes longer than most tests.
var template = sync.OnceValues(func() (content []byte, err error) {
	dir, err := datadir.Create()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, path := context.Background(), filepath.Join(dir, "template.db")
	db, err := sqlite.Open(ctx, sqlite.Config{DSN: "sqlite://" + path})
	if err != nil {
		return nil, err
	}
	// Close copies the write-ahead log into the file.
	if err := errors.Join(db.Migrate(ctx), db.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// persistence is the prefix of the names of all functions of the stores.
const persistence = "github.com/LerianStudio/aggregator-connections/adapters/persistence/"

// Operation returns the name of the store method that calls it, such as "Pulls.StorePage". It is meant for the hook
// gormstore.Options.InjectFault. It returns "" if no store method calls it.
func Operation() string {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	operation := ""
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if name, ok := strings.CutPrefix(frame.Function, persistence); ok {
			operation = name
		} else if operation != "" {
			break
		}
	}
	return methodOf(operation)
}

// methodOf returns the type and the method in the name of a function, such as "gormstore/recordstore.pulls.StorePage".
// The type begins with an upper case letter, as the name of the port does.
func methodOf(function string) string {
	_, method, _ := strings.Cut(function[strings.LastIndexByte(function, '/')+1:], ".")
	parts := strings.Split(strings.NewReplacer("(*", "", ")", "").Replace(method), ".")
	if len(parts) < 2 {
		return ""
	}
	name := []rune(parts[0] + "." + parts[1])
	name[0] = unicode.ToUpper(name[0])
	return string(name)
}
