package e2e_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/telemetry"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// scrape reads /metrics, as Prometheus does, and returns the body.
func scrape(t testing.TB, origin string) string {
	t.Helper()
	response, err := http.Get(origin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("/metrics answered %d: %v", response.StatusCode, err)
	}
	return string(text)
}

// No metric series of a running service may contain the name of a tenant, a connection or a person. The tests of
// adapters/telemetry check that every label has only a few values.
func TestNoMetricNamesATenantOrPerson(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *healthEnv) {
		admin := serveVendor(t, telemetry.Admin(w.app.Metrics))
		var secret []string
		for _, b := range []*healthBank{newHealthPluggy(t), newHealthBelvo(t)} {
			o := w.operator(t)
			c := o.connect(b, "name-of-"+o.tenant)
			c.pullAndWait()
			c.get(connectionsPath + "/" + c.id + "/transactions")
			b.revoke()
			c.pullAndWait()
			_, token, _ := strings.Cut(c.hook, "/webhooks/"+b.vendor+"/")
			secret = append(secret, o.tenant, "name-of-", c.id, token, b.ref, b.id, b.secret, healthShared, b.origin)
		}
		text := scrape(t, admin)
		for _, family := range []string{
			"discovery_http_request", "discovery_pull_tries", "discovery_vendor_call", "discovery_transactions",
		} {
			if !strings.Contains(text, family) {
				t.Errorf("no series %s: no event was counted", family)
			}
		}
		for _, word := range secret {
			if strings.Contains(text, word) {
				t.Errorf("a series contains %q", word)
			}
		}
	})
}

// BenchmarkScrape measures how long a scrape of the metrics takes with a thousand and with a million stored deliveries.
// It also measures the query of the only gauge that reads the database. The benchmark result ×1k is the time as a
// multiple of the time with a thousand deliveries.
//
//	go test ./test/e2e -run '^$' -bench Scrape -benchtime 300x
func BenchmarkScrape(b *testing.B) {
	for backend, dsn := range map[string]func() string{
		"sqlite":   func() string { return "sqlite://" + filepath.Join(b.TempDir(), "discovery.db") },
		"postgres": func() string { return pgtest.DSN(b) },
	} {
		b.Run(backend, func(b *testing.B) {
			w := openHealthEnv(b, dsn())
			admin := serveVendor(b, telemetry.Admin(w.app.Metrics))
			c := w.operator(b).connect(newHealthPluggy(b), "main")
			c.pullAndWait()
			few := map[string]time.Duration{}
			stored := 0
			for _, n := range []int{1_000, 1_000_000} {
				c.deliveries(stored, n)
				stored = n
				for what, once := range map[string]func(){
					"scrape": func() { scrape(b, admin) },
					"backlog": func() {
						if _, err := w.app.Service.BacklogAge(b.Context()); err != nil {
							b.Fatal(err)
						}
					},
				} {
					b.Run(fmt.Sprintf("%s/deliveries=%d", what, n), func(b *testing.B) {
						for b.Loop() {
							once()
						}
						took := b.Elapsed() / time.Duration(b.N)
						if few[what] == 0 || n == 1_000 {
							few[what] = took
						}
						b.ReportMetric(float64(took)/float64(few[what]), "×1k")
					})
				}
			}
		})
	}
}

// deliveries inserts deliveries directly into the database table. They are numbered from start+1 to end.
func (c healthConnection) deliveries(start, end int) {
	c.t.Helper()
	const columns = `INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, scope, status, received_at) `
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Minute)
	defer cancel()
	path, isFile := strings.CutPrefix(c.dsn, "sqlite://")
	if isFile {
		db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(60000)")
		if err != nil {
			c.t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		_, err = db.ExecContext(
			ctx,
			`WITH RECURSIVE n(i) AS (SELECT ? + 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) `+columns+`
			SELECT printf('00000000-0000-7000-8000-%012x', i), ?, ?, 'pluggy', 'item/updated', i, randomblob(32), x'7b7d', '{}', 'ignored', i FROM n`,
			start,
			end,
			c.tenant,
			c.id,
		)
		if err != nil {
			c.t.Fatal(err)
		}
		return
	}
	db, err := pgx.Connect(ctx, c.dsn)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = db.Close(ctx) }()
	for _, statement := range []string{columns + fmt.Sprintf(`SELECT gen_random_uuid(), '%s', '%s', 'pluggy', 'item/updated', i, sha256(i::text::bytea), '\x7b7d', '{}', 'ignored',
		now() - i * interval '1 second' FROM generate_series(%d, %d) i`, c.tenant, c.id, start+1, end), "ANALYZE deliveries"} {
		if _, err := db.Exec(ctx, statement); err != nil {
			c.t.Fatal(err)
		}
	}
}

// A write transaction that stays open in another database of the same server delays the change feed. The readiness
// response and a gauge must report the delay. The gauge must be set even if nobody scrapes the metrics.
func TestAWriterOfAnotherDatabaseThatHoldsTheFeedBackIsShown(t *testing.T) {
	w := open(t, "postgres", pgtest.DSN(t))
	admin := serveVendor(t, telemetry.Admin(w.app.Metrics))
	other, err := pgx.Connect(t.Context(), pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(context.WithoutCancel(t.Context())) }()
	if _, err := other.Exec(t.Context(), "BEGIN; SELECT pg_current_xact_id()"); err != nil {
		t.Fatal(err)
	}
	held := func() float64 {
		checks, _ := w.call(t, http.MethodGet, "/readyz", nil).want(http.StatusOK).json()["checks"].(object)
		feed, _ := checks["feed"].(object)
		seconds, _ := feed["heldBackSeconds"].(float64)
		return seconds
	}
	first := held()
	eventually(t, "a longer delay", func() bool { return first > 0 && held() > first })
	eventually(t, "the gauge", func() bool {
		var seconds float64
		_, after, _ := strings.Cut(scrape(t, admin), "\ndiscovery_feed_delay_seconds ")
		_, err := fmt.Sscan(after, &seconds)
		return err == nil && seconds > first
	})
	if _, err := other.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the delay", func() bool { return held() < 0.1 })
}
