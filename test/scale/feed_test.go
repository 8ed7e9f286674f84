package scale_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// forward is the script that operators run when transaction ids may repeat, such as after a recovery to
// a point in time or a failover.
var forward = filepath.Join("..", "..", "configs", "scale", "forward.sql")

// standby starts a server that continuously replicates the primary.
func standby(t *testing.T, primary *pgtest.Server) *pgtest.Server {
	t.Helper()
	tools, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_basebackup")
	if len(tools) == 0 {
		t.Skip("pg_basebackup is not installed")
	}
	parent := datadir.New(t)
	info, err := os.Stat(primary.Dir())
	if err != nil {
		t.Fatal(err)
	}
	// the server refuses to run as root, and refuses data that belongs to another user
	owner := info.Sys().(*syscall.Stat_t)
	if err := os.Chown(parent, int(owner.Uid), int(owner.Gid)); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "data")
	backup := exec.CommandContext(t.Context(), slices.Max(tools), "-d", primary.URL(), "-D", dir,
		"--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	backup.Dir = parent
	backup.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	if said, err := backup.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v: %s", err, said)
	}
	server, err := pgtest.Start(pgtest.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	return server
}

// waitForReplay waits until the standby has replayed everything that the primary has written so far.
func waitForReplay(t *testing.T, primary, standby *postgres.DB) {
	t.Helper()
	written := queryValue[string](t, primary, "SELECT pg_current_wal_flush_lsn()::text")
	waitUntil(t, "the standby catches up", func() bool {
		return queryValue[bool](t, standby, "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", written)
	})
}

// slowInsert inserts a row and its feed position with one statement, as the store does. The tests keep the database
// transaction of this statement open.
const slowInsert = `INSERT INTO transactions SELECT gen_random_uuid(), tenant_id, connection_id, vendor, account_id, account, $1, amount,
		currency, account_amount, account_currency, status, date, occurred_at, description, category, counterparty, metadata,
		digest, version, first_seen_at, updated_at, removed_at, (SELECT shift + pg_current_xact_id()::text::bigint FROM feed)
	FROM transactions WHERE external_id = 'first'`

// On a standby, the feed is visible up to the point that the standby has replayed. A reader of the
// standby therefore gets changes later, but must not skip any.
func TestTheFeedCanBeReadFromAStandby(t *testing.T) {
	// With synchronous_commit, a commit waits until the write-ahead log is written. The standby can therefore replay
	// every committed transaction. Without fsync, a commit does not wait for the disk. The standby does not need that.
	server, err := pgtest.Start(pgtest.Options{Settings: map[string]string{"synchronous_commit": "on"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	primary := migrateDB(t, server.URL())
	s := primary.Store(nil)
	replica := openDB(t, standby(t, server).URL())
	reader := replica.Store(nil)
	tenant := newTenant()
	lease := claimPull(t, s, connection(t, s, tenant))
	write(t, s, lease, "first")
	waitForReplay(t, primary, replica)
	before, at := changes(t, reader, tenant, domain.Position{})

	tx, err := primary.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), slowInsert, "slow"); err != nil {
		t.Fatal(err)
	}
	write(t, s, lease, "fast")
	waitForReplay(t, primary, replica)
	while, at := changes(t, reader, tenant, at)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitForReplay(t, primary, replica)
	after, _ := changes(t, reader, tenant, at)
	want := [][]string{{"first"}, nil, {"slow", "fast"}}
	if diff := cmp.Diff(want, [][]string{before, while, after}); diff != "" {
		t.Errorf("before the older writer, while it writes, and after its commit (-want +got):\n%s", diff)
	}
}

// The script forward.sql increases all future positions of the change feed. A transaction may already have a position
// when the script starts. The script must wait for such a transaction. In the feed, the row of this transaction must
// come before the rows that are written later.
func TestTheFeedIsMovedForwardUnderTraffic(t *testing.T) {
	db := migrateDB(t, pgtest.DSN(t))
	s := db.Store(nil)
	tenant := newTenant()
	lease := claimPull(t, s, connection(t, s, tenant))
	write(t, s, lease, "first")
	first, at := changes(t, s, tenant, domain.Position{})
	tx, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), slowInsert, "slow"); err != nil {
		t.Fatal(err)
	}
	moved := make(chan error, 1)
	go func() { moved <- run(t.Context(), db, forward) }()
	const waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'feed'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted"
	waitUntil(t, "the move waits for the writer", func() bool { return queryValue[int](t, db, waiting) > 0 })
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-moved; err != nil {
		t.Fatal(err)
	}
	write(t, s, lease, "behind")
	rest, last := changes(t, s, tenant, at)
	if diff := cmp.Diff([][]string{{"first"}, {"slow", "behind"}}, [][]string{first, rest}); diff != "" {
		t.Errorf("before and after the move (-want +got):\n%s", diff)
	}
	if len(last.Key) < len("1000000000000") {
		t.Errorf("the position is %s: the feed has not moved", last.Key)
	}
}
