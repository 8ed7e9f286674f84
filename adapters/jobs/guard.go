package jobs

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// guarded turns a panic into an error, so that one pull or chore does not end the
// process. The panic's value stays out: nobody knows what it holds.
func guarded(do func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			sort, stack := origin(value)
			err = fmt.Errorf("panic of a %s\n%s", sort, stack)
		}
	}()
	return do()
}

// origin tells a panic's type and stack: its own, or those that it brings from another
// goroutine.
func origin(value any) (sort string, stack []byte) {
	if elsewhere, ok := value.(interface{ Origin() (string, []byte) }); ok {
		return elsewhere.Origin()
	}
	return fmt.Sprintf("%T", value), debug.Stack()
}

// retryWait is the wait after a try that the store or a bug has ended: a pull's own
// backoff is the pull's business, this is only about coming again.
func retryWait(tries int) time.Duration {
	return min(time.Second<<min(max(tries, 1)-1, 5), maxRetryWait)
}

const maxRetryWait = 30 * time.Second

// soft gives the part of ctx's time in which running pulls may finish by themselves; the
// rest is for handing back those that did not.
func soft(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(end)*2/3)
}
