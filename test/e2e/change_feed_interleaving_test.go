package e2e_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
)

// The actors of this test store pages, mark missing rows as removed, and read the feed, in any order. Every reader must
// end with the same rows as the table, even after a crash. A reader that crashes before it stores its cursor reads a
// page twice.
func TestAnyInterleavingOfTheFeedEndsWithTheTable(t *testing.T) {
	store := sqlitetest.Open(t, sqlite.Config{}).Store(nil)
	rapid.Check(t, func(t *rapid.T) {
		s := newFeedModel(t, store)
		t.Repeat(map[string]func(*rapid.T){
			"page": s.page, "sweep": s.sweep, "read": s.read, "crash": s.crash, "join": s.join,
			"": s.noReaderIsAhead,
		})
		s.end(t)
	})
}

// feedModel consists of two writers and any number of readers of the change feed of one tenant.
type feedModel struct {
	store       *sqlite.Store
	tenant      domain.TenantID
	leases      []domain.Lease
	connections []domain.ConnectionID
	readers     []*feedFollower
	written     int
}

// feedFollower is a reader that can crash after reading a page and before storing its cursor.
type feedFollower struct {
	cursor domain.Position
	seen   map[domain.TransactionID]seenRows
}

func newFeedModel(t *rapid.T, store *sqlite.Store) *feedModel {
	s := &feedModel{store: store, tenant: domain.TenantID{UUID: uuid.New()}}
	for i := range 2 {
		c := domain.Connection{
			ID: newID[domain.Connection](), Tenant: s.tenant, Kind: domain.Aggregator, Name: fmt.Sprint(i),
			Vendor: "pluggy", Sealed: domain.Sealed("none"), Revision: 1, CreatedAt: feedEpoch, UpdatedAt: feedEpoch,
		}
		pull := ports.PullRequest{ID: newID[domain.Pull](), At: feedEpoch}
		lease := domain.Lease{
			ID:     newID[domain.Lease](),
			Pull:   pull.ID,
			Tenant: s.tenant,
			Until:  feedEpoch.Add(time.Hour),
		}
		must(t, s.store.Connections().Create(t.Context(), c, nil))
		_, err := s.store.Pulls().Request(t.Context(), s.tenant, c.ID, pull, nil)
		must(t, err)
		_, err = s.store.Pulls().Claim(t.Context(), lease, feedEpoch)
		must(t, err)
		s.leases, s.connections = append(s.leases, lease), append(s.connections, c.ID)
	}
	s.join(t)
	return s
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// external generates one of only six external ids, so that the same rows are often edited, removed and restored.
var external = rapid.StringMatching("[a-f]")

func (s *feedModel) lease(t *rapid.T) domain.Lease {
	return rapid.SampledFrom(s.leases).Draw(t, "writer")
}

func (s *feedModel) page(t *rapid.T) {
	w := ports.PageWrite{NewID: newID[domain.Transaction], At: feedEpoch, LeaseUntil: feedEpoch.Add(time.Hour)}
	for _, id := range rapid.SliceOfN(external, 0, 4).Draw(t, "rows") {
		description := rapid.SampledFrom([]string{"as it was", "edited"}).Draw(t, "text")
		w.Transactions = append(
			w.Transactions,
			domain.TransactionData{ExternalID: id, Date: "2026-03-01", Description: description},
		)
	}
	w.Removed = rapid.SliceOfN(external, 0, 2).Draw(t, "removed")
	counts, err := s.store.Pulls().StorePage(t.Context(), s.lease(t), w)
	must(t, err)
	s.written += counts.Added + counts.Modified + counts.Removed
}

func (s *feedModel) sweep(t *rapid.T) {
	gone := external.Draw(t, "unseen")
	counts, err := s.store.Pulls().Sweep(t.Context(), s.lease(t), ports.SweepWrite{
		Proof: domain.OneRead,
		Seen:  func(id string) bool { return id != gone }, At: feedEpoch, LeaseUntil: feedEpoch.Add(time.Hour),
	})
	must(t, err)
	s.written += counts.Removed
}

// join adds a reader. The new reader starts at the beginning of the feed, or continues from a copy of another reader's
// state. This state consists of the cursor and the rows seen so far.
func (s *feedModel) join(t *rapid.T) {
	f := &feedFollower{seen: map[domain.TransactionID]seenRows{}}
	if len(s.readers) > 0 && rapid.Bool().Draw(t, "late") {
		other := rapid.SampledFrom(s.readers).Draw(t, "of")
		f.cursor, f.seen = other.cursor, maps.Clone(other.seen)
	}
	s.readers = append(s.readers, f)
}

func (s *feedModel) read(t *rapid.T)  { s.readPage(t, s.reader(t), true) }
func (s *feedModel) crash(t *rapid.T) { s.readPage(t, s.reader(t), false) }

func (s *feedModel) reader(t *rapid.T) *feedFollower {
	return rapid.SampledFrom(s.readers).Draw(t, "reader")
}

// readPage reads the next page for the reader f, and stores the new cursor only if keep is true. It reports whether the
// feed has more changes.
func (s *feedModel) readPage(t *rapid.T, f *feedFollower, keep bool) bool {
	request := domain.PageRequest{Limit: rapid.IntRange(1, 5).Draw(t, "limit"), After: f.cursor}
	page, err := s.store.Ledger().Changes(t.Context(), s.tenant, request)
	must(t, err)
	for _, row := range page.Items {
		now, before := seenOf(row), f.seen[row.ID]
		if now.version < before.version {
			t.Fatalf("version %d of %s after version %d", now.version, row.ExternalID, before.version)
		}
		f.seen[row.ID] = now
	}
	if keep {
		f.cursor = page.Next
	}
	return page.More
}

// noReaderIsAhead checks that no reader has seen a row, or a version of a row, that is not in the
// table.
func (s *feedModel) noReaderIsAhead(t *rapid.T) {
	table := s.table(t)
	for _, f := range s.readers {
		for id, met := range f.seen {
			if row, there := table[id]; !there || met.version > row.version {
				t.Fatalf("a reader saw %v, the table has %v", met, row)
			}
		}
	}
}

func (s *feedModel) end(t *rapid.T) {
	table := s.table(t)
	for _, f := range s.readers {
		for s.readPage(t, f, true) {
		}
		if !maps.Equal(f.seen, table) {
			t.Fatalf("after %d changes a reader has\n%v\nand the table\n%v", s.written, f.seen, table)
		}
	}
}

func (s *feedModel) table(t *rapid.T) map[domain.TransactionID]seenRows {
	rows := map[domain.TransactionID]seenRows{}
	for _, connection := range s.connections {
		page, err := s.store.Ledger().
			Transactions(
				t.Context(), s.tenant, connection, ports.TransactionFilter{},
				domain.PageRequest{Limit: domain.MaxLimit},
			)
		must(t, err)
		for _, row := range page.Items {
			rows[row.ID] = seenOf(row)
		}
	}
	return rows
}
