package gormstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The limits of a batch and of the queue, in deliveries.
const (
	// maxBatch is the maximum number of deliveries in one transaction.
	maxBatch = 256
	// maxQueue is the maximum number of waiting deliveries. If the queue is full, a caller waits for room
	// until its timeout.
	maxQueue = 4096
)

const (
	// largeWebhook is the size of the body, in bytes, from which a delivery is large.
	largeWebhook = 64 << 10
	// largeTimeout is the least timeout of large deliveries. It is less than the 5 s for which Pluggy waits.
	largeTimeout = 4 * time.Second
	// maxRest is the longest rest after a large delivery.
	maxRest = time.Second
)

// lane selects a committer.
type lane struct {
	server string // of the database; see Options.ServerOf
	large  bool
}

// committers store deliveries with two committers for each server of the database: one stores the large deliveries, one
// at a time, and one all others. A slow server therefore delays only its own deliveries, and a delivery that takes long
// to store, for example the ids of 20,000 deleted transactions, does not share the transaction and the deadline of the
// usual ones. At most one large delivery of each token waits in the queue, so that the tokens take turns.
type committers struct {
	timeout  time.Duration
	receive  func(ctx context.Context, deliveries []PendingDelivery) ([]Result, error)
	serverOf func(PendingDelivery) string // see Options.ServerOf; may be nil

	mu     sync.Mutex
	byLane map[lane]*committer
	turns  map[domain.TokenHash]*turn // of the tokens with large deliveries
	closed bool
}

// turn is held by the large delivery of a token that is queued or being stored.
type turn struct {
	held  chan struct{} // contains a value while the turn is held
	users int           // large deliveries of the token that hold the turn or wait for it
}

// submit queues the delivery for the next batch of its lane and waits for its result; see committer.submit.
func (c *committers) submit(ctx context.Context, d PendingDelivery) Result {
	l := lane{large: len(d.Body) >= largeWebhook}
	if c.serverOf != nil {
		l.server = c.serverOf(d)
	}
	responsible := c.of(l)
	if responsible == nil {
		return Result{Err: errClosed}
	}
	if l.large {
		return c.submitLarge(ctx, responsible, d)
	}
	return responsible.submit(ctx, d)
}

// submitLarge is submit for a large delivery: it first waits for the turn of the delivery's token.
func (c *committers) submitLarge(ctx context.Context, responsible *committer, d PendingDelivery) (result Result) {
	bounded, cancel := context.WithTimeout(ctx, responsible.timeout)
	defer cancel()
	end, err := c.takeTurn(bounded, d.Token)
	if err != nil {
		return Result{Err: Translate(ctx, err)}
	}
	defer end()
	result = responsible.submit(bounded, d)
	result.Err = Translate(ctx, result.Err)
	return result
}

