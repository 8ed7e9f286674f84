-- +goose Up

-- Texts compare by bytes, which is the default. Ids are texts in the canonical form, which sort like
-- their bytes; times are microseconds since 1970; amounts are decimal texts.
-- Bodies, metadata and ciphertext are bytes; ask (the scope of a pull) and progress are JSON that only
-- the service reads.

CREATE TABLE connections (
    id              TEXT NOT NULL PRIMARY KEY,
    tenant_id       TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('aggregator', 'engine')),
    name            TEXT NOT NULL,
    vendor          TEXT NOT NULL,
    base_url        TEXT NOT NULL,
    account_ref     TEXT NOT NULL,
    type            TEXT NOT NULL,
    config          BLOB,
    sealed          BLOB NOT NULL,
    health_status   TEXT NOT NULL,
    health_reason   TEXT NOT NULL,
    health_since    INTEGER,
    needs_reauth    INTEGER NOT NULL,
    reauth_by_event INTEGER NOT NULL,
    revision        INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    redirected_at   INTEGER,
    deleted_at      INTEGER
) STRICT;

CREATE UNIQUE INDEX connections_live_name ON connections (tenant_id, name) WHERE deleted_at IS NULL;

CREATE TABLE webhook_tokens (
    id            TEXT NOT NULL PRIMARY KEY,
    tenant_id     TEXT NOT NULL,
    connection_id TEXT NOT NULL REFERENCES connections (id),
    vendor        TEXT NOT NULL,
    hash          BLOB NOT NULL UNIQUE,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER,
    revoked_at    INTEGER
) STRICT;

CREATE INDEX webhook_tokens_newest ON webhook_tokens (tenant_id, created_at, id);
CREATE INDEX webhook_tokens_connection ON webhook_tokens (connection_id);

-- 'waiting' is a pull between two attempts; callers see it as queued.
CREATE TABLE pulls (
    id            TEXT NOT NULL PRIMARY KEY,
    tenant_id     TEXT NOT NULL,
    connection_id TEXT NOT NULL REFERENCES connections (id),
    vendor        TEXT NOT NULL,
    trigger       TEXT NOT NULL,
    trace         TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'succeeded', 'failed')),
    ask           TEXT NOT NULL,
    progress      TEXT NOT NULL,
    seen_accounts INTEGER NOT NULL,
    seen_rows     INTEGER NOT NULL,
    added         INTEGER NOT NULL,
    modified      INTEGER NOT NULL,
    removed       INTEGER NOT NULL,
    unchanged     INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    last_error    TEXT NOT NULL,
    lease_id      TEXT,
    lease_until   INTEGER,
    not_before    INTEGER,
    created_at    INTEGER NOT NULL,
    started_at    INTEGER,
    finished_at   INTEGER
) STRICT;

CREATE UNIQUE INDEX pulls_one_queued ON pulls (connection_id) WHERE state = 'queued';
CREATE UNIQUE INDEX pulls_one_under_way ON pulls (connection_id) WHERE state IN ('running', 'waiting');
CREATE INDEX pulls_open ON pulls (created_at) WHERE state IN ('queued', 'running', 'waiting');
CREATE INDEX pulls_ended ON pulls (connection_id, finished_at) WHERE state IN ('succeeded', 'failed');
CREATE INDEX pulls_newest ON pulls (tenant_id, created_at, id);
CREATE INDEX pulls_of_connection ON pulls (connection_id, created_at, id);

-- No foreign keys: the statement that inserts has just read the connection, whose row is never deleted,
-- and a check per row would slow down the hottest path of all.
CREATE TABLE deliveries (
    id            TEXT NOT NULL PRIMARY KEY,
    tenant_id     TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    vendor        TEXT NOT NULL,
    event         TEXT NOT NULL,
    event_id      TEXT NOT NULL,
    fingerprint   BLOB NOT NULL,
    body          BLOB NOT NULL,
    ask           TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('accepted', 'ignored', 'unreadable')),
    pull_id       TEXT,
    received_at   INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX deliveries_fingerprint ON deliveries (connection_id, fingerprint);
CREATE INDEX deliveries_pull ON deliveries (pull_id) WHERE pull_id IS NOT NULL;
CREATE INDEX deliveries_newest ON deliveries (tenant_id, received_at, id);
CREATE INDEX deliveries_of_connection ON deliveries (connection_id, received_at, id);
CREATE INDEX deliveries_age ON deliveries (received_at);

CREATE TABLE idempotency_keys (
    tenant_id   TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    claimed_at  INTEGER NOT NULL,
    answered_at INTEGER,
    status      INTEGER NOT NULL,
    headers     TEXT NOT NULL,
    body        BLOB,
    PRIMARY KEY (tenant_id, key)
) STRICT;

CREATE INDEX idempotency_keys_age ON idempotency_keys (claimed_at);

CREATE TABLE accounts (
    id               TEXT NOT NULL PRIMARY KEY,
    tenant_id        TEXT NOT NULL,
    connection_id    TEXT NOT NULL REFERENCES connections (id),
    vendor           TEXT NOT NULL,
    external_id      TEXT NOT NULL,
    type             TEXT NOT NULL,
    subtype          TEXT NOT NULL,
    name             TEXT NOT NULL,
    number           TEXT NOT NULL,
    currency         TEXT NOT NULL,
    balance          TEXT,
    balance_currency TEXT NOT NULL,
    metadata         BLOB,
    first_seen_at    INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (connection_id, external_id)
) STRICT;

-- change_tx orders the change feed; see the table feed.
CREATE TABLE transactions (
    id               TEXT NOT NULL PRIMARY KEY,
    tenant_id        TEXT NOT NULL,
    connection_id    TEXT NOT NULL,
    vendor           TEXT NOT NULL,
    account_id       TEXT,
    account          TEXT NOT NULL,
    external_id      TEXT NOT NULL,
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
    digest           BLOB NOT NULL,
    version          INTEGER NOT NULL,
    first_seen_at    INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    removed_at       INTEGER,
    change_tx        INTEGER NOT NULL,
    UNIQUE (connection_id, external_id)
) STRICT;

CREATE INDEX transactions_by_date ON transactions (connection_id, date, id);
CREATE INDEX transactions_feed ON transactions (tenant_id, change_tx, id);

-- A row's position in the change feed is the count of writing transactions, of which there is one at a
-- time. One row.
CREATE TABLE feed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    tx  INTEGER NOT NULL
) STRICT;

INSERT INTO feed (one, tx) VALUES (1, 0);

-- +goose Down
DROP TABLE feed;
DROP TABLE transactions;
DROP TABLE accounts;
DROP TABLE idempotency_keys;
DROP TABLE deliveries;
DROP TABLE pulls;
DROP TABLE webhook_tokens;
DROP TABLE connections;
