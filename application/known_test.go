package application_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// page is a vendor's page whose rows say when they are read.
type page struct{ observed []string }

// sight shows a row; a description of "" is of one that cannot be read.
func (p *page) sight(externalID, description string, source byte) domain.RawTransaction {
	return domain.RawTransaction{ExternalID: externalID, ContentHash: domain.ContentHash{source}, Normalize: func() (domain.TransactionData, error) {
		p.observed = append(p.observed, externalID)
		if description == "" {
			return domain.TransactionData{}, unavailable(domain.MalformedResponse)
		}
		return row(externalID, description), nil
	}}
}

// pulled has a connection with r1, r2 and r3 stored, and a second pull that reads the page.
func (b *bench) pulled(rows func(p *page) []domain.RawTransaction) (domain.Connection, domain.PullID, *page) {
	b.Helper()
	c, p := b.connection("books"), &page{}
	show := func(rows ...domain.RawTransaction) {
		b.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
			return &ports.VendorPage{Transactions: rows}, nil
		}
	}
	show(p.sight("r1", "one", 1), p.sight("r2", "two", 2), p.sight("r3", "three", 3))
	b.run(b.everything(c))
	*p = page{}
	show(rows(p)...)
	id := b.everything(c)
	b.run(id)
	return c, id, p
}

func TestAKnownRowIsNotReadAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		rows     func(p *page) []domain.RawTransaction
		observed []string
		counts   domain.Counts
		stored   []string
	}{
		"all are known": {
			func(p *page) []domain.RawTransaction {
				return []domain.RawTransaction{p.sight("r1", "", 1), p.sight("r2", "", 2), p.sight("r3", "", 3)}
			},
			nil, domain.Counts{Accounts: 1, Read: 3, Unchanged: 3}, []string{"r1 v1", "r2 v1", "r3 v1"},
		},
		"new, edited, written otherwise, gone": {
			func(p *page) []domain.RawTransaction {
				return []domain.RawTransaction{p.sight("r1", "one", 9), p.sight("r2", "edited", 8), p.sight("r4", "new", 4)}
			},
			[]string{"r1", "r2", "r4"}, domain.Counts{Accounts: 1, Read: 3, Added: 1, Modified: 1, Removed: 1, Unchanged: 1},
			[]string{"r1 v1", "r2 v2", "r3 v2 removed", "r4 v1"},
		},
		"known, then edited in the same page": {
			func(p *page) []domain.RawTransaction {
				return []domain.RawTransaction{p.sight("r1", "one", 1), p.sight("r2", "", 2), p.sight("r1", "edited", 9), p.sight("r3", "", 3)}
			},
			[]string{"r1", "r1"}, domain.Counts{Accounts: 1, Read: 3, Modified: 1, Unchanged: 2}, []string{"r1 v2", "r2 v1", "r3 v1"},
		},
		"edited, then known in the same page": {
			func(p *page) []domain.RawTransaction {
				return []domain.RawTransaction{p.sight("r1", "edited", 9), p.sight("r1", "one", 1), p.sight("r2", "", 2), p.sight("r3", "", 3)}
			},
			[]string{"r1", "r1"}, domain.Counts{Accounts: 1, Read: 3, Unchanged: 3}, []string{"r1 v1", "r2 v1", "r3 v1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			c, id, p := b.pulled(tc.rows)
			got := b.stands(id, domain.PullSucceeded, "")
			if diff := cmp.Diff(tc.observed, p.observed); diff != "" {
				t.Errorf("rows read: %s", diff)
			}
			if diff := cmp.Diff(tc.counts, got.Counts); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.stored, b.rows(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The page before may not be stored when a page is looked up: what it changes, and this
// one shows as it was, is as it was in the end.
func TestARowThatIsKnownAgainOnTheNextPage(t *testing.T) {
	b := newBench(t)
	c, p := b.connection("books"), &page{}
	b.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		return &ports.VendorPage{Transactions: []domain.RawTransaction{p.sight("r1", "one", 1), p.sight("r2", "two", 2)}}, nil
	}
	b.run(b.everything(c))
	b.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "" {
			return &ports.VendorPage{Transactions: []domain.RawTransaction{p.sight("r1", "edited", 9)}, Next: "2"}, nil
		}
		return &ports.VendorPage{Transactions: []domain.RawTransaction{p.sight("r1", "one", 1), p.sight("r2", "two", 2)}}, nil
	}
	id := b.everything(c)
	b.run(id)
	got := b.stands(id, domain.PullSucceeded, "")
	if diff := cmp.Diff(domain.Counts{Accounts: 1, Read: 3, Modified: 2, Unchanged: 1}, got.Counts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"r1 v3", "r2 v1"}, b.rows(c)); diff != "" {
		t.Error(diff)
	}
}

// A row that cannot be read keeps its whole page out, the good and the known ones, too.
func TestAMalformedRowFailsItsPage(t *testing.T) {
	b := newBench(t)
	c, id, _ := b.pulled(func(p *page) []domain.RawTransaction {
		return []domain.RawTransaction{p.sight("r1", "", 1), p.sight("r4", "new", 4), p.sight("r5", "", 5)}
	})
	p := b.stands(id, domain.PullQueued, domain.MalformedResponse)
	if diff := cmp.Diff(domain.Counts{Accounts: 1}, p.Counts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1"}, b.rows(c)); diff != "" {
		t.Error(diff)
	}
}

// A store that cannot say what it knows stops the pull where it stands.
func TestAnOutageWhileTheRowsAreLookedUp(t *testing.T) {
	b := newBench(t)
	b.vendor.shows("r1")
	c := b.connection("books")
	b.run(b.everything(c))
	over := b.outage("Pulls.Known")
	id := b.everything(c)
	if _, err := b.RunPull(b.ctx, id); err == nil {
		t.Error("the pull went on")
	}
	over()
	b.stands(id, domain.PullRunning, "")
}
