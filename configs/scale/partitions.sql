-- Partitions deliveries and transactions into 16 parts each, by hash of the connection.
--
-- The service works with it unchanged: no statement differs. Run it once, after
-- `discovery migrate`, while no process serves:
--
--     psql --set ON_ERROR_STOP=1 --single-transaction --file configs/scale/partitions.sql
--
-- On empty tables it takes no time; existing rows are copied, which needs disk space for
-- them twice. For another number of partitions change `parts` below, now or later: the script
-- also repartitions tables that it has partitioned before.
--
-- Why by connection: a unique index on a partitioned table must contain the partition key, and
-- the two indexes that guarantee uniqueness are (connection_id, fingerprint) and (connection_id,
-- external_id). Partitions by time could have neither of them; docs/scale.md says more.

DO $$
DECLARE
    parts constant integer := 16;
    name text;
BEGIN
    -- Statements of the feed and of webhooks wait; both tables change together or not at all.
    LOCK TABLE deliveries, transactions IN ACCESS EXCLUSIVE MODE;

    FOREACH name IN ARRAY ARRAY['deliveries', 'transactions'] LOOP
        -- Columns with the types, collations, defaults and checks that the migrations created.
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

-- The names are those of the migrations, so that a later migration finds what it alters. The id
-- is the first column of its key, because it is also looked up without the connection.
ALTER TABLE deliveries ADD PRIMARY KEY (id, connection_id);
CREATE UNIQUE INDEX deliveries_fingerprint ON deliveries (connection_id, fingerprint);
CREATE INDEX deliveries_pull ON deliveries (pull_id) WHERE pull_id IS NOT NULL;
CREATE INDEX deliveries_newest ON deliveries (tenant_id, received_at, id);
CREATE INDEX deliveries_of_connection ON deliveries (connection_id, received_at, id);
CREATE INDEX deliveries_age ON deliveries USING brin (received_at) WITH (pages_per_range = 16, autosummarize = on);

ALTER TABLE transactions ADD PRIMARY KEY (id, connection_id);
ALTER TABLE transactions ADD UNIQUE (connection_id, external_id);
CREATE INDEX transactions_by_date ON transactions (connection_id, date, id);
CREATE INDEX transactions_feed ON transactions (tenant_id, change_tx, id);

ANALYZE deliveries;
ANALYZE transactions;
