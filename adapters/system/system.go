// Package system is the machine's own clock, ids and randomness.
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

// Now is UTC in whole microseconds, which every store can keep.
func (Clock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Sleep waits for d, or for the context's end.
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

// IDs makes UUIDv7 (RFC 9562), ascending within the process.
type IDs struct{}

// New makes one. It panics if the system has no randomness: nothing may go on then.
func (IDs) New() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Entropy is the system's cryptographic random source.
func Entropy() io.Reader { return rand.Reader }
