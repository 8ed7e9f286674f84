package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestTheURLMayShortenTheConnectTimeout(t *testing.T) {
	for parameter, want := range map[string]time.Duration{
		"": 5 * time.Second, "?connect_timeout=0": 5 * time.Second, "?connect_timeout=60": 5 * time.Second,
		"?connect_timeout=1": time.Second,
	} {
		for _, hosts := range []string{"a", "a,b:5433"} {
			got, err := postgres.ConnectTimeout("postgres://u@" + hosts + "/d" + parameter)
			if err != nil || got != want {
				t.Errorf("%s, hosts %s: connect timeout %v (%v), want %v", parameter, hosts, got, err, want)
			}
		}
	}
}

// Connections to a server that hangs must not count against the size of the pool for long. Otherwise the pool could not
// open connections to the server that replaces the hanging one.
func TestAHangingServerDoesNotKeepThePoolFull(t *testing.T) {
	server, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Thaw(); _ = server.Stop() })
	const conns = 3
	db, err := postgres.Open(t.Context(), postgres.Config{
		URL: server.URL() + "&connect_timeout=1", MaxConns: conns, Timeout: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s, pings := db.Store(nil), make(chan error)
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	for range conns {
		go func() { pings <- s.Ping(t.Context()) }()
	}
	for range conns {
		if err := <-pings; !errors.Is(err, domain.StoreUnavailable) {
			t.Errorf("error %v, want Unavailable", err)
		}
	}
	begun := time.Now()
	for db.Pool.Stat().TotalConns() > 0 {
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("%d connections to a hanging server still occupy the pool", db.Pool.Stat().TotalConns())
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("the pool was empty after %v", time.Since(begun))
}

// A connection on which the server refuses a write must be closed, because the server may now be a standby.
func TestAConnectionToAReadOnlyServerIsClosed(t *testing.T) {
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.DSN(t), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	makeReadOnly := func() {
		t.Helper()
		if _, err := db.Pool.Exec(t.Context(), "SET default_transaction_read_only = on"); err != nil {
			t.Fatal(err)
		}
	}
	const write = "CREATE TABLE IF NOT EXISTS written (n int)"
	makeReadOnly()
	if _, err := db.Pool.Exec(t.Context(), write); err == nil {
		t.Fatal("a read-only connection has written")
	}
	if _, err := db.Pool.Exec(t.Context(), write); err != nil {
		t.Errorf("after a failed write: %v", err)
	}
	makeReadOnly()
	s := db.Store(nil)
	if err := s.PingWrite(t.Context()); !errors.Is(err, domain.StoreUnavailable) {
		t.Errorf("error %v, want Unavailable", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("after a failed check: %v", err)
	}
	if _, err := db.Pool.Exec(t.Context(), write); err != nil {
		t.Errorf("a write after a failed check: %v", err)
	}
}
