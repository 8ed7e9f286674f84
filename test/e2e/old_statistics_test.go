package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// numberedAccount adds an item to the simulator. Its account has this bank account number and n transactions. The
// results are the ids of the item and of the transactions.
func (b *pluggyBank) numberedAccount(t *testing.T, number string, n int) (item string, rows []string) {
	t.Helper()
	item = b.sim.AddItem(pluggysim.Item{ClientID: b.id}).ID
	account, err := b.sim.AddAccount(pluggysim.Account{
		ItemID: item, Type: "BANK", Subtype: "CHECKING_ACCOUNT", Number: pluggysim.Text(number),
		BankData: fmt.Appendf(nil, `{"transferNumber": "001/%s"}`, number),
	})
	if err != nil {
		t.Fatal(err)
	}
	return item, b.addRows(t, account.ID, n)
}

// rowsRead returns how many rows and index entries of the service's tables PostgreSQL has read so far. The reads of its
// own catalogs do not count: their number grows with the duration of the test.
func rowsRead(t *testing.T, db *pgx.Conn) int64 {
	t.Helper()
	return readStatistics(t, db, `SELECT
		(SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables)
		+ (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)`)
}

// readStatistics returns the result of a query of the server's statistics. It first ends all other sessions of the
// database, because a session may report its reads only when it ends.
func readStatistics(t *testing.T, db *pgx.Conn, query string) (n int64) {
	t.Helper()
	for _, statement := range []string{
		`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`,
		"SELECT pg_stat_clear_snapshot()",
	} {
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAnAccountIsReadOnceWithOldStatistics moves an account to a new item, and then to a new connection, while the
// planner's statistics are older than the connections of the account. The planner then expects each connection to
// have one row. It may choose a bad plan, with which PostgreSQL compares each row with all others.
func TestAnAccountIsReadOnceWithOldStatistics(t *testing.T) {
	t.Parallel()
	const rows = 1000
	dsn := pgtest.DSN(t)
	w := open(t, "postgres", dsn)
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.WithoutCancel(t.Context())) }()

	move := func(number string, n int) (erase func()) {
		b, o := newPluggy(t), w.operator(t)
		b.item, _ = b.numberedAccount(t, number, n)
		id := o.connect(b, "main")
		o.pull(id, nil)
		before := o.liveIDs(id)
		b.item, _ = b.numberedAccount(t, number, n)
		o.send(http.MethodPut, pathOf(id, ""), object{
			"configName": "main", "baseUrl": b.origin(), "accountRef": b.item,
		}).want(http.StatusOK)
		o.pull(id, nil)
		o.send(http.MethodDelete, pathOf(id, ""), nil).want(http.StatusNoContent)
		var now []string
		b.item, now = b.numberedAccount(t, number, n)
		id = o.connect(b, "again")
		o.pull(id, nil)
		o.pull(id, nil)
		if after := o.liveIDs(id); len(before) != n || !maps.Equal(after, before) {
			t.Fatalf("%d live records at first, and %d at the end, want the same %d", len(before), len(after), n)
		}
		for _, row := range now[n/2:] {
			if err := b.sim.RemoveTransaction(row); err != nil {
				t.Fatal(err)
			}
		}
		o.pull(id, nil) // the vendor no longer shows half of the transactions
		return func() {
			o.send(http.MethodDelete, pathOf(id, ""), nil).want(http.StatusNoContent)
			o.erase(id, false)
		}
	}
	for i := range 5 { // other accounts, so that the plan that reads a whole table is not the cheapest one
		move(fmt.Sprintf("0001/1111-%d", i), 100)
	}
	if _, err := db.Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	before := rowsRead(t, db)
	keyset := w.cfg.Sealing.KeysetFile
	w = open(t, "postgres", dsn, func(s *setup) { // rowsRead has ended the sessions of the first environment
		s.cfg.Sealing.KeysetFile = keyset
	})
	move("0001/2222-2", rows)()
	// An SQL statement that compares each row with all others reads rows*rows rows.
	read := (rowsRead(t, db) - before) / rows
	t.Logf("PostgreSQL has read %d rows for each transaction", read)
	if read > rows {
		t.Errorf("PostgreSQL has read %d rows for each transaction", read)
	}
}

// TestTheSearchIndexIsFilledByItsIndexes fills the search index while the planner has no statistics of it. With a bad
// plan, PostgreSQL reads the whole table search_index for each batch.
func TestTheSearchIndexIsFilledByItsIndexes(t *testing.T) {
	t.Parallel()
	const rows = 6000
	dsn := pgtest.DSN(t)
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.WithoutCancel(t.Context())) }()
	w := open(t, "postgres", dsn)
	if _, err := db.Exec(t.Context(), "ALTER TABLE search_index SET (autovacuum_enabled = off)"); err != nil {
		t.Fatal(err)
	}
	b, o := newPluggy(t), w.operator(t)
	b.item, _ = b.numberedAccount(t, "0001/3333-3", rows)
	o.pull(o.connect(b, "main"), nil)
	eventually(t, "the index of all rows", func() bool {
		var n int // of day_totals, because a count of search_index reads its rows one by one
		err := db.QueryRow(t.Context(), "SELECT coalesce(sum(count), 0) FROM day_totals").Scan(&n)
		return err == nil && n == rows
	})
	read := readStatistics(t, db, "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'search_index'")
	if read > rows {
		t.Errorf("PostgreSQL has read %d rows of search_index one by one", read)
	}
}
