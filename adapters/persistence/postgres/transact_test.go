package postgres

import (
	"errors"
	"fmt"
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
	d, count, own := db.Dialect(nil), 0, errors.New("the caller's own error")
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

// The first reads of a transaction are part of it. If one of them fails, the caller's function must not run. With a
// pooler, the transaction begins with several statements.
func TestTheFirstReadsRunInTheTransaction(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		t.Run(fmt.Sprintf("pooled: %t", pooled), func(t *testing.T) {
			db, err := Open(t.Context(), Config{URL: pgtest.DSN(t), MaxConns: 1, Pooled: pooled})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			if _, err := db.Pool.Exec(t.Context(), "CREATE TABLE noted (n int PRIMARY KEY)"); err != nil {
				t.Fatal(err)
			}
			var ids [4]int64
			nothing := func() error { return nil }
			id := func(i int) gormstore.Read {
				return gormstore.Read{SQL: "SELECT " + ownID, Columns: []any{&ids[i]}, Take: nothing}
			}
			failing := gormstore.Read{
				SQL: "SELECT 1 / $1::int", Args: []any{0}, Columns: []any{new(int)}, Take: nothing,
			}
			d, ran := db.Dialect(nil), false
			err = d.Transact(t.Context(), func(gormstore.Tx) error { ran = true; return nil }, id(0), failing, id(1))
			if err == nil || ran || ids[1] != 0 {
				t.Errorf("a failed read: error %v, the function ran: %t, the next read ran: %t", err, ran, ids[1] != 0)
			}
			err = d.Transact(t.Context(), func(tx gormstore.Tx) error {
				if err := tx.ReadAll(id(2), id(3)); err != nil {
					return err
				}
				return tx.Exec("INSERT INTO noted VALUES (1)").Error
			}, id(0), id(1))
			if err != nil || ids[0] == 0 || ids != [4]int64{ids[0], ids[0], ids[0], ids[0]} {
				t.Errorf("the reads ran in the transactions %v, want one (%v)", ids, err)
			}
			err = d.Transact(t.Context(), func(tx gormstore.Tx) error { return tx.ReadAll(id(2), failing, id(3)) })
			if err == nil || ids[2] == ids[0] || ids[3] != ids[0] {
				t.Errorf("a failed read of ReadAll: transactions %v, error %v", ids, err)
			}
		})
	}
}

// If a statement has failed, the server responds to a commit with a rollback. Transact must report this as an error,
// even if the caller has ignored the error of the statement.
func TestACommitThatRollsBackIsAnError(t *testing.T) {
	db, err := Open(t.Context(), Config{URL: pgtest.DSN(t), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, last := range []bool{false, true} {
		err := db.Dialect(nil).Transact(t.Context(), func(tx gormstore.Tx) error {
			_ = tx.Exec("SELECT 1 / 0").Error
			if last {
				return tx.ExecAtCommit("SELECT $1::int", 1)
			}
			return nil
		})
		if err == nil {
			t.Errorf("with a last statement: %t: a transaction that was rolled back succeeded", last)
		}
	}
}
