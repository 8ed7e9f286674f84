package compose

import (
	"context"
	"fmt"
)

// schema is a database schema that can be migrated. Any number of processes can migrate it concurrently.
type schema interface {
	Migrate(ctx context.Context) error
	Version(ctx context.Context) (current, needed int64, err error)
}

// ensureSchema migrates the schema if migrate is true. If migrate is false, it returns an error if the schema is
// outdated. Without this check, the service would start, and fail only when there is work to do.
//
// A newer schema is accepted, because the processes of the previous release must continue to work during a rolling
// deployment.
func ensureSchema(ctx context.Context, migrate bool, s schema) error {
	if migrate {
		return s.Migrate(ctx)
	}
	current, needed, err := s.Version(ctx)
	if err != nil {
		return err
	}
	if current < needed {
		return fmt.Errorf(
			`the store's schema is at version %d, and %d is needed: run "discovery migrate"`, current, needed,
		)
	}
	return nil
}
