package gormstore

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// factSources contains the tables with facts about connections. Each SQL text returns at most one row for a connection.
// {rows} is the condition that selects the rows of the tenant $1, or only those of the connections $2.
// {accounts} is the accounts that may be shared; see accountsOfAll.
var factSources = []struct{ name, sql string }{
	{"quarantine", `SELECT connection_id, count(*) AS quarantined, min(first_seen_at) AS since
		FROM quarantined_rows WHERE {rows} GROUP BY connection_id`},
	{"held", `SELECT connection_id, min(since) AS since FROM (
			SELECT connection_id, min(held_at) AS since FROM row_states
				WHERE {rows} AND held_at IS NOT NULL GROUP BY connection_id
			UNION ALL SELECT connection_id, min(announced_at) FROM row_states
				WHERE {rows} AND announced_state = 'held' GROUP BY connection_id
			UNION ALL SELECT connection_id, min(held_at) FROM accounts
				WHERE {rows} AND held_at IS NOT NULL GROUP BY connection_id) removals
		GROUP BY connection_id`},
	{"drift", `SELECT connection_id, min(drift_since) AS since, min(drift_elsewhere) AS elsewhere
		FROM account_completeness c
		WHERE {rows} AND drift_since IS NOT NULL AND ` + isOfPresentAccount + ` GROUP BY connection_id`},
	{"reading", `SELECT connection_id, min(bank_read_at) AS read_at FROM accounts
		WHERE {rows} AND removed_at IS NULL AND bank_read_at IS NOT NULL GROUP BY connection_id`},
	{"sharing", `WITH
		present AS MATERIALIZED ({accounts}),
		keys AS (SELECT n.vendor, n.account_key, n.number, max(p.first_seen_at) AS since
			FROM (SELECT DISTINCT vendor, account_key, number FROM present WHERE account_key <> '') n
			JOIN present p ON p.vendor = n.vendor AND p.account_key = n.account_key
				AND NOT ` + numbersDiffer("p.number", "n.number") + `
			GROUP BY n.vendor, n.account_key, n.number HAVING count(DISTINCT p.connection_id) > 1),
		externals AS (SELECT vendor, external_id, max(first_seen_at) AS since FROM present WHERE external_id <> ''
			GROUP BY vendor, external_id HAVING count(DISTINCT connection_id) > 1),
		shared AS (SELECT p.connection_id, k.since FROM keys k
				JOIN present p ON p.vendor = k.vendor AND p.account_key = k.account_key AND p.number = k.number
			UNION ALL SELECT p.connection_id, e.since FROM externals e
				JOIN present p ON p.vendor = e.vendor AND p.external_id = e.external_id)
		SELECT connection_id, min(since) AS since FROM shared GROUP BY connection_id`},
	{"maybe", `SELECT connection_id, max(first_seen_at) AS since, string_agg(external_id, '
') AS after, string_agg(maybe_continues, ',') AS before
		FROM accounts WHERE {rows} AND maybe_continues <> '' AND removed_at IS NULL GROUP BY connection_id`},
	{"pairs", `SELECT connection_id, min(CASE WHEN state = 'open' THEN since END) AS suggested,
			min(CASE WHEN state = 'join_undone' THEN since END) AS undone
		FROM possible_replacements WHERE {rows} AND state IN ('open', 'join_undone') GROUP BY connection_id`},
	{"statements", `SELECT connection_id, min(alerting_since) AS since FROM bank_statements
		WHERE {rows} AND alerting_since IS NOT NULL GROUP BY connection_id`},
}

// accountsOfAll and accountsOfSelected select the accounts that may be shared. An account is shared if two live
// connections of one vendor have a live account with the same key, or with the same external id. The value "" matches
// nothing. Accounts with the same key are not shared if their numbers differ: the institution's id is then no identity.
//
// Few accounts are shared. Among all connections, only accounts with a repeated key or external id are therefore joined
// to their connections. For selected connections, only accounts with a key or external id of theirs are. SQLite reads
// the tables of a CROSS JOIN in this order; otherwise it would read all connections of the tenant first.
var (
	possiblyShared = `SELECT a.connection_id, a.vendor, a.account_key, a.external_id, a.first_seen_at,
			` + ComparableNumber("a") + ` AS number
		FROM accounts a CROSS JOIN connections o
		WHERE a.tenant_id = $1 AND a.removed_at IS NULL
			AND o.id = a.connection_id AND o.tenant_id = a.tenant_id AND o.deleted_at IS NULL`
	accountsOfAll = possiblyShared + ` AND (a.account_key IN (SELECT account_key FROM accounts
				WHERE tenant_id = $1 AND account_key <> '' AND removed_at IS NULL
				GROUP BY account_key HAVING count(*) > 1)
			OR a.external_id IN (SELECT external_id FROM accounts
				WHERE tenant_id = $1 GROUP BY external_id HAVING count(*) > 1))`
	accountsOfSelected = possiblyShared + ` AND a.account_key <> ''
			AND a.account_key IN (SELECT account_key FROM accounts WHERE {rows} AND removed_at IS NULL)
		UNION ` + possiblyShared + ` AND a.external_id IN (SELECT external_id FROM accounts
			WHERE {rows} AND removed_at IS NULL)`
)

