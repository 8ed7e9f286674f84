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
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// listStep is a step that reads the account's rows, and does not mark missing rows as removed.
var listStep = domain.Step{Account: account}

// After a crash the pull resumes at the page after the last stored page, and no page is stored twice.
func TestResumesAfterACrashBetweenAnyTwoPages(t *testing.T) {
	for crash := range 6 {
		t.Run(fmt.Sprintf("before page %d", crash+1), func(t *testing.T) {
			e := newEnv(t)
			e.vendor.steps = []domain.Step{listStep, {Account: account, CreatedFrom: epoch}}
			e.vendor.setRows("r1", "r2", "r3", "r4", "r5")
			c := e.createConnection("books")
			id := e.requestFullPull(c)
			reads := 0
			e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
				if reads++; reads == crash+1 {
					return nil, unavailable(domain.StoreUnavailable) // nothing more is written, as after a crash
				}
				return nil, nil
			}
			_, err := e.RunPull(e.ctx, id)
			e.wantError(err, domain.StoreUnavailable)
			e.wantPull(id, domain.PullRunning, "")
			if again := e.runPull(id); again <= 0 || again > 20*time.Second {
				t.Errorf("while the dead worker's lease is valid: next attempt in %v", again)
			}
			e.clock.pass(21 * time.Second)
			e.runPull(id)
			p := e.wantPull(id, domain.PullSucceeded, "")
			if diff := cmp.Diff([]string{"", "2", "4", "", "2", "4"},
				withoutRepeatedRead(e.vendor.cursors, crash)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1", "r4 v1", "r5 v1"}, e.storedRows(c)); diff != "" {
				t.Error(diff)
			}
			want := domain.Counts{Accounts: 1, Read: 10, Added: 5, Unchanged: 5}
			if diff := cmp.Diff(want, p.Counts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A vendor that answers slowly gets more time in later attempts.
func TestLaterAttemptsWaitLongerForTheVendor(t *testing.T) {
	e := newEnv(t)
	id := e.requestFullPull(e.createConnection("books"))
	e.vendor.onCheck = func() error { return unavailable(domain.VendorUnreachable) }
	for range 5 {
		e.clock.pass(max(e.runPull(id), 0))
	}
	want := []time.Duration{8 * time.Second, 8 * time.Second, 20 * time.Second, 20 * time.Second, time.Minute}
	if diff := cmp.Diff(want, e.vendor.requestTimeouts); diff != "" {
		t.Error(diff)
	}
}

// withoutRepeatedRead returns the cursors without the one at the given index. At this index, the crash interrupted the
// request for a page, and the next attempt requested the page again.
func withoutRepeatedRead(cursors []string, index int) []string {
	return slices.Delete(slices.Clone(cursors), index, index+1)
}

// A worker whose lease was replaced must write nothing more, and must emit no event about the pull.
func TestALostLeaseWritesNothing(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1", "r2", "r3")
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	asleep := false
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		if !asleep { // the worker pauses, and meanwhile another worker completes the pull
			asleep = true
			e.clock.pass(time.Minute)
			e.runPull(id)
			e.wantPull(id, domain.PullSucceeded, "")
			return &ports.VendorPage{Transactions: domain.RawTransactionsOf(row("r1", "long ago"))}, nil
		}
		return nil, nil
	}
	if again := e.runPull(id); again != 0 {
		t.Errorf("next attempt in %v, want none", again)
	}
	e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
	if attempted := eventsOf[ports.PullAttempted](e.events); len(attempted) != 1 {
		t.Errorf("emitted %+v, want exactly one event", attempted)
	}
}

// If two workers have read pages of the same pull, only the worker with the current lease can store its
// pages.
func TestAStalePageNeverOverwritesAFreshOne(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		stale := row("r1", "old")
		e.clock.pass(time.Minute)
		e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
			return &ports.VendorPage{Transactions: domain.RawTransactionsOf(row("r1", "new")), Next: "more"}, nil
		}
		restore := e.failOperation("Pulls.Finish") // the second worker ends without storing the outcome of its attempt
		_, err := e.RunPull(e.ctx, id)
		e.wantError(err, domain.StoreUnavailable)
		restore()
		return &ports.VendorPage{Transactions: domain.RawTransactionsOf(stale)}, nil
	}
	if again := e.runPull(id); again != 0 {
		t.Errorf("next attempt in %v, want none", again)
	}
	e.wantPull(id, domain.PullRunning, "")
	page, err := e.ListTransactions(e.ctx, e.tenant, c.ID, ports.TransactionFilter{}, domain.PageRequest{Limit: 5})
	e.noError(err)
	if len(page.Items) != 1 || page.Items[0].Description != "new" || page.Items[0].Version != 1 {
		t.Errorf("got %+v", page.Items)
	}
}

// A worker can also lose the lease after it has stored the last page and before it stores the outcome. It must then not
// store the outcome.
func TestALeaseMayBeLostBeforeTheOutcome(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1", "r2", "r3")
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	e.deps.Connections = &firstGetHook{Connections: e.deps.Connections, hook: func() {
		e.clock.pass(time.Minute)
		e.runPull(id)
	}}
	again, err := e.newService().RunPull(e.ctx, id)
	e.noError(err)
	if again != 0 {
		t.Errorf("next attempt in %v, want none", again)
	}
	e.wantPull(id, domain.PullSucceeded, "")
	if attempted := eventsOf[ports.PullAttempted](e.events); len(attempted) != 1 {
		t.Errorf("emitted %+v, want exactly one event", attempted)
	}
}

// firstGetHook wraps a ports.Connections and calls hook before the first call of Get.
type firstGetHook struct {
	ports.Connections
	hook func()
}

func (n *firstGetHook) Get(
	ctx context.Context, t domain.TenantID, request domain.ConnectionKind, id domain.ConnectionID,
) (domain.Connection, error) {
	if once := n.hook; once != nil {
		n.hook = nil
		once()
	}
	return n.Connections.Get(ctx, t, request, id)
}

// If the vendor returns the same pages again and again, the attempt detects this because it sees no new
// rows.
func TestACursorThatGoesInACircleIsDetected(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		return &ports.VendorPage{Transactions: domain.RawTransactionsOf(row("r1", "")), Next: "round"}, nil
	}
	again := e.runPull(id)
	e.wantPull(id, domain.PullQueued, domain.EndlessCursor)
	if n := len(e.vendor.cursors); n > 5 {
		t.Errorf("detected after %d pages, want at most 5", n)
	}
	e.vendor.setRows("r1", "r2")
	e.vendor.onRead, e.vendor.cursors = nil, nil
	e.clock.pass(again)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{""}, e.vendor.cursors); diff != "" {
		t.Errorf("the step did not start again: %s", diff)
	}
}

