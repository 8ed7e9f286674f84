package pgtest_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestACitusDatabaseIsEmptyAndSpreadsATable(t *testing.T) {
	first, second := pgtest.CitusDSN(t), pgtest.CitusDSN(t)
	if first == second {
		t.Fatal("two DSNs name one database")
	}
	for _, sql := range []string{
		"CREATE TABLE made (id uuid PRIMARY KEY)",
		"SELECT create_distributed_table('made', 'id')",
		"INSERT INTO made SELECT gen_random_uuid() FROM generate_series(1, 100)",
	} {
		command(t, first, sql)
	}
	if n := query[int](t, second, `SELECT count(*) FROM pg_tables WHERE tablename = 'made'`); n != 0 {
		t.Error("the second database is not empty")
	}
	const used = `SELECT count(DISTINCT nodeport) FROM citus_shards WHERE table_name = 'made'::regclass`
	if n := query[int](t, first, used); n != 2 {
		t.Errorf("the table is on %d nodes, want the 2 workers", n)
	}
	if n := query[int](t, first, `SELECT count(*) FROM made`); n != 100 {
		t.Errorf("the table has %d rows, want 100", n)
	}
}
