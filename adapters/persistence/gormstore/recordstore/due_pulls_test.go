package recordstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/recordstore"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// The query of due pulls must use the index over open pulls and must not read other pulls, because every process runs
// it twice a second on SQLite. If there are no open pulls, the query reads one page of the database.
func TestDuePullsAreReadFromTheIndexOverOpenPulls(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		if b.GORM.Name() != "sqlite" {
			t.Skip("no process polls this database")
		}
		var steps []struct{ Detail string }
		query := "EXPLAIN QUERY PLAN " + recordstore.DuePulls(b.GORM, time.Unix(1_772_359_200, 0), 100)
		if err := b.GORM.Raw(query).Scan(&steps).Error; err != nil {
			t.Fatal(err)
		}
		var plan []string
		for _, step := range steps {
			plan = append(plan, step.Detail)
		}
		want := []string{
			"SCAN p USING INDEX pulls_open",
			"CORRELATED SCALAR SUBQUERY 1",
			"SEARCH connections USING INDEX sqlite_autoindex_connections_1 (id=? AND tenant_id=?)",
			"CORRELATED SCALAR SUBQUERY 2",
			"SEARCH o USING INDEX pulls_one_in_progress (connection_id=? AND tenant_id=?)",
		}
		if diff := cmp.Diff(want, plan); diff != "" {
			t.Errorf("plan of %s (-want +got):\n%s", strings.Join(strings.Fields(query), " "), diff)
		}
	})
}
