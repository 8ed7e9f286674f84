package scale_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "scale.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The present tables must allow the keys that Citus requires. The test executes the statements of
// docs/scale.md that precede the calls of Citus functions.
func TestTheKeysOfTheCitusSchemaFitTheTables(t *testing.T) {
	_, block, _ := strings.Cut(document(t), "```sql\n")
	keys, _, found := strings.Cut(block, "SELECT create_reference_table")
	if !found {
		t.Fatal("the document shows no schema for Citus")
	}
	db := migrateDB(t, pgtest.DSN(t), 0)
	conn, err := db.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Conn().PgConn().Exec(t.Context(), keys).ReadAll(); err != nil {
		t.Error(err)
	}
	const without = `SELECT coalesce(string_agg(indexrelid::regclass::text, ', '), '') FROM pg_index
		WHERE indisunique AND indrelid IN ('connections'::regclass, 'pulls'::regclass, 'deliveries'::regclass,
			'idempotency_keys'::regclass, 'accounts'::regclass, 'transactions'::regclass)
		AND NOT (SELECT attnum FROM pg_attribute WHERE attrelid = indrelid AND attname = 'tenant_id') = ANY (indkey::int2[])`
	if left := queryValue[string](t, db, without); left != "" {
		t.Errorf("unique, but without the tenant: %s", left)
	}
}

// named matches the name of a test of this package in the document.
var named = regexp.MustCompile("`(Test[A-Za-z]+)`")

func TestTheDocumentNamesTestsThatExist(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	names := named.FindAllStringSubmatch(document(t), -1)
	if len(names) < 3 {
		t.Errorf("the document cites only %d tests", len(names))
	}
	for _, name := range names {
		if !strings.Contains(all.String(), "func "+name[1]+"(") {
			t.Errorf("the document cites %s, which does not exist", name[1])
		}
	}
}
