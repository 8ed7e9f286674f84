package recordstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/recordstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// transactionCost contains what a transaction of the writer did.
type transactionCost struct {
	statements int // statements, except those that write rows of transactions
	prepared   int // rows written to prepared_transactions
	written    int // rows written to transactions one by one
	staged     int // staged rows read
	records    int // records read with their contents
}

// costs counts the cost of each transaction of the writer.
type costs struct {
	gormstore.Dialect
	all []transactionCost
}

func (d *costs) last() *transactionCost { return &d.all[len(d.all)-1] }

// Transact runs fn with counted statements.
func (d *costs) Transact(ctx context.Context, fn func(tx gormstore.Tx) error, first ...gormstore.Read) error {
	d.all = append(d.all, transactionCost{statements: len(first)})
	return d.Dialect.Transact(ctx, func(tx gormstore.Tx) error {
		read, readAll := tx.Read, tx.ReadAll
		tx.DB = tx.DB.Session(&gorm.Session{Logger: statementCounter{logger.Discard, d}})
		tx.Read = func(r gormstore.Read) error { return read(d.counted(r)) }
		tx.ReadAll = func(reads ...gormstore.Read) error {
			for i := range reads {
				reads[i] = d.counted(reads[i])
			}
			return readAll(reads...)
		}
		return fn(tx)
	}, first...)
}

// counted counts a statement, and the staged rows that it reads.
func (d *costs) counted(r gormstore.Read) gormstore.Read {
	d.last().statements++
	rows := new(int)
	switch {
	case strings.HasPrefix(r.SQL, "SELECT content FROM staged_transactions"):
		rows = &d.last().staged
	case strings.Contains(r.SQL, "metadata") && strings.Contains(r.SQL, " FROM transactions "):
		rows = &d.last().records
	}
	take := r.Take
	r.Take = func() error {
		*rows++
		return take()
	}
	return r
}

// UpsertTransactions counts the rows.
func (d *costs) UpsertTransactions(tx *gorm.DB, rows []gormstore.TransactionRow) error {
	d.last().written += len(rows)
	return d.Dialect.UpsertTransactions(tx, rows)
}

// InsertPrepared counts the rows.
func (d *costs) InsertPrepared(tx *gorm.DB, rows []gormstore.TransactionRow) error {
	d.last().prepared += len(rows)
	return d.Dialect.InsertPrepared(tx, rows)
}

// statementCounter counts the statements of GORM.
type statementCounter struct {
	logger.Interface
	costs *costs
}

// Trace counts a statement.
func (c statementCounter) Trace(context.Context, time.Time, func() (string, int64), error) {
	c.costs.last().statements++
}

// countingPulls returns a store of pulls whose transactions are counted.
func countingPulls(b storetest.Backend) (ports.Pulls, *costs) {
	core := *b.Core()
	counted := &costs{Dialect: core.Dialect}
	core.Dialect = counted
	return recordstore.NewPulls(&core), counted
}

// On SQLite, all tenants wait for the transaction of a publication. It must therefore not write or read the rows whose
// ids change one by one, and its number of statements must not depend on the number of rows.
func TestThePublicationOfManyRowsIsShort(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		statements := map[int]bool{}
		for _, n := range []int{210, 1010} {
			w, lease := stageRows(t, b, n)
			pulls, counted := countingPulls(b)
			published, err := pulls.Publish(t.Context(), lease, w)
			if want := (domain.Counts{Accounts: 1, Modified: n, IDChanges: n}); err != nil || published.Counts != want {
				t.Fatalf("counts %+v, want %+v; error: %v", published.Counts, want, err)
			}
			prepared, last := 0, counted.last()
			for _, cost := range counted.all {
				if prepared += cost.prepared; cost.prepared > 200 || cost.written > 0 || cost.staged > 0 {
					t.Errorf("a transaction for %d rows: %+v", n, cost)
				}
			}
			if prepared != n || last.prepared > 0 {
				t.Errorf("%d rows are prepared, want %d; at last: %+v", prepared, n, *last)
			}
			statements[last.statements] = true
		}
		if len(statements) != 1 {
			t.Errorf("the number of statements depends on the number of rows: %v", statements)
		}
	})
}

