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
	encoder := &copyEncoder{columns: gormstore.TransactionColumns, buffer: make([]byte, 0, chunk)}
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

// A column is omitted only if its default is the value of every row.
func TestCopyOmitsColumnsWhoseDefaultIsTheValueOfEveryRow(t *testing.T) {
	rows := make([]gormstore.TransactionRow, 3)
	for i := range rows {
		rows[i].Record = &records.Record{}
	}
	for _, c := range copiedColumns(rows) {
		if c.Is(gormstore.Defaulted) {
			t.Errorf("column %s is copied, although all its values are its default", c.Name)
		}
	}
	last := &rows[2]
	last.Metadata, last.References.TrackingKey, last.OccurredAt = []byte(`{}`), "key", time.Unix(1, 0)
	last.ContentHash, last.Pull.UUID, last.SupersededBy.UUID = domain.ContentHash{1}, uuid.New(), uuid.New()
	last.AccountID.UUID, last.RowSHA256 = uuid.New(), []byte{}
	copied := map[string]bool{}
	for _, c := range copiedColumns(rows) {
		copied[c.Name] = true
	}
	for _, c := range gormstore.TransactionColumns {
		want := !c.Is(gormstore.Defaulted)
		switch c.Name {
		case "metadata", "tracking_key", "occurred_at", "content_hash", "pull_id", "superseded_by", "account_id",
			"row_sha256":
			want = true
		}
		if copied[c.Name] != want {
			t.Errorf("column %s is copied: %t, want %t", c.Name, copied[c.Name], want)
		}
	}
}
