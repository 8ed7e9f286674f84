package citus

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// node is a server of the cluster.
type node struct {
	*postgres.Server
	address string // host and port; "" of the server of the URL
}

const (
	// placementAge is the age at which the placement of the shards is read again.
	placementAge = 5 * time.Second
	// placementTimeout bounds the query that reads the placement. reachTimeout bounds an attempt to reach a node; all
	// nodes are tried at the same time.
	placementTimeout = 3 * time.Second
	reachTimeout     = 2 * time.Second
)

// cluster finds the node of a Citus cluster that has the rows of a tenant. Every node with a copy of Citus's metadata
// plans statements by itself. A statement about one tenant is executed fastest on the node with the tenant's shards:
// the coordinator is not involved, and the node reaches the rows without another connection.
//
// The placement may be outdated, because shards can be moved at any time. A statement that reaches the wrong node is
// still executed correctly: the node sends it on. If no better node is known, statements go to the coordinator.
type cluster struct {
	coordinator *node
	// onUnreachable is called when a node cannot be reached directly. It is not called again before the node has been
	// reached. Meanwhile, the coordinator serves the tenants of the node.
	onUnreachable func(address string, err error)

	placement atomic.Pointer[placement]
	loading   atomic.Bool
	// onlyRouted means that the role may not use the tables of shards directly.
	onlyRouted atomic.Bool
	lifetime   context.Context // ends with close
	end        context.CancelFunc
	work       sync.WaitGroup

	mu          sync.Mutex
	nodes       map[string]*node // by address
	retired     []*node          // nodes that had no shards at the last reading; the next reading closes their pools
	unreachable map[string]bool  // the addresses for which onUnreachable has been called

	hashes       gormstore.Remembered[uuid.UUID, int32]            // hashes of tenants, as Citus computes them
	tokenTenants gormstore.Remembered[domain.TokenHash, uuid.UUID] // the tenants of webhook tokens
}

// placement contains the shards of the cluster and their nodes at one moment.
type placement struct {
	shards []shard // in the order of their ranges
	readAt time.Time
}

// shard is the range of hashes whose rows are on one node. The node is nil if it cannot be reached directly.
type shard struct {
	low, high int32
	id        int64             // id of the shard of firstTable
	tables    map[string]string // the names of the tables on the node, by the names of the distributed tables
	node      *node

	statements *sync.Map // statements on these tables, by the statements on the distributed tables
}

func newCluster(coordinator *postgres.Server, onUnreachable func(string, error)) *cluster {
	c := &cluster{
		coordinator: &node{Server: coordinator}, onUnreachable: onUnreachable,
		nodes: map[string]*node{}, unreachable: map[string]bool{},
	}
	c.lifetime, c.end = context.WithCancel(context.Background())
	if c.onUnreachable == nil {
		c.onUnreachable = func(string, error) {}
	}
	return c
}

// nodeOf returns the node for statements about the tenant of ctx.
func (c *cluster) nodeOf(ctx context.Context) *node {
	tenant := ports.TenantOf(ctx).UUID
	if tenant == uuid.Nil {
		return c.coordinator
	}
	return c.nodeOfTenant(ctx, tenant)
}

func (c *cluster) nodeOfTenant(ctx context.Context, tenant uuid.UUID) *node {
	if s := c.shardOfTenant(ctx, tenant); s != nil {
		return s.node
	}
	return c.coordinator
}

// shardOfTenant returns the shard with the tenant's rows, or nil if it is not known or its node cannot be reached.
func (c *cluster) shardOfTenant(ctx context.Context, tenant uuid.UUID) *shard {
	return c.shardIn(ctx, c.current(), tenant)
}

// shardIn is like shardOfTenant, but uses the given placement, which may be nil.
func (c *cluster) shardIn(ctx context.Context, p *placement, tenant uuid.UUID) *shard {
	if p == nil {
		return nil
	}
	hash, err := c.hashOf(ctx, tenant)
	if err != nil {
		return nil // the statement returns the error of the database
	}
	return p.shardOf(hash)
}

