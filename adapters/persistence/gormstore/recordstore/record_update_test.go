package recordstore_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/recordstore"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// A change of all ids of an account updates each record by its id. If SQLite searched through the index over
// connections, the time would be quadratic.
func TestARecordIsUpdatedThroughItsID(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		if b.GORM.Name() != "sqlite" {
			t.Skip("PostgreSQL has statistics")
		}
		var steps []struct{ Detail string }
		update := recordstore.UpdateOfRecord(b.GORM, b.Core().Dialect)
		if err := b.GORM.Raw("EXPLAIN QUERY PLAN " + update).Scan(&steps).Error; err != nil {
			t.Fatal(err)
		}
		if len(steps) != 1 || !strings.HasSuffix(steps[0].Detail, "(id=?)") {
			t.Errorf("the plan is %v, want a search by the id", steps)
		}
	})
}
