package application_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// repoint changes the account reference of the connection.
func (e *env) repoint(c domain.Connection, accountRef string) {
	e.Helper()
	_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: c.Name, BaseURL: c.BaseURL, AccountRef: accountRef,
	})
	e.noError(err)
}

// After a connection's target was changed, its earlier pulls must no longer count: the next pull must read everything.
func TestARepointedConnectionReadsEverythingAgain(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1")
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	e.clock.pass(time.Second)
	e.repoint(c, "item-2")
	e.clock.pass(time.Second)
	created := map[string]time.Time{account: epoch}
	e.receive(e.mintToken(c), eventBody("e1", domain.PullScope{Created: created}))
	e.runPull(e.nudged[len(e.nudged)-1])
	want := []domain.PullScope{{Everything: true}, {Everything: true, Accounts: []string{account}}}
	if diff := cmp.Diff(want, e.vendor.scopes); diff != "" {
		t.Error(diff)
	}
}

// A pull that waits for its next attempt was planned for the old target. After the connection's target was changed, it
// must be planned again, because its steps and its cursor are useless for the new target.
func TestAQueuedPullIsPlannedAgainAfterARepoint(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	e.vendor.setRows("r1", "r2", "r3")
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor != "" {
			return nil, unavailable(domain.VendorUnreachable)
		}
		return nil, nil
	}
	e.clock.pass(e.runPull(id))
	e.repoint(c, "item-2")
	e.vendor.onRead, e.vendor.cursors = nil, nil
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"", "2"}, e.vendor.cursors); diff != "" {
		t.Error(diff)
	}
}

// A pull must fail in the end even if the process dies in each attempt. Such an attempt records no failure, but Claim
// has counted the attempt.
func TestAPullThatKillsEveryWorkerIsGivenUp(t *testing.T) {
	e := newEnv(t)
	id := e.requestFullPull(e.createConnection("books"))
	e.vendor.onCheck = func() error { return unavailable(domain.StoreUnavailable) } // no outcome is stored
	for range domain.MaxAttempts {
		_, err := e.RunPull(e.ctx, id)
		e.wantError(err, domain.StoreUnavailable)
		e.clock.pass(time.Minute)
	}
	e.runPull(id)
	e.wantPull(id, domain.PullFailed, domain.Interrupted)
}
