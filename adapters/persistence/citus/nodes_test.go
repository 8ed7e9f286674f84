package citus_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/citus"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// placedOn returns the port of the node with the tenant's shard, and the id of the shard, according to Citus.
func placedOn(t *testing.T, pool *pgxpool.Pool, tenant uuid.UUID) (port uint16, shard int64) {
	t.Helper()
	err := pool.QueryRow(t.Context(), `SELECT nodeport, shardid FROM pg_dist_placement JOIN pg_dist_node USING (groupid)
		WHERE shardid = get_shard_id_for_distribution_column('connections', $1::uuid)`, tenant).Scan(&port, &shard)
	if err != nil {
		t.Fatal(err)
	}
	return port, shard
}

// refusePorts makes a pool refuse connections to the ports in refused.
func refusePorts(t *testing.T, dsn string, refused map[string]bool) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if _, port, _ := net.SplitHostPort(address); refused[port] {
			return nil, errors.New("no route to the host")
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// The statements of a tenant must be sent to the node with its rows, also after a shard was moved. A node that cannot
// be reached must be reported once, and the coordinator must serve its tenants.
func TestStatementsOnCitusAreSentToTheNodeOfTheTenant(t *testing.T) {
	dsn := pgtest.CitusDSN(t)
	db := openDistributed(t, postgres.Config{URL: dsn})
	refused := map[string]bool{}
	unreachable := 0
	placed := citus.NewPlaced(refusePorts(t, dsn, refused), func(string, error) { unreachable++ })
	defer func() {
		if err := placed.Close(); err != nil {
			t.Error(err)
		}
	}()
	tenants := make([]uuid.UUID, 64)
	ports := map[uint16]int{}
	check := func(when string) {
		t.Helper()
		for i := range tenants {
			want, _ := placedOn(t, db.Pool, tenants[i])
			if got := placed.Port(t.Context(), tenants[i]); got != want {
				t.Fatalf("%s: the statements of tenant %d are sent to port %d, want %d", when, i, got, want)
			}
		}
	}
	for i := range tenants {
		tenants[i] = uuid.New()
		port, _ := placedOn(t, db.Pool, tenants[i])
		ports[port]++
	}
	if len(ports) < 2 {
		t.Fatalf("all tenants are on one node: %v", ports)
	}
	check("at first")

	source, shard := placedOn(t, db.Pool, tenants[0])
	var target uint16
	for port := range ports {
		if port != source {
			target = port
		}
	}
	_, err := db.Pool.Exec(t.Context(), `SELECT citus_move_shard_placement($1, n.nodename, n.nodeport, m.nodename,
		m.nodeport, 'block_writes') FROM pg_dist_node n, pg_dist_node m WHERE n.nodeport = $2 AND m.nodeport = $3`,
		shard, int32(source), int32(target))
	if err != nil {
		t.Fatal(err)
	}
	placed.Load()
	check("after a shard was moved")

	refused[strconv.Itoa(int(target))] = true
	other := citus.NewPlaced(refusePorts(t, dsn, refused), func(string, error) { unreachable++ })
	defer func() { _ = other.Close() }()
	other.Load()
	if got := other.Port(t.Context(), tenants[0]); got != db.Pool.Config().ConnConfig.Port {
		t.Errorf("without a route to its node, the statements of a tenant are sent to port %d, want the coordinator's",
			got)
	}
	if unreachable != 1 {
		t.Errorf("the node was reported %d times, want once", unreachable)
	}
	delete(refused, strconv.Itoa(int(target)))
	other.Load()
	if got := other.Port(t.Context(), tenants[0]); got != target {
		t.Errorf("when its node can be reached again, the statements of a tenant are sent to port %d, want %d", got,
			target)
	}
}
