package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
)

// If any step of a transaction fails, nothing must be stored, and the connection must remain usable for the next
// transaction.
func TestATransactionIsStoredCompletelyOrNotAtAll(t *testing.T) {
	db, err := Open(t.Context(), Config{DSN: "sqlite://" + filepath.Join(datadir.New(t), "test.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Writer.ExecContext(t.Context(), "CREATE TABLE noted (n INTEGER PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	d, own := dialect{db: db}, errors.New("the caller's own error")
	for _, c := range []struct {
		fails  string
		write  string
		last   []any // the parameters of the statements that are executed with the commit
		then   func(cancel context.CancelFunc) error
		stored int
	}{
		{"the write", "INSERT INTO noted VALUES (1), (1)", nil, nil, 0},
		{"the caller", "INSERT INTO noted VALUES (1)", []any{2},
			func(context.CancelFunc) error { return own }, 0},
		{"the context", "INSERT INTO noted VALUES (1)", []any{2},
			func(cancel context.CancelFunc) error { cancel(); return nil }, 0},
		{"the last statement", "INSERT INTO noted VALUES (1)", []any{2, 1}, nil, 0},
		{"a statement before the last one", "INSERT INTO noted VALUES (1)", []any{1, 2}, nil, 0},
		{"nothing", "INSERT INTO noted VALUES (1)", nil, nil, 1},
		{"nothing", "INSERT INTO noted VALUES (4)", []any{2, 3}, nil, 4},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Transact(ctx, func(tx gormstore.Tx) error {
			if err := tx.Exec(c.write).Error; err != nil {
				return err
			}
			for _, n := range c.last {
				if err := tx.ExecAtCommit("INSERT INTO noted VALUES ($1)", n); err != nil {
					return err
				}
			}
			if c.then != nil {
				return c.then(cancel)
			}
			return nil
		})
		cancel()
		if (err == nil) != (c.stored > 0) {
			t.Errorf("%s fails: got error %v", c.fails, err)
		}
		count := -1
		err = d.Query(t.Context(), "SELECT count(*) FROM noted", nil, []any{&count}, func() error { return nil })
		if err != nil || count != c.stored {
			t.Errorf("%s fails: %d rows are stored, want %d (%v)", c.fails, count, c.stored, err)
		}
	}
}

// The first reads of a transaction are part of it. If one of them fails, the caller's function must not run.
func TestTheFirstReadsRunInTheTransaction(t *testing.T) {
	db, err := Open(t.Context(), Config{DSN: "sqlite://" + filepath.Join(datadir.New(t), "test.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	d, counts, ran := dialect{db: db}, [2]int{-1, -1}, false
	read := func(i int, sql string) gormstore.Read {
		return gormstore.Read{SQL: sql, Columns: []any{&counts[i]}, Take: func() error { return nil }}
	}
	err = d.Transact(t.Context(), func(gormstore.Tx) error { ran = true; return nil },
		read(0, "SELECT count(*) FROM missing"), read(1, "SELECT 1"))
	if err == nil || ran || counts[1] != -1 {
		t.Errorf("a failed read: error %v, the function ran: %t, counts %v", err, ran, counts)
	}
	err = d.Transact(t.Context(), func(tx gormstore.Tx) error {
		return tx.ReadAll(read(1, fmt.Sprintf("SELECT %d + 1", counts[0])))
	}, read(0, "SELECT 1"))
	if err != nil || counts != [2]int{1, 2} {
		t.Errorf("got %v (%v), want [1 2]", counts, err)
	}
}
