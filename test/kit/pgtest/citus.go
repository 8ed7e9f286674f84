package pgtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// envCitusURL is the environment variable that contains the URL of the coordinator of a Citus cluster that is already
// running.
const envCitusURL = "TEST_CITUS_URL"

// sharedCitus is the Citus cluster of this test process. The first call of CitusDSN starts it.
var sharedCitus struct {
	once sync.Once
	// This mutex is held while a database is created. If two databases are created at the same time, a connection
	// between two nodes may fail.
	create  sync.Mutex
	cluster *Citus
	err     error
}

// CitusDSN creates an empty database with the extension Citus on a coordinator and its workers. It returns the URL of
// the database on the coordinator.
//
//   - If the environment variable TEST_CITUS_URL is set, CitusDSN uses the cluster at that URL. The role in the URL
//     must be able to create databases and extensions on all nodes.
//   - Without this variable, the test process starts a coordinator with two workers on free loopback ports.
//   - If the installed server does not have the extension, the test is skipped.
func CitusDSN(t testing.TB) string {
	t.Helper()
	base := os.Getenv(envCitusURL)
	if base == "" {
		sharedCitus.once.Do(startSharedCitus)
		if errors.Is(sharedCitus.err, ErrNoCitus) {
			t.Skip(sharedCitus.err.Error())
		}
		if sharedCitus.err != nil {
			t.Fatalf("pgtest: %v", sharedCitus.err)
		}
		base = sharedCitus.cluster.URL()
	}
	sharedCitus.create.Lock()
	dsn, drop, err := createCitusDatabase(t.Context(), base)
	sharedCitus.create.Unlock()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	// An error is ignored, because a test may have stopped the servers intentionally.
	t.Cleanup(func() { _ = drop() })
	return dsn
}

func startSharedCitus() {
	if !shared.main {
		sharedCitus.err = errors.New("the package does not call pgtest.Main in its TestMain")
		return
	}
	sharedCitus.cluster, sharedCitus.err = StartCitus(Options{})
}

// ErrNoCitus is the error of StartCitus if the server does not have the extension.
var ErrNoCitus = errors.New("no Citus: install the extension citus (12.1) for the newest installed PostgreSQL server," +
	" or set " + envCitusURL + " to the URL of a coordinator")

// Citus is a Citus cluster that this process has started. Its nodes also form a cluster in the database named postgres.
type Citus struct {
	// Coordinator is the server to which clients connect.
	Coordinator *Server
	// Workers are the servers that contain the shards.
	Workers []*Server

	standbys map[int]*Server // by index of the worker
	copies   int             // number of standbys that were started
}

// citusWorkers is the number of workers of a cluster.
const citusWorkers = 2

// citusSettings are the settings of each node. The nodes have no certificates. The number of shards is small, so that
// migrations are fast. The connection limit is high, because each client connection can open several connections
// between the nodes.
var citusSettings = map[string]string{
	"shared_preload_libraries": "citus", "citus.node_conninfo": "sslmode=disable", "citus.local_hostname": "127.0.0.1",
	"citus.shard_count": "4", "max_prepared_transactions": "200", "max_connections": "600",
}

