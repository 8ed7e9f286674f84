-- +goose Up

-- Brings a database at version 29, the last one before all migrations became one file, to the schema of
-- ../00030_schema.sql: other names and other keys. A test compares the results. The file is removed with version 1.0.
--
-- SQLite cannot change the keys of a table, so tables with other keys are copied. All processes of an earlier version
-- must be stopped, because they know only the old names.

ALTER TABLE pulls RENAME ask TO scope;
ALTER TABLE deliveries RENAME ask TO scope;
ALTER TABLE transactions RENAME source TO content_hash;
ALTER TABLE connections RENAME redirected_at TO target_changed_at;
ALTER TABLE accounts RENAME link_references TO account_refs;
ALTER TABLE split_pairs RENAME left_external_id TO old_external_id;
ALTER TABLE split_pairs RENAME came_external_id TO new_external_id;

DROP TRIGGER deliveries_stray;
DROP TRIGGER pulls_forget_strays;

-- Each of these tables is copied into one with the new key. The columns of both have the same order. connections is the
-- last one, because others have foreign keys to it.

CREATE TABLE new_webhook_tokens (
    id                    TEXT    NOT NULL,
    tenant_id             TEXT    NOT NULL,
    connection_id         TEXT    NOT NULL,
    vendor                TEXT    NOT NULL,
    hash                  BLOB    NOT NULL UNIQUE,
    created_at            INTEGER NOT NULL,
    last_used_at          INTEGER,
    revoked_at            INTEGER,
    source_hash           BLOB,
    registration          TEXT    NOT NULL DEFAULT '',
    registration_id       TEXT    NOT NULL DEFAULT '',
    registration_due      INTEGER,
    registration_attempts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (id, tenant_id)
) STRICT;

INSERT INTO new_webhook_tokens SELECT * FROM webhook_tokens;
DROP TABLE webhook_tokens;
ALTER TABLE new_webhook_tokens RENAME TO webhook_tokens;
CREATE INDEX webhook_tokens_newest ON webhook_tokens (tenant_id, created_at, id);
CREATE INDEX webhook_tokens_connection ON webhook_tokens (connection_id);
CREATE INDEX webhook_tokens_registration ON webhook_tokens (registration_due)
    WHERE registration IN ('pending', 'removing');

CREATE TABLE new_accounts (
    id               TEXT    NOT NULL,
    tenant_id        TEXT    NOT NULL,
    connection_id    TEXT    NOT NULL,
    vendor           TEXT    NOT NULL,
    external_id      TEXT    NOT NULL,
    type             TEXT    NOT NULL,
    subtype          TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    number           TEXT    NOT NULL,
    currency         TEXT    NOT NULL,
    balance          TEXT,
    balance_currency TEXT    NOT NULL,
    metadata         BLOB,
    first_seen_at    INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    removed_at       INTEGER,
    listed           INTEGER NOT NULL DEFAULT 1,
    absent_pull_id   TEXT,
    account_ref      TEXT    NOT NULL DEFAULT '',
    account_refs     TEXT    NOT NULL DEFAULT '',
    account_key      TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (id, tenant_id),
    UNIQUE (connection_id, external_id, tenant_id)
) STRICT;

INSERT INTO new_accounts SELECT * FROM accounts;
DROP TABLE accounts;
ALTER TABLE new_accounts RENAME TO accounts;
CREATE INDEX accounts_of_tenant ON accounts (tenant_id, external_id, id);
CREATE INDEX accounts_by_key ON accounts (account_key, tenant_id) WHERE account_key <> '';
CREATE INDEX accounts_by_external_id ON accounts (external_id, tenant_id);

CREATE TABLE late_joins (
    pull_id     TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    tenant_id   TEXT NOT NULL,
    PRIMARY KEY (pull_id, delivery_id, tenant_id)
) STRICT, WITHOUT ROWID;

INSERT INTO late_joins (pull_id, delivery_id, tenant_id)
SELECT s.pull_id, s.delivery_id, p.tenant_id FROM strays s JOIN pulls p ON p.id = s.pull_id;
DROP TABLE strays;

