package erasing_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// The tables of the sums have no column with the connection, so an erasure must find their rows by transaction.
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
		summed, days := count("count(*)", "summed_transactions"), count("sum(count)", "day_totals")
		if summed != rows || days != rows {
			t.Fatalf("before the erasure, the sums contain %d and %d transactions", summed, days)
		}
		eraseAll(t, b, c)
		if n := count("count(*)", "summed_transactions"); n != 0 {
			t.Errorf("after the erasure, summed_transactions has %d rows", n)
		}
		if n := count("count(*)", "day_totals"); n != 0 {
			t.Errorf("after the erasure, day_totals has %d rows", n)
		}
	})
}
