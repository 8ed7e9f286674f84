package gormstore_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestCloseLeavesNothingRunning(t *testing.T) {
	dsn := pgtest.DSN(t)
	before := goleak.IgnoreCurrent()
	pg, err := postgres.Open(t.Context(), postgres.Config{URL: dsn})
	if err != nil {
		t.Fatal(err)
	}
	lite, err := sqlite.Open(t.Context(), sqlite.Config{DSN: ":memory:"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		ping  func() error
		close func() error
	}{
		{func() error { return pg.Store(nil).Ping(t.Context()) }, pg.Close},
		{func() error { return lite.Store(nil).Ping(t.Context()) }, lite.Close},
	} {
		if err := s.ping(); err != nil {
			t.Error(err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
	goleak.VerifyNone(t, before)
}