CREATE TABLE new_pulls (
    id            TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    vendor        TEXT    NOT NULL,
    trigger       TEXT    NOT NULL,
    trace         TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'succeeded', 'failed')),
    scope         TEXT    NOT NULL,
    progress      TEXT    NOT NULL,
    seen_accounts INTEGER NOT NULL,
    seen_rows     INTEGER NOT NULL,
    added         INTEGER NOT NULL,
    modified      INTEGER NOT NULL,
    removed       INTEGER NOT NULL,
    unchanged     INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    last_error    TEXT    NOT NULL,
    lease_id      TEXT,
    lease_until   INTEGER,
    not_before    INTEGER,
    created_at    INTEGER NOT NULL,
    started_at    INTEGER,
    finished_at   INTEGER,
    complete      INTEGER NOT NULL DEFAULT 0,
    quarantined   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (id, tenant_id)
) STRICT;

INSERT INTO new_pulls SELECT * FROM pulls;
DROP TABLE pulls;
ALTER TABLE new_pulls RENAME TO pulls;
CREATE UNIQUE INDEX pulls_one_queued ON pulls (connection_id, tenant_id) WHERE state = 'queued';
CREATE UNIQUE INDEX pulls_one_in_progress ON pulls (connection_id, tenant_id) WHERE state IN ('running', 'waiting');
CREATE INDEX pulls_open ON pulls (created_at) WHERE state IN ('queued', 'running', 'waiting');
CREATE INDEX pulls_ended ON pulls (connection_id, finished_at) WHERE state IN ('succeeded', 'failed');
CREATE INDEX pulls_complete ON pulls (connection_id, finished_at)
    WHERE complete AND state IN ('succeeded', 'failed');
CREATE INDEX pulls_newest ON pulls (tenant_id, created_at, id);
CREATE INDEX pulls_of_connection ON pulls (connection_id, created_at, id);
CREATE INDEX pulls_failed ON pulls (tenant_id, created_at, id) WHERE state = 'failed';

