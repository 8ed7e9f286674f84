package postgres

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// leastLanes is how many connections small reads may take at once on any machine.
	leastLanes = 2
	// mostGathered bounds what is sent in one go.
	mostGathered = 32
	// batchTime bounds a batch. A caller whose own time ends leaves it earlier; only one
	// whose rows are being read right then waits for this.
	batchTime = 500 * time.Millisecond
)

// gatherer sends small reads that come while others are under way in one go: one
// connection, one write and one wait for all of them. With nobody else there a read
// goes alone, at once.
type gatherer struct {
	alone dialect
	lanes int // connections that small reads may take at once

	mu      sync.Mutex
	busy    int // lanes in use
	waiting []*ask
}

// newGatherer leaves most of the pool to others, and takes no more than there are cores
// to read the answers.
func newGatherer(d dialect) *gatherer {
	conns := int(d.db.Pool.Config().MaxConns)
	return &gatherer{alone: d, lanes: max(leastLanes, min(runtime.GOMAXPROCS(0), conns/4))}
}

// ask is a read that waits for others to be sent with.
type ask struct {
	sql           string
	args, columns []any
	take          func() error

	state atomic.Int32
	done  chan struct{} // closed when the batch has nothing more to do with it
	err   error
}

// Where an ask stands. Whoever moves it from open decides who may touch its columns.
const (
	open     = iota
	reading  // the batch fills the columns
	answered // err says how it went
	left     // its caller has gone
)

// query is dialect.query for reads of few rows. The batch writes to columns and calls take
// on a goroutine of its own, but never after query has returned.
func (g *gatherer) query(ctx context.Context, sql string, args, columns []any, take func() error) error {
	a := g.join(sql, args, columns, take)
	if a == nil {
		defer g.release()
		return g.alone.query(ctx, sql, args, columns, take)
	}
	select {
	case <-a.done:
	case <-ctx.Done():
		if a.state.CompareAndSwap(open, left) {
			return ctx.Err()
		}
		<-a.done
	}
	if a.state.Load() == answered {
		return a.err
	}
	return g.alone.query(ctx, sql, args, columns, take) // the batch failed before its turn
}

// join queues a read, or takes a lane and gives nil where one is free.
func (g *gatherer) join(sql string, args, columns []any, take func() error) *ask {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy < g.lanes {
		g.busy++
		return nil
	}
	a := &ask{sql: sql, args: args, columns: columns, take: take, done: make(chan struct{})}
	g.waiting = append(g.waiting, a)
	return a
}

// release gives a lane to those who wait, if any.
func (g *gatherer) release() {
	batch := g.next()
	if len(batch) == 0 {
		return
	}
	go func() {
		for ; len(batch) > 0; batch = g.next() {
			g.run(batch)
		}
	}()
}

// next takes what waits and is still wanted; a lane with nothing to do is free.
func (g *gatherer) next() (batch []*ask) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.waiting) > 0 && len(batch) < mostGathered {
		if a := g.waiting[0]; a.state.Load() == open {
			batch = append(batch, a)
		}
		g.waiting = g.waiting[1:]
	}
	if len(batch) == 0 {
		g.busy--
	}
	return batch
}

// run sends a batch. When it fails, those who have no answer yet ask by themselves: one's
// failure must not be another's.
func (g *gatherer) run(asks []*ask) {
	ctx, cancel := context.WithTimeout(context.Background(), batchTime)
	defer cancel()
	var batch pgx.Batch
	for _, a := range asks {
		batch.Queue(a.sql, a.args...)
	}
	results := g.alone.db.Pool.SendBatch(ctx, &batch)
	defer func() { _ = results.Close() }()
	for _, a := range asks {
		a.read(results)
		close(a.done)
	}
}

// read fills the columns from the ask's rows, unless its caller has left. A panic of take
// is the ask's failure: nobody would recover it on this goroutine.
func (a *ask) read(results pgx.BatchResults) {
	rows, _ := results.Query() // its error is the rows' too
	if !a.state.CompareAndSwap(open, reading) {
		rows.Close()
		return
	}
	touched := false
	defer func() {
		if thrown := recover(); thrown != nil {
			a.err = fmt.Errorf("a row cannot be taken: panic of %T", thrown)
			a.state.Store(answered)
		}
	}()
	_, err := pgx.ForEachRow(rows, a.columns, func() error {
		touched = true
		return a.take()
	})
	if err == nil || touched {
		a.err = err
		a.state.Store(answered)
	}
}
