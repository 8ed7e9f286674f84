package sqlite_test

import (
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// The duration of a search must not tell a tenant whether another tenant has a text. Each term of the index therefore
// belongs to one tenant, and a search reads the entries of its own terms only.
func TestTenantsShareNoTermOfTheSearchIndex(t *testing.T) {
	db := opened(t, file(t)).Writer
	tenants := []string{uuid.NewString(), uuid.NewString()}
	texts := []string{"conta de energia", "conta de energia 2", "água \"x\" 😀😀😀", "ab"}
	for i, tenant := range tenants {
		for j, text := range texts {
			_, err := db.ExecContext(t.Context(), `INSERT INTO search_index (transaction_id, connection_id, date,
				amount, currency, status, folded, tenant_id) VALUES (?, '', '', '', '', '', ?, ?)`,
				fmt.Sprint(i, j), text, tenant)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	const vocabulary = "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'search_texts', 'instance')"
	if _, err := db.ExecContext(t.Context(), vocabulary); err != nil {
		t.Fatal(err)
	}
	shared := queryLines(t, db, `SELECT v.term FROM temp.vocabulary v JOIN search_index i ON i.id = v.doc
		GROUP BY v.term HAVING count(DISTINCT i.tenant_id) > 1`)
	if len(shared) > 0 {
		t.Errorf("%d terms belong to two tenants", len(shared))
	}
	own := queryLines(t, db, `SELECT count(DISTINCT v.term) FROM temp.vocabulary v
		JOIN search_index i ON i.id = v.doc GROUP BY i.tenant_id`)
	// 14 different parts of the first text, 2 more of the second, and 10 of the third
	if diff := gocmp.Diff([]string{"26", "26"}, own); diff != "" {
		t.Errorf("terms of each tenant (-want +got):\n%s", diff)
	}
}

// A search by the index must find a text if, and only if, it contains the searched characters one after the other.
func TestTheSearchIndexFindsExactlyTheTextsThatContainAText(t *testing.T) {
	db := opened(t, file(t)).Writer
	tenant := uuid.NewString()
	texts := []string{
		"abcabd", "abdabc", "ab cab d", "água de côco", "\"quoted\"", "😀😁😂", "xab", "a*b OR c", "\x00zz\x00zz",
	}
	for i, text := range texts {
		_, err := db.ExecContext(t.Context(), `INSERT INTO search_index (transaction_id, connection_id, date,
			amount, currency, status, folded, tenant_id) VALUES (?, '', '', '', '', '', ?, ?)`,
			fmt.Sprint(i), text, tenant)
		if err != nil {
			t.Fatal(err)
		}
	}
	find := func(text string) []string {
		return queryLines(
			t,
			db,
			`SELECT i.transaction_id FROM search_index i WHERE i.id IN (SELECT rowid FROM search_texts
			WHERE search_texts MATCH '"' || search_terms('`+tenant+`', '`+text+`') || '"') ORDER BY i.id`,
		)
	}
	for _, text := range append(texts, "cab", "abc", "abd", "abcabdx", "de ", "OR ", "uot", "😁😂", "bab", "ted\"") {
		if len([]rune(text)) < 3 || strings.Contains(text, "\x00") {
			continue
		}
		var want []string
		for i, stored := range texts {
			if strings.Contains(stored, text) {
				want = append(want, fmt.Sprint(i))
			}
		}
		if diff := gocmp.Diff(want, find(text)); diff != "" {
			t.Errorf("search for %q (-want +got):\n%s", text, diff)
		}
	}
	if _, err := db.ExecContext(t.Context(), "DELETE FROM search_index WHERE transaction_id < '8'"); err != nil {
		t.Fatal(err)
	}
	if found := find("abc"); found != nil {
		t.Errorf("a search finds the deleted rows %v", found)
	}
}
