package postgres

import (
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// Any part of a page may fail: then nothing of it is stored, and its connection is usable for the next
// page.
func TestAPageIsStoredWholeOrNotAtAll(t *testing.T) {
	db, err := Open(t.Context(), Config{URL: pgtest.DSN(t), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Pool.Exec(t.Context(), "CREATE TABLE noted (n int PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	d, count, own := dialect{db: db}, 0, errors.New("the caller's own error")
	counting := gormstore.Read{SQL: "SELECT count(*) FROM noted", Columns: []any{&count},
		Take: func() error { return nil }}
	failing := gormstore.Read{SQL: "SELECT count(*) / 0 FROM noted", Columns: []any{&count},
		Take: func() error { return nil }}
	for _, page := range []struct {
		what   string
		first  gormstore.Read
		within string
		last   string
		own    error
		stays  int
	}{
		{"first read", failing, "INSERT INTO noted VALUES (1)", "INSERT INTO noted VALUES (2)", nil, 0},
		{"work", counting, "INSERT INTO noted VALUES (1), (1)", "INSERT INTO noted VALUES (2)", nil, 0},
		{"caller", counting, "INSERT INTO noted VALUES (1)", "INSERT INTO noted VALUES (2)", own, 0},
		{"last write", counting, "INSERT INTO noted VALUES (1)", "INSERT INTO noted VALUES (1)", nil, 0},
		{"nothing", counting, "INSERT INTO noted VALUES (1)", "INSERT INTO noted VALUES (2)", nil, 2},
	} {
		err := d.PageTransaction(t.Context(), gormstore.Page{
			Reads: []gormstore.Read{page.first},
			Write: func(tx gormstore.Tx) (gormstore.Statement, error) {
				if err := tx.Exec(page.within).Error; err != nil {
					return gormstore.Statement{}, err
				}
				return gormstore.Statement{SQL: page.last}, page.own
			},
		})
		if (err == nil) != (page.stays > 0) || page.own != nil && !errors.Is(err, page.own) {
			t.Errorf("%s fails: got %v", page.what, err)
		}
		if err := d.Query(t.Context(), counting.SQL, nil, counting.Columns, counting.Take); err != nil ||
			count != page.stays {
			t.Errorf("%s fails: %d rows are stored, want %d (%v)", page.what, count, page.stays, err)
		}
	}
}