// shardOf returns the shard with the rows of a tenant with this hash, or nil if its node cannot be reached.
func (p *placement) shardOf(hash int32) *shard {
	// the first shard whose range does not end before the hash
	i, _ := slices.BinarySearchFunc(p.shards, hash, func(s shard, hash int32) int { return cmp.Compare(s.high, hash) })
	if i == len(p.shards) || p.shards[i].low > hash || p.shards[i].node == nil {
		return nil
	}
	return &p.shards[i]
}

// nodeOfToken returns the node of the token's tenant, or nil if it is not known without a query.
func (c *cluster) nodeOfToken(token domain.TokenHash) *node {
	tenant, _ := c.tokenTenants.Get(token)
	hash, known := c.hashes.Get(tenant)
	if p := c.current(); known && p != nil {
		if s := p.shardOf(hash); s != nil {
			return s.node
		}
	}
	return nil
}

// anyNode returns a random node for statements that any node can execute. If it knows no such node, it returns the
// coordinator.
func (c *cluster) anyNode() *node {
	p := c.current()
	if p == nil || len(p.shards) == 0 {
		return c.coordinator
	}
	if n := p.shards[rand.IntN(len(p.shards))].node; n != nil {
		return n
	}
	return c.coordinator
}

// current returns the last placement of the shards that was read, or nil. If the placement is old, current starts to
// read it again in the background.
func (c *cluster) current() *placement {
	p := c.placement.Load()
	if (p == nil || time.Since(p.readAt) > placementAge) && c.loading.CompareAndSwap(false, true) {
		c.work.Go(func() {
			defer c.loading.Store(false)
			c.load()
		})
	}
	return p
}

// reload marks the placement of the shards as outdated, because it seems to have changed. The next use of the
// placement then reads it again in the background.
func (c *cluster) reload() {
	if p := c.placement.Load(); p != nil {
		c.placement.CompareAndSwap(p, &placement{shards: p.shards})
	}
}

// shardsSQL selects the shards of the table $1: their ranges, the addresses of their nodes, and the names of the
// tables $2 on these nodes. Nodes without a copy of the metadata plan no statements, so their address is NULL.
const shardsSQL = `
SELECT s.shardminvalue::int, s.shardmaxvalue::int, s.shardid, n.nodename, n.nodeport, (
	SELECT json_object_agg(t.relname, shard_name(t.oid, o.shardid)) FROM pg_dist_shard o
	JOIN pg_class t ON t.oid = o.logicalrelid
	WHERE t.oid IN (SELECT to_regclass(name) FROM unnest($2::text[]) AS name)
		AND (o.shardminvalue = s.shardminvalue OR o.shardminvalue IS NULL))
FROM pg_dist_shard s JOIN pg_dist_placement p USING (shardid)
LEFT JOIN pg_dist_node n ON n.groupid = p.groupid AND n.noderole = 'primary' AND n.isactive AND n.metadatasynced
WHERE s.logicalrelid = $1::regclass ORDER BY s.shardminvalue::int`

// load reads the placement of the shards and connects to nodes that are not connected. If no node answers, the known
// placement remains.
func (c *cluster) load() {
	for _, source := range c.sources() {
		shards, err := c.readShards(c.lifetime, source)
		if err == nil {
			c.placement.Store(&placement{shards: shards, readAt: time.Now()})
			return
		}
	}
}

// sources returns the nodes from which the placement can be read, the coordinator first.
func (c *cluster) sources() []*node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.AppendSeq([]*node{c.coordinator}, maps.Values(c.nodes))
}

// readShards reads the placement from the source, and connects to nodes that are not connected yet.
func (c *cluster) readShards(ctx context.Context, source *node) ([]shard, error) {
	found, err := c.queryShards(ctx, source)
	if err != nil {
		return nil, err
	}
	var reaching sync.WaitGroup
	used := map[string]*reached{}
	for _, p := range found {
		if p.host == nil || used[p.address()] != nil {
			continue
		}
		r := &reached{}
		used[p.address()] = r
		reaching.Go(func() { r.node = c.reach(ctx, p) })
	}
	reaching.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	shards := make([]shard, len(found))
	for i, p := range found {
		shards[i] = p.shard
		if p.host != nil {
			shards[i].node = used[p.address()].node
		}
	}
	c.retireUnused(used)
	return shards, nil
}

