// Package pgtest provides tests with a real PostgreSQL server.
//
// A test calls DSN to create its own database, which is dropped when the test ends. The server is one of these:
//
//   - The environment variable TEST_DATABASE_URL contains the URL of a server that is already running. The role in the
//     URL must be able to create databases.
//   - Without this variable, the test process starts one server from the installed binaries, on a free loopback port.
//
// A package that uses pgtest declares
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// Main stops the server when the tests of the package have ended. If the test process is killed, the kernel ends the
// server.
//
// All databases of a server share the transaction ids and the set of running transactions. The change feed does not
// contain a change until all older transactions have ended, also those in other databases. A test of the feed therefore
// has to poll for the changes that it expects.
//
// The transactions of autovacuum would also delay the feed. A server without Fsync therefore has no autovacuum.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// envURL is the environment variable that contains the URL of a server that is already running.
const envURL = "TEST_DATABASE_URL"

// shared is the server of this test process. The first call of DSN starts it.
var shared struct {
	once   sync.Once
	server *Server
	err    error
	main   bool // whether Main was called; if so, Main stops the server at the end
}

// Main runs the tests, stops the shared server and exits with the result of the tests. A panic in a test
// ends the process before Main can stop the server; then the kernel ends the server.
func Main(m *testing.M) {
	shared.main = true
	code := m.Run()
	if shared.server != nil {
		_ = shared.server.Stop()
	}
	if sharedCitus.cluster != nil {
		_ = sharedCitus.cluster.Stop()
	}
	os.Exit(code)
}

// DSN creates an empty database and returns its URL (postgres://…). If there is no server, the test fails;
// it is never skipped.
func DSN(t testing.TB) string {
	t.Helper()
	base, err := baseURL()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	name := randomName()
	if err := execute(base, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("pgtest: create a database: %v", err)
	}
	// An error is ignored, because a test may have stopped the server intentionally. Its databases then no
	// longer exist.
	t.Cleanup(func() { _ = execute(base, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	dsn, err := withDatabase(base, name)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return dsn
}

// randomName returns a name for a database.
func randomName() string { return "test_" + strings.ToLower(rand.Text()[:16]) }

func baseURL() (string, error) {
	if given := os.Getenv(envURL); given != "" {
		return given, nil
	}
	if !shared.main {
		return "", errors.New("the package does not call pgtest.Main in its TestMain")
	}
	shared.once.Do(func() { shared.server, shared.err = Start(Options{}) })
	if shared.err != nil {
		return "", shared.err
	}
	return shared.server.URL(), nil
}

func withDatabase(base, name string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("%s is not a URL", envURL)
	}
	u.Path = "/" + name
	return u.String(), nil
}

func execute(dsn, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}
