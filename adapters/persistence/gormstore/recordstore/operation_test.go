package recordstore_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

func TestTheErrorOfAFailedStatementNamesTheStoreMethod(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		for _, table := range []string{"pulls", "transactions", "connections"} {
			if err := b.GORM.Exec("ALTER TABLE " + table + " RENAME TO missing_" + table).Error; err != nil {
				t.Fatal(err)
			}
		}
		code := "SQLite code 1"
		if b.GORM.Name() == "postgres" {
			code = "SQLSTATE 42P01  parserOpenTable"
		}
		lease := domain.Lease{Pull: domain.PullID{UUID: uuid.New()}, Tenant: domain.TenantID{UUID: uuid.New()}}
		connection := domain.ConnectionID{UUID: uuid.New()}
		for method, call := range map[string]func() error{
			"recordstore.pulls.StorePage": func() error {
				_, err := b.Pulls().StorePage(t.Context(), lease, ports.PageWrite{Removed: []string{"1"}})
				return err
			},
			"recordstore.pulls.FilterHeld": func() error {
				_, err := b.Pulls().FilterHeld(t.Context(), lease, []string{"1"})
				return err
			},
			"recordstore.pulls.Get": func() error {
				_, err := b.Pulls().Get(t.Context(), lease.Tenant, lease.Pull)
				return err
			},
			"recordstore.ledger.Transactions": func() error { // through gormstore.Paged
				_, err := b.Ledger().Transactions(t.Context(), lease.Tenant, connection, ports.TransactionFilter{},
					domain.PageRequest{Limit: 1})
				return err
			},
			"gormstore.connections.Get": func() error {
				_, err := b.Connections().Get(t.Context(), lease.Tenant, domain.Aggregator, connection)
				return err
			},
		} {
			if err, want := call(), method+": database: "+code; err == nil || err.Error() != want {
				t.Errorf("%s: %v, want %s", method, err, want)
			}
		}
	})
}
