package citus

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// See shard.go for statements on the tables of a shard. The statements of the fast path are those of package postgres.
// One statement may affect several tenants of a shard.

// shardPart contains the deliveries of a batch for one shard.
type shardPart struct {
	shard   *shard
	indexes []int
	own     []gormstore.PendingDelivery
	stored  bool
}

// partsOf returns the deliveries of each shard, in the order of the shards. Deliveries without a known shard have a
// part whose shard is nil.
func (b nodeBatch) partsOf(byShard map[*shard][]int) []*shardPart {
	var parts []*shardPart
	for s, indexes := range byShard {
		p := &shardPart{indexes: indexes}
		if s != nil && s.usable() && !b.cluster.onlyRouted.Load() {
			p.shard = s
		}
		for _, i := range indexes {
			p.own = append(p.own, b.all[i])
		}
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b *shardPart) int { return cmp.Compare(a.id(), b.id()) })
	return parts
}

// id returns the id of the shard, or 0 if it is not known.
func (p *shardPart) id() int64 {
	if p.shard == nil {
		return 0
	}
	return p.shard.id
}

// finish sets the results of the part's deliveries.
func (b nodeBatch) finish(p *shardPart, results []gormstore.Result) {
	p.stored = true
	for k, i := range p.indexes {
		b.results[i] = results[k]
	}
}

// beginOn returns the statement that begins a transaction on shards. It fails if one of them is not on the server.
func (d dialect) beginOn(shards ...*shard) string {
	ids := make([]string, len(shards))
	for i, s := range shards {
		ids[i] = strconv.FormatInt(s.id, 10)
	}
	list := strings.Join(ids, ", ")
	const shareLock = "5"
	return d.db.BeginSQL() + "; SELECT lock_shard_metadata(" + shareLock + ", ARRAY[" + list + "]::bigint[]);" +
		" SELECT 1 / (count(*) = " + strconv.Itoa(len(ids)) + ")::int FROM pg_dist_placement" +
		" JOIN pg_dist_local_group USING (groupid) WHERE shardid IN (" + list + ")"
}

// attachOnShards is the fast path on the shards of a node: one transaction stores the deliveries that need no new pull.
// For each part that it has stored, it sets the field stored and the results. The numbers of round trips and of
// transactions do not depend on the numbers of shards and tenants.
func (b nodeBatch) attachOnShards(ctx context.Context, n *node, all []*shardPart) error {
	var parts []*shardPart
	var shards []*shard
	for _, p := range all {
		if p.shard != nil {
			parts, shards = append(parts, p), append(shards, p.shard)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	batches := make([]*domain.WebhookBatch, len(parts))
	attached := make([]bool, len(parts))
	err := commitInBatch(ctx, n.Pool, b.beginOn(shards...), func(tx pgx.Tx) error {
		if err := planOnShards(ctx, tx, parts, batches); err != nil {
			return err
		}
		var attaching pgx.Batch
		for i, p := range parts {
			if batches[i].NeedsPulls() {
				continue
			}
			if len(batches[i].Planned) == 0 {
				attached[i] = true
				continue
			}
			sql, args, read := postgres.AttachQuery(batches[i])
			attaching.Queue(p.shard.onTables(sql), args...).Query(func(rows pgx.Rows) (err error) {
				attached[i], err = read(rows)
				return err
			})
		}
		if attaching.Len() == 0 {
			return nil
		}
		attaching.Queue("commit")
		return tx.SendBatch(ctx, &attaching).Close()
	})
	if err != nil {
		return err
	}
	for i, p := range parts {
		if !attached[i] {
			continue
		}
		// The inserted deliveries are already committed and must be reported as stored. Only the duplicates get the
		// error, because only they need the earlier deliveries.
		err := onShard(ctx, n.Pool, p.shard).ReadEarlier(batches[i])
		b.finish(p, batches[i].Results(cmp.Or(err, gormstore.ErrPruned)))
	}
	return nil
}

// commitInBatch runs fn in a transaction. fn may commit it with its last batch of statements; otherwise the transaction
// is rolled back.
func commitInBatch(ctx context.Context, pool *pgxpool.Pool, begin string, fn func(tx pgx.Tx) error) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return err
	}
	defer func() { _ = postgres.Rollback(ctx, conn.Conn()) }()
	return fn(tx)
}

// planOnShards reads the stored values on which the parts depend, and sets batches to what must be stored for each
// part.
func planOnShards(ctx context.Context, tx pgx.Tx, parts []*shardPart, batches []*domain.WebhookBatch) error {
	views := make([]domain.WebhookView, len(parts))
	var reading pgx.Batch
	for i, p := range parts {
		views[i] = gormstore.NewWebhookView()
		for _, r := range postgres.Receipt(gormstore.Tx{}).View(p.own, views[i]) {
			reading.Queue(p.shard.onTables(r.SQL), r.Args...).Query(func(rows pgx.Rows) error {
				_, err := pgx.ForEachRow(rows, r.Columns, r.Take)
				return err
			})
		}
	}
	if err := tx.SendBatch(ctx, &reading).Close(); err != nil {
		return err
	}
	for i, p := range parts {
		batches[i] = gormstore.PlanInLockOrder(p.own, views[i])
	}
	return nil
}

// mayRoute reports whether deliveries may be stored through Citus after an attempt on their shards has failed with the
// error. It returns false after a lost connection, because the attempt may have been committed.
func (b nodeBatch) mayRoute(err error) bool {
	return errors.Is(err, errNoShard) || gormstore.IsConflict(err) || b.cluster.shardFailed(err)
}

// insertOnShard stores the deliveries of one shard and creates the missing pulls (the slow path).
func (b nodeBatch) insertOnShard(ctx context.Context, n *node, p *shardPart) error {
	if p.shard == nil {
		return errNoShard
	}
	var results []gormstore.Result
	var created newPulls
	err := gormstore.RetryOnConflict(func() error {
		options := pgx.TxOptions{BeginQuery: b.beginOn(p.shard)}
		return pgx.BeginTxFunc(ctx, n.Pool, options, func(tx pgx.Tx) (err error) {
			created = newPulls{}
			receipt := onShard(ctx, tx, p.shard)
			receipt.Enqueue = created.add
			results, err = receipt.Store(p.own)
			return err
		})
	})
	if err != nil {
		return err
	}
	b.finish(p, results)
	b.nudgeAll(created)
	return nil
}

// shardQuerier executes statements on the tables of a shard.
type shardQuerier struct {
	on    postgres.Querier
	shard *shard
}

// Query implements postgres.Querier.
func (o shardQuerier) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return o.on.Query(ctx, o.shard.onTables(sql), args...)
}
