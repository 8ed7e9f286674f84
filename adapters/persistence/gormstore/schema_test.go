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

func TestTheListOfTransactionColumnsIsThatOfTheTable(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		var listed []string
		for _, c := range gormstore.TransactionColumns {
			listed = append(listed, c.Name)
		}
		if diff := cmp.Diff(columnsOf(t, b.gorm, "transactions"), listed); diff != "" {
			t.Errorf("transactions (-table +list):\n%s", diff)
		}
	})
}

func TestTheListOfVersionColumnsIsThatOfTheTable(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		listed := []string{"replaced_at"} // set by the next version
		for _, c := range gormstore.TransactionColumns {
			if !c.Is(gormstore.PresentOnly) {
				listed = append(listed, c.Name)
			}
		}
		slices.Sort(listed)
		stored := slices.Sorted(slices.Values(columnsOf(t, b.gorm, "transaction_versions")))
		if diff := cmp.Diff(stored, listed); diff != "" {
			t.Errorf("transaction_versions (-table +list):\n%s", diff)
		}
	})
}

// The types in TransactionColumns must match the schema of PostgreSQL, where an upsert casts its parameters to these
// types.
func TestTransactionColumnsHaveTheTypesOfTheTable(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		if b.gorm.Name() != "postgres" {
			t.Skip("no types are listed for this database")
		}
		for _, c := range gormstore.TransactionColumns {
			var same bool
			err := b.gorm.Raw(`SELECT atttypid = ?::regtype FROM pg_attribute
				WHERE attrelid = 'transactions'::regclass AND attname = ?`, c.Type, c.Name).Scan(&same).Error
			if err != nil || !same {
				t.Errorf("column %s is not of type %s (%v)", c.Name, c.Type, err)
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
