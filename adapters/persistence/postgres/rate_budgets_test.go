package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestTheRateBudgetsConformToTheirPort(t *testing.T) {
	budgets := opened(t, pgtest.DSN(t)).RateBudgets()
	porttest.TestRateBudgets(t, func(*testing.T) ports.RateBudgets { return budgets })
}

// grantOne returns a function for RateBudgets.Update that takes one token from the budget. got points to the grant of
// this function's last call.
func grantOne() (change func(ratelimit.Budget, time.Time) ratelimit.Budget, got *ratelimit.Grant) {
	got = new(ratelimit.Grant)
	one := ratelimit.TenantCalls{Tenant: domain.TenantID{UUID: uuid.New()}, Calls: 1}
	r := ratelimit.Request{Replica: "a", Waiting: []ratelimit.TenantCalls{one}}
	return func(b ratelimit.Budget, now time.Time) ratelimit.Budget {
		b, *got = b.Grant(ratelimit.NewAllowance(360), r, now)
		return b
	}, got
}

func TestARateBudgetWhoseRowIsLockedIsUnavailable(t *testing.T) {
	db := opened(t, pgtest.DSN(t))
	key := ports.RateBudgetKey{Vendor: "pluggy", Origin: "https://api.example", Resource: "rows"}
	change, _ := grantOne()
	if err := db.RateBudgets().Update(t.Context(), key, change); err != nil {
		t.Fatal(err)
	}
	locked, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = locked.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := locked.Exec(t.Context(), "SELECT 1 FROM rate_budgets FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := db.RateBudgets().Update(ctx, key, change); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the error of the context", err)
	}
}

func TestABudgetThatIsNotUsedForADayIsRemoved(t *testing.T) {
	db := opened(t, pgtest.DSN(t))
	change, _ := grantOne()
	for i, origin := range []string{"https://old.example", "https://used.example", "https://new.example"} {
		if i == 2 {
			const age = `UPDATE rate_budgets SET updated_at = updated_at - interval '25 hours'
				WHERE origin_sha256 = sha256($1)`
			_, err := db.Pool.Exec(t.Context(), age, []byte("https://old.example"))
			if err != nil {
				t.Fatal(err)
			}
		}
		key := ports.RateBudgetKey{Vendor: "v", Origin: origin}
		if err := db.RateBudgets().Update(t.Context(), key, change); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := db.RateBudgets().Prune(t.Context()); n != 1 || err != nil {
		t.Errorf("Prune returned %d, %v, want one row", n, err)
	}
	var rows int
	if err := db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM rate_budgets").Scan(&rows); err != nil || rows != 2 {
		t.Errorf("%d rows, %v, want the two used ones", rows, err)
	}
}

// BenchmarkRateBudgetUpdate measures one request for tokens: a SELECT, and an UPDATE whose commit is flushed to disk.
func BenchmarkRateBudgetUpdate(b *testing.B) {
	server, err := pgtest.Start(pgtest.Options{Fsync: true})
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
	key := ports.RateBudgetKey{Vendor: "pluggy", Origin: "https://api.example", Resource: "rows"}
	change, _ := grantOne()
	for b.Loop() {
		if err := db.RateBudgets().Update(b.Context(), key, change); err != nil {
			b.Fatal(err)
		}
	}
}
