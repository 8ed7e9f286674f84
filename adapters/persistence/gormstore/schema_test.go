package gormstore_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestEveryRowHasTheColumnsOfItsTable(t *testing.T) { storetest.CheckRows(t, gormstore.Rows()...) }

func TestTheListOfTransactionColumnsIsThatOfTheTable(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		var listed []string
		for _, c := range gormstore.TransactionColumns {
			listed = append(listed, c.Name)
		}
		if diff := cmp.Diff(storetest.Columns(t, b.GORM, "transactions"), listed); diff != "" {
			t.Errorf("transactions (-table +list):\n%s", diff)
		}
	})
}

func TestTheListOfVersionColumnsIsThatOfTheTable(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		listed := []string{"replaced_at"} // set by the next version
		for _, c := range gormstore.TransactionColumns {
			if !c.Is(gormstore.PresentOnly) {
				listed = append(listed, c.Name)
			}
		}
		slices.Sort(listed)
		stored := slices.Sorted(slices.Values(storetest.Columns(t, b.GORM, "transaction_versions")))
		if diff := cmp.Diff(stored, listed); diff != "" {
			t.Errorf("transaction_versions (-table +list):\n%s", diff)
		}
	})
}

// The types in TransactionColumns must match the schema of PostgreSQL, where an upsert casts its parameters to these
// types.
func TestTransactionColumnsHaveTheTypesOfTheTable(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		if b.GORM.Name() != "postgres" {
			t.Skip("no types are listed for this database")
		}
		for _, c := range gormstore.TransactionColumns {
			var same bool
			err := b.GORM.Raw(`SELECT atttypid = ?::regtype FROM pg_attribute
				WHERE attrelid = 'transactions'::regclass AND attname = ?`, c.Type, c.Name).Scan(&same).Error
			if err != nil || !same {
				t.Errorf("column %s is not of type %s (%v)", c.Name, c.Type, err)
			}
		}
	})
}

// A column is Defaulted if its default is the stored form of the zero value: NULL, or the empty text.
func TestDefaultedColumnsHaveTheZeroValueAsTheirDefault(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		if b.GORM.Name() != "postgres" {
			t.Skip("every column is written in this database")
		}
		for _, c := range gormstore.TransactionColumns {
			var zero bool
			err := b.GORM.Raw(`SELECT coalesce(pg_get_expr(d.adbin, d.adrelid) = ?, NOT a.attnotnull)
				FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
				WHERE a.attrelid = 'transactions'::regclass AND a.attname = ?`, "''::text", c.Name).Scan(&zero).Error
			if err != nil || zero != c.Is(gormstore.Defaulted) {
				t.Errorf("column %s: the default is the zero value: %t, want %t (%v)",
					c.Name, zero, c.Is(gormstore.Defaulted), err)
			}
		}
	})
}
