package compose

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
)

const (
	// lockPause is the pause before a database that somebody else locks is opened and migrated again. A migration that
	// waits for a lock blocks all later users of the table, who can work during the pause.
	lockPause = 2 * time.Second
	// lockReminder is the time between two log lines about the same wait.
	lockReminder = 30 * time.Second
)

// waitForLocks calls open until it returns nil or an error that is not about a lock of another session, or ctx ends.
// It logs what it waits for.
func waitForLocks(ctx context.Context, log *zap.Logger, pause time.Duration, open func() error) error {
	var logged time.Time
	for {
		err := open()
		if err == nil || !postgres.IsLocked(err) && !sqlite.IsBusy(err) {
			return err
		}
		if now := time.Now(); now.Sub(logged) >= lockReminder {
			logged = now
			log.Warn("waiting for a lock of another session of the database, which the start or the migration needs",
				zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
