package gormstore_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// A row whose column pull_id is NULL must be readable, because rows that were stored before this column existed have no
// pull.
func TestARowOfAnUnknownPullIsRead(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		c := connectionWithRow(t, b)
		if err := b.GORM.Exec("UPDATE transactions SET pull_id = NULL").Error; err != nil {
			t.Fatal(err)
		}
		found, err := b.Ledger().Transactions(t.Context(), c.Tenant, c.ID, ports.TransactionFilter{},
			domain.PageRequest{Limit: 1})
		if err != nil || len(found.Items) != 1 || !found.Items[0].Pull.IsZero() {
			t.Errorf("read %+v (%v)", found.Items, err)
		}
	})
}

// connectionWithRow stores a connection with one transaction.
func connectionWithRow(t *testing.T, b storetest.Backend) domain.Connection {
	t.Helper()
	ctx := t.Context()
	c, _ := connectionWithToken(t, b)
	pull, err := b.Pulls().Request(ctx, c.Tenant, c.ID, ports.PullRequest{ID: newID[domain.Pull](), At: epoch}, nil)
	if err != nil {
		t.Fatal(err)
	}
	lease := domain.Lease{ID: newID[domain.Lease](), Pull: pull.ID, Tenant: pull.Tenant, Until: epoch.Add(time.Hour)}
	if _, err := b.Pulls().Claim(ctx, lease, epoch); err != nil {
		t.Fatal(err)
	}
	_, err = b.Pulls().StorePage(ctx, lease, ports.PageWrite{
		NewID: newID[domain.Transaction], At: epoch, LeaseUntil: lease.Until,
		Transactions: []domain.TransactionData{{
			ExternalID: "1", Amount: domain.Money{Amount: decimal.RequireFromString("1"), Currency: "BRL"},
			Date: "2026-03-01",
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
