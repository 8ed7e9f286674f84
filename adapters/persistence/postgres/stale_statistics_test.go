package postgres_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// lookups is a tracer that collects the SQL statements that contain one of the texts in parts.
type lookups struct {
	parts []string
	mu    sync.Mutex
	seen  []pgx.TraceQueryStartData
}

func (l *lookups) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	contained := func(part string) bool { return strings.Contains(q.SQL, part) }
	if slices.ContainsFunc(l.parts, contained) && !strings.HasPrefix(q.SQL, "EXPLAIN") {
		l.seen = append(l.seen, pgx.TraceQueryStartData{SQL: q.SQL, Args: slices.Clone(q.Args)})
	}
	return ctx
}

func (*lookups) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

var removedByFilter = regexp.MustCompile(`Rows Removed by (?:Join )?Filter: (\d+)`)

// readAtMost runs the collected statements again. It reports an error for each statement that reads and discards more
// than limit rows.
func (l *lookups) readAtMost(t *testing.T, db *postgres.DB, limit int) {
	t.Helper()
	for _, q := range l.seen {
		explained, err := db.Pool.Query(t.Context(), "EXPLAIN (ANALYZE) "+q.SQL, q.Args...)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(explained, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		for _, found := range removedByFilter.FindAllStringSubmatch(plan, -1) {
			if n, _ := strconv.Atoi(found[1]); n > limit {
				t.Errorf("a statement reads %d other rows:\n%s\n%s", n, q.SQL, plan)
			}
		}
	}
}

// datedIDs returns n external ids for storeDated.
func datedIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("row-%04d", 100+i)
	}
	return ids
}

// storeDated stores one row for each external id, on the day that the id contains. n is the amount of each row and the
// first byte of its content hash. The rows are stored n minutes after epoch.
func storeDated(t *testing.T, s *postgres.Store, lease domain.Lease, n byte, externalIDs ...string) {
	t.Helper()
	at := epoch.Add(time.Duration(n) * time.Minute)
	w := ports.PageWrite{NewID: newID[domain.Transaction], At: at, LeaseUntil: at.Add(time.Hour)}
	for _, id := range externalIDs {
		w.Transactions = append(w.Transactions, domain.TransactionData{
			ExternalID: id, Amount: domain.Money{Amount: decimal.NewFromInt(int64(n)), Currency: "BRL"},
			Date: domain.Date("2026-01-" + id[4:6]), ContentHash: domain.ContentHash{n},
		})
	}
	if _, err := s.Pulls().StorePage(t.Context(), lease, w); err != nil {
		t.Fatal(err)
	}
}

