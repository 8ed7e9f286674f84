-- +goose Up

-- Erasures of connections. requested_at: when the deletion at the vendor was requested. due_at: when the erasure
-- continues, or until when a worker has claimed it. vendor_done: the vendor does not have the account reference.
-- passes: complete passes over all tables. place: the place within the present pass, as JSON.
CREATE TABLE erasures (
    id            uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    at_vendor     boolean     NOT NULL,
    status        text        NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    last_error    text        NOT NULL,
    created_at    timestamptz NOT NULL,
    requested_at  timestamptz NOT NULL,
    ended_at      timestamptz,
    due_at        timestamptz NOT NULL,
    vendor_done   boolean     NOT NULL,
    attempts      integer     NOT NULL,
    passes        integer     NOT NULL,
    place         text        NOT NULL,
    tenant_id     uuid        NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE UNIQUE INDEX erasures_one_running ON erasures (connection_id, tenant_id) WHERE status = 'running';
CREATE INDEX erasures_due ON erasures (due_at) WHERE status = 'running';
CREATE INDEX erasures_newest ON erasures (tenant_id, created_at, id);
CREATE INDEX erasures_of_connection ON erasures (connection_id, created_at);

-- When the row was erased. A column without a default needs no rewrite of the table.
ALTER TABLE transactions ADD COLUMN erased_at timestamptz;
ALTER TABLE connections ADD COLUMN erased_at timestamptz;

-- +goose Down
ALTER TABLE connections DROP COLUMN erased_at;
ALTER TABLE transactions DROP COLUMN erased_at;
DROP TABLE erasures;
