package gormstore_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// BenchmarkAuditedChange measures changes with and without an audit entry, in alternation. It reports both medians, and
// by how much the entry slows the change down. PostgreSQL and the SQLite file on disk flush every commit, as in
// production. The SQLite file in memory does not flush.
func BenchmarkAuditedChange(b *testing.B) {
	server, err := pgtest.Start(pgtest.Options{Fsync: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Stop() })
	pg, err := postgres.Open(b.Context(), postgres.Config{URL: server.URL(), Timeout: storetest.Timeout})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = pg.Close() })
	if err := pg.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	onDisk, err := datadir.CreateOnDisk()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(onDisk) })
	for _, backend := range []struct {
		name  string
		store storetest.Stores
	}{
		{"postgres", pg.Store(nil)},
		{"sqlite", sqliteStore(b, onDisk)},
		{"sqlite-in-memory", sqliteStore(b, datadir.New(b))},
	} {
		b.Run(backend.name+"/create", func(b *testing.B) { auditedChanges(b, backend.store, createChange) })
		b.Run(backend.name+"/update", func(b *testing.B) { auditedChanges(b, backend.store, updateChange) })
		b.Run(backend.name+"/mint", func(b *testing.B) { auditedChanges(b, backend.store, mintChange) })
	}
}

// sqliteStore returns a store in a file in the folder.
func sqliteStore(b *testing.B, folder string) storetest.Stores {
	db, err := sqlite.Open(b.Context(), sqlite.Config{
		DSN: "sqlite://" + filepath.Join(folder, "bench.db"), Timeout: storetest.Timeout,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	return db.Store(nil)
}

func createChange(ctx context.Context, s storetest.Stores, c domain.Connection, entries ports.AuditEntries) error {
	c.ID.UUID, c.Name = uuid.Must(uuid.NewV7()), uuid.NewString()
	return s.Connections().Create(ctx, c, entries)
}

func updateChange(ctx context.Context, s storetest.Stores, c domain.Connection, entries ports.AuditEntries) error {
	_, err := s.Connections().Update(ctx, c.Tenant, c.Kind, c.ID, entries, func(c *domain.Connection) error {
		c.Rename(uuid.NewString())
		return nil
	})
	return err
}

func mintChange(ctx context.Context, s storetest.Stores, c domain.Connection, entries ports.AuditEntries) error {
	return s.Tokens().Create(ctx, domain.WebhookToken{
		ID: domain.TokenID{UUID: uuid.Must(uuid.NewV7())}, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Hash: domain.HashToken(uuid.NewString()), CreatedAt: time.Now(),
	}, entries)
}

func auditedChanges(
	b *testing.B, s storetest.Stores,
	change func(context.Context, storetest.Stores, domain.Connection, ports.AuditEntries) error,
) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	c := domain.Connection{
		ID: domain.ConnectionID{UUID: uuid.Must(uuid.NewV7())}, Tenant: domain.TenantID{UUID: uuid.New()},
		Kind: domain.Aggregator, Name: "bench", Vendor: "pluggy", BaseURL: "https://api.example.test",
		AccountRef: uuid.NewString(), Sealed: make(domain.Sealed, 200), Revision: 1, CreatedAt: at, UpdatedAt: at,
		TargetChangedAt: at,
	}
	if err := s.Connections().Create(b.Context(), c, nil); err != nil {
		b.Fatal(err)
	}
	audited := func() []domain.AuditEntry {
		return []domain.AuditEntry{{
			ID: uuid.Must(uuid.NewV7()), At: at, Actor: "maria", Action: "connection.update", Object: c.ID.String(),
			RequestID: uuid.NewString(), Detail: domain.AuditDetail{Changed: []string{"configName"}},
		}}
	}
	var took [2][]time.Duration
	for b.Loop() {
		for i, entries := range []ports.AuditEntries{nil, audited} {
			start := time.Now()
			if err := change(b.Context(), s, c, entries); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	median := func(took []time.Duration) float64 {
		slices.Sort(took)
		return float64(took[len(took)/2].Nanoseconds())
	}
	plain, with := median(took[0]), median(took[1])
	b.ReportMetric(plain/1e3, "µs/plain")
	b.ReportMetric(with/1e3, "µs/audited")
	b.ReportMetric(100*(with/plain-1), "%slower")
}
