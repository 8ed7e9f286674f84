package scale_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// partitionsOf returns the number of a table's partitions, and the number of those that contain rows.
func partitionsOf(t testing.TB, db *postgres.DB, table string) (all, used int) {
	t.Helper()
	all = queryValue[int](t, db, "SELECT count(*) FROM pg_inherits WHERE inhparent = $1::regclass", table)
	used = queryValue[int](t, db, "SELECT count(DISTINCT tableoid) FROM "+table)
	return all, used
}

func TestThePromisesHoldInParts(t *testing.T) {
	db := migrateDB(t, pgtest.DSN(t), 0, partitions)
	s := db.Store(nil)
	porttest.TestStores(t, func(*testing.T) porttest.Stores {
		return porttest.Stores{
			Connections:   s.Connections(),
			Tokens:        s.Tokens(),
			Deliveries:    s.Deliveries(),
			Idempotency:   s.Idempotency(),
			Pulls:         s.Pulls(),
			Ledger:        s.Ledger(),
			AuditLog:      s.AuditLog(),
			Erasures:      s.Erasures(),
			Applications:  s.Applications(),
			LinkSessions:  s.LinkSessions(),
			SealedValues:  s.SealedValues(),
			Subscriptions: s.Subscriptions(),

			MatcherEntries: s.MatcherEntries(),
		}
	})
	for _, table := range []string{"deliveries", "transactions", "transaction_versions"} {
		if all, used := partitionsOf(t, db, table); all != 16 || used < 12 {
			t.Errorf("%s: rows in %d of %d partitions: the promises were not tested on partitions", table, used, all)
		}
	}
}

// The script partitions.sql must copy everything that exists: rows, the fingerprints of known events, and
// the feed position.
func TestExistingRowsMoveIntoPartitions(t *testing.T) {
	url := pgtest.DSN(t)
	before := migrateDB(t, url, 0)
	s := before.Store(nil)
	tenant := newTenant()
	c := connection(t, s, tenant)
	token, lease := webhookToken(t, s, c), claimPull(t, s, c)
	receive(t, s, token.Hash, "told")
	write(t, s, lease, "1", "2", "0")
	remove(t, s, lease, "0")
	first, at := changes(t, s, tenant, domain.Position{})
	if err := run(t.Context(), before, partitions); err != nil {
		t.Fatal(err)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}

	after := migrateDB(t, url, 0) // after the script has run, no migration must be pending
	s = after.Store(nil)
	if !receive(t, s, token.Hash, "told").Duplicate {
		t.Error("an event that was known before the split was stored again")
	}
	want := domain.Counts{Read: 3, Added: 1, Unchanged: 2}
	if diff := cmp.Diff(want, write(t, s, lease, "1", "2", "3")); diff != "" {
		t.Errorf("a page after the split (-want +got):\n%s", diff)
	}
	fresh, _ := changes(t, s, tenant, at)
	if diff := cmp.Diff([][]string{{"1", "2", "0"}, {"3"}}, [][]string{first, fresh}); diff != "" {
		t.Errorf("the feed before and after the split (-want +got):\n%s", diff)
	}
	if versions := history(t, s, tenant, c, "0"); len(versions) != 2 {
		t.Errorf("the history of a row that was removed before the split has %d versions, want 2", len(versions))
	}
}

// A partitioned table must have the same indexes as the table of the migrations, by name and definition. Otherwise
// queries on the partitioned table would have different plans. Only primary keys may differ, because they must include
// the partitioning column.
func TestPartitionedTablesHaveTheIndexesOfTheMigrations(t *testing.T) {
	const query = `SELECT string_agg(indexname || ' ' || regexp_replace(indexdef, '^.* USING ', ''), E'\n' ORDER BY indexname)
		FROM pg_indexes WHERE tablename IN ('deliveries', 'transactions', 'transaction_versions')
		AND indexname NOT LIKE '%\_pkey'`
	plain := queryValue[string](t, migrateDB(t, pgtest.DSN(t), 0), query)
	parted := queryValue[string](t, migrateDB(t, pgtest.DSN(t), 0, partitions), query)
	if diff := cmp.Diff(plain, parted); diff != "" {
		t.Errorf("indexes (-migrations +parts):\n%s", diff)
	}
}

