-- +goose Up

-- Rows of a vendor that cannot be normalised exactly. row_key is the external id, or a hash of the payload
-- if the id cannot be read. The payload is the vendor's bytes, which may be no valid UTF-8.
CREATE TABLE quarantined_rows (
    id            uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('transaction', 'account')),
    row_key       text        NOT NULL COLLATE "C",
    reason        text        NOT NULL,
    payload       bytea       NOT NULL,
    pull_id       uuid        NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    tenant_id     uuid        NOT NULL,
    PRIMARY KEY (connection_id, kind, row_key, tenant_id)
);

-- A column with a constant default needs no rewrite of the table.
ALTER TABLE pulls ADD COLUMN quarantined integer NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE pulls DROP COLUMN quarantined;
DROP TABLE quarantined_rows;
