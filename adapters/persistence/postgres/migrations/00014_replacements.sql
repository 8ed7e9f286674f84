-- +goose Up

-- supersedes: the rows that the transaction had before its present one, as JSON; '' if there are none. superseded_by:
-- the transaction that has taken over the row of this one; its external_id then ends with its own id, so that the
-- other transaction can have the external id itself. No column needs a rewrite of the table.
ALTER TABLE transactions
    ADD COLUMN supersedes    text NOT NULL DEFAULT '',
    ADD COLUMN superseded_by uuid;

-- external_id of a version can differ from that of the present one.
ALTER TABLE transaction_versions
    ADD COLUMN external_id   text NOT NULL COLLATE "C" DEFAULT '',
    ADD COLUMN supersedes    text NOT NULL DEFAULT '',
    ADD COLUMN superseded_by uuid;

UPDATE transaction_versions v SET external_id = t.external_id
FROM transactions t WHERE t.connection_id = v.connection_id AND t.id = v.id;

-- The rows that left, by the time at which they left.
CREATE INDEX transactions_left ON transactions (connection_id, removed_at) WHERE removed_at IS NOT NULL;

-- The external ids that transactions had before their present ones.
CREATE TABLE transaction_past_ids (
    connection_id  uuid NOT NULL,
    external_id    text NOT NULL COLLATE "C",
    transaction_id uuid NOT NULL,
    tenant_id      uuid NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

-- Pairs of rows that are never matched again, because a replacement was undone.
CREATE TABLE split_pairs (
    connection_id    uuid NOT NULL,
    left_external_id text NOT NULL COLLATE "C",
    came_external_id text NOT NULL COLLATE "C",
    tenant_id        uuid NOT NULL,
    PRIMARY KEY (connection_id, left_external_id, came_external_id, tenant_id)
);

-- +goose Down
DROP TABLE split_pairs;
DROP TABLE transaction_past_ids;
DROP INDEX transactions_left;
ALTER TABLE transaction_versions DROP COLUMN superseded_by, DROP COLUMN supersedes, DROP COLUMN external_id;
ALTER TABLE transactions DROP COLUMN superseded_by, DROP COLUMN supersedes;
