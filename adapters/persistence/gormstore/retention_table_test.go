package gormstore_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheDocumentSaysWhenTheRowsOfEachTableAreDeleted compares the table in docs/operate.md with the tables that the
// schemas of both databases create.
func TestTheDocumentSaysWhenTheRowsOfEachTableAreDeleted(t *testing.T) {
	read := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	named := func(text, pattern string) (names []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
		return names
	}
	var tables []string
	for _, database := range []string{"postgres", "sqlite"} {
		schema := read("../" + database + "/migrations/00056_schema.sql")
		created := named(schema, `(?m)^CREATE (?:[A-Z]+ )*TABLE (?:IF NOT EXISTS )?(\w+)`)
		if len(created) < 40 {
			t.Fatalf("%s creates only %d tables", database, len(created))
		}
		tables = append(tables, created...)
	}
	slices.Sort(tables)
	_, section, _ := strings.Cut(read("../../../docs/operate.md"), "### What grows, and when it goes\n")
	section, _, _ = strings.Cut(section, "\n### ")
	listed := named(section, "(?m)^\\| `(\\w+)` \\| .+ \\| .+ \\|$")
	if diff := cmp.Diff(slices.Compact(tables), listed); diff != "" {
		t.Error(diff)
	}
}
