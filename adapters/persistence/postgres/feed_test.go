package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

var epoch = time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// running stores a connection with a running pull, and returns the lease of the pull.
func running(t *testing.T, s *postgres.Store, tenant domain.TenantID) domain.Lease {
	t.Helper()
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: tenant, Kind: domain.Aggregator, Name: uuid.NewString(),
		Vendor: "pluggy", Sealed: domain.Sealed("x"), Revision: 1, CreatedAt: epoch, UpdatedAt: epoch,
	}
	if err := s.Connections().Create(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	r := ports.PullRequest{ID: newID[domain.Pull](), At: epoch}
	pull, err := s.Pulls().Request(t.Context(), tenant, c.ID, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	lease := domain.Lease{ID: newID[domain.Lease](), Pull: pull.ID, Tenant: pull.Tenant, Until: epoch.Add(time.Hour)}
	if _, err := s.Pulls().Claim(t.Context(), lease, epoch); err != nil {
		t.Fatal(err)
	}
	return lease
}

func write(t *testing.T, s *postgres.Store, lease domain.Lease, externalIDs ...string) {
	t.Helper()
	if err := writeRows(t.Context(), s, lease, externalIDs...); err != nil {
		t.Fatal(err)
	}
}

// writeRows stores a page with rows that have the given external ids.
func writeRows(ctx context.Context, s *postgres.Store, lease domain.Lease, externalIDs ...string) error {
	w := ports.PageWrite{NewID: newID[domain.Transaction], At: epoch, LeaseUntil: epoch.Add(time.Hour)}
	for _, id := range externalIDs {
		w.Transactions = append(w.Transactions, domain.TransactionData{
			ExternalID: id, Amount: domain.Money{Amount: decimal.NewFromInt(1), Currency: "BRL"}, Date: "2026-03-01",
		})
	}
	_, err := s.Pulls().StorePage(ctx, lease, w)
	return err
}

// changes reads the feed after the position until it has read at least minCount changes or a timeout expires. It
// returns the external ids of the changed rows, and the next position. It polls, because writers of other tests can
// delay the feed.
func changes(t *testing.T, s *postgres.Store, tenant domain.TenantID, position domain.Position,
	minCount int,
) ([]string, domain.Position) {
	t.Helper()
	var ids []string
	for deadline := time.Now().Add(patience / 2); ; time.Sleep(time.Millisecond) {
		page, err := s.Ledger().Changes(t.Context(), tenant, domain.PageRequest{Limit: 100, After: position})
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			ids = append(ids, item.ExternalID)
		}
		if position = page.Next; len(ids) >= minCount || time.Now().After(deadline) {
			return ids, position
		}
	}
}

func want(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// A slow writer begins before a fast writer, and commits after the fast writer. A reader receives a position between
// the two commits. This position must not skip the changes of the slow writer.
func TestTheFeedWaitsForAnOlderWriter(t *testing.T) {
	db := opened(t, pgtest.DSN(t))
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
	_, err = slow.Exec(t.Context(), `
		INSERT INTO transactions SELECT gen_random_uuid(), tenant_id, connection_id, vendor, account_id, account,
			'slow', amount, currency, account_amount, account_currency, status, date, occurred_at, description,
			category, counterparty, metadata, digest, version, first_seen_at, updated_at, removed_at,
			pg_current_xact_id()::text::bigint
		FROM transactions WHERE external_id = 'first'`)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, lease, "fast")
	while, at := changes(t, s, tenant, at, 0)
	want(t, "while the older one writes", nil, while)
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, _ := changes(t, s, tenant, at, 2)
	want(t, "after its commit", []string{"slow", "fast"}, after)
}

// The feed must also wait for an older transaction of another database, because transaction ids are assigned for the
// whole cluster.
func TestTheFeedWaitsForAnOlderWriterOfAnotherDatabase(t *testing.T) {
	elsewhere := opened(t, pgtest.DSN(t))
	s := opened(t, pgtest.DSN(t)).Store(nil)
	tenant := domain.TenantID{UUID: uuid.New()}
	lease := running(t, s, tenant)
	slow, err := elsewhere.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := slow.Exec(t.Context(), "SELECT pg_current_xact_id()"); err != nil {
		t.Fatal(err)
	}
	write(t, s, lease, "row")
	while, at := changes(t, s, tenant, domain.Position{}, 0)
	want(t, "while the other database is written to", nil, while)
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, _ := changes(t, s, tenant, at, 1)
	want(t, "after that", []string{"row"}, after)
}

// FeedHold must find a transaction that delays the feed, even if it belongs to another database or program, or to
// another role whose sessions the store is not permitted to see.
func TestFeedHoldFindsAWriterOfAnotherDatabase(t *testing.T) {
	elsewhere := opened(t, pgtest.DSN(t))
	s := opened(t, pgtest.DSN(t)).Store(nil)
	lease := running(t, s, domain.TenantID{UUID: uuid.New()})
	slow, err := elsewhere.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Rollback(context.WithoutCancel(t.Context())) }()
	var writer string
	if err := slow.QueryRow(t.Context(), "SELECT pg_current_xact_id()::text").Scan(&writer); err != nil {
		t.Fatal(err)
	}
	before, err := s.Ledger().FeedHold(t.Context())
	if err != nil || before.Age <= 0 {
		t.Errorf("an open writer: %+v, %v", before, err)
	}
	write(t, s, lease, "row")
	// A transaction of another test may be older than this writer and delay the feed, but it ends soon.
	var held ports.FeedHold
	for deadline := time.Now().Add(patience); held.Writer != writer && time.Now().Before(deadline); {
		if held, err = s.Ledger().FeedHold(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if held.Writer != writer || held.Age <= before.Age {
		t.Errorf("held back by %+v, want by %s, for longer than %v", held, writer, before.Age)
	}
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after, err := s.Ledger().FeedHold(t.Context()); err != nil || after.Writer == writer {
		t.Errorf("after the commit: %+v, %v", after, err)
	}
}

// After a dump is restored in another cluster, the feed must continue. The dump contains the positions of the feed, but
// not the transaction counter from which they were generated.
func TestTheFeedContinuesInAnotherCluster(t *testing.T) {
	db := opened(t, pgtest.DSN(t))
	s := db.Store(nil)
	tenant := domain.TenantID{UUID: uuid.New()}
	lease := running(t, s, tenant)
	write(t, s, lease, "old")
	for _, statement := range []string{
		"UPDATE transactions SET change_tx = change_tx + 1000000000000", "UPDATE feed SET cluster = 1",
	} {
		if _, err := db.Pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	old, at := changes(t, s, tenant, domain.Position{}, 1)
	want(t, "what was dumped", []string{"old"}, old)
	write(t, s, lease, "new")
	fresh, _ := changes(t, s, tenant, at, 1)
	want(t, "what comes after", []string{"new"}, fresh)
}

// connectionWithToken stores a connection of a new tenant with a token, and returns the token.
func connectionWithToken(t testing.TB, s *postgres.Store) domain.WebhookToken {
	t.Helper()
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: domain.TenantID{UUID: uuid.New()}, Kind: domain.Aggregator, Name: "c",
		Vendor: "pluggy", Sealed: domain.Sealed("x"), Revision: 1, CreatedAt: epoch, UpdatedAt: epoch,
	}
	token := domain.WebhookToken{
		ID: newID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Hash: domain.HashToken(c.ID.String()), CreatedAt: epoch,
	}
	if err := s.Connections().Create(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Tokens().Create(t.Context(), token, nil); err != nil {
		t.Fatal(err)
	}
	return token
}
