package sqlite_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// incomingFor returns a delivery of an event with the given name. The event announces the removal of the transaction
// whose external id equals this name.
func incomingFor(token domain.WebhookToken, name string, at time.Time) ports.IncomingDelivery {
	return ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash, Vendor: token.Vendor,
		At: at, Body: []byte(name),
		SourceAdmitted: true, Event: domain.WebhookEvent{
			Name: "e", ID: name, DedupKey: name, WantsPull: true, Scope: domain.PullScope{Removed: []string{name}},
		},
	}
}

// received stores an incoming delivery and returns the stored delivery.
func received(t *testing.T, s *sqlite.Store, incoming ports.IncomingDelivery) domain.Delivery {
	t.Helper()
	got, err := s.Deliveries().Receive(t.Context(), incoming)
	if err != nil {
		t.Fatal(err)
	}
	return got.Delivery
}

// wantScope claims the pull and fails the test unless the Removed field of the pull's scope equals want.
func wantScope(t *testing.T, s *sqlite.Store, pull domain.PullID, want ...string) {
	t.Helper()
	l := domain.Lease{ID: newID[domain.Lease](), Pull: pull, Until: epoch.Add(24 * time.Hour)}
	claimed, err := s.Pulls().Claim(t.Context(), l, epoch)
	if err != nil {
		t.Fatal(err)
	}
	l.Tenant = claimed.Pull.Tenant
	if diff := cmp.Diff(want, claimed.Pull.Scope.Removed); diff != "" {
		t.Errorf("removals of the scope (-want +got):\n%s", diff)
	}
}

// count returns the number of rows of a table.
func count(t *testing.T, db *sqlite.DB, table string) (n int) {
	t.Helper()
	if err := db.Writer.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAClaimFindsLateJoins(t *testing.T) {
	db := opened(t, file(t))
	s := db.Store(nil)
	token := connectionWithToken(t, s)
	first := received(t, s, incomingFor(token, "b", epoch))
	received(t, s, incomingFor(token, "a", epoch.Add(-time.Hour)))
	received(t, s, incomingFor(token, "c", epoch))
	received(t, s, incomingFor(token, "d", epoch.Add(time.Hour)))
	if n := count(t, db, "late_joins"); n != 1 {
		t.Errorf("%d late joins, want 1: the delivery that was received before the pull was queued", n)
	}
	wantScope(t, s, first.Pull, "a", "b", "c", "d")
	if n := count(t, db, "late_joins"); n != 1 {
		t.Errorf("%d late joins of a claimed pull, want 1", n)
	}
	if _, err := db.Writer.ExecContext(t.Context(), "UPDATE pulls SET state = 'succeeded'"); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, "late_joins"); n != 0 {
		t.Errorf("%d late joins of a pull that has ended, want none", n)
	}
}

func TestAClaimDoesNotScanTheHistoryOfDeliveries(t *testing.T) {
	db := opened(t, file(t))
	query := sqlite.AttachedDeliveries(domain.Pull{
		ID: newID[domain.Pull](), Connection: domain.ConnectionID{UUID: uuid.New()}, CreatedAt: epoch,
	}, 1<<20)
	rows, err := db.Writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query.SQL, query.Vars...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var plan strings.Builder
	for rows.Next() {
		var step string
		if err := rows.Scan(new(int), new(int), new(int), &step); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(step + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{
		"deliveries_of_connection (connection_id=? AND received_at>?)", "s USING PRIMARY KEY (pull_id=?)",
	} {
		if !strings.Contains(plan.String(), step) {
			t.Errorf("no %q in\n%s", step, plan.String())
		}
	}
	if strings.Contains(plan.String(), "SCAN") {
		t.Errorf("a scan in\n%s", plan.String())
	}
}