// fillTables fills the tables, so that the planner chooses the same plans as for a production database.
func fillTables(t testing.TB, db *postgres.DB) {
	t.Helper()
	must(
		t,
		db,
		`INSERT INTO deliveries SELECT gen_random_uuid(), md5('t' || i % 10)::uuid, md5('c' || i % 500)::uuid, 'pluggy', 'e', '',
		sha256(i::text::bytea), 'body', '', 'ignored', NULL, $1::timestamptz - i * interval '1 s' FROM generate_series(1, 20000) i`,
		epoch,
	)
	must(
		t,
		db,
		`INSERT INTO transactions SELECT gen_random_uuid(), md5('t' || i % 10)::uuid, md5('c' || i % 500)::uuid, 'pluggy', NULL, '',
		i::text, 1, 'BRL', NULL, '', 'posted', '2026-01-01', NULL, '', '', '', NULL, 'd', 1, $1, $1, NULL, 1
		FROM generate_series(1, 20000) i`,
		epoch,
	)
	must(t, db, "ANALYZE")
}

// partitionsTouched calls fn and returns the number of a table's partitions that fn has read or written. The number
// comes from the server's statistics. The pool must have only one connection, because a connection can flush only its
// own statistics on demand.
func partitionsTouched(t testing.TB, db *postgres.DB, table string, fn func()) int {
	t.Helper()
	const counts = `CREATE TEMP TABLE seen AS SELECT relid, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del AS n
		FROM pg_stat_all_tables`
	flush := func() {
		must(t, db, "SELECT pg_stat_force_next_flush()")
		must(t, db, "SELECT pg_stat_clear_snapshot()")
	}
	flush()
	must(t, db, counts)
	defer must(t, db, "DROP TABLE seen")
	fn()
	flush()
	return queryValue[int](
		t,
		db,
		`SELECT count(*) FROM pg_inherits i JOIN pg_stat_all_tables now ON now.relid = i.inhrelid
		JOIN seen ON seen.relid = now.relid WHERE i.inhparent = $1::regclass
		AND coalesce(now.seq_scan, 0) + coalesce(now.idx_scan, 0) + now.n_tup_ins + now.n_tup_upd + now.n_tup_del > seen.n`,
		table,
	)
}

