package application

import (
	"fmt"
	"runtime/debug"
)

// goroutine is the default of Deps.Go: it runs work in a goroutine of its own. If work panics, wait
// panics.
func goroutine(work func()) (wait func()) {
	ended := make(chan struct{})
	var failure *goroutinePanic
	go func() {
		defer close(ended)
		defer func() {
			if value := recover(); value != nil {
				failure = capturePanic(value)
			}
		}()
		work()
	}()
	return func() {
		if <-ended; failure != nil {
			panic(failure)
		}
	}
}

// goroutinePanic carries a panic from one goroutine to another, which would otherwise know neither
// what it was nor where it happened.
type goroutinePanic struct {
	value any
	stack []byte
}

// capturePanic must be called in the goroutine that panics. A panic that already comes from another
// goroutine is returned unchanged.
func capturePanic(value any) *goroutinePanic {
	if t, ok := value.(*goroutinePanic); ok {
		return t
	}
	return &goroutinePanic{value, debug.Stack()}
}

// Origin describes the panic only by the type of its value, because the value may hold a secret,
// and returns the stack of the goroutine that panicked.
func (t *goroutinePanic) Origin() (typeName string, stack []byte) {
	return fmt.Sprintf("%T", t.value), t.stack
}

// Error is what a process prints that ends because nothing recovers the panic.
func (t *goroutinePanic) Error() string { return fmt.Sprintf("panic of a %T\n%s", t.value, t.stack) }
