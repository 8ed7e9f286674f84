-- +goose Up

-- This file creates the schema of a new database. Its number continues those of the migrations that it replaces;
-- upgrade/00030_schema.sql brings a database at the last of them to the same schema. Later changes are files with
-- higher numbers.
--
-- Rules for all tables:
--
--   - No foreign keys. A statement that inserts has just read the rows that it refers to, a check per row would slow
--     down the hottest paths, and tables that are distributed by tenant cannot have them.
--   - Each unique key of a tenant's table contains tenant_id as its last column, so that the same schema can be
--     distributed by tenant, and so that a key serves lookups without the tenant. In connections_live_name and in the
--     key of idempotency_keys the tenant is the first column, because they are also the order of a tenant's lists. The
--     hash of a webhook token is unique by itself, because it determines the tenant.
--   - Texts that are keys or sort keys compare by bytes, independent of the database's collation (COLLATE "C").
--   - Bodies, metadata and ciphertext are bytes. Scopes and progress are JSON that only the service reads.

-- account_ref: the account reference. new_reference: no pull has stored the accounts of account_ref. staged_since:
-- since when rows of a new account reference are staged; NULL if none are. paused_at: since when no request is sent to
-- the vendor; NULL unless the connection is paused. target_changed_at: when the base URL or the account reference
-- changed.
--
-- consent_*: what the vendor has reported about the consent of the account holder (domain.Consent). consent_notice_at:
-- when it begins to expire; NULL once that was noticed.
--
-- webhook_*: the vendor's synchronisations and their webhooks (domain.WebhookWatch). webhook_every is in microseconds.
-- webhook_due_at: the synchronisation whose webhook is awaited. webhook_missed_at: the one that no webhook has
-- followed; NULL unless the connection is silent.
CREATE TABLE connections (
    id                 uuid        NOT NULL,
    tenant_id          uuid        NOT NULL,
    kind               text        NOT NULL CHECK (kind IN ('aggregator', 'engine')),
    name               text        NOT NULL COLLATE "C",
    vendor             text        NOT NULL,
    base_url           text        NOT NULL,
    account_ref        text        NOT NULL,
    type               text        NOT NULL,
    config             bytea,
    sealed             bytea       NOT NULL,
    health_status      text        NOT NULL,
    health_reason      text        NOT NULL,
    health_since       timestamptz,
    needs_reauth       boolean     NOT NULL,
    reauth_by_event    boolean     NOT NULL,
    revision           bigint      NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    target_changed_at  timestamptz,
    deleted_at         timestamptz,
    paused_at          timestamptz,
    consent_status     text        NOT NULL DEFAULT '',
    consent_key        text        NOT NULL DEFAULT '',
    consent_expires_at timestamptz,
    consent_notice_at  timestamptz,
    webhook_next_at    timestamptz,
    webhook_every      bigint      NOT NULL DEFAULT 0,
    webhook_news_only  boolean     NOT NULL DEFAULT false,
    webhook_due_at     timestamptz,
    webhook_missed_at  timestamptz,
    erased_at          timestamptz,
    new_reference      boolean     NOT NULL DEFAULT false,
    staged_since       timestamptz,
    PRIMARY KEY (id, tenant_id)
);

