-- +goose Up

-- staged_since: since when rows of a new account reference are staged; NULL if none are.
ALTER TABLE connections ADD COLUMN staged_since timestamptz;

CREATE INDEX staged_transactions_by_date ON staged_transactions (connection_id, date);

-- The live transactions of relinked accounts that the present account reference has not shown.
CREATE TABLE unshown_transactions (
    connection_id uuid NOT NULL,
    external_id   text   NOT NULL COLLATE "C",
    account_id    uuid NOT NULL,
    date          text   NOT NULL COLLATE "C",
    tenant_id     uuid NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

CREATE INDEX unshown_transactions_by_date ON unshown_transactions (connection_id, date);

-- +goose Down
DROP TABLE unshown_transactions;
DROP INDEX staged_transactions_by_date;
ALTER TABLE connections DROP COLUMN staged_since;
