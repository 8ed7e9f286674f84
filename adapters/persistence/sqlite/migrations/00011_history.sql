-- +goose Up

-- row_sha256: the hash of the vendor's row that made the present version. normalizer: the version of the rules
-- that normalised it. Both are unknown for older versions. No column needs a rewrite of the table.
ALTER TABLE transactions ADD COLUMN row_sha256 BLOB;
ALTER TABLE transactions ADD COLUMN normalizer TEXT NOT NULL DEFAULT '';

-- The versions of transactions that were replaced, each as it was directly before. The present version is only in
-- transactions, so a transaction that never changed has no row here. id is the id of the transaction. The columns
-- are those of transactions.
CREATE TABLE transaction_versions (
    id               TEXT NOT NULL,
    tenant_id        TEXT NOT NULL,
    connection_id    TEXT NOT NULL,
    account_id       TEXT,
    account          TEXT NOT NULL,
    amount           TEXT NOT NULL,
    currency         TEXT NOT NULL,
    account_amount   TEXT,
    account_currency TEXT NOT NULL,
    status           TEXT NOT NULL,
    date             TEXT NOT NULL,
    occurred_at      INTEGER,
    description      TEXT NOT NULL,
    category         TEXT NOT NULL,
    counterparty     TEXT NOT NULL,
    metadata         BLOB,
    version          INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    removed_at       INTEGER,
    pull_id          TEXT,
    warnings         TEXT NOT NULL,
    row_sha256       BLOB,
    normalizer       TEXT NOT NULL,
    PRIMARY KEY (connection_id, id, version, tenant_id)
) STRICT;

-- +goose Down
DROP TABLE transaction_versions;
ALTER TABLE transactions DROP COLUMN normalizer;
ALTER TABLE transactions DROP COLUMN row_sha256;
