// Package e2e_test tests the whole service only through HTTP, on every backend. The vendors' simulators run on
// loopback. The package checks what the service promises to a caller, a vendor and an operator. It does not depend on
// the implementation, with one exception: a few tests decorate stores to force a failure.
//
// A test is written once and passed to a helper function such as each. The helper function runs the test with
// SQLite and PostgreSQL, each with a database of its own. If there is a Citus cluster, the test also runs on this
// cluster.
package e2e_test

import (
	"flag"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// inParallel is the default of -test.parallel. Tests wait most of the time, so running more of them
// than there are cores saves time.
const inParallel = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", inParallel)
	}
	if pgtest.HasCitus() {
		backends[citus] = pgtest.CitusDSN
	}
	pgtest.Main(m)
}

// The other tests cannot check this, because they also pass on Citus if the tables are not distributed.
func TestTheTablesAreDistributedOnCitus(t *testing.T) {
	if !pgtest.HasCitus() {
		t.Skip(pgtest.ErrNoCitus.Error())
	}
	w := open(t, citus, backends[citus](t))
	conn, err := pgx.Connect(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var distributed bool
	err = conn.QueryRow(t.Context(),
		"SELECT EXISTS (SELECT FROM citus_tables WHERE table_name = 'transactions'::regclass)").Scan(&distributed)
	if err != nil || !distributed {
		t.Errorf("transactions are distributed: %t (%v)", distributed, err)
	}
}
