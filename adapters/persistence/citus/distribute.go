package citus

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
)

// forwardSQL increases the feed positions of all later changes. Positions come from transaction ids. The transaction
// ids of the workers may be lower than the ids of the coordinator. The later positions must still be higher than all
// positions that the coordinator has assigned.
const forwardSQL = "UPDATE feed SET shift = shift + pg_current_xact_id()::text::bigint"

// referenceTables are the tables of which each server has a copy. They are read before the tenant is known, or
// together with rows of any tenant.
var referenceTables = []string{"webhook_tokens", "feed"}

// firstTable is the table that is distributed first. A database is treated as distributed if this table is distributed.
const firstTable = "connections"

// errNoCitus is the error of Migrate if the tables must be distributed, but the database does not have the extension
// citus.
var errNoCitus = errors.New("the database does not have the extension citus: create it on the coordinator and on all" +
	" workers, and add the workers with citus_add_node")

// isDistributed is an SQL expression. It is true if the table with the name $1 is distributed or has a copy on each
// server.
const isDistributed = "EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass($1::text))"

// hasCitus reports whether the database has the extension citus.
func hasCitus(ctx context.Context, db *postgres.DB) (has bool, err error) {
	err = db.Pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')").Scan(&has)
	return has, err
}

// areDistributed reports whether the tables are distributed.
func areDistributed(ctx context.Context, db *postgres.DB) (distributed bool, err error) {
	has, err := hasCitus(ctx, db)
	if err != nil || !has {
		return false, err
	}
	err = db.Pool.QueryRow(ctx, "SELECT "+isDistributed, firstTable).Scan(&distributed)
	return distributed, err
}

// distributeTables distributes all tables with a column tenant_id that are not distributed yet, in one transaction. If
// the database is distributed already, a migration may have created a new table.
//
// A process that was started before the first distribution must not use the tables during the distribution or after
// it.
func (db *DB) distributeTables(ctx context.Context) error {
	has, err := hasCitus(ctx, db.DB)
	if err == nil && !has {
		err = errNoCitus
	}
	if err == nil {
		err = pgx.BeginTxFunc(ctx, db.Pool, pgx.TxOptions{BeginQuery: db.BeginSQL()}, func(tx pgx.Tx) error {
			return distribute(ctx, tx)
		})
	}
	if err != nil {
		return fmt.Errorf("distribute the tables: %w", err)
	}
	return nil
}

// distribute distributes the tables in the transaction. Tables without a column tenant_id remain on the coordinator.
func distribute(ctx context.Context, tx pgx.Tx) error {
	var done bool
	if err := tx.QueryRow(ctx, "SELECT "+isDistributed, firstTable).Scan(&done); err != nil {
		return err
	}
	statements := []string{"SET LOCAL citus.multi_shard_modify_mode = 'sequential'"}
	if !done {
		statements = append(statements, forwardSQL, "SELECT create_distributed_table('"+firstTable+"', 'tenant_id')")
	}
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	for _, table := range referenceTables {
		_, err := tx.Exec(ctx, "SELECT create_reference_table($1::text::regclass) WHERE NOT "+isDistributed, table)
		if err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	// CollectRows returns the error of Query.
	rows, _ := tx.Query(ctx, `SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
		WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
			AND attname = 'tenant_id' AND NOT attisdropped
			AND NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = pg_class.oid) ORDER BY relname`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, table := range tables {
		_, err := tx.Exec(ctx,
			"SELECT create_distributed_table($1::text::regclass, 'tenant_id', colocate_with => $2)", table, firstTable)
		if err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	return nil
}
