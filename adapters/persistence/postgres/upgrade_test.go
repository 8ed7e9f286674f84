package postgres_test

import (
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// The files of the upgrade tests. oldDatabase is a dump of the last version with separate migrations. oldDistribute and
// oldPartitions are scripts of that version, and newPartitions is a script of the present version.
const (
	oldDatabase   = "testdata/version27.sql"
	oldDistribute = "testdata/distribute.sql"
	oldPartitions = "testdata/partitions.sql"
	newPartitions = "../../../configs/scale/partitions.sql"
)

// execFiles executes the statements of the files in the database at dsn, each file in one transaction.
func execFiles(t *testing.T, dsn string, files ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), string(text)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	// The dump comes from another cluster. Without this statement, Migrate would therefore also move the feed.
	const here = "UPDATE feed SET cluster = system_identifier FROM pg_control_system()"
	if _, err := conn.Exec(t.Context(), here); err != nil {
		t.Fatal(err)
	}
}

// oldDB returns the URL of a database of the last version with separate migrations, after the scripts were run in it.
func oldDB(t *testing.T, scripts ...string) string {
	t.Helper()
	dsn := pgtest.DSN(t)
	execFiles(t, dsn, slices.Insert(scripts, 0, oldDatabase)...)
	return dsn
}

// schemaOf returns one line for each table, column, constraint and index of a database.
func schemaOf(t *testing.T, db *postgres.DB) []string {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), `
		WITH t AS (SELECT oid, relname, relkind, reloptions FROM pg_class
			WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p'))
		SELECT format('table %s %s %s', relname, relkind, reloptions) FROM t
		UNION ALL SELECT format('column %s.%s %s %s %s %s null:%s default:%s', relname, attnum, attname,
			format_type(atttypid, atttypmod), attcollation::regcollation, attidentity, NOT attnotnull,
			pg_get_expr(adbin, adrelid))
			FROM t JOIN pg_attribute a ON attrelid = t.oid AND attnum > 0 AND NOT attisdropped
			LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
		UNION ALL SELECT format('constraint %s.%s %s', relname, conname, pg_get_constraintdef(c.oid))
			FROM t JOIN pg_constraint c ON conrelid = t.oid
		UNION ALL SELECT format('index %s', pg_get_indexdef(indexrelid)) FROM t JOIN pg_index ON indrelid = t.oid
		UNION ALL SELECT format('trigger %s', pg_get_triggerdef(g.oid)) FROM t JOIN pg_trigger g ON tgrelid = t.oid
		ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestTheUpgradeCreatesTheSchemaOfANewDatabase(t *testing.T) {
	for name, tc := range map[string]struct{ before, after []string }{
		"one server":             {},
		"partitioned tables":     {before: []string{oldPartitions}, after: []string{newPartitions}},
		"keys for distribution":  {before: []string{oldDistribute}},
		"partitioned afterwards": {after: []string{newPartitions}},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := pgtest.DSN(t)
			created := opened(t, dsn)
			execFiles(t, dsn, tc.after...)
			old := oldDB(t, tc.before...)
			upgraded := opened(t, old)
			if len(tc.before) == 0 {
				execFiles(t, old, tc.after...)
			}
			if diff := gocmp.Diff(schemaOf(t, created), schemaOf(t, upgraded)); diff != "" {
				t.Errorf("schema (-new +upgraded):\n%s", diff)
			}
		})
	}
}

// renamed maps the old names of tables and columns to the new ones. The key of a column consists of the new name of
// its table, a dot, and the old name of the column.
var renamed = map[string]string{
	"unshown_transactions":         "carried_over_transactions",
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
	"announced_removals":                 true,
	"account_completeness.changed_since": true, "account_completeness.changed_from": true,
	"account_completeness.decided_at": true,
	"connections.stream_position":     true,
	"connections.usage_month":         true,
	"connections.usage_refreshes":     true,
	"connections.usage_pulls":         true,
	"connections.reauth_announced":    true,
	"connections.failure_announced":   true,
	"possible_replacements":           true, "connections.ambiguity": true,
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
	"day_totals":    true,
	"tenant_feeds":  true,
	"change_clocks": true, "link_sessions": true, "reopened_closes": true, "transaction_versions.replaced_at": true,
	"account_closes.document": true,
	"subscriptions.settings":  true, "subscriptions.url": true, "subscriptions.exchange": true,
	"subscriptions.routing_key": true, "subscription_events.source": true,

	"connections.client_key": true, "connections.application_key": true, "client_hash_keys": true,
	"connections.application_id": true, "link_sessions.application_id": true, "applications": true,
	"webhook_tokens.application_key": true, "webhook_tokens.registration_base_url": true,
	"webhook_tokens.registration_sealed":       true,
	"webhook_tokens.registration_of_reference": true,
}

// rowsByTable returns the rows of each table, under the present names of tables and columns. It omits the tables in
// added and the versions of the schema.
func rowsByTable(t *testing.T, dsn string) map[string][]map[string]any {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	list, err := conn.Query(t.Context(), `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
		AND relkind = 'r' AND relname <> 'goose_db_version'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(list, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]map[string]any{}
	for _, table := range tables {
		if added[table] {
			continue
		}
		var text []byte
		statement := "SELECT coalesce(json_agg(to_jsonb(t)), '[]') FROM " + table + " t"
		if err := conn.QueryRow(t.Context(), statement).Scan(&text); err != nil {
			t.Fatal(err)
		}
		var rows []map[string]any
		if err := json.Unmarshal(text, &rows); err != nil {
			t.Fatal(err)
		}
		all[cmp.Or(renamed[table], table)] = renameColumns(t, cmp.Or(renamed[table], table), rows)
	}
	return all
}