// If every page has a new cursor and new rows, the attempt stops after the maximum number of pages. The
// next attempt counts from zero.
func TestACursorThatNeverEndsIsDetected(t *testing.T) {
	pages := &discardedPages{discards: true}
	e := newEnv(t, func(d *application.Deps) { pages.Pulls, d.Pulls = d.Pulls, pages })
	e.vendor.steps = []domain.Step{listStep}
	id := e.requestFullPull(e.createConnection("books"))
	reads := 0
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		reads++
		text := strconv.Itoa(reads)
		return &ports.VendorPage{Transactions: domain.RawTransactionsOf(row(text, "")), Next: text}, nil
	}
	again := e.runPull(id)
	e.wantPull(id, domain.PullQueued, domain.EndlessCursor)
	if reads != 10_000 {
		t.Errorf("ended after %d pages, want 10000", reads)
	}
	e.vendor.setRows("r1", "r2", "r3")
	e.vendor.onRead, pages.discards = nil, false
	e.clock.pass(again)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
}

// discardedPages is a ports.Pulls that does not store pages of rows while discards is true. A test can then read very
// many pages in a short time.
type discardedPages struct {
	ports.Pulls
	discards bool
}

func (p *discardedPages) FilterUnchanged(
	ctx context.Context, t domain.TenantID, c domain.ConnectionID, rows []domain.RawTransaction,
) ([]bool, error) {
	if p.discards {
		return make([]bool, len(rows)), nil
	}
	return p.Pulls.FilterUnchanged(ctx, t, c, rows)
}

