package citus_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/citus"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/receivetest"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// A batch must be stored as its deliveries would be one at a time, both in the tables of a shard and through the
// planner of Citus.
func TestABatchOnCitusIsStoredAsItsDeliveriesWouldBeOneAtATime(t *testing.T) {
	if testing.Short() {
		t.Skip("too few random runs for all cases")
	}
	for name, prepare := range map[string]func(*citus.DB){
		"tables of a shard": (*citus.DB).LoadPlacement, "planner of Citus": (*citus.DB).OnlyRoute,
	} {
		t.Run(name, func(t *testing.T) {
			var inserts shardInserts
			db := openDistributed(t, postgres.Config{URL: pgtest.CitusDSN(t), Tracer: &inserts})
			prepare(db)
			var mu sync.Mutex
			var jobs []domain.PullID
			nudge := func(pulls ...domain.PullID) {
				mu.Lock()
				defer mu.Unlock()
				jobs = append(jobs, pulls...)
			}
			receivetest.Run(t, receivetest.Dialect{
				Stores: db.Store(nudge),
				Model: func(nudge gormstore.Nudge) receivetest.Stores {
					return sqlitetest.Open(t, sqlite.Config{}).Store(nudge)
				},
				Receive: func(ctx context.Context, batch []gormstore.PendingDelivery) ([]gormstore.Result, error) {
					return db.Receive(ctx, nudge, batch)
				},
				Jobs: func() []domain.PullID {
					mu.Lock()
					defer mu.Unlock()
					taken := jobs
					jobs = nil
					return taken
				},
				MaxBatch: 12,
			})
			onShards, routed := inserts.onShards.Load(), inserts.routed.Load()
			if wantRouted := name == "planner of Citus"; wantRouted != (routed > 0) || wantRouted == (onShards > 0) {
				t.Errorf("%d statements named the tables of shards, and %d were planned by Citus", onShards, routed)
			}
		})
	}
}

// Concurrent deliveries of several tenants can be in the same batch. Each event must then be stored once, although it
// is sent twice, and each tenant must get one pull.
func TestABatchOnCitusContainsSeveralTenants(t *testing.T) {
	s := openDistributed(t, postgres.Config{URL: pgtest.CitusDSN(t)}).Store(nil)
	var tokens []domain.WebhookToken
	for range 5 {
		tokens = append(tokens, storetest.ConnectionWithToken(t, s))
	}
	const events = 20
	stored := make([]atomic.Int32, len(tokens))
	var wg sync.WaitGroup
	for i, token := range tokens {
		for n := range 2 * events {
			wg.Go(func() {
				key := strconv.Itoa(n / 2)
				got, err := s.Deliveries().Receive(t.Context(), ports.IncomingDelivery{
					Delivery:       newID[domain.Delivery](),
					Pull:           newID[domain.Pull](),
					Token:          token.Hash,
					Vendor:         token.Vendor,
					SourceAdmitted: true,
					Body:           []byte(key),
					At:             epoch,
					Event:          domain.WebhookEvent{Name: "e", ID: key, DedupKey: key, WantsPull: true},
				})
				switch {
				case err != nil:
					t.Error(err)
				case !got.Duplicate:
					stored[i].Add(1)
				}
			})
		}
	}
	wg.Wait()
	for i, token := range tokens {
		page, err := s.Deliveries().
			List(t.Context(), token.Tenant, ports.DeliveryFilter{}, domain.PageRequest{Limit: 100})
		if err != nil || len(page.Items) != events || stored[i].Load() != events {
			t.Errorf(
				"tenant %d: %d deliveries are listed, %d were new, want %d (%v)",
				i,
				len(page.Items),
				stored[i].Load(),
				events,
				err,
			)
		}
		pulls, err := s.Pulls().List(t.Context(), token.Tenant, ports.PullFilter{}, domain.PageRequest{Limit: 100})
		if err != nil || len(pulls.Items) != 1 {
			t.Errorf("tenant %d has %d pulls, want 1 (%v)", i, len(pulls.Items), err)
		}
	}
	_, err := s.Deliveries().Receive(t.Context(), ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: domain.TokenHash{1}, At: epoch,
	})
	if !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("an unknown token gets %v", err)
	}
}

// Each server must use one plan for all batches of one webhook.
func TestBatchesOfOneWebhookOnCitusAreNotPlannedEachTime(t *testing.T) {
	db := openDistributed(t, postgres.Config{URL: pgtest.CitusDSN(t) + storetest.PlanParameters})
	storetest.CheckWebhookPlans(t, db.Store(nil), db.Pools)
}
