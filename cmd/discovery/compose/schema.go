package compose

import (
	"context"
	"fmt"
)

// schema can be brought up to date; any number of processes may do it at once.
type schema interface {
	Migrate(ctx context.Context) error
	Version(ctx context.Context) (at, needed int64, err error)
}

// upToDate migrates, or sees that somebody has: on a schema that is behind, work would fail
// each time, and only when it comes.
func upToDate(ctx context.Context, migrate bool, store, queue schema) error {
	if !migrate {
		if err := current(ctx, "store", store); err != nil {
			return err
		}
		return current(ctx, "job queue", queue)
	}
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	return queue.Migrate(ctx)
}

// current refuses a schema that is behind. A newer one serves: while a deployment rolls, the
// processes of before it work on.
func current(ctx context.Context, name string, s schema) error {
	at, needed, err := s.Version(ctx)
	if err != nil {
		return err
	}
	if at < needed {
		return fmt.Errorf(`the %s's schema is at version %d, and %d is needed: run "discovery migrate"`, name, at, needed)
	}
	return nil
}