// A lookup must not read the other rows of a connection that is pulled for the first time. The planner's statistics are
// older than the connection, so the planner expects one row. It might then choose a plan in which each lookup reads all
// rows of the connection.
func TestALookupReadsNoOtherRowsOfANewConnection(t *testing.T) {
	const rows = 2000
	tracer := &lookups{parts: []string{"t.external_id = ", "v.id = t.id"}}
	db := traced(t, pgtest.DSN(t), tracer)
	s := db.Store(nil)
	ids := datedIDs(rows)
	earlier := storetest.RunningPull(t, s, domain.TenantID{UUID: uuid.New()})
	storeDated(t, s, earlier, 1, ids[:500]...)
	storeDated(t, s, earlier, 2, ids[:500]...)
	if _, err := db.Pool.Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}

	token, pull := storetest.ConnectionWithToken(t, s), newID[domain.Pull]()
	_, err := s.Deliveries().Receive(t.Context(), ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: pull, Token: token.Hash, Vendor: token.Vendor,
		At: epoch, SourceAdmitted: true, Body: []byte("{}"), Event: domain.WebhookEvent{
			Name: "transactions/deleted", DedupKey: "deleted", WantsPull: true,
			Scope: domain.PullScope{Removed: ids[:50]},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	lease := domain.Lease{
		ID: newID[domain.Lease](), Pull: pull, Tenant: token.Tenant, Until: epoch.Add(time.Hour),
	}
	if _, err := s.Pulls().Claim(t.Context(), lease, epoch); err != nil {
		t.Fatal(err)
	}
	for page := range slices.Chunk(ids, 500) {
		storeDated(t, s, lease, 1, page...)
	}

	for _, page := range [][]string{ids[:500], ids[:8]} { // the first page is looked up by date, the second one by key
		var seen []domain.RawTransaction
		for _, id := range page {
			seen = append(seen, domain.RawTransaction{ExternalID: id})
		}
		if _, err := s.Pulls().FilterUnchanged(t.Context(), token.Tenant, token.Connection, seen); err != nil {
			t.Fatal(err)
		}
	}
	announced := 0
	err = s.Pulls().VisitAnnouncedRemovals(t.Context(), lease, func(ids []string) error {
		announced += len(ids)
		return nil
	})
	if err != nil || announced != 50 {
		t.Fatalf("%d announced removals: %v", announced, err)
	}

	// The completeness of an account of the connection is known. Storing a changed row therefore compares the row
	// with its previous version.
	if _, err := db.Pool.Exec(t.Context(), `INSERT INTO account_completeness
		(account_id, connection_id, tenant_id, state, compared) SELECT gen_random_uuid(), id, tenant_id, 'complete', true
		FROM connections WHERE id = $1`, token.Connection.UUID); err != nil {
		t.Fatal(err)
	}
	storeDated(t, s, lease, 2, ids...)
	if len(tracer.seen) < 5 {
		t.Fatalf("%d lookups", len(tracer.seen))
	}
	tracer.readAtMost(t, db, rows/2)
}

// A list of the rows as they were at a past moment must skip the rows that were changed later. It must do so within
// the index, without reading each of these rows from the table. The planner's statistics are older than the
// connection.
func TestAListAsOfAMomentPassesLaterRows(t *testing.T) {
	const rows = 2000
	tracer := &lookups{parts: []string{"updated_at <= "}}
	db := traced(t, pgtest.DSN(t), tracer)
	s := db.Store(nil)
	ids := datedIDs(rows)
	earlier := storetest.RunningPull(t, s, domain.TenantID{UUID: uuid.New()})
	storeDated(t, s, earlier, 1, ids[:500]...)
	if _, err := db.Pool.Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	tenant := domain.TenantID{UUID: uuid.New()}
	lease := storetest.RunningPull(t, s, tenant)
	for n := range byte(2) { // the second version of each row replaces the first one
		for page := range slices.Chunk(ids, 500) {
			storeDated(t, s, lease, 1+n, page...)
		}
	}
	pull, err := s.Pulls().Get(t.Context(), tenant, lease.Pull)
	if err != nil {
		t.Fatal(err)
	}
	for minutes, want := range []int{0, 50, 50} {
		tracer.seen = nil
		page, err := s.Ledger().Transactions(t.Context(), tenant, pull.Connection,
			ports.TransactionFilter{AsOf: epoch.Add(time.Duration(minutes) * time.Minute)},
			domain.PageRequest{Limit: 50})
		if err != nil || len(page.Items) != want || len(tracer.seen) != 2 {
			t.Fatalf("after %d minutes: %d rows, want %d; %d statements: %v", minutes, len(page.Items), want,
				len(tracer.seen), err)
		}
		tracer.readAtMost(t, db, rows/10)
	}
}

// A webhook must be looked up by the hash of its token. A plan that begins with the rows of the tenant takes longer for
// each connection and token of the tenant.
func TestAWebhookReadsNoOtherRowsOfItsTenant(t *testing.T) {
	tracer := &lookups{parts: []string{"webhook_tokens", "INSERT INTO deliveries", "FROM connections", "FROM pulls"}}
	db := traced(t, pgtest.DSN(t), tracer)
	s := db.Store(nil)
	token := storetest.ConnectionWithToken(t, s)
	storetest.FillTenant(t, db.DB, token)
	if _, err := db.Pool.Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	tracer.seen = nil
	for i, ref := range []string{"", "item-7", "item-8", "unknown", "item-7", "item-7"} {
		_, err := s.Deliveries().Receive(t.Context(), ports.IncomingDelivery{
			Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash, Vendor: token.Vendor,
			At: epoch, SourceAdmitted: true, Body: []byte("{}"), Event: domain.WebhookEvent{
				Name: "e", DedupKey: fmt.Sprint(i % 5), WantsPull: true, AccountRef: ref,
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(tracer.seen) < 12 {
		t.Fatalf("%d statements, want those of six receipts", len(tracer.seen))
	}
	tracer.readAtMost(t, db, 5)
}

// A connection can have thousands of tokens, which move to another connection when it is deleted. The number of
// statements must not grow with each of them, because a request has little time.
func TestTokensMoveInBatches(t *testing.T) {
	const tokens = 5000
	tracer := &lookups{parts: []string{"webhook_tokens", "audit_pending"}}
	db := traced(t, pgtest.DSN(t), tracer)
	s := db.Store(nil)
	token := storetest.ConnectionWithToken(t, s)
	other := domain.Connection{
		ID: newID[domain.Connection](), Tenant: token.Tenant, Kind: domain.Aggregator, Name: "other",
		Vendor: token.Vendor, Sealed: domain.Sealed("x"), Revision: 1, CreatedAt: epoch, UpdatedAt: epoch,
	}
	if err := s.Connections().Create(t.Context(), other, nil); err != nil {
		t.Fatal(err)
	}
	_, err := db.Pool.Exec(
		t.Context(),
		`INSERT INTO webhook_tokens (id, tenant_id, connection_id, vendor, hash, created_at)
		SELECT gen_random_uuid(), $1, $2, 'pluggy', sha256(n::text::bytea), now() FROM generate_series(2, $3::int) n`,
		token.Tenant.UUID,
		token.Connection.UUID,
		tokens,
	)
	if err != nil {
		t.Fatal(err)
	}
	tracer.seen = nil
	entries := func() []domain.AuditEntry {
		return []domain.AuditEntry{{ID: uuid.New(), At: epoch, Action: "connection.delete", Object: "c"}}
	}
	_, err = s.Connections().Update(t.Context(), token.Tenant, domain.Aggregator, token.Connection, entries,
		func(c *domain.Connection) error {
			c.Delete(epoch)
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(tracer.seen); n > 150 {
		t.Errorf("%d statements move %d tokens", n, tokens)
	}
	var moved, recorded int
	err = db.Pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM webhook_tokens
		WHERE connection_id = $1 AND moved AND revoked_at IS NULL), (SELECT count(*) FROM audit_pending)`,
		other.ID.UUID).Scan(&moved, &recorded)
	if err != nil || moved != tokens || recorded != tokens+1 {
		t.Errorf("%d tokens have moved, %d audit entries, %v", moved, recorded, err)
	}
}
