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
	// minSlots is the minimum number of connections that small reads may use at once, on any machine.
	minSlots = 2
	// maxBatch bounds the reads of one batch.
	maxBatch = 32
	// batchTimeout limits a batch. A caller stops waiting earlier if its own context ends, unless its rows
	// are being scanned at that moment: then it waits until the batch ends or this timeout expires.
	batchTimeout = 500 * time.Millisecond
)

// readBatcher sends small reads. Reads that arrive while other reads are running wait and are then sent in one batch:
// on one connection, in one round trip. While the reads use fewer connections than they may, that is, while a slot is
// free, a read is sent at once, without a batch.
type readBatcher struct {
	pool  *pgxpool.Pool
	slots int // number of connections that small reads may use at once

	mu      sync.Mutex
	busy    int // the number of slots in use
	waiting []*pendingRead
}

// newReadBatcher returns a batcher over the pool. It leaves most of the pool's connections to other
// callers. It uses at most as many connections as there are cores to process the results, but at least
// minSlots.
func newReadBatcher(pool *pgxpool.Pool) *readBatcher {
	conns := int(pool.Config().MaxConns)
	return &readBatcher{pool: pool, slots: max(minSlots, min(runtime.GOMAXPROCS(0), conns/4))}
}

// pendingRead is a read that waits to be sent in a batch.
type pendingRead struct {
	sql           string
	args, columns []any
	take          func() error

	state atomic.Int32
	done  chan struct{} // closed when the batch no longer uses the read
	err   error
}

// The states of a pendingRead. Exactly one goroutine changes the state from readQueued. The new state determines
// whether the batch (readScanning) or the caller (readLeft) may use the columns.
const (
	readQueued   = iota
	readScanning // the batch fills the columns
	readFinished // err contains the result
	readLeft     // the caller no longer waits
)

// query is like Dialect.Query, for reads of few rows. If the read is sent in a batch, another goroutine
// fills columns and calls take, but never after query has returned.
func (b *readBatcher) query(ctx context.Context, sql string, args, columns []any, take func() error) error {
	r := b.enqueue(sql, args, columns, take)
	if r == nil {
		defer b.release()
		return query(ctx, b.pool, sql, args, columns, take)
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
	return query(ctx, b.pool, sql, args, columns, take) // the batch failed before it reached this read
}

// enqueue takes a free slot and returns nil. If no slot is free, it queues the read for the next batch and
// returns the queued read.
func (b *readBatcher) enqueue(sql string, args, columns []any, take func() error) *pendingRead {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy < b.slots {
		b.busy++
		return nil
	}
	r := &pendingRead{sql: sql, args: args, columns: columns, take: take, done: make(chan struct{})}
	b.waiting = append(b.waiting, r)
	return r
}

// release gives the caller's slot to the waiting reads. If no read waits, the slot becomes free.
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

// scan reads the rows of the read and fills its columns, unless its caller no longer waits. A panic of take
// becomes the error of the read, because the caller cannot recover a panic of this goroutine.
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
		return r.take()
	})
	if err == nil || taken {
		r.err = err
		r.state.Store(readFinished)
	}
}
