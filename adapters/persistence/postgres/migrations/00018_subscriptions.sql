-- +goose Up

-- change_tx: the position in the change feed that the version had; 0 for versions that were replaced before this
-- column existed. The column does not need a rewrite of the table.
ALTER TABLE transaction_versions ADD COLUMN change_tx bigint NOT NULL DEFAULT 0;

-- announced: the state of the account in its last event account.drifting or account.complete.
ALTER TABLE account_completeness ADD COLUMN announced text NOT NULL DEFAULT '';

-- The events that are not changes of transactions. Each is written in the transaction that makes the change.
-- change_tx orders them like the change feed.
CREATE TABLE events (
    id            uuid        NOT NULL,
    tenant_id     uuid        NOT NULL,
    change_tx     bigint      NOT NULL,
    type          text        NOT NULL,
    connection_id uuid,
    subject       text        NOT NULL,
    made_at       timestamptz NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE INDEX events_feed ON events (tenant_id, change_tx, id);
CREATE INDEX events_age ON events (made_at);

-- types: a JSON array. url: without its password. sealed: the signing secrets and the password. feed_tx and feed_id,
-- event_tx and event_id: the positions in transactions and in events up to which the subscription has read.
-- delivered_to: each event up to this sequence is delivered, was skipped, or is parked. epoch: the number of replays and
-- of other new beginnings. lease_id: the process that sends the events. state 'deleted': the row stays until its events are deleted.
CREATE TABLE subscriptions (
    id             uuid        NOT NULL,
    tenant_id      uuid        NOT NULL,
    name           text        NOT NULL,
    types          text        NOT NULL,
    connection_id  uuid,
    sink_kind      text        NOT NULL,
    url            text        NOT NULL,
    exchange       text        NOT NULL,
    routing_key    text        NOT NULL,
    sealed         bytea,
    previous_until timestamptz,
    state          text        NOT NULL,
    reason         text        NOT NULL,
    state_since    timestamptz NOT NULL,
    from_start     boolean     NOT NULL,
    feed_tx        bigint      NOT NULL,
    feed_id        uuid        NOT NULL,
    event_tx       bigint      NOT NULL,
    event_id       uuid        NOT NULL,
    last_sequence  bigint      NOT NULL,
    delivered_to   bigint      NOT NULL,
    epoch          bigint      NOT NULL,
    lease_id       uuid,
    lease_until    timestamptz,
    revision       bigint      NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE INDEX subscriptions_tenant ON subscriptions (tenant_id, created_at, id);

-- The events of a subscription. version: of the transaction; 0 for every other resource. parked: the event waits apart
-- from the others, because it has failed, or because an earlier event of the same subject has.
CREATE TABLE subscription_events (
    subscription_id uuid        NOT NULL,
    sequence        bigint      NOT NULL,
    event_id        uuid        NOT NULL,
    type            text        NOT NULL,
    subject         text        NOT NULL,
    connection_id   uuid,
    version         integer     NOT NULL,
    made_at         timestamptz NOT NULL,
    parked          boolean     NOT NULL DEFAULT false,
    attempts        integer     NOT NULL DEFAULT 0,
    failing_since   timestamptz,
    next_attempt_at timestamptz,
    last_error      text        NOT NULL DEFAULT '',
    tenant_id       uuid        NOT NULL,
    PRIMARY KEY (subscription_id, sequence, tenant_id)
);

CREATE INDEX subscription_events_parked ON subscription_events (subscription_id, subject, sequence) WHERE parked;

CREATE TABLE subscription_attempts (
    subscription_id uuid        NOT NULL,
    attempted_at    timestamptz NOT NULL,
    id              uuid        NOT NULL,
    sequence        bigint      NOT NULL,
    event_id        uuid        NOT NULL,
    type            text        NOT NULL,
    subject         text        NOT NULL,
    number          integer     NOT NULL,
    took_us         bigint      NOT NULL,
    error           text        NOT NULL,
    tenant_id       uuid        NOT NULL,
    PRIMARY KEY (subscription_id, attempted_at, id, tenant_id)
);

-- +goose Down
DROP TABLE subscription_attempts;
DROP TABLE subscription_events;
DROP TABLE subscriptions;
DROP TABLE events;
ALTER TABLE account_completeness DROP COLUMN announced;
ALTER TABLE transaction_versions DROP COLUMN change_tx;
