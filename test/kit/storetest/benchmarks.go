package storetest

import (
	"math/rand/v2"
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

// indexedRows is the number of rows that one iteration of BenchIndexTexts indexes.
const indexedRows = 20_000

// BenchIndexTexts measures how many new rows per second are added to the index of the search. Their texts are those of
// Pix payments, and their dates are spread over a quarter. Each iteration indexes the rows of a new tenant, after the
// rows of all iterations before it.
func BenchIndexTexts(b *testing.B, s Stores) {
	const limit = 1024
	rows, longest := 0, time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		storePayments(b, s, indexedRows)
		b.StartTimer()
		for n := limit; n == limit; rows += n {
			began := time.Now()
			var err error
			if n, err = s.Ledger().IndexTexts(b.Context(), limit); err != nil {
				b.Fatal(err)
			}
			longest = max(longest, time.Since(began))
		}
	}
	if rows != b.N*indexedRows {
		b.Errorf("%d rows are indexed, want %d", rows, b.N*indexedRows)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(longest.Milliseconds()), "ms/longest")
}

// storePayments stores n payments of a new tenant.
func storePayments(b *testing.B, s Stores, n int) {
	b.Helper()
	const page = 500
	tenant := domain.TenantID{UUID: uuid.New()}
	lease := RunningPull(b, s, tenant)
	r := rand.New(rand.NewPCG(1, 1))
	names := []string{"ANA BATISTA LIMA", "JOÃO DOS SANTOS", "MÁRCIA VASCONCELOS", "CARLOS MOTA RAMOS", "YARA NUNES"}
	for first := 0; first < n; first += page {
		w := ports.PageWrite{
			NewID: NewID[domain.Transaction], At: Epoch, LeaseUntil: Epoch.Add(time.Hour), AssumeNew: true,
		}
		for i := first; i < min(first+page, n); i++ {
			name := names[r.IntN(len(names))] + " " + strconv.FormatInt(r.Int64N(1<<40), 36)
			w.Transactions = append(w.Transactions, domain.TransactionData{
				ExternalID: strconv.Itoa(i), Status: domain.Posted, Date: domain.DateOf(Epoch).AddDays(-i * 90 / n),
				Amount:      domain.Money{Amount: decimal.New(r.Int64N(1_000_000)-500_000, -2), Currency: "BRL"},
				Description: "PIX RECEBIDO " + name, Counterparty: name,
			})
		}
		if _, err := s.Pulls().StorePage(b.Context(), lease, w); err != nil {
			b.Fatal(err)
		}
	}
}
