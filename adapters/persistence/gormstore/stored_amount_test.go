package gormstore_test

import (
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// TestAStoredAmountThatIsTooLargeIsAnInternalError reads amounts that only another program can have written. The error
// must not be Invalid, because the caller of the service is not the cause.
func TestAStoredAmountThatIsTooLargeIsAnInternalError(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		c := connectionWithRow(t, b)
		for _, amount := range []string{"1e9999", "1e-9999", "12345678901234567890"} {
			if err := b.GORM.Exec("UPDATE transactions SET amount = ?", amount).Error; err != nil {
				t.Fatal(err)
			}
			found, err := b.Ledger().Transactions(t.Context(), c.Tenant, c.ID, ports.TransactionFilter{},
				domain.PageRequest{Limit: 1})
			if err == nil || errors.Is(err, domain.Invalid) || len(err.Error()) > 200 {
				t.Errorf("%s: read %d rows, %.200v", amount, len(found.Items), err)
			}
		}
	})
}
