package application_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// setHashedRows replaces the vendor's rows with rows that have these external ids and a content hash, so
// that an unchanged row is recognised before it is normalised.
func (v *vendor) setHashedRows(externalIDs ...string) {
	v.setRows(externalIDs...)
	for i := range v.rows {
		copy(v.rows[i].ContentHash[:], v.rows[i].ExternalID)
	}
}

// If a page no longer exists at the vendor, the attempt reads the step again from its first page. Each row
// is counted once, and a sweep removes only rows that the second listing did not return.
func TestAGonePageStartsItsStepAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		step    domain.Step
		removed int
		stored  []string
	}{
		"list": {listStep, 0, []string{"r1 v1", "r2 v1", "r3 v1", "r4 v1", "r5 v1"}},
		"sweep": {
			domain.Step{Account: account, Sweep: true}, 1,
			[]string{"r1 v2 removed", "r2 v1", "r3 v1", "r4 v1", "r5 v1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			e.vendor.steps = []domain.Step{tc.step}
			e.vendor.setHashedRows("r1", "r2", "r3", "r4", "r5")
			c := e.createConnection("books")
			id := e.requestFullPull(c)
			e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
				if cursor == "4" { // the list has shrunk to two pages
					e.vendor.setHashedRows("r2", "r3", "r4", "r5")
					return nil, unavailable(domain.CursorGone)
				}
				return nil, nil
			}
			e.runPull(id)
			p := e.wantPull(id, domain.PullSucceeded, "")
			if diff := cmp.Diff([]string{"", "2", "4", "", "2"}, e.vendor.cursors); diff != "" {
				t.Errorf("cursors (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.stored, e.storedRows(c)); diff != "" {
				t.Error(diff)
			}
			want := domain.Counts{Accounts: 1, Read: 5, Added: 5, Removed: tc.removed}
			if diff := cmp.Diff(want, p.Counts); diff != "" || p.Attempts != 1 {
				t.Errorf("after %d attempts, want 1: %s", p.Attempts, diff)
			}
		})
	}
}

// If the vendor never returns the second page of a step, the attempt fails after three restarts of the step.
// The next attempt starts at the first page.
func TestRestartsOfAnAttemptAreBounded(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	e.vendor.setHashedRows("r1", "r2", "r3")
	id := e.requestFullPull(e.createConnection("books"))
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor != "" {
			return nil, unavailable(domain.CursorGone)
		}
		return nil, nil
	}
	again := e.runPull(id)
	e.wantPull(id, domain.PullQueued, domain.CursorGone)
	if diff := cmp.Diff([]string{"", "2", "", "2", "", "2", "", "2"}, e.vendor.cursors); diff != "" {
		t.Error(diff)
	}
	e.vendor.onRead, e.vendor.cursors = nil, nil
	e.clock.pass(again)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"", "2"}, e.vendor.cursors); diff != "" {
		t.Error(diff)
	}
}

// The page at which an attempt resumes may no longer exist. The step then starts again, but rows that the previous
// attempt counted must not be counted again.
func TestAResumedStepMayStartAgain(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	e.vendor.setHashedRows("r1", "r2", "r3")
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	failures := []error{unavailable(domain.MalformedResponse), unavailable(domain.CursorGone)}
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "2" && len(failures) > 0 {
			failure := failures[0]
			failures = failures[1:]
			return nil, errors.Join(failure)
		}
		return nil, nil
	}
	again := e.runPull(id)
	e.wantPull(id, domain.PullQueued, domain.MalformedResponse)
	e.clock.pass(max(again, time.Second))
	e.runPull(id)
	p := e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"", "2", "2", "", "2"}, e.vendor.cursors); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(domain.Counts{Accounts: 1, Read: 3, Added: 3}, p.Counts); diff != "" || p.Attempts != 2 {
		t.Errorf("after %d attempts, want 2: %s", p.Attempts, diff)
	}
}

// A vendor that cuts pages by position skips or repeats a row if its list changes between two pages. The
// totals that it reports with the pages reveal this, and the list is read again.
func TestRowsThatShiftBetweenPagesAreNotSkipped(t *testing.T) {
	all := []string{"r1 v1", "r2 v1", "r3 v1", "r4 v1", "r5 v1"}
	for name, tc := range map[string]struct {
		rows   []string // the vendor's rows after the first page was read
		stored []string
		counts domain.Counts
	}{
		"a row that was read is removed, and r3 moves to the first page": {
			[]string{"r2", "r3", "r4", "r5"}, all, domain.Counts{Accounts: 1, Read: 5, Added: 5},
		},
		"a row is added before r1, and r2 is repeated": {
			[]string{"r0", "r1", "r2", "r3", "r4", "r5"}, append([]string{"r0 v1"}, all...),
			domain.Counts{Accounts: 1, Read: 7, Added: 6, Unchanged: 1},
		},
		"a row is added before r1, r5 is removed, and r2 is repeated": {
			[]string{"r0", "r1", "r2", "r3", "r4"}, append([]string{"r0 v1"}, all[:4]...),
			domain.Counts{Accounts: 1, Read: 6, Added: 5, Unchanged: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			e.vendor.steps = []domain.Step{listStep}
			e.vendor.setHashedRows("r1", "r2", "r3", "r4", "r5")
			e.vendor.reportTotal = func() *int { return new(len(e.vendor.rows)) }
			e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
				if cursor == "2" {
					e.vendor.setHashedRows(tc.rows...)
				}
				return nil, nil
			}
			c := e.createConnection("books")
			id := e.requestFullPull(c)
			e.runPull(id)
			p := e.wantPull(id, domain.PullSucceeded, "")
			if diff := cmp.Diff(tc.stored, e.storedRows(c)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.counts, p.Counts); diff != "" || p.Attempts != 1 {
				t.Errorf("after %d attempts, want 1: %s", p.Attempts, diff)
			}
		})
	}
}

