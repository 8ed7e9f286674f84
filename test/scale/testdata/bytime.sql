-- Partitions the deliveries by time. The store does not support that yet: its insert would have to
-- write to the key table as well (see insertWithKeys in bytime_test.go). To expire deliveries, a whole
-- week is dropped. The keys of known events stay in a narrow table, which is partitioned by connection.

ALTER TABLE deliveries RENAME TO deliveries_whole;

CREATE TABLE deliveries (LIKE deliveries_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)
    PARTITION BY RANGE (received_at);
DROP TABLE deliveries_whole;

-- There is no default partition: with one, a partition can only be detached under a lock for which
-- incoming webhooks would have to wait.
DO $$
BEGIN
    FOR week IN 0 .. 12 LOOP
        EXECUTE format('CREATE TABLE deliveries_w%s PARTITION OF deliveries FOR VALUES FROM (%L) TO (%L)', week,
            timestamptz '2026-01-05 00:00Z' + week * interval '7 days', timestamptz '2026-01-05 00:00Z' + (week + 1) * interval '7 days');
    END LOOP;
END $$;

ALTER TABLE deliveries ADD PRIMARY KEY (id, received_at);
CREATE INDEX deliveries_pull ON deliveries (pull_id) WHERE pull_id IS NOT NULL;
CREATE INDEX deliveries_newest ON deliveries (tenant_id, received_at, id);
CREATE INDEX deliveries_of_connection ON deliveries (connection_id, received_at, id);

CREATE TABLE delivery_keys (
    connection_id uuid        NOT NULL,
    fingerprint   bytea       NOT NULL,
    delivery_id   uuid        NOT NULL,
    received_at   timestamptz NOT NULL,
    PRIMARY KEY (connection_id, fingerprint)
) PARTITION BY HASH (connection_id);

DO $$
BEGIN
    FOR part IN 0 .. 15 LOOP
        EXECUTE format('CREATE TABLE delivery_keys_%s PARTITION OF delivery_keys FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
    END LOOP;
END $$;