// countPrepared returns the number of prepared rows in the database.
func countPrepared(t *testing.T, b storetest.Backend) (n int64) {
	t.Helper()
	if err := b.GORM.Table(gormstore.PreparedTable).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

// failing lets the transactions after the first ones fail.
type failing struct {
	gormstore.Dialect
	left int
}

var errKilled = errors.New("the process was killed")

// Transact fails if no transactions are left.
func (d *failing) Transact(ctx context.Context, fn func(tx gormstore.Tx) error, first ...gormstore.Read) error {
	if d.left--; d.left < 0 {
		return errKilled
	}
	return d.Dialect.Transact(ctx, fn, first...)
}

// If a process is killed before the publication, the prepared rows remain until the next attempt prepares rows or ends.
func TestPreparedRowsEndWithTheAttempt(t *testing.T) {
	const n = 450 // three batches
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		w, lease := stageRows(t, b, n)
		for _, killed := range []struct {
			after int
			rows  int64
		}{{2, 400}, {1, 200}, {3, n}} {
			core := *b.Core()
			core.Dialect = &failing{Dialect: core.Dialect, left: killed.after}
			if _, err := recordstore.NewPulls(&core).Publish(t.Context(), lease, w); err == nil {
				t.Fatal("the publication did not fail")
			}
			if got := countPrepared(t, b); got != killed.rows {
				t.Errorf("%d rows are prepared after %d transactions, want %d", got, killed.after, killed.rows)
			}
		}
		err := b.Pulls().Finish(t.Context(), lease, ports.Outcome{State: domain.PullFailed, At: w.At})
		if got := countPrepared(t, b); err != nil || got > 0 {
			t.Errorf("%d rows are prepared after the attempt: %v", got, err)
		}
	})
}

// BenchmarkPublication reports how long a write of another tenant waits at most while the ids of 2,000 rows change: by
// a new account reference, or in a complete listing (a sweep). On SQLite, this is the longest time for which the writer
// is held, and the duration of a small write.
func BenchmarkPublication(b *testing.B) {
	for name, prepare := range map[string]func(b *testing.B, s storetest.Backend) (write func() error){
		"publication": func(b *testing.B, s storetest.Backend) func() error {
			w, lease := stageRows(b, s, 2000)
			return func() error {
				_, err := s.Pulls().Publish(b.Context(), lease, w)
				return err
			}
		},
		"sweep": func(b *testing.B, s storetest.Backend) func() error {
			p := newPulled(b, s)
			for rows := range slices.Chunk(ordinaryRows("old", 2000), 1000) {
				p.store(ports.PageWrite{Transactions: rows})
			}
			rows := ordinaryRows("new", 2000)
			return func() error {
				counts := comparedWrites["sweep"](p, rows, onFirstRow(func() {}))
				if counts.Modified != len(rows) {
					return fmt.Errorf("counts %+v", counts)
				}
				return nil
			}
		},
	} {
		b.Run(name, func(b *testing.B) { benchmarkWaits(b, prepare) })
	}
}

// ordinaryRows returns n rows whose external ids begin with the prefix.
func ordinaryRows(prefix string, n int) []domain.TransactionData {
	rows := make([]domain.TransactionData, n)
	for i := range rows {
		rows[i] = domain.TransactionData{
			ExternalID: fmt.Sprintf("%s-0000-4000-8000-%012d", prefix, i), Account: "account", Status: domain.Posted,
			Amount:      domain.Money{Amount: decimal.New(int64(-1-i%997), -2), Currency: "BRL"},
			Date:        domain.Date(time.Now().UTC().AddDate(0, 0, -i%700).Format(time.DateOnly)),
			Description: fmt.Sprintf("PIX ENVIADO LOJA %d", i), Metadata: json.RawMessage(benchMetadata),
		}
	}
	return rows
}

// benchmarkWaits measures how long a small write of another tenant takes at most during the write that prepare returns.
func benchmarkWaits(b *testing.B, prepare func(b *testing.B, s storetest.Backend) (write func() error)) {
	b.Helper()
	db, err := sqlite.Open(b.Context(), sqlite.Config{
		DSN: "sqlite://" + filepath.Join(datadir.New(b), "bench.db"), Timeout: storetest.Timeout,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	s := storetest.Backend{Stores: db.Store(nil), GORM: db.DB}
	other := newPulled(b, s)
	var longest time.Duration
	for b.Loop() {
		b.StopTimer()
		write := prepare(b, s)
		stop, stopped := make(chan struct{}), make(chan time.Duration)
		go func() {
			var longest time.Duration
			for {
				began := time.Now()
				if err := s.Pulls().ExtendLease(b.Context(), other.lease, other.lease.Until); err != nil {
					b.Error(err)
				}
				longest = max(longest, time.Since(began))
				select {
				case <-stop:
					stopped <- longest
					return
				default:
				}
			}
		}()
		b.StartTimer()
		err := write()
		close(stop)
		longest = max(longest, <-stopped)
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(longest.Microseconds())/1000, "longest-wait-ms")
}