// StartCitus starts a coordinator with two workers. The options o apply to each of the servers, with two exceptions:
//
//   - o.Port is the port of the coordinator. The workers use free ports.
//   - o.Dir is the parent of the data directories, which are named coordinator, worker1 and worker2. If they already
//     contain a cluster, StartCitus starts this cluster.
//
// StartCitus returns ErrNoCitus if the server does not have the extension.
func StartCitus(o Options) (*Citus, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	if !hasCitus(bin) {
		return nil, ErrNoCitus
	}
	settings := maps.Clone(citusSettings)
	maps.Copy(settings, o.Settings)
	c := &Citus{}
	for i := range citusWorkers + 1 {
		node := o
		node.Settings = settings
		if i > 0 {
			node.Port = 0
		}
		if o.Dir != "" {
			node.Dir = filepath.Join(o.Dir, [...]string{"coordinator", "worker1", "worker2"}[i])
		}
		s, err := Start(node)
		if err != nil {
			return nil, errors.Join(err, c.Stop())
		}
		if i == 0 {
			c.Coordinator = s
		} else {
			c.Workers = append(c.Workers, s)
		}
	}
	if err := c.join(context.Background()); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// URL returns the URL of the database named postgres on the coordinator.
func (c *Citus) URL() string { return c.Coordinator.URL() }

// Stop shuts all servers down gracefully.
func (c *Citus) Stop() error {
	var errs []error
	for _, standby := range c.standbys {
		errs = append(errs, standby.Destroy())
	}
	for _, s := range append(c.Workers, c.Coordinator) {
		if s != nil {
			errs = append(errs, s.Stop())
		}
	}
	return errors.Join(errs...)
}

// AddStandby starts a synchronous standby of the worker with this index. The cluster must have been started with
// Options.Dir and Options.Fsync, and the worker must not have a standby.
func (c *Citus) AddStandby(index int) error {
	c.copies++
	o := c.Workers[index].options
	o.Port, o.Dir = 0, filepath.Join(filepath.Dir(o.Dir), "standby"+strconv.Itoa(c.copies))
	standby, err := StartStandby(c.Workers[index], o)
	if err != nil {
		return err
	}
	if c.standbys == nil {
		c.standbys = map[int]*Server{}
	}
	c.standbys[index] = standby
	return nil
}

// LoseWorker ends the worker with this index immediately and removes its data.
func (c *Citus) LoseWorker(index int) error { return c.Workers[index].Destroy() }

// FailOver promotes the standby of the lost worker with this index, and registers it in the database named postgres.
// After that, the worker has no standby.
func (c *Citus) FailOver(index int) error {
	standby := c.standbys[index]
	if err := standby.Promote(); err != nil {
		return err
	}
	delete(c.standbys, index)
	c.Workers[index] = standby
	return c.register(index, standby.port)
}

// PoolWorker starts a pooler with at most size server connections in front of the worker with this index. All nodes
// and the service then connect to this pooler instead of the worker.
func (c *Citus) PoolWorker(index, size int) (*Pooler, error) {
	p, err := StartPooler(c.Workers[index].URL(), size)
	if err != nil {
		return nil, err
	}
	if err := c.register(index, p.port); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// register sets the port at which the nodes of the database named postgres reach the worker with this index. It returns
// when all nodes know the new port: until then, the coordinator refuses to distribute a table (SQLSTATE 55000).
func (c *Citus) register(index, port int) error {
	return errors.Join(
		execute(c.URL(), fmt.Sprintf(
			"SELECT citus_update_node(nodeid, '127.0.0.1', %d) FROM pg_dist_node WHERE groupid = %d", port, index+1)),
		c.awaitMetadata())
}

// awaitMetadata returns when each node of the database named postgres has the metadata of the coordinator. Citus sends
// the metadata in the background.
func (c *Citus) awaitMetadata() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for ; ; time.Sleep(20 * time.Millisecond) {
		var all bool
		err := conn.QueryRow(ctx, "SELECT bool_and(metadatasynced) FROM pg_dist_node WHERE hasmetadata").Scan(&all)
		if err != nil || all {
			return err
		}
	}
}

// KillWorker ends the worker with this index immediately, like a crash. The cluster must have been started with
// Options.Dir.
func (c *Citus) KillWorker(index int) error { return c.Workers[index].Kill() }

// StartWorker starts the killed worker with this index again, with the same data and on the same port.
func (c *Citus) StartWorker(index int) error { return restart(&c.Workers[index]) }

// KillCoordinator ends the coordinator immediately, like a crash. The cluster must have been started with Options.Dir.
func (c *Citus) KillCoordinator() error { return c.Coordinator.Kill() }

// StartCoordinator starts the killed coordinator again, with the same data and on the same port.
func (c *Citus) StartCoordinator() error { return restart(&c.Coordinator) }

// restart replaces a killed server with a new one that has the same data and port.
func restart(killed **Server) error {
	o := (*killed).options
	o.Port = (*killed).port
	s, err := Start(o)
	if err == nil {
		*killed = s
	}
	return err
}

// join combines the servers into one cluster, in the database named postgres.
func (c *Citus) join(ctx context.Context) error {
	nodes := []citusNode{{"127.0.0.1", c.Coordinator.port}}
	for _, s := range c.Workers {
		nodes = append(nodes, citusNode{"127.0.0.1", s.port})
	}
	return joinNodes(ctx, c.URL(), nodes)
}

// citusNode is the address of a node. In a list of nodes, the coordinator is the first one.
type citusNode struct {
	host string
	port int
}

// urlFor returns the URL dsn with its host and port replaced by the host and port of the node.
func (n citusNode) urlFor(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("the URL of the coordinator is not a URL")
	}
	u.Host = net.JoinHostPort(n.host, strconv.Itoa(n.port))
	return u.String(), nil
}

