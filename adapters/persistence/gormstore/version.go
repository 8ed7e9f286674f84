package gormstore

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Version returns two versions of a schema: at is its current version (0 before the first migration), and needed is the
// version after all migrations in folder. The query exists must report whether the table of the migration tool goose
// exists. Version needs this query, because goose itself would create the table. Version changes nothing. It wraps the
// errors of the database.
func Version(ctx context.Context, db *sql.DB, exists string, folder fs.FS) (at, needed int64, err error) {
	files, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return 0, 0, err
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return 0, 0, fmt.Errorf("read the migrations: %w", err)
		}
		needed = max(needed, version)
	}
	var there bool
	if err = db.QueryRowContext(ctx, exists).Scan(&there); err == nil && there {
		err = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM "+goose.DefaultTablename).Scan(&at)
	}
	if err != nil {
		return 0, needed, fmt.Errorf("read the schema's version: %w", err)
	}
	return at, needed, nil
}
