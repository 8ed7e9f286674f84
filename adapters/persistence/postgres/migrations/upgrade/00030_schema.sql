-- +goose Up

-- Brings a database at version 27, the last one before all migrations became one file, to the schema of
-- ../00030_schema.sql: other names and other keys. A test compares the results. The file is removed with version 1.0.
--
-- The keys of large tables are built again, and meanwhile nobody can use the tables. All processes of an earlier
-- version must be stopped, because they know only the old names.

-- On Citus, a transaction that changes several tables needs this setting. Elsewhere it has no effect.
SET LOCAL citus.multi_shard_modify_mode = 'sequential';

ALTER TABLE pulls RENAME ask TO scope;
ALTER TABLE deliveries RENAME ask TO scope;
ALTER TABLE transactions RENAME source TO content_hash;
ALTER TABLE connections RENAME redirected_at TO target_changed_at;
ALTER TABLE accounts RENAME link_references TO account_refs;
ALTER TABLE split_pairs RENAME left_external_id TO old_external_id;
ALTER TABLE split_pairs RENAME came_external_id TO new_external_id;
ALTER TABLE unshown_transactions RENAME TO carried_over_transactions;
ALTER INDEX unshown_transactions_pkey RENAME TO carried_over_transactions_pkey;
ALTER INDEX unshown_transactions_by_date RENAME TO carried_over_transactions_by_date;
ALTER INDEX pulls_one_under_way RENAME TO pulls_one_in_progress;
ALTER INDEX transactions_left RENAME TO transactions_removed;

-- Earlier versions of configs/scale/partitions.sql did not create this index.
CREATE INDEX IF NOT EXISTS transaction_versions_first ON transaction_versions (tenant_id, change_tx, id)
    WHERE version = 1;

ALTER TABLE webhook_tokens
    DROP CONSTRAINT IF EXISTS webhook_tokens_connection_id_fkey,
    DROP CONSTRAINT webhook_tokens_pkey,
    ADD CONSTRAINT webhook_tokens_pkey PRIMARY KEY (id, tenant_id);

-- +goose StatementBegin
DO $$
DECLARE
    -- The primary keys of the tables that configs/scale/partitions.sql has partitioned contain the partition key.
    partitioned constant boolean := (SELECT relkind = 'p' FROM pg_class WHERE oid = 'deliveries'::regclass);
    primary_key constant text := CASE WHEN partitioned THEN '(id, connection_id, tenant_id)' ELSE '(id, tenant_id)' END;
BEGIN
    IF EXISTS (SELECT FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attname = 'tenant_id'
            WHERE indexrelid = 'pulls_pkey'::regclass AND attnum = ANY (indkey::int2[])) THEN
        RETURN; -- The tables are distributed. The other keys already contain the tenant.
    END IF;

    ALTER TABLE pulls
        DROP CONSTRAINT pulls_connection_id_fkey,
        DROP CONSTRAINT pulls_pkey,
        ADD PRIMARY KEY (id, tenant_id);
    DROP INDEX pulls_one_queued, pulls_one_in_progress;
    CREATE UNIQUE INDEX pulls_one_queued ON pulls (connection_id, tenant_id) WHERE state = 'queued';
    CREATE UNIQUE INDEX pulls_one_in_progress ON pulls (connection_id, tenant_id)
        WHERE state IN ('running', 'waiting');

    ALTER TABLE accounts
        DROP CONSTRAINT accounts_connection_id_fkey,
        DROP CONSTRAINT accounts_pkey,
        DROP CONSTRAINT accounts_connection_id_external_id_key,
        ADD PRIMARY KEY (id, tenant_id),
        ADD UNIQUE (connection_id, external_id, tenant_id);

    ALTER TABLE connections
        DROP CONSTRAINT connections_pkey,
        ADD PRIMARY KEY (id, tenant_id);

    ALTER TABLE deliveries DROP CONSTRAINT deliveries_pkey;
    EXECUTE 'ALTER TABLE deliveries ADD PRIMARY KEY ' || primary_key;
    DROP INDEX deliveries_fingerprint;
    CREATE UNIQUE INDEX deliveries_fingerprint ON deliveries (connection_id, fingerprint, tenant_id);

    ALTER TABLE transactions
        DROP CONSTRAINT transactions_pkey,
        DROP CONSTRAINT transactions_connection_id_external_id_key,
        ADD UNIQUE (connection_id, external_id, tenant_id);
    EXECUTE 'ALTER TABLE transactions ADD PRIMARY KEY ' || primary_key;
END $$;
-- +goose StatementEnd
