package gormstore

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Version returns the version of the schema in the database, and the version after all migrations in files. The first
// result is 0 before the first migration. Version changes nothing. It wraps the errors of the database.
//
// exists is an SQL query that reports whether the table of goose, the migration tool, exists. Version does not ask
// goose for the version, because goose would create the table.
func Version(ctx context.Context, db *sql.DB, exists string, files fs.FS) (current, needed int64, err error) {
	names, err := fs.Glob(files, migrationFiles)
	if err != nil {
		return 0, 0, err
	}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return 0, 0, fmt.Errorf("read the migrations: %w", err)
		}
		needed = max(needed, version)
	}
	var there bool
	if err = db.QueryRowContext(ctx, exists).Scan(&there); err == nil && there {
		err = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM "+goose.DefaultTablename).Scan(&current)
	}
	if err != nil {
		return 0, needed, fmt.Errorf("read the schema's version: %w", err)
	}
	return current, needed, nil
}
