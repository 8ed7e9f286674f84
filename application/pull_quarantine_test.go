package application_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// unreadableRow returns a raw transaction that cannot be normalised.
func unreadableRow(id string) domain.RawTransaction {
	return domain.RawTransaction{
		ExternalID:  id,
		ContentHash: domain.ContentHash{9},
		Normalize: func() (domain.TransactionData, error) {
			return domain.TransactionData{
					Metadata: []byte("bytes of " + id),
				}, domain.UnreadableRow(
					domain.UnknownStatus,
				)
		},
	}
}

// quarantined returns the ids in the connection's quarantine.
func (e *env) quarantined(c domain.Connection) []string {
	e.Helper()
	page, err := e.ListQuarantine(e.ctx, c.Tenant, c.ID, domain.PageRequest{Limit: 100})
	if err != nil {
		e.Fatal(err)
	}
	var ids []string
	for _, row := range page.Items {
		ids = append(ids, row.QuarantineKey.ID)
	}
	return ids
}

// A stored row may become unreadable, and later readable again with unchanged content. A pull that reads only this row
// must remove the row from the quarantine, although the stored row is unchanged.
func TestARowLeavesTheQuarantineWithItsStoredBytes(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	stored := row("r1", "text")
	stored.ContentHash = domain.ContentHash{1}
	pages := func(rows ...domain.RawTransaction) {
		e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
			return &ports.VendorPage{Transactions: rows}, nil
		}
	}
	pages(domain.RawTransactionsOf(stored)...)
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	pages(unreadableRow("r1"))
	e.runPull(e.requestFullPull(c))
	if diff := cmp.Diff([]string{"r1"}, e.quarantined(c)); diff != "" {
		t.Error(diff)
	}
	pages(domain.RawTransactionsOf(stored)...)
	p, err := e.RequestPull(e.ctx, c.Tenant, c.ID, domain.Window{From: "2026-01-01", To: "2026-01-02"})
	if err != nil {
		t.Fatal(err)
	}
	e.runPull(p.ID)
	e.wantPull(p.ID, domain.PullSucceeded, "")
	if left := e.quarantined(c); len(left) > 0 {
		t.Errorf("still in the quarantine: %v", left)
	}
	if diff := cmp.Diff([]string{"r1 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// While a pull runs, the vendor may report that the consent now ends later. Such a report is not a change of the
// vendor's status. The pull must still release quarantined rows that the vendor no longer returns.
func TestARowLeavesTheQuarantineWhileTheConsentIsRenewed(t *testing.T) {
	e := newEnv(t)
	var rows []domain.RawTransaction
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		return &ports.VendorPage{Transactions: rows}, nil
	}
	e.vendor.onCheck = func() error {
		e.vendor.status.ConsentExpiresAt = e.clock.Now().AddDate(0, 0, e.vendor.checks)
		return nil
	}
	rows = []domain.RawTransaction{unreadableRow("r1")}
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	if diff := cmp.Diff([]string{"r1"}, e.quarantined(c)); diff != "" {
		t.Error(diff)
	}
	rows = nil
	e.runPull(e.requestFullPull(c))
	if rest := e.quarantined(c); len(rest) > 0 {
		t.Errorf("still in the quarantine: %v", rest)
	}
}

// An attempt that resumes a pull has not read the pages of the earlier attempt. It must not release the quarantined
// rows on those pages.
func TestAContinuedPullReleasesNoRowOfAnEarlierPage(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	fails := false
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		switch {
		case cursor == "":
			return &ports.VendorPage{Transactions: []domain.RawTransaction{unreadableRow("r1")}, Next: "2"}, nil
		case fails:
			return nil, unavailable(domain.VendorUnreachable)
		}
		return &ports.VendorPage{}, nil
	}
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	fails = true
	id := e.requestFullPull(c)
	e.clock.pass(e.runPull(id))
	fails, e.vendor.cursors = false, nil
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff([]string{"2"}, e.vendor.cursors); diff != "" {
		t.Fatalf("the pull did not continue: %s", diff)
	}
	if diff := cmp.Diff([]string{"r1"}, e.quarantined(c)); diff != "" {
		t.Error(diff)
	}
}

// If the stream changes between two pages, it is read again. Nothing of the first reading is stored, so a readable row
// must leave the quarantine with the second reading.
func TestARowLeavesTheQuarantineAlthoughTheStreamIsReadAgain(t *testing.T) {
	e, s, c := newStreamEnv(t)
	stored := row("r1", "text")
	stored.ContentHash = domain.ContentHash{1}
	page := func(name string, page ports.VendorPage, rows ...domain.RawTransaction) {
		page.Transactions = rows
		s.pages[name] = page
	}
	page("p1", ports.VendorPage{StreamPosition: "p2"}, domain.RawTransactionsOf(stored)...)
	e.pullNews(c)
	page("p2", ports.VendorPage{StreamPosition: "p3"}, unreadableRow("r1"))
	e.pullNews(c)
	if diff := cmp.Diff([]string{"r1"}, e.quarantined(c)); diff != "" {
		t.Error(diff)
	}
	page("p3", ports.VendorPage{Next: "2"}, domain.RawTransactionsOf(stored)...)
	page("2", ports.VendorPage{StreamPosition: "p4"})
	s.fail["2"] = unavailable(domain.CursorGone)
	e.pullNews(c)
	e.wantPosition(c, "p4")
	if left := e.quarantined(c); len(left) > 0 {
		t.Errorf("still in the quarantine: %v", left)
	}
}
