package compose

import (
	"context"
	"fmt"
)

// schema can be migrated; any number of processes may do so concurrently.
type schema interface {
	Migrate(ctx context.Context) error
	Version(ctx context.Context) (current, needed int64, err error)
}

// ensureSchema migrates, or checks that another process has migrated: on an outdated schema,
// work would fail each time, but only when there is some.
func ensureSchema(ctx context.Context, migrate bool, store, queue schema) error {
	if !migrate {
		if err := checkVersion(ctx, "store", store); err != nil {
			return err
		}
		return checkVersion(ctx, "job queue", queue)
	}
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	return queue.Migrate(ctx)
}

// checkVersion rejects an outdated schema. It accepts a newer one: during a rolling
// deployment, the processes of the previous release continue to work.
func checkVersion(ctx context.Context, name string, s schema) error {
	current, needed, err := s.Version(ctx)
	if err != nil {
		return err
	}
	if current < needed {
		return fmt.Errorf(
			`the %s's schema is at version %d, and %d is needed: run "discovery migrate"`, name, current,
			needed,
		)
	}
	return nil
}
