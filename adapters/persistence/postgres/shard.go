package postgres

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// Citus plans a statement about distributed tables at each execution, which often takes longer than executing it. The
// most frequent statements therefore name the tables of a shard directly, and run on the node with this shard.
// PostgreSQL then plans a prepared statement only once, as in a database that is not distributed.
//
// Citus does not see that such a statement uses a shard. The transaction therefore first takes the lock that Citus
// takes for each writer. The move of a shard waits for this lock. Then the transaction checks that the shards are
// still on the node. If a shard was moved, the transaction fails, and the statements are repeated through Citus.

// shardTables are the tables whose shards a statement may name directly.
var shardTables = []string{
	"webhook_tokens", "connections", "account_references", "pulls", "deliveries", "last_webhook_tokens", "transactions",
	"transaction_versions", "account_closes", "close_adjustments", "tenant_feeds", "feed",
}

// shardTable matches the name of one of shardTables in a statement.
var shardTable = regexp.MustCompile(`\b(` + strings.Join(shardTables, "|") + `)\b`)

// onTables returns the statement with the names in shardTables replaced by the names of the shard's own tables.
func (s *shard) onTables(sql string) string {
	if known, ok := s.statements.Load(sql); ok {
		return known.(string)
	}
	named := shardTable.ReplaceAllStringFunc(sql, func(name string) string { return s.tables[name] })
	s.statements.Store(sql, named)
	return named
}

// usable reports whether the names of all tables are known.
func (s *shard) usable() bool { return len(s.tables) == len(shardTables) }

// lockShards takes the lock on the shards $1 that Citus takes for a writer. checkShards fails if one of the shards $1
// is not on the server.
const (
	lockShards  = "SELECT lock_shard_metadata(5, $1::bigint[])" // a share lock
	checkShards = "SELECT 1 / (count(*) = cardinality($1::bigint[]))::int FROM pg_dist_placement" +
		" JOIN pg_dist_local_group USING (groupid) WHERE shardid = ANY($1::bigint[])"
)

// shardFailed reports whether the error means that statements on shards had no effect. They may then be repeated
// through Citus. If the role may not use the tables of shards, or the server lacks a function that they need,
// shardFailed sets onlyRouted. Otherwise it marks the placement as outdated.
func (c *cluster) shardFailed(err error) bool {
	e := (*pgconn.PgError)(nil)
	if !errors.As(err, &e) {
		return false
	}
	const insufficientPrivilege, undefinedFunction = "42501", "42883"
	if e.Code == insufficientPrivilege || e.Code == undefinedFunction {
		c.onlyRouted.Store(true)
	} else {
		c.reload()
	}
	return true
}

// QueryTenant implements gormstore.Dialect.
func (d dialect) QueryTenant(
	ctx context.Context, tenant uuid.UUID, sql string, args, columns []any, fn func() error,
) error {
	read := func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, columns, fn)
		return err
	}
	if done, err := d.readOnShard(ctx, tenant, sql, args, read); done {
		return err
	}
	return d.Query(ctx, sql, args, columns, fn)
}

// readOnShard runs a SELECT on the tables of the tenant's shard. It needs one round trip. If done is false, the
// function read has not been called. The caller must then ignore the error and run the SELECT through Citus.
func (d dialect) readOnShard(
	ctx context.Context, tenant uuid.UUID, sql string, args []any, read func(pgx.Rows) error,
) (done bool, err error) {
	if d.db.cluster == nil || d.db.cluster.onlyRouted.Load() {
		return false, nil
	}
	s := d.db.cluster.shardOfTenant(ctx, tenant)
	if s == nil || !s.usable() {
		return false, nil
	}
	conn, err := s.node.pool.Acquire(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Release()
	var batch pgx.Batch // without a transaction of its own, a batch is one transaction
	batch.Queue(lockShards, []int64{s.id})
	batch.Queue(checkShards, []int64{s.id})
	batch.Queue(s.onTables(sql), args...)
	results := conn.SendBatch(ctx, &batch)
	for range 2 {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			d.db.cluster.shardFailed(err)
			return false, err
		}
	}
	rows, _ := results.Query() // the error is returned by read
	err = read(rows)
	if errors.Is(err, gormstore.ErrStop) {
		cancelQuery(ctx, conn.Conn())
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	return true, err
}
