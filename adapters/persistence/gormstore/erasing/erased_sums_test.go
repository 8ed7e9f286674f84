package erasing_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// The table of the sums by day has no column for the connection. An erasure must therefore subtract each erased
// transaction from the sums.
func TestAnErasureRemovesTheTransactionsFromTheSums(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		const rows = 1500
		c := fillConnection(t, b, rows)
		for n := -1; n != 0; {
			var err error
			if n, err = b.Ledger().IndexTexts(t.Context(), rows); err != nil {
				t.Fatal(err)
			}
		}
		count := func(expression, table string) (n int) {
			t.Helper()
			query := "SELECT coalesce(" + expression + ", 0) FROM " + table + " WHERE tenant_id = ?"
			if err := b.GORM.Raw(query, c.Tenant.UUID).Scan(&n).Error; err != nil {
				t.Fatal(err)
			}
			return n
		}
		indexed, days := count("count(*)", "search_index"), count("sum(count)", "day_totals")
		if indexed != rows || days != rows {
			t.Fatalf("before the erasure, the index and the sums contain %d and %d transactions", indexed, days)
		}
		eraseAll(t, b, c)
		if n := count("count(*)", "search_index"); n != 0 {
			t.Errorf("after the erasure, search_index has %d rows", n)
		}
		if n := count("count(*)", "day_totals"); n != 0 {
			t.Errorf("after the erasure, day_totals has %d rows", n)
		}
	})
}
