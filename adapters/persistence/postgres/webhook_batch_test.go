package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/receivetest"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// beginCounter counts the BEGIN statements, which are sent in a batch with the first reads. A transaction of several
// statements starts with BEGIN. A single statement runs without BEGIN.
type beginCounter int

func (*beginCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (*beginCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (*beginCounter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (b *beginCounter) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	if q.SQL == "begin" {
		*b++
	}
}

func (*beginCounter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// The fast path and the slow path must both return the same results as the model, which receives one delivery at a
// time. Only the slow path begins a transaction of several statements. The test counts such transactions in order to
// see which path a batch took.
func TestABatchIsStoredAsItsDeliveriesWouldBeOneAtATime(t *testing.T) {
	var begun beginCounter
	db := traced(t, pgtest.DSN(t), &begun)
	var jobs []domain.PullID
	nudge := func(pulls ...domain.PullID) { jobs = append(jobs, pulls...) }
	attached, inserted := 0, 0
	receivetest.Run(t, receivetest.Dialect{
		Stores: db.Store(nudge),
		Model: func(nudge gormstore.Nudge) receivetest.Stores {
			return sqlitetest.Open(t, sqlite.Config{}).Store(nudge)
		},
		Receive: func(ctx context.Context, deliveries []gormstore.PendingDelivery) ([]gormstore.Result, error) {
			before := begun
			results, err := db.Receive(ctx, nudge, deliveries)
			if begun == before {
				attached++
			} else {
				inserted++
			}
			return results, err
		},
		Jobs:     func() []domain.PullID { taken := jobs; jobs = nil; return taken },
		MaxBatch: 40,
	})
	if t.Logf("%d batches took the fast path, %d the slow path", attached, inserted); attached == 0 || inserted == 0 {
		t.Error("want batches on both paths")
	}
}

// traced opens and migrates the database at dsn, with a tracer that is called for every statement.
func traced(t *testing.T, dsn string, tracer pgx.QueryTracer) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: dsn, Timeout: patience, Tracer: tracer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// canceler cancels each statement that contains the fragment, before the statement is sent. If the fragment is "", it
// cancels no statement.
type canceler struct{ fragment string }

func (c *canceler) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if c.fragment == "" || !strings.Contains(q.SQL, c.fragment) {
		return ctx
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	return canceled
}

func (*canceler) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// On the fast path, the first statement stores the batch, and the second one reads the earlier deliveries of the
// duplicates. If the second statement fails, only the duplicates must get the error. On the slow path, such an error
// must undo the whole batch.
func TestNoErrorIsReportedForADeliveryThatIsStored(t *testing.T) {
	for name, queued := range map[string]bool{
		"on the fast path, with a queued pull":     true,
		"on the slow path, which creates the pull": false,
	} {
		t.Run(name, func(t *testing.T) {
			var cancel canceler
			dsn := pgtest.DSN(t)
			db := traced(t, dsn, &cancel)
			other := &replica{T: t, Store: db.Store(nil)}
			other.token = storetest.ConnectionWithToken(t, other.Store)
			old := other.pending("old")
			if _, err := other.Deliveries().Receive(t.Context(), old.IncomingDelivery); err != nil {
				t.Fatal(err)
			}
			if !queued {
				other.claim(old.Pull)
			}

			cancel.fragment = "FROM deliveries d LEFT JOIN pulls"
			fresh, duplicate := other.pending("fresh"), other.pending("old")
			results, err := db.Receive(t.Context(), nil, []gormstore.PendingDelivery{duplicate, fresh, duplicate})
			cancel.fragment = ""
			if queued && (err != nil || results[0].Err == nil || results[1].Err != nil || results[2].Err == nil) {
				t.Errorf("%+v, %v; want the new event stored, and its duplicates failed", results, err)
			}
			if !queued && err == nil {
				t.Error("the transaction did not fail")
			}
			got, err := other.Deliveries().Receive(t.Context(), fresh.IncomingDelivery)
			if err != nil || got.Duplicate != queued || got.Delivery.ID != fresh.Delivery {
				t.Errorf("the next attempt with the new event: duplicate %t, error %v; want duplicate %t",
					got.Duplicate, err, queued)
			}
		})
	}
}