// Frequent calls must read and write only the partition of their connection. Calls that do not know the
// connection search every partition; docs/scale.md lists this cost.
func TestACallTouchesOnlyThePartitionOfItsConnection(t *testing.T) {
	db := migrateDB(t, pgtest.DSN(t), 1, partitions)
	if queryValue[int](t, db, "SELECT current_setting('server_version_num')::int") < 150000 {
		t.Skip("needs PostgreSQL 15, which reports its statistics on demand")
	}
	fillTables(t, db)
	s := db.Store(nil)
	tenant := newTenant()
	c := connection(t, s, tenant)
	token, lease := webhookToken(t, s, c), claimPull(t, s, c)
	write(t, s, lease, "1", "2")
	first := receive(t, s, token.Hash, "first").Delivery
	readHistory := func() error { history(t, s, tenant, c, "3"); return nil }
	for _, call := range []struct {
		what, table  string
		fewest, most int
		do           func() error
	}{
		{
			"a new event", "deliveries", 1, 1,
			func() error { return checkDuplicate(receive(t, s, token.Hash, "second").Duplicate, false) },
		},
		{
			"a repeated event", "deliveries", 1, 1,
			func() error { return checkDuplicate(receive(t, s, token.Hash, "second").Duplicate, true) },
		},
		{"a page of a pull", "transactions", 1, 1, func() error { write(t, s, lease, "2", "3"); return nil }},
		{"a removal", "transaction_versions", 1, 1, func() error { remove(t, s, lease, "3"); return nil }},
		{"a sweep", "transactions", 1, 1, func() error {
			_, err := s.Pulls().Sweep(
				t.Context(), lease,
				ports.SweepWrite{
					Proof: domain.OneRead, Seen: func(id string) bool { return id != "1" },
					At: epoch, LeaseUntil: lease.Until,
				},
			)
			return err
		}},
		{"a page of a connection's transactions", "transactions", 1, 1, func() error {
			_, err := s.Ledger().Transactions(
				t.Context(), tenant, c.ID, ports.TransactionFilter{}, domain.PageRequest{Limit: 20},
			)
			return err
		}},
		{"a search of a tenant with one connection", "transactions", 1, 1, func() error {
			search := domain.TransactionSearch{Text: "x"}
			_, err := s.Ledger().Search(t.Context(), tenant, search, domain.PageRequest{Limit: 20})
			return err
		}},
		{"a search that returns rows", "transactions", 1, 1, func() error {
			_, err := s.Ledger().Search(t.Context(), tenant, domain.TransactionSearch{}, domain.PageRequest{Limit: 20})
			return err
		}},
		{"a transaction by id, which stops at the first match", "transactions", 1, 16, func() error {
			_, err := s.Ledger().Transaction(t.Context(), tenant, newID[domain.Transaction]())
			if errors.Is(err, domain.NotFound) {
				return nil
			}
			return err
		}},
		{"the history of a transaction", "transaction_versions", 1, 1, readHistory},
		{"the deliveries in the history of a transaction", "deliveries", 1, 1, readHistory},
		{"a connection's activity", "deliveries", 1, 1, func() error {
			return s.Connections().VisitFacts(t.Context(), tenant, []domain.ConnectionID{c.ID},
				func(*domain.ConnectionFacts) error { return nil })
		}},
		{"a connection's deliveries", "deliveries", 1, 1, func() error {
			_, err := s.Deliveries().List(
				t.Context(), tenant, ports.DeliveryFilter{Connection: c.ID}, domain.PageRequest{Limit: 20},
			)
			return err
		}},
		{
			"a page of the feed", "transactions", 16, 16,
			func() error { changes(t, s, tenant, domain.Position{}); return nil },
		},
		{"a tenant's deliveries", "deliveries", 16, 16, func() error {
			_, err := s.Deliveries().List(t.Context(), tenant, ports.DeliveryFilter{}, domain.PageRequest{Limit: 20})
			return err
		}},
		{"a delivery by id, which stops at the first match", "deliveries", 1, 16, func() error {
			_, err := s.Deliveries().Get(t.Context(), tenant, first.ID)
			return err
		}},
		{"a claim, which merges the scopes of a pull's deliveries", "deliveries", 16, 16, func() error {
			if err := s.Pulls().Finish(
				t.Context(), lease, ports.Outcome{State: domain.PullSucceeded, At: epoch},
			); err != nil {
				return err
			}
			_, err := s.Pulls().Claim(
				t.Context(), domain.Lease{ID: newID[domain.Lease](), Pull: first.Pull, Until: lease.Until},
				epoch,
			)
			return err
		}},
	} {
		t.Run(call.what, func(t *testing.T) {
			var err error
			n := partitionsTouched(t, db, call.table, func() { err = call.do() })
			if n < call.fewest || n > call.most || err != nil {
				t.Errorf("touches %d partitions of %s, want %d to %d; %v", n, call.table, call.fewest, call.most, err)
			}
		})
	}
}

// checkDuplicate returns an error if got differs from want. got is true if the store has reported a delivery as a
// duplicate.
func checkDuplicate(got, want bool) error {
	if got != want {
		return fmt.Errorf("duplicate is %v", got)
	}
	return nil
}
