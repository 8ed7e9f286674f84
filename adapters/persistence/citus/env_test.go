package citus_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/citus"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patience is the timeout of stores in tests that do not measure speed. It is long, so that the tests pass on a busy
// machine.
const patience = time.Minute

var epoch = storetest.Epoch

// openPlain opens the database, which need not be distributed.
func openPlain(t testing.TB, c postgres.Config) *postgres.DB {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = patience
	}
	db, err := postgres.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// openDistributed opens the database, migrates it and distributes its tables. It closes the database at the end of the
// test.
func openDistributed(t testing.TB, c postgres.Config) *citus.DB {
	t.Helper()
	return migrated(t, openPlain(t, c), citus.Config{Distribute: true})
}

// migrated opens the distributed database and migrates it.
func migrated(t testing.TB, plain *postgres.DB, c citus.Config) *citus.DB {
	t.Helper()
	db, err := citus.Open(t.Context(), plain, c)
	if err != nil {
		t.Fatal(err)
	}
	if db == nil {
		t.Fatal("the tables are not distributed")
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

func stores(s *postgres.Store) porttest.Stores {
	return porttest.Stores{
		Connections:    s.Connections(),
		Tokens:         s.Tokens(),
		Deliveries:     s.Deliveries(),
		Idempotency:    s.Idempotency(),
		Pulls:          s.Pulls(),
		Ledger:         s.Ledger(),
		AuditLog:       s.AuditLog(),
		Erasures:       s.Erasures(),
		Applications:   s.Applications(),
		LinkSessions:   s.LinkSessions(),
		BankStatements: s.BankStatements(),
		Subscriptions:  s.Subscriptions(),

		MatcherEntries: s.MatcherEntries(),
	}
}

func newID[T any]() domain.ID[T] { return storetest.NewID[T]() }

// write stores a page with rows that have the given external ids.
func write(t *testing.T, s *postgres.Store, lease domain.Lease, externalIDs ...string) {
	t.Helper()
	if err := storetest.WriteRows(t.Context(), s, lease, externalIDs...); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
