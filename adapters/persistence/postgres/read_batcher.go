package postgres

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// minSlots is the minimum number of connections that small reads may use at the same time, on any machine.
	minSlots = 2
	// maxBatch bounds the reads of one batch.
	maxBatch = 32
	// batchTimeout limits a batch. If the context of a caller ends, the caller usually stops waiting. If the batch has
	// begun to scan the caller's rows, the caller waits until the scan ends.
	batchTimeout = 500 * time.Millisecond
)

// readBatcher sends small reads over a limited number of connections (slots). If a slot is free, a read is sent
// immediately. If all slots are in use, the read waits. All waiting reads are then sent in one batch: on one
// connection, in one round trip.
type readBatcher struct {
	pool  *pgxpool.Pool
	slots int // maximum number of connections that small reads use at the same time

	mu      sync.Mutex
	busy    int // the number of slots in use
	waiting []*pendingRead
}

// newReadBatcher returns a batcher over the pool. The batcher uses at most a quarter of the pool's connections, and at
// most one connection per core. More connections would not help, because the cores must process the results. The
// batcher always uses at least minSlots connections.
func newReadBatcher(pool *pgxpool.Pool) *readBatcher {
	conns := int(pool.Config().MaxConns)
	return &readBatcher{pool: pool, slots: max(minSlots, min(runtime.GOMAXPROCS(0), conns/4))}
}

// pendingRead is a read that waits to be sent in a batch.
type pendingRead struct {
	sql           string
	args, columns []any
	fn            func() error

	state atomic.Int32
	done  chan struct{} // closed when the goroutine of the batch no longer uses this struct
	err   error
}

// The states of a pendingRead. Only one of these two changes of state can succeed:
//
//   - The batch changes readQueued to readScanning. It may then use the columns of the read.
//   - The caller stops waiting and changes readQueued to readLeft. It may then use the columns itself.
const (
	readQueued   = iota
	readScanning // the batch fills the columns
	readFinished // err contains the result
	readLeft     // the caller no longer waits
)

// query is like Dialect.Query, for reads of few rows. If the read is sent in a batch, another goroutine fills the
// columns and calls fn. That goroutine no longer uses columns and fn when query returns.
func (b *readBatcher) query(ctx context.Context, sql string, args, columns []any, fn func() error) error {
	r := b.enqueue(sql, args, columns, fn)
	if r == nil {
		defer b.release()
		return query(ctx, b.pool, sql, args, columns, fn)
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.state.CompareAndSwap(readQueued, readLeft) {
			return ctx.Err()
		}
		<-r.done
	}
	if r.state.Load() == readFinished {
		return r.err
	}
	return query(ctx, b.pool, sql, args, columns, fn) // the batch failed before it reached this read
}

// enqueue takes a free slot and returns nil. If no slot is free, it queues the read for the next batch and
// returns the queued read.
func (b *readBatcher) enqueue(sql string, args, columns []any, fn func() error) *pendingRead {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy < b.slots {
		b.busy++
		return nil
	}
	r := &pendingRead{sql: sql, args: args, columns: columns, fn: fn, done: make(chan struct{})}
	b.waiting = append(b.waiting, r)
	return r
}

// release passes the caller's slot to the waiting reads. If no read waits, the slot becomes free.
func (b *readBatcher) release() {
	batch := b.next()
	if len(batch) == 0 {
		return
	}
	go func() {
		for ; len(batch) > 0; batch = b.next() {
			b.run(batch)
		}
	}()
}

// next returns the next batch: at most maxBatch reads whose callers still wait. If there are none, it frees
// the slot and returns nil.
func (b *readBatcher) next() (batch []*pendingRead) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.waiting) > 0 && len(batch) < maxBatch {
		if r := b.waiting[0]; r.state.Load() == readQueued {
			batch = append(batch, r)
		}
		b.waiting = b.waiting[1:]
	}
	if len(batch) == 0 {
		b.busy--
	}
	return batch
}

// run sends a batch. If the batch fails, each read without a result is sent again without a batch (see
// query), so that a caller never gets the error of another caller's read.
func (b *readBatcher) run(reads []*pendingRead) {
	ctx, cancel := context.WithTimeout(context.Background(), batchTimeout)
	defer cancel()
	var batch pgx.Batch
	for _, r := range reads {
		batch.Queue(r.sql, r.args...)
	}
	results := b.pool.SendBatch(ctx, &batch)
	defer func() { _ = results.Close() }()
	for _, r := range reads {
		r.scan(results)
		close(r.done)
	}
}

// scan fills the columns and calls fn for each row of one read. If the caller no longer waits, scan skips the rows. A
// panic of fn becomes the error of the read, because the caller cannot recover a panic of this goroutine.
func (r *pendingRead) scan(results pgx.BatchResults) {
	rows, _ := results.Query() // the error of Query is returned by ForEachRow
	if !r.state.CompareAndSwap(readQueued, readScanning) {
		rows.Close()
		return
	}
	taken := false
	defer func() {
		if thrown := recover(); thrown != nil {
			r.err = fmt.Errorf("cannot process a row: panic of %T", thrown)
			r.state.Store(readFinished)
		}
	}()
	_, err := pgx.ForEachRow(rows, r.columns, func() error {
		taken = true
		return r.fn()
	})
	if err == nil || taken {
		r.err = err
		r.state.Store(readFinished)
	}
}
