package citus_test

import (
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// onCluster runs fn on a new cluster.
func onCluster(b *testing.B, o pgtest.Options, fn func(b *testing.B, s storetest.Stores)) {
	cluster, err := pgtest.StartCitus(o)
	if errors.Is(err, pgtest.ErrNoCitus) {
		b.Skip(err.Error())
	}
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = cluster.Stop() }()
	fn(b, openDistributed(b, postgres.Config{URL: cluster.URL()}).Store(nil))
}

// BenchmarkReceive is the benchmark of the same name in package postgres, on a cluster.
func BenchmarkReceive(b *testing.B) {
	onCluster(b, pgtest.Options{Fsync: true}, storetest.BenchReceive)
}

// BenchmarkStorePage is the benchmark of the same name in package postgres, on a cluster.
func BenchmarkStorePage(b *testing.B) { onCluster(b, pgtest.Options{}, storetest.BenchStorePage) }
