-- +goose Up

-- The completeness of each account: a JSON document, and the columns by which the completeness of a connection is
-- found. compared: the state is known. drift_since: when the oldest drift began, even if it has not lasted for the
-- grace period yet.
CREATE TABLE account_completeness (
    account_id    uuid    NOT NULL,
    connection_id uuid    NOT NULL,
    state         text    NOT NULL,
    compared      boolean NOT NULL,
    drift_since   timestamptz,
    tenant_id     uuid    NOT NULL,
    PRIMARY KEY (account_id, tenant_id)
);

CREATE INDEX account_completeness_connection ON account_completeness (connection_id);

-- The last reading of each account on each day (UTC) on which a settled pull has read it. balance is in the holder's
-- view; posted is the sum of the live posted records; anchor is balance - posted.
CREATE TABLE account_balances (
    account_id    uuid        NOT NULL,
    day           text        NOT NULL COLLATE "C",
    connection_id uuid        NOT NULL,
    read_at       timestamptz NOT NULL,
    currency      text        NOT NULL,
    balance       numeric     NOT NULL,
    posted        numeric     NOT NULL,
    anchor        numeric     NOT NULL,
    tenant_id     uuid        NOT NULL,
    PRIMARY KEY (account_id, day, tenant_id)
);

-- +goose Down
DROP TABLE account_balances;
DROP TABLE account_completeness;
