package jobs

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// Config says how a runner works. The zero value works, without a safety net and
// without pruning.
type Config struct {
	// MaxWorkers is how many pulls run at once in this process; 0 is 8.
	MaxWorkers int
	// PollInterval is how often jobs are looked for when no notification comes, and so
	// how late a waiting pull may be; 0 is 500 ms. Local needs none.
	PollInterval time.Duration
	// Logger takes River's own lines: ids, kinds and durations, never arguments beyond a
	// pull's id. Nil is silence.
	Logger *slog.Logger
	// Observe is told of background work that failed. It must not block. Nil is silence.
	OnError func(ports.BackgroundError)
	// Backlog is told the age of the oldest pull that is not over, 0 when there is none,
	// about four times a minute. It must not block. Nil: it is not measured.
	Backlog func(time.Duration)
	// ReconcileInterval is how long a connection may go without a succeeded pull; 0 turns
	// the safety net off.
	ReconcileInterval time.Duration
	// DeliveryRetention is how long deliveries are kept; 0 keeps them, and every other
	// old row, for good.
	DeliveryRetention time.Duration
}

func (c Config) withDefaults() Config {
	c.MaxWorkers = cmp.Or(c.MaxWorkers, 8)
	c.PollInterval = cmp.Or(c.PollInterval, 500*time.Millisecond)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.OnError == nil {
		c.OnError = func(ports.BackgroundError) {}
	}
	return c
}
