package gormstore

import (
	"fmt"
	"io/fs"
)

// The first file of the folder migrations, schemaFile, creates the schema of a new database and replaces all earlier
// migrations. A database that the earlier migrations created gets upgradeFile instead, which has the same number.
const (
	schemaVersion = 30
	schemaFile    = "00030_schema.sql"
	upgradeFile   = "upgrade/" + schemaFile
	// lastCommit is the last commit whose program contains the replaced migrations.
	lastCommit = "948d2062"
)

// Migrations returns the folder of migrations for a database whose schema has the version current, which is 0 if the
// database is empty. The argument last is the version of the last migration that schemaFile has replaced. A database at
// this version gets upgradeFile instead of schemaFile. Migrations returns an error if the version is older.
func Migrations(folder fs.FS, current, last int64) (fs.FS, error) {
	switch {
	case current == last:
		return upgradeFS{folder}, nil
	case current > 0 && current < schemaVersion:
		return nil, fmt.Errorf(`the schema is at version %d, and this program upgrades version %d or a later one: run `+
			`"discovery migrate" of commit %s first`, current, last, lastCommit)
	}
	return folder, nil
}

// upgradeFS is a folder of migrations in which upgradeFile replaces schemaFile.
type upgradeFS struct{ fs.FS }

// Open implements fs.FS.
func (f upgradeFS) Open(name string) (fs.File, error) {
	if name == schemaFile {
		name = upgradeFile
	}
	return f.FS.Open(name)
}