// ComparableNumber returns an SQL expression for the digits of an account's number; "" if they are not comparable,
// because characters are hidden, or because there are too few of them. alias is that of the table accounts.
func ComparableNumber(alias string) string {
	number := alias + ".number"
	digits := number
	for _, mark := range []string{"-", ".", "/", " "} {
		digits = "replace(" + digits + ", '" + mark + "', '')"
	}
	digits = "ltrim(" + digits + ", '0')"
	return "CASE WHEN " + number + " LIKE '%*%' OR " + number + " LIKE '%•%' OR length(" + digits + ") < 5 " +
		"THEN '' ELSE " + digits + " END"
}

// numbersDiffer returns an SQL condition on two results of ComparableNumber. Numbers of different lengths may be those
// of one account, with and without agency or check digit.
func numbersDiffer(x, y string) string {
	return "(" + x + " <> '' AND " + y + " <> '' AND " + x + " <> " + y + " AND length(" + x + ") = length(" + y + "))"
}

// AccountNumbersDiffer returns an SQL condition on two aliases of the table accounts: both accounts state their number,
// and the numbers differ.
func AccountNumbersDiffer(a, b string) string {
	return numbersDiffer("("+ComparableNumber(a)+")", "("+ComparableNumber(b)+")")
}

// isOfPresentAccount is an SQL condition on rows of account_completeness (alias c). It is true if the row belongs to an
// account that is not marked as removed.
const isOfPresentAccount = `EXISTS (SELECT 1 FROM accounts a
	WHERE a.id = c.account_id AND a.tenant_id = c.tenant_id AND a.removed_at IS NULL)`

// factColumn is a column of the query of VisitFacts, and the variable that takes its value.
type factColumn struct {
	sql  string
	into any
}

// factTexts contains the texts of columns that hold several values.
type factTexts struct {
	ambiguity   string // see DecodeAmbiguity
	maybeBefore string // ids of accounts, separated by commas
	maybeAfter  string // external ids, one a line
}

// factColumns returns the columns for the facts f. If selected is true, the facts of only some connections are read,
// with their ConnectionActivity: the columns that take an index lookup or more for each connection.
func factColumns(
	d Dialect, f *domain.ConnectionFacts, paused *time.Time, t *factTexts, selected bool,
) []factColumn {
	h, c, w := &f.Health, &f.Consent, &f.Webhook
	columns := []factColumn{
		{"connections.id", &f.ID.UUID}, {"name", &f.Name}, {"vendor", (*string)(&f.Vendor)},
		{"health_status", (*string)(&h.Status)}, {"health_reason", (*string)(&h.Reason)}, {"health_since", &h.Since},
		{"needs_reauth", &h.NeedsReauth}, {"reauth_by_event", &h.ReauthByEvent},
		{"reauth_since", &h.ReauthSince}, {"approval_since", &h.ApprovalSince}, {"device_since", &h.DeviceSince},
		{"consent_status", (*string)(&c.Status)}, {"consent_expires_at", &c.ExpiresAt}, {"consent_since", &c.Since},
		{"webhook_next_at", &w.Schedule.NextAt}, {"webhook_due_at", &w.DueAt}, {"webhook_missed_at", &w.MissedAt},
		{"usage_month", &f.Usage.Month}, {"usage_refreshes", &f.Usage.Refreshes}, {"usage_pulls", &f.Usage.Pulls},
		{"paused_at", paused}, {"updated_at", &f.UpdatedAt}, {"ambiguity", &t.ambiguity},
		{"maybe.since", &f.MaybeSince}, {"coalesce(maybe.before, '')", &t.maybeBefore},
		{"coalesce(maybe.after, '')", &t.maybeAfter},
		{"coalesce(quarantine.quarantined, 0)", &f.Quarantined}, {"quarantine.since", &f.QuarantinedSince},
		{"held.since", &f.RemovalsHeldAt}, {"drift.elsewhere", &f.DriftSince}, {"drift.since", &f.AnyDriftSince},
		{"sharing.since", &f.SharedSince},
		{"pairs.suggested", &f.SuggestedSince}, {"pairs.undone", &f.JoinUndoneSince},
		{"statements.since", &f.StatementSince},
		{isHeard, &f.Webhooks.Heard}, {"reading.read_at", &f.BankReadAt},
		{"institution_id", &f.Bank.Institution.ID}, {"institution_name", &f.Bank.Institution.Name},
		{"bank_every * 1000", (*int64)(&f.Bank.Every)}, {"bank_on_demand", &f.Bank.OnDemand},
		{"stale_announced", &f.StaleAnnounced}, {"inconsistent_since", &f.InconsistentSince},
	}
	if !selected {
		return append(columns, factColumn{
			"CASE WHEN webhook_missed_at IS NULL THEN false ELSE " + hasLiveToken + " END", &f.Webhooks.HasToken,
		})
	}
	ofConnection := func(table string) string {
		return d.TenantIs(table+".tenant_id", "connections.tenant_id") + " AND connection_id = connections.id"
	}
	return append(
		columns,
		factColumn{hasLiveToken, &f.Webhooks.HasToken},
		factColumn{
			"(SELECT max(finished_at) FROM pulls WHERE " + ofConnection("pulls") + " AND " + IsSucceeded + ")",
			&f.LastPullAt,
		},
		factColumn{
			"(SELECT max(received_at) FROM deliveries WHERE " + ofConnection("deliveries") + ")",
			&f.LastWebhookAt,
		},
		factColumn{
			"(SELECT count(*) FROM staged_transactions WHERE " + ofConnection("staged_transactions") + ")",
			&f.Staged,
		},
		factColumn{`(SELECT count(*) FROM (
			SELECT external_id FROM row_states WHERE connection_id = connections.id
				AND tenant_id = connections.tenant_id AND held_at IS NOT NULL
			UNION SELECT external_id FROM row_states WHERE connection_id = connections.id
				AND tenant_id = connections.tenant_id AND announced_state = 'held') removals)`, &f.HeldRemovals},
		factColumn{
			"(SELECT count(*) FROM accounts WHERE " + ofConnection("accounts") + " AND held_at IS NOT NULL)",
			&f.HeldAccounts,
		},
		factColumn{`EXISTS (SELECT 1 FROM account_completeness c WHERE c.connection_id = connections.id
			AND c.tenant_id = connections.tenant_id AND compared AND ` + isOfPresentAccount + `)
			AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.connection_id = connections.id
			AND ` + d.TenantIs("a.tenant_id", "connections.tenant_id") + ` AND a.removed_at IS NULL AND NOT EXISTS (
				SELECT 1 FROM account_completeness c WHERE c.account_id = a.id AND c.tenant_id = a.tenant_id
				AND (compared OR incomparable)))`, &f.Compared},
	)
}

