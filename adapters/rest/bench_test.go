package rest

import (
	"io"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/govalues/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// BenchmarkCursor writes a cursor and reads it back.
func BenchmarkCursor(b *testing.B) {
	at := cursor[transactionList]{domain.Position{Key: "2026-11-19", ID: uuid.New()}}
	b.ReportAllocs()
	for b.Loop() {
		text, err := at.MarshalText()
		if err != nil {
			b.Fatal(err)
		}
		var back cursor[transactionList]
		if err := back.UnmarshalText(text); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFeedPage writes a thousand changes.
func BenchmarkFeedPage(b *testing.B) {
	rows := make([]domain.Transaction, 1000)
	for i := range rows {
		rows[i] = domain.Transaction{
			ID: domain.TransactionID{UUID: uuid.New()}, Connection: domain.ConnectionID{UUID: uuid.New()}, Vendor: "pluggy",
			Observation: domain.Observation{
				ExternalID: uuid.NewString(), Amount: domain.Money{Amount: decimal.MustNew(int64(-i), 2), Currency: "BRL"},
				Status: domain.Posted, Date: "2026-11-19", Description: "COMPRA GERADA",
				Metadata: []byte(`{"id":"x","accountId":"y","description":"COMPRA GERADA","currencyCode":"BRL","amount":-1.5,"status":"POSTED"}`),
			},
			Version: 1, FirstSeenAt: time.Now(), UpdatedAt: time.Now(),
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		page := feedPage{Items: views(rows, changeOf), Limit: len(rows)}
		if err := jsonFormat.Marshal(io.Discard, page); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(rows)*b.N)/b.Elapsed().Seconds(), "rows/s")
}
