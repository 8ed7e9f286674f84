package gormstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// selectFacts is a SELECT of the facts about all live aggregator connections of a tenant. Each table is read once,
// and its rows are grouped by connection. Only a connection with a missing webhook is looked up in the tables of
// tokens and deliveries.
//
// An account is shared if two live connections of one vendor have a live account with the same key, or with the same
// external id. Few accounts are shared. The query therefore joins only accounts with a repeated key or external id to
// their connections. The id of the tenant is passed for every parameter.
const selectFacts = `WITH
	quarantine AS (SELECT connection_id, count(*) AS quarantined, min(first_seen_at) AS since
		FROM quarantined_rows WHERE tenant_id = ? GROUP BY connection_id),
	waiting AS (SELECT connection_id, min(held_at) AS since
			FROM absent_transactions WHERE tenant_id = ? AND held_at IS NOT NULL GROUP BY connection_id
		UNION ALL SELECT connection_id, min(announced_at)
			FROM announced_removals WHERE tenant_id = ? AND state = 'held' GROUP BY connection_id),
	held AS (SELECT connection_id, min(since) AS since FROM waiting GROUP BY connection_id),
	drift AS (SELECT d.connection_id, min(d.drift_since) AS since
		FROM account_completeness d JOIN accounts a ON a.id = d.account_id AND a.tenant_id = d.tenant_id
		WHERE d.tenant_id = ? AND d.drift_since IS NOT NULL AND a.removed_at IS NULL GROUP BY d.connection_id),
	repeated_keys AS (SELECT account_key FROM accounts
		WHERE tenant_id = ? AND account_key <> '' AND removed_at IS NULL GROUP BY account_key HAVING count(*) > 1),
	repeated_externals AS (SELECT external_id FROM accounts
		WHERE tenant_id = ? GROUP BY external_id HAVING count(*) > 1),
	present AS (SELECT a.connection_id, a.vendor, a.account_key, a.external_id, a.first_seen_at
		FROM accounts a JOIN connections o ON o.id = a.connection_id AND o.tenant_id = a.tenant_id
		WHERE a.tenant_id = ? AND a.removed_at IS NULL AND o.deleted_at IS NULL
			AND (a.account_key IN (SELECT account_key FROM repeated_keys)
				OR a.external_id IN (SELECT external_id FROM repeated_externals))),
	keys AS (SELECT vendor, account_key, max(first_seen_at) AS since FROM present WHERE account_key <> ''
		GROUP BY vendor, account_key HAVING count(DISTINCT connection_id) > 1),
	externals AS (SELECT vendor, external_id, max(first_seen_at) AS since FROM present
		GROUP BY vendor, external_id HAVING count(DISTINCT connection_id) > 1),
	shared AS (SELECT p.connection_id, k.since FROM keys k
			JOIN present p ON p.vendor = k.vendor AND p.account_key = k.account_key
		UNION ALL SELECT p.connection_id, e.since FROM externals e
			JOIN present p ON p.vendor = e.vendor AND p.external_id = e.external_id),
	sharing AS (SELECT connection_id, min(since) AS since FROM shared GROUP BY connection_id),
	pairs AS (SELECT connection_id, min(CASE WHEN state = 'open' THEN since END) AS suggested,
			min(CASE WHEN state = 'join_undone' THEN since END) AS undone
		FROM possible_replacements WHERE tenant_id = ? AND state IN ('open', 'join_undone') GROUP BY connection_id)
SELECT connections.id, name, vendor, health_status, health_reason, health_since, needs_reauth, reauth_since,
	consent_status, consent_expires_at, consent_since, webhook_next_at, webhook_missed_at, paused_at, updated_at,
	coalesce(quarantine.quarantined, 0), quarantine.since, held.since, drift.since, sharing.since,
	pairs.suggested, pairs.undone, ambiguity,
	CASE WHEN webhook_missed_at IS NULL THEN false ELSE ` + hasLiveToken + ` END, ` + isHeard + `
FROM connections
	LEFT JOIN quarantine ON quarantine.connection_id = connections.id
	LEFT JOIN held ON held.connection_id = connections.id
	LEFT JOIN drift ON drift.connection_id = connections.id
	LEFT JOIN sharing ON sharing.connection_id = connections.id
	LEFT JOIN pairs ON pairs.connection_id = connections.id
WHERE connections.tenant_id = ? AND connections.deleted_at IS NULL AND connections.kind = 'aggregator'`

