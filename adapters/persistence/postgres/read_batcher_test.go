package postgres

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// busyBatcher returns a read batcher whose slots (connections for small reads) are all taken, so that reads wait until
// a slot is released.
func busyBatcher(t *testing.T) *readBatcher { return busyBatcherOver(t, 0) }

// busyBatcherOver is like busyBatcher, but its pool has at most conns connections; 0 means the default.
func busyBatcherOver(t *testing.T, conns int) *readBatcher {
	t.Helper()
	db, err := Open(t.Context(), Config{URL: pgtest.DSN(t), MaxConns: conns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b := newReadBatcher(db.Pool)
	b.busy = b.slots
	return b
}

// readResult is the result of one SELECT: the value of the single column that it reads, and the error.
type readResult struct {
	got int
	err error
}

// The method read queues a SELECT of one row and returns a channel with its result.
func (b *readBatcher) read(ctx context.Context, t *testing.T, sql string, args ...any) <-chan readResult {
	t.Helper()
	queued := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.waiting)
	}
	before, result := queued(), make(chan readResult, 1)
	go func() {
		var column, got int
		err := b.query(ctx, sql, args, []any{&column}, func() error {
			got = column
			return nil
		})
		result <- readResult{got, err}
	}()
	for queued() == before {
		time.Sleep(time.Millisecond)
	}
	return result
}

func TestWaitingReadsAreSentInOneBatch(t *testing.T) {
	b := busyBatcher(t)
	var results []<-chan readResult
	for n := range maxBatch {
		results = append(results, b.read(t.Context(), t, "SELECT $1::int", n))
	}
	before := b.pool.Stat().AcquireCount()
	b.release()
	for n, result := range results {
		if r := <-result; r.err != nil || r.got != n {
			t.Errorf("read %d returned %d, %v", n, r.got, r.err)
		}
	}
	if n := b.pool.Stat().AcquireCount() - before; n != 1 {
		t.Errorf("%d reads used %d connections, want 1", maxBatch, n)
	}
}

func TestTheNextBatchSendsTheRest(t *testing.T) {
	b := busyBatcher(t)
	var results []<-chan readResult
	for n := range maxBatch + 3 {
		results = append(results, b.read(t.Context(), t, "SELECT $1::int", n))
	}
	b.release()
	for n, result := range results {
		if r := <-result; r.err != nil || r.got != n {
			t.Errorf("read %d returned %d, %v", n, r.got, r.err)
		}
	}
}

func TestAFailedReadDoesNotFailTheOthersOfItsBatch(t *testing.T) {
	b := busyBatcher(t)
	first := b.read(t.Context(), t, "SELECT 1")
	bad := b.read(t.Context(), t, "SELECT 1 / $1::int", 0)
	misspelt := b.read(t.Context(), t, "SELEC 1")
	last := b.read(t.Context(), t, "SELECT 2")
	b.release()
	for n, result := range []<-chan readResult{first, last} {
		if r := <-result; r.err != nil || r.got != n+1 {
			t.Errorf("a good read returned %d, %v", r.got, r.err)
		}
	}
	for state, result := range map[string]<-chan readResult{"22012": bad, "42601": misspelt} {
		refused := (*pgconn.PgError)(nil)
		if r := <-result; !errors.As(r.err, &refused) || refused.Code != state {
			t.Errorf("err = %v, want SQLSTATE %s", r.err, state)
		}
	}
}

// If the context of a caller ends while its read waits for a slot, the next batch must not contain the read.
func TestACallerWaitsForASlotNoLongerThanItsContext(t *testing.T) {
	b := busyBatcher(t)
	ctx, cancel := context.WithCancel(t.Context())
	gone, stays := b.read(ctx, t, "SELECT 1"), b.read(t.Context(), t, "SELECT 2")
	cancel()
	if r := <-gone; !errors.Is(r.err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", r.err)
	}
	batch := b.next()
	if len(batch) != 1 {
		t.Errorf("the next batch has %d reads, want 1", len(batch))
	}
	b.run(batch)
	if r := <-stays; r.err != nil || r.got != 2 {
		t.Errorf("the other read returned %d, %v", r.got, r.err)
	}
}

// A batch contains two reads. One of them sleeps, so the batch times out. Each read must then be sent again without a
// batch. The sleeping read must end when its context ends. The other read must get its result.
func TestAHangingBatchIsAbandoned(t *testing.T) {
	b := busyBatcher(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*batchTimeout)
	defer cancel()
	sleeper := b.read(ctx, t, "SELECT 1 FROM pg_sleep(60)")
	behind := b.read(t.Context(), t, "SELECT 2")
	b.release()
	if r := <-behind; r.err != nil || r.got != 2 {
		t.Errorf("the other read of the batch returned %d, %v", r.got, r.err)
	}
	if r := <-sleeper; !errors.Is(r.err, context.DeadlineExceeded) {
		t.Errorf("the sleeping read's err = %v", r.err)
	}
}

// If the server has closed the only connection, the next batch fails. The read in that batch must then be sent again on
// a new connection.
func TestABrokenConnectionIsReplaced(t *testing.T) {
	b := busyBatcherOver(t, 1)
	one := func() readResult {
		result := b.read(t.Context(), t, "SELECT 1")
		b.release()
		return <-result
	}
	if r := one(); r.err != nil {
		t.Fatal(r.err)
	}
	other, err := Open(t.Context(), Config{URL: b.pool.Config().ConnString()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if _, err := other.Pool.Exec(t.Context(),
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	b.busy = b.slots
	b.mu.Unlock()
	if r := one(); r.err != nil || r.got != 1 {
		t.Errorf("after the connection broke: %d, %v", r.got, r.err)
	}
}

// If the function that processes a caller's rows panics, only this caller must get an error, and the process must not
// end.
func TestAPanicFailsOnlyItsRead(t *testing.T) {
	b := busyBatcher(t)
	var column int
	bad := b.enqueue("SELECT 1", nil, []any{&column}, func() error { panic("an unexpected row") })
	good := b.read(t.Context(), t, "SELECT 2")
	b.release()
	if <-bad.done; bad.err == nil {
		t.Error("the panic is not returned as an error")
	}
	if r := <-good; r.err != nil || r.got != 2 {
		t.Errorf("the other read returned %d, %v", r.got, r.err)
	}
}

// If many callers read at the same time, each of them must get the result of its own read. The contexts of some callers
// end before they have a result.
func TestConcurrentReadsGetTheirOwnResults(t *testing.T) {
	b := busyBatcher(t)
	b.busy = 0
	var crowd sync.WaitGroup
	for reader := range 32 {
		crowd.Go(func() {
			for turn := range 40 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+turn%5*10)*time.Millisecond)
				want, column, got := reader*1000+turn, 0, 0
				err := b.query(ctx, "SELECT $1::int", []any{want}, []any{&column}, func() error {
					got = column
					return nil
				})
				if err == nil && got != want {
					t.Errorf("reader %d got %d, want %d", reader, got, want)
				}
				cancel()
			}
		})
	}
	crowd.Wait()
	idle := func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.busy == 0 && len(b.waiting) == 0
	}
	for deadline := time.Now().Add(10 * time.Second); !idle(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("slots are still taken after all reads have ended")
		}
	}
}
