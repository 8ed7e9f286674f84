package sqlite_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The migration marks a pull that an older release has stored as complete if its scope requests everything,
// or if reconcile requested it. Other pulls may be complete too, but the migration cannot know it.
func TestTheMigrationMarksOlderPullsOfEverything(t *testing.T) {
	db := opened(t, file(t))
	s := db.Store(nil)
	want, got := map[domain.PullID]bool{}, map[domain.PullID]bool{}
	for _, r := range []struct {
		trigger  domain.Trigger
		scope    domain.PullScope
		complete bool
	}{
		{domain.TriggerReconcile, domain.PullScope{Everything: true}, true},
		{domain.TriggerOperator, domain.PullScope{Everything: true, Removed: []string{"r"}}, true},
		{domain.TriggerReconcile, domain.PullScope{Removed: []string{"r"}}, true},
		{domain.TriggerOperator, domain.PullScope{Window: &domain.Window{From: "2026-01-01"}}, false},
		{domain.TriggerWebhook, domain.PullScope{Removed: []string{`{"everything":true}`}}, false},
	} {
		token := connectionWithToken(t, s)
		request := ports.PullRequest{ID: newID[domain.Pull](), Trigger: r.trigger, Scope: r.scope, At: epoch}
		if _, err := s.Pulls().Request(t.Context(), token.Tenant, token.Connection, request); err != nil {
			t.Fatal(err)
		}
		want[request.ID] = r.complete
	}
	for _, version := range []int64{4, 5} {
		if err := db.MigrateTo(t.Context(), version); err != nil {
			t.Fatal(err)
		}
	}
	for id := range want {
		var complete bool
		row := db.Writer.QueryRowContext(t.Context(), "SELECT complete FROM pulls WHERE id = ?", id.String())
		if err := row.Scan(&complete); err != nil {
			t.Fatal(err)
		}
		got[id] = complete
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
