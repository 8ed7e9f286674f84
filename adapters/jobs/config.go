package jobs

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
)

// Config configures a River queue. The zero value works, without reconciliation and
// without pruning.
type Config struct {
	background.Config
	// PollInterval is how often the queue polls for jobs that no notification announced,
	// and so how late a waiting pull may start; 0 means 500 ms.
	PollInterval time.Duration
	// Logger receives River's own log lines: ids, kinds and durations, and of the
	// arguments only a pull's id. Nil discards them.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	c.Config = c.WithDefaults()
	c.PollInterval = cmp.Or(c.PollInterval, 500*time.Millisecond)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
