package jobs

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
)

// Config configures the River queue. The zero value is usable; it turns reconciliation and
// pruning off.
type Config struct {
	background.Config
	// PollInterval is the time between two polls for jobs that no notification announced. The pull of such a job starts
	// at most one interval late. 0 means 500 ms, or 100 ms with PollOnly.
	PollInterval time.Duration
	// PollOnly makes the queue find jobs only by polling, without LISTEN. A pooler in transaction
	// mode would lose the notifications.
	PollOnly bool
	// Logger receives River's own log lines. They contain ids, job kinds and durations. The only job argument that they
	// can contain is the id of the pull. If Logger is nil, the lines are discarded.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	c.Config = c.WithDefaults()
	if c.PollOnly {
		c.PollInterval = cmp.Or(c.PollInterval, 100*time.Millisecond)
	}
	c.PollInterval = cmp.Or(c.PollInterval, 500*time.Millisecond)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
