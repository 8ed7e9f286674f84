package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/pglock"
)

// migrationLock is the key of the advisory lock that is held while River's tables are
// migrated. Its bytes spell "aggrjobs" in ASCII.
const migrationLock int64 = 0x616767726a6f6273

// migrationPatience is the maximum time for which a process waits while another process migrates.
const migrationPatience = 5 * time.Minute

// Migrate brings River's tables up to date. Any number of processes may call it
// concurrently, because an advisory lock serialises the migrations.
func (q *Queue) Migrate(ctx context.Context) error {
	err := pglock.Wait(ctx, q.pool, migrationLock, migrationPatience, q.river.migrateUp)
	if err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	return nil
}

// Version returns the version of the existing tables of River (current), and the version that this program needs. The
// current version is 0 if there are no tables. If the tables are newer than the program, both results are equal.
func (q *Queue) Version(ctx context.Context) (current, needed int64, err error) {
	return q.river.version(ctx)
}
