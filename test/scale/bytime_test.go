package scale_test

import (
	"crypto/sha256"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// insertWithKeys inserts deliveries into a table that is partitioned by time. The store does not use this SQL
// statement yet. A separate key table decides which events are new. In the present schema, a unique index over the
// whole table decides which events are new.
const insertWithKeys = `
	WITH told AS (
		SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::timestamptz[])
			AS told (id, tenant_id, connection_id, fingerprint, received_at)),
	fresh AS (
		INSERT INTO delivery_keys (connection_id, fingerprint, delivery_id, received_at)
		SELECT connection_id, fingerprint, id, received_at FROM told
		ON CONFLICT (connection_id, fingerprint) DO NOTHING RETURNING delivery_id)
	INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, scope, status, received_at)
	SELECT told.id, tenant_id, connection_id, 'pluggy', '', '', fingerprint, '', '', 'ignored', received_at
	FROM told JOIN fresh ON fresh.delivery_id = told.id RETURNING id`

// byTime returns a migrated database in which deliveries are partitioned by week.
func byTime(t *testing.T, conns int) *postgres.DB {
	t.Helper()
	return migrateDB(t, pgtest.DSN(t), conns, filepath.Join("testdata", "bytime.sql"))
}

// week returns a time in week number n.
func week(n int) time.Time {
	return time.Date(2026, time.January, 7, 12, 0, 0, 0, time.UTC).AddDate(0, 0, 7*n)
}

// insertEvent inserts one event and reports whether it is new.
func insertEvent(t *testing.T, db *postgres.DB, connection uuid.UUID, event string, at time.Time) bool {
	fingerprint := sha256.Sum256([]byte(event))
	done, err := db.Pool.Exec(t.Context(), insertWithKeys, [][16]byte{uuid.Must(uuid.NewV7())}, [][16]byte{uuid.New()},
		[][16]byte{connection}, [][]byte{fingerprint[:]}, []time.Time{at})
	if err != nil {
		t.Errorf("tell %s: %v", event, err)
	}
	return done.RowsAffected() > 0
}

// The store's insert statement needs a unique index over all deliveries. PostgreSQL must refuse this index on a table
// that is partitioned by time. If PostgreSQL accepted the index, the key table would not be needed.
func TestATableByTimeCannotHaveTheUniqueIndex(t *testing.T) {
	db := byTime(t, 0)
	for _, statement := range []string{
		"CREATE UNIQUE INDEX ON deliveries (connection_id, fingerprint)",
		"INSERT INTO deliveries SELECT * FROM deliveries ON CONFLICT (connection_id, fingerprint) DO NOTHING",
	} {
		_, err := db.Pool.Exec(t.Context(), statement)
		if refused := (*pgconn.PgError)(nil); !errors.As(err, &refused) {
			t.Errorf("%s: %v, want the server's refusal", statement, err)
		}
	}
}

func TestOfManyCopiesInTwoWeeksOneIsStored(t *testing.T) {
	db := byTime(t, 0)
	c := uuid.New()
	var fresh atomic.Int32
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			if insertEvent(t, db, c, "event", week(i%2)) {
				fresh.Add(1)
			}
		})
	}
	all.Wait()
	if n, rows := fresh.Load(), queryValue[int](t, db, "SELECT count(*) FROM deliveries"); n != 1 || rows != 1 {
		t.Errorf("%d of 12 copies were new, %d rows", n, rows)
	}
}

// An operator can drop the partition of a whole week, which is cheaper than pruning rows. The store must still treat
// the events of that week as duplicates, because the key table contains them.
func TestADroppedWeekKeepsItsEventsKnown(t *testing.T) {
	db := byTime(t, 0)
	c := uuid.New()
	for i := range 3 {
		insertEvent(t, db, c, "of week "+string(rune('0'+i)), week(i))
	}
	for _, statement := range []string{
		"ALTER TABLE deliveries DETACH PARTITION deliveries_w0 CONCURRENTLY", "DROP TABLE deliveries_w0",
	} {
		must(t, db, statement)
	}
	if insertEvent(t, db, c, "of week 0", week(2)) {
		t.Error("an event of the dropped week was stored again")
	}
	if !insertEvent(t, db, c, "another", week(2)) {
		t.Error("a new event was treated as a duplicate")
	}
	if n := queryValue[int](t, db, "SELECT count(*) FROM deliveries"); n != 3 {
		t.Errorf("%d rows are left, want those of the remaining weeks, and the new one", n)
	}
}

// Webhooks must be accepted while a week is detached. The lock of DETACH CONCURRENTLY does not conflict
// with inserts, whereas a plain DROP would wait for all running inserts and block new ones.
func TestDetachingAWeekDoesNotBlockWebhooks(t *testing.T) {
	db := byTime(t, 0)
	c := uuid.New()
	reader, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Rollback(t.Context()) }()
	// the detach below must wait until this transaction ends
	if _, err := reader.Exec(t.Context(), "SELECT count(*) FROM deliveries"); err != nil {
		t.Fatal(err)
	}
	detached := make(chan error, 1)
	go func() {
		_, err := db.Pool.Exec(t.Context(), "ALTER TABLE deliveries DETACH PARTITION deliveries_w0 CONCURRENTLY")
		detached <- err
	}()
	waitUntil(t, "the week is being detached", func() bool {
		return queryValue[int](t, db, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending") > 0
	})
	if !insertEvent(t, db, c, "meanwhile", week(1)) {
		t.Error("an event is not stored while a week is detached")
	}
	if err := reader.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-detached; err != nil {
		t.Error(err)
	}
}

// The query for the newest page of deliveries must read only the newest week. The query for a page with
// time bounds must read only the weeks within the bounds.
func TestListsReadTheWeeksTheyShow(t *testing.T) {
	db := byTime(t, 1)
	if queryValue[int](t, db, "SELECT current_setting('server_version_num')::int") < 150000 {
		t.Skip("needs PostgreSQL 15, which reports its statistics on demand")
	}
	tenant := uuid.New()
	must(t, db, `INSERT INTO deliveries SELECT gen_random_uuid(), $1, md5('c' || i % 500)::uuid, 'pluggy', 'e', '',
		sha256(i::text::bytea), 'body', '', 'ignored', NULL, $2::timestamptz + i % 13 * interval '7 days' FROM generate_series(1, 13000) i`,
		tenant, week(0))
	must(t, db, "ANALYZE")
	const page = `SELECT id FROM deliveries WHERE tenant_id = $1 ORDER BY received_at DESC, id DESC LIMIT 20`
	for _, list := range []struct {
		what, query string
		args        []any
		weeks       int
	}{
		{"newest", page, []any{tenant}, 1},
		{
			"bounded", strings.Replace(page, "ORDER", "AND received_at >= $2 AND received_at < $3 ORDER", 1),
			[]any{tenant, week(3), week(4)}, 2,
		},
	} {
		if n := partitionsTouched(
			t,
			db,
			"deliveries",
			func() { must(t, db, list.query, list.args...) },
		); n < 1 ||
			n > list.weeks {
			t.Errorf("the %s page reads %d weeks, want 1 to %d", list.what, n, list.weeks)
		}
	}
}
