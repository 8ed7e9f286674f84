package application_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The first close of a period and its reopening must emit an audit event. Closing a closed period again changes
// nothing, so it must not emit an audit event.
func TestClosingAndReopeningIsAudited(t *testing.T) {
	e := newEnv(t)
	e.ctx = ports.WithCaller(e.ctx, ports.Caller{Actor: "al\x00ice"})
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	accounts, err := e.ListAccounts(e.ctx, e.tenant, c.ID, domain.PageRequest{Limit: 1})
	e.noError(err)
	account := accounts.Items[0].ID
	day := domain.DateOf(e.clock.Now().UTC()).AddDays(-1)
	before := len(eventsOf[ports.Audited](e.events))
	first, err := e.ClosePeriod(e.ctx, e.tenant, account, day)
	e.noError(err)
	e.clock.pass(time.Hour)
	second, err := e.ClosePeriod(e.ctx, e.tenant, account, day)
	e.noError(err)
	if diff := cmp.Diff(first, second); diff != "" || first.ClosedBy != "alice" {
		t.Errorf("closed by %q; the repeated close differs:\n%s", first.ClosedBy, diff)
	}
	_, err = e.ClosePeriod(e.ctx, e.tenant, account, day.AddDays(1))
	e.wantError(err, domain.Invalid)
	e.noError(e.ReopenPeriod(e.ctx, e.tenant, account, day))
	e.wantError(e.ReopenPeriod(e.ctx, e.tenant, account, day), domain.NotFound)
	object := account.String() + "/" + string(day)
	want := []ports.Audited{
		{Tenant: e.tenant, Caller: ports.Caller{Actor: "al\x00ice"}, Action: "account.close", Object: object},
		{Tenant: e.tenant, Caller: ports.Caller{Actor: "al\x00ice"}, Action: "account.reopen", Object: object},
	}
	if diff := cmp.Diff(want, eventsOf[ports.Audited](e.events)[before:]); diff != "" {
		t.Error(diff)
	}
}
