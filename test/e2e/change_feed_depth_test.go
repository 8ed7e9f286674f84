package e2e_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// feedDepth is the number of changes in the feed.
const feedDepth = 1_000_000

// feedColumns are the columns of a transaction except its id, tenant, external id and feed position. The two SQL
// statements below insert feedDepth rows with constant values for these columns.
const (
	feedColumns = `connection_id, vendor, account, amount, currency, account_currency, status, date, description, category,
		counterparty, digest, version, first_seen_at, updated_at`
	insertOnPostgres = `INSERT INTO transactions (id, tenant_id, external_id, change_tx, ` + feedColumns + `)
		SELECT gen_random_uuid(), '%[1]s', i::text, i, '%[1]s', 'pluggy', '', 1, 'BRL', '', 'posted', '2026-03-01', 'a row', '', '', '\x00', 1, now(), now()
		FROM generate_series(1, %[2]d) i`
	insertOnSQLite = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %[2]d)
		INSERT INTO transactions (id, tenant_id, external_id, change_tx, ` + feedColumns + `)
		SELECT printf('00000000-0000-7000-8000-%%012x', i), '%[1]s', i, i, '%[1]s', 'pluggy', '', '1', 'BRL', '', 'posted', '2026-03-01', 'a row', '', '', x'00', 1, 1, 1
		FROM n`
)

// BenchmarkFeedDepth measures how long it takes to read a page of the feed at the start, in the
// middle and at the end of a million changes.
//
//	go test ./test/e2e -run '^$' -bench FeedDepth -benchtime 500x
func BenchmarkFeedDepth(b *testing.B) {
	b.Run("postgres", func(b *testing.B) {
		db, err := postgres.Open(b.Context(), postgres.Config{URL: pgtest.DSN(b)})
		if err == nil {
			err = db.Migrate(b.Context())
		}
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		benchmarkDepth(b, db.Store(nil).Ledger(), insertOnPostgres, func(ctx context.Context, statement string) error {
			_, err := db.Pool.Exec(ctx, statement)
			return err
		}, fmt.Sprint("UPDATE feed SET shift = ", 2*feedDepth), "VACUUM ANALYZE transactions")
	})
	b.Run("sqlite", func(b *testing.B) {
		db, err := sqlite.Open(b.Context(), sqlite.Config{DSN: "sqlite://" + filepath.Join(b.TempDir(), "feed.db")})
		if err == nil {
			err = db.Migrate(b.Context())
		}
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		benchmarkDepth(b, db.Store(nil).Ledger(), insertOnSQLite, func(ctx context.Context, statement string) error {
			_, err := db.Writer.ExecContext(ctx, statement)
			return err
		})
	})
}

func benchmarkDepth(
	b *testing.B,
	ledger ports.Ledger,
	insert string,
	execute func(context.Context, string) error,
	more ...string,
) {
	tenant := domain.TenantID{UUID: uuid.New()}
	// The benchmark reads with unencrypted positions. The feed refuses such positions above plain_until, so the last
	// statement raises plain_until.
	more = append(more, fmt.Sprint("UPDATE feed SET plain_until = ", feedDepth))
	for _, statement := range append([]string{fmt.Sprintf(insert, tenant, feedDepth)}, more...) {
		if err := execute(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	for _, place := range []int{1, feedDepth / 2, feedDepth - domain.DefaultFeedLimit - 1} {
		request := domain.PageRequest{Limit: domain.DefaultFeedLimit, After: domain.Position{Key: strconv.Itoa(place)}}
		b.Run(fmt.Sprint("behind=", place), func(b *testing.B) {
			for b.Loop() {
				page, err := ledger.Changes(b.Context(), tenant, request)
				if err != nil || len(page.Items) != domain.DefaultFeedLimit {
					b.Fatalf("%d items: %v", len(page.Items), err)
				}
			}
		})
	}
}
