// Package system implements the ports for the current time, new ids and randomness. It uses the clock and the random
// source of the operating system.
package system

import (
	"context"
	"crypto/rand"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Clock is the wall clock of the operating system.
type Clock struct{}

// Now returns the current time in UTC, truncated to microseconds, because every store can
// represent a time with this precision.
func (Clock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Sleep waits for the duration d. If ctx ends earlier, Sleep returns the error of ctx.
func (Clock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Every calls fn at each interval, never twice at a time. stop ends the calls, and waits for the last one. It panics if
// fn panicked.
func Every(interval time.Duration, fn func()) (stop func()) {
	ended, done := make(chan struct{}), make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
				fn()
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(ended)
		if failure := <-done; failure != nil {
			panic(failure)
		}
	})
}

// IDs generates UUIDs of version 7 (RFC 9562), in ascending order within the process.
type IDs struct{}

// New returns a new id. It panics if the operating system provides no random numbers, because
// the service must not continue without them.
func (IDs) New() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Entropy returns the cryptographically secure random source of the operating system.
func Entropy() io.Reader { return rand.Reader }
