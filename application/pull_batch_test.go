package application_test

import (
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

// written are pulls that note what is stored and take their time over it.
type recordingPulls struct {
	ports.Pulls
	pages []string
	slow  time.Duration
}

func (w *recordingPulls) StorePage(ctx context.Context, l domain.Lease, p ports.PageWrite) (domain.Counts, error) {
	if len(p.Transactions)+p.Unchanged > 0 {
		w.pages = append(w.pages, fmt.Sprintf("%d new, fresh %t, %d known, to %q", len(p.Transactions),
			p.AssumeNew, p.Unchanged, p.Progress.Cursor))
		time.Sleep(w.slow)
	}
	return w.Pulls.StorePage(ctx, l, p)
}

// noting gives a bench whose writes are noted.
func envRecordingPages(t *testing.T, with ...func(*application.Deps)) (*env, *recordingPulls) {
	w := &recordingPulls{}
	e := newEnv(t, append(with, func(d *application.Deps) { w.Pulls, d.Pulls = d.Pulls, w })...)
	e.vendor.steps = []domain.Step{listStep}
	return e, w
}

// costly shows rows that take a moment to read, so that the next page is there by then.
func slowRows(ids ...string) (seen []domain.RawTransaction) {
	for i, id := range ids {
		source := domain.ContentHash{1, byte(i + 1)}
		seen = append(seen, domain.RawTransaction{ExternalID: id, ContentHash: source,
			Normalize: func() (domain.TransactionData, error) {
				time.Sleep(time.Millisecond)
				return row(id, "costly"), nil
			}})
	}
	return seen
}

// paged answers with the pages, one after the other.
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

// numbered gives so many ids.
func numberedIDs(prefix string, n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprint(prefix, i))
	}
	return ids
}

// Pages that are ready while the store is at work are stored as one, but no more than so
// many rows, and none that shows a row of theirs again: each is an edit of its own.
func TestPagesThatAreReadyAreStoredTogether(t *testing.T) {
	for name, tc := range map[string]struct {
		pages [][]domain.RawTransaction
		want  []string
		fails bool
	}{
		"small ones": {
			[][]domain.RawTransaction{slowRows("a"), slowRows("b"), slowRows("c"), slowRows("d")},
			[]string{`1 new, fresh true, 0 known, to "1"`, `3 new, fresh true, 0 known, to ""`}, false,
		},
		"up to a thousand rows": {
			[][]domain.RawTransaction{slowRows("a"), slowRows(numberedIDs("b", 600)...),
				slowRows(numberedIDs("c", 400)...), slowRows("d")},
			[]string{`1 new, fresh true, 0 known, to "1"`, `1000 new, fresh true, 0 known, to "3"`,
				`1 new, fresh true, 0 known, to ""`}, false,
		},
		"a row again": {
			[][]domain.RawTransaction{slowRows("a"), slowRows("b"), slowRows("b", "c"), slowRows("d")},
			[]string{`1 new, fresh true, 0 known, to "1"`, `1 new, fresh true, 0 known, to "2"`,
				`3 new, fresh false, 0 known, to ""`}, false,
		},
		"a row twice": {
			[][]domain.RawTransaction{slowRows("a", "a"), slowRows("b")},
			[]string{`2 new, fresh false, 0 known, to "1"`, `1 new, fresh true, 0 known, to ""`}, false,
		},
		"a row that cannot be read": {
			[][]domain.RawTransaction{slowRows("a"), slowRows("b"), {(&pageWithLog{}).rawRow("c", "", 9)},
				slowRows("d")},
			[]string{`1 new, fresh true, 0 known, to "1"`, `1 new, fresh true, 0 known, to "2"`}, true,
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

// Pages that bring nothing move the pull on together, a second late at most; what they
// showed is counted, and a page behind them that fails finds the pull where they end.
func TestPagesThatBringNothingAreWrittenTogether(t *testing.T) {
	shown := [][]domain.RawTransaction{slowRows("a"), slowRows("b"), slowRows("c"), slowRows("d")}
	for name, tc := range map[string]struct {
		late, fails string // before which page a second passes, and which page is not given
		want        []string
	}{
		"at the end": {"", "", []string{`0 new, fresh false, 4 known, to ""`}},
		"after a second": {"2", "",
			[]string{`0 new, fresh false, 3 known, to "3"`, `0 new, fresh false, 1 known, to ""`}},
		"before a page fails": {"", "3", []string{`0 new, fresh false, 3 known, to "3"`}},
		"nothing twice":       {"2", "3", []string{`0 new, fresh false, 3 known, to "3"`}},
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

// The pull's row says where a page with news ends, whatever was passed before it.
func TestAPageWithNewsTakesThoseBeforeItAlong(t *testing.T) {
	e, w := envRecordingPages(t)
	e.vendor.onRead = pagesInOrder(slowRows("a"), slowRows("b"))
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	w.pages = nil
	e.vendor.onRead = pagesInOrder(slowRows("a"), slowRows("new"), slowRows("b"))
	e.runPull(e.requestFullPull(c))
	want := []string{`1 new, fresh false, 1 known, to "2"`, `0 new, fresh false, 1 known, to ""`}
	if diff := cmp.Diff(want, w.pages); diff != "" {
		t.Error(diff)
	}
}
