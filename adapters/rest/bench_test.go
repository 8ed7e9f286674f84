package rest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// BenchmarkCursor measures encoding a cursor and parsing it again.
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

// BenchmarkFeedPage measures encoding a page of a thousand changes as JSON.
func BenchmarkFeedPage(b *testing.B) {
	rows := make([]domain.Transaction, 1000)
	for i := range rows {
		rows[i] = domain.Transaction{
			ID: domain.TransactionID{UUID: uuid.New()}, Connection: domain.ConnectionID{UUID: uuid.New()},
			Vendor: "pluggy",
			TransactionData: domain.TransactionData{
				ExternalID: uuid.NewString(),
				Amount:     domain.Money{Amount: decimal.New(int64(-i), -2), Currency: "BRL"},
				Status:     domain.Posted, Date: "2026-11-19", Description: "COMPRA GERADA",
				Metadata: []byte(`{"id":"x","accountId":"y","description":"COMPRA GERADA","currencyCode":"BRL",` +
					`"amount":-1.5,"status":"POSTED"}`),
			},
			Version: 1, FirstSeenAt: time.Now(), UpdatedAt: time.Now(),
		}
	}
	out := operation.NewOutput[feedOutput](
		operation.NewAPI(&operation.Document{}), &operation.Operation{}, http.StatusOK)
	b.ReportAllocs()
	for b.Loop() {
		page := feedPage{Items: mapItems(rows, changeOf), Limit: len(rows)}
		if err := out.Write(discardWriter{http.Header{}}, &feedOutput{Body: page}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(rows)*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// discardWriter is an http.ResponseWriter that discards the body.
type discardWriter struct{ header http.Header }

func (d discardWriter) Header() http.Header         { return d.header }
func (d discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (discardWriter) WriteHeader(int)               {}

// fullPages is a fake service that returns as many connections as the page may contain.
type fullPages struct{ *fake }

func (fullPages) ListConnections(
	_ context.Context, _ domain.TenantID, _ ports.ConnectionFilter, p domain.PageRequest,
) (domain.Page[domain.Connection], error) {
	return domain.Page[domain.Connection]{Items: slices.Repeat([]domain.Connection{connectionFixture()}, p.Limit)}, nil
}

// BenchmarkRead measures read requests of an operator, without the verification of the token and
// without a database.
func BenchmarkRead(b *testing.B) {
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	handler, err := New(fullPages{&fake{}}, Options{
		Verifier: fakeVerifier{}, Clock: porttest.NewClock(moment), NewRequestID: func() string { return "made-id" },
		PublicURL: "https://public.example/", Vendors: []domain.Vendor{"pluggy", "belvo"},
		Logger: zap.New(zapcore.NewCore(encoder, zapcore.AddSync(io.Discard), zap.InfoLevel)),
	})
	if err != nil {
		b.Fatal(err)
	}
	for name, target := range map[string]string{
		"one": connectionsPath + "/" + someID.String(), "page of 20": connectionsPath + "?limit=20",
	} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, target, http.NoBody)
			r.Header.Set("Authorization", "Bearer tenant-a")
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(discardWriter{http.Header{}}, r)
			}
		})
	}
}
