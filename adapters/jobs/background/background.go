// Package background holds what every job queue shares: its configuration, the schedule
// of the maintenance tasks, the recovery from panics, the retry delay and the split of the
// shutdown time. It imports no database and no River, so the queue in memory needs neither.
package background

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// Config configures the background work of one process. The zero value works, without
// reconciliation and without pruning.
type Config struct {
	// MaxWorkers is the maximum number of pulls that run concurrently in this process; 0
	// means 8.
	MaxWorkers int
	// OnError is called with every background error. It must not block. Nil discards them.
	OnError func(ports.BackgroundError)
	// Backlog is called about four times a minute with the age of the oldest unfinished
	// pull, 0 if there is none. It must not block. If it is nil, the age is not measured.
	Backlog func(time.Duration)
	// ReconcileInterval is how long a connection may go without a succeeded pull; 0 turns
	// reconciliation off.
	ReconcileInterval time.Duration
	// DeliveryRetention is how long deliveries are retained; 0 retains them, and every
	// other old row, forever.
	DeliveryRetention time.Duration
}

// WithDefaults returns a copy of c in which MaxWorkers and OnError are set.
func (c Config) WithDefaults() Config {
	c.MaxWorkers = cmp.Or(c.MaxWorkers, 8)
	if c.OnError == nil {
		c.OnError = func(ports.BackgroundError) {}
	}
	return c
}

// Recover calls fn and turns a panic into an error, so that one pull or maintenance task
// does not end the process. The error holds the type and the stack of the panic, but not
// its value, which may contain anything, secrets included.
func Recover(fn func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			typeName, stack := panicOrigin(value)
			err = fmt.Errorf("panic of a %s\n%s", typeName, stack)
		}
	}()
	return fn()
}

// panicOrigin returns the type and the stack of a panic. A value with an Origin method
// re-panics in this goroutine what another one panicked with: its own type and stack are
// returned then.
func panicOrigin(value any) (typeName string, stack []byte) {
	if rethrown, ok := value.(interface{ Origin() (string, []byte) }); ok {
		return rethrown.Origin()
	}
	return fmt.Sprintf("%T", value), debug.Stack()
}

// MaxRetryDelay is the longest delay that RetryDelay returns.
const MaxRetryDelay = 30 * time.Second

// RetryDelay returns the delay after an attempt that failed because of the store or a
// bug; attempts counts from 1. It doubles from one second up to MaxRetryDelay. The backoff
// after a vendor's errors is not its concern: the pull itself decides that.
func RetryDelay(attempts int) time.Duration {
	return min(time.Second<<min(max(attempts, 1)-1, 5), MaxRetryDelay)
}

// GracePeriod returns a context that ends after two thirds of the time that ctx has left.
// Running pulls may finish within it; the rest of the time is for cancelling and handing
// back those that did not. Without a deadline it ends with ctx.
func GracePeriod(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)*2/3)
}
