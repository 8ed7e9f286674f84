package application_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// redirect points a connection at another account reference.
func (b *bench) redirect(c domain.Connection, accountRef string) {
	b.Helper()
	_, err := b.UpdateConnection(b.ctx, b.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: c.Name, BaseURL: c.BaseURL, AccountRef: accountRef,
	})
	b.ok(err)
}

// What was pulled before a redirect says nothing of what is there now.
func TestARedirectedConnectionReadsEverythingOnceMore(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1")
	c := b.connection("books")
	b.run(b.everything(c))
	b.clock.pass(time.Second)
	b.redirect(c, "item-2")
	b.clock.pass(time.Second)
	created := map[string]time.Time{account: epoch}
	b.receive(b.mint(c), event("e1", domain.PullScope{Created: created}))
	b.run(b.kicked[len(b.kicked)-1])
	if diff := cmp.Diff([]domain.PullScope{{Everything: true}, {Everything: true}}, b.vendor.asks); diff != "" {
		t.Error(diff)
	}
}

// A pull that waits for its next try was planned for the old reference, cursor and all.
func TestAWaitingPullIsPlannedAnewAfterARedirect(t *testing.T) {
	b := newBench(t)
	b.vendor.steps = []domain.Step{list}
	b.vendor.shows("r1", "r2", "r3")
	c := b.connection("books")
	id := b.everything(c)
	b.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor != "" {
			return nil, unavailable(domain.VendorUnreachable)
		}
		return nil, nil
	}
	b.clock.pass(b.run(id))
	b.redirect(c, "item-2")
	b.vendor.onRead, b.vendor.cursors = nil, nil
	b.run(id)
	b.stands(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"", "2"}, b.vendor.cursors); diff != "" {
		t.Error(diff)
	}
}

// A pull that takes its process with it at every try never gets to count a failure.
func TestAPullThatKillsEveryWorkerIsGivenUp(t *testing.T) {
	b := newBench(t)
	id := b.everything(b.connection("books"))
	b.vendor.onCheck = func() error { return unavailable(domain.StoreUnavailable) } // nothing more is written
	for range domain.MaxAttempts {
		_, err := b.RunPull(b.ctx, id)
		b.fails(err, domain.StoreUnavailable)
		b.clock.pass(time.Minute)
	}
	b.run(id)
	b.stands(id, domain.PullFailed, domain.Interrupted)
}
