package application_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// list is a step that no sweep follows.
var list = domain.Step{Account: account}

// A crash after any page resumes at the page behind it, and nothing doubles.
func TestResumesAfterACrashBetweenAnyTwoPages(t *testing.T) {
	for crash := range 6 {
		t.Run(fmt.Sprintf("before page %d", crash+1), func(t *testing.T) {
			b := newBench(t)
			b.vendor.steps = []domain.Step{list, {Account: account, CreatedFrom: epoch}}
			b.vendor.shows("r1", "r2", "r3", "r4", "r5")
			c := b.connection("books")
			id := b.everything(c)
			reads := 0
			b.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
				if reads++; reads == crash+1 {
					return nil, unavailable(domain.StoreUnavailable) // nothing more is written
				}
				return nil, nil
			}
			_, err := b.RunPull(b.ctx, id)
			b.fails(err, domain.StoreUnavailable)
			b.stands(id, domain.PullRunning, "")
			if again := b.run(id); again <= 0 || again > 20*time.Second {
				t.Errorf("while the dead one's lease holds: again in %v", again)
			}
			b.clock.pass(21 * time.Second)
			b.run(id)
			p := b.stands(id, domain.PullSucceeded, "")
			if diff := cmp.Diff([]string{"", "2", "4", "", "2", "4"}, withoutTwin(b.vendor.cursors, crash)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1", "r4 v1", "r5 v1"}, b.rows(c)); diff != "" {
				t.Error(diff)
			}
			want := domain.Counts{Accounts: 1, Read: 10, Added: 5, Unchanged: 5}
			if diff := cmp.Diff(want, p.Counts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// withoutTwin drops the read that was begun and then repeated.
func withoutTwin(cursors []string, at int) []string {
	return slices.Delete(slices.Clone(cursors), at, at+1)
}

// Who lost the lease writes nothing more, and says nothing of the pull.
func TestALostLeaseWritesNothing(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1", "r2", "r3")
	c := b.connection("books")
	id := b.everything(c)
	asleep := false
	b.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		if !asleep { // the worker pauses, and another one does the whole work meanwhile
			asleep = true
			b.clock.pass(time.Minute)
			b.run(id)
			b.stands(id, domain.PullSucceeded, "")
			return &ports.VendorPage{Transactions: domain.RawTransactionsOf(row("r1", "long ago"))}, nil
		}
		return nil, nil
	}
	if again := b.run(id); again != 0 {
		t.Errorf("again in %v", again)
	}
	b.stands(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1"}, b.rows(c)); diff != "" {
		t.Error(diff)
	}
	if tried := noted[ports.PullAttempted](b.seen); len(tried) != 1 {
		t.Errorf("observed %+v", tried)
	}
}

// Two workers may hold pages of one pull at a time: the one that holds the lease writes.
func TestAStalePageNeverOverwritesAFreshOne(t *testing.T) {
	b := newBench(t)
	b.vendor.steps = []domain.Step{list}
	c := b.connection("books")
	id := b.everything(c)
	b.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		stale := row("r1", "as it was")
		b.clock.pass(time.Minute)
		b.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
			return &ports.VendorPage{Transactions: domain.RawTransactionsOf(row("r1", "as it is")), Next: "more"}, nil
		}
		over := b.outage("Pulls.Finish") // the second worker ends without a word
		_, err := b.RunPull(b.ctx, id)
		b.fails(err, domain.StoreUnavailable)
		over()
		return &ports.VendorPage{Transactions: domain.RawTransactionsOf(stale)}, nil
	}
	if again := b.run(id); again != 0 {
		t.Errorf("again in %v", again)
	}
	b.stands(id, domain.PullRunning, "")
	page, err := b.ListTransactions(b.ctx, b.tenant, c.ID, ports.TransactionFilter{}, domain.PageRequest{Limit: 5})
	b.ok(err)
	if len(page.Items) != 1 || page.Items[0].Description != "as it is" || page.Items[0].Version != 1 {
		t.Errorf("got %+v", page.Items)
	}
}

// The lease may also be lost between the last page and the end.
func TestALeaseLostAtTheVeryEnd(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1", "r2", "r3")
	c := b.connection("books")
	id := b.everything(c)
	b.deps.Connections = &nap{Connections: b.deps.Connections, once: func() {
		b.clock.pass(time.Minute)
		b.run(id)
	}}
	again, err := b.again().RunPull(b.ctx, id)
	b.ok(err)
	if again != 0 {
		t.Errorf("again in %v", again)
	}
	b.stands(id, domain.PullSucceeded, "")
	if tried := noted[ports.PullAttempted](b.seen); len(tried) != 1 {
		t.Errorf("observed %+v", tried)
	}
}

// nap does something else before the first Get.
type nap struct {
	ports.Connections
	once func()
}

func (n *nap) Get(ctx context.Context, t domain.TenantID, k domain.ConnectionKind, id domain.ConnectionID) (domain.Connection, error) {
	if once := n.once; once != nil {
		n.once = nil
		once()
	}
	return n.Connections.Get(ctx, t, k, id)
}

// A cursor that goes round in a circle is noticed by rows that repeat.
func TestACursorThatGoesRound(t *testing.T) {
	b := newBench(t)
	b.vendor.steps = []domain.Step{list}
	c := b.connection("books")
	id := b.everything(c)
	b.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		return &ports.VendorPage{Transactions: domain.RawTransactionsOf(row("r1", "")), Next: "round"}, nil
	}
	again := b.run(id)
	b.stands(id, domain.PullQueued, domain.EndlessCursor)
	if n := len(b.vendor.cursors); n > 5 {
		t.Errorf("noticed after %d pages", n)
	}
	b.vendor.shows("r1", "r2")
	b.vendor.onRead, b.vendor.cursors = nil, nil
	b.clock.pass(again)
	b.run(id)
	b.stands(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{""}, b.vendor.cursors); diff != "" {
		t.Errorf("the step did not begin anew: %s", diff)
	}
}

