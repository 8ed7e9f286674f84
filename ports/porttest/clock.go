package porttest

import (
	"sync"
	"time"
)

// Clock is a ports.Clock that moves only when Pass is called. It is safe for concurrent
// use; its zero value returns the zero time.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock returns a clock that is set to a time.
func NewClock(at time.Time) *Clock { return &Clock{at: at} }

// Now implements ports.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Pass moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
