-- Partitions the tables deliveries, transactions and transaction_versions into 16 parts each, by the
-- hash of the connection's id.
--
-- The service works with the partitioned tables without a change, because its statements are the
-- same. Run this script once, after `discovery migrate`, while no process serves:
--
--     psql --set ON_ERROR_STOP=1 --single-transaction --file configs/scale/partitions.sql
--
-- With empty tables the script takes no time. Existing rows are copied, so the disk must have space
-- for all rows twice. For another number of partitions change `parts` below, now or later: the
-- script can also repartition tables that it has partitioned before.
--
-- Why the partition key is the connection: a unique index on a partitioned table must contain the
-- partition key. The indexes that guarantee uniqueness are (connection_id, fingerprint, tenant_id),
-- (connection_id, external_id, tenant_id) and (connection_id, id, version, tenant_id). With partitions by time,
-- none of these indexes would be possible. docs/scale.md contains more about this.

DO $$
DECLARE
    parts constant integer := 16;
    name text;
BEGIN
    -- Statements of the change feed and of webhooks wait for this lock. The tables change in one
    -- transaction, so either all of them are partitioned or none.
    LOCK TABLE deliveries, transactions, transaction_versions IN ACCESS EXCLUSIVE MODE;

    FOREACH name IN ARRAY ARRAY['deliveries', 'transactions', 'transaction_versions'] LOOP
        -- The columns have the types, collations, defaults and checks that the migrations created.
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)
            PARTITION BY HASH (connection_id)', name || '_split', name);
        FOR part IN 0 .. parts - 1 LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                format('%s_%s_%s', name, parts, part), name || '_split', parts, part);
        END LOOP;
        EXECUTE format('INSERT INTO %I SELECT * FROM %I', name || '_split', name);
        EXECUTE format('DROP TABLE %I', name);
        EXECUTE format('ALTER TABLE %I RENAME TO %I', name || '_split', name);
    END LOOP;
END $$;

-- The indexes have the same names as in the migrations, so that a later migration finds the indexes
-- that it alters. In the primary keys the id is the first column, because rows are also looked up by
-- their id without the connection.
ALTER TABLE deliveries ADD PRIMARY KEY (id, connection_id, tenant_id);
CREATE UNIQUE INDEX deliveries_fingerprint ON deliveries (connection_id, fingerprint, tenant_id);
CREATE INDEX deliveries_pull ON deliveries (pull_id) WHERE pull_id IS NOT NULL;
CREATE INDEX deliveries_newest ON deliveries (tenant_id, received_at, id);
CREATE INDEX deliveries_of_connection ON deliveries (connection_id, received_at, id);
CREATE INDEX deliveries_age ON deliveries USING brin (received_at) WITH (pages_per_range = 16, autosummarize = on);

ALTER TABLE transactions ADD PRIMARY KEY (id, connection_id, tenant_id);
ALTER TABLE transactions ADD UNIQUE (connection_id, external_id, tenant_id);
CREATE INDEX transactions_by_date ON transactions (connection_id, date, id, updated_at);
CREATE INDEX transactions_feed ON transactions (tenant_id, change_tx, id);
CREATE INDEX transactions_removed ON transactions (connection_id, removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX transactions_end_to_end_id ON transactions (tenant_id, end_to_end_id, date, id) WHERE end_to_end_id <> '';
CREATE INDEX transactions_institution_id ON transactions (tenant_id, institution_id, date, id) WHERE institution_id <> '';
CREATE INDEX transactions_authentication_code ON transactions (tenant_id, authentication_code, date, id) WHERE authentication_code <> '';
CREATE INDEX transactions_reference_number ON transactions (tenant_id, reference_number, date, id) WHERE reference_number <> '';
CREATE INDEX transactions_receiver_reference_id ON transactions (tenant_id, receiver_reference_id, date, id) WHERE receiver_reference_id <> '';
CREATE INDEX transactions_tracking_key ON transactions (tenant_id, tracking_key, date, id) WHERE tracking_key <> '';
CREATE INDEX transactions_cheque_number ON transactions (tenant_id, cheque_number, date, id) WHERE cheque_number <> '';

ALTER TABLE transaction_versions ADD PRIMARY KEY (connection_id, id, version, tenant_id);
CREATE INDEX transaction_versions_by_date
    ON transaction_versions (connection_id, date, id, replaced_at, updated_at);
CREATE INDEX transaction_versions_first ON transaction_versions (tenant_id, change_tx, id) WHERE version = 1;

ANALYZE deliveries;
ANALYZE transactions;
ANALYZE transaction_versions;