// A cursor that is always new, with rows that are always new, ends at a bound; and the
// bound does not hold against the next try.
func TestACursorThatNeverEnds(t *testing.T) {
	b := newBench(t)
	b.vendor.steps = []domain.Step{list}
	id := b.everything(b.connection("books"))
	reads := 0
	b.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		reads++
		text := strconv.Itoa(reads)
		return &ports.VendorPage{Transactions: domain.RawTransactionsOf(row(text, "")), Next: text}, nil
	}
	again := b.run(id)
	b.stands(id, domain.PullQueued, domain.EndlessCursor)
	if reads != 10_000 {
		t.Errorf("ended after %d pages", reads)
	}
	b.vendor.shows("r1", "r2", "r3")
	b.vendor.onRead = nil
	b.clock.pass(again)
	b.run(id)
	b.stands(id, domain.PullSucceeded, "")
}

// Empty pages happen; three in a row lead nowhere.
func TestEmptyPages(t *testing.T) {
	b := newBench(t)
	b.vendor.steps = []domain.Step{list}
	id := b.everything(b.connection("books"))
	b.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		switch cursor {
		case "":
			return &ports.VendorPage{Next: "a"}, nil
		case "a":
			return &ports.VendorPage{Next: "b"}, nil
		}
		return &ports.VendorPage{Transactions: domain.RawTransactionsOf(row("r1", ""))}, nil
	}
	b.run(id)
	b.stands(id, domain.PullSucceeded, "")
}

func TestAnEditRaisesTheVersionAndARepeatDoesNot(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1", "r2")
	c := b.connection("books")
	b.run(b.everything(c))
	b.vendor.rows[0] = row("r1", "edited")
	b.run(b.everything(c))
	b.run(b.everything(c))
	if diff := cmp.Diff([]string{"r1 v2", "r2 v1"}, b.rows(c)); diff != "" {
		t.Error(diff)
	}
}

// The pages come first: one that was read before the vendor removed a row shows it still.
func TestRemovalsComeLast(t *testing.T) {
	b := newBench(t)
	b.vendor.steps = []domain.Step{list}
	b.vendor.shows("r1", "r2")
	c := b.connection("books")
	b.receive(b.mint(c), event("e1", domain.PullScope{Everything: true, Removed: []string{"r1", "unknown"}}))
	b.run(b.kicked[0])
	if diff := cmp.Diff([]string{"r1 v2 removed", "r2 v1"}, b.rows(c)); diff != "" {
		t.Error(diff)
	}
}

// A crash between the removals and the end repeats them, to no effect.
func TestRemovalsAreRepeatedHarmlessly(t *testing.T) {
	b := newBench(t)
	b.vendor.steps = []domain.Step{list}
	b.vendor.shows("r1", "r2")
	c := b.connection("books")
	b.run(b.everything(c))
	b.receive(b.mint(c), event("e1", domain.PullScope{Removed: []string{"r1"}}))
	id := b.kicked[1]
	over := b.outage("Pulls.Finish")
	_, err := b.RunPull(b.ctx, id)
	b.fails(err, domain.StoreUnavailable)
	over()
	b.clock.pass(21 * time.Second)
	b.run(id)
	b.stands(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"r1 v2 removed", "r2 v1"}, b.rows(c)); diff != "" {
		t.Error(diff)
	}
}

func TestAStepThatFailsKeepsItsPages(t *testing.T) {
	b := newBench(t)
	b.vendor.steps = []domain.Step{list}
	b.vendor.shows("r1", "r2", "r3")
	c := b.connection("books")
	id := b.everything(c)
	b.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "2" {
			return nil, errors.Join(unavailable(domain.MalformedResponse))
		}
		return nil, nil
	}
	again := b.run(id)
	b.stands(id, domain.PullQueued, domain.MalformedResponse)
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1"}, b.rows(c)); diff != "" {
		t.Error(diff)
	}
	b.vendor.onRead = nil
	b.clock.pass(again)
	b.run(id)
	if diff := cmp.Diff([]string{"", "2", "2"}, b.vendor.cursors); diff != "" {
		t.Error(diff)
	}
}
