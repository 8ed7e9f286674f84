package sqlite_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// asking is a receipt that asks for the removal of what it is named.
func asking(token domain.WebhookToken, name string, at time.Time) ports.IncomingDelivery {
	return ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash, Vendor: token.Vendor, At: at, Body: []byte(name),
		Event: domain.WebhookEvent{Name: "e", ID: name, DedupKey: name, WantsPull: true, Scope: domain.PullScope{Removed: []string{name}}},
	}
}

// given stores a receipt, and gives its delivery.
func given(t *testing.T, s *gormstore.Store, r ports.IncomingDelivery) domain.Delivery {
	t.Helper()
	got, err := s.Deliveries().Receive(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return got.Delivery
}

// wantAsked claims the pull, and compares what it removes.
func wantAsked(t *testing.T, s *gormstore.Store, pull domain.PullID, want ...string) {
	t.Helper()
	l := domain.Lease{ID: newID[domain.Lease](), Pull: pull, Until: epoch.Add(24 * time.Hour)}
	claimed, err := s.Pulls().Claim(t.Context(), l, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, claimed.Pull.Scope.Removed); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func count(t *testing.T, db *sqlite.DB, table string) (n int) {
	t.Helper()
	if err := db.Writer.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAClaimFindsWhatCameBeforeItsPull(t *testing.T) {
	db := opened(t, file(t))
	s := db.Store(nil)
	token := connectionWithToken(t, s)
	brought := given(t, s, asking(token, "b", epoch))
	given(t, s, asking(token, "a", epoch.Add(-time.Hour)))
	given(t, s, asking(token, "c", epoch))
	given(t, s, asking(token, "d", epoch.Add(time.Hour)))
	if n := count(t, db, "strays"); n != 1 {
		t.Errorf("%d strays, want the one that came before the pull", n)
	}
	wantAsked(t, s, brought.Pull, "a", "b", "c", "d")
	if n := count(t, db, "strays"); n != 0 {
		t.Errorf("%d strays of a pull that was claimed", n)
	}
}

// An older release stored a delivery before its pull's time; so would the release that an
// operator goes back to.
func TestTheSchemaMovesWithPullsQueued(t *testing.T) {
	db := opened(t, file(t))
	s := db.Store(nil)
	var pulls []domain.PullID
	for range 2 {
		token := connectionWithToken(t, s)
		pulls = append(pulls, given(t, s, asking(token, "b", epoch)).Pull)
		given(t, s, asking(token, "a", epoch.Add(-time.Hour)))
	}
	for _, version := range []int64{2, 3} {
		if err := db.MigrateTo(t.Context(), version); err != nil {
			t.Fatal(err)
		}
	}
	for _, pull := range pulls {
		wantAsked(t, s, pull, "a", "b")
	}
}

func TestAClaimDoesNotLookAtTheHistory(t *testing.T) {
	db := opened(t, file(t))
	look := sqlite.Joined(domain.Pull{
		ID: newID[domain.Pull](), Connection: domain.ConnectionID{UUID: uuid.New()}, CreatedAt: epoch,
	})
	rows, err := db.Writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+look.SQL, look.Vars...)
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
	for _, step := range []string{"deliveries_of_connection (connection_id=? AND received_at>?)", "s USING PRIMARY KEY (pull_id=?)"} {
		if !strings.Contains(plan.String(), step) {
			t.Errorf("no %q in\n%s", step, plan.String())
		}
	}
	if strings.Contains(plan.String(), "SCAN") {
		t.Errorf("a scan in\n%s", plan.String())
	}
}