CREATE TABLE new_deliveries (
    id            TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    vendor        TEXT    NOT NULL,
    event         TEXT    NOT NULL,
    event_id      TEXT    NOT NULL,
    fingerprint   BLOB    NOT NULL,
    body          BLOB    NOT NULL,
    scope         TEXT    NOT NULL,
    status        TEXT    NOT NULL CHECK (status IN ('accepted', 'ignored', 'unreadable')),
    pull_id       TEXT,
    received_at   INTEGER NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT;

INSERT INTO new_deliveries SELECT * FROM deliveries;
DROP TABLE deliveries;
ALTER TABLE new_deliveries RENAME TO deliveries;
CREATE UNIQUE INDEX deliveries_fingerprint ON deliveries (connection_id, fingerprint, tenant_id);
CREATE INDEX deliveries_newest ON deliveries (tenant_id, received_at, id);
CREATE INDEX deliveries_of_connection ON deliveries (connection_id, received_at, id);
CREATE INDEX deliveries_age ON deliveries (received_at);

CREATE TABLE new_transactions (
    id               TEXT    NOT NULL,
    tenant_id        TEXT    NOT NULL,
    connection_id    TEXT    NOT NULL,
    vendor           TEXT    NOT NULL,
    account_id       TEXT,
    account          TEXT    NOT NULL,
    external_id      TEXT    NOT NULL,
    amount           TEXT    NOT NULL,
    currency         TEXT    NOT NULL,
    account_amount   TEXT,
    account_currency TEXT    NOT NULL,
    status           TEXT    NOT NULL,
    date             TEXT    NOT NULL,
    occurred_at      INTEGER,
    description      TEXT    NOT NULL,
    category         TEXT    NOT NULL,
    counterparty     TEXT    NOT NULL,
    metadata         BLOB,
    digest           BLOB    NOT NULL,
    version          INTEGER NOT NULL,
    first_seen_at    INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    removed_at       INTEGER,
    change_tx        INTEGER NOT NULL,
    content_hash     BLOB,
    pull_id          TEXT,
    warnings         TEXT    NOT NULL DEFAULT '',
    row_sha256       BLOB,
    normalizer       TEXT    NOT NULL DEFAULT '',
    supersedes       TEXT    NOT NULL DEFAULT '',
    superseded_by    TEXT,
    erased_at        INTEGER,
    PRIMARY KEY (id, tenant_id),
    UNIQUE (connection_id, external_id, tenant_id)
) STRICT;

INSERT INTO new_transactions SELECT * FROM transactions;
DROP TABLE transactions;
ALTER TABLE new_transactions RENAME TO transactions;
CREATE INDEX transactions_by_date ON transactions (connection_id, date, id);
CREATE INDEX transactions_feed ON transactions (tenant_id, change_tx, id);
CREATE INDEX transactions_removed ON transactions (connection_id, removed_at) WHERE removed_at IS NOT NULL;

CREATE TABLE new_staged_transactions (
    connection_id TEXT    NOT NULL,
    external_id   TEXT    NOT NULL,
    step          INTEGER NOT NULL,
    account       TEXT    NOT NULL,
    date          TEXT    NOT NULL,
    content       BLOB    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
) STRICT;

INSERT INTO new_staged_transactions SELECT * FROM staged_transactions;
DROP TABLE staged_transactions;
ALTER TABLE new_staged_transactions RENAME TO staged_transactions;
CREATE INDEX staged_transactions_by_date ON staged_transactions (connection_id, date);

CREATE TABLE carried_over_transactions (
    connection_id TEXT NOT NULL,
    external_id   TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    date          TEXT NOT NULL,
    tenant_id     TEXT NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
) STRICT;

INSERT INTO carried_over_transactions SELECT * FROM unshown_transactions;
DROP TABLE unshown_transactions;
CREATE INDEX carried_over_transactions_by_date ON carried_over_transactions (connection_id, date);

CREATE TABLE new_absent_transactions (
    tenant_id     TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    external_id   TEXT NOT NULL,
    account       TEXT NOT NULL,
    pull_id       TEXT NOT NULL,
    held_at       INTEGER,
    PRIMARY KEY (connection_id, external_id, tenant_id)
) STRICT, WITHOUT ROWID;

INSERT INTO new_absent_transactions SELECT * FROM absent_transactions;
DROP TABLE absent_transactions;
ALTER TABLE new_absent_transactions RENAME TO absent_transactions;

CREATE TABLE new_connections (
    id                 TEXT    NOT NULL,
    tenant_id          TEXT    NOT NULL,
    kind               TEXT    NOT NULL CHECK (kind IN ('aggregator', 'engine')),
    name               TEXT    NOT NULL,
    vendor             TEXT    NOT NULL,
    base_url           TEXT    NOT NULL,
    account_ref        TEXT    NOT NULL,
    type               TEXT    NOT NULL,
    config             BLOB,
    sealed             BLOB    NOT NULL,
    health_status      TEXT    NOT NULL,
    health_reason      TEXT    NOT NULL,
    health_since       INTEGER,
    needs_reauth       INTEGER NOT NULL,
    reauth_by_event    INTEGER NOT NULL,
    revision           INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    target_changed_at  INTEGER,
    deleted_at         INTEGER,
    paused_at          INTEGER,
    consent_status     TEXT    NOT NULL DEFAULT '',
    consent_key        TEXT    NOT NULL DEFAULT '',
    consent_expires_at INTEGER,
    consent_notice_at  INTEGER,
    webhook_next_at    INTEGER,
    webhook_every      INTEGER NOT NULL DEFAULT 0,
    webhook_news_only  INTEGER NOT NULL DEFAULT 0,
    webhook_due_at     INTEGER,
    webhook_missed_at  INTEGER,
    erased_at          INTEGER,
    new_reference      INTEGER NOT NULL DEFAULT 0,
    staged_since       INTEGER,
    PRIMARY KEY (id, tenant_id)
) STRICT;

INSERT INTO new_connections SELECT * FROM connections;
DROP TABLE connections;
ALTER TABLE new_connections RENAME TO connections;
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

-- +goose StatementBegin
CREATE TRIGGER deliveries_late_join AFTER UPDATE OF pull_id ON deliveries WHEN new.pull_id IS NOT NULL BEGIN
    INSERT OR IGNORE INTO late_joins (pull_id, delivery_id, tenant_id) VALUES (new.pull_id, new.id, new.tenant_id);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER pulls_forget_late_joins AFTER UPDATE OF state ON pulls WHEN new.state IN ('succeeded', 'failed') BEGIN
    DELETE FROM late_joins WHERE pull_id = old.id;
END;
-- +goose StatementEnd
