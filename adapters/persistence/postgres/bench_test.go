package postgres_test

import (
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// onEachEngine runs fn on a new PostgreSQL server. If the extension Citus is installed, it also runs fn on a new Citus
// cluster.
func onEachEngine(b *testing.B, o pgtest.Options, fn func(b *testing.B, db *postgres.DB)) {
	b.Run("plain", func(b *testing.B) {
		server, err := pgtest.Start(o)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = server.Stop() }()
		onDatabase(b, postgres.Config{URL: server.URL()}, fn)
	})
	b.Run("Citus", func(b *testing.B) {
		cluster, err := pgtest.StartCitus(o)
		if errors.Is(err, pgtest.ErrNoCitus) {
			b.Skip(err.Error())
		}
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = cluster.Stop() }()
		onDatabase(b, postgres.Config{URL: cluster.URL(), Distribute: true}, fn)
	})
}

// onDatabase runs fn on the migrated database.
func onDatabase(b *testing.B, c postgres.Config, fn func(b *testing.B, db *postgres.DB)) {
	db, err := postgres.Open(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	fn(b, db)
}

// BenchmarkReceive measures how many new events are stored per second. Each event requires a pull. There are 16
// concurrent callers per core, and 16 connections in total. The server flushes every commit to disk.
func BenchmarkReceive(b *testing.B) { onEachEngine(b, pgtest.Options{Fsync: true}, benchmarkReceive) }

func benchmarkReceive(b *testing.B, db *postgres.DB) {
	s := db.Store(nil)
	var tokens []domain.WebhookToken
	for range 16 {
		tokens = append(tokens, connectionWithToken(b, s))
	}
	body := make([]byte, 400)
	var n atomic.Int64
	b.SetParallelism(16) // callers per core
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			token := tokens[n.Add(1)%16]
			_, err := s.Deliveries().Receive(b.Context(), ports.IncomingDelivery{
				Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash,
				Vendor: token.Vendor, At: epoch,
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

// BenchmarkStorePage measures a page of 500 new rows, and a page that changes one row. It also measures a page of the
// feed. The server does not flush commits, so that the results show the time of the statements.
func BenchmarkStorePage(b *testing.B) { onEachEngine(b, pgtest.Options{}, benchmarkStorePage) }

func benchmarkStorePage(b *testing.B, db *postgres.DB) {
	s := db.Store(nil)
	token := connectionWithToken(b, s)
	pull, err := s.Pulls().Request(b.Context(), token.Tenant, token.Connection, ports.PullRequest{
		ID: newID[domain.Pull](), Scope: domain.PullScope{Everything: true}, Trigger: domain.TriggerOperator, At: epoch,
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	lease := domain.Lease{ID: newID[domain.Lease](), Pull: pull.ID, Tenant: pull.Tenant, Until: epoch.Add(time.Hour)}
	if _, err := s.Pulls().Claim(b.Context(), lease, epoch); err != nil {
		b.Fatal(err)
	}
	store := func(rows []domain.TransactionData) {
		w := ports.PageWrite{
			Accounts: []domain.AccountData{
				{ExternalID: "a", Type: domain.BankAccount, Currency: "BRL"},
			},
			Transactions: rows,
			NewID:        newID[domain.Transaction],
			At:           epoch,
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
