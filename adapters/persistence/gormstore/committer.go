package gormstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The bounds of a group and of the queue, in knocks.
const (
	// maxBatch bounds the knocks of one transaction.
	maxBatch = 256
	// maxQueue bounds those that wait; who comes then waits outside, or leaves.
	maxQueue = 4096
)

// committer stores knocks in groups: its worker takes whatever waits, without lingering for
// more, and answers when the group's transaction is durable. Under load a disk flush serves
// many knocks; alone, a knock waits for nobody. A second worker would only split the groups.
type committer struct {
	receive  func(ctx context.Context, knocks []PendingDelivery) ([]Result, error)
	patience time.Duration
	queue    chan *call
	closing  chan struct{} // closed when no new call is taken
	idle     chan struct{} // closed when the worker has ended
	once     sync.Once
}

// call is one caller who waits for an answer. The answer has room for one, so that the
// worker never waits for a caller who has left.
type call struct {
	ctx    context.Context
	knock  PendingDelivery
	answer chan Result
}

// newCommitter starts the worker; it ends with close.
func newCommitter(patience time.Duration, receive func(context.Context, []PendingDelivery) ([]Result, error)) *committer {
	c := &committer{
		receive: receive, patience: patience, queue: make(chan *call, maxQueue),
		closing: make(chan struct{}), idle: make(chan struct{}),
	}
	go c.work()
	return c
}

// submit waits for the knock's own result. A caller whose context ends, or whose patience
// does behind a group that hangs, leaves; the knock may be stored all the same.
func (c *committer) submit(ctx context.Context, k PendingDelivery) Result {
	patient, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	result := c.wait(patient, k)
	result.Err = Translate(ctx, result.Err)
	return result
}

func (c *committer) wait(ctx context.Context, k PendingDelivery) Result {
	waiting := &call{ctx: ctx, knock: k, answer: make(chan Result, 1)}
	select {
	case <-c.closing: // looked at first: the select below may take any case that is ready
		return closed()
	default:
	}
	select {
	case <-c.closing:
		return closed()
	case <-ctx.Done():
		return Result{Err: ctx.Err()}
	case c.queue <- waiting:
	}
	select {
	case result := <-waiting.answer:
		return result
	case <-ctx.Done():
		return Result{Err: ctx.Err()}
	case <-c.idle:
		return c.last(waiting)
	}
}

// last looks once more when the worker is gone: it may have answered just before.
func (c *committer) last(waiting *call) Result {
	select {
	case result := <-waiting.answer:
		return result
	default:
		return closed()
	}
}

// closed is Unavailable: another replica, or this one restarted, takes the vendor's next try.
func closed() Result { return Result{Err: Unavailable(errors.New("the store is closed"))} }

// close may be called more than once, and returns when every queued call is answered.
func (c *committer) close() {
	c.once.Do(func() { close(c.closing) })
	<-c.idle
}

// work is the worker. It has no context: it ends when the queue is closed and empty.
func (c *committer) work() {
	defer close(c.idle)
	for {
		select {
		case head := <-c.queue:
			c.commit(c.gather(head))
		case <-c.closing:
			c.drain()
			return
		}
	}
}

// drain commits what was queued before the closing.
func (c *committer) drain() {
	for {
		select {
		case head := <-c.queue:
			c.commit(c.gather(head))
		default:
			return
		}
	}
}

// gather takes what waits behind head, and passes over callers who have left.
func (c *committer) gather(head *call) []*call {
	batch := make([]*call, 0, maxBatch)
	for next := head; ; {
		if next.ctx.Err() == nil {
			batch = append(batch, next)
		}
		if len(batch) == maxBatch {
			return batch
		}
		select {
		case next = <-c.queue:
		default:
			return batch
		}
	}
}

// commit answers every call of the batch. A batch that fails is tried again one by one,
// so that each knock has its own error; not when the database is away, for then every
// knock would wait for it in turn.
func (c *committer) commit(batch []*call) {
	if len(batch) == 0 {
		return
	}
	results, err := c.try(batch)
	for i, waiting := range batch {
		switch {
		case err == nil:
			waiting.answer <- results[i]
		case len(batch) == 1, errors.Is(err, domain.Unavailable):
			waiting.answer <- Result{Err: err}
		default:
			c.commit(batch[i : i+1])
		}
	}
}

// try stores the group under a deadline of its own, since it serves many callers.
func (c *committer) try(batch []*call) ([]Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.patience)
	defer cancel()
	knocks := make([]PendingDelivery, len(batch))
	for i, waiting := range batch {
		knocks[i] = waiting.knock
	}
	results, err := c.receive(ctx, knocks)
	// The batch's own deadline is the database's delay, not the callers'.
	return results, Translate(context.Background(), err)
}
