package citus_test

import (
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/citus"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// moveShard moves the shard of the tenant to another worker, and returns the port of that worker.
func moveShard(t *testing.T, pool *pgxpool.Pool, tenant uuid.UUID) (target uint16) {
	t.Helper()
	source, shard := placedOn(t, pool, tenant)
	err := pool.QueryRow(t.Context(), `SELECT nodeport FROM pg_dist_node
		WHERE nodeport <> $1 AND groupid <> 0 AND noderole = 'primary' LIMIT 1`, int32(source)).Scan(&target)
	if err != nil {
		t.Fatal(err)
	}
	_, err = pool.Exec(t.Context(), `SELECT citus_move_shard_placement($1, n.nodename, n.nodeport, m.nodename,
		m.nodeport, 'block_writes') FROM pg_dist_node n, pg_dist_node m WHERE n.nodeport = $2 AND m.nodeport = $3`,
		shard, int32(source), int32(target))
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// assignIDs assigns n transaction ids on the node with the tenant's shard.
func assignIDs(t *testing.T, pool *pgxpool.Pool, tenant uuid.UUID, n int) {
	t.Helper()
	port, _ := placedOn(t, pool, tenant)
	config := pool.Config()
	config.ConnConfig.Port = port
	node, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	_, err = node.Exec(t.Context(), fmt.Sprintf(
		"DO $$ BEGIN FOR i IN 1..%d LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$", n))
	if err != nil {
		t.Fatal(err)
	}
}

// The shard of a tenant is moved to the other worker and back while a writer stores rows and a reader follows the
// change feed. The transaction ids of one worker are much higher than those of the other one. The reader must get every
// row once, in the order in which the rows were stored.
func TestAMovedShardOnCitusSkipsNoChange(t *testing.T) {
	dsn := pgtest.CitusDSN(t)
	db := openDistributed(t, postgres.Config{URL: dsn})
	s := db.Store(nil)
	tenant := domain.TenantID{UUID: uuid.New()}
	lease := storetest.RunningPull(t, s, tenant)
	assignIDs(t, db.Pool, tenant.UUID, 20_000)

	var written []string
	var count atomic.Int32 // len(written)
	moved, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ctx := ports.ForTenant(t.Context(), tenant)
		for i := 0; ; i++ {
			id := strconv.Itoa(i)
			if err := storetest.WriteRows(ctx, s, lease, id); err != nil {
				t.Errorf("row %d: %v", i, err)
				return
			}
			written = append(written, id)
			count.Add(1)
			select {
			case <-moved:
				return
			default:
			}
		}
	}()
	var read []string
	var position domain.Position
	follow := func(until func() bool) {
		ctx := ports.ForTenant(t.Context(), tenant)
		for deadline := time.Now().Add(patience); !until(); {
			page, err := s.Ledger().Changes(ctx, tenant, domain.PageRequest{Limit: 100, After: position})
			if err != nil {
				t.Error(err)
				return
			}
			for _, item := range page.Items {
				read = append(read, item.ExternalID)
			}
			position = page.Next
			if time.Now().After(deadline) {
				t.Error("the reader waits for too long")
				return
			}
		}
	}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		follow(func() bool {
			select {
			case <-stopped:
				return true
			default:
				return false
			}
		})
		follow(func() bool { return len(read) >= len(written) })
	}()
	awaitRows := func() {
		t.Helper()
		enough, deadline := count.Load()+5, time.Now().Add(patience)
		for ; count.Load() < enough && !t.Failed(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the writer waits for too long")
			}
		}
	}
	for range 4 {
		awaitRows()
		moveShard(t, db.Pool, tenant.UUID)
	}
	awaitRows()
	close(moved)
	<-finished
	want(t, "rows in the order of the feed", written, read)
}

// A transaction can take its position long before it stores its row. The move of the shard must wait for such a
// transaction, because a position of the old server must not be used on the new one.
func TestAMoveOnCitusWaitsForATransactionWithAPosition(t *testing.T) {
	db := openDistributed(t, postgres.Config{URL: pgtest.CitusDSN(t)})
	s := db.Store(nil)
	tenant := domain.TenantID{UUID: uuid.New()}
	write(t, s, storetest.RunningPull(t, s, tenant), "first")
	slow, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Rollback(t.Context()) }()
	if position, err := citus.ChangeSeq(t.Context(), slow, tenant.UUID); err != nil || position == 0 {
		t.Fatalf("position %d (%v)", position, err)
	}
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		moveShard(t, db.Pool, tenant.UUID)
	}()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		var waits bool
		err := db.Pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE query LIKE '%citus_move_shard_placement%' AND wait_event_type = 'Lock')`).Scan(&waits)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the move does not wait (%v)", err)
		}
		if waits {
			break
		}
		select {
		case <-moved:
			t.Fatal("the move did not wait for the transaction")
		default:
		}
	}
	if err := slow.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-moved
}

// A writer must raise the positions of a tenant only when necessary. On a new server or timeline, the lowest new
// position must equal the upper bound of all earlier positions.
func TestAFeedIsRaisedPastItsBoundOnANewServer(t *testing.T) {
	const more = 1 << 40
	old := citus.FeedServer{ID: 1, Timeline: 1}
	for name, test := range map[string]struct {
		row, here           citus.FeedServer
		shift, reserved     int64
		own, oldest, common int64
		prepared            bool
		wantShift, want     int64
		unavailable         bool
	}{
		"first position": {
			here: old, own: 50, oldest: 40, common: 1000, prepared: true, wantShift: 1000, want: 1050 + more,
		},
		"raised by another transaction": {
			row: old, here: old, shift: 1000, reserved: 5000, own: 50, oldest: 40, wantShift: 1000, want: 5000,
		},
		"bound reached": {
			row: old, here: old, shift: 1000, reserved: 1050, own: 50, oldest: 40, wantShift: 1000, want: 1050 + more,
		},
		"moved shard": {
			row: old, here: citus.FeedServer{ID: 2, Timeline: 1}, shift: 1000, reserved: 5000, own: 7, oldest: 4,
			prepared: true, wantShift: 4996, want: 5003 + more,
		},
		"standby that took over": {
			row: old, here: citus.FeedServer{ID: 1, Timeline: 2}, shift: 1000, reserved: 5000, own: 60, oldest: 50,
			wantShift: 4950, want: 5010 + more,
		},
		"prepared transaction of the former primary": {
			row: old, here: citus.FeedServer{ID: 1, Timeline: 2}, shift: 1000, reserved: 5000, own: 60, oldest: 50,
			prepared: true, unavailable: true, wantShift: 1000, want: 5000,
		},
	} {
		t.Run(name, func(t *testing.T) {
			shift, reserved, err := citus.RaiseFeedRow(test.row, test.here, test.shift, test.reserved, test.own,
				test.oldest, test.common, test.prepared)
			if errors.Is(err, domain.Unavailable) != test.unavailable || err != nil != test.unavailable {
				t.Fatalf("error %v", err)
			}
			if shift != test.wantShift || reserved != test.want {
				t.Errorf("shift %d, reserved %d, want %d, %d", shift, reserved, test.wantShift, test.want)
			}
		})
	}
}
