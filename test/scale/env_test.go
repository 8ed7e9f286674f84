// Package scale_test tests what docs/internals/scale.md says about the change feed: readers can get it from a standby,
// and a script increases all its future positions.
//
// The script is needed after a recovery from a backup. The positions are transaction ids, and the ids may then repeat.
package scale_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var epoch = time.Date(2026, time.March, 2, 10, 0, 0, 0, time.UTC)

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

func newTenant() domain.TenantID { return domain.TenantID{UUID: uuid.New()} }

// openDB connects to a database without migrating it.
func openDB(t testing.TB, url string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// migrateDB connects to a database and migrates it as the service does.
func migrateDB(t testing.TB, url string) *postgres.DB {
	t.Helper()
	db := openDB(t, url)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// run executes a script as one query, and therefore in one transaction, as psql does with
// --single-transaction.
func run(ctx context.Context, db *postgres.DB, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	conn, err := db.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Conn().PgConn().Exec(ctx, string(text)).ReadAll(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	return nil
}

// queryValue runs a query and returns its only value.
func queryValue[T any](t testing.TB, db *postgres.DB, query string, args ...any) (value T) {
	t.Helper()
	if err := db.Pool.QueryRow(t.Context(), query, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

// waitUntil polls until condition returns true, and fails the test after a minute. The string event describes the
// awaited event in the error message.
func waitUntil(t testing.TB, event string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited without result: %s", event)
		}
	}
}

// connection creates a connection of the tenant and returns it.
func connection(t testing.TB, s *postgres.Store, tenant domain.TenantID) domain.Connection {
	t.Helper()
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: tenant, Kind: domain.Aggregator, Name: uuid.NewString(),
		Vendor: "pluggy", Sealed: domain.Sealed("x"), Revision: 1, CreatedAt: epoch, UpdatedAt: epoch,
	}
	if err := s.Connections().Create(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// claimPull requests a pull of the connection, claims it as a worker does, and returns the lease.
func claimPull(t testing.TB, s *postgres.Store, c domain.Connection) domain.Lease {
	t.Helper()
	r := ports.PullRequest{ID: newID[domain.Pull](), At: epoch}
	pull, err := s.Pulls().Request(t.Context(), c.Tenant, c.ID, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	lease := domain.Lease{ID: newID[domain.Lease](), Pull: pull.ID, Tenant: pull.Tenant, Until: epoch.Add(time.Hour)}
	if _, err := s.Pulls().Claim(t.Context(), lease, epoch); err != nil {
		t.Fatal(err)
	}
	return lease
}

// write stores a page of rows with the given external ids and returns the resulting counts.
func write(t testing.TB, s *postgres.Store, lease domain.Lease, externalIDs ...string) domain.Counts {
	t.Helper()
	w := ports.PageWrite{NewID: newID[domain.Transaction], At: epoch, LeaseUntil: epoch.Add(time.Hour)}
	for _, id := range externalIDs {
		w.Transactions = append(w.Transactions, domain.TransactionData{
			ExternalID:  id,
			Account:     "account",
			Amount:      domain.Money{Amount: decimal.RequireFromString("-12.50"), Currency: "BRL"},
			Status:      domain.Posted,
			Date:        "2026-03-01",
			Description: "PIX enviado " + id,
			Category:    "Transfers",
			Metadata:    fmt.Appendf(nil, `{"id":%q,"type":"DEBIT","paymentData":{"reason":"%0120d"}}`, id, 0),
		})
	}
	counts, err := s.Pulls().StorePage(t.Context(), lease, w)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// changes reads one page of the feed after the given position. It returns the external ids of the changed rows, and the
// position after the page.
func changes(
	t testing.TB,
	s *postgres.Store,
	tenant domain.TenantID,
	position domain.Position,
) ([]string, domain.Position) {
	t.Helper()
	page, err := s.Ledger().Changes(t.Context(), tenant, domain.PageRequest{Limit: 100, After: position})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, item := range page.Items {
		ids = append(ids, item.ExternalID)
	}
	return ids, page.Next
}
