package sqlite_test

import (
	"context"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// A database in memory has one connection. A caller that reads a snapshot slowly must not make others wait, and must
// not see what they write.
func TestASnapshotOfADatabaseInMemoryLetsOthersWrite(t *testing.T) {
	db := opened(t, ":memory:")
	core := db.Store(nil).Core()
	insert := func(name string) error {
		return db.DB.WithContext(t.Context()).Exec("INSERT INTO probe VALUES (?)", name).Error
	}
	if err := db.DB.Exec("CREATE TABLE probe (name TEXT)").Error; err != nil {
		t.Fatal(err)
	}
	if err := insert("before"); err != nil {
		t.Fatal(err)
	}
	var seen []string
	err := core.Snapshot(t.Context(), time.Minute, func(tx gormstore.SnapshotTx) error {
		within, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := core.Change(within, func(tx gormstore.Tx) error {
			return tx.Exec("INSERT INTO probe VALUES ('during')").Error
		}); err != nil {
			return err
		}
		return tx.Raw("SELECT name FROM probe").Scan(&seen).Error
	})
	if err != nil || len(seen) != 1 || seen[0] != "before" {
		t.Errorf("the snapshot shows %q (%v), want only the row from before", seen, err)
	}
	var rows int64
	if err := db.DB.Table("probe").Count(&rows).Error; err != nil || rows != 2 {
		t.Errorf("%d rows (%v), want 2", rows, err)
	}
}