// factsQuery returns the SELECT of the columns. Its parameter $1 is the id of the tenant. If selected is true, $2
// contains the ids of the connections, in the form of Dialect.AnyOf.
func factsQuery(d Dialect, columns []factColumn, selected bool) string {
	among := func(column string) string { return strings.ReplaceAll(d.AnyOf(column, nil).SQL, "?", "$2") }
	rows, accounts := "tenant_id = $1", accountsOfAll
	if selected {
		rows = d.TenantIs("tenant_id", "$1") + " AND " + among("connection_id")
		accounts = accountsOfSelected
	}
	var q strings.Builder
	for i, column := range columns {
		q.WriteString([]string{"SELECT ", ", "}[min(i, 1)] + column.sql)
	}
	q.WriteString(" FROM connections")
	for _, source := range factSources {
		q.WriteString(" LEFT JOIN (" + source.sql + ") " + source.name + " ON " + source.name +
			".connection_id = connections.id")
	}
	q.WriteString(` WHERE connections.tenant_id = $1 AND connections.deleted_at IS NULL
		AND connections.kind = 'aggregator'`)
	if selected {
		q.WriteString(" AND " + among("connections.id"))
	}
	return strings.ReplaceAll(strings.ReplaceAll(q.String(), "{accounts}", accounts), "{rows}", rows)
}

// VisitFacts runs the query of factsQuery, and calls visit for each connection.
func (s connections) VisitFacts(
	ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID, visit func(*domain.ConnectionFacts) error,
) error {
	var f domain.ConnectionFacts
	var paused time.Time
	var texts factTexts
	columns, args := factColumns(s.Dialect, &f, &paused, &texts, ids != nil), []any{UUID(tenant.UUID)}
	if ids != nil {
		args = append(args, s.Dialect.AnyOf("", TextsOf(ids)).Vars...)
	}
	targets := make([]any, len(columns))
	for i, column := range columns {
		targets[i] = ScanTarget(column.into)
	}
	return s.Rows(ctx, factsQuery(s.Dialect, columns, ids != nil), args, targets, func() (err error) {
		f.Paused, f.Ambiguity = !paused.IsZero(), DecodeAmbiguity(texts.ambiguity)
		f.MaybeBefore, err = AccountIDs(texts.maybeBefore)
		if f.MaybeAfter = nil; texts.maybeAfter != "" {
			f.MaybeAfter = strings.Split(texts.maybeAfter, "\n")
		}
		if err != nil {
			return err
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
	among := s.Dialect.AnyOf("connection_id", TextsOf(ids))
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