// createCitusDatabase creates a database with a random name on all nodes of a cluster. The URL of the coordinator is
// base. The returned function drop removes the database again.
func createCitusDatabase(ctx context.Context, base string) (dsn string, drop func() error, err error) {
	nodes, err := nodesOf(ctx, base)
	if err != nil {
		return "", nil, err
	}
	name := randomName()
	everywhere := func(statement string) error {
		for _, node := range nodes {
			there, err := node.urlFor(base)
			if err == nil {
				err = execute(there, statement)
			}
			if err != nil {
				return fmt.Errorf("%s on port %d: %w", statement, node.port, err)
			}
		}
		return nil
	}
	drop = func() error { return everywhere("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)") }
	if err := everywhere("CREATE DATABASE " + name); err != nil {
		return "", nil, errors.Join(err, drop())
	}
	dsn, err = withDatabase(base, name)
	if err == nil {
		err = joinNodes(ctx, dsn, nodes)
	}
	if err != nil {
		return "", nil, errors.Join(err, drop())
	}
	return dsn, drop, nil
}

// joinNodes creates the extension Citus on all nodes, in the database that dsn names, and registers the nodes on the
// coordinator. If a node is already registered, its address is updated.
func joinNodes(ctx context.Context, dsn string, nodes []citusNode) error {
	for _, node := range nodes {
		there, err := node.urlFor(dsn)
		if err == nil {
			err = execute(there, "CREATE EXTENSION IF NOT EXISTS citus")
		}
		if err != nil {
			return fmt.Errorf("create the extension on port %d: %w", node.port, err)
		}
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, "SELECT citus_set_coordinator_host($1, $2)", nodes[0].host, nodes[0].port)
	if err != nil {
		return fmt.Errorf("set the address of the coordinator: %w", err)
	}
	for i, node := range nodes[1:] {
		_, err = conn.Exec(ctx, `SELECT CASE WHEN nodeid IS NULL THEN citus_add_node($2, $3, groupid => $1) > 0
				ELSE citus_update_node(nodeid, $2, $3) IS NULL END
			FROM (VALUES (1)) AS one LEFT JOIN pg_dist_node ON groupid = $1`, i+1, node.host, node.port)
		if err != nil {
			return fmt.Errorf("add the node on port %d: %w", node.port, err)
		}
	}
	return nil
}

// nodesOf returns the nodes of a cluster, with the coordinator first. The URL of the coordinator is base.
func nodesOf(ctx context.Context, base string) ([]citusNode, error) {
	conn, err := pgx.Connect(ctx, base)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(
		ctx,
		"SELECT nodename, nodeport FROM pg_dist_node WHERE noderole = 'primary' ORDER BY groupid",
	)
	if err != nil {
		return nil, err
	}
	nodes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (n citusNode, err error) {
		err = row.Scan(&n.host, &n.port)
		return n, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the nodes of the cluster: %w", err)
	}
	if len(nodes) < 2 {
		return nil, fmt.Errorf("the cluster has %d nodes; it needs a registered coordinator and a worker", len(nodes))
	}
	return nodes, nil
}

// HasCitus reports whether a test can call CitusDSN without being skipped. This is so if TEST_CITUS_URL is set, or if
// the installed server has the extension.
func HasCitus() bool { return os.Getenv(envCitusURL) != "" || hasCitus(installed()) }

// hasCitus reports whether the server whose programs are in the folder bin has the extension. It looks in two kinds of
// folders: those of a build with the default paths, and those of Debian's package.
func hasCitus(bin string) bool {
	root := filepath.Dir(bin)
	folders := []string{filepath.Join(root, "share"), filepath.Join(root, "share", "postgresql")}
	if version, found := strings.CutPrefix(root, "/usr/lib/"); found {
		folders = append(folders, filepath.Join("/usr/share", version))
	}
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, "extension", "citus.control")); err == nil {
			return true
		}
	}
	return false
}
