package gormstore

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
)

// The first of migrationFiles creates the schema of a new database and replaces all earlier migrations. A database
// that the earlier migrations created gets upgradeFile instead, which has the same number.
const (
	migrationFiles = "migrations/*.sql"
	schemaVersion  = 56
	upgradeFile    = "migrations/upgrade/00056_schema.sql"
	// lastReplaced is the version of the last of the earlier migrations, and lastCommit is the last commit whose
	// program contains them.
	lastReplaced = 55
	lastCommit   = "68f45046"
)

// Migrations returns the provider of the migrations in files (see migrationFiles), for a database whose schema has
// the version current, which is 0 if the database is empty. A database at the version lastReplaced gets upgradeFile
// instead of the first file. Migrations returns an error if the version is older.
//
// Each migration is one transaction, which begins with the statement first, if it is not empty. goose could read the
// files itself, but takes buffers of 4 MiB to find the end of a line.
func Migrations(
	dialect goose.Dialect, db *sql.DB, files fs.FS, current int64, first string,
) (*goose.Provider, error) {
	if current > 0 && current < schemaVersion && current != lastReplaced {
		return nil, fmt.Errorf(`the schema is at version %d, and this program upgrades version %d or a later one: run `+
			`"discovery migrate" of commit %s first`, current, lastReplaced, lastCommit)
	}
	names, err := fs.Glob(files, migrationFiles)
	if err != nil {
		return nil, err
	}
	migrations := make([]*goose.Migration, len(names))
	for i, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		if version == schemaVersion && current == lastReplaced {
			name = upgradeFile
		}
		migrations[i] = goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return err
			}
			return execEach(ctx, tx, append(statements(first), statements(string(text))...))
		}}, nil)
	}
	return goose.NewProvider(dialect, db, nil,
		goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(migrations...))
}

// execEach executes the statements one after the other.
func execEach(ctx context.Context, tx *sql.Tx, statements []string) error {
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			line, _, _ := strings.Cut(statement, "\n")
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	return nil
}

// The lines before and after a statement in which lines end with a semicolon.
const (
	statementBegin = "-- +goose StatementBegin\n"
	statementEnd   = "-- +goose StatementEnd\n"
)

// statements returns the statements in the text of a migration file, without the comments between them. A statement
// ends with the first line whose code ends with a semicolon, or, after statementBegin, before statementEnd.
func statements(text string) []string {
	var found []string
	var statement strings.Builder
	end := func() {
		if statement.Len() > 0 {
			found = append(found, statement.String())
		}
		statement.Reset()
	}
	within := false
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "--")
		code = strings.TrimSpace(code)
		switch {
		case line == statementBegin:
			within = true
		case line == statementEnd:
			within = false
			end()
		case within:
			statement.WriteString(line)
		case code != "":
			statement.WriteString(line)
			if strings.HasSuffix(code, ";") {
				end()
			}
		}
	}
	end()
	return found
}
