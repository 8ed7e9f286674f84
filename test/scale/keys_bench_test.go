package scale_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// insertPlain is the store's current insert statement for new events. It sets only the columns that insertWithKeys
// sets.
const insertPlain = `
	INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, scope, status, received_at)
	SELECT id, tenant_id, connection_id, 'pluggy', '', '', fingerprint, repeat('x', 400)::bytea, '', 'ignored', received_at
	FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::timestamptz[])
		AS told (id, tenant_id, connection_id, fingerprint, received_at)
	ON CONFLICT (connection_id, fingerprint) DO NOTHING RETURNING id`

// BenchmarkKeys measures the cost of a separate key table for deliveries that are partitioned by time. One writer
// inserts batches of 64 new events. It alternates between two databases: one with the key table, and one with the plain
// table of the migrations.
//
//	go test ./test/scale -run '^$' -bench Keys -benchtime 1x -v
func BenchmarkKeys(b *testing.B) {
	server, err := pgtest.Start(
		pgtest.Options{Fsync: true, Settings: map[string]string{"shared_buffers": "384MB", "max_wal_size": "8GB"}},
	)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Stop() })
	for _, name := range []string{"plain", "bytime"} {
		must(b, openDB(b, server.URL(), 1), "CREATE DATABASE "+name)
	}
	url := func(name string) string { return strings.Replace(server.URL(), "/postgres?", "/"+name+"?", 1) }
	plain, bytime := migrateDB(b, url("plain"), 0), migrateDB(b, url("bytime"), 0, "testdata/bytime.sql")
	var rates [2][]float64
	for round := range *rounds {
		rates[0] = append(rates[0], insertBatches(b, plain, insertPlain, round))
		rates[1] = append(
			rates[1],
			insertBatches(
				b,
				bytime,
				strings.Replace(
					insertWithKeys,
					"fingerprint, '', '', 'ignored'",
					"fingerprint, repeat('x', 400)::bytea, '', 'ignored'",
					1,
				),
				round,
			),
		)
	}
	p, q := median(rates[0]), median(rates[1])
	b.Logf("events a second: %.0f plain, %.0f by time with keys, %.2f", p, q, q/p)
	keys := queryValue[float64](
		b,
		bytime,
		`SELECT sum(pg_total_relation_size(inhrelid)) / (SELECT count(*) FROM delivery_keys)
		FROM pg_inherits WHERE inhparent = 'delivery_keys'::regclass`,
	)
	b.Logf("bytes a key, index included: %.0f", keys)
}

// insertBatches stores 50,000 events of 2,000 connections with the given SQL statement, and returns the events per
// second. The events of even rounds are in one week, and those of odd rounds in the next.
func insertBatches(b *testing.B, db *postgres.DB, statement string, round int) float64 {
	b.Helper()
	const size, events = 64, 50_000
	start := time.Now()
	for first := 0; first < events; first += size {
		var ids, tenants, connections [][16]byte
		var fingerprints [][]byte
		var received []time.Time
		for i := first; i < first+size; i++ {
			sum := sha256.Sum256(fmt.Append(nil, round, i))
			ids, tenants = append(ids, uuid.Must(uuid.NewV7())), append(tenants, [16]byte{byte(i % 100)})
			connections, fingerprints = append(
				connections,
				[16]byte{byte(i % 2000), byte(i % 2000 >> 8)},
			), append(
				fingerprints,
				sum[:],
			)
			received = append(received, week(round%2).Add(time.Duration(i)*time.Millisecond))
		}
		must(b, db, statement, ids, tenants, connections, fingerprints, received)
	}
	return events / time.Since(start).Seconds()
}
