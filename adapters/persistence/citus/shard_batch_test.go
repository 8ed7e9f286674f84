package citus_test

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// shardInserts counts the statements that insert deliveries, by kind.
type shardInserts struct{ onShards, routed atomic.Int32 }

var insertsOnShard = regexp.MustCompile(`INSERT INTO (public\.)?deliveries_[0-9]`)

func (c *shardInserts) count(sql string) {
	switch {
	case insertsOnShard.MatchString(sql):
		c.onShards.Add(1)
	case regexp.MustCompile(`INSERT INTO deliveries\b`).MatchString(sql):
		c.routed.Add(1)
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (c *shardInserts) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	c.count(q.SQL)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*shardInserts) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (*shardInserts) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (c *shardInserts) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	c.count(q.SQL)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (*shardInserts) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// Webhooks of tenants on several shards must be stored directly in the tables of the shards, without the planner of
// Citus.
func TestWebhooksOnCitusUseTheTablesOfTheShards(t *testing.T) {
	var inserts shardInserts
	db := openDistributed(t, postgres.Config{URL: pgtest.CitusDSN(t), Tracer: &inserts})
	s := db.Store(nil)
	tokens := make([]domain.WebhookToken, 8)
	for i := range tokens {
		tokens[i] = storetest.ConnectionWithToken(t, s)
	}
	for deadline := time.Now().Add(patience); inserts.onShards.Load() == 0; time.Sleep(10 * time.Millisecond) {
		event := strconv.FormatInt(time.Now().UnixNano(), 10)
		if _, err := storetest.Receive(t.Context(), s, tokens[0], event); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("no webhook is stored in the tables of a shard")
		}
	}
	inserts.routed.Store(0)
	for n := range 5 {
		for _, token := range tokens {
			for repeated, key := range []string{strconv.Itoa(n), strconv.Itoa(n)} {
				got, err := storetest.Receive(t.Context(), s, token, key)
				if err != nil || got.Duplicate != (repeated > 0) || got.Delivery.Tenant != token.Tenant {
					t.Fatalf("event %s, repeated %d: %+v (%v)", key, repeated, got, err)
				}
			}
		}
	}
	if n := inserts.routed.Load(); n > 0 {
		t.Errorf("%d webhooks were planned by Citus", n)
	}
	for _, token := range tokens { // a batch contains only webhooks of one server
		port, _ := placedOn(t, db.Pool, token.Tenant.UUID)
		if got := db.ServerOf(token.Hash); !strings.HasSuffix(got, ":"+strconv.Itoa(int(port))) {
			t.Errorf("the webhooks of a tenant on port %d wait for the server %q", port, got)
		}
	}
	if err := s.Tokens().Revoke(t.Context(), tokens[1].Tenant, tokens[1].ID, epoch, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.Receive(t.Context(), s, tokens[1], "after"); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("a revoked token gets %v", err)
	}
}

// Webhooks arrive while the shards of their tenants are moved. Each accepted webhook must be stored exactly once.
func TestWebhooksOnCitusAreKeptWhileShardsMove(t *testing.T) {
	db := openDistributed(t, postgres.Config{URL: pgtest.CitusDSN(t)})
	s := db.Store(nil)
	tokens := make([]domain.WebhookToken, 6)
	for i := range tokens {
		tokens[i] = storetest.ConnectionWithToken(t, s)
	}
	accepted := make([]int, len(tokens))
	stop := make(chan struct{})
	var senders sync.WaitGroup
	for i, token := range tokens {
		senders.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				switch _, err := storetest.Receive(t.Context(), s, token, strconv.Itoa(n)); {
				case err == nil:
					accepted[i]++
				case errors.Is(err, domain.Unavailable):
					n-- // as a vendor does, send the event again
				default:
					t.Errorf("tenant %d: %v", i, err)
					return
				}
			}
		})
	}
	for _, i := range []int{0, 1, 2, 0} {
		time.Sleep(100 * time.Millisecond)
		moveShard(t, db.Pool, tokens[i].Tenant.UUID)
	}
	time.Sleep(100 * time.Millisecond)
	close(stop)
	senders.Wait()
	for i, token := range tokens {
		var stored, different int
		err := db.Pool.QueryRow(
			t.Context(),
			"SELECT count(*), count(DISTINCT event_id) FROM deliveries WHERE tenant_id = $1",
			token.Tenant.UUID,
		).Scan(&stored, &different)
		if err != nil || stored != accepted[i] || different != accepted[i] || stored == 0 {
			t.Errorf("tenant %d: %d accepted, %d stored, %d of them different (%v)", i, accepted[i], stored, different,
				err)
		}
	}
}
