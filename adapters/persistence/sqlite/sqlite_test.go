package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
)

// opened opens and migrates the database at dsn, and closes it at the end of the test. The timeout of the stores is
// long, so that the tests pass on a busy machine.
func opened(t testing.TB, dsn string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{DSN: dsn, Timeout: time.Minute})
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

// file returns the DSN of a database file in a folder that does not exist yet.
func file(t testing.TB) string {
	return "sqlite://" + filepath.Join(datadir.New(t), "new", "my data%.db")
}

func stores(t *testing.T, dsn string) porttest.Stores {
	t.Helper()
	s := opened(t, dsn).Store(nil)
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
func TestAFileConformsToTheStorePorts(t *testing.T) {
	s := stores(t, file(t))
	sqlite.ForgetPlans()
	t.Cleanup(func() { checkPlans(t) }) // after the parallel tests of the suite
	porttest.TestStores(t, func(*testing.T) porttest.Stores { return s })
}

func TestMemoryConformsToTheStorePorts(t *testing.T) {
	s := stores(t, ":memory:")
	porttest.TestStores(t, func(*testing.T) porttest.Stores { return s })
}

func TestASearchReadsABoundedAmountOfText(t *testing.T) {
	porttest.TestBoundedSearch(t, stores(t, file(t)))
}
