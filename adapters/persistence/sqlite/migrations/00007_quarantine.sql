-- +goose Up

-- Rows of a vendor that cannot be normalised exactly. row_key is the external id, or a hash of the payload
-- if the id cannot be read. The payload is the vendor's bytes, which may be no valid UTF-8.
CREATE TABLE quarantined_rows (
    id            TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('transaction', 'account')),
    row_key       TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    payload       BLOB    NOT NULL,
    pull_id       TEXT    NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (connection_id, kind, row_key, tenant_id)
) STRICT;

-- A column with a constant default needs no rewrite of the table.
ALTER TABLE pulls ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE pulls DROP COLUMN quarantined;
DROP TABLE quarantined_rows;
