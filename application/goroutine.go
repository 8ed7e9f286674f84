package application

import (
	"fmt"
	"runtime/debug"
)

// goroutine is Deps.Beside where none is given. A panic of the work is one of who waits.
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

// thrown is a panic on its way from one goroutine to another, which knows no more by itself
// of what it was and where.
type goroutinePanic struct {
	value any
	stack []byte
}

// caught is for the goroutine that panics. What came from another stays what it was.
func capturePanic(value any) *goroutinePanic {
	if t, ok := value.(*goroutinePanic); ok {
		return t
	}
	return &goroutinePanic{value, debug.Stack()}
}

// Origin tells what was thrown by its type alone, for nobody knows what it holds, and the
// stack of the goroutine that threw it.
func (t *goroutinePanic) Origin() (typeName string, stack []byte) { return fmt.Sprintf("%T", t.value), t.stack }

// Error is what a process that nobody guards ends with.
func (t *goroutinePanic) Error() string { return fmt.Sprintf("panic of a %T\n%s", t.value, t.stack) }
