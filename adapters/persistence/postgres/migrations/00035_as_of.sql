-- +goose Up

-- Closes that can be printed again, and reads as of a moment.

-- The time of the last change of records, or close, of each connection. Later times of the connection are higher.
CREATE TABLE change_clocks (
    connection_id uuid        NOT NULL,
    last_at       timestamptz NOT NULL,
    tenant_id     uuid        NOT NULL,
    PRIMARY KEY (connection_id, tenant_id)
) WITH (fillfactor = 50);

INSERT INTO change_clocks (connection_id, last_at, tenant_id)
SELECT connection_id, max(last_at), tenant_id FROM (
    SELECT connection_id, tenant_id, max(updated_at) AS last_at FROM transactions GROUP BY connection_id, tenant_id
    UNION ALL
    SELECT connection_id, tenant_id, max(closed_at) FROM account_closes GROUP BY connection_id, tenant_id
) AS times GROUP BY connection_id, tenant_id;

-- replaced_at: when the next version replaced this one.
ALTER TABLE transaction_versions ADD COLUMN replaced_at timestamptz;

UPDATE transaction_versions SET replaced_at = coalesce(
    (SELECT n.updated_at FROM transaction_versions n
     WHERE n.connection_id = transaction_versions.connection_id AND n.id = transaction_versions.id
       AND n.version = transaction_versions.version + 1 AND n.tenant_id = transaction_versions.tenant_id),
    (SELECT t.updated_at FROM transactions t
     WHERE t.id = transaction_versions.id AND t.tenant_id = transaction_versions.tenant_id));

CREATE INDEX transaction_versions_by_date
    ON transaction_versions (connection_id, date, id, replaced_at, updated_at);

-- document: what the statement of the period states besides its records, as JSON; '' if it has no statement.
ALTER TABLE account_closes ADD COLUMN document text NOT NULL DEFAULT '';

-- The closes that were reopened. The columns are those of account_closes.
CREATE TABLE reopened_closes (
    account_id      uuid        NOT NULL,
    date            text        NOT NULL COLLATE "C",
    connection_id   uuid        NOT NULL,
    position        bigint      NOT NULL,
    records         bigint      NOT NULL,
    total           text,
    currency        text        NOT NULL,
    digest          bytea       NOT NULL,
    closed_at       timestamptz NOT NULL,
    closed_by       text        NOT NULL,
    completeness    text        NOT NULL,
    document        text        NOT NULL,
    reopened_at     timestamptz NOT NULL,
    tenant_id       uuid        NOT NULL,
    PRIMARY KEY (account_id, date, closed_at, tenant_id)
);

CREATE INDEX reopened_closes_connection ON reopened_closes (connection_id);