func (p *discardedPages) StorePage(ctx context.Context, l domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	if n := len(w.Transactions); p.discards && n > 0 {
		return domain.Counts{Read: n, Added: n}, nil
	}
	return p.Pulls.StorePage(ctx, l, w)
}

// A vendor may return empty pages. Only three consecutive empty pages are treated as an endless cursor.
func TestTwoEmptyPagesInARowAreAccepted(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	id := e.requestFullPull(e.createConnection("books"))
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		switch cursor {
		case "":
			return &ports.VendorPage{Next: "a"}, nil
		case "a":
			return &ports.VendorPage{Next: "b"}, nil
		}
		return &ports.VendorPage{Transactions: domain.RawTransactionsOf(row("r1", ""))}, nil
	}
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
}

func TestAnEditRaisesTheVersionAndARepeatDoesNot(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1", "r2")
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	e.vendor.rows[0] = row("r1", "edited")
	e.runPull(e.requestFullPull(c))
	e.runPull(e.requestFullPull(c))
	if diff := cmp.Diff([]string{"r1 v2", "r2 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// Removals are stored after the pages, because a page that was read before the vendor removed a row
// still contains the row.
func TestRemovalsComeLast(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	e.vendor.setRows("r1", "r2")
	c := e.createConnection("books")
	e.receive(e.mintToken(c), eventBody("e1", domain.PullScope{Everything: true, Removed: []string{"r1", "unknown"}}))
	e.runPull(e.nudged[0])
	if diff := cmp.Diff([]string{"r1 v2 removed", "r2 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// If the process crashes after the removals are stored and before the outcome is stored, the next attempt stores the
// removals again. This must have no effect.
func TestRemovalsAreRepeatedHarmlessly(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	e.vendor.setRows("r1", "r2")
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	e.receive(e.mintToken(c), eventBody("e1", domain.PullScope{Removed: []string{"r1"}}))
	id := e.nudged[1]
	restore := e.failOperation("Pulls.Finish")
	_, err := e.RunPull(e.ctx, id)
	e.wantError(err, domain.StoreUnavailable)
	restore()
	e.clock.pass(21 * time.Second)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"r1 v2 removed", "r2 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

func TestAStepThatFailsKeepsItsStoredPages(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	e.vendor.setRows("r1", "r2", "r3")
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "2" {
			return nil, errors.Join(unavailable(domain.MalformedResponse))
		}
		return nil, nil
	}
	again := e.runPull(id)
	e.wantPull(id, domain.PullQueued, domain.MalformedResponse)
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
	e.vendor.onRead = nil
	e.clock.pass(again)
	e.runPull(id)
	if diff := cmp.Diff([]string{"", "2", "2"}, e.vendor.cursors); diff != "" {
		t.Error(diff)
	}
}

// While an attempt waits for a slow vendor, its lease is extended, so that no other worker takes the pull over.
func TestALaterAttemptKeepsItsLease(t *testing.T) {
	var ticks []func()
	e := newEnv(t, func(d *application.Deps) {
		d.Every = func(_ time.Duration, fn func()) (stop func()) {
			ticks = append(ticks, fn)
			return func() {}
		}
	})
	id := e.requestFullPull(e.createConnection("books"))
	e.vendor.onCheck = func() error { return unavailable(domain.VendorUnreachable) }
	for range 2 {
		e.clock.pass(e.runPull(id))
	}
	if len(ticks) > 0 {
		t.Fatalf("%d attempts with short requests extend their leases", len(ticks))
	}
	e.vendor.onCheck = func() error {
		for range 4 {
			e.clock.pass(15 * time.Second)
			ticks[0]()
		}
		lease := domain.Lease{ID: domain.LeaseID{UUID: uuid.New()}, Pull: id, Until: e.clock.Now().Add(time.Minute)}
		_, err := e.deps.Pulls.Claim(e.ctx, lease, e.clock.Now())
		e.wantError(err, domain.NotDue)
		return nil
	}
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
}
