package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

var epoch = time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

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

// A slow writer begins before a fast writer, and commits after the fast writer. A reader receives a position between
// the two commits. This position must not skip the changes of the slow writer.
func TestTheFeedWaitsForAnOlderWriter(t *testing.T) {
	db := opened(t, pgtest.DSN(t))
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
	while, at := storetest.ReadChanges(t, s, tenant, at, 0)
	want(t, "while the older one writes", nil, while)
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, _ := storetest.ReadChanges(t, s, tenant, at, 2)
	want(t, "after its commit", []string{"slow", "fast"}, after)
}

// The feed must also wait for an older transaction of another database, because transaction ids are assigned for the
// whole cluster.
func TestTheFeedWaitsForAnOlderWriterOfAnotherDatabase(t *testing.T) {
	elsewhere := opened(t, pgtest.DSN(t))
	s := opened(t, pgtest.DSN(t)).Store(nil)
	tenant := domain.TenantID{UUID: uuid.New()}
	lease := storetest.RunningPull(t, s, tenant)
	slow, err := elsewhere.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := slow.Exec(t.Context(), "SELECT pg_current_xact_id()"); err != nil {
		t.Fatal(err)
	}
	write(t, s, lease, "row")
	while, at := storetest.ReadChanges(t, s, tenant, domain.Position{}, 0)
	want(t, "while the other database is written to", nil, while)
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, _ := storetest.ReadChanges(t, s, tenant, at, 1)
	want(t, "after that", []string{"row"}, after)
}

// FeedHold must find a transaction that delays the feed, even if it belongs to another database or program, or to
// another role whose sessions the store is not permitted to see.
func TestFeedHoldFindsAWriterOfAnotherDatabase(t *testing.T) {
	elsewhere := opened(t, pgtest.DSN(t))
	s := opened(t, pgtest.DSN(t)).Store(nil)
	lease := storetest.RunningPull(t, s, domain.TenantID{UUID: uuid.New()})
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
	lease := storetest.RunningPull(t, s, tenant)
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
	old, at := storetest.ReadChanges(t, s, tenant, domain.Position{}, 1)
	want(t, "what was dumped", []string{"old"}, old)
	write(t, s, lease, "new")
	fresh, _ := storetest.ReadChanges(t, s, tenant, at, 1)
	want(t, "what comes after", []string{"new"}, fresh)
}
