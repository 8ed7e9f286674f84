// Package background contains the code that all job queues share: the configuration, the schedule of the maintenance
// tasks, the recovery from panics, the retry delay, and the grace period for running pulls at shutdown. It imports no
// database driver.
package background

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// Config configures the background work of one process. The zero value is usable; it turns
// reconciliation and pruning off.
type Config struct {
	// MaxWorkers is the maximum number of pulls that the ordinary workers of this process run concurrently; 0 means 32.
	// Reserved workers may run additional pulls; see ReservedWorkers.
	MaxWorkers int
	// OnError is called with every background error. It must not block. If it is nil, the
	// errors are discarded.
	OnError func(ports.BackgroundError)
	// Backlog is called about four times a minute with the age of the oldest unfinished
	// pull, or with 0 if no pull is unfinished. It must not block. If it is nil, the age is
	// not measured.
	Backlog func(time.Duration)
	// FeedDelay is called about twelve times a minute. Its argument is the time for which an open write transaction
	// has delayed the change feed so far, or 0 if there is no delay. It must not block. If FeedDelay is nil, the
	// delay is not measured.
	FeedDelay func(time.Duration)
	// PingWrite is called about twenty times a minute, and checks that the database accepts writes. If it is nil,
	// nothing checks that.
	PingWrite func(context.Context) error
	// Attention is called about four times a minute with the numbers of connections and accounts that need attention.
	// It must not block. If it is nil, they are not counted.
	Attention func(ports.Attention)
	// Serving reports whether this process handles requests at the moment. It must not block. If it is nil, the process
	// handles none.
	Serving func() bool
	// EventBacklog is called about four times a minute with the number of waiting events of subscriptions, the age of
	// the oldest one, and the number of disabled subscriptions. It must not block. If it is nil, these values are not
	// measured.
	EventBacklog func(ports.EventBacklogAge)
	// ReconcileInterval is the longest time that a connection may go without a successful
	// pull: if no webhook triggers a pull, reconciliation requests one in time. 0 turns
	// reconciliation off.
	ReconcileInterval time.Duration
	// DeliveryRetention is how long webhook deliveries are retained before they are pruned. 0 turns this pruning off:
	// deliveries and the stored responses of idempotent requests are then retained forever.
	DeliveryRetention time.Duration
	// PullRetention is how long pulls that changed nothing are retained before they are pruned. 0 turns this pruning
	// off.
	PullRetention time.Duration
	// EventRetention is how long delivered events of subscriptions, and the attempts to send them, are retained
	// before they are pruned. 0 retains them until their subscription is deleted.
	EventRetention time.Duration
}

// WithDefaults returns a copy of c in which MaxWorkers, OnError and Serving have their defaults if they were not set.
func (c Config) WithDefaults() Config {
	c.MaxWorkers = cmp.Or(c.MaxWorkers, 32)
	if c.OnError == nil {
		c.OnError = func(ports.BackgroundError) {}
	}
	if c.Serving == nil {
		c.Serving = func() bool { return false }
	}
	return c
}

// Recover calls fn and returns its error. It converts a panic of fn into an error, so that a panic does not end the
// process. The error contains the type and the stack of the panic, but not its value, which may contain secrets.
func Recover(fn func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			typeName, stack := panicOrigin(value)
			err = fmt.Errorf("panic of a %s\n%s", typeName, stack)
		}
	}()
	return fn()
}

// panicOrigin returns the type name of a panic value and the stack of the panic. A value with an Origin method was
// first recovered in another goroutine. For such a value, panicOrigin returns the type and the stack of the original
// panic.
func panicOrigin(value any) (typeName string, stack []byte) {
	if rethrown, ok := value.(interface{ Origin() (string, []byte) }); ok {
		return rethrown.Origin()
	}
	return fmt.Sprintf("%T", value), debug.Stack()
}

// MaxRetryDelay is the longest delay that RetryDelay returns.
const MaxRetryDelay = 30 * time.Second

// RetryDelay returns the delay after an attempt that failed because of the store or a bug. The argument is the number
// of failed attempts, from 1. The delay doubles from one second up to MaxRetryDelay. The backoff after an error of a
// vendor is decided by the pull itself.
func RetryDelay(attempts int) time.Duration {
	return min(time.Second<<min(max(attempts, 1)-1, 5), MaxRetryDelay)
}

// GracePeriod returns a context that ends after two thirds of the time until the deadline of ctx. Running pulls can
// finish within that period. In the last third, the remaining pulls are cancelled and their jobs handed back. If ctx
// has no deadline, the returned context ends with ctx.
func GracePeriod(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)*2/3)
}
