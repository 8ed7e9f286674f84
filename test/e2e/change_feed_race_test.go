// The tests in the change_feed_*_test.go files check that a reader of the change feed never skips a change, even with
// many writers whose transactions commit in any order, some of them late.
//
//	FEED_SECONDS=60 go test ./test/e2e -run TestTheFeedSkipsNothing -v

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// feedWriters is the number of concurrent writers. The first writer is slow: it keeps its transactions open for some
// time.
const feedWriters = 16

// duration returns how long the writers write: the number of seconds in the environment variable FEED_SECONDS, or ten
// seconds if it is not set.
func duration(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("FEED_SECONDS")
	if text == "" {
		return 10 * time.Second
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 1 {
		t.Fatal("FEED_SECONDS must be a number of seconds")
	}
	return time.Duration(seconds) * time.Second
}

func TestTheFeedSkipsNothingOnPostgres(t *testing.T) {
	db, err := postgres.Open(
		t.Context(),
		postgres.Config{URL: pgtest.DSN(t), MaxConns: feedWriters + 8, Timeout: time.Minute},
	)
	if err == nil {
		err = db.Migrate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	r := newFeedRace(t, db.Store(nil), min(duration(t)/4, 20*time.Second))
	r.isOpen = func() bool { // reports whether a session is idle in a transaction that has an id
		var open int
		err := db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND state = 'idle in transaction' AND backend_xid IS NOT NULL AND state_change < clock_timestamp() - interval '50 ms'`).Scan(&open)
		if err != nil {
			t.Error(err)
		}
		return open > 0
	}
	r.run()
	if r.seenOpen.Load() == 0 {
		t.Error("the slow writer's transaction was never seen open")
	}
	if r.committedMeanwhile.Load() == 0 {
		t.Error("no writer committed while the slow writer's transaction was open")
	}
}

// A reader of the feed must skip nothing on SQLite, too. SQLite has only one writer at a time, so an open transaction
// blocks all other writers. Therefore the slow writer keeps its transaction open for only a fifth of a second.
func TestTheFeedSkipsNothingOnSQLite(t *testing.T) {
	db, err := sqlite.Open(t.Context(), sqlite.Config{DSN: harness.SQLite(t), Timeout: time.Minute})
	if err == nil {
		err = db.Migrate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	r := newFeedRace(t, db.Store(nil), min(duration(t)/4, 200*time.Millisecond))
	r.isOpen = func() bool { return true }
	r.run()
}

// feedStore contains the stores that a feedRace uses.
type feedStore interface {
	Connections() ports.Connections
	Pulls() ports.Pulls
	Ledger() ports.Ledger
}

// feedRace consists of the writers and readers of one tenant on one store.
type feedRace struct {
	t      *testing.T
	store  feedStore
	tenant domain.TenantID
	hold   time.Duration // how long the slow writer's transaction stays open
	isOpen func() bool   // reports whether the slow writer's transaction is open

	connections []domain.ConnectionID
	// writtenRows contains all rows of the table. It is set after the last write has committed.
	writtenRows atomic.Pointer[map[domain.TransactionID]seenRows]

	pages, held, seenOpen, committedMeanwhile atomic.Int64
}

func newFeedRace(t *testing.T, store feedStore, hold time.Duration) *feedRace {
	return &feedRace{t: t, store: store, tenant: domain.TenantID{UUID: uuid.New()}, hold: hold}
}

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// run starts all writers and three readers, waits until they have ended, and compares the rows that each reader has
// seen with the table.
func (r *feedRace) run() {
	writing, stop := context.WithTimeout(r.t.Context(), duration(r.t))
	defer stop()
	var all []*feedWriter
	for i := range feedWriters {
		all = append(all, r.writer(i))
	}
	var writes, reads sync.WaitGroup
	for _, w := range all {
		writes.Go(func() { w.work(writing) })
	}
	readers := make([]*feedReader, 3)
	first := &feedReader{feedRace: r, limit: 50, seen: map[domain.TransactionID]seenRows{}}
	readers[0] = first
	ask, answer := make(chan chan<- *feedReader), make(chan *feedReader)
	reads.Go(func() { first.follow(ask) })
	for i, limit := range []int{7, 1000} {
		// The other readers start after 3/8 and 6/8 of the time, each at the cursor that the first reader has reached
		// by then.
		time.Sleep(duration(r.t) * 3 / 8)
		ask <- answer
		readers[i+1] = <-answer
		readers[i+1].limit = limit
		reads.Go(func() { readers[i+1].follow(nil) })
	}
	writes.Wait()
	table := r.table()
	r.writtenRows.Store(&table)
	reads.Wait()
	for i, reader := range readers {
		reader.compare(i, table)
	}
	r.t.Logf(
		"%d pages of %d writers, %d rows; held open %d times for %s, seen open %d times, %d pages committed meanwhile",
		r.pages.Load(),
		feedWriters,
		len(table),
		r.held.Load(),
		r.hold,
		r.seenOpen.Load(),
		r.committedMeanwhile.Load(),
	)
	for i, reader := range readers {
		r.t.Logf(
			"reader %d: %d changes from cursor %q on, %d pages",
			i,
			reader.changes,
			reader.startCursor,
			reader.read,
		)
	}
}

// table reads all rows without the feed, and returns them.
func (r *feedRace) table() map[domain.TransactionID]seenRows {
	rows := map[domain.TransactionID]seenRows{}
	for _, connection := range r.connections {
		for after := (domain.Position{}); ; {
			page, err := r.store.Ledger().Transactions(r.t.Context(), r.tenant, connection, ports.TransactionFilter{},
				domain.PageRequest{Limit: domain.MaxLimit, After: after})
			if err != nil {
				r.t.Fatal(err)
			}
			for _, row := range page.Items {
				rows[row.ID] = seenOf(row)
			}
			if after = page.Next; after.IsZero() {
				break
			}
		}
	}
	return rows
}

// seenRows is the last state of a row that a reader has seen.
type seenRows struct {
	version int
	text    string
	removed bool
}

func seenOf(t domain.Transaction) seenRows {
	return seenRows{t.Version, fmt.Sprint(t.ExternalID, " ", t.Description), !t.RemovedAt.IsZero()}
}
