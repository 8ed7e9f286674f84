package sqlite_test

import (
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
	text, err := os.ReadFile("testdata/version55.sql")
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
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
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

// columnsByTable returns the columns of each table, without the versions of the schema and the tables of FTS5.
func columnsByTable(t *testing.T, db *sql.DB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range queryLines(t, db, `SELECT name FROM pragma_table_list WHERE type = 'table'
		AND name NOT LIKE 'sqlite%' AND name <> 'goose_db_version'`) {
		all[table] = queryLines(t, db, "SELECT name FROM pragma_table_info('"+table+"') ORDER BY name")
	}
	return all
}

// rowsByTable returns the rows of each table. Each row is a text of names and values in the notation of SQL.
func rowsByTable(t *testing.T, db *sql.DB, columns map[string][]string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for table, names := range columns {
		var values []string
		for _, column := range names {
			values = append(values, fmt.Sprintf("'%s: ' || quote(%s)", column, column))
		}
		all[table] = queryLines(t, db, "SELECT "+strings.Join(values, " || ', ' || ")+" FROM "+table+" ORDER BY 1")
	}
	return all
}

// oldTables are views of row_states with the columns of the tables that it has replaced.
var oldTables = []string{
	`CREATE VIEW transaction_past_ids AS SELECT connection_id, external_id, transaction_id, tenant_id
		FROM row_states WHERE transaction_id IS NOT NULL`,
	`CREATE VIEW carried_over_transactions AS SELECT connection_id, external_id, account_id, date, tenant_id
		FROM row_states WHERE account_id IS NOT NULL`,
	`CREATE VIEW absent_transactions AS
		SELECT connection_id, external_id, account, absent_pull_id AS pull_id, held_at, tenant_id
		FROM row_states WHERE absent_pull_id IS NOT NULL`,
	`CREATE VIEW announced_removals AS SELECT connection_id, external_id, account, date, announced_at,
			announced_pull_id AS pull_id, announced_state AS state, tenant_id
		FROM row_states WHERE announced_state <> ''`,
}

func TestTheUpgradeKeepsAllRows(t *testing.T) {
	dsn, db := oldDB(t)
	columns := columnsByTable(t, db)
	before := rowsByTable(t, db, columns)
	for table, rows := range before {
		if len(rows) == 0 {
			t.Errorf("%s: the old database has no rows", table)
		}
	}
	delete(before, "late_joins") // the index deliveries_pull has replaced this table
	delete(columns, "late_joins")
	upgraded := opened(t, dsn).Writer
	for _, view := range oldTables {
		if _, err := upgraded.ExecContext(t.Context(), view); err != nil {
			t.Fatal(err)
		}
	}
	if diff := gocmp.Diff(before, rowsByTable(t, upgraded, columns)); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
	const found = `SELECT i.transaction_id FROM search_index i WHERE i.id IN (
		SELECT rowid FROM search_texts WHERE search_texts MATCH '"' || search_terms(i.tenant_id, 'ENERGIA') || '"')`
	if len(queryLines(t, upgraded, found)) == 0 {
		t.Error("the search finds nothing after the upgrade")
	}
}

// The upgrade indexes the amounts in the currency of the account as the background task does.
func TestTheUpgradeIndexesConvertedAmounts(t *testing.T) {
	dsn, _ := oldDB(t)
	db := opened(t, dsn)
	const converted = "SELECT transaction_id || ' ' || account_amount FROM search_index " +
		"WHERE account_amount <> '' ORDER BY 1"
	upgraded := queryLines(t, db.Writer, converted)
	for _, change := range []string{"DELETE FROM search_progress", "UPDATE search_index SET account_amount = ''"} {
		if _, err := db.Writer.ExecContext(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Store(nil).Ledger().IndexTexts(t.Context(), 1_000_000); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(queryLines(t, db.Writer, converted), upgraded); diff != "" || len(upgraded) == 0 {
		t.Errorf("%d converted amounts (-indexed +upgraded):\n%s", len(upgraded), diff)
	}
}

func TestTextsThatAreFoldedDifferentlyAreIndexedAnew(t *testing.T) {
	for _, letter := range []string{"Ł", "\ufb03", "\u00a0", "\u2009", "\t", "\r", "\u2028", "a  b", "\n"} {
		dsn, db := oldDB(t)
		_, err := db.ExecContext(t.Context(), "UPDATE search_index SET folded = folded || ?", letter)
		if err != nil {
			t.Fatal(err)
		}
		if rest := queryLines(t, opened(t, dsn).Writer, "SELECT tenant_id FROM search_progress"); len(rest) > 0 {
			t.Errorf("%q: the index of %s counts as complete", letter, rest)
		}
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
	if _, err := old.ExecContext(t.Context(), "DELETE FROM goose_db_version WHERE version_id = 55"); err != nil {
		t.Fatal(err)
	}
	before := schemaOf(t, old)
	err := unmigrated(t, dsn).Migrate(t.Context())
	if err == nil || !strings.Contains(err.Error(), `at version 53`) || strings.Contains(err.Error(), "\n") ||
		!strings.Contains(err.Error(), `run "discovery migrate" of commit 68f45046 first`) {
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
