// Package system implements the ports for the system's clock, ids and randomness.
package system

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/google/uuid"
)

// Clock is the wall clock.
type Clock struct{}

// Now returns the current time in UTC, truncated to whole microseconds, which every store
// can represent.
func (Clock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Sleep waits for d, or until ctx ends; then it returns the context's error.
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

// IDs generates UUIDv7 (RFC 9562), ascending within the process.
type IDs struct{}

// New returns a new id. It panics if the system has no randomness, because nothing may
// continue then.
func (IDs) New() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Entropy returns the system's cryptographic random source.
func Entropy() io.Reader { return rand.Reader }
