package postgres_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// openDistributed opens the database at dsn, migrates it and distributes its tables. It closes the database at the end
// of the test.
func openDistributed(t *testing.T, dsn string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: dsn, Timeout: patience, Distribute: true})
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

func TestPostgreSQLConformsToTheStorePortsOnCitus(t *testing.T) {
	s := openDistributed(t, pgtest.CitusDSN(t)).Store(nil)
	porttest.TestStores(t, func(*testing.T) porttest.Stores { return stores(s) })
}

// In a distributed table, each unique index must contain the tenant. The tenant is the last column, except in two
// indexes that are also used to list the rows of a tenant. The index over the hashes of tokens does not contain the
// tenant, because the table webhook_tokens is not distributed: each server has a copy.
func TestEachUniqueKeyEndsWithTheTenant(t *testing.T) {
	db := opened(t, pgtest.DSN(t))
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
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.DSN(t), Distribute: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "extension citus") {
		t.Errorf("the migration ends with %v, want an error that names the extension", err)
	}
}

// When the tables of a database that is already in use are distributed, its rows must remain, and the feed must
// continue at the position at which a consumer has stopped. A later migration must not need the setting Distribute.
func TestDistributingATableKeepsItsRowsAndTheFeed(t *testing.T) {
	dsn := pgtest.CitusDSN(t)
	plain := opened(t, dsn)
	tenant := domain.TenantID{UUID: uuid.New()}
	// Raise the transaction ids of the coordinator, so that they are higher than those of a new worker.
	_, err := plain.Pool.Exec(t.Context(),
		"DO $$ BEGIN FOR i IN 1..10000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$")
	if err != nil {
		t.Fatal(err)
	}
	s := plain.Store(nil)
	lease := running(t, s, tenant)
	write(t, s, lease, "before")
	first, at := changes(t, s, tenant, domain.Position{}, 1)
	want(t, "before", []string{"before"}, first)

	distributed := openDistributed(t, dsn)
	var local []string
	err = distributed.Pool.QueryRow(t.Context(), `SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
			AND NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = pg_class.oid)`).Scan(&local)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "tables on the coordinator", []string{"goose_db_version", "rate_budgets"}, local)
	again := opened(t, dsn)
	s = again.Store(nil)
	write(t, s, lease, "after")
	later, _ := changes(t, s, tenant, at, 1)
	want(t, "after", []string{"after"}, later)
	all, _ := changes(t, s, tenant, domain.Position{}, 2)
	want(t, "all", []string{"before", "after"}, all)
}

// The feed of a tenant must wait for an older writer. Positions in the feed come from the transaction ids of the server
// that stores the tenant's rows. The ids of the coordinator must not be used, because they do not show which writer is
// older.
func TestTheFeedOnCitusWaitsForAnOlderWriter(t *testing.T) {
	db := openDistributed(t, pgtest.CitusDSN(t))
	s := db.Store(nil)
	tenant := domain.TenantID{UUID: uuid.New()}
	lease := running(t, s, tenant)
	write(t, s, lease, "first")
	first, at := changes(t, s, tenant, domain.Position{}, 1)
	want(t, "before", []string{"first"}, first)

	slow, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Rollback(t.Context()) }()
	position, err := db.ChangeSeq(t.Context(), slow, tenant.UUID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = slow.Exec(
		t.Context(),
		`INSERT INTO transactions (id, tenant_id, connection_id, vendor, account, external_id,
			amount, currency, account_currency, status, date, description, category, counterparty, digest, version,
			first_seen_at, updated_at, change_tx)
		SELECT gen_random_uuid(), tenant_id, connection_id, vendor, account, 'slow', amount, currency, account_currency,
			status, date, description, category, counterparty, digest, version, first_seen_at, updated_at, $2
		FROM transactions WHERE external_id = 'first' AND tenant_id = $1`,
		tenant.UUID,
		position,
	)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, lease, "fast")
	page, err := s.Ledger().Changes(t.Context(), tenant, domain.PageRequest{Limit: 10, After: at})
	if err != nil || len(page.Items) > 0 {
		t.Fatalf("the feed has %d changes that an older writer may precede (%v)", len(page.Items), err)
	}
	if hold, err := s.Ledger().FeedHold(t.Context()); err != nil || hold.Writer == "" {
		t.Errorf("nothing holds the feed: %+v (%v)", hold, err)
	}
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	both, _ := changes(t, s, tenant, page.Next, 2)
	want(t, "after the commit", []string{"slow", "fast"}, both)
}

// Concurrent deliveries of several tenants can be in the same batch. Each event must then be stored once, although it
// is sent twice, and each tenant must get one pull.
func TestABatchOnCitusContainsSeveralTenants(t *testing.T) {
	s := openDistributed(t, pgtest.CitusDSN(t)).Store(nil)
	var tokens []domain.WebhookToken
	for range 5 {
		tokens = append(tokens, connectionWithToken(t, s))
	}
	const events = 20
	stored := make([]atomic.Int32, len(tokens))
	var wg sync.WaitGroup
	for i, token := range tokens {
		for n := range 2 * events {
			wg.Go(func() {
				key := strconv.Itoa(n / 2)
				got, err := s.Deliveries().Receive(t.Context(), ports.IncomingDelivery{
					Delivery:       newID[domain.Delivery](),
					Pull:           newID[domain.Pull](),
					Token:          token.Hash,
					Vendor:         token.Vendor,
					SourceAdmitted: true,
					Body:           []byte(key),
					At:             epoch,
					Event:          domain.WebhookEvent{Name: "e", ID: key, DedupKey: key, WantsPull: true},
				})
				switch {
				case err != nil:
					t.Error(err)
				case !got.Duplicate:
					stored[i].Add(1)
				}
			})
		}
	}
	wg.Wait()
	for i, token := range tokens {
		page, err := s.Deliveries().
			List(t.Context(), token.Tenant, ports.DeliveryFilter{}, domain.PageRequest{Limit: 100})
		if err != nil || len(page.Items) != events || stored[i].Load() != events {
			t.Errorf(
				"tenant %d: %d deliveries are listed, %d were new, want %d (%v)",
				i,
				len(page.Items),
				stored[i].Load(),
				events,
				err,
			)
		}
		pulls, err := s.Pulls().List(t.Context(), token.Tenant, ports.PullFilter{}, domain.PageRequest{Limit: 100})
		if err != nil || len(pulls.Items) != 1 {
			t.Errorf("tenant %d has %d pulls, want 1 (%v)", i, len(pulls.Items), err)
		}
	}
	_, err := s.Deliveries().Receive(t.Context(), ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: domain.TokenHash{1}, At: epoch,
	})
	if !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("an unknown token gets %v", err)
	}
}

// A request must be repeated if Citus ends its transaction because of a deadlock. In a deadlock of two transactions,
// Citus ends the younger one. In this test, the request runs the younger transaction.
func TestARequestOnCitusIsRepeatedAfterADeadlock(t *testing.T) {
	dsn := pgtest.CitusDSN(t)
	var found deadlockCounter
	db := tracedWith(t, postgres.Config{URL: dsn, Timeout: patience, Distribute: true}, &found)
	// The long timeout prevents the worker from ending the older transaction before Citus ends the younger one.
	requestInDeadlock(t, db, dsn,
		"SET citus.propagate_set_commands = 'local'", "BEGIN", "SET LOCAL deadlock_timeout = '1h'")
	// There can be more than one deadlock: the repeated request deadlocks, too, if it locks the connection first.
	if found.Load() == 0 {
		t.Error("Citus detected no deadlock")
	}
}
