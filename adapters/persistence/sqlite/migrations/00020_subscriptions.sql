-- +goose Up

-- change_tx: the position in the change feed that the version had; 0 for versions that were replaced before this
-- column existed.
ALTER TABLE transaction_versions ADD COLUMN change_tx INTEGER NOT NULL DEFAULT 0;

-- announced: the state of the account in its last event account.drifting or account.complete.
ALTER TABLE account_completeness ADD COLUMN announced TEXT NOT NULL DEFAULT '';

-- The events that are not changes of transactions. Each is written in the transaction that makes the change.
-- change_tx orders them like the change feed.
CREATE TABLE events (
    id            TEXT NOT NULL,
    tenant_id     TEXT NOT NULL,
    change_tx     INTEGER NOT NULL,
    type          TEXT NOT NULL,
    connection_id TEXT,
    subject       TEXT NOT NULL,
    made_at       INTEGER NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT;

CREATE INDEX events_feed ON events (tenant_id, change_tx, id);
CREATE INDEX events_age ON events (made_at);

-- types: a JSON array. url: without its password. sealed: the signing secrets and the password. feed_tx and feed_id,
-- event_tx and event_id: the positions in transactions and in events up to which the subscription has read.
-- delivered_to: each event up to this sequence is delivered, was skipped, or is parked. epoch: the number of replays and
-- of other new beginnings. lease_id: the process that sends the events. state 'deleted': the row stays until its events are deleted.
CREATE TABLE subscriptions (
    id             TEXT NOT NULL,
    tenant_id      TEXT NOT NULL,
    name           TEXT NOT NULL,
    types          TEXT NOT NULL,
    connection_id  TEXT,
    sink_kind      TEXT NOT NULL,
    url            TEXT NOT NULL,
    exchange       TEXT NOT NULL,
    routing_key    TEXT NOT NULL,
    sealed         BLOB,
    previous_until INTEGER,
    state          TEXT NOT NULL,
    reason         TEXT NOT NULL,
    state_since    INTEGER NOT NULL,
    from_start     INTEGER NOT NULL,
    feed_tx        INTEGER NOT NULL,
    feed_id        TEXT NOT NULL,
    event_tx       INTEGER NOT NULL,
    event_id       TEXT NOT NULL,
    last_sequence  INTEGER NOT NULL,
    delivered_to   INTEGER NOT NULL,
    epoch          INTEGER NOT NULL,
    lease_id       TEXT,
    lease_until    INTEGER,
    revision       INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT;

CREATE INDEX subscriptions_tenant ON subscriptions (tenant_id, created_at, id);

-- The events of a subscription. version: of the transaction; 0 for every other resource. parked: the event waits apart
-- from the others, because it has failed, or because an earlier event of the same subject has.
CREATE TABLE subscription_events (
    subscription_id TEXT NOT NULL,
    sequence        INTEGER NOT NULL,
    event_id        TEXT NOT NULL,
    type            TEXT NOT NULL,
    subject         TEXT NOT NULL,
    connection_id   TEXT,
    version         INTEGER NOT NULL,
    made_at         INTEGER NOT NULL,
    parked          INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    failing_since   INTEGER,
    next_attempt_at INTEGER,
    last_error      TEXT NOT NULL DEFAULT '',
    tenant_id       TEXT NOT NULL,
    PRIMARY KEY (subscription_id, sequence, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX subscription_events_parked ON subscription_events (subscription_id, subject, sequence) WHERE parked;

CREATE TABLE subscription_attempts (
    subscription_id TEXT NOT NULL,
    attempted_at    INTEGER NOT NULL,
    id              TEXT NOT NULL,
    sequence        INTEGER NOT NULL,
    event_id        TEXT NOT NULL,
    type            TEXT NOT NULL,
    subject         TEXT NOT NULL,
    number          INTEGER NOT NULL,
    took_us         INTEGER NOT NULL,
    error           TEXT NOT NULL,
    tenant_id       TEXT NOT NULL,
    PRIMARY KEY (subscription_id, attempted_at, id, tenant_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE subscription_attempts;
DROP TABLE subscription_events;
DROP TABLE subscriptions;
DROP TABLE events;
ALTER TABLE account_completeness DROP COLUMN announced;
ALTER TABLE transaction_versions DROP COLUMN change_tx;