// takeTurn waits until no other large delivery of the token is queued. The caller must call end when its delivery is
// stored. Errors: the error of ctx.
func (c *committers) takeTurn(ctx context.Context, token domain.TokenHash) (end func(), err error) {
	c.mu.Lock()
	if c.turns == nil {
		c.turns = map[domain.TokenHash]*turn{}
	}
	t := c.turns[token]
	if t == nil {
		t = &turn{held: make(chan struct{}, 1)}
		c.turns[token] = t
	}
	t.users++
	c.mu.Unlock()
	leave := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(c.turns, token)
		}
	}
	select {
	case t.held <- struct{}{}:
		return func() { <-t.held; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// of returns the committer of the lane, or nil after close.
func (c *committers) of(l lane) *committer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	if c.byLane[l] == nil {
		timeout, limit := c.timeout, maxBatch
		if l.large {
			timeout, limit = max(timeout, largeTimeout), 1
		}
		c.byLane[l] = newCommitter(timeout, limit, c.receive)
	}
	return c.byLane[l]
}

// close refuses new deliveries and returns when every queued delivery has its result. It may be called more than once.
func (c *committers) close() {
	c.mu.Lock()
	c.closed = true
	started := slices.Collect(maps.Values(c.byLane))
	c.mu.Unlock()
	for _, responsible := range started {
		responsible.close()
	}
}

// committer stores deliveries in batches (group commit). Its worker repeats three steps:
//
//   - It takes all waiting deliveries, and does not wait for further ones.
//   - It stores these deliveries in one transaction.
//   - When the transaction is durable, it sends the results.
//
// Under load, one disk flush serves many deliveries, and a single delivery is not delayed. A second worker would only
// make the batches smaller.
type committer struct {
	receive func(ctx context.Context, deliveries []PendingDelivery) ([]Result, error)
	timeout time.Duration
	limit   int // the maximum number of deliveries in one transaction
	queue   chan *call
	closing chan struct{} // closed when new calls are refused
	idle    chan struct{} // closed when the worker has ended
	once    sync.Once
}

// call is one delivery whose caller waits for its result. The result channel has room for one result, so
// that the worker never waits for a caller that has stopped waiting.
type call struct {
	ctx      context.Context
	delivery PendingDelivery
	result   chan Result
}

// newCommitter returns a committer and starts its worker; close ends the worker. The timeout limits both the wait of a
// caller and the transaction of a batch.
func newCommitter(
	timeout time.Duration, limit int, receive func(context.Context, []PendingDelivery) ([]Result, error),
) *committer {
	c := &committer{
		receive: receive, timeout: timeout, limit: limit, queue: make(chan *call, maxQueue),
		closing: make(chan struct{}), idle: make(chan struct{}),
	}
	go c.run()
	return c
}

// submit queues the delivery for the next batch and waits for its result. It returns early if the caller's
// context ends, or if a batch hangs and the timeout expires. In these cases the delivery may still be
// stored.
func (c *committer) submit(ctx context.Context, d PendingDelivery) Result {
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	waiting := &call{ctx: bounded, delivery: d, result: make(chan Result, 1)}
	result := Result{Err: c.enqueue(waiting)}
	if result.Err == nil {
		result = c.await(waiting)
	}
	result.Err = Translate(ctx, result.Err)
	return result
}

// enqueue waits for room in the queue and adds the call to it. Errors: the error of the call's context, or Unavailable
// when the committer is closing.
func (c *committer) enqueue(waiting *call) error {
	select {
	case <-c.closing: // checked first, because the select below chooses at random among the cases that are ready
		return errClosed
	default:
	}
	select {
	case <-c.closing:
		return errClosed
	case <-waiting.ctx.Done():
		return waiting.ctx.Err()
	case c.queue <- waiting:
		return nil
	}
}

// await waits for the result of a call that is queued.
func (c *committer) await(waiting *call) Result {
	select {
	case result := <-waiting.result:
		return result
	case <-waiting.ctx.Done():
		return Result{Err: waiting.ctx.Err()}
	case <-c.idle:
	}
	select {
	case result := <-waiting.result: // the worker may have responded just before it ended
		return result
	default:
		return Result{Err: errClosed}
	}
}

// errClosed is the error of a call after close. It is Unavailable, so the vendor sends the webhook again. Another
// replica can then accept the webhook. After a restart, this replica can accept it, too.
var errClosed = Unavailable(errors.New("the store is closed"))

// close refuses new calls and returns when every queued call has its result. It may be called more
// than once.
func (c *committer) close() {
	c.once.Do(func() { close(c.closing) })
	<-c.idle
}

// run is the loop of the worker goroutine. It ends when the committer is closing and every queued call has its result.
// No context ends it earlier.
func (c *committer) run() {
	defer close(c.idle)
	for first := c.next(); first != nil; first = c.next() {
		begun := time.Now()
		c.commit(c.collect(first))
		c.rest(time.Since(begun))
	}
}

// rest waits as long as a delivery has taken, if the committer stores large ones, one at a time. A sender that sends
// one after the other thus leaves half of the time of the database to others. A database that has not responded is
// tried again after maxRest. rest returns early when the committer is closing.
func (c *committer) rest(taken time.Duration) {
	if c.limit > 1 {
		return
	}
	select {
	case <-time.After(min(taken, maxRest)):
	case <-c.closing:
	}
}

// next waits for a queued call. It returns nil when the committer is closing and the queue is empty.
func (c *committer) next() *call {
	select {
	case first := <-c.queue:
		return first
	case <-c.closing:
	}
	select {
	case first := <-c.queue: // queued before closing
		return first
	default:
		return nil
	}
}

// collect returns a batch of firstCall and the calls that are queued after it, at most c.limit calls. It skips calls
// whose callers no longer wait.
func (c *committer) collect(firstCall *call) []*call {
	batch := make([]*call, 0, c.limit)
	for next := firstCall; ; {
		if next.ctx.Err() == nil {
			batch = append(batch, next)
		}
		if len(batch) == c.limit {
			return batch
		}
		select {
		case next = <-c.queue:
		default:
			return batch
		}
	}
}

// commit stores the batch and sends every call its result. The batch serves many callers, so it has its own deadline
// and does not use the context of a caller.
//
// If a batch fails, commit stores its deliveries again one at a time, so that each delivery gets its own error. If the
// database is unavailable, each call gets this error immediately.
func (c *committer) commit(batch []*call) {
	if len(batch) == 0 {
		return
	}
	deliveries := make([]PendingDelivery, len(batch))
	for i, waiting := range batch {
		deliveries[i] = waiting.delivery
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	results, err := c.receive(ctx, deliveries)
	cancel()
	// If ctx has ended, the database is too slow, and the error must become Unavailable. Translate therefore gets a
	// context that has not ended.
	err = Translate(context.Background(), err)
	for i, waiting := range batch {
		switch {
		case err == nil:
			waiting.result <- results[i]
		case len(batch) == 1, errors.Is(err, domain.Unavailable):
			waiting.result <- Result{Err: err}
		default:
			c.commit(batch[i : i+1])
		}
	}
}
