package citus_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/citus"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// The feed of a tenant must wait for an older writer. Positions in the feed come from the transaction ids of the server
// that stores the tenant's rows. The ids of the coordinator must not be used, because they do not show which writer is
// older.
func TestTheFeedOnCitusWaitsForAnOlderWriter(t *testing.T) {
	db := openDistributed(t, postgres.Config{URL: pgtest.CitusDSN(t)})
	s := db.Store(nil)
	tenant := domain.TenantID{UUID: uuid.New()}
	lease := storetest.RunningPull(t, s, tenant)
	write(t, s, lease, "first")
	first, at := storetest.ReadChanges(t, s, tenant, domain.Position{}, 1)
	want(t, "before", []string{"first"}, first)

	slow, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Rollback(t.Context()) }()
	position, err := citus.ChangeSeq(t.Context(), slow, tenant.UUID)
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
	both, _ := storetest.ReadChanges(t, s, tenant, page.Next, 2)
	want(t, "after the commit", []string{"slow", "fast"}, both)
}
