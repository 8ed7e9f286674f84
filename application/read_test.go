package application_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// changes gives what the feed tells behind a position, and where to go on.
func (b *bench) changes(after domain.Position, wait time.Duration) ([]string, domain.Position) {
	b.Helper()
	feed, err := b.Changes(b.ctx, b.tenant, domain.PageRequest{Limit: 200, After: after}, wait)
	b.ok(err)
	var told []string
	for _, t := range feed.Items {
		told = append(told, string(t.Change())+" "+t.ExternalID)
	}
	return told, feed.Next
}

func TestTheFeedTellsEachChange(t *testing.T) {
	b, c := swept(t)
	told, next := b.changes(domain.Position{}, 0)
	if diff := cmp.Diff([]string{"added r1", "added r2", "added r3"}, told); diff != "" {
		t.Error(diff)
	}
	b.vendor.rows[0] = row("r1", "edited")
	b.run(b.everything(c))
	told, next = b.changes(next, 0)
	if diff := cmp.Diff([]string{"modified r1", "added r4", "removed r2"}, told); diff != "" {
		t.Error(diff)
	}
	if told, _ = b.changes(next, 0); told != nil {
		t.Errorf("told again: %v", told)
	}
}

func TestTheFeedWaitsForAChange(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1")
	id := b.everything(b.connection("books"))
	b.clock.wake = func() {
		if len(b.clock.slept) == 3 {
			b.run(id)
		}
	}
	told, _ := b.changes(domain.Position{}, 30*time.Second)
	if diff := cmp.Diff([]string{"added r1"}, told); diff != "" {
		t.Error(diff)
	}
	if n := len(b.clock.slept); n != 4 {
		t.Errorf("slept %d times", n)
	}
}

func TestTheFeedWaitsNoLongerThanAsked(t *testing.T) {
	b := newBench(t)
	begun := b.clock.now
	told, next := b.changes(domain.Position{}, 2*time.Second)
	if told != nil || next.IsZero() {
		t.Errorf("got %v, next %v", told, next)
	}
	if waited := b.clock.now.Sub(begun); waited < 2*time.Second || waited > 3*time.Second {
		t.Errorf("waited %v", waited)
	}
	b.clock.slept = nil
	if b.changes(next, 0); len(b.clock.slept) != 0 {
		t.Error("waited without being asked to")
	}
}

// A process that ends must neither cut its readers off nor be kept by them.
func TestTheFeedStopsWaitingWhenToldTo(t *testing.T) {
	b := newBench(t)
	b.clock.wake = b.StopWaiting
	told, next := b.changes(domain.Position{}, 30*time.Second)
	if told != nil || next.IsZero() || len(b.clock.slept) != 1 {
		t.Errorf("got %v, next %v after %d sleeps, want an empty page after one", told, next, len(b.clock.slept))
	}
	if b.changes(next, 30*time.Second); len(b.clock.slept) != 1 {
		t.Error("who comes afterwards waits")
	}
}

func TestAReaderWhoLeaves(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(b.ctx)
	b.clock.wake = cancel
	_, err := b.Changes(ctx, b.tenant, domain.PageRequest{Limit: 1}, time.Minute)
	b.fails(err, context.Canceled)
}

func TestReadsRefuseAWindowThatEndsBeforeItBegins(t *testing.T) {
	b := newBench(t)
	c, w := b.connection("books"), domain.Window{From: "2026-03-02", To: "2026-03-01"}
	_, err := b.ListTransactions(b.ctx, b.tenant, c.ID, ports.TransactionFilter{Window: w}, domain.PageRequest{Limit: 1})
	b.fails(err, domain.Invalid)
	_, err = b.RequestPull(b.ctx, b.tenant, c.ID, w)
	b.fails(err, domain.Invalid)
}

func TestAWindowIsAskedForAsItIs(t *testing.T) {
	b := newBench(t)
	c, w := b.connection("books"), domain.Window{From: "2026-02-01", To: "2026-03-01"}
	b.run(b.everything(c))
	p, err := b.RequestPull(b.ctx, b.tenant, c.ID, w)
	b.ok(err)
	if diff := cmp.Diff(domain.PullScope{Window: &w}, p.Scope); diff != "" || p.Trigger != domain.TriggerOperator {
		t.Errorf("%s, by %s", diff, p.Trigger)
	}
}

func TestListsOfOneConnection(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1")
	c := b.connection("books")
	id := b.everything(c)
	b.run(id)
	page := domain.PageRequest{Limit: 5}
	pulls, err := b.ListPulls(b.ctx, b.tenant, c.ID, page)
	b.ok(err)
	accounts, err := b.ListAccounts(b.ctx, b.tenant, c.ID, page)
	b.ok(err)
	rows, err := b.ListTransactions(b.ctx, b.tenant, c.ID, ports.TransactionFilter{}, page)
	b.ok(err)
	if len(pulls.Items) != 1 || pulls.Items[0].ID != id || len(accounts.Items) != 1 ||
		len(rows.Items) != 1 || rows.Items[0].AccountID != accounts.Items[0].ID {
		t.Errorf("got %v, %v, %v", pulls.Items, accounts.Items, rows.Items)
	}
}
