package postgres

import (
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// If a statement of a transaction fails, or the caller returns an error, nothing must be stored, and the connection
// must be usable for the next transaction.
func TestATransactionIsStoredCompletelyOrNotAtAll(t *testing.T) {
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
	for _, c := range []struct {
		fails  string
		read   gormstore.Read
		write  string
		last   []any // the parameters of the statements that are executed with the commit
		own    error
		stored int
	}{
		{"the read", failing, "INSERT INTO noted VALUES (1)", nil, nil, 0},
		{"the write", counting, "INSERT INTO noted VALUES (1), (1)", nil, nil, 0},
		{"the caller", counting, "INSERT INTO noted VALUES (1)", nil, own, 0},
		{"the caller after all statements", counting, "INSERT INTO noted VALUES (1)", []any{2}, own, 0},
		{"the last statement", counting, "INSERT INTO noted VALUES (1)", []any{2, 1}, nil, 0},
		{"a statement before the last one", counting, "INSERT INTO noted VALUES (1)", []any{1, 2}, nil, 0},
		{"nothing", counting, "INSERT INTO noted VALUES (1)", nil, nil, 1},
		{"nothing", counting, "INSERT INTO noted VALUES (4)", []any{2, 3}, nil, 4},
	} {
		err := d.Transact(t.Context(), func(tx gormstore.Tx) error {
			if err := tx.Read(c.read); err != nil {
				return err
			}
			if err := tx.Exec(c.write).Error; err != nil {
				return err
			}
			for _, n := range c.last {
				if err := tx.ExecAtCommit("INSERT INTO noted VALUES ($1)", n); err != nil {
					return err
				}
			}
			return c.own
		})
		if (err == nil) != (c.stored > 0) || c.own != nil && !errors.Is(err, c.own) {
			t.Errorf("%s fails: got error %v", c.fails, err)
		}
		if err := d.Query(t.Context(), counting.SQL, nil, counting.Columns, counting.Take); err != nil ||
			count != c.stored {
			t.Errorf("%s fails: %d rows are stored, want %d (%v)", c.fails, count, c.stored, err)
		}
	}
}