// VisitFacts runs selectFacts, restricted to ids unless ids is nil, and calls visit for each connection.
func (s connections) VisitFacts(
	ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID, visit func(*domain.ConnectionFacts) error,
) error {
	id := UUID(tenant.UUID)
	q := NewQuery(selectFacts, id, id, id, id, id, id, id, id, id)
	if ids != nil {
		among := s.Dialect.AnyOf("connections.id", textsOf(ids))
		q.Add(" AND "+among.SQL, among.Vars...)
	}
	var f domain.ConnectionFacts
	var paused time.Time
	var ambiguity string
	h, c, w := &f.Health, &f.Consent, &f.Webhook
	columns := []any{
		ScanTarget(&f.ID.UUID), (*Text)(&f.Name), (*Text)(&f.Vendor), (*Text)(&h.Status),
		(*Text)(&h.Reason), timeColumn{&h.Since}, &h.NeedsReauth, timeColumn{&h.ReauthSince},
		(*Text)(&c.Status), timeColumn{&c.ExpiresAt}, timeColumn{&c.Since}, timeColumn{&w.Schedule.NextAt},
		timeColumn{&w.MissedAt}, timeColumn{&paused}, timeColumn{&f.UpdatedAt},
		&f.Quarantined, timeColumn{&f.QuarantinedSince}, timeColumn{&f.RemovalsHeldAt}, timeColumn{&f.DriftSince},
		timeColumn{&f.SharedSince}, timeColumn{&f.SuggestedSince}, timeColumn{&f.JoinUndoneSince},
		(*Text)(&ambiguity), &f.Webhooks.HasToken, &f.Webhooks.Heard,
	}
	return s.Rows(ctx, q.String(), q.Args, columns, func() error {
		staged := decodeAmbiguity(ambiguity)
		f.Paused, f.AmbiguousSince = !paused.IsZero(), staged.Since
		if at := staged.UnmatchedSince; f.RemovalsHeldAt.IsZero() || !at.IsZero() && at.Before(f.RemovalsHeldAt) {
			f.RemovalsHeldAt = at
		}
		return visit(&f)
	})
}

// CountAdded groups the ended pulls of the connections by day.
func (s connections) CountAdded(
	ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID, first domain.Date,
) (map[domain.ConnectionID]map[domain.Date]int, error) {
	begin, err := time.Parse(time.DateOnly, string(first))
	if err != nil {
		return nil, err
	}
	day := s.Dialect.UTCDay("finished_at")
	among := s.Dialect.AnyOf("connection_id", textsOf(ids))
	q := NewQuery("SELECT connection_id, "+day+", sum(added) FROM pulls WHERE "+s.Dialect.TenantIs("tenant_id", "?")+
		" AND state IN ('succeeded', 'failed') AND finished_at >= ? AND added > 0",
		UUID(tenant.UUID), Instant{begin}.Param(s.reader.Name()))
	q.Add(" AND "+among.SQL, among.Vars...)
	q.Add(" GROUP BY connection_id, " + day)
	counts := map[domain.ConnectionID]map[domain.Date]int{}
	var connection uuid.UUID
	var date domain.Date
	var added int
	columns := []any{ScanTarget(&connection), (*Text)(&date), &added}
	err = s.Rows(ctx, q.String(), q.Args, columns, func() error {
		c := domain.ConnectionID{UUID: connection}
		if counts[c] == nil {
			counts[c] = map[domain.Date]int{}
		}
		counts[c][date] = added
		return nil
	})
	return counts, err
}
