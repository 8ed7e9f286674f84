package porttest

import (
	"sync"
	"time"
)

// Clock is a ports.Clock that stands still until it is moved. It is safe for concurrent
// use; its zero value shows the zero time.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock is a clock that shows a time.
func NewClock(at time.Time) *Clock { return &Clock{at: at} }

// Now implements ports.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Pass moves the clock on.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