// No row may be skipped if the list changes between two attempts and the second attempt resumes in the middle of the
// list.
func TestRowsThatShiftBetweenAttemptsAreNotSkipped(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	e.vendor.setHashedRows("r1", "r2", "r3", "r4", "r5")
	e.vendor.reportTotal = func() *int { return new(len(e.vendor.rows)) }
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "2" {
			return nil, unavailable(domain.VendorUnreachable)
		}
		return nil, nil
	}
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	again := e.runPull(id)
	e.vendor.setHashedRows("r2", "r3", "r4", "r5")
	e.vendor.onRead = nil
	e.clock.pass(again)
	e.runPull(id)
	p := e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1", "r4 v1", "r5 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"", "2", "2", "", "2"}, e.vendor.cursors); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(domain.Counts{Accounts: 1, Read: 5, Added: 5}, p.Counts); diff != "" {
		t.Error(diff)
	}
}

// If the vendor always reports a wrong total, the attempt must fail after three restarts. All rows must be stored
// nevertheless, and no row may be marked as removed.
func TestATotalThatIsNeverRightFailsTheAttempt(t *testing.T) {
	e, c := envWithRemovedRow(t)
	id := e.requestFullPull(c)
	e.vendor.reportTotal = func() *int { return new(9) }
	e.runPull(id)
	e.wantPull(id, domain.PullQueued, domain.ListChanged)
	if diff := cmp.Diff([]string{"", "2", "", "2", "", "2", "", "2"}, e.vendor.cursors); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(allRows, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// A list that contradicts itself in the same way for three attempts is stored. It proves no removal, and the connection
// has a warning until a list is consistent.
func TestAListThatStaysInconsistentIsStoredAfterThreeAttempts(t *testing.T) {
	e, c := envWithRemovedRow(t)
	total := 9
	e.vendor.reportTotal = func() *int { return &total }
	id := e.requestFullPull(c)
	for attempt := 1; attempt <= 4; attempt++ {
		again := e.runPull(id)
		p, err := e.GetPull(e.ctx, e.tenant, id)
		e.noError(err)
		if ended := attempt == 4; ended != (p.State == domain.PullSucceeded) {
			t.Fatalf("attempt %d: the pull is %s (%s)", attempt, p.State, p.LastError)
		}
		if attempt == 1 {
			total = 8 // another contradiction
		}
		e.clock.pass(again)
	}
	if diff := cmp.Diff(allRows, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
	e.wantWarnings(c, "list_inconsistent")
	e.vendor.reportTotal = func() *int { return new(3) }
	e.runPull(e.requestFullPull(c))
	e.wantWarnings(c)
	if diff := cmp.Diff(rowsAfterSweep, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// A list without a total that has a row twice contradicts itself, too: it is stored in the third attempt. It proves
// nothing.
func TestAListWithARowTwiceProvesNothing(t *testing.T) {
	e, c := envWithRemovedRow(t)
	posted := row("r3", "posted")
	pending := row("r3", "pending")
	pending.Status = domain.Pending
	e.vendor.rows = []domain.TransactionData{row("r1", "as first seen"), posted, pending}
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		return &ports.VendorPage{Transactions: domain.RawTransactionsOf(e.vendor.rows...)}, nil
	}
	id := e.requestFullPull(c)
	for range 2 {
		again := e.runPull(id)
		e.wantPull(id, domain.PullQueued, domain.ListChanged)
		e.wantWarnings(c)
		e.clock.pass(again)
	}
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v2"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
	page, err := e.ListTransactions(
		e.ctx, e.tenant, c.ID, ports.TransactionFilter{ExternalID: "r3"}, domain.PageRequest{Limit: 2},
	)
	e.noError(err)
	if len(page.Items) != 1 || page.Items[0].Description != "posted" {
		t.Errorf("the row is %+v", page.Items)
	}
	e.wantWarnings(c, "list_inconsistent")
}

// datedVendor is a vendor whose rows state in their metadata when they were last changed.
type datedVendor struct{ *vendor }

func (datedVendor) UpdatedAt(metadata json.RawMessage) time.Time {
	var row struct{ At time.Time }
	_ = json.Unmarshal(metadata, &row)
	return row.At
}

// If a list has a row twice, on different pages, the version counts that the vendor changed last, in every pull and
// wherever it is in the list.
func TestTheLaterVersionOfARowOnTwoPagesCounts(t *testing.T) {
	older, newer := row("r1", "older"), row("r1", "newer")
	older.Metadata, newer.Metadata = json.RawMessage(`{"at":"2026-02-20T10:00:00Z"}`), json.RawMessage(
		`{"at":"2026-02-21T10:00:00Z"}`)
	pending, posted := row("r1", "pending"), row("r1", "newer")
	pending.Status = domain.Pending
	for name, tc := range map[string]struct {
		first, last domain.TransactionData
		stored      string
	}{
		"the newer one first": {newer, older, "r1 v1"}, "the newer one last": {older, newer, "r1 v2"},
		"posted first": {posted, pending, "r1 v1"}, "posted last": {pending, posted, "r1 v2"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t, func(d *application.Deps) { d.KeepReplacementsApart = false })
			e.deps.Aggregators = []ports.Aggregator{datedVendor{e.vendor}}
			e.Service = e.newService()
			e.vendor.setHashedRows("r2", "r3", "r4", "r5", "r6", "r7", "r8")
			copy(tc.first.ContentHash[:], "first")
			copy(tc.last.ContentHash[:], "last")
			e.vendor.rows = append(append([]domain.TransactionData{tc.first}, e.vendor.rows...), tc.last)
			for i := range e.vendor.rows {
				e.vendor.rows[i].Description += e.vendor.rows[i].ExternalID // else rows could be replaced by others
			}
			c := e.createConnection("books")
			for pull := range 4 {
				id := e.requestFullPull(c)
				for e.getPull(id).State == domain.PullQueued {
					e.clock.pass(e.runPull(id))
				}
				e.wantPull(id, domain.PullSucceeded, "")
				if rows := e.storedRows(c); rows[0] != tc.stored {
					t.Errorf("after pull %d the row is %s, want %s", pull, rows[0], tc.stored)
				}
				page, err := e.ListTransactions(
					e.ctx, e.tenant, c.ID, ports.TransactionFilter{ExternalID: "r1"}, domain.PageRequest{Limit: 2},
				)
				e.noError(err)
				if got := page.Items[0].Description; got != "newerr1" {
					t.Fatalf("after pull %d the %s version is stored", pull, got)
				}
			}
		})
	}
}

// A first pull whose list is read again ends with the same sweep as any other complete read: if the vendor's lists
// prove an absence only twice, the next one removes the row that has vanished meanwhile.
func TestAFirstPullThatStartsAgainNotesWhatHasVanished(t *testing.T) {
	e := newEnv(t)
	e.vendor.status.Transactions, e.vendor.status.Accounts = domain.TwoReads, domain.TwoReads
	e.vendor.setHashedRows("r1", "r2", "r3", "r4", "r5")
	c := e.createConnection("books")
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "4" { // the list has shrunk to two pages
			e.vendor.setHashedRows("r2", "r3", "r4", "r5")
			return nil, unavailable(domain.CursorGone)
		}
		return nil, nil
	}
	for _, want := range []string{"r1 v1", "r1 v2 removed"} {
		id := e.requestFullPull(c)
		e.runPull(id)
		e.wantPull(id, domain.PullSucceeded, "")
		if rows := e.storedRows(c); len(rows) != 5 || rows[0] != want {
			t.Errorf("the rows are %v, want %s", rows, want)
		}
	}
}

// A row that the lists of two accounts contain belongs to the account whose list is read first. It has no new version
// as long as nothing changes, and the connection has a warning until no other list contains it.
func TestARowInTheListsOfTwoAccountsStaysInOne(t *testing.T) {
	e := newEnv(t)
	const other = "another account"
	e.vendor.others = []string{other}
	e.vendor.steps = []domain.Step{{Account: account, Sweep: true}, {Account: other, Sweep: true}}
	of := func(accountID string, ids ...string) (rows []domain.TransactionData) {
		for _, id := range ids {
			r := row(id, "row "+id)
			r.Account = accountID
			rows = append(rows, r)
		}
		return rows
	}
	lists := map[string][]domain.TransactionData{account: of(account, "r1", "both"), other: of(other, "both", "r2")}
	e.vendor.onRead = func(step domain.Step, _ string) (*ports.VendorPage, error) {
		return &ports.VendorPage{Transactions: domain.RawTransactionsOf(lists[step.Account]...)}, nil
	}
	c := e.createConnection("books")
	for range 3 {
		id := e.requestFullPull(c)
		e.runPull(id)
		e.wantPull(id, domain.PullSucceeded, "")
		if diff := cmp.Diff([]string{"both v1", "r1 v1", "r2 v1"}, e.storedRows(c)); diff != "" {
			t.Fatal(diff)
		}
		e.wantWarnings(c, "list_inconsistent")
	}
	lists[account] = of(account, "r1") // the row leaves this list, and then comes with the other one
	e.runPull(e.requestFullPull(c))
	if diff := cmp.Diff([]string{"both v3", "r1 v1", "r2 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
	e.wantWarnings(c)
}