// reached contains the node that cluster.reach has returned; nil if the node cannot be reached.
type reached struct{ node *node }

// placedShard is a row of shardsSQL.
type placedShard struct {
	shard
	host *string // nil if the shard's node plans no statements
	port *int32
}

// address returns the address of the shard's node, which must have one.
func (p placedShard) address() string { return net.JoinHostPort(*p.host, strconv.Itoa(int(*p.port))) }

func (c *cluster) queryShards(ctx context.Context, source *node) ([]placedShard, error) {
	ctx, cancel := context.WithTimeout(ctx, placementTimeout)
	defer cancel()
	rows, _ := source.Pool.Query(ctx, shardsSQL, firstTable, shardTables) // CollectRows returns the error of Query
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p placedShard, err error) {
		p.statements = &sync.Map{}
		err = row.Scan(&p.low, &p.high, &p.id, &p.host, &p.port, &p.tables)
		return p, err
	})
}

// reach returns the node of the shard, or nil if it cannot be reached. An unreachable node is reported, unless ctx has
// ended.
func (c *cluster) reach(ctx context.Context, p placedShard) *node {
	address := p.address()
	c.mu.Lock()
	n := c.nodes[address]
	c.mu.Unlock()
	var err error
	if n == nil {
		n, err = c.open(ctx, *p.host, uint16(*p.port))
	}
	if err == nil {
		err = ping(ctx, n)
	}
	c.mu.Lock()
	if n != nil {
		c.nodes[address] = n
	}
	report := err != nil && ctx.Err() == nil && !c.unreachable[address]
	if report || err == nil {
		c.unreachable[address] = err != nil
	}
	c.mu.Unlock()
	if report {
		c.onUnreachable(address, err)
	}
	if err != nil {
		return nil
	}
	return n
}

func ping(ctx context.Context, n *node) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	return n.Pool.Ping(ctx)
}

// open creates a pool for a node, with the role, the password and the settings of the coordinator's pool.
func (c *cluster) open(ctx context.Context, host string, port uint16) (*node, error) {
	config := c.coordinator.Pool.Config()
	conn := config.ConnConfig
	if conn.TLSConfig != nil && conn.TLSConfig.ServerName == conn.Host {
		conn.TLSConfig.ServerName = host
	}
	conn.Host, conn.Port, conn.Fallbacks = host, port, nil
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &node{postgres.NewServer(pool), net.JoinHostPort(host, strconv.Itoa(int(port)))}, nil
}

// retireUnused removes the nodes that are not in used. A statement may just have chosen such a node, so its pool is
// closed only when the placement is read again.
func (c *cluster) retireUnused(used map[string]*reached) {
	c.mu.Lock()
	closing := c.retired
	c.retired = nil
	for address, n := range c.nodes {
		if used[address] == nil {
			c.retired = append(c.retired, n)
			delete(c.nodes, address)
			delete(c.unreachable, address)
		}
	}
	c.mu.Unlock()
	for _, n := range closing {
		c.work.Go(func() { _ = n.Close() }) // waits for statements in progress
	}
}

// reset closes the idle connections to all nodes. Connections in use are closed when their statements have ended.
func (c *cluster) reset() {
	for _, n := range c.sources() {
		n.Pool.Reset()
	}
}

// hashOf returns the hash by which Citus distributes the tenant.
func (c *cluster) hashOf(ctx context.Context, tenant uuid.UUID) (hash int32, err error) {
	if hash, known := c.hashes.Get(tenant); known {
		return hash, nil
	}
	for _, source := range c.sources() {
		if err = source.Pool.QueryRow(ctx, "SELECT worker_hash($1::uuid)", plainID(tenant)).Scan(&hash); err == nil {
			c.hashes.Set(tenant, hash)
			return hash, nil
		}
	}
	return 0, err
}

// close ends the background work and closes the pools of the nodes, except for the coordinator's.
func (c *cluster) close() error {
	c.end()
	c.loading.Store(true) // no further reading begins
	c.work.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, n := range slices.AppendSeq(c.retired, maps.Values(c.nodes)) {
		errs = append(errs, n.Close())
	}
	clear(c.nodes)
	c.retired = nil
	return errors.Join(errs...)
}
