package postgres

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// The encoder must not box values in interfaces, because each boxed value costs an allocation. Only the text of the
// amount may be allocated. The test therefore compares the encoder with the decimal package, which builds this text.
func TestCopyAllocatesOnlyTheTextOfTheAmount(t *testing.T) {
	row := gormstore.TransactionRow{Record: &records.Record{Transaction: domain.Transaction{
		ID: domain.TransactionID{UUID: uuid.New()}, Version: 1, UpdatedAt: time.Now(), FirstSeenAt: time.Now(),
		TransactionData: domain.TransactionData{
			ExternalID: "id", Description: "a description", Metadata: []byte(`{}`), ContentHash: domain.ContentHash{1},
			Amount: domain.Money{Amount: decimal.RequireFromString("-1234567890.123456789"), Currency: "BRL"},
		},
	}}}
	encoder := &copyEncoder{buffer: make([]byte, 0, chunk)}
	text := testing.AllocsPerRun(100, func() { _ = row.Amount.Amount.String() })
	allocations := testing.AllocsPerRun(100, func() {
		encoder.buffer = encoder.buffer[:0]
		if err := encoder.row(&row); err != nil {
			t.Fatal(err)
		}
	})
	if allocations != text {
		t.Errorf("%v allocations for a row, want the %v of the amount's text", allocations, text)
	}
}
