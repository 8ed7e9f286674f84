package gormstore_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

func TestAMigrationIsSplitIntoStatements(t *testing.T) {
	t.Parallel()
	got := gormstore.Statements(`-- +goose Up

-- Why; and what.
CREATE TABLE a ( -- not the end;
    id text
);
DROP TYPE b; -- with its function

-- +goose StatementBegin
CREATE TRIGGER c BEGIN
    -- This comment is a part of the statement.
    SELECT 1;
END;
-- +goose StatementEnd
SELECT '
    2'`)
	want := []string{
		"CREATE TABLE a ( -- not the end;\n    id text\n);\n",
		"DROP TYPE b; -- with its function\n",
		"CREATE TRIGGER c BEGIN\n    -- This comment is a part of the statement.\n    SELECT 1;\nEND;\n",
		"SELECT '\n    2'",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
