package application_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pageWithLog creates the rows of a vendor's page. It records which of these rows the service normalises (converts
// into the common form).
type pageWithLog struct{ normalized []string }

// rawRow returns a raw transaction. Its content hash consists of the given byte and zeros. If the description is "",
// the transaction's Normalize function fails.
func (p *pageWithLog) rawRow(externalID, description string, source byte) domain.RawTransaction {
	return domain.RawTransaction{ExternalID: externalID, ContentHash: domain.ContentHash{source},
		Normalize: func() (domain.TransactionData, error) {
			p.normalized = append(p.normalized, externalID)
			if description == "" {
				return domain.TransactionData{}, unavailable(domain.MalformedResponse)
			}
			return row(externalID, description), nil
		}}
}

// repull runs two pulls. The first pull stores r1, r2 and r3. The second pull reads one page, whose rows the given
// function creates. repull returns the connection, the id of the second pull, and its log of normalised rows.
func (e *env) repull(
	rows func(p *pageWithLog) []domain.RawTransaction,
) (domain.Connection, domain.PullID, *pageWithLog) {
	e.Helper()
	c, p := e.createConnection("books"), &pageWithLog{}
	show := func(rows ...domain.RawTransaction) {
		e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
			return &ports.VendorPage{Transactions: rows}, nil
		}
	}
	show(p.rawRow("r1", "one", 1), p.rawRow("r2", "two", 2), p.rawRow("r3", "three", 3))
	e.runPull(e.requestFullPull(c))
	*p = pageWithLog{}
	show(rows(p)...)
	id := e.requestFullPull(c)
	e.runPull(id)
	return c, id, p
}

func TestAnUnchangedRowIsNotNormalisedAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		rows     func(p *pageWithLog) []domain.RawTransaction
		observed []string
		counts   domain.Counts
		stored   []string
		steps    []domain.Step // nil means a complete list, which is read again if it has a row twice
	}{
		"all are unchanged": {
			func(p *pageWithLog) []domain.RawTransaction {
				return []domain.RawTransaction{p.rawRow("r1", "", 1), p.rawRow("r2", "", 2), p.rawRow("r3", "", 3)}
			},
			nil, domain.Counts{Accounts: 1, Read: 3, Unchanged: 3}, []string{"r1 v1", "r2 v1", "r3 v1"}, nil,
		},
		"new, edited, other bytes with the same content, removed": {
			func(p *pageWithLog) []domain.RawTransaction {
				return []domain.RawTransaction{p.rawRow("r1", "one", 9), p.rawRow("r2", "edited", 8),
					p.rawRow("r4", "new", 4)}
			},
			[]string{"r1", "r2", "r4"}, domain.Counts{Accounts: 1, Read: 3, Added: 1, Modified: 1, Removed: 1,
				Unchanged: 1},
			[]string{"r1 v1", "r2 v2", "r3 v2 removed", "r4 v1"}, nil,
		},
		"unchanged, then edited in the same page": {
			func(p *pageWithLog) []domain.RawTransaction {
				return []domain.RawTransaction{p.rawRow("r1", "one", 1), p.rawRow("r2", "", 2),
					p.rawRow("r1", "edited", 9), p.rawRow("r3", "", 3)}
			},
			[]string{"r1", "r1"}, domain.Counts{Accounts: 1, Read: 3, Modified: 1, Unchanged: 2},
			[]string{"r1 v2", "r2 v1", "r3 v1"}, []domain.Step{listStep},
		},
		"edited, then unchanged in the same page": {
			func(p *pageWithLog) []domain.RawTransaction {
				return []domain.RawTransaction{p.rawRow("r1", "edited", 9), p.rawRow("r1", "one", 1),
					p.rawRow("r2", "", 2), p.rawRow("r3", "", 3)}
			},
			[]string{"r1", "r1"}, domain.Counts{Accounts: 1, Read: 3, Unchanged: 3},
			[]string{"r1 v1", "r2 v1", "r3 v1"}, []domain.Step{listStep},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			e.vendor.steps = tc.steps
			c, id, p := e.repull(tc.rows)
			got := e.wantPull(id, domain.PullSucceeded, "")
			if diff := cmp.Diff(tc.observed, p.normalized); diff != "" {
				t.Errorf("normalised rows: %s", diff)
			}
			if diff := cmp.Diff(tc.counts, got.Counts); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.stored, e.storedRows(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// If a row occurs on two pages, the version on the later page must be stored. In this test, version 1 is already
// stored. The first page contains version 2, and the second page contains version 1. The second page may be compared
// with the store before the first page is stored. The list is not a complete one, which would be read again.
func TestARowThatIsUnchangedAgainOnTheNextPageIsStored(t *testing.T) {
	e := newEnv(t)
	e.vendor.steps = []domain.Step{listStep}
	c, p := e.createConnection("books"), &pageWithLog{}
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		return &ports.VendorPage{Transactions: []domain.RawTransaction{p.rawRow("r1", "one", 1),
			p.rawRow("r2", "two", 2)}}, nil
	}
	e.runPull(e.requestFullPull(c))
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "" {
			return &ports.VendorPage{Transactions: []domain.RawTransaction{p.rawRow("r1", "edited", 9)}, Next: "2"}, nil
		}
		return &ports.VendorPage{Transactions: []domain.RawTransaction{p.rawRow("r1", "one", 1),
			p.rawRow("r2", "two", 2)}}, nil
	}
	id := e.requestFullPull(c)
	e.runPull(id)
	got := e.wantPull(id, domain.PullSucceeded, "")
	if diff := cmp.Diff(domain.Counts{Accounts: 1, Read: 3, Modified: 2, Unchanged: 1}, got.Counts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"r1 v3", "r2 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// A row that cannot be normalised prevents its whole page from being stored, including the valid and
// the unchanged rows.
func TestAMalformedRowFailsItsPage(t *testing.T) {
	e := newEnv(t)
	c, id, _ := e.repull(func(p *pageWithLog) []domain.RawTransaction {
		return []domain.RawTransaction{p.rawRow("r1", "", 1), p.rawRow("r4", "new", 4), p.rawRow("r5", "", 5)}
	})
	p := e.wantPull(id, domain.PullQueued, domain.MalformedResponse)
	if diff := cmp.Diff(domain.Counts{Accounts: 1}, p.Counts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

// If the store cannot look up which rows are unchanged, the attempt stops and keeps the pull's
// progress.
func TestAnOutageDuringTheLookupStopsThePull(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1")
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	restore := e.failOperation("Pulls.FilterUnchanged")
	id := e.requestFullPull(c)
	if _, err := e.RunPull(e.ctx, id); err == nil {
		t.Error("the pull continued although the store failed")
	}
	restore()
	e.wantPull(id, domain.PullRunning, "")
}
