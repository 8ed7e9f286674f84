package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var feedEpoch = time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)

// feedWriter stores pages of one pull of one connection.
type feedWriter struct {
	*feedRace
	lease  domain.Lease
	slow   bool
	random *rand.Rand
	rows   int // number of external ids used so far
	page   int
}

func (r *feedRace) writer(i int) *feedWriter {
	r.t.Helper()
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: r.tenant, Kind: domain.Aggregator, Name: uuid.NewString(),
		Vendor: "pluggy", Sealed: domain.Sealed("none"), Revision: 1, CreatedAt: feedEpoch, UpdatedAt: feedEpoch,
	}
	if err := r.store.Connections().Create(r.t.Context(), c, nil); err != nil {
		r.t.Fatal(err)
	}
	pull, err := r.store.Pulls().
		Request(r.t.Context(), r.tenant, c.ID, ports.PullRequest{ID: newID[domain.Pull](), At: feedEpoch}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	lease := domain.Lease{
		ID:     newID[domain.Lease](),
		Pull:   pull.ID,
		Tenant: pull.Tenant,
		Until:  feedEpoch.Add(time.Hour),
	}
	if _, err := r.store.Pulls().Claim(r.t.Context(), lease, feedEpoch); err != nil {
		r.t.Fatal(err)
	}
	r.connections = append(r.connections, c.ID)
	return &feedWriter{feedRace: r, lease: lease, slow: i == 0, random: rand.New(rand.NewPCG(uint64(i), 7))}
}

// work stores pages until ctx is done. Each page contains new rows that are never written again. A reader that skips
// such a row therefore never gets another chance to see the row. Each page also contains some rows that were stored
// before.
func (w *feedWriter) work(ctx context.Context) {
	for ctx.Err() == nil {
		if _, err := w.store.Pulls().StorePage(w.t.Context(), w.lease, w.next()); err != nil {
			w.t.Error(err)
			return
		}
		w.pages.Add(1)
	}
}

func (w *feedWriter) next() ports.PageWrite {
	w.page++
	page := ports.PageWrite{NewID: newID[domain.Transaction], At: feedEpoch, LeaseUntil: feedEpoch.Add(time.Hour)}
	if w.slow {
		page.NewID = w.slowly()
	}
	for range 1 + w.random.IntN(3) {
		page.Transactions = append(page.Transactions, w.row(w.rows))
		w.rows++
	}
	for range w.random.IntN(3) {
		page.Transactions = append(page.Transactions, w.row(w.random.IntN(w.rows)))
	}
	if w.random.IntN(5) == 0 {
		page.Removed = []string{fmt.Sprint(w.random.IntN(w.rows))}
	}
	return page
}

func (w *feedWriter) row(n int) domain.TransactionData {
	return domain.TransactionData{
		ExternalID: fmt.Sprint(n), Description: fmt.Sprint("page ", w.page), Status: domain.Posted,
		Amount: domain.Money{Amount: decimal.New(int64(n), -2), Currency: "BRL"}, Date: "2026-03-01",
	}
}

// slowly returns a function that generates ids. Before the first id it pauses (see stall). At that moment, the store's
// transaction has started to write but has not committed.
func (w *feedWriter) slowly() func() domain.TransactionID {
	first := true
	return func() domain.TransactionID {
		if first {
			first = false
			w.stall()
		}
		return newID[domain.Transaction]()
	}
}

// stall keeps the current database transaction open for the duration w.hold. Meanwhile it checks whether the database
// reports the transaction as open, and counts the pages that other writers store.
func (w *feedWriter) stall() {
	before := w.pages.Load()
	time.Sleep(w.hold * 3 / 4)
	if w.isOpen() {
		w.seenOpen.Add(1)
	}
	time.Sleep(w.hold / 4)
	w.held.Add(1)
	w.committedMeanwhile.Add(w.pages.Load() - before)
}

// feedReader reads the feed from a given cursor, as a consumer does, and remembers the state of every row.
type feedReader struct {
	*feedRace
	limit       int
	startCursor string // the cursor at which the reader started
	after       domain.Position
	seen        map[domain.TransactionID]seenRows
	changes     int
	read        int
}

// feedTimeout is how long a reader waits for the last changes after the last write has committed. It is long, because
// the feed withholds changes while any other transaction on the server is open.
const feedTimeout = 2 * time.Minute

// follow reads the feed until the reader has seen everything that was written, or until feedTimeout has passed.
//
// Another goroutine can request a copy of the reader: it sends a channel, and follow sends the copy on that channel.
// The copy can continue from the current position.
func (r *feedReader) follow(asked <-chan chan<- *feedReader) {
	var ended time.Time
	for {
		table := r.writtenRows.Load() // nil until all changes have committed; must be read before the page
		if table != nil && ended.IsZero() {
			ended = time.Now()
		}
		page, err := r.store.Ledger().
			Changes(r.t.Context(), r.tenant, domain.PageRequest{Limit: r.limit, After: r.after})
		if err != nil {
			r.t.Error(err)
			return
		}
		for _, t := range page.Items {
			r.record(t)
		}
		r.after, r.read = page.Next, r.read+1
		if table != nil && !page.More && (maps.Equal(r.seen, *table) || time.Since(ended) > feedTimeout) {
			return
		}
		select {
		case answer := <-asked:
			answer <- r.clone()
		default:
		}
		if !page.More {
			time.Sleep(time.Millisecond) // at the end of the feed, poll as a consumer does
		}
	}
}

func (r *feedReader) clone() *feedReader {
	return &feedReader{feedRace: r.feedRace, startCursor: r.after.Key, after: r.after, seen: maps.Clone(r.seen)}
}

// record remembers the state of a row. It checks that the version of a row never decreases, and that the content of a
// version never changes.
func (r *feedReader) record(t domain.Transaction) {
	now, before := seenOf(t), r.seen[t.ID]
	switch {
	case now.version < before.version:
		r.t.Errorf("version %d of %s after version %d", now.version, t.ExternalID, before.version)
	case now.version == before.version && now != before:
		r.t.Errorf("version %d of %s is %v, and was %v", now.version, t.ExternalID, now, before)
	}
	r.seen[t.ID] = now
	r.changes++
}

// compare checks that the rows that the reader has seen are equal to the rows of the table. The argument name
// identifies the reader in the error message.
func (r *feedReader) compare(name int, table map[domain.TransactionID]seenRows) {
	skipped, other := 0, 0
	for id, row := range table {
		switch met, ok := r.seen[id]; {
		case !ok:
			skipped++
		case met != row:
			other++
		}
	}
	if skipped+other > 0 || len(r.seen) != len(table) {
		r.t.Errorf(
			"reader %d saw %d of %d rows: %d were skipped, %d have another version",
			name,
			len(r.seen),
			len(table),
			skipped,
			other,
		)
	}
}
