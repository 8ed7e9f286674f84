package application_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// recordingPulls records the pages that are stored, and delays each of these writes.
type recordingPulls struct {
	ports.Pulls
	pages []string
	slow  time.Duration // the delay of each write
}

func (w *recordingPulls) StorePage(ctx context.Context, l domain.Lease, p ports.PageWrite) (domain.Counts, error) {
	if len(p.Transactions)+p.Unchanged > 0 {
		w.pages = append(w.pages, fmt.Sprintf("%d changed, assumeNew %t, %d unchanged, to %q", len(p.Transactions),
			p.AssumeNew, p.Unchanged, p.Progress.Cursor))
		time.Sleep(w.slow)
	}
	return w.Pulls.StorePage(ctx, l, p)
}

// envRecordingPages returns an env, and the recordingPulls that records the stored pages of this env. Each pull of
// the env consists of the step listStep.
func envRecordingPages(t *testing.T, with ...func(*application.Deps)) (*env, *recordingPulls) {
	w := &recordingPulls{}
	e := newEnv(t, append(with, func(d *application.Deps) { w.Pulls, d.Pulls = d.Pulls, w })...)
	e.vendor.steps = []domain.Step{listStep}
	return e, w
}

// slowRows returns rows. Normalising one of the rows takes a millisecond. During this time, the pull already fetches
// the next page.
func slowRows(ids ...string) (emitted []domain.RawTransaction) {
	for i, id := range ids {
		source := domain.ContentHash{1, byte(i + 1)}
		emitted = append(emitted, domain.RawTransaction{ExternalID: id, ContentHash: source,
			Normalize: func() (domain.TransactionData, error) {
				time.Sleep(time.Millisecond)
				return row(id, "costly"), nil
			}})
	}
	return emitted
}

// largeRows is like slowRows, but each row has 3 MiB of metadata.
func largeRows(ids ...string) []domain.RawTransaction {
	rows := slowRows(ids...)
	for i := range rows {
		normalize := rows[i].Normalize
		rows[i].Normalize = func() (domain.TransactionData, error) {
			data, err := normalize()
			data.Metadata = append(bytes.Repeat([]byte(" "), 3<<20), "{}"...)
			return data, err
		}
	}
	return rows
}

// pagesInOrder returns a function for vendor.onRead that returns the pages in order.
func pagesInOrder(pages ...[]domain.RawTransaction) func(domain.Step, string) (*ports.VendorPage, error) {
	return func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		at := 0
		_, _ = fmt.Sscan(cursor, &at)
		batch := &ports.VendorPage{Transactions: pages[at]}
		if at+1 < len(pages) {
			batch.Next = fmt.Sprint(at + 1)
		}
		return batch, nil
	}
}

// numberedIDs returns n ids that consist of the prefix and a number.
func numberedIDs(prefix string, n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprint(prefix, i))
	}
	return ids
}

