-- +goose Up

-- new_reference: no pull has stored the accounts of account_ref.
ALTER TABLE connections ADD COLUMN new_reference INTEGER NOT NULL DEFAULT 0;

CREATE INDEX connections_deleted ON connections (tenant_id, vendor, deleted_at) WHERE deleted_at IS NOT NULL;

-- account_ref: the account reference under which the account was stored first. link_references: all account references
-- of the account, as JSON; '' if there is only the first one.
ALTER TABLE accounts ADD COLUMN account_ref TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN link_references TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN account_key TEXT NOT NULL DEFAULT '';

UPDATE accounts SET account_ref = (
    SELECT connections.account_ref FROM connections WHERE connections.id = accounts.connection_id
);

-- account_key: equal for accounts that are the same account of an institution; '' if that is not known.
CREATE INDEX accounts_by_key ON accounts (account_key, tenant_id) WHERE account_key <> '';
CREATE INDEX accounts_by_external_id ON accounts (external_id, tenant_id);

-- The rows of a new account reference, until they are published. step: the number of the step that has read the row.
-- content: the normalised row, as JSON.
CREATE TABLE staged_transactions (
    connection_id TEXT    NOT NULL,
    external_id   TEXT    NOT NULL,
    step          INTEGER NOT NULL,
    account       TEXT    NOT NULL,
    date          TEXT    NOT NULL,
    content       BLOB    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

-- +goose Down
DROP TABLE staged_transactions;
DROP INDEX accounts_by_external_id;
DROP INDEX accounts_by_key;
ALTER TABLE accounts DROP COLUMN account_key;
ALTER TABLE accounts DROP COLUMN link_references;
ALTER TABLE accounts DROP COLUMN account_ref;
DROP INDEX connections_deleted;
ALTER TABLE connections DROP COLUMN new_reference;
