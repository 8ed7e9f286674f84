package citus

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
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

// shardTable matches the name of one of shardTables in a statement. Most of the statements are those of the packages
// postgres and gormstore, which contain the names of the tables. A statement that is built from names of tables would
// need a parameter in these packages, which only this package would set.
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
	if err := d.queryShard(ctx, tenant, sql, args, columns, fn); !errors.Is(err, errNoShard) {
		return err
	}
	return d.Query(ctx, sql, args, columns, fn)
}

// FindChanged implements gormstore.Dialect. It tries the tables of the tenant's shard first.
func (d dialect) FindChanged(
	ctx context.Context, tenant, connection uuid.UUID, rawRows []domain.RawTransaction,
) ([]int, error) {
	onShard := d.Dialect
	onShard.PlainTenant = false // Citus does not plan the statements
	found, err := onShard.FindChangedWith(ctx,
		func(ctx context.Context, sql string, args, columns []any, fn func() error) error {
			return d.queryShard(ctx, tenant, sql, args, columns, fn)
		}, tenant, connection, rawRows)
	if errors.Is(err, errNoShard) {
		return d.Dialect.FindChanged(ctx, tenant, connection, rawRows)
	}
	return found, err
}

// errNoShard means that the tables of a shard cannot be used. The statement has had no effect, and can be executed
// through Citus.
var errNoShard = errors.New("the shard is not known")

// queryShard runs a SELECT on the tables of the tenant's shard. It needs one round trip. Errors: errNoShard; fn has
// then not been called.
func (d dialect) queryShard(
	ctx context.Context, tenant uuid.UUID, sql string, args, columns []any, fn func() error,
) error {
	if d.cluster.onlyRouted.Load() {
		return errNoShard
	}
	s := d.cluster.shardOfTenant(ctx, tenant)
	if s == nil || !s.usable() {
		return errNoShard
	}
	conn, err := s.node.Pool.Acquire(ctx)
	if err != nil {
		return errNoShard
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
			d.cluster.shardFailed(err)
			return errNoShard
		}
	}
	rows, _ := results.Query() // the error is returned by ForEachRow
	_, err = pgx.ForEachRow(rows, columns, fn)
	if errors.Is(err, gormstore.ErrStop) {
		postgres.CancelQuery(ctx, conn.Conn())
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	return err
}
