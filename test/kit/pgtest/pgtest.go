// Package pgtest provides tests with a real PostgreSQL server.
//
// A test calls DSN and gets a database of its own, which is dropped when the test ends. If the
// environment variable TEST_DATABASE_URL is set, it must be the URL of a role that may create databases,
// and the server at that URL is used. Otherwise the test process starts one server from the installed
// binaries, on a free loopback port. A package that uses pgtest declares
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// so that the server ends when the tests of the package have ended. If the test process is killed, the kernel ends the
// server.
//
// The databases are separate except in one respect: transaction ids and the set of running transactions belong to the
// whole cluster. The change feed contains only changes that are older than the oldest running transaction, so it also
// waits for transactions in other databases. Therefore a test of the feed has to poll for the changes that it expects.
// A server without Fsync has no autovacuum, because the transactions of autovacuum would delay the feed as well.
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
	main   bool // whether Main runs the tests, which stops the server at the end
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
