package citus_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

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
