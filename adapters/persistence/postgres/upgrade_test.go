package postgres_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// oldDatabase is a dump of the last version with separate migrations.
const oldDatabase = "testdata/version55.sql"

// execFile executes the statements of the file in the database at dsn, in one transaction.
func execFile(t *testing.T, dsn, file string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), string(text)); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	// The dump comes from another cluster. Without this statement, Migrate would therefore also move the feed.
	const here = "UPDATE feed SET cluster = system_identifier FROM pg_control_system()"
	if _, err := conn.Exec(t.Context(), here); err != nil {
		t.Fatal(err)
	}
}

// oldDB returns the URL of a database of the last version with separate migrations.
func oldDB(t *testing.T) string {
	t.Helper()
	dsn := pgtest.DSN(t)
	execFile(t, dsn, oldDatabase)
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
	created := opened(t, pgtest.DSN(t))
	upgraded := opened(t, oldDB(t))
	if diff := gocmp.Diff(schemaOf(t, created), schemaOf(t, upgraded)); diff != "" {
		t.Errorf("schema (-new +upgraded):\n%s", diff)
	}
}

// queryLines returns the rows of a query with one text column.
func queryLines(t *testing.T, dsn, query string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// columnsByTable returns the columns of each table, without the versions of the schema.
func columnsByTable(t *testing.T, dsn string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, column := range queryLines(t, dsn, `SELECT relname || ' ' || quote_ident(attname) FROM pg_class
		JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
		WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
		AND relname <> 'goose_db_version' ORDER BY 1`) {
		table, name, _ := strings.Cut(column, " ")
		all[table] = append(all[table], name)
	}
	return all
}

// rowsByTable returns the rows of each table, as JSON.
func rowsByTable(t *testing.T, dsn string, columns map[string][]string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for table, names := range columns {
		all[table] = queryLines(t, dsn,
			"SELECT to_jsonb(r)::text FROM (SELECT "+strings.Join(names, ", ")+" FROM "+table+") AS r ORDER BY 1")
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
	dsn := oldDB(t)
	columns := columnsByTable(t, dsn)
	before := rowsByTable(t, dsn, columns)
	for table, rows := range before {
		if len(rows) == 0 {
			t.Errorf("%s: the old database has no rows", table)
		}
	}
	// The names of these budgets contain account references.
	before["rate_budgets"] = slices.DeleteFunc(before["rate_budgets"], func(row string) bool {
		return strings.Contains(row, `"vendor": "plaid"`)
	})
	upgraded := opened(t, dsn)
	for _, view := range oldTables {
		if _, err := upgraded.Pool.Exec(t.Context(), view); err != nil {
			t.Fatal(err)
		}
	}
	if diff := gocmp.Diff(before, rowsByTable(t, dsn, columns)); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
}

func TestTheUpgradeIndexesConvertedAmounts(t *testing.T) {
	dsn := oldDB(t)
	opened(t, dsn)
	got := queryLines(t, dsn, "SELECT account_amount FROM search_index WHERE account_amount <> '' ORDER BY 1")
	if want := []string{"-298.19", "1.5"}; !slices.Equal(got, want) {
		t.Errorf("indexed %q, want %q", got, want)
	}
}

func TestTextsThatAreFoldedDifferentlyAreIndexedAnew(t *testing.T) {
	for _, letter := range []string{"Ł", "\ufb03", "\u00a0", "\u2009", "\t", "\r", "\u2028", "a  b", "\n"} {
		dsn := oldDB(t)
		queryLines(t, dsn, "UPDATE search_index SET folded = folded || '"+letter+"' RETURNING folded")
		opened(t, dsn)
		if rest := queryLines(t, dsn, "SELECT tenant_id::text FROM search_progress"); len(rest) > 0 {
			t.Errorf("%q: the index of %s counts as complete", letter, rest)
		}
	}
}

func TestAnOlderSchemaIsNotUpgraded(t *testing.T) {
	dsn := oldDB(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: dsn})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Pool.Exec(t.Context(), "DELETE FROM goose_db_version WHERE version_id = 55"); err != nil {
		t.Fatal(err)
	}
	before := schemaOf(t, db)
	err = db.Migrate(t.Context())
	if err == nil || !strings.Contains(err.Error(), `at version 54`) || strings.Contains(err.Error(), "\n") ||
		!strings.Contains(err.Error(), `run "discovery migrate" of commit 68f45046 first`) {
		t.Errorf("error %v, want one line with the commit to run first", err)
	}
	if diff := gocmp.Diff(before, schemaOf(t, db)); diff != "" {
		t.Errorf("schema (-before +after):\n%s", diff)
	}
}