// Pages that are fetched while the store is busy must be stored as one batch of up to 1,000 rows. If a page contains a
// row of an earlier page in the batch, the page must start a new batch. The two versions of the row may be separate
// edits.
func TestPrefetchedPagesAreStoredAsOneBatch(t *testing.T) {
	for name, tc := range map[string]struct {
		pages [][]domain.RawTransaction
		want  []string
		fails bool
	}{
		"small pages": {
			[][]domain.RawTransaction{slowRows("a"), slowRows("b"), slowRows("c"), slowRows("d")},
			[]string{`1 changed, assumeNew true, 0 unchanged, to "1"`,
				`3 changed, assumeNew true, 0 unchanged, to ""`}, false,
		},
		"up to a thousand rows": {
			[][]domain.RawTransaction{slowRows("a"), slowRows(numberedIDs("b", 600)...),
				slowRows(numberedIDs("c", 400)...), slowRows("d")},
			[]string{`1 changed, assumeNew true, 0 unchanged, to "1"`,
				`1000 changed, assumeNew true, 0 unchanged, to "3"`,
				`1 changed, assumeNew true, 0 unchanged, to ""`}, false,
		},
		"up to four mebibytes": {
			[][]domain.RawTransaction{slowRows("a"), largeRows("b"), largeRows("c"), slowRows("d")},
			[]string{`1 changed, assumeNew true, 0 unchanged, to "1"`,
				`2 changed, assumeNew true, 0 unchanged, to "3"`,
				`1 changed, assumeNew true, 0 unchanged, to ""`}, false,
		},
		"a row repeated on the next page": {
			[][]domain.RawTransaction{slowRows("a"), slowRows("b"), slowRows("b", "c"), slowRows("d")},
			[]string{`1 changed, assumeNew true, 0 unchanged, to "1"`, `1 changed, assumeNew true, 0 unchanged, to "2"`,
				`3 changed, assumeNew false, 0 unchanged, to ""`}, false,
		},
		"a row repeated on its page": {
			[][]domain.RawTransaction{slowRows("a", "a"), slowRows("b")},
			[]string{`1 changed, assumeNew false, 0 unchanged, to "1"`,
				`1 changed, assumeNew true, 0 unchanged, to ""`}, false,
		},
		"a row that cannot be normalised": {
			[][]domain.RawTransaction{slowRows("a"), slowRows("b"), {(&pageWithLog{}).rawRow("c", "", 9)},
				slowRows("d")},
			[]string{`1 changed, assumeNew true, 0 unchanged, to "1"`,
				`1 changed, assumeNew true, 0 unchanged, to "2"`}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, w := envRecordingPages(t, func(d *application.Deps) { d.Go = nil })
				w.slow = 10 * time.Second
				e.vendor.onRead = pagesInOrder(tc.pages...)
				id := e.requestFullPull(e.createConnection("books"))
				e.runPull(id)
				if tc.fails {
					e.wantPull(id, domain.PullQueued, domain.MalformedResponse)
				} else {
					e.wantPull(id, domain.PullSucceeded, "")
				}
				if diff := cmp.Diff(tc.want, w.pages); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// The progress over several unchanged pages must be stored with one write. The write must happen at the end of
// the step, or when a second has passed since the previous write. The rows of the unchanged pages must be counted. If
// a later page fails, the pull must resume after the unchanged pages.
func TestProgressOverUnchangedPagesIsFlushedTogether(t *testing.T) {
	shown := [][]domain.RawTransaction{slowRows("a"), slowRows("b"), slowRows("c"), slowRows("d")}
	for name, tc := range map[string]struct {
		late  string // cursor of the page whose request takes a second
		fails string // cursor of the page that fails
		want  []string
	}{
		"at the end": {"", "", []string{`0 changed, assumeNew false, 4 unchanged, to ""`}},
		"after a second": {"2", "",
			[]string{`0 changed, assumeNew false, 3 unchanged, to "3"`,
				`0 changed, assumeNew false, 1 unchanged, to ""`}},
		"before a page fails": {"", "3",
			[]string{`0 changed, assumeNew false, 3 unchanged, to "3"`}},
		"after a second and before a page fails": {"2", "3",
			[]string{`0 changed, assumeNew false, 3 unchanged, to "3"`}},
	} {
		t.Run(name, func(t *testing.T) {
			e, w := envRecordingPages(t)
			e.vendor.onRead = pagesInOrder(shown...)
			c := e.createConnection("books")
			e.runPull(e.requestFullPull(c))
			w.pages = nil
			e.vendor.onRead = func(step domain.Step, cursor string) (*ports.VendorPage, error) {
				if tc.late != "" && cursor == tc.late {
					e.clock.pass(time.Second)
				}
				if tc.fails != "" && cursor == tc.fails {
					tc.fails = ""
					return nil, unavailable(domain.VendorUnreachable)
				}
				return pagesInOrder(shown...)(step, cursor)
			}
			id := e.requestFullPull(c)
			again := e.runPull(id)
			if diff := cmp.Diff(tc.want, w.pages); diff != "" {
				t.Error(diff)
			}
			if again > 0 {
				e.clock.pass(again)
				e.runPull(id)
			}
			got := e.wantPull(id, domain.PullSucceeded, "")
			if diff := cmp.Diff(domain.Counts{Accounts: 1, Read: 4, Unchanged: 4}, got.Counts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The pull's progress after unchanged pages must not be written separately if a page with changes follows. The write of
// this page must include the progress.
func TestAPageWithChangesStoresPendingProgress(t *testing.T) {
	e, w := envRecordingPages(t)
	e.vendor.onRead = pagesInOrder(slowRows("a"), slowRows("b"))
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	w.pages = nil
	e.vendor.onRead = pagesInOrder(slowRows("a"), slowRows("new"), slowRows("b"))
	e.runPull(e.requestFullPull(c))
	want := []string{`1 changed, assumeNew false, 1 unchanged, to "2"`,
		`0 changed, assumeNew false, 1 unchanged, to ""`}
	if diff := cmp.Diff(want, w.pages); diff != "" {
		t.Error(diff)
	}
}
