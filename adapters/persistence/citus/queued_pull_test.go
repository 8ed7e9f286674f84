package citus_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// pullStatements is a tracer that collects the statements on the table pulls.
type pullStatements struct {
	mu   sync.Mutex
	sent []string
}

var usesPulls = regexp.MustCompile(`(FROM|UPDATE) "?pulls\b`)

func (p *pullStatements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if usesPulls.MatchString(q.SQL) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sent = append(p.sent, q.SQL)
	}
	return ctx
}

func (*pullStatements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A worker that takes a pull from the queue of its process must not search all servers for the pull: each statement
// must name the tenant, whose rows are on one server.
func TestAQueuedPullOnCitusIsReadFromTheServerOfItsTenant(t *testing.T) {
	var statements pullStatements
	db := openDistributed(t, postgres.Config{URL: pgtest.CitusDSN(t), Tracer: &statements})
	var queued []domain.PullID
	s := db.Store(func(pulls ...domain.PullID) { queued = append(queued, pulls...) })
	if _, err := storetest.Receive(t.Context(), s, storetest.ConnectionWithToken(t, s), "event"); err != nil {
		t.Fatal(err)
	}
	if len(queued) != 1 {
		t.Fatalf("%d pulls are queued, want 1", len(queued))
	}
	statements.mu.Lock()
	statements.sent = nil
	statements.mu.Unlock()
	blocked, err := s.Pulls().RemoveAnnounced(t.Context(), queued[0], epoch,
		func(domain.Vendor) *ports.Matching { return nil })
	if blocked || err != nil { // no other pull of the connection waits
		t.Errorf("RemoveAnnounced returned %t and %v, want false and nil", blocked, err)
	}
	lease := domain.Lease{ID: newID[domain.Lease](), Pull: queued[0], Until: epoch.Add(patience)}
	if _, err := s.Pulls().Claim(t.Context(), lease, epoch); err != nil {
		t.Fatal(err)
	}
	statements.mu.Lock()
	defer statements.mu.Unlock()
	if len(statements.sent) < 3 {
		t.Errorf("%d statements on pulls were seen, want at least 3", len(statements.sent))
	}
	for _, sql := range statements.sent {
		if !strings.Contains(sql, "tenant_id = $") {
			t.Errorf("a statement on pulls does not name the tenant: %s", sql)
		}
	}
}
