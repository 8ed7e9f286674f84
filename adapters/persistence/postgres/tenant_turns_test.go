package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// Changes of one tenant that wait for a lock must not hold all connections of the pool.
func TestWaitingChangesOfATenantLeaveConnectionsToOthers(t *testing.T) {
	dsn := pgtest.DSN(t)
	db := traced(t, dsn+"&pool_max_conns=8", nil)
	s := db.Store(nil)
	token := storetest.ConnectionWithToken(t, s)
	other, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(context.WithoutCancel(t.Context())) }()
	for _, statement := range []string{"BEGIN", "LOCK TABLE connections"} {
		if _, err := other.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	var changes sync.WaitGroup
	for range 16 {
		changes.Go(func() {
			ctx := ports.ForTenant(t.Context(), token.Tenant)
			_, err := s.Connections().Update(ctx, token.Tenant, domain.Aggregator, token.Connection, nil,
				func(*domain.Connection) error { return nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	awaitLockWaiters(t, db, 2)
	time.Sleep(100 * time.Millisecond) // so that more changes could begin
	ctx, cancel := context.WithTimeout(t.Context(), patience/2)
	defer cancel()
	if err := s.Ping(ctx); err != nil {
		t.Errorf("a read of another tenant: %v", err)
	}
	if _, err := other.Exec(t.Context(), "COMMIT"); err != nil {
		t.Error(err)
	}
	changes.Wait()
}
