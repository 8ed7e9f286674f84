-- +goose Up

-- The completeness of each account: a JSON document, and the columns by which the completeness of a connection is
-- found. compared: the state is known. drift_since: when the oldest drift began, even if it has not lasted for the
-- grace period yet.
CREATE TABLE account_completeness (
    account_id    TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    compared      INTEGER NOT NULL,
    drift_since   INTEGER,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (account_id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_completeness_connection ON account_completeness (connection_id);

-- The last reading of each account on each day (UTC) on which a settled pull has read it. balance is in the holder's
-- view; posted is the sum of the live posted records; anchor is balance - posted.
CREATE TABLE account_balances (
    account_id    TEXT    NOT NULL,
    day           TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    read_at       INTEGER NOT NULL,
    currency      TEXT    NOT NULL,
    balance       TEXT    NOT NULL,
    posted        TEXT    NOT NULL,
    anchor        TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (account_id, day, tenant_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE account_balances;
DROP TABLE account_completeness;
