package sqlite_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
)

// oldDB returns the DSN of a database of the last version with separate migrations, and a connection to it.
func oldDB(t *testing.T) (string, *sql.DB) {
	t.Helper()
	text, err := os.ReadFile("testdata/version29.sql")
	if err != nil {
		t.Fatal(err)
	}
	dsn := "sqlite://" + filepath.Join(t.TempDir(), "old.db")
	db := unmigrated(t, dsn)
	if _, err := db.Writer.ExecContext(t.Context(), string(text)); err != nil {
		t.Fatal(err)
	}
	return dsn, db.Writer
}

// unmigrated opens the database, and closes it at the end of the test.
func unmigrated(t *testing.T, dsn string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// queryLines returns the rows of a query with one text column.
func queryLines(t *testing.T, db *sql.DB, query string) (lines []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// checks matches a CHECK constraint in the SQL of a table. SQLite has no other description of these constraints.
var checks = regexp.MustCompile(`(?i)CHECK \(([^()]|\([^()]*\))*\)`)

// schemaOf returns one line for each table, column, constraint, index and trigger of a database.
func schemaOf(t *testing.T, db *sql.DB) []string {
	t.Helper()
	lines := queryLines(t, db, `
		WITH t AS (SELECT name, wr, strict FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite%')
		SELECT printf('table %s without rowid:%d strict:%d', name, wr, strict) FROM t
		UNION ALL SELECT printf('column %s.%d %s %s notnull:%d default:%s key:%d', t.name, c.cid, c.name, c.type,
			c."notnull", c.dflt_value, c.pk) FROM t, pragma_table_xinfo(t.name) c
		UNION ALL SELECT printf('foreign key %s %s %s', t.name, f."from", f."table")
			FROM t, pragma_foreign_key_list(t.name) f
		UNION ALL SELECT printf('index %s %s unique:%d origin:%s partial:%d columns:%s', t.name, i.name, i."unique",
			i.origin, i.partial, (SELECT group_concat(printf('%s %s %d', x.name, x.coll, x."desc"))
			FROM pragma_index_xinfo(i.name) x WHERE x.key)) FROM t, pragma_index_list(t.name) i
		UNION ALL SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL`)
	rows, err := db.QueryContext(t.Context(), "SELECT name, sql FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			t.Fatal(err)
		}
		for _, check := range checks.FindAllString(text, -1) {
			lines = append(lines, name+" "+check)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

func TestTheUpgradeCreatesTheSchemaOfANewDatabase(t *testing.T) {
	created := opened(t, file(t))
	dsn, _ := oldDB(t)
	upgraded := opened(t, dsn)
	if diff := gocmp.Diff(schemaOf(t, created.Writer), schemaOf(t, upgraded.Writer)); diff != "" {
		t.Errorf("schema (-new +upgraded):\n%s", diff)
	}
}

// renamed maps the old names of tables and columns to the new ones. The key of a column consists of the new name of
// its table, a dot, and the old name of the column.
var renamed = map[string]string{
	"unshown_transactions":         "carried_over_transactions",
	"strays":                       "late_joins",
	"pulls.ask":                    "scope",
	"deliveries.ask":               "scope",
	"transactions.source":          "content_hash",
	"connections.redirected_at":    "target_changed_at",
	"accounts.link_references":     "account_refs",
	"split_pairs.left_external_id": "old_external_id",
	"split_pairs.came_external_id": "new_external_id",
}

// added contains the tables and columns that later migrations add or drop. The key of a column consists of the name
// of its table, a dot, and the name of the column.
var added = map[string]bool{
	"matcher_entries": true, "subscriptions.scanned_sources": true, "subscriptions.failing_since": true,
	"account_completeness.changed_since": true, "account_completeness.changed_from": true,
	"account_completeness.decided_at": true,
	"connections.stream_position":     true,
	"late_joins.tenant_id":            true,
	"connections.usage_month":         true,
	"connections.usage_refreshes":     true,
	"connections.usage_pulls":         true,
	"connections.reauth_announced":    true,
	"connections.failure_announced":   true,

	"link_sessions":      true,
	"announced_removals": true, "possible_replacements": true, "connections.ambiguity": true,
	"transactions.possibly_supersedes": true, "transaction_versions.possibly_supersedes": true,
	"transactions.reason": true, "transaction_versions.reason": true,
	"transactions.end_to_end_id": true, "transaction_versions.end_to_end_id": true,
	"transactions.institution_id": true, "transaction_versions.institution_id": true,
	"transactions.authentication_code": true, "transaction_versions.authentication_code": true,
	"transactions.reference_number": true, "transaction_versions.reference_number": true,
	"transactions.receiver_reference_id": true, "transaction_versions.receiver_reference_id": true,
	"transactions.tracking_key": true, "transaction_versions.tracking_key": true,
	"transactions.cheque_number": true, "transaction_versions.cheque_number": true,
	"transactions.counterparty_document": true, "transaction_versions.counterparty_document": true,
	"connections.reauth_since": true, "connections.consent_since": true, "search_index": true, "search_progress": true,
	"day_totals":   true,
	"search_texts": true, "search_texts_config": true, "search_texts_data": true, "search_texts_docsize": true,
	"search_texts_idx": true,
	"change_clocks":    true, "reopened_closes": true, "transaction_versions.replaced_at": true,
	"account_closes.document": true,
	"subscriptions.settings":  true, "subscriptions.url": true, "subscriptions.exchange": true,
	"subscriptions.routing_key": true, "subscription_events.source": true,

	"connections.client_key": true, "connections.application_key": true, "client_hash_keys": true,
	"connections.application_id": true, "link_sessions.application_id": true, "applications": true,
	"webhook_tokens.application_key": true, "webhook_tokens.registration_base_url": true,
	"webhook_tokens.registration_sealed":       true,
	"webhook_tokens.registration_of_reference": true,
}

// rowsByTable returns the rows of each table, under the present names of tables and columns. It omits the tables and
// columns in added, and the versions of the schema. Each row is a text of names and values in the notation of SQL.
func rowsByTable(t *testing.T, db *sql.DB) map[string][]string {
	t.Helper()
	tables := queryLines(t, db, `SELECT name FROM sqlite_master WHERE type = 'table'
		AND name NOT IN ('goose_db_version', 'sqlite_sequence')`)
	all := map[string][]string{}
	for _, old := range tables {
		table := cmp.Or(renamed[old], old)
		if added[table] {
			continue
		}
		var values []string
		for _, column := range queryLines(t, db, "SELECT name FROM pragma_table_info('"+old+"') ORDER BY name") {
			if added[table+"."+column] {
				continue
			}
			name := cmp.Or(renamed[table+"."+column], column)
			if added[table+"."+name] {
				continue
			}
			values = append(values, fmt.Sprintf("'%s: ' || quote(%s)", name, column))
		}
		slices.Sort(values)
		all[table] = queryLines(t, db, "SELECT "+strings.Join(values, " || ', ' || ")+" FROM "+old+" ORDER BY 1")
	}
	return all
}

func TestTheUpgradeKeepsAllRows(t *testing.T) {
	dsn, db := oldDB(t)
	before := rowsByTable(t, db)
	for _, table := range []string{"pulls", "deliveries", "transactions", "split_pairs", "late_joins"} {
		if len(before[table]) == 0 {
			t.Errorf("%s: the old database has no rows", table)
		}
	}
	after := opened(t, dsn).Writer
	upgraded := rowsByTable(t, after)
	delete(upgraded, "last_webhook_tokens") // a table of a later migration
	if diff := gocmp.Diff(before, upgraded); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
	ofTenant := queryLines(t, after,
		"SELECT delivery_id FROM late_joins l JOIN deliveries d ON d.id = delivery_id AND d.tenant_id = l.tenant_id")
	if len(ofTenant) != len(before["late_joins"]) {
		t.Errorf("%d of %d late joins have the tenant of their delivery", len(ofTenant), len(before["late_joins"]))
	}
}

func TestConcurrentProcessesUpgradeOnce(t *testing.T) {
	dsn, _ := oldDB(t)
	errs := make(chan error)
	const starters = 4
	for range starters {
		db := unmigrated(t, dsn)
		go func() { errs <- db.Migrate(t.Context()) }()
	}
	for range starters {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestAnOlderSchemaIsNotUpgraded(t *testing.T) {
	dsn, old := oldDB(t)
	if _, err := old.ExecContext(t.Context(), "DELETE FROM goose_db_version WHERE version_id = 29"); err != nil {
		t.Fatal(err)
	}
	before := schemaOf(t, old)
	err := unmigrated(t, dsn).Migrate(t.Context())
	if err == nil || !strings.Contains(err.Error(), `at version 28`) || strings.Contains(err.Error(), "\n") ||
		!strings.Contains(err.Error(), `run "discovery migrate" of commit 948d2062 first`) {
		t.Errorf("error %v, want one line with the commit to run first", err)
	}
	if diff := gocmp.Diff(before, schemaOf(t, old)); diff != "" {
		t.Errorf("schema (-before +after):\n%s", diff)
	}
}

// The unique keys must be those of PostgreSQL; see the test with the same name in package postgres. A primary key of
// one INTEGER column is the rowid and has no index.
func TestEachUniqueKeyEndsWithTheTenant(t *testing.T) {
	got := queryLines(t, opened(t, file(t)).Writer, `
		SELECT t.name || ': ' || (SELECT group_concat(x.name) FROM pragma_index_xinfo(i.name) x WHERE x.key)
		FROM pragma_table_list t, pragma_index_list(t.name) i
		WHERE t.type = 'table' AND i."unique" AND 'tenant_id' <> (
			SELECT x.name FROM pragma_index_xinfo(i.name) x WHERE x.key ORDER BY x.seqno DESC LIMIT 1) ORDER BY 1`)
	want := []string{
		"connections: tenant_id,name", "idempotency_keys: tenant_id,key", "webhook_tokens: hash",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("unique keys that do not end with the tenant (-want +got):\n%s", diff)
	}
}
