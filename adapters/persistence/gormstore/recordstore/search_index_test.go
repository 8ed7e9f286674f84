package recordstore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/recordstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// A vendor chooses how long its texts are. A transaction that adds them to the index must not last longer for it,
// because no other tenant can write to SQLite meanwhile.
func TestATransactionIndexesABoundedLengthOfTexts(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		tenant := domain.TenantID{UUID: uuid.New()}
		lease := storetest.RunningPull(t, b, tenant)
		w := ports.PageWrite{
			NewID: storetest.NewID[domain.Transaction], At: storetest.Epoch, LeaseUntil: storetest.Epoch.Add(time.Hour),
		}
		for i := range 3 {
			w.Transactions = append(w.Transactions, domain.TransactionData{
				ExternalID: fmt.Sprint(i), Amount: domain.Money{Amount: decimal.NewFromInt(1), Currency: "BRL"},
				Date: "2026-03-01", Description: strings.Repeat("x", 10<<10),
			})
		}
		if _, err := b.Pulls().StorePage(t.Context(), lease, w); err != nil {
			t.Fatal(err)
		}
		storetest.ReadChanges(t, b, tenant, domain.Position{}, len(w.Transactions))
		for _, want := range []int{2, 1, 0} {
			if n, err := recordstore.IndexOnce(t.Context(), b.Ledger(), tenant.UUID); err != nil || n != want {
				t.Errorf("a transaction has indexed %d records, want %d, error %v", n, want, err)
			}
		}
	})
}