// renameColumns gives the columns their new names, and orders the rows by their contents.
func renameColumns(t *testing.T, table string, rows []map[string]any) []map[string]any {
	t.Helper()
	byText := map[string]map[string]any{}
	var texts []string
	for _, row := range rows {
		named := map[string]any{}
		for column, value := range row {
			if name := cmp.Or(renamed[table+"."+column], column); !added[table+"."+name] {
				named[name] = value
			}
		}
		text, err := json.Marshal(named)
		if err != nil {
			t.Fatal(err)
		}
		byText[string(text)] = named
		texts = append(texts, string(text))
	}
	slices.Sort(texts)
	sorted := make([]map[string]any, 0, len(texts))
	for _, text := range texts {
		sorted = append(sorted, byText[text])
	}
	return sorted
}

func TestTheUpgradeKeepsAllRows(t *testing.T) {
	dsn := oldDB(t)
	before := rowsByTable(t, dsn)
	for _, table := range []string{"pulls", "deliveries", "transactions", "split_pairs", "carried_over_transactions"} {
		if len(before[table]) == 0 {
			t.Errorf("%s: the old database has no rows", table)
		}
	}
	opened(t, dsn)
	upgraded := rowsByTable(t, dsn)
	delete(upgraded, "last_webhook_tokens") // a table of a later migration
	if diff := gocmp.Diff(before, upgraded); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
}

func TestAnOlderSchemaIsNotUpgraded(t *testing.T) {
	dsn := oldDB(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: dsn})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Pool.Exec(t.Context(), "DELETE FROM goose_db_version WHERE version_id = 27"); err != nil {
		t.Fatal(err)
	}
	before := schemaOf(t, db)
	err = db.Migrate(t.Context())
	if err == nil || !strings.Contains(err.Error(), `at version 25`) || strings.Contains(err.Error(), "\n") ||
		!strings.Contains(err.Error(), `run "discovery migrate" of commit 948d2062 first`) {
		t.Errorf("error %v, want one line with the commit to run first", err)
	}
	if diff := gocmp.Diff(before, schemaOf(t, db)); diff != "" {
		t.Errorf("schema (-before +after):\n%s", diff)
	}
}
