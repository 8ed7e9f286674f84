package application_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// readChanges reads the page of the feed after a position. If there are no changes, it waits for changes for at most
// maxWait. It returns the changes as text, and the next position.
func (e *env) readChanges(after domain.Position, maxWait time.Duration) ([]string, domain.Position) {
	e.Helper()
	feed, err := e.Changes(e.ctx, e.tenant, domain.PageRequest{Limit: 200, After: after}, maxWait)
	e.noError(err)
	var shown []string
	for _, t := range feed.Items {
		shown = append(shown, string(t.Change())+" "+t.ExternalID)
	}
	return shown, feed.Next
}

func TestTheFeedReportsEachChangeOnce(t *testing.T) {
	e, c := envWithRemovedRow(t)
	shown, next := e.readChanges(domain.Position{}, 0)
	if diff := cmp.Diff([]string{"added r1", "added r2", "added r3"}, shown); diff != "" {
		t.Error(diff)
	}
	e.vendor.rows[0] = row("r1", "edited")
	e.runPull(e.requestFullPull(c))
	shown, next = e.readChanges(next, 0)
	slices.Sort(shown) // the changes of one transaction have no order
	if diff := cmp.Diff([]string{"added r4", "modified r1", "removed r2"}, shown); diff != "" {
		t.Error(diff)
	}
	if shown, _ = e.readChanges(next, 0); shown != nil {
		t.Errorf("reported again: %v", shown)
	}
}

func TestTheFeedWaitsForAChange(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1")
	id := e.requestFullPull(e.createConnection("books"))
	e.clock.wake = func() {
		if len(e.clock.slept) == 3 {
			e.runPull(id)
		}
	}
	shown, _ := e.readChanges(domain.Position{}, 30*time.Second)
	if diff := cmp.Diff([]string{"added r1"}, shown); diff != "" {
		t.Error(diff)
	}
	if n := len(e.clock.slept); n != 4 {
		t.Errorf("slept %d times", n)
	}
}

func TestTheFeedWaitsNoLongerThanRequested(t *testing.T) {
	e := newEnv(t)
	startedAt := e.clock.now
	shown, next := e.readChanges(domain.Position{}, 2*time.Second)
	if shown != nil || next.IsZero() {
		t.Errorf("got %v, next %v", shown, next)
	}
	if waited := e.clock.now.Sub(startedAt); waited < 2*time.Second || waited > 3*time.Second {
		t.Errorf("waited %v", waited)
	}
	e.clock.slept = nil
	if e.readChanges(next, 0); len(e.clock.slept) != 0 {
		t.Error("waited although wait is 0")
	}
}

// When the process is about to shut down, waiting readers of the feed must get a response immediately. The
// shutdown must not be delayed by their waits.
func TestStopWaitingEndsTheWaitsOfTheFeed(t *testing.T) {
	e := newEnv(t)
	e.clock.wake = e.StopWaiting
	shown, next := e.readChanges(domain.Position{}, 30*time.Second)
	if shown != nil || next.IsZero() || len(e.clock.slept) != 1 {
		t.Errorf("got %v, next %v after %d sleeps, want an empty page after one", shown, next, len(e.clock.slept))
	}
	if e.readChanges(next, 30*time.Second); len(e.clock.slept) != 1 {
		t.Error("a read that started after StopWaiting waited")
	}
}

func TestACancelledReadOfTheFeedEnds(t *testing.T) {
	e := newEnv(t)
	ctx, cancel := context.WithCancel(e.ctx)
	e.clock.wake = cancel
	_, err := e.Changes(ctx, e.tenant, domain.PageRequest{Limit: 1}, time.Minute)
	e.wantError(err, context.Canceled)
}

func TestAWindowThatEndsBeforeItStartsIsInvalid(t *testing.T) {
	e := newEnv(t)
	c, w := e.createConnection("books"), domain.Window{From: "2026-03-02", To: "2026-03-01"}
	_, err := e.ListTransactions(e.ctx, e.tenant, c.ID, ports.TransactionFilter{Window: w},
		domain.PageRequest{Limit: 1})
	e.wantError(err, domain.Invalid)
	_, err = e.RequestPull(e.ctx, e.tenant, c.ID, w)
	e.wantError(err, domain.Invalid)
}

func TestAWindowIsRequestedUnchanged(t *testing.T) {
	e := newEnv(t)
	c, w := e.createConnection("books"), domain.Window{From: "2026-02-01", To: "2026-03-01"}
	e.runPull(e.requestFullPull(c))
	p, err := e.RequestPull(e.ctx, e.tenant, c.ID, w)
	e.noError(err)
	if diff := cmp.Diff(domain.PullScope{Window: &w}, p.Scope); diff != "" || p.Trigger != domain.TriggerOperator {
		t.Errorf("%s, by %s", diff, p.Trigger)
	}
}

func TestListsOfOneConnection(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1")
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	e.runPull(id)
	page := domain.PageRequest{Limit: 5}
	pulls, err := e.ListPulls(e.ctx, e.tenant, c.ID, page)
	e.noError(err)
	accounts, err := e.ListAccounts(e.ctx, e.tenant, c.ID, page)
	e.noError(err)
	rows, err := e.ListTransactions(e.ctx, e.tenant, c.ID, ports.TransactionFilter{}, page)
	e.noError(err)
	if len(pulls.Items) != 1 || pulls.Items[0].ID != id || len(accounts.Items) != 1 ||
		len(rows.Items) != 1 || rows.Items[0].AccountID != accounts.Items[0].ID {
		t.Errorf("got %v, %v, %v", pulls.Items, accounts.Items, rows.Items)
	}
}
