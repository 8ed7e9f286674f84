package scale_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

var (
	seeded   = flag.Int("rows", 200_000, "rows in each table before the first turn of a benchmark")
	rounds   = flag.Int("rounds", 3, "turns of each side")
	turn     = flag.Duration("turn", 2*time.Second, "how long deliveries are stored in one turn")
	compress = flag.Bool("wal-compression", false, "compress the pages in the write-ahead log")
)

// The load of a benchmark. Concurrent goroutines (callers) store deliveries for connectionCount connections. A pull
// stores pagesEach pages of pageRows rows each.
const (
	connectionCount = 2000
	callers         = 64
	pageRows        = 500
	pagesEach       = 20
)

// seed fills a database as it would be after years of use: ids ascend with time, fingerprints are in
// random order, and every connection has a queued pull, as in a burst of webhooks.
var seed = []string{
	`CREATE FUNCTION ordered(i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
		SELECT (lpad(to_hex(1760000000000 + i * 10), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i::text), 4, 15))::uuid $$`,
	`INSERT INTO connections SELECT md5('c' || i)::uuid, md5('t' || i % 100)::uuid, 'aggregator', 'c' || i, 'pluggy', '', '', '', NULL, 'x',
		'', '', NULL, false, false, 1, now(), now() FROM generate_series(1, $1) i`,
	`INSERT INTO webhook_tokens SELECT md5('k' || i)::uuid, md5('t' || i % 100)::uuid, md5('c' || i)::uuid, 'pluggy', sha256(('token' || i)::bytea),
		now() FROM generate_series(1, $1) i`,
	`INSERT INTO pulls SELECT md5('p' || i)::uuid, md5('t' || i % 100)::uuid, md5('c' || i)::uuid, 'pluggy', 'webhook', '', 'queued', '', '',
		0, 0, 0, 0, 0, 0, 0, '', NULL, NULL, NULL, now() FROM generate_series(1, $1) i`,
	`INSERT INTO deliveries SELECT ordered(i), md5('t' || i % 2000 % 100)::uuid, md5('c' || i % 2000)::uuid, 'pluggy', 'transactions/updated',
		md5(i::text), sha256(i::text::bytea), convert_to(repeat(md5(i::text), 12), 'UTF8'), '{"Everything":false}', 'accepted',
		md5('over' || i / 10)::uuid, now() - ($1 - i) * interval '1 ms' FROM generate_series(1, $1) i`,
	`INSERT INTO transactions SELECT ordered(i), md5('t' || i % 2000 % 100)::uuid, md5('c' || i % 2000)::uuid, 'pluggy', md5('a')::uuid, 'account',
		md5(i::text)::uuid::text, -12.5, 'BRL', NULL, '', 'posted', '2026-01-' || lpad((1 + i % 28)::text, 2, '0'), now(), 'PIX enviado ' || i,
		'Transfers', '', convert_to(repeat(md5(i::text), 7), 'UTF8'), sha256(i::text::bytea), 1, now(), now(), NULL, 1
		FROM generate_series(1, $1) i`,
	"VACUUM (ANALYZE)",
}

// variant is one variant of the database, with plain or with partitioned tables. It records the results of its
// measurements by name.
type variant struct {
	name     string
	db       *postgres.DB
	s        *postgres.Store
	received atomic.Int64
	got      map[string][]float64
}

func newSide(b *testing.B, url, name string, scripts ...string) *variant {
	b.Helper()
	must(b, openDB(b, url, 1), "CREATE DATABASE "+name)
	db := migrateDB(b, url[:len(url)-len("postgres?sslmode=disable")]+name+"?sslmode=disable", 0, scripts...)
	for i, statement := range seed {
		var args []any
		switch {
		case i > 0 && i < 4:
			args = []any{connectionCount}
		case i == 4 || i == 5:
			args = []any{*seeded}
		}
		must(b, db, statement, args...)
	}
	d := &variant{name: name, db: db, s: db.Store(nil), got: map[string][]float64{}}
	for _, table := range []string{"deliveries", "transactions"} {
		size := queryValue[int64](b, db, `SELECT pg_total_relation_size($1::regclass)
			+ coalesce((SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = $1::regclass), 0)::bigint`, table)
		d.record("bytes a row of "+table+", indexes included", float64(size)/float64(*seeded))
	}
	return d
}

func (d *variant) record(what string, value float64) { d.got[what] = append(d.got[what], value) }

// measure calls fn, which returns the number of operations that it performed. It records the operations per second and
// the bytes of write-ahead log per operation under the given name.
func (d *variant) measure(b *testing.B, name string, fn func() int64) {
	b.Helper()
	// After a checkpoint, the first change of a page writes the whole page to the log, as in production.
	must(b, d.db, "CHECKPOINT")
	before, start := queryValue[string](b, d.db, "SELECT pg_current_wal_lsn()::text"), time.Now()
	n := fn()
	took := time.Since(start)
	wal := queryValue[float64](b, d.db, "SELECT pg_current_wal_lsn() - $1::pg_lsn", before)
	d.record(name+" a second", float64(n)/took.Seconds())
	d.record("bytes of log, "+name, wal/float64(n))
}

