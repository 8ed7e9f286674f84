package porttest

import (
	"sync"
	"time"
)

// Clock is a ports.Clock whose time changes only when Advance is called. It is safe for
// concurrent use. The zero value returns the zero time until Advance is called.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock returns a clock that is set to the given time.
func NewClock(at time.Time) *Clock { return &Clock{at: at} }

// Now implements ports.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock forward by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