CREATE UNIQUE INDEX connections_live_name ON connections (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX connections_of_tenant ON connections (tenant_id, id);
CREATE INDEX connections_deleted ON connections (tenant_id, vendor, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX connections_consent_expiry ON connections (consent_expires_at)
    WHERE consent_expires_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX connections_consent_notice ON connections (consent_notice_at)
    WHERE consent_notice_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX connections_webhook_due ON connections (webhook_due_at)
    WHERE webhook_due_at IS NOT NULL AND deleted_at IS NULL AND paused_at IS NULL;
CREATE INDEX connections_silent ON connections (webhook_missed_at)
    WHERE webhook_missed_at IS NOT NULL AND deleted_at IS NULL AND paused_at IS NULL;

-- The account references that connections had before an edit, and those of erased connections. digest: the SHA-256 of
-- the reference (domain.DigestOfReference). account_ref: '' as soon as the erasure has ended. erased: the connection is
-- erased, or being erased.
CREATE TABLE account_references (
    digest        bytea   NOT NULL,
    connection_id uuid    NOT NULL,
    account_ref   text    NOT NULL,
    erased        boolean NOT NULL,
    tenant_id     uuid    NOT NULL,
    PRIMARY KEY (digest, connection_id, tenant_id)
);

CREATE INDEX account_references_by_connection ON account_references (connection_id, tenant_id);

-- hash: the SHA-256 of the token. source_hash: the SHA-256 of the token's own source secret. registration: whether the
-- service has created the webhook at the vendor ('' if not). registration_id: the vendor's id of the webhook.
-- registration_due: when the webhook is removed at the vendor, unless the registration is active.
CREATE TABLE webhook_tokens (
    id                    uuid        NOT NULL,
    tenant_id             uuid        NOT NULL,
    connection_id         uuid        NOT NULL,
    vendor                text        NOT NULL,
    hash                  bytea       NOT NULL UNIQUE,
    created_at            timestamptz NOT NULL,
    last_used_at          timestamptz,
    revoked_at            timestamptz,
    source_hash           bytea,
    registration          text        NOT NULL DEFAULT '',
    registration_id       text        NOT NULL DEFAULT '',
    registration_due      timestamptz,
    registration_attempts integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (id, tenant_id)
);

CREATE INDEX webhook_tokens_newest ON webhook_tokens (tenant_id, created_at, id);
CREATE INDEX webhook_tokens_connection ON webhook_tokens (connection_id);
CREATE INDEX webhook_tokens_registration ON webhook_tokens (registration_due)
    WHERE registration IN ('pending', 'removing');

-- state 'waiting': the pull is between two attempts; callers see it as queued. complete: the pull reads everything that
-- the vendor has. Only such pulls put off the next reconciliation of their connection.
CREATE TABLE pulls (
    id            uuid        NOT NULL,
    tenant_id     uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    vendor        text        NOT NULL,
    trigger       text        NOT NULL,
    trace         text        NOT NULL,
    state         text        NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'succeeded', 'failed')),
    scope         text        NOT NULL,
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
    finished_at   timestamptz,
    complete      boolean     NOT NULL DEFAULT false,
    quarantined   integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (id, tenant_id)
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX pulls_one_queued ON pulls (connection_id, tenant_id) WHERE state = 'queued';
CREATE UNIQUE INDEX pulls_one_in_progress ON pulls (connection_id, tenant_id) WHERE state IN ('running', 'waiting');
CREATE INDEX pulls_open ON pulls (created_at) WHERE state IN ('queued', 'running', 'waiting');
CREATE INDEX pulls_ended ON pulls (connection_id, finished_at) WHERE state IN ('succeeded', 'failed');
CREATE INDEX pulls_complete ON pulls (connection_id, finished_at)
    WHERE complete AND state IN ('succeeded', 'failed');
CREATE INDEX pulls_newest ON pulls (tenant_id, created_at, id);
CREATE INDEX pulls_of_connection ON pulls (connection_id, created_at, id);
-- Failed pulls are few, so their index is small.
CREATE INDEX pulls_failed ON pulls (tenant_id, created_at, id) WHERE state = 'failed';

CREATE TABLE deliveries (
    id            uuid        NOT NULL,
    tenant_id     uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    vendor        text        NOT NULL,
    event         text        NOT NULL,
    event_id      text        NOT NULL COLLATE "C",
    fingerprint   bytea       NOT NULL,
    body          bytea       NOT NULL,
    scope         text        NOT NULL,
    status        text        NOT NULL CHECK (status IN ('accepted', 'ignored', 'unreadable')),
    pull_id       uuid,
    received_at   timestamptz NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE UNIQUE INDEX deliveries_fingerprint ON deliveries (connection_id, fingerprint, tenant_id);
CREATE INDEX deliveries_pull ON deliveries (pull_id) WHERE pull_id IS NOT NULL;
CREATE INDEX deliveries_newest ON deliveries (tenant_id, received_at, id);
CREATE INDEX deliveries_of_connection ON deliveries (connection_id, received_at, id);
-- Rows are inserted in the order of their time, so a block range index finds the old ones at almost no cost for the
-- inserts.
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

-- removed_at: when it was detected that the vendor no longer lists the account. listed: whether the vendor has listed
-- it, or it was only embedded in rows. absent_pull_id: the pull whose list was the first one without the account.
-- account_ref: the account reference under which the account was stored first. account_refs: all account references of
-- the account, as JSON; '' if there is only the first one. account_key: equal for accounts that are the same account of
-- an institution; '' if that is not known.
CREATE TABLE accounts (
    id               uuid        NOT NULL,
    tenant_id        uuid        NOT NULL,
    connection_id    uuid        NOT NULL,
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
    removed_at       timestamptz,
    listed           boolean     NOT NULL DEFAULT true,
    absent_pull_id   uuid,
    account_ref      text        NOT NULL DEFAULT '',
    account_refs     text        NOT NULL DEFAULT '',
    account_key      text        NOT NULL DEFAULT '',
    PRIMARY KEY (id, tenant_id),
    UNIQUE (connection_id, external_id, tenant_id)
);

CREATE INDEX accounts_of_tenant ON accounts (tenant_id, external_id, id);
CREATE INDEX accounts_by_key ON accounts (account_key, tenant_id) WHERE account_key <> '';
CREATE INDEX accounts_by_external_id ON accounts (external_id, tenant_id);

-- account: the external id of the account. digest: of the normalised row. change_tx: the position in the change feed;
-- see the table feed. content_hash: the content hash of the vendor's row, which shows that a row is unchanged without
-- normalising it; NULL if it is not known. pull_id: the pull that wrote the row's present version. warnings: codes of
-- doubts about the row, separated by commas. row_sha256: the hash of the vendor's row that made the present version.
-- normalizer: the version of the rules that normalised it. supersedes: the rows that the transaction had before its
-- present one, as JSON; '' if there are none. superseded_by: the transaction that has taken over the row of this one;
-- its external_id then ends with its own id, so that the other transaction can have the external id itself. erased_at:
-- when the row was erased.
CREATE TABLE transactions (
    id               uuid        NOT NULL,
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
    content_hash     bytea,
    pull_id          uuid,
    warnings         text        NOT NULL DEFAULT '',
    row_sha256       bytea,
    normalizer       text        NOT NULL DEFAULT '',
    supersedes       text        NOT NULL DEFAULT '',
    superseded_by    uuid,
    erased_at        timestamptz,
    PRIMARY KEY (id, tenant_id),
    UNIQUE (connection_id, external_id, tenant_id)
);

CREATE INDEX transactions_by_date ON transactions (connection_id, date, id);
CREATE INDEX transactions_feed ON transactions (tenant_id, change_tx, id);
CREATE INDEX transactions_removed ON transactions (connection_id, removed_at) WHERE removed_at IS NOT NULL;

-- The versions of transactions that were replaced, each as it was directly before. The present version is only in
-- transactions, so a transaction that never changed has no row here. id is the id of the transaction. The columns are
-- those of transactions.
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
    external_id      text        NOT NULL COLLATE "C" DEFAULT '',
    supersedes       text        NOT NULL DEFAULT '',
    superseded_by    uuid,
    change_tx        bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (connection_id, id, version, tenant_id)
);

-- The first versions of transactions that have changed since, in the order of the change feed. A subscription reads
-- them, because it reports a record at the position of its first version.
CREATE INDEX transaction_versions_first ON transaction_versions (tenant_id, change_tx, id) WHERE version = 1;

-- The external ids that transactions had before their present ones.
CREATE TABLE transaction_past_ids (
    connection_id  uuid NOT NULL,
    external_id    text NOT NULL COLLATE "C",
    transaction_id uuid NOT NULL,
    tenant_id      uuid NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

-- Pairs of an old and a new row that are never matched again, because a replacement was undone.
CREATE TABLE split_pairs (
    connection_id   uuid NOT NULL,
    old_external_id text NOT NULL COLLATE "C",
    new_external_id text NOT NULL COLLATE "C",
    tenant_id       uuid NOT NULL,
    PRIMARY KEY (connection_id, old_external_id, new_external_id, tenant_id)
);

-- The rows of a new account reference, until they are published. step: the number of the step that has read the row.
-- content: the normalised row, as JSON.
CREATE TABLE staged_transactions (
    connection_id uuid    NOT NULL,
    external_id   text    NOT NULL COLLATE "C",
    step          integer NOT NULL,
    account       text    NOT NULL COLLATE "C",
    date          text    NOT NULL COLLATE "C",
    content       bytea   NOT NULL,
    tenant_id     uuid    NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

CREATE INDEX staged_transactions_by_date ON staged_transactions (connection_id, date);

-- The carried-over rows: live transactions of relinked accounts that the present account reference has not shown.
CREATE TABLE carried_over_transactions (
    connection_id uuid NOT NULL,
    external_id   text NOT NULL COLLATE "C",
    account_id    uuid NOT NULL,
    date          text NOT NULL COLLATE "C",
    tenant_id     uuid NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

CREATE INDEX carried_over_transactions_by_date ON carried_over_transactions (connection_id, date);

-- Live transactions that the last complete read did not return. pull_id: the first pull whose read did not return the
-- row. held_at: when the removal was held back, because too many rows of the account would have been removed.
CREATE TABLE absent_transactions (
    tenant_id     uuid NOT NULL,
    connection_id uuid NOT NULL,
    external_id   text NOT NULL COLLATE "C",
    account       text NOT NULL,
    pull_id       uuid NOT NULL,
    held_at       timestamptz,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

-- Rows of a vendor that cannot be normalised exactly. row_key is the external id, or a hash of the payload if the id
-- cannot be read. The payload is the vendor's bytes, which may be no valid UTF-8.
CREATE TABLE quarantined_rows (
    id            uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('transaction', 'account')),
    row_key       text        NOT NULL COLLATE "C",
    reason        text        NOT NULL,
    payload       bytea       NOT NULL,
    pull_id       uuid        NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    tenant_id     uuid        NOT NULL,
    PRIMARY KEY (connection_id, kind, row_key, tenant_id)
);

-- The completeness of each account: a JSON document, and the columns by which the completeness of a connection is
-- found. compared: the state is known. drift_since: when the oldest drift began, even if it has not lasted for the
-- grace period yet. announced: the state of the account in its last event account.drifting or account.complete.
CREATE TABLE account_completeness (
    account_id    uuid    NOT NULL,
    connection_id uuid    NOT NULL,
    state         text    NOT NULL,
    compared      boolean NOT NULL,
    drift_since   timestamptz,
    tenant_id     uuid    NOT NULL,
    announced     text    NOT NULL DEFAULT '',
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

-- The closed periods of accounts. date: the last day of the period. position: the highest seq in close_adjustments, or
-- position, of the account when the close was made. records and total: the number and the sum of the records; total is
-- NULL if a record has no amount in currency. digest: SHA-256 over the records.
CREATE TABLE account_closes (
    account_id    uuid        NOT NULL,
    date          text        NOT NULL COLLATE "C",
    connection_id uuid        NOT NULL,
    position      bigint      NOT NULL,
    records       bigint      NOT NULL,
    total         text,
    currency      text        NOT NULL,
    digest        bytea       NOT NULL,
    closed_at     timestamptz NOT NULL,
    closed_by     text        NOT NULL,
    completeness  text        NOT NULL,
    tenant_id     uuid        NOT NULL,
    PRIMARY KEY (account_id, date, tenant_id)
);

CREATE INDEX account_closes_connection ON account_closes (connection_id);
CREATE INDEX account_closes_tenant ON account_closes (tenant_id);

-- The changes of records after a close of their account. A row is an adjustment of each close of the account whose
-- position is lower than seq and whose date is not before day. day: the earlier one of the dates before and after the
-- change. members_before, members_after: the members that the digest of a close covers, separated by "|"; "" if the
-- account does not have the record.
CREATE TABLE close_adjustments (
    account_id     uuid        NOT NULL,
    seq            bigint      NOT NULL,
    transaction_id uuid        NOT NULL,
    version        integer     NOT NULL,
    change         text        NOT NULL,
    made_at        timestamptz NOT NULL,
    day            text        NOT NULL COLLATE "C",
    members_before text        NOT NULL,
    members_after  text        NOT NULL,
    tenant_id      uuid        NOT NULL,
    PRIMARY KEY (account_id, seq, tenant_id)
);

CREATE INDEX close_adjustments_transaction ON close_adjustments (transaction_id);

-- Erasures of connections. requested_at: when the deletion at the vendor was requested. due_at: when the erasure
-- continues, or until when a worker has claimed it. vendor_done: the vendor does not have the account reference.
-- passes: complete passes over all tables. place: the place within the present pass, as JSON.
CREATE TABLE erasures (
    id            uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    at_vendor     boolean     NOT NULL,
    status        text        NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    last_error    text        NOT NULL,
    created_at    timestamptz NOT NULL,
    requested_at  timestamptz NOT NULL,
    ended_at      timestamptz,
    due_at        timestamptz NOT NULL,
    vendor_done   boolean     NOT NULL,
    attempts      integer     NOT NULL,
    passes        integer     NOT NULL,
    place         text        NOT NULL,
    tenant_id     uuid        NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE UNIQUE INDEX erasures_one_running ON erasures (connection_id, tenant_id) WHERE status = 'running';
CREATE INDEX erasures_due ON erasures (due_at) WHERE status = 'running';
CREATE INDEX erasures_newest ON erasures (tenant_id, created_at, id);
CREATE INDEX erasures_of_connection ON erasures (connection_id, created_at);

-- The events that are not changes of transactions. Each is written in the transaction that makes the change. change_tx
-- orders them like the change feed.
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
-- delivered_to: each event up to this sequence is delivered, was skipped, or is parked. epoch: the number of replays
-- and of other new beginnings. lease_id: the process that sends the events. state 'deleted': the row stays until its
-- events are deleted.
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

-- The audit entries that have no number yet. A change of an operator inserts its entry here, in its own transaction.
CREATE TABLE audit_pending (
    id         uuid        NOT NULL,
    made_at    timestamptz NOT NULL,
    actor      text        NOT NULL,
    action     text        NOT NULL,
    object     text        NOT NULL,
    request_id text        NOT NULL,
    detail     text        NOT NULL,
    tenant_id  uuid        NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

-- The numbered audit entries. sequence: the number, which is the index of the leaf in the tenant's Merkle tree.
CREATE TABLE audit_entries (
    sequence   bigint      NOT NULL,
    made_at    timestamptz NOT NULL,
    actor      text        NOT NULL,
    action     text        NOT NULL,
    object     text        NOT NULL,
    request_id text        NOT NULL,
    detail     text        NOT NULL,
    tenant_id  uuid        NOT NULL,
    PRIMARY KEY (sequence, tenant_id)
);

CREATE INDEX audit_entries_tenant ON audit_entries (tenant_id, sequence);
CREATE INDEX audit_entries_object ON audit_entries (object, tenant_id, sequence);
CREATE INDEX audit_entries_actor ON audit_entries (actor, tenant_id, sequence);

-- The hashes of the Merkle trees, by their indexes (StoredHashIndex of golang.org/x/mod/sumdb/tlog).
CREATE TABLE audit_hashes (
    position  bigint NOT NULL,
    hash      bytea  NOT NULL,
    tenant_id uuid   NOT NULL,
    PRIMARY KEY (position, tenant_id)
);

-- The signed checkpoints, one for each batch of numbered entries.
CREATE TABLE audit_checkpoints (
    size      bigint NOT NULL,
    note      bytea  NOT NULL,
    tenant_id uuid   NOT NULL,
    PRIMARY KEY (size, tenant_id)
);

-- The number of numbered entries of each tenant. A process that numbers entries locks the row. announced_at: when a
-- checkpoint of the tenant was last logged.
CREATE TABLE audit_heads (
    size         bigint NOT NULL,
    announced_at timestamptz,
    tenant_id    uuid   NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- The sealed key that signs the checkpoints, in at most one row, whose tenant_id is the nil UUID.
CREATE TABLE audit_keys (
    sealed    bytea NOT NULL,
    tenant_id uuid  NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- The rate budgets of the vendors, which all replicas share. A row belongs to the service and not to a tenant, because
-- a vendor counts calls by address; therefore its key has no tenant_id. A replica changes a row only if version is
-- still the one that it has read. full_at: when the token bucket is full again. blocked_until: the vendor accepts no
-- call before. demands: the calls that wait on each replica, by tenant. The origin is stored as a hash, because it is a
-- part of a connection's base URL, which an erasure removes.
CREATE TABLE rate_budgets (
    vendor         text        NOT NULL,
    origin_sha256  bytea       NOT NULL,
    resource       text        NOT NULL,
    egress_address text        NOT NULL,
    version        bigint      NOT NULL,
    full_at        timestamptz NOT NULL,
    blocked_until  timestamptz,
    demands        jsonb       NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (vendor, origin_sha256, resource, egress_address)
) WITH (fillfactor = 50);

-- A row's position in the change feed is the id of the database transaction that wrote it, plus shift. In a cluster
-- that a dump was restored into, transaction ids start again; then shift moves past every position handed out before.
-- One row.
--
-- cursor_key: the key that encrypts positions of the change feed in cursors. It must never change, because a consumer
-- may keep a cursor for any time. It protects nothing but the position. plain_until: the highest position that is
-- accepted in a cursor that is not encrypted. Only databases of versions that returned such cursors have one.
CREATE TABLE feed (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    cluster     bigint  NOT NULL,
    shift       bigint  NOT NULL,
    cursor_key  bytea   NOT NULL,
    plain_until bigint  NOT NULL DEFAULT 0
);

INSERT INTO feed (cluster, shift, cursor_key)
SELECT system_identifier, 0, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
FROM pg_control_system();
