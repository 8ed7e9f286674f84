package gormstore_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

func TestEveryRowHasTheColumnsOfItsTable(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		for _, row := range gormstore.Rows() {
			stmt := &gorm.Statement{DB: b.gorm}
			if err := stmt.Parse(row); err != nil {
				t.Fatal(err)
			}
			columns := columnsOf(t, b.gorm, stmt.Schema.Table)
			members := slices.Sorted(slices.Values(stmt.Schema.DBNames))
			slices.Sort(columns)
			if diff := cmp.Diff(columns, members); diff != "" {
				t.Errorf("%s (-table +row):\n%s", stmt.Schema.Table, diff)
			}
		}
	})
}

func columnsOf(t *testing.T, db *gorm.DB, table string) []string {
	t.Helper()
	rows, err := db.Raw("SELECT * FROM " + table + " LIMIT 0").Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil || rows.Err() != nil {
		t.Fatal(err, rows.Err())
	}
	return columns
}
