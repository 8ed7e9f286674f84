package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// bulk is the amount of data in a database of the benchmark section "growth".
type bulk struct{ tenants, connections, rows int }

// seed fills a migrated database with SQL statements. Ids and secrets are derived from numbers: token n is "token-n",
// and event n has the key "event-n". Both belong to the connection with the number n modulo the number of connections.
// The SQL computes the fingerprint of an event in the same way as domain.FingerprintOf.
func (k bulk) seed(ctx context.Context, pool *pgxpool.Pool) error {
	for _, statement := range []string{
		// A position in the feed must be below the sum of shift and the current PostgreSQL transaction id. The id is
		// low in a new cluster, and later statements insert high positions. Therefore shift is increased first.
		"UPDATE feed SET shift = 1000000000",
		`CREATE FUNCTION made_id(kind int, n bigint) RETURNS uuid IMMUTABLE PARALLEL SAFE LANGUAGE sql AS
			$$ SELECT (lpad(to_hex(kind), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$`,
		fmt.Sprintf(`INSERT INTO connections (id, tenant_id, kind, name, vendor, base_url, account_ref, type, sealed, health_status,
				health_reason, needs_reauth, reauth_by_event, revision, created_at, updated_at)
			SELECT made_id(1, n), made_id(2, n %% %d), 'aggregator', 'connection-' || n, 'pluggy', 'https://api.pluggy.ai', 'item-' || n, '',
				sha256(n::text::bytea), '', '', false, false, 1, now(), now() FROM generate_series(0, %d - 1) n`, k.tenants, k.connections),
		fmt.Sprintf(`INSERT INTO webhook_tokens (id, tenant_id, connection_id, vendor, hash, created_at)
			SELECT made_id(3, n), made_id(2, n %% %d), made_id(1, n), 'pluggy', sha256(('token-' || n)::bytea), now()
			FROM generate_series(0, %d - 1) n`, k.tenants, k.connections),
		fmt.Sprintf(`INSERT INTO deliveries (id, tenant_id, connection_id, vendor, event, event_id, fingerprint, body, scope, status, received_at)
			SELECT made_id(6, n), made_id(2, n %% %[2]d %% %[1]d), made_id(1, n %% %[2]d), 'pluggy', 'item/updated', 'event-' || n,
				sha256('\x6576656e7400'::bytea || ('event-' || n)::bytea), convert_to(repeat('x', 220), 'UTF8'), '', 'ignored', now() - n * interval '1 ms'
			FROM generate_series(0, %[3]d - 1) n`, k.tenants, k.connections, k.events()),
		fmt.Sprintf(`INSERT INTO transactions (id, tenant_id, connection_id, vendor, account, external_id, amount, currency, account_currency,
				status, date, description, category, counterparty, metadata, digest, version, first_seen_at, updated_at, change_tx)
			SELECT made_id(5, n), made_id(2, n %% %[2]d %% %[1]d), made_id(1, n %% %[2]d), 'pluggy', 'account', md5(n::text), n, 'BRL', '', 'posted',
				to_char(date '2026-01-01' + (n %% 300)::int, 'YYYY-MM-DD'), 'COMPRA GERADA', 'Shopping', '',
				convert_to(repeat('y', 500), 'UTF8'),
				sha256(n::text::bytea), 1, now(), now(), n / 500 FROM generate_series(0::bigint, %[3]d - 1) n`, k.tenants, k.connections, k.rows),
		"VACUUM ANALYZE", "CHECKPOINT",
	} {
		if _, err := pool.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%w in %.60s", err, oneLine(statement))
		}
	}
	return nil
}

// events returns the number of deliveries. Each delivery contains one event.
func (k bulk) events() int { return max(k.connections, k.rows/5) }
