package compose

import (
	"errors"
	"testing"
	"time"
)

func TestWritesFailOnceTheyHaveFailedForTenSeconds(t *testing.T) {
	now := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	w := &writeCheck{now: func() time.Time { return now }}
	refused := errors.New("disk full")
	for i, step := range []struct {
		after   time.Duration
		err     error
		since   time.Duration
		failing bool
	}{
		{0, nil, 0, false},
		{time.Minute, refused, 0, false},
		{5 * time.Second, refused, 5 * time.Second, false},
		{5 * time.Second, refused, 10 * time.Second, true},
		{time.Hour, refused, time.Hour + 10*time.Second, true},
		{time.Second, nil, 0, false},
		{time.Second, refused, 0, false},
		{9 * time.Second, nil, 0, false},
		{time.Second, refused, 0, false},
	} {
		now = now.Add(step.after)
		if since, failing := w.observe(step.err), w.failing(); since != step.since || failing != step.failing {
			t.Errorf("step %d: %v, %v; want %v, %v", i, since, failing, step.since, step.failing)
		}
	}
}
