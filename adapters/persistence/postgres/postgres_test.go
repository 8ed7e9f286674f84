package postgres_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patience is the timeout of stores in tests that do not measure speed. It is long, so that the tests pass
// on a busy machine.
const patience = time.Minute

// opened opens and migrates the database at dsn, and closes it at the end of the test.
func opened(t *testing.T, dsn string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: dsn, Timeout: patience})
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
		SealedValues:   s.SealedValues(),
		Subscriptions:  s.Subscriptions(),

		MatcherEntries: s.MatcherEntries(),
	}
}

// All tests of the suite share one database, because each test has a tenant of its own.
func TestPostgreSQLConformsToTheStorePorts(t *testing.T) {
	s := opened(t, pgtest.DSN(t)).Store(nil)
	porttest.TestStores(t, func(*testing.T) porttest.Stores { return stores(s) })
}

func TestASearchReadsABoundedAmountOfText(t *testing.T) {
	porttest.TestBoundedSearch(t, stores(opened(t, pgtest.DSN(t)).Store(nil)))
}
