package application_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// swept is a connection with three rows stored, one of which the vendor shows no more.
func swept(t *testing.T) (*bench, domain.Connection) {
	t.Helper()
	b := newBench(t)
	b.vendor.shows("r1", "r2", "r3")
	c := b.connection("books")
	b.run(b.everything(c))
	b.vendor.shows("r1", "r3", "r4")
	b.vendor.checks, b.vendor.cursors = 0, nil
	return b, c
}

var (
	all     = []string{"r1 v1", "r2 v1", "r3 v1", "r4 v1"}
	without = []string{"r1 v1", "r2 v2 removed", "r3 v1", "r4 v1"}
)

func TestASweepRemovesWhatIsShownNoMore(t *testing.T) {
	b, c := swept(t)
	id := b.everything(c)
	b.run(id)
	if diff := cmp.Diff(without, b.rows(c)); diff != "" {
		t.Error(diff)
	}
	want := domain.Counts{Accounts: 1, Read: 3, Added: 1, Removed: 1, Unchanged: 2}
	if diff := cmp.Diff(want, b.pull(id).Counts); diff != "" {
		t.Error(diff)
	}
	b.vendor.shows("r1", "r2", "r3", "r4")
	b.run(b.everything(c))
	if diff := cmp.Diff([]string{"r1 v1", "r2 v3", "r3 v1", "r4 v1"}, b.rows(c)); diff != "" {
		t.Errorf("the row came back: %s", diff)
	}
}

// Of many rows exactly those go that were not shown.
func TestASweepOfManyRows(t *testing.T) {
	b := newBench(t)
	var ids []string
	for i := range 3_000 {
		ids = append(ids, fmt.Sprintf("row-%d", i))
	}
	b.vendor.shows(ids...)
	c := b.connection("books")
	b.run(b.everything(c))
	b.vendor.shows(ids[7:]...)
	id := b.everything(c)
	b.run(id)
	want := domain.Counts{Accounts: 1, Read: 2_993, Removed: 7, Unchanged: 2_993}
	if diff := cmp.Diff(want, b.pull(id).Counts); diff != "" {
		t.Error(diff)
	}
}

// An absence in the middle of the vendor's own synchronisation proves nothing.
func TestASweepHoldsBackUnlessSettledBeforeAndAfter(t *testing.T) {
	for name, settled := range map[string][2]bool{
		"never": {false, false}, "only before": {true, false}, "only after": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			b, c := swept(t)
			b.vendor.onCheck = func() error {
				b.vendor.standing.SyncComplete = settled[b.vendor.checks-1]
				return nil
			}
			id := b.everything(c)
			b.run(id)
			b.stands(id, domain.PullSucceeded, "")
			if diff := cmp.Diff(all, b.rows(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What was seen before a crash is not known any more, and a sweep needs all of it.
func TestASweepReadsAgainAfterACrash(t *testing.T) {
	b, c := swept(t)
	id := b.everything(c)
	b.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "2" {
			return nil, unavailable(domain.StoreUnavailable)
		}
		return nil, nil
	}
	_, err := b.RunPull(b.ctx, id)
	b.fails(err, domain.StoreUnavailable)
	b.vendor.onRead = nil
	b.clock.pass(21 * time.Second)
	b.run(id)
	if diff := cmp.Diff([]string{"", "2", "", "2"}, b.vendor.cursors); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(without, b.rows(c)); diff != "" {
		t.Error(diff)
	}
}

// A crash between the last page and the sweep must not skip the sweep.
func TestASweepIsNotSkippedByACrash(t *testing.T) {
	for _, op := range []string{"Pulls.Sweep", "check"} {
		t.Run(op, func(t *testing.T) {
			b, c := swept(t)
			id := b.everything(c)
			over := b.outage(op)
			b.vendor.onCheck = func() error {
				if b.vendor.checks == 2 {
					return b.broken["check"]
				}
				return nil
			}
			_, err := b.RunPull(b.ctx, id)
			b.fails(err, domain.StoreUnavailable)
			over()
			b.clock.pass(21 * time.Second)
			b.run(id)
			b.stands(id, domain.PullSucceeded, "")
			if diff := cmp.Diff(without, b.rows(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestASweepLeavesOtherAccountsAndWindowsAlone(t *testing.T) {
	b, c := swept(t)
	for _, step := range []domain.Step{
		{Account: "acc-2", Sweep: true}, {Account: account, Window: domain.Window{From: "2026-02-21"}, Sweep: true},
	} {
		b.vendor.steps = []domain.Step{step}
		b.run(b.everything(c))
		if diff := cmp.Diff(all, b.rows(c)); diff != "" {
			t.Error(diff)
		}
	}
}
