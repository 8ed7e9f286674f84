package application

import (
	"fmt"
	"runtime/debug"
)

// goroutine is the default value of Deps.Go: it runs fn in a new goroutine. The returned function
// waits until fn has ended, and panics if fn panicked.
func goroutine(fn func()) (wait func()) {
	ended := make(chan struct{})
	var failure *goroutinePanic
	go func() {
		defer close(ended)
		defer func() {
			if value := recover(); value != nil {
				failure = capturePanic(value)
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

// goroutinePanic carries a panic from one goroutine to another, so that the goroutine that waits knows the
// value of the panic and the stack where it happened.
type goroutinePanic struct {
	value any
	stack []byte
}

// capturePanic returns the panic with this value, together with the stack of the calling goroutine.
// It must therefore be called in the goroutine that panics. A panic that was already captured in
// another goroutine is returned unchanged.
func capturePanic(value any) *goroutinePanic {
	if t, ok := value.(*goroutinePanic); ok {
		return t
	}
	return &goroutinePanic{value, debug.Stack()}
}

// Origin returns the type of the panic's value and the stack of the goroutine that panicked. It does
// not return the value itself, because the value may contain a secret.
func (t *goroutinePanic) Origin() (typeName string, stack []byte) {
	return fmt.Sprintf("%T", t.value), t.stack
}

// Error returns the text that the Go runtime prints if nothing recovers the panic and the process
// ends.
func (t *goroutinePanic) Error() string { return fmt.Sprintf("panic of a %T\n%s", t.value, t.stack) }
