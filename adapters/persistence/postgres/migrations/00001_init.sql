-- +goose Up

-- Texts that are keys or sort keys compare by bytes, independent of the database's collation.
-- Bodies, metadata and ciphertext are bytes; ask (the scope of a pull) and progress are JSON that only
-- the service reads.

CREATE TABLE connections (
    id              uuid PRIMARY KEY,
    tenant_id       uuid        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('aggregator', 'engine')),
    name            text        NOT NULL COLLATE "C",
    vendor          text        NOT NULL,
    base_url        text        NOT NULL,
    account_ref     text        NOT NULL,
    type            text        NOT NULL,
    config          bytea,
    sealed          bytea       NOT NULL,
    health_status   text        NOT NULL,
    health_reason   text        NOT NULL,
    health_since    timestamptz,
    needs_reauth    boolean     NOT NULL,
    reauth_by_event boolean     NOT NULL,
    revision        bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    redirected_at   timestamptz,
    deleted_at      timestamptz
);

CREATE UNIQUE INDEX connections_live_name ON connections (tenant_id, name) WHERE deleted_at IS NULL;

CREATE TABLE webhook_tokens (
    id            uuid PRIMARY KEY,
    tenant_id     uuid        NOT NULL,
    connection_id uuid        NOT NULL REFERENCES connections (id),
    vendor        text        NOT NULL,
    hash          bytea       NOT NULL UNIQUE,
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz,
    revoked_at    timestamptz
);

CREATE INDEX webhook_tokens_newest ON webhook_tokens (tenant_id, created_at, id);
CREATE INDEX webhook_tokens_connection ON webhook_tokens (connection_id);

-- 'waiting' is a pull between two attempts; callers see it as queued.
CREATE TABLE pulls (
    id            uuid PRIMARY KEY,
    tenant_id     uuid        NOT NULL,
    connection_id uuid        NOT NULL REFERENCES connections (id),
    vendor        text        NOT NULL,
    trigger       text        NOT NULL,
    trace         text        NOT NULL,
    state         text        NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'succeeded', 'failed')),
    ask           text        NOT NULL,
    progress      text        NOT NULL,
    seen_accounts integer     NOT NULL,
    seen_rows     integer     NOT NULL,
    added         integer     NOT NULL,
    modified      integer     NOT NULL,
    removed       integer     NOT NULL,
    unchanged     integer     NOT NULL,
    attempts      integer     NOT NULL,
    last_error    text        NOT NULL,
    lease_id      uuid,
    lease_until   timestamptz,
    not_before    timestamptz,
    created_at    timestamptz NOT NULL,
    started_at    timestamptz,
    finished_at   timestamptz
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX pulls_one_queued ON pulls (connection_id) WHERE state = 'queued';
CREATE UNIQUE INDEX pulls_one_under_way ON pulls (connection_id) WHERE state IN ('running', 'waiting');
CREATE INDEX pulls_open ON pulls (created_at) WHERE state IN ('queued', 'running', 'waiting');
CREATE INDEX pulls_ended ON pulls (connection_id, finished_at) WHERE state IN ('succeeded', 'failed');
CREATE INDEX pulls_newest ON pulls (tenant_id, created_at, id);
CREATE INDEX pulls_of_connection ON pulls (connection_id, created_at, id);

-- No foreign keys: the statement that inserts has just read the connection, whose row is never deleted,
-- and a check per row would slow down the hottest path of all.
CREATE TABLE deliveries (
    id            uuid PRIMARY KEY,
    tenant_id     uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    vendor        text        NOT NULL,
    event         text        NOT NULL,
    event_id      text        NOT NULL COLLATE "C",
    fingerprint   bytea       NOT NULL,
    body          bytea       NOT NULL,
    ask           text        NOT NULL,
    status        text        NOT NULL CHECK (status IN ('accepted', 'ignored', 'unreadable')),
    pull_id       uuid,
    received_at   timestamptz NOT NULL
);

CREATE UNIQUE INDEX deliveries_fingerprint ON deliveries (connection_id, fingerprint);
CREATE INDEX deliveries_pull ON deliveries (pull_id) WHERE pull_id IS NOT NULL;
CREATE INDEX deliveries_newest ON deliveries (tenant_id, received_at, id);
CREATE INDEX deliveries_of_connection ON deliveries (connection_id, received_at, id);
-- Rows are inserted in the order of their time, so a block range index finds the old ones at almost no
-- cost for the inserts.
CREATE INDEX deliveries_age ON deliveries USING brin (received_at) WITH (pages_per_range = 16, autosummarize = on);

CREATE TABLE idempotency_keys (
    tenant_id   uuid        NOT NULL,
    key         text        NOT NULL COLLATE "C",
    fingerprint bytea       NOT NULL,
    claimed_at  timestamptz NOT NULL,
    answered_at timestamptz,
    status      integer     NOT NULL,
    headers     text        NOT NULL,
    body        bytea,
    PRIMARY KEY (tenant_id, key)
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (claimed_at);

CREATE TABLE accounts (
    id               uuid PRIMARY KEY,
    tenant_id        uuid        NOT NULL,
    connection_id    uuid        NOT NULL REFERENCES connections (id),
    vendor           text        NOT NULL,
    external_id      text        NOT NULL COLLATE "C",
    type             text        NOT NULL,
    subtype          text        NOT NULL,
    name             text        NOT NULL,
    number           text        NOT NULL,
    currency         text        NOT NULL,
    balance          numeric,
    balance_currency text        NOT NULL,
    metadata         bytea,
    first_seen_at    timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    UNIQUE (connection_id, external_id)
);

-- change_tx orders the change feed; see the table feed.
CREATE TABLE transactions (
    id               uuid PRIMARY KEY,
    tenant_id        uuid        NOT NULL,
    connection_id    uuid        NOT NULL,
    vendor           text        NOT NULL,
    account_id       uuid,
    account          text        NOT NULL COLLATE "C",
    external_id      text        NOT NULL COLLATE "C",
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
    digest           bytea       NOT NULL,
    version          integer     NOT NULL,
    first_seen_at    timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    removed_at       timestamptz,
    change_tx        bigint      NOT NULL,
    UNIQUE (connection_id, external_id)
);

CREATE INDEX transactions_by_date ON transactions (connection_id, date, id);
CREATE INDEX transactions_feed ON transactions (tenant_id, change_tx, id);

-- A row's position in the change feed is the id of the database transaction that wrote it, plus shift.
-- In a cluster that a dump was restored into, transaction ids start again; then shift moves past every
-- position handed out before. One row.
CREATE TABLE feed (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    cluster bigint NOT NULL,
    shift   bigint NOT NULL
);

INSERT INTO feed (cluster, shift) SELECT system_identifier, 0 FROM pg_control_system();

-- +goose Down
DROP TABLE feed, transactions, accounts, idempotency_keys, deliveries, pulls, webhook_tokens, connections;
