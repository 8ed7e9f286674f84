package compose

import (
	"context"
	"fmt"
)

// schema can be brought up to date; any number of processes may do it at once.
type schema interface {
	Migrate(ctx context.Context) error
	Version(ctx context.Context) (current, needed int64, err error)
}

// upToDate migrates, or sees that somebody has: on a schema that is behind, work would fail
// each time, and only when it comes.
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

// current refuses a schema that is behind. A newer one serves: while a deployment rolls, the
// processes of before it work on.
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
