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

// The types and defaults in TransactionColumns must match the schema of PostgreSQL: an upsert casts its parameters to
// these types, and a page of new rows omits columns whose default is the stored form of the zero value (NULL or the
// empty text).
func TestTransactionColumnsHaveTheTypesAndDefaultsOfTheTable(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		if b.GORM.Name() != "postgres" {
			t.Skip("the types are those of PostgreSQL, and only its pages omit columns")
		}
		for _, c := range gormstore.TransactionColumns {
			var is struct{ Typed, Defaulted bool }
			err := b.GORM.Raw(`SELECT a.atttypid = ?::regtype AS typed,
					coalesce(pg_get_expr(d.adbin, d.adrelid) = ?, NOT a.attnotnull) AS defaulted
				FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
				WHERE a.attrelid = 'transactions'::regclass AND a.attname = ?`, c.Type, "''::text", c.Name).
				Scan(&is).
				Error
			if err != nil {
				t.Fatal(err)
			}
			if !is.Typed {
				t.Errorf("column %s is not of type %s", c.Name, c.Type)
			}
			if want := c.Is(gormstore.Defaulted); is.Defaulted != want {
				t.Errorf("column %s: the default is the zero value: %t, want %t", c.Name, is.Defaulted, want)
			}
		}
	})
}
