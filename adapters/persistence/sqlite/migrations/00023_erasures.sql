-- +goose Up

-- Erasures of connections. requested_at: when the deletion at the vendor was requested. due_at: when the erasure
-- continues, or until when a worker has claimed it. vendor_done: the vendor does not have the account reference.
-- passes: complete passes over all tables. place: the place within the present pass, as JSON.
CREATE TABLE erasures (
    id            TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    at_vendor     INTEGER NOT NULL,
    status        TEXT    NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    last_error    TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    requested_at  INTEGER NOT NULL,
    ended_at      INTEGER,
    due_at        INTEGER NOT NULL,
    vendor_done   INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    passes        INTEGER NOT NULL,
    place         TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX erasures_one_running ON erasures (connection_id, tenant_id) WHERE status = 'running';
CREATE INDEX erasures_due ON erasures (due_at) WHERE status = 'running';
CREATE INDEX erasures_newest ON erasures (tenant_id, created_at, id);
CREATE INDEX erasures_of_connection ON erasures (connection_id, created_at);

-- When the row was erased. A column without a default needs no rewrite of the table.
ALTER TABLE transactions ADD COLUMN erased_at INTEGER;
ALTER TABLE connections ADD COLUMN erased_at INTEGER;

-- +goose Down
ALTER TABLE connections DROP COLUMN erased_at;
ALTER TABLE transactions DROP COLUMN erased_at;
DROP TABLE erasures;