// storeDeliveries stores new deliveries concurrently for the time that the flag -turn sets. It returns their number.
func (d *variant) storeDeliveries(b *testing.B) int64 {
	ctx, cancel := context.WithTimeout(b.Context(), *turn)
	defer cancel()
	var stored atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil {
				n := d.received.Add(1)
				r := incoming(domain.HashToken("token"+strconv.FormatInt(1+n%connectionCount, 10)), uuid.NewString())
				if _, err := d.s.Deliveries().Receive(b.Context(), r); err != nil {
					b.Error(err)
					return
				}
				stored.Add(1)
			}
		})
	}
	all.Wait()
	return stored.Load()
}

// storePages stores the same pages in each call, with the given lease, and returns the number of rows. At the first
// call for a connection all rows are new, and at later calls all rows are unchanged.
func (d *variant) storePages(b *testing.B, lease domain.Lease) int64 {
	for page := range pagesEach {
		ids := make([]string, pageRows)
		for i := range ids {
			ids[i] = uuid.NewSHA1(uuid.Nil, fmt.Append(nil, page, i)).String()
		}
		write(b, d.s, lease, ids...)
	}
	return pageRows * pagesEach
}

// BenchmarkParts compares partitioned tables with the tables that the migrations create. It measures both in turn on
// one server that flushes every commit to disk. The results are rates, bytes per row and bytes of write-ahead log.
//
//	go test ./test/scale -run '^$' -bench Parts -benchtime 1x -v
func BenchmarkParts(b *testing.B) {
	server, err := pgtest.Start(pgtest.Options{Fsync: true, Settings: map[string]string{
		"shared_buffers":     "384MB",
		"max_wal_size":       "8GB",
		"checkpoint_timeout": "1h",
		"wal_compression":    map[bool]string{true: "on", false: "off"}[*compress],
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Stop() })
	variants := []*variant{newSide(b, server.URL(), "plain"), newSide(b, server.URL(), "parts", partitions)}
	b.ResetTimer()
	for range *rounds {
		for _, d := range variants {
			d.measure(b, "receipts", func() int64 { return d.storeDeliveries(b) })
			lease := claimPull(b, d.s, connection(b, d.s, newTenant()))
			d.measure(b, "new rows", func() int64 { return d.storePages(b, lease) })
			d.measure(b, "unchanged rows", func() int64 { return d.storePages(b, lease) })
			d.measure(b, "feed pages", func() int64 { return d.feed(b) })
		}
	}
	b.StopTimer()
	report(b, variants[0], variants[1])
}

// feed reads the change feed of one seeded tenant from its start to its end, in pages of 200. It returns
// the number of pages.
func (d *variant) feed(b *testing.B) int64 {
	tenant := domain.TenantID{
		UUID: queryValue[uuid.UUID](b, d.db, "SELECT tenant_id FROM transactions WHERE change_tx = 1 LIMIT 1"),
	}
	var at domain.Position
	for n := int64(0); ; n++ {
		page, err := d.s.Ledger().Changes(b.Context(), tenant, domain.PageRequest{Limit: 200, After: at})
		if err != nil {
			b.Fatal(err)
		}
		if at = page.Next; !page.More {
			return n + 1
		}
	}
}

// report logs the medians of both variants and their ratio.
func report(b *testing.B, plain, parts *variant) {
	b.Helper()
	names := make([]string, 0, len(plain.got))
	for name := range plain.got {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p, q := median(plain.got[name]), median(parts.got[name])
		b.Logf("%-46s %10.0f plain %10.0f in parts  %5.2f", name, p, q, q/p)
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// BenchmarkPrune measures how fast expired deliveries are deleted by the call that the hourly maintenance task uses. A
// fifth of the table has expired. The benchmark logs the rows per second for each tenth of the expired rows, in the
// order of deletion.
//
//	go test ./test/scale -run '^$' -bench Prune -benchtime 1x -v
func BenchmarkPrune(b *testing.B) {
	server, err := pgtest.Start(
		pgtest.Options{Fsync: true, Settings: map[string]string{"shared_buffers": "384MB", "max_wal_size": "8GB"}},
	)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Stop() })
	for _, d := range []*variant{newSide(b, server.URL(), "plain"), newSide(b, server.URL(), "parts", partitions)} {
		before := queryValue[time.Time](
			b,
			d.db,
			"SELECT received_at FROM deliveries ORDER BY received_at OFFSET $1 LIMIT 1",
			*seeded/5,
		)
		for range 10 {
			start, share := time.Now(), *seeded/50
			for pruned := 0; pruned < share; {
				n, err := d.s.Deliveries().Prune(b.Context(), before, 200)
				if err != nil || n == 0 {
					b.Fatal(n, err)
				}
				pruned += n
			}
			d.record("pruned", float64(share)/time.Since(start).Seconds())
		}
		b.Logf("%s: rows a second, by tenth: %.0f", d.name, d.got["pruned"])
	}
}
