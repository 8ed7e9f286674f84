package postgres_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// onServer runs fn on a new PostgreSQL server.
func onServer(b *testing.B, o pgtest.Options, fn func(b *testing.B, s storetest.Stores)) {
	server, err := pgtest.Start(o)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = server.Stop() }()
	db, err := postgres.Open(b.Context(), postgres.Config{URL: server.URL()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	fn(b, db.Store(nil))
}

// BenchmarkReceive measures how many new events are stored per second. Each event requires a pull. There are 16
// concurrent callers per core, and 16 connections in total. The server flushes every commit to disk.
func BenchmarkReceive(b *testing.B) { onServer(b, pgtest.Options{Fsync: true}, storetest.BenchReceive) }

// BenchmarkStorePage measures a page of 500 new rows, and a page that changes one row. It also measures a page of the
// feed. The server does not flush commits, so that the results show the time of the statements.
func BenchmarkStorePage(b *testing.B) { onServer(b, pgtest.Options{}, storetest.BenchStorePage) }

// BenchmarkIndexTexts measures how many rows are added to the index of the search per second. The server flushes every
// commit to disk.
func BenchmarkIndexTexts(b *testing.B) {
	onServer(b, pgtest.Options{Fsync: true}, storetest.BenchIndexTexts)
}
