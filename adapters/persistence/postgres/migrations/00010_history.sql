-- +goose Up

-- row_sha256: the hash of the vendor's row that made the present version. normalizer: the version of the rules
-- that normalised it. Both are unknown for older versions. No column needs a rewrite of the table.
ALTER TABLE transactions
    ADD COLUMN row_sha256 bytea,
    ADD COLUMN normalizer text NOT NULL DEFAULT '';

-- The versions of transactions that were replaced, each as it was directly before. The present version is only in
-- transactions, so a transaction that never changed has no row here. id is the id of the transaction. The columns
-- are those of transactions.
CREATE TABLE transaction_versions (
    id               uuid        NOT NULL,
    tenant_id        uuid        NOT NULL,
    connection_id    uuid        NOT NULL,
    account_id       uuid,
    account          text        NOT NULL COLLATE "C",
    amount           numeric     NOT NULL,
    currency         text        NOT NULL,
    account_amount   numeric,
    account_currency text        NOT NULL,
    status           text        NOT NULL,
    date             text        NOT NULL COLLATE "C",
    occurred_at      timestamptz,
    description      text        NOT NULL,
    category         text        NOT NULL,
    counterparty     text        NOT NULL,
    metadata         bytea,
    version          integer     NOT NULL,
    updated_at       timestamptz NOT NULL,
    removed_at       timestamptz,
    pull_id          uuid,
    warnings         text        NOT NULL,
    row_sha256       bytea,
    normalizer       text        NOT NULL,
    PRIMARY KEY (connection_id, id, version, tenant_id)
);

-- +goose Down
DROP TABLE transaction_versions;
ALTER TABLE transactions DROP COLUMN normalizer, DROP COLUMN row_sha256;
