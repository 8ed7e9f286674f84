package citus_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/citus"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

func TestTheStoreConformsToItsPortsOnCitus(t *testing.T) {
	s := openDistributed(t, postgres.Config{URL: pgtest.CitusDSN(t)}).Store(nil)
	porttest.TestStores(t, func(*testing.T) porttest.Stores { return stores(s) })
}

// In a distributed table, each unique index must contain the tenant. The tenant is the last column, except in two
// indexes that are also used to list the rows of a tenant. The index over the hashes of tokens does not contain the
// tenant, because the table webhook_tokens is not distributed: each server has a copy.
func TestEachUniqueKeyEndsWithTheTenant(t *testing.T) {
	db := openPlain(t, postgres.Config{URL: pgtest.DSN(t)})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var others []string
	err := db.Pool.QueryRow(t.Context(), `
		SELECT array_agg(indexrelid::regclass::text || CASE WHEN attnum = ANY (indkey::int2[]) THEN ' with' ELSE
			' without' END ORDER BY 1) FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attname = 'tenant_id'
		WHERE indisunique AND attnum <> indkey[indnkeyatts - 1]`).Scan(&others)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "unique, but the tenant is not the last column", []string{
		"connections_live_name with", "idempotency_keys_pkey with", "webhook_tokens_hash_key without",
	}, slices.Sorted(slices.Values(others)))
	var references int
	err = db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_constraint WHERE contype = 'f'").Scan(&references)
	if err != nil || references > 0 {
		t.Errorf("%d foreign keys are left (%v)", references, err)
	}
}

func TestTheTablesAreDistributedOnlyWithTheExtension(t *testing.T) {
	plain := openPlain(t, postgres.Config{URL: pgtest.DSN(t)})
	db, err := citus.Open(t.Context(), plain, citus.Config{Distribute: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "extension citus") {
		t.Errorf("the migration ends with %v, want an error that names the extension", err)
	}
}

// When the tables of a database that is already in use are distributed, its rows must remain, and the feed must
// continue at the position at which a consumer has stopped. A later migration must not need the setting Distribute.
func TestDistributingATableKeepsItsRowsAndTheFeed(t *testing.T) {
	dsn := pgtest.CitusDSN(t)
	plain := openPlain(t, postgres.Config{URL: dsn})
	if err := plain.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if db, err := citus.Open(t.Context(), plain, citus.Config{}); db != nil || err != nil {
		t.Fatalf("tables that are not distributed are taken for distributed ones (%v)", err)
	}
	tenant := domain.TenantID{UUID: uuid.New()}
	// Raise the transaction ids of the coordinator, so that they are higher than those of a new worker.
	_, err := plain.Pool.Exec(t.Context(),
		"DO $$ BEGIN FOR i IN 1..10000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$")
	if err != nil {
		t.Fatal(err)
	}
	s := plain.Store(nil)
	lease := storetest.RunningPull(t, s, tenant)
	write(t, s, lease, "before")
	first, at := storetest.ReadChanges(t, s, tenant, domain.Position{}, 1)
	want(t, "before", []string{"before"}, first)

	distributed := openDistributed(t, postgres.Config{URL: dsn})
	var local []string
	err = distributed.Pool.QueryRow(t.Context(), `SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
			AND NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = pg_class.oid)`).Scan(&local)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "tables on the coordinator", []string{"goose_db_version", "rate_budgets"}, local)
	s = migrated(t, openPlain(t, postgres.Config{URL: dsn}), citus.Config{}).Store(nil)
	write(t, s, lease, "after")
	later, _ := storetest.ReadChanges(t, s, tenant, at, 1)
	want(t, "after", []string{"after"}, later)
	all, _ := storetest.ReadChanges(t, s, tenant, domain.Position{}, 2)
	want(t, "all", []string{"before", "after"}, all)
}
