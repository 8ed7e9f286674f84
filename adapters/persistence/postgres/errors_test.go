package postgres_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestTheTextOfAFailureContainsTheSQLSTATE(t *testing.T) {
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.DSN(t), Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	failure := gormstore.Translate(t.Context(), db.DB.Exec("SELECT no_such_column").Error)
	if failure == nil || !strings.Contains(failure.Error(), "SQLSTATE 42703") {
		t.Errorf("%v, want one with SQLSTATE 42703", failure)
	}
}
