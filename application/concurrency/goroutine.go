// Package concurrency starts the work that the use cases run concurrently, and limits how much of it runs at the same
// time for one tenant.
package concurrency

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// Go runs fn in a new goroutine. The returned function waits until fn has ended, and panics if fn panicked.
func Go(fn func()) (wait func()) {
	ended := make(chan struct{})
	var failure *Panic
	go func() {
		defer close(ended)
		defer func() {
			if value := recover(); value != nil {
				failure = CapturePanic(value)
			}
		}()
		fn()
	}()
	return func() {
		if <-ended; failure != nil {
			panic(failure)
		}
	}
}

// Panic carries a panic from one goroutine to another, so that the goroutine that waits knows the
// value of the panic and the stack where it happened.
type Panic struct {
	value any
	stack []byte
}

// CapturePanic returns the panic with this value, together with the stack of the calling goroutine.
// It must therefore be called in the goroutine that panics. A panic that was already captured in
// another goroutine is returned unchanged.
func CapturePanic(value any) *Panic {
	if t, ok := value.(*Panic); ok {
		return t
	}
	return &Panic{value, debug.Stack()}
}

// Origin returns the type of the panic's value and the stack of the goroutine that panicked. It does
// not return the value itself, because the value may contain a secret.
func (t *Panic) Origin() (typeName string, stack []byte) {
	return fmt.Sprintf("%T", t.value), t.stack
}

// Error returns the text that the Go runtime prints if nothing recovers the panic and the process
// ends.
func (t *Panic) Error() string { return fmt.Sprintf("panic of a %T\n%s", t.value, t.stack) }

// cleanupTimeout is the time limit of a context that Detach returns.
const cleanupTimeout = 3 * time.Second

// Detach returns a context for writes that must happen even after the caller has disconnected or the worker was
// stopped. It has the values of ctx, does not end with ctx, and ends 3 seconds after the call.
func Detach(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
}
