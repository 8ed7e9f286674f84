package storetest

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// BenchReceive measures how many new events are stored per second. There are 16 concurrent callers per core.
func BenchReceive(b *testing.B, s Stores) {
	var tokens []domain.WebhookToken
	for range 16 {
		tokens = append(tokens, ConnectionWithToken(b, s))
	}
	body := make([]byte, 400)
	var n atomic.Int64
	b.SetParallelism(16) // callers per core
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			token := tokens[n.Add(1)%16]
			_, err := s.Deliveries().Receive(b.Context(), ports.IncomingDelivery{
				Delivery: NewID[domain.Delivery](), Pull: NewID[domain.Pull](), Token: token.Hash,
				Vendor: token.Vendor, At: Epoch,
				SourceAdmitted: true, Event: domain.WebhookEvent{Name: "item/updated", DedupKey: uuid.NewString(),
					WantsPull: true}, Body: body,
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
}

// BenchStorePage measures a page of 500 new rows, and a page that changes one row. It also measures a page of the feed.
func BenchStorePage(b *testing.B, s Stores) {
	token := ConnectionWithToken(b, s)
	pull, err := s.Pulls().Request(b.Context(), token.Tenant, token.Connection, ports.PullRequest{
		ID: NewID[domain.Pull](), Scope: domain.PullScope{Everything: true}, Trigger: domain.TriggerOperator, At: Epoch,
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	lease := domain.Lease{ID: NewID[domain.Lease](), Pull: pull.ID, Tenant: pull.Tenant, Until: Epoch.Add(time.Hour)}
	if _, err := s.Pulls().Claim(b.Context(), lease, Epoch); err != nil {
		b.Fatal(err)
	}
	store := func(rows []domain.TransactionData) {
		w := ports.PageWrite{
			Accounts: []domain.AccountData{
				{ExternalID: "a", Type: domain.BankAccount, Currency: "BRL"},
			},
			Transactions: rows,
			NewID:        NewID[domain.Transaction],
			At:           Epoch,
			LeaseUntil:   lease.Until,
		}
		if _, err := s.Pulls().StorePage(b.Context(), lease, w); err != nil {
			b.Fatal(err)
		}
	}
	n := 0
	row := func(id int) domain.TransactionData {
		n++
		return domain.TransactionData{
			ExternalID: "row " + strconv.Itoa(id), Account: "a", Status: domain.Posted, Date: "2026-02-10",
			Amount:      domain.Money{Amount: decimal.New(int64(n), -2), Currency: "BRL"},
			Description: "a description of usual length", Metadata: []byte(`{"id":"a row of the vendor"}`),
		}
	}
	b.Run("500 new rows", func(b *testing.B) {
		for b.Loop() {
			rows := make([]domain.TransactionData, 500)
			for i := range rows {
				rows[i] = row(n)
			}
			store(rows)
		}
	})
	b.Run("a page of the feed", func(b *testing.B) {
		for b.Loop() {
			_, err := s.Ledger().Changes(b.Context(), token.Tenant, domain.PageRequest{Limit: 200})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("1 changed row", func(b *testing.B) {
		store([]domain.TransactionData{row(0)})
		for b.Loop() {
			store([]domain.TransactionData{row(0)})
		}
	})
}
