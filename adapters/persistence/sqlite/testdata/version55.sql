-- A database of commit 68f45046, the last one with separate migrations: the tables of version 55, the rows that
-- "discovery demo" had left, and some rows in tables that it leaves empty.

CREATE TABLE absent_transactions (
    tenant_id     TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    external_id   TEXT NOT NULL,
    account       TEXT NOT NULL,
    pull_id       TEXT NOT NULL,
    held_at       INTEGER,
    PRIMARY KEY (connection_id, external_id, tenant_id)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE account_closes (
    account_id    TEXT    NOT NULL,
    date          TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    position      INTEGER NOT NULL,
    records       INTEGER NOT NULL,
    total         TEXT,
    currency      TEXT    NOT NULL,
    digest        BLOB    NOT NULL,
    closed_at     INTEGER NOT NULL,
    closed_by     TEXT    NOT NULL,
    completeness  TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL, document TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, date, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE account_completeness (
    account_id    TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    compared      INTEGER NOT NULL,
    drift_since   INTEGER,
    tenant_id     TEXT    NOT NULL,
    announced     TEXT    NOT NULL DEFAULT '', changed_since INTEGER, changed_from TEXT NOT NULL DEFAULT '', decided_at INTEGER,
    PRIMARY KEY (account_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE account_references (
    digest        BLOB    NOT NULL,
    connection_id TEXT    NOT NULL,
    account_ref   TEXT    NOT NULL,
    erased        INTEGER NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (digest, connection_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE accounts (
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
CREATE TABLE announced_removals (
    connection_id TEXT    NOT NULL,
    external_id   TEXT    NOT NULL,
    account       TEXT    NOT NULL,
    date          TEXT    NOT NULL,
    announced_at  INTEGER NOT NULL,
    pull_id       TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE applications (
    id               TEXT NOT NULL,
    vendor           TEXT NOT NULL,
    name             TEXT NOT NULL,
    base_url         TEXT NOT NULL,
    sealed           BLOB NOT NULL,
    revision         INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    renewal_due_at   INTEGER,
    renewal_since    INTEGER,
    renewal_attempts INTEGER NOT NULL,
    renewal_receiver TEXT NOT NULL,
    renewal_actor    TEXT NOT NULL,
    tenant_id        TEXT NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_checkpoints (
    size      INTEGER NOT NULL,
    note      BLOB    NOT NULL,
    tenant_id TEXT    NOT NULL,
    PRIMARY KEY (size, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_entries (
    sequence   INTEGER NOT NULL,
    made_at    INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    object     TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    tenant_id  TEXT    NOT NULL,
    PRIMARY KEY (sequence, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_hashes (
    position  INTEGER NOT NULL,
    hash      BLOB    NOT NULL,
    tenant_id TEXT    NOT NULL,
    PRIMARY KEY (position, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_heads (
    size         INTEGER NOT NULL,
    announced_at INTEGER,
    tenant_id    TEXT    NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_keys (
    sealed    BLOB NOT NULL,
    tenant_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_pending (
    id         TEXT    NOT NULL,
    made_at    INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    object     TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    tenant_id  TEXT    NOT NULL
) STRICT;
CREATE TABLE carried_over_transactions (
    connection_id TEXT NOT NULL,
    external_id   TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    date          TEXT NOT NULL,
    tenant_id     TEXT NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
) STRICT;
CREATE TABLE change_clocks (
    connection_id TEXT    NOT NULL,
    last_at       INTEGER NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (connection_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE client_hash_keys (
    sealed    BLOB NOT NULL,
    tenant_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE close_adjustments (
    account_id     TEXT    NOT NULL,
    seq            INTEGER NOT NULL,
    transaction_id TEXT    NOT NULL,
    version        INTEGER NOT NULL,
    change         TEXT    NOT NULL,
    made_at        INTEGER NOT NULL,
    day            TEXT    NOT NULL,
    members_before TEXT    NOT NULL,
    members_after  TEXT    NOT NULL,
    tenant_id      TEXT    NOT NULL,
    PRIMARY KEY (account_id, seq, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE connections (
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
    staged_since       INTEGER, usage_month INTEGER, usage_refreshes INTEGER NOT NULL DEFAULT 0, usage_pulls INTEGER NOT NULL DEFAULT 0, reauth_announced INTEGER NOT NULL DEFAULT 0, failure_announced INTEGER NOT NULL DEFAULT 0, ambiguity TEXT NOT NULL DEFAULT '', reauth_since INTEGER, consent_since INTEGER, client_key BLOB, application_key BLOB, application_id TEXT, stream_position TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (id, tenant_id)
) STRICT;
CREATE TABLE day_totals (
    date       TEXT    NOT NULL,
    currency   TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    amount_in  TEXT    NOT NULL,
    amount_out TEXT    NOT NULL,
    count      INTEGER NOT NULL,
    tenant_id  TEXT    NOT NULL,
    PRIMARY KEY (date, currency, status, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
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
CREATE TABLE erasures (
    id            TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    at_vendor     INTEGER NOT NULL,
    status        TEXT    NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    last_error    TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    requested_at  INTEGER NOT NULL,
    ended_at      INTEGER,
    due_at        INTEGER NOT NULL,
    vendor_done   INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    passes        INTEGER NOT NULL,
    place         TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    id            TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    change_tx     INTEGER NOT NULL,
    type          TEXT    NOT NULL,
    connection_id TEXT,
    subject       TEXT    NOT NULL,
    made_at       INTEGER NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT;
CREATE TABLE feed (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    tx          INTEGER NOT NULL,
    cursor_key  BLOB,
    plain_until INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
CREATE TABLE idempotency_keys (
    tenant_id   TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    claimed_at  INTEGER NOT NULL,
    answered_at INTEGER,
    status      INTEGER NOT NULL,
    headers     TEXT    NOT NULL,
    body        BLOB,
    PRIMARY KEY (tenant_id, key)
) STRICT;
CREATE TABLE last_webhook_tokens (
    connection_id TEXT NOT NULL,
    tenant_id     TEXT NOT NULL,
    token_id      TEXT NOT NULL,
    PRIMARY KEY (connection_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE late_joins (
    pull_id     TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    tenant_id   TEXT NOT NULL,
    PRIMARY KEY (pull_id, delivery_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE link_sessions (
    id            TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    vendor        TEXT NOT NULL,
    name          TEXT NOT NULL,
    base_url      TEXT NOT NULL,
    sealed        BLOB NOT NULL,
    actor         TEXT NOT NULL,
    receiver      TEXT NOT NULL,
    hook_hash     BLOB,
    state         TEXT NOT NULL CHECK (state IN ('open', 'connected', 'done', 'closing', 'abandoned')),
    account_ref   TEXT NOT NULL,
    announced     TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    due_at        INTEGER,
    attempts      INTEGER NOT NULL,
    tenant_id     TEXT NOT NULL, application_id TEXT,
    PRIMARY KEY (id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE matcher_entries (
    subscription_id TEXT    NOT NULL,
    transaction_id  TEXT    NOT NULL,
    connection_id   TEXT    NOT NULL,
    account_id      TEXT,
    state           TEXT    NOT NULL CHECK (state IN ('none', 'importing', 'imported', 'ignoring', 'ignored')),
    external_id     TEXT    NOT NULL,
    context_id      TEXT    NOT NULL,
    source_id       TEXT    NOT NULL,
    content         TEXT    NOT NULL,
    matcher_id      TEXT    NOT NULL,
    imports         INTEGER NOT NULL,
    last_version    INTEGER NOT NULL,
    file            TEXT    NOT NULL,
    tries           INTEGER NOT NULL,
    max_rows        INTEGER NOT NULL,
    conflict        TEXT    NOT NULL,
    conflict_since  INTEGER,
    due_at          INTEGER,
    marks           INTEGER NOT NULL,
    tenant_id       TEXT    NOT NULL,
    PRIMARY KEY (subscription_id, transaction_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE possible_replacements (
    connection_id TEXT    NOT NULL,
    old_id        TEXT    NOT NULL,
    new_id        TEXT    NOT NULL,
    account_id    TEXT,
    since         INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    evidence      TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (connection_id, old_id, new_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE pulls (
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
CREATE TABLE quarantined_rows (
    id            TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('transaction', 'account')),
    row_key       TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    payload       BLOB    NOT NULL,
    pull_id       TEXT    NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (connection_id, kind, row_key, tenant_id)
) STRICT;
CREATE TABLE reopened_closes (
    account_id      TEXT    NOT NULL,
    date            TEXT    NOT NULL,
    connection_id   TEXT    NOT NULL,
    position        INTEGER NOT NULL,
    records         INTEGER NOT NULL,
    total           TEXT,
    currency        TEXT    NOT NULL,
    digest          BLOB    NOT NULL,
    closed_at       INTEGER NOT NULL,
    closed_by       TEXT    NOT NULL,
    completeness    TEXT    NOT NULL,
    document        TEXT    NOT NULL,
    reopened_at     INTEGER NOT NULL,
    tenant_id       TEXT    NOT NULL,
    PRIMARY KEY (account_id, date, closed_at, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE search_index (
    id             INTEGER PRIMARY KEY,
    transaction_id TEXT NOT NULL,
    connection_id  TEXT NOT NULL,
    date           TEXT NOT NULL,
    amount         TEXT NOT NULL,
    currency       TEXT NOT NULL,
    status         TEXT NOT NULL,
    folded         TEXT NOT NULL,
    tenant_id      TEXT NOT NULL,
    UNIQUE (transaction_id, tenant_id)
) STRICT;
CREATE TABLE search_progress (
    change_tx      INTEGER NOT NULL,
    transaction_id TEXT    NOT NULL,
    tenant_id      TEXT    NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE search_texts USING fts5 (
    folded, content = 'search_index', content_rowid = 'id', tokenize = 'trigram case_sensitive 1'
);
CREATE TABLE split_pairs (
    connection_id   TEXT NOT NULL,
    old_external_id TEXT NOT NULL,
    new_external_id TEXT NOT NULL,
    tenant_id       TEXT NOT NULL,
    PRIMARY KEY (connection_id, old_external_id, new_external_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE staged_transactions (
    connection_id TEXT    NOT NULL,
    external_id   TEXT    NOT NULL,
    step          INTEGER NOT NULL,
    account       TEXT    NOT NULL,
    date          TEXT    NOT NULL,
    content       BLOB    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
) STRICT;
CREATE TABLE subscription_attempts (
    subscription_id TEXT    NOT NULL,
    attempted_at    INTEGER NOT NULL,
    id              TEXT    NOT NULL,
    sequence        INTEGER NOT NULL,
    event_id        TEXT    NOT NULL,
    type            TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    number          INTEGER NOT NULL,
    took_us         INTEGER NOT NULL,
    error           TEXT    NOT NULL,
    tenant_id       TEXT    NOT NULL,
    PRIMARY KEY (subscription_id, attempted_at, id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE subscription_events (
    subscription_id TEXT    NOT NULL,
    sequence        INTEGER NOT NULL,
    event_id        TEXT    NOT NULL,
    type            TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    connection_id   TEXT,
    version         INTEGER NOT NULL,
    made_at         INTEGER NOT NULL,
    parked          INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    failing_since   INTEGER,
    next_attempt_at INTEGER,
    last_error      TEXT    NOT NULL DEFAULT '',
    tenant_id       TEXT    NOT NULL, source TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (subscription_id, sequence, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE subscriptions (
    id             TEXT    NOT NULL,
    tenant_id      TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    types          TEXT    NOT NULL,
    connection_id  TEXT,
    sink_kind      TEXT    NOT NULL,
    sealed         BLOB,
    previous_until INTEGER,
    state          TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    state_since    INTEGER NOT NULL,
    from_start     INTEGER NOT NULL,
    feed_tx        INTEGER NOT NULL,
    feed_id        TEXT    NOT NULL,
    event_tx       INTEGER NOT NULL,
    event_id       TEXT    NOT NULL,
    last_sequence  INTEGER NOT NULL,
    delivered_to   INTEGER NOT NULL,
    epoch          INTEGER NOT NULL,
    lease_id       TEXT,
    lease_until    INTEGER,
    revision       INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL, settings TEXT NOT NULL DEFAULT '', scanned_sources INTEGER NOT NULL DEFAULT 0, failing_since INTEGER,
    PRIMARY KEY (id, tenant_id)
) STRICT;
CREATE TABLE transaction_past_ids (
    connection_id  TEXT NOT NULL,
    external_id    TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    tenant_id      TEXT NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE transaction_versions (
    id               TEXT    NOT NULL,
    tenant_id        TEXT    NOT NULL,
    connection_id    TEXT    NOT NULL,
    account_id       TEXT,
    account          TEXT    NOT NULL,
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
    version          INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    removed_at       INTEGER,
    pull_id          TEXT,
    warnings         TEXT    NOT NULL,
    row_sha256       BLOB,
    normalizer       TEXT    NOT NULL,
    external_id      TEXT    NOT NULL DEFAULT '',
    supersedes       TEXT    NOT NULL DEFAULT '',
    superseded_by    TEXT,
    change_tx        INTEGER NOT NULL DEFAULT 0, possibly_supersedes TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', end_to_end_id TEXT NOT NULL DEFAULT '', institution_id TEXT NOT NULL DEFAULT '', authentication_code TEXT NOT NULL DEFAULT '', reference_number TEXT NOT NULL DEFAULT '', receiver_reference_id TEXT NOT NULL DEFAULT '', tracking_key TEXT NOT NULL DEFAULT '', cheque_number TEXT NOT NULL DEFAULT '', counterparty_document TEXT NOT NULL DEFAULT '', replaced_at INTEGER,
    PRIMARY KEY (connection_id, id, version, tenant_id)
) STRICT;
CREATE TABLE transactions (
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
    erased_at        INTEGER, possibly_supersedes TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', end_to_end_id TEXT NOT NULL DEFAULT '', institution_id TEXT NOT NULL DEFAULT '', authentication_code TEXT NOT NULL DEFAULT '', reference_number TEXT NOT NULL DEFAULT '', receiver_reference_id TEXT NOT NULL DEFAULT '', tracking_key TEXT NOT NULL DEFAULT '', cheque_number TEXT NOT NULL DEFAULT '', counterparty_document TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (id, tenant_id),
    UNIQUE (connection_id, external_id, tenant_id)
) STRICT;
CREATE TABLE webhook_tokens (
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
    registration_attempts INTEGER NOT NULL DEFAULT 0, application_key BLOB, registration_base_url TEXT NOT NULL DEFAULT '', registration_sealed BLOB, registration_of_reference INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (id, tenant_id)
) STRICT;

CREATE INDEX absent_transactions_held ON absent_transactions (tenant_id, connection_id, held_at)
    WHERE held_at IS NOT NULL;
CREATE INDEX account_closes_connection ON account_closes (connection_id);
CREATE INDEX account_closes_tenant ON account_closes (tenant_id);
CREATE INDEX account_completeness_connection ON account_completeness (connection_id);
CREATE INDEX account_completeness_drifting ON account_completeness (tenant_id, connection_id)
    WHERE drift_since IS NOT NULL;
CREATE INDEX account_references_by_connection ON account_references (connection_id, tenant_id);
CREATE INDEX accounts_by_external_id ON accounts (external_id, tenant_id);
CREATE INDEX accounts_by_key ON accounts (account_key, tenant_id) WHERE account_key <> '';
CREATE INDEX accounts_of_tenant ON accounts (tenant_id, external_id, id);
CREATE INDEX announced_removals_held ON announced_removals (tenant_id, connection_id, announced_at)
    WHERE state = 'held';
CREATE INDEX applications_list ON applications (tenant_id, name, id);
CREATE UNIQUE INDEX applications_name ON applications (name, tenant_id);
CREATE INDEX applications_renewal ON applications (renewal_due_at) WHERE renewal_due_at IS NOT NULL;
CREATE INDEX audit_entries_actor ON audit_entries (actor, tenant_id, sequence);
CREATE INDEX audit_entries_object ON audit_entries (object, tenant_id, sequence);
CREATE INDEX audit_entries_tenant ON audit_entries (tenant_id, sequence);
CREATE INDEX carried_over_transactions_by_date ON carried_over_transactions (connection_id, date);
CREATE INDEX close_adjustments_transaction ON close_adjustments (transaction_id);
CREATE INDEX connections_application ON connections (application_id, tenant_id) WHERE application_id IS NOT NULL;
CREATE INDEX connections_consent_expiry ON connections (consent_expires_at)
    WHERE consent_expires_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX connections_consent_notice ON connections (consent_notice_at)
    WHERE consent_notice_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX connections_deleted ON connections (tenant_id, vendor, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE UNIQUE INDEX connections_live_name ON connections (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX connections_of_tenant ON connections (tenant_id, id);
CREATE INDEX connections_reference ON connections (tenant_id, lower(account_ref)) WHERE deleted_at IS NULL;
CREATE INDEX connections_silent ON connections (webhook_missed_at)
    WHERE webhook_missed_at IS NOT NULL AND deleted_at IS NULL AND paused_at IS NULL;
CREATE INDEX connections_unidentified ON connections (id)
    WHERE client_key IS NULL AND kind = 'aggregator' AND deleted_at IS NULL;
CREATE INDEX connections_webhook_due ON connections (webhook_due_at)
    WHERE webhook_due_at IS NOT NULL AND deleted_at IS NULL AND paused_at IS NULL;
CREATE INDEX day_totals_by_tenant ON day_totals (tenant_id, date);
CREATE INDEX deliveries_age ON deliveries (received_at);
CREATE UNIQUE INDEX deliveries_fingerprint ON deliveries (connection_id, fingerprint, tenant_id);
CREATE INDEX deliveries_newest ON deliveries (tenant_id, received_at, id);
CREATE INDEX deliveries_of_connection ON deliveries (connection_id, received_at, id);
CREATE INDEX erasures_due ON erasures (due_at) WHERE status = 'running';
CREATE INDEX erasures_newest ON erasures (tenant_id, created_at, id);
CREATE INDEX erasures_of_connection ON erasures (connection_id, created_at);
CREATE UNIQUE INDEX erasures_one_running ON erasures (connection_id, tenant_id) WHERE status = 'running';
CREATE INDEX events_age ON events (made_at);
CREATE INDEX events_feed ON events (tenant_id, change_tx, id);
CREATE INDEX idempotency_keys_age ON idempotency_keys (claimed_at);
CREATE INDEX last_webhook_tokens_token ON last_webhook_tokens (token_id);
CREATE INDEX link_sessions_application ON link_sessions (application_id, tenant_id) WHERE application_id IS NOT NULL;
CREATE INDEX link_sessions_due ON link_sessions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX link_sessions_ended ON link_sessions (ended_at) WHERE due_at IS NULL;
CREATE UNIQUE INDEX link_sessions_hook ON link_sessions (hook_hash, tenant_id) WHERE hook_hash IS NOT NULL;
CREATE INDEX link_sessions_of_connection ON link_sessions (connection_id);
CREATE UNIQUE INDEX link_sessions_reserved_name ON link_sessions (name, tenant_id) WHERE state = 'open';
CREATE INDEX matcher_entries_conflicts ON matcher_entries (subscription_id, conflict_since, transaction_id)
    WHERE conflict_since IS NOT NULL;
CREATE INDEX matcher_entries_due ON matcher_entries (subscription_id, due_at, transaction_id) WHERE due_at IS NOT NULL;
CREATE INDEX matcher_entries_external_id ON matcher_entries (subscription_id, source_id, external_id)
    WHERE external_id <> '';
CREATE INDEX matcher_entries_of_connection ON matcher_entries (connection_id);
CREATE INDEX possible_replacements_by_new ON possible_replacements (new_id, tenant_id);
CREATE INDEX possible_replacements_listed ON possible_replacements (tenant_id, since, old_id, new_id)
    WHERE state IN ('open', 'join_undone');
CREATE INDEX possible_replacements_of_account ON possible_replacements (account_id, tenant_id);
CREATE INDEX possible_replacements_of_connection ON possible_replacements (connection_id, state);
CREATE INDEX pulls_complete ON pulls (connection_id, finished_at)
    WHERE complete AND state IN ('succeeded', 'failed');
CREATE INDEX pulls_ended ON pulls (connection_id, finished_at) WHERE state IN ('succeeded', 'failed');
CREATE INDEX pulls_failed ON pulls (tenant_id, created_at, id) WHERE state = 'failed';
CREATE INDEX pulls_newest ON pulls (tenant_id, created_at, id);
CREATE INDEX pulls_of_connection ON pulls (connection_id, created_at, id);
CREATE UNIQUE INDEX pulls_one_in_progress ON pulls (connection_id, tenant_id) WHERE state IN ('running', 'waiting');
CREATE UNIQUE INDEX pulls_one_queued ON pulls (connection_id, tenant_id) WHERE state = 'queued';
CREATE INDEX pulls_open ON pulls (created_at) WHERE state IN ('queued', 'running', 'waiting');
CREATE INDEX quarantined_rows_of_tenant ON quarantined_rows (tenant_id, connection_id, first_seen_at);
CREATE INDEX reopened_closes_connection ON reopened_closes (connection_id);
CREATE INDEX search_index_amount ON search_index (tenant_id, amount, date, transaction_id);
CREATE INDEX search_index_connection ON search_index (connection_id);
CREATE INDEX search_index_newest ON search_index (tenant_id, date, transaction_id);
CREATE INDEX staged_transactions_by_date ON staged_transactions (connection_id, date);
CREATE INDEX subscription_events_parked ON subscription_events (subscription_id, subject, sequence) WHERE parked;
CREATE INDEX subscriptions_tenant ON subscriptions (tenant_id, created_at, id);
CREATE INDEX transaction_versions_by_date
    ON transaction_versions (connection_id, date, id, replaced_at, updated_at);
CREATE INDEX transaction_versions_first ON transaction_versions (tenant_id, change_tx, id) WHERE version = 1;
CREATE INDEX transactions_authentication_code ON transactions (tenant_id, authentication_code, date, id) WHERE authentication_code <> '';
CREATE INDEX transactions_by_date ON transactions (connection_id, date, id, updated_at);
CREATE INDEX transactions_cheque_number ON transactions (tenant_id, cheque_number, date, id) WHERE cheque_number <> '';
CREATE INDEX transactions_end_to_end_id ON transactions (tenant_id, end_to_end_id, date, id) WHERE end_to_end_id <> '';
CREATE INDEX transactions_feed ON transactions (tenant_id, change_tx, id);
CREATE INDEX transactions_institution_id ON transactions (tenant_id, institution_id, date, id) WHERE institution_id <> '';
CREATE INDEX transactions_receiver_reference_id ON transactions (tenant_id, receiver_reference_id, date, id) WHERE receiver_reference_id <> '';
CREATE INDEX transactions_reference_number ON transactions (tenant_id, reference_number, date, id) WHERE reference_number <> '';
CREATE INDEX transactions_removed ON transactions (connection_id, removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX transactions_tracking_key ON transactions (tenant_id, tracking_key, date, id) WHERE tracking_key <> '';
CREATE UNIQUE INDEX webhook_tokens_application ON webhook_tokens (application_key, tenant_id)
    WHERE revoked_at IS NULL;
CREATE INDEX webhook_tokens_connection ON webhook_tokens (connection_id);
CREATE INDEX webhook_tokens_newest ON webhook_tokens (tenant_id, created_at, id);
CREATE INDEX webhook_tokens_registration ON webhook_tokens (registration_due)
    WHERE registration IN ('pending', 'removing');

CREATE TRIGGER deliveries_late_join AFTER UPDATE OF pull_id ON deliveries WHEN new.pull_id IS NOT NULL BEGIN
    INSERT OR IGNORE INTO late_joins (pull_id, delivery_id, tenant_id) VALUES (new.pull_id, new.id, new.tenant_id);
END;
CREATE TRIGGER pulls_forget_late_joins AFTER UPDATE OF state ON pulls WHEN new.state IN ('succeeded', 'failed') BEGIN
    DELETE FROM late_joins WHERE pull_id = old.id;
END;
CREATE TRIGGER search_index_deleted AFTER DELETE ON search_index BEGIN
    INSERT INTO search_texts (search_texts, rowid, folded) VALUES ('delete', old.id, old.folded);
END;
CREATE TRIGGER search_index_inserted AFTER INSERT ON search_index BEGIN
    INSERT INTO search_texts (rowid, folded) VALUES (new.id, new.folded);
END;

INSERT INTO search_texts (search_texts, rank) VALUES ('secure-delete', 1);
INSERT INTO absent_transactions VALUES ('f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'a-row-that-was-not-shown', 'acc-1', '01a21918-561b-7b85-9f93-d8f9fee0068e', 1791117000123463);
INSERT INTO account_balances VALUES ('01a21918-562c-78cf-9fe5-89b9191612b9', '2026-11-26', '01a21918-5605-75c5-aed0-de71ee044fe5', 1795717355171817, 'BRL', '4439.4', '1267.36', '3172.04', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO account_balances VALUES ('01a21918-56c4-705e-ab6a-a05a3fc3abce', '2026-11-26', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 1795717355323282, 'MXN', '-1830', '0', '-1830', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO account_balances VALUES ('01a21918-56c4-7104-b432-04e21dca0e89', '2026-11-26', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 1795717355323282, 'MXN', '12044.71', '-609.4', '12654.11', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO account_balances VALUES ('01a21918-6821-70a8-8198-5b6f68de1b96', '2026-11-26', '01a21918-5746-75ca-ba19-3b755fbe3c14', 1795717368288209, 'USD', '2541.75', '3968.67', '-1426.92', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO account_balances VALUES ('01a21918-6821-70f7-a3ac-94d4c5c2cee9', '2026-11-26', '01a21918-5746-75ca-ba19-3b755fbe3c14', 1795717368288209, 'USD', '-410', '-601.4', '191.4', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO account_closes VALUES ('01a21918-562c-78cf-9fe5-89b9191612b9', '2026-10-31', '01a21918-5605-75c5-aed0-de71ee044fe5', 11, 10, '-12.50', 'BRL', X'FABF113A952D02E7FF0DD9D8D7EC52DFAA93809185CFC3657DB34CDAF29F71E2', 1791117000123465, 'closed_by of account_closes', 'complete', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '{"from":"2026-10-01","opening":"1000.00"}');
INSERT INTO account_completeness VALUES ('01a21918-562c-78cf-9fe5-89b9191612b9', '01a21918-5605-75c5-aed0-de71ee044fe5', '{"baseline":{"at":"2026-11-26T18:22:35.071628Z","anchor":"3172.04","firstDay":"2026-11-23"},"last":{"at":"2026-11-26T18:22:35.171817Z","pull":"01a21918-5671-7d3f-85dd-ae14d9b1af8a","currency":"BRL","balance":"4439.4","posted":"1267.36","late":"0","firstDay":"2026-11-23","days":1,"consistent":1,"links":1},"since":"2026-11-26T18:22:35.071628Z"}', 1, NULL, 'f4ae950b-d464-47f8-b045-d5232fb2335c', 'complete', NULL, '', NULL);
INSERT INTO account_completeness VALUES ('01a21918-562c-795e-8407-ab341c9d94d8', '01a21918-5605-75c5-aed0-de71ee044fe5', '{"last":{"at":"2026-11-26T18:22:35.171817Z","pull":"01a21918-5671-7d3f-85dd-ae14d9b1af8a","missing":"invoice_balance","balance":"0","posted":"0","late":"0","firstDay":"2026-11-12"},"announced":[{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","from":"2026-11-26T18:22:35.114Z","count":1}]}', 0, NULL, 'f4ae950b-d464-47f8-b045-d5232fb2335c', '', NULL, '', NULL);
INSERT INTO account_completeness VALUES ('01a21918-56c4-705e-ab6a-a05a3fc3abce', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '{"baseline":{"at":"2026-11-26T18:22:35.21531Z","anchor":"-1830","firstDay":"2026-11-19"},"last":{"at":"2026-11-26T18:22:35.323282Z","pull":"01a21918-5716-7398-a702-e865b42d8263","currency":"MXN","balance":"-1830","posted":"0","late":"0","firstDay":"2026-11-19"},"since":"2026-11-26T18:22:35.21531Z","counted":{"expected":5,"actual":5,"at":"2026-11-26T18:22:35.21531Z"}}', 1, NULL, 'f4ae950b-d464-47f8-b045-d5232fb2335c', 'complete', NULL, '', NULL);
INSERT INTO account_completeness VALUES ('01a21918-56c4-7104-b432-04e21dca0e89', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '{"baseline":{"at":"2026-11-26T18:22:35.21531Z","anchor":"-9095.89","firstDay":"2026-11-16"},"last":{"at":"2026-11-26T18:22:35.323282Z","pull":"01a21918-5716-7398-a702-e865b42d8263","currency":"MXN","balance":"12044.71","posted":"-609.4","late":"0","firstDay":"2026-11-16"},"since":"2026-11-26T18:22:35.21531Z","anchorDrift":"2026-11-26T18:22:35.267387Z","counted":{"expected":5,"actual":5,"at":"2026-11-26T18:22:35.21531Z"}}', 1, 1795717355267387, 'f4ae950b-d464-47f8-b045-d5232fb2335c', 'drifting', NULL, '', NULL);
INSERT INTO account_completeness VALUES ('01a21918-6821-70a8-8198-5b6f68de1b96', '01a21918-5746-75ca-ba19-3b755fbe3c14', '{"baseline":{"at":"2026-11-26T18:22:39.701134Z","anchor":"-426.92","firstDay":"2026-11-05"},"last":{"at":"2026-11-26T18:22:48.288209Z","pull":"01a21918-7907-7b66-a3c4-b5d6e89f0a1e","currency":"USD","balance":"2541.75","posted":"3968.67","late":"0","firstDay":"2026-11-05"},"since":"2026-11-26T18:22:39.701134Z","anchorDrift":"2026-11-26T18:22:43.960007Z"}', 1, 1795717363960007, 'f4ae950b-d464-47f8-b045-d5232fb2335c', '', NULL, '', NULL);
INSERT INTO account_completeness VALUES ('01a21918-6821-70f7-a3ac-94d4c5c2cee9', '01a21918-5746-75ca-ba19-3b755fbe3c14', '{"baseline":{"at":"2026-11-26T18:22:39.701134Z","anchor":"-308.6","firstDay":"2026-11-20"},"last":{"at":"2026-11-26T18:22:48.288209Z","pull":"01a21918-7907-7b66-a3c4-b5d6e89f0a1e","currency":"USD","balance":"-410","posted":"-601.4","late":"0","firstDay":"2026-11-20"},"since":"2026-11-26T18:22:39.701134Z","anchorDrift":"2026-11-26T18:22:48.288209Z"}', 1, 1795717368288209, 'f4ae950b-d464-47f8-b045-d5232fb2335c', '', NULL, '', NULL);
INSERT INTO account_references VALUES (X'68FE0B3BA24817154256A23DBE99B7C13486BAE355E3560D216F214109F92891', '01a21918-5605-75c5-aed0-de71ee044fe5', 'account_ref of account_references', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO accounts VALUES ('01a21918-562c-78cf-9fe5-89b9191612b9', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'bank', 'CHECKING_ACCOUNT', 'Conta de Ensaio', '0001/54321-0', 'BRL', '4439.4', 'BRL', X'7B226964223A2231316161323262622D333363632D346434342D386535352D363666663737616138386262222C2274797065223A2242414E4B222C2273756274797065223A22434845434B494E475F4143434F554E54222C226E756D626572223A22303030312F35343332312D30222C226E616D65223A22436F6E746120646520456E7361696F222C226D61726B6574696E674E616D65223A22436F6E746120456E7361696F222C2262616C616E6365223A343433392E342C226974656D4964223A2262376431663061322D346333352D346538622D396136312D306432663563376538613930222C227461784E756D626572223A223030302E3030302E3030312D3931222C226F776E6572223A22546974756C617220646520456E7361696F222C2263757272656E6379436F6465223A2242524C222C2262616E6B44617461223A7B227472616E736665724E756D626572223A223939392F303030312F35343332312D30222C22636C6F73696E6742616C616E6365223A343433392E342C226175746F6D61746963616C6C79496E76657374656442616C616E6365223A3130302C226F7665726472616674436F6E747261637465644C696D6974223A302C226F7665726472616674557365644C696D6974223A302C22756E617272616E6765644F7665726472616674416D6F756E74223A302C22686173526573657276656442616C616E6365223A66616C73652C22726573657276656442616C616E636573223A6E756C6C7D2C2263726564697444617461223A6E756C6C2C22637265617465644174223A22323032362D31312D30385431323A30303A30352E3030305A222C22757064617465644174223A22323032362D31312D32365430393A30323A31302E3030305A227D', 1795717355052326, 1795717355052326, NULL, 1, NULL, 'b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90', '', 'b049e9da4a44f6221def764bb87e9bcdc29631044e6e4e9779555d44abe5c5bb');
INSERT INTO accounts VALUES ('01a21918-562c-795e-8407-ab341c9d94d8', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', 'credit', 'CREDIT_CARD', 'Cartão de Ensaio', '8670', 'BRL', '1532.77', 'BRL', X'7B226964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C2274797065223A22435245444954222C2273756274797065223A224352454449545F43415244222C226E756D626572223A2238363730222C226E616D65223A2243617274C3A36F20646520456E7361696F222C226D61726B6574696E674E616D65223A22454E5341494F20504C4154494E554D222C2262616C616E6365223A313533322E37372C226974656D4964223A2262376431663061322D346333352D346538622D396136312D306432663563376538613930222C227461784E756D626572223A6E756C6C2C226F776E6572223A22546974756C617220646520456E7361696F222C2263757272656E6379436F6465223A2242524C222C2262616E6B44617461223A6E756C6C2C2263726564697444617461223A7B226C6576656C223A22504C4154494E554D222C226272616E64223A2256495341222C226272616E644164646974696F6E616C496E666F223A6E756C6C2C2262616C616E6365436C6F736544617465223A22323032362D31312D3238222C2262616C616E636544756544617465223A22323032362D31322D3035222C22617661696C61626C654372656469744C696D6974223A383436372E32332C2262616C616E6365466F726569676E43757272656E6379223A302C226D696E696D756D5061796D656E74223A3135332E32382C226372656469744C696D6974223A31303030302C2269734C696D6974466C657869626C65223A66616C73652C22737461747573223A22414354495645222C22686F6C64657254797065223A224D41494E222C22646973616767726567617465644372656469744C696D697473223A5B5D2C226164646974696F6E616C4361726473223A6E756C6C7D2C22637265617465644174223A22323032362D31312D30385431323A30303A30352E3030305A222C22757064617465644174223A22323032362D31312D32365430393A30323A31302E3030305A227D', 1795717355052326, 1795717355052326, NULL, 1, NULL, 'b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90', '', '');
INSERT INTO accounts VALUES ('01a21918-56c4-705e-ab6a-a05a3fc3abce', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', '58c2d6f1-0e4b-4973-a5d9-b31f7e86c204', 'credit', 'CREDIT_CARD', 'Tarjeta Platino', '4152310099018873', 'MXN', '1830', 'MXN', X'7B226964223A2235386332643666312D306534622D343937332D613564392D623331663765383663323034222C226C696E6B223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22696E737469747574696F6E223A7B226E616D65223A22657265626F725F6D785F72657461696C222C2274797065223A2262616E6B227D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D30392D32305431323A30303A30392E3737313230345A222C226C6173745F61636365737365645F6174223A22323032362D31312D31395430373A31353A32342E3930303030305A222C2263617465676F7279223A224352454449545F43415244222C2262616C616E63655F74797065223A224C494142494C495459222C2274797065223A225461726A657461206465206372656469746F222C226E616D65223A225461726A65746120506C6174696E6F222C226E756D626572223A2234313532333130303939303138383733222C2262616C616E6365223A7B2263757272656E74223A313833302E302C22617661696C61626C65223A32383137302E307D2C2263757272656E6379223A224D584E222C227075626C69635F6964656E74696669636174696F6E5F6E616D65223A6E756C6C2C227075626C69635F6964656E74696669636174696F6E5F76616C7565223A6E756C6C2C2262616E6B5F70726F647563745F6964223A6E756C6C2C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226372656469745F64617461223A7B22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C226372656469745F6C696D6974223A33303030302E302C2263757474696E675F64617465223A22323032362D31322D3031222C226E6578745F7061796D656E745F64617465223A22323032362D31322D3139222C226D696E696D756D5F7061796D656E74223A3138332E302C226E6F5F696E7465726573745F7061796D656E74223A313833302E302C22696E7465726573745F72617465223A33382E352C22656E645F64617465223A6E756C6C2C226D6F6E74686C795F7061796D656E74223A6E756C6C2C226C6173745F7061796D656E745F64617465223A6E756C6C7D2C226C6F616E5F64617461223A6E756C6C2C2266756E64735F64617461223A6E756C6C2C2272656365697661626C65735F64617461223A6E756C6C7D', 1795717355203800, 1795717355203800, NULL, 1, NULL, '6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12', '', '557f69d4bd99cfb02fa89d230061031c62be7bb30681e8f5fc5a47fb00aa7ec8');
INSERT INTO accounts VALUES ('01a21918-56c4-7104-b432-04e21dca0e89', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', 'bank', 'CHECKING_ACCOUNT', 'Cuenta de cheques', '7730014482905', 'MXN', '12044.71', 'MXN', X'7B226964223A2265336237306335352D393164342D346132662D623663382D303766323564316539613833222C226C696E6B223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22696E737469747574696F6E223A7B226E616D65223A22657265626F725F6D785F72657461696C222C2274797065223A2262616E6B227D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D30392D32305431323A30303A30392E3737313230345A222C226C6173745F61636365737365645F6174223A22323032362D31312D31395430373A31353A32342E3930303030305A222C2263617465676F7279223A22434845434B494E475F4143434F554E54222C2262616C616E63655F74797065223A224153534554222C2274797065223A224375656E74617320646520656665637469766F222C226E616D65223A224375656E74612064652063686571756573222C226E756D626572223A2237373330303134343832393035222C2262616C616E6365223A7B2263757272656E74223A31323034342E37312C22617661696C61626C65223A31313839302E327D2C2263757272656E6379223A224D584E222C227075626C69635F6964656E74696669636174696F6E5F6E616D65223A22434C414245222C227075626C69635F6964656E74696669636174696F6E5F76616C7565223A22303032313830373030313434383239303531222C2262616E6B5F70726F647563745F6964223A6E756C6C2C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226372656469745F64617461223A6E756C6C2C226C6F616E5F64617461223A6E756C6C2C2266756E64735F64617461223A6E756C6C2C2272656365697661626C65735F64617461223A6E756C6C7D', 1795717355203800, 1795717355203800, NULL, 1, NULL, '6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12', '', '6afc7429b1b1a917e6889a54beea5d72213b0737c12e6e92e9b3fde13295d490');
INSERT INTO accounts VALUES ('01a21918-6821-70a8-8198-5b6f68de1b96', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'bank', 'checking', 'Plaid Checking', '0000', 'USD', '2541.75', 'USD', X'7B226163636F756E745F6964223A22626C677676426C587733637135474D507771423673367134644C4B4239576356714744476F222C2262616C616E636573223A7B22617661696C61626C65223A6E756C6C2C2263757272656E74223A323534312E37352C226C696D6974223A6E756C6C2C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C7D2C226D61736B223A2230303030222C226E616D65223A22506C61696420436865636B696E67222C226F6666696369616C5F6E616D65223A6E756C6C2C2274797065223A226465706F7369746F7279222C2273756274797065223A22636865636B696E67227D', 1795717359648600, 1795717359648600, NULL, 1, NULL, 'eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6', '', '');
INSERT INTO accounts VALUES ('01a21918-6821-70f7-a3ac-94d4c5c2cee9', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', 'credit', 'credit card', 'Plaid Credit Card', '3333', 'USD', '410', 'USD', X'7B226163636F756E745F6964223A2264567A62564D4C6A7278546E4C6A583447363658557035474C6B6C6D346F695A793838794B222C2262616C616E636573223A7B22617661696C61626C65223A6E756C6C2C2263757272656E74223A3431302C226C696D6974223A6E756C6C2C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C7D2C226D61736B223A2233333333222C226E616D65223A22506C616964204372656469742043617264222C226F6666696369616C5F6E616D65223A6E756C6C2C2274797065223A22637265646974222C2273756274797065223A226372656469742063617264227D', 1795717359648600, 1795717359648600, NULL, 1, NULL, 'eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6', '', '');
INSERT INTO announced_removals VALUES ('01a21918-5605-75c5-aed0-de71ee044fe5', 'c0ffee00-0000-4000-8000-000000000010', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', '2026-11-23', 1795717355093625, '01a21918-564a-771e-bcfe-07113ebbc9c8', 'applied', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO announced_removals VALUES ('01a21918-5605-75c5-aed0-de71ee044fe5', 'c0ffee00-0000-4000-8000-000000000011', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', '2026-12-23', 1795717355157430, '01a21918-5671-7d3f-85dd-ae14d9b1af8a', 'applied', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO announced_removals VALUES ('01a21918-56ad-75b9-b5ea-e22e97467cd2', '0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '2026-11-18', 1795717355304160, '01a21918-5716-7398-a702-e865b42d8263', 'applied', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO announced_removals VALUES ('01a21918-56ad-75b9-b5ea-e22e97467cd2', '2d94f7a3-b80c-4e16-95d2-f1c06a7e3b48', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '2026-11-16', 1795717355274233, '01a21918-56f4-7c8e-a129-50b1d205fac1', 'applied', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO announced_removals VALUES ('01a21918-5746-75ca-ba19-3b755fbe3c14', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD00', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', '2026-11-26', 1795717368239641, '01a21918-7907-7b66-a3c4-b5d6e89f0a1e', 'applied', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO announced_removals VALUES ('01a21918-5746-75ca-ba19-3b755fbe3c14', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD06', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', '2026-11-08', 1795717363942941, '01a21918-6886-72a9-903a-5e2b21d63a46', 'applied', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO applications VALUES ('9631e266-83b9-7887-800e-7bbf3636a622', 'pluggy', 'Pluggy, production', 'https://api.pluggy.ai', X'0169685130BE2457E8790206685B0C76BC1DC25A2218D98D33582B5F657AAF1F', 11, 1791117000123466, 1791117000123466, 1791117000123470, 1791117000123469, 19, 'renewal_receiver of applications', 'renewal_actor of applications', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_checkpoints VALUES (3, X'73747564696F2E6C657269616E2E646973636F766572792F61756469742F66346165393530622D643436342D343766382D623034352D6435323332666232333335630A330A396333744B7264524859733039377541674875763971684B2F6D39476A674D4357384843333170612B6F733D0A0AE280942073747564696F2E6C657269616E2E646973636F766572792F61756469742F66346165393530622D643436342D343766382D623034352D643532333266623233333563202F314641727267624F527A6B65564D48302B6B50654751757733643930756D6A3256504D6C544E7655546373326A715675316353305044356B6F6F664B4D424F6765374B63364F777A3730626359646970347A47364156783777493D0A', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_checkpoints VALUES (11, X'73747564696F2E6C657269616E2E646973636F766572792F61756469742F66346165393530622D643436342D343766382D623034352D6435323332666232333335630A31310A4733727366575361486664433239553738736F51776D4E327A562F64766E6A4C725A526C37536E5A696E733D0A0AE280942073747564696F2E6C657269616E2E646973636F766572792F61756469742F66346165393530622D643436342D343766382D623034352D643532333266623233333563202F314641727256456B467477756F70384368765A69543178374C572F74687644306B4B306F62326F2B543041684F70742B7A4F2F4B555861374C5A6539346E5037543061485A566947554E416A393036466A3759415A4A583677303D0A', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_checkpoints VALUES (12, X'73747564696F2E6C657269616E2E646973636F766572792F61756469742F66346165393530622D643436342D343766382D623034352D6435323332666232333335630A31320A74724A61474B3352516243775634666E4D464D55764A7461676552585930463761456F6C57637A6775426F3D0A0AE280942073747564696F2E6C657269616E2E646973636F766572792F61756469742F66346165393530622D643436342D343766382D623034352D643532333266623233333563202F314641727456575769344541612F4953647239325939354550706151346F6E346167306D56683752626A524369334E6A72646A396F344E362F444835385867515572705A38684C656B58777A3039412F59326E53554A316E41773D0A', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (0, 1795717355018918, 'unknown', 'connection.create', '01a21918-5605-75c5-aed0-de71ee044fe5', '771265a3-e874-4d9c-9228-06f98fcfe5eb', '{}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (1, 1795717355025609, 'unknown', 'connection.test', '01a21918-5605-75c5-aed0-de71ee044fe5', '0f4208e4-6c57-4938-972c-7088e9ff7049', '{}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (2, 1795717355029486, 'unknown', 'token.mint', '01a21918-5615-7142-a1b7-32673f2a3cbd', '9b00f66e-72a0-47a4-ace1-adda20de542d', '{"connectionId":"01a21918-5605-75c5-aed0-de71ee044fe5"}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (3, 1795717355176742, 'unknown', 'connection.delete', '01a21918-5605-75c5-aed0-de71ee044fe5', 'b5075447-1491-41f8-b542-5bfaed2fadbc', '{}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (4, 1795717355181629, 'unknown', 'connection.create', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '79789459-97b7-46b6-a46e-0a3b49567371', '{}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (5, 1795717355184439, 'unknown', 'connection.test', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '0f51af24-4f1e-4b0f-8715-8bb69bce8781', '{}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (6, 1795717355188058, 'unknown', 'token.mint', '01a21918-56b3-7bd0-af3f-1927f9033dcf', '0050d749-92d2-44f8-b6bb-c6cb3bc18550', '{"connectionId":"01a21918-56ad-75b9-b5ea-e22e97467cd2"}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (7, 1795717355331990, 'unknown', 'connection.delete', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '01eadf79-8129-40fb-86b1-3869871ae311', '{}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (8, 1795717355334637, 'unknown', 'connection.create', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'daeb63d0-81fd-4770-a42b-320585bf3f7e', '{}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (9, 1795717355338940, 'unknown', 'connection.test', '01a21918-5746-75ca-ba19-3b755fbe3c14', '8dcd2e1f-9642-49c4-87fe-83c88ffe8b1a', '{}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (10, 1795717355344168, 'unknown', 'token.mint', '01a21918-574f-7d27-a242-e04489dbed31', '80483c2b-fb6b-4b15-a194-67fb5ee429f3', '{"connectionId":"01a21918-5746-75ca-ba19-3b755fbe3c14"}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_entries VALUES (11, 1795717368301374, 'unknown', 'connection.delete', '01a21918-5746-75ca-ba19-3b755fbe3c14', '5c462cd7-f777-4945-bb2d-f5af64db72ac', '{}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (0, X'C2DD01D49BCE4D2F54F28887C50538BE24E9A4C7401E0DE3CA0538D8C6C6FFAF', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (1, X'213564164692ABA26769532B3BA7E5984761961CE3FBB80E6C09D1077A1FE430', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (2, X'661ADFA3186A5965B4E8792C13C4B4A88E99BEEF7E6E15C14E57C7D091F3EBF1', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (3, X'B7CF1E10D8DAC1986F9065683C5A7C812A0AE7CE866934A567A83A430CD6D54A', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (4, X'45BF46A3BD5F10D372C54893DBD0FE4617ADEF3E8A28740987A8A7B2DFB78BCE', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (5, X'696F4019B793CFFD2F0D9AC327616A304D53515CC6EA523F40E33F55E20C3A55', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (6, X'2335700D8F62F85C1E0C3FAD32126D81A7D81B633CE72F53DF71E9E73404BB0D', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (7, X'66098DB86BE08B98C42F77D913ED8857C3CCFA1D88BDEB0D78EBDEFED6C319D3', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (8, X'897AE1F9B6AAB60A56C8CB549690F9D5C89ECBDFF58E5F4A0B4F2C69F9A79922', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (9, X'B072F57B9FE4803E7EC671D9162FB48996A5BC0C071AD6384A51C10466DE7948', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (10, X'615987379550A753624E1F740639F7D7D5D06CE3D0C628686981210AB944F2D9', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (11, X'C4BD7326E3D6DA43E5BCB71B7D0A0895697D8E9E67885E9B70F56C3A9622C84E', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (12, X'121E6BB07D075627EE9E2E61929B74244DEDF1D28F14A4CDC302855F4A6CF7AD', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (13, X'2110A34E267E46CEC95AE2A62AFCBD38D665E97328AD6CEB1DC239110F0B3D0A', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (14, X'79DC729D3E56CDCFEB220FC986284550BB8C9B3E8FC2A0561BF1C28C641A6F59', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (15, X'20A43C9470A7370C0739FF9DB5D1F3E19B82E5AD819AE5AA02AE25F24B6F5EC2', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (16, X'15BE607820A366D32B972B34FC32B0874A02F46DFC1D96EE92FD3BB2781B3CA4', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (17, X'9F2BEE68B4378968C2D0DB484FB4D379D8FC19560CCBF9DBD6B0A95F250E4A96', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (18, X'10DE1343CB1A5EABAD883A7A9C4D5299855EA357B4838ADBAABAB5E63E9491B8', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (19, X'3AE49D6FAEF8BA8EBE5B89A2516562F3D9F5E519F3F753C558DB19FC2A5FCCBB', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (20, X'E622AA01614EC282A81EAD11B905A59CF1724C28864475C100C62FFFE7BAC2DF', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_hashes VALUES (21, X'516F4943096FED456981087EB33FA371C8E9DED6B091A3E5A0953FACEF5E928E', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_heads VALUES (12, NULL, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO audit_keys VALUES (X'01DA4D930F008AC531002F865B7C690F1AFDE86396D0F7B7A75CB86EEFD0B67C1548826956264636A9DA34F4E3F08A3E9C824FE5A302BDB7F0E77D7AF6280C3B3F8340B13FAA27E2999F590266F98A156074727CDB89CF187BC7EE07', '00000000-0000-0000-0000-000000000000');
INSERT INTO audit_pending VALUES ('fa69f03b-06b2-7bec-88e8-4b9f44e819f0', 1791117000123463, 'operator', 'connection.update', 'object of audit_pending', 'request_id of audit_pending', '{"name":"x"}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO carried_over_transactions VALUES ('01a21918-5605-75c5-aed0-de71ee044fe5', 'a-carried-over-row', '01a21918-562c-78cf-9fe5-89b9191612b9', '2026-10-03', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO change_clocks VALUES ('01a21918-5605-75c5-aed0-de71ee044fe5', 1795717355167830, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO change_clocks VALUES ('01a21918-56ad-75b9-b5ea-e22e97467cd2', 1795717355319459, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO change_clocks VALUES ('01a21918-5746-75ca-ba19-3b755fbe3c14', 1795717368239641, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO client_hash_keys VALUES (X'01DA4D930FD3CB5A83CF43375921F040C797EB06C623B4803B6E2BD122B927665C1A7FD7C7139C25095DBC8E762E0561EC6C819DD391847AE7A0DB5297CEA8CFED512ECCEF68C5C4D39095D5A8F374C7B2889D558FD8EDC04256546E3C16E26549', '00000000-0000-0000-0000-000000000000');
INSERT INTO close_adjustments VALUES ('01a21918-562c-78cf-9fe5-89b9191612b9', 6, '01a21918-5633-7eac-9b47-cc11ceb748b4', 10, 'modified', 1791117000123463, '2026-10-30', '-12.50|BRL', '-13.50|BRL', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO connections VALUES ('01a21918-5605-75c5-aed0-de71ee044fe5', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 'aggregator', 'pluggy-main', 'pluggy', 'http://127.0.0.1:39411', 'b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90', '', NULL, X'01DA4D930F3BBE42FF8C36669099039A64A4A5848AE1A3EFE425F5783568B20BFC5F7574F0CF8C3C2E62C640B37AC6F3243CC8F5BBD602D75EA9DB3B66479A010F66D7561BA8F998AC5803DB9C1E19CD7671863A751E2311930405466A94038F2AEDC79540EA0AE9EE8475875E6F18467C7070DD7DA32C87F03DA452D61B818C0E27AFE42123B984', 'healthy', '', 1795717355025153, 0, 0, 2, 1795717355013377, 1795717355175963, 1795717355013377, 1795717355175963, NULL, '', '', NULL, NULL, 1795770131402000, 0, 0, 1795770131402000, NULL, NULL, 0, NULL, 1793491200000000, 0, 1, 0, 0, '', NULL, NULL, X'B2D09A6191E677C6B868668BB682128E0A895AEA9CF8B9B473E3ADBADD62EABE', X'246394338B36C4D071FBF6A119F769A19277F58256B6D7D6DEAC37F8BE4C6E57', NULL, '');
INSERT INTO connections VALUES ('01a21918-56ad-75b9-b5ea-e22e97467cd2', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 'aggregator', 'belvo-main', 'belvo', 'http://127.0.0.1:34433', '6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12', '', NULL, X'01DA4D930F8D63C56CBAA4855FC9BC07D77A4980A47CF4A1A0C9D091DEA549B2D8B8E96AD7A2000C02DAD2DC180FFFF5C863E9DF5F6DA82E9378DA384124B8EE64EC3150AE9175DD174261C91F87E442CB68844E34255F06D3E02158BB2E7D8EC47CDE3117D465B0980992B5', 'healthy', '', 1795717355184095, 0, 0, 2, 1795717355181374, 1795717355327741, 1795717355181374, 1795717355327741, NULL, '', '', NULL, NULL, 1795161600000000, 86400000000, 1, 1795161600000000, NULL, NULL, 0, NULL, 1793491200000000, 0, 4, 0, 0, '', NULL, NULL, X'5226BC4C8E6289E8876912EA6E8E895319D3FED72839D61F312312E6411CA914', X'41741394641FF0525030CE3484515A2463540A652EFB5240EBD63B6615869566', NULL, '');
INSERT INTO connections VALUES ('01a21918-5746-75ca-ba19-3b755fbe3c14', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 'aggregator', 'plaid-main', 'plaid', 'http://127.0.0.1:44195', 'eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6', '', NULL, X'01DA4D930FE73F86F3B6D9CC7770C3C6FF0BC81DE5912DE907B86C0472841E66DECFCE5148491E64B68A4EF3DEF33F30692E8F8E119F4641187A59C89C185217989755C8841E32830A44C8FFBF5128F4796B94DB679442CE83EB21E07732776CB270972EB27BA7F2C2E316F426993A0F468B0439C0DDED37C3F7104CC4A2A730FB070A676E5FAB4748C8F420FE92398303FEF67DA86487477A59D4A2D7ABCC8593E3E19147EE6C82319F10A962FA882D0C19C7D0D4D25EE65AD5819A5BFD5FFB74E64421E147E84E2E58A042BDACB2D8C6B4EA81E9', 'healthy', '', 1795717355338606, 0, 0, 2, 1795717355334378, 1795717368300598, 1795717355334378, 1795717368300598, NULL, '', '', NULL, NULL, 1795803763000000, 86400000000, 1, 1795803763000000, NULL, NULL, 0, NULL, NULL, 0, 0, 0, 0, '', NULL, NULL, X'0FFC98A39686A7E352D582EFFFC8E8D9B7128E5E059C7F1E12CA136EEC649F6E', X'17F154D9065999133C4EF55A3E6D07B7CDB75EFFDCAB645CBC8C1D1B12218711', NULL, 'ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiAxMiAxMiAw');
INSERT INTO day_totals VALUES ('2026-11-05', 'USD', 'posted', '0', '6.33', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-11', 'USD', 'posted', '25', '0', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-12', 'BRL', 'posted', '900', '0', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-14', 'USD', 'posted', '0', '1900', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-16', 'MXN', 'posted', '75.5', '75.5', 2, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-17', 'USD', 'posted', '5850', '0', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-18', 'MXN', 'posted', '0', '684.9', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-19', 'MXN', 'pending', '0', '249', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-20', 'USD', 'posted', '0', '12', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-23', 'BRL', 'posted', '0', '19.99', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-23', 'USD', 'posted', '0', '89.4', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-24', 'BRL', 'posted', '0', '0.2', 2, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-25', 'BRL', 'posted', '1500', '212.45', 2, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-11-26', 'USD', 'pending', '0', '500', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO day_totals VALUES ('2026-12-23', 'BRL', 'posted', '0', '160.1', 1, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO deliveries VALUES ('01a21918-561b-7b84-a672-34cdbefcfb19', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', 'item/updated', 'a7deb9d9-ebf5-40a9-831f-7b925fb4b654', X'4D58D01189A643482B9B7874D00D8BE8BB979AACB9E22D6C557892C73EE84A8E', X'7B226576656E74223A226974656D2F75706461746564222C226576656E744964223A2261376465623964392D656266352D343061392D383331662D376239323566623462363534222C226974656D4964223A2262376431663061322D346333352D346538622D396136312D306432663563376538613930222C22636C69656E74557365724964223A22757365722D3432222C227472696767657265644279223A2253594E43227D', '{"everything":true,"signal":"recovered"}', 'accepted', '01a21918-561b-7b85-9f93-d8f9fee0068e', 1795717355035755);
INSERT INTO deliveries VALUES ('01a21918-564a-771d-be10-84780a0af62e', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', 'transactions/updated', 'faf24ea9-3a79-45fd-ab71-e9ca0cd95764', X'EA7C63DE0C53F09D89E8E8EE36AA0039EE7EAD53A46E8EA0FF4533ECF8D9FC09', X'7B226576656E74223A227472616E73616374696F6E732F75706461746564222C226576656E744964223A2266616632346561392D336137392D343566642D616237312D653963613063643935373634222C226974656D4964223A2262376431663061322D346333352D346538622D396136312D306432663563376538613930222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C22636C69656E744964223A2233663163326435652D366137622D346338642D396530662D316132623363346435653666222C22636C69656E74557365724964223A22757365722D3432222C227472696767657265644279223A2253594E43222C227472616E73616374696F6E73436F756E74223A312C227472616E73616374696F6E496473223A5B2263306666656530302D303030302D343030302D383030302D303030303030303030303131225D7D', '{"changed":{"22bb33cc-44dd-4e55-9f66-77aa88bb99cc":["c0ffee00-0000-4000-8000-000000000011"]}}', 'accepted', '01a21918-564a-771e-bcfe-07113ebbc9c8', 1795717355082466);
INSERT INTO deliveries VALUES ('01a21918-564f-7873-93e4-ab80c1f74255', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', 'transactions/deleted', 'b6243935-9cb4-488b-bba3-7309d93b6165', X'4412CC6F2C272920CF2F8EE93ADAC5903281391A3B4918B0F76FA140D0DB2D58', X'7B226576656E74223A227472616E73616374696F6E732F64656C65746564222C226576656E744964223A2262363234333933352D396362342D343838622D626261332D373330396439336236313635222C226974656D4964223A2262376431663061322D346333352D346538622D396136312D306432663563376538613930222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C22636C69656E744964223A2233663163326435652D366137622D346338642D396530662D316132623363346435653666222C22636C69656E74557365724964223A22757365722D3432222C227472616E73616374696F6E73436F756E74223A312C227472616E73616374696F6E496473223A5B2263306666656530302D303030302D343030302D383030302D303030303030303030303130225D7D', '{"removed":["c0ffee00-0000-4000-8000-000000000010"]}', 'accepted', '01a21918-564a-771e-bcfe-07113ebbc9c8', 1795717355087554);
INSERT INTO deliveries VALUES ('01a21918-566a-7db1-91a8-ea9a939b6fdb', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', 'transactions/created', '53e63d8d-f097-470a-8aef-b162dfb6438b', X'027AE56C5BF61D4085A0FA5266D82299F5C035658FC939470F07B7540D01576B', X'7B226576656E74223A227472616E73616374696F6E732F63726561746564222C226576656E744964223A2235336536336438642D663039372D343730612D386165662D623136326466623634333862222C226974656D4964223A2262376431663061322D346333352D346538622D396136312D306432663563376538613930222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C22636C69656E74557365724964223A22757365722D3432222C227472696767657265644279223A2253594E43222C227472616E73616374696F6E73436F756E74223A312C227472616E73616374696F6E734D696E44617465223A22323032362D31322D32335430333A30303A30302E3030305A222C227472616E73616374696F6E7343726561746564417446726F6D223A22323032362D31312D32365431383A32323A33352E3131345A222C22637265617465645472616E73616374696F6E734C696E6B223A2268747470733A2F2F6170692E706C756767792E61692F7472616E73616374696F6E733F6163636F756E7449643D32326262333363632D343464642D346535352D396636362D3737616138386262393963635C753030323663726561746564417446726F6D3D323032362D31312D32365431383A32323A33352E3131345A222C22637265617465645472616E73616374696F6E734C696E6B5632223A2268747470733A2F2F6170692E706C756767792E61692F76322F7472616E73616374696F6E733F6163636F756E7449643D32326262333363632D343464642D346535352D396636362D3737616138386262393963635C753030323663726561746564417446726F6D3D323032362D31312D32365431383A32323A33352E3131345A227D', '{"created":{"22bb33cc-44dd-4e55-9f66-77aa88bb99cc":"2026-11-26T18:17:35.114Z"},"announced":[{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","from":"2026-11-26T18:22:35.114Z","count":1}]}', 'accepted', '01a21918-566a-7db2-b726-13b5bfc533e7', 1795717355114897);
INSERT INTO deliveries VALUES ('01a21918-5671-7d3e-ac5a-0cef1bdc5fdd', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', 'transactions/deleted', '634b8f50-2c6e-43f1-a164-cf6f82459c70', X'A7A9ABF360172B4591B5DB2450F5E08FCF9153434864827F4536E53448175526', X'7B226576656E74223A227472616E73616374696F6E732F64656C65746564222C226576656E744964223A2236333462386635302D326336652D343366312D613136342D636636663832343539633730222C226974656D4964223A2262376431663061322D346333352D346538622D396136312D306432663563376538613930222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C22636C69656E744964223A2233663163326435652D366137622D346338642D396530662D316132623363346435653666222C22636C69656E74557365724964223A22757365722D3432222C227472616E73616374696F6E73436F756E74223A312C227472616E73616374696F6E496473223A5B2263306666656530302D303030302D343030302D383030302D303030303030303030303131225D7D', '{"removed":["c0ffee00-0000-4000-8000-000000000011"]}', 'accepted', '01a21918-5671-7d3f-85dd-ae14d9b1af8a', 1795717355121868);
INSERT INTO deliveries VALUES ('01a21918-56b7-7af5-a1a2-8022280705bd', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', 'TRANSACTIONS.historical_update', 'aad609513f174b10b35d4b6c11738d11', X'48938AD6E89293CA253D61C34D64D7032A19E6EFC195D9CCEA3F1CF6ED67FF23', X'7B22776562686F6F6B5F6964223A226161643630393531336631373462313062333564346236633131373338643131222C22776562686F6F6B5F74797065223A225452414E53414354494F4E53222C2270726F636573735F74797065223A22686973746F726963616C5F757064617465222C22776562686F6F6B5F636F6465223A22686973746F726963616C5F757064617465222C226C696E6B5F6964223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22726571756573745F6964223A2265643439636431382D316137642D346432642D626563622D343062366565623435356435222C2265787465726E616C5F6964223A22637573746F6D65722D37373331222C2264617461223A7B22746F74616C5F7472616E73616374696F6E73223A352C22746F74616C5F696E666C6F775F7472616E73616374696F6E73223A312C22746F74616C5F6F7574666C6F775F7472616E73616374696F6E73223A332C2266697273745F7472616E73616374696F6E5F64617465223A22323032362D31312D3136222C226C6173745F7472616E73616374696F6E5F64617465223A22323032362D31312D3139227D7D', '{"everything":true,"signal":"recovered","announced":[{"count":5}]}', 'accepted', '01a21918-56b7-7af6-9c42-71dd6fd917d9', 1795717355191718);
INSERT INTO deliveries VALUES ('01a21918-56ee-7e73-8cc0-3f630a3f8951', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', 'TRANSACTIONS.transactions_updated', 'bb45c4ff939345feb2c6d69f4760d751', X'550C21E2BEFBDE57B39F54825C4C2B5C1393FDF6E2C3EA8655D0D69A9661A454', X'7B22776562686F6F6B5F6964223A226262343563346666393339333435666562326336643639663437363064373531222C22776562686F6F6B5F74797065223A225452414E53414354494F4E53222C2270726F636573735F74797065223A22726563757272656E745F757064617465222C22776562686F6F6B5F636F6465223A227472616E73616374696F6E735F75706461746564222C226C696E6B5F6964223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22726571756573745F6964223A2238663531633266382D623030362D343738342D396163392D643334386365663636316135222C2265787465726E616C5F6964223A22637573746F6D65722D37373331222C2264617461223A7B22636F756E74223A312C22757064617465645F7472616E73616374696F6E73223A5B2230623565386432312D366639612D346333372D613165342D383264376333663035623639225D7D7D', '{"everything":true}', 'accepted', '01a21918-56ee-7e74-bfb9-b131b4f01c29', 1795717355246947);
INSERT INTO deliveries VALUES ('01a21918-56f4-7c8d-a462-f62210f2ea7f', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', 'TRANSACTIONS.transactions_deleted', '4d3e516e9d1d4375be06ff14b34f5922', X'5AF8670CF176FCAD7140A5E8407E932735DE72EF9293C21A96724A1F1D577310', X'7B22776562686F6F6B5F6964223A223464336535313665396431643433373562653036666631346233346635393232222C22776562686F6F6B5F74797065223A225452414E53414354494F4E53222C2270726F636573735F74797065223A22726563757272656E745F757064617465222C22776562686F6F6B5F636F6465223A227472616E73616374696F6E735F64656C65746564222C226C696E6B5F6964223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22726571756573745F6964223A2230616365623061622D393032642D343634332D386562312D613230643261346534666239222C2265787465726E616C5F6964223A22637573746F6D65722D37373331222C2264617461223A7B22636F756E74223A312C2264656C657465645F7472616E73616374696F6E73223A5B2232643934663761332D623830632D346531362D393564322D663163303661376533623438225D7D7D', '{"everything":true,"removed":["2d94f7a3-b80c-4e16-95d2-f1c06a7e3b48"]}', 'accepted', '01a21918-56f4-7c8e-a129-50b1d205fac1', 1795717355252823);
INSERT INTO deliveries VALUES ('01a21918-5716-7397-b8e8-1855625431e8', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', 'TRANSACTIONS.new_transactions_available', '0435ccfbc19647268815abf13c31ffc6', X'FED9FB4B2AB36DD7DCD3C4B83EA6BD0DFA128D4346BD7EF5B87A9E217A61CAE7', X'7B22776562686F6F6B5F6964223A223034333563636662633139363437323638383135616266313363333166666336222C22776562686F6F6B5F74797065223A225452414E53414354494F4E53222C2270726F636573735F74797065223A22726563757272656E745F757064617465222C22776562686F6F6B5F636F6465223A226E65775F7472616E73616374696F6E735F617661696C61626C65222C226C696E6B5F6964223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22726571756573745F6964223A2232373263636538382D636566642D346265352D613966302D373134633239383139303639222C2265787465726E616C5F6964223A22637573746F6D65722D37373331222C2264617461223A7B226E65775F7472616E73616374696F6E73223A317D7D', '{"everything":true,"signal":"recovered"}', 'accepted', '01a21918-5716-7398-a702-e865b42d8263', 1795717355286235);
INSERT INTO deliveries VALUES ('01a21918-571d-7ac5-9ed5-90fd11b9fdd6', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', 'TRANSACTIONS.transactions_deleted', '233b5aac4ded4a8596fbd4b93c31a11a', X'FD0338975B270542B71EDB3FD544F0A01F8F7D2446E1A66EBA0D766B82E5C4F9', X'7B22776562686F6F6B5F6964223A223233336235616163346465643461383539366662643462393363333161313161222C22776562686F6F6B5F74797065223A225452414E53414354494F4E53222C2270726F636573735F74797065223A22726563757272656E745F757064617465222C22776562686F6F6B5F636F6465223A227472616E73616374696F6E735F64656C65746564222C226C696E6B5F6964223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22726571756573745F6964223A2265313865626536662D326562652D343934372D393030332D663834376366346532376132222C2265787465726E616C5F6964223A22637573746F6D65722D37373331222C2264617461223A7B22636F756E74223A312C2264656C657465645F7472616E73616374696F6E73223A5B2230623565386432312D366639612D346333372D613165342D383264376333663035623639225D7D7D', '{"everything":true,"removed":["0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69"]}', 'accepted', '01a21918-5716-7398-a702-e865b42d8263', 1795717355293706);
INSERT INTO deliveries VALUES ('01a21918-5753-7647-9fd2-ced9171fb84c', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', 'TRANSACTIONS.SYNC_UPDATES_AVAILABLE', '', X'3F585A9F0B193B1F1FED5BA73D97E47265FF994E3606545526B2F9C503773A38', X'7B0A202022656E7669726F6E6D656E74223A202273616E64626F78222C0A2020226974656D5F6964223A20226556426E564D70377A64544A4C6B524E7233335273367A72374B4E4A7142464C3944724536222C0A202022776562686F6F6B5F636F6465223A202253594E435F555044415445535F415641494C41424C45222C0A202022776562686F6F6B5F74797065223A20225452414E53414354494F4E53220A7D', '{"news":true}', 'accepted', '01a21918-5753-7648-b4a0-36ac9725385d', 1795717355347412);
INSERT INTO deliveries VALUES ('01a21918-6886-72a8-af54-a2eae4445270', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', 'TRANSACTIONS.SYNC_UPDATES_AVAILABLE', '', X'3F35F21ACF2E5D2381224D91DAE4CFE386F9A66D1F35FB05B1D0E4168865C72A', X'7B0A202022656E7669726F6E6D656E74223A202273616E64626F78222C0A2020226974656D5F6964223A20226556426E564D70377A64544A4C6B524E7233335273367A72374B4E4A7142464C3944724536222C0A202022776562686F6F6B5F636F6465223A202253594E435F555044415445535F415641494C41424C45222C0A202022776562686F6F6B5F74797065223A20225452414E53414354494F4E53220A7D', '{"news":true}', 'accepted', '01a21918-6886-72a9-903a-5e2b21d63a46', 1795717359750174);
INSERT INTO deliveries VALUES ('01a21918-7907-7b65-8e25-df59c7d481e7', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', 'TRANSACTIONS.SYNC_UPDATES_AVAILABLE', '', X'FC12149700D73E066B57466446389B5800CE253958CC6406D115D327AD9F96E2', X'7B0A202022656E7669726F6E6D656E74223A202273616E64626F78222C0A2020226974656D5F6964223A20226556426E564D70377A64544A4C6B524E7233335273367A72374B4E4A7142464C3944724536222C0A202022776562686F6F6B5F636F6465223A202253594E435F555044415445535F415641494C41424C45222C0A202022776562686F6F6B5F74797065223A20225452414E53414354494F4E53220A7D', '{"news":true}', 'accepted', '01a21918-7907-7b66-a3c4-b5d6e89f0a1e', 1795717363975747);
INSERT INTO erasures VALUES ('12e7a500-7a95-7f9f-8850-32f55e4d3c43', '01a21918-5605-75c5-aed0-de71ee044fe5', 1, 'done', '', 1791117000123466, 1791117000123468, 1791117000123464, 1791117000123462, 1, 11, 9, '', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO events VALUES ('0e3b6039-208d-5520-8eeb-572f490cfac9', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 1, 'account.added', '01a21918-5605-75c5-aed0-de71ee044fe5', '01a21918-562c-78cf-9fe5-89b9191612b9', 1795717355052326);
INSERT INTO events VALUES ('446d9cc6-10ca-5b13-bc08-24790dd0fd8d', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 1, 'account.added', '01a21918-5605-75c5-aed0-de71ee044fe5', '01a21918-562c-795e-8407-ab341c9d94d8', 1795717355052326);
INSERT INTO events VALUES ('825f6159-ddc1-5e43-a02e-24706ff929a5', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 8, 'account.added', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '01a21918-56c4-705e-ab6a-a05a3fc3abce', 1795717355203800);
INSERT INTO events VALUES ('8c1706fc-0f48-500b-8cd2-27a734be77ad', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 8, 'account.added', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '01a21918-56c4-7104-b432-04e21dca0e89', 1795717355203800);
INSERT INTO events VALUES ('d81eab77-2ec2-58f3-99c0-7ed0641793ea', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 14, 'account.complete', '01a21918-5605-75c5-aed0-de71ee044fe5', '01a21918-562c-78cf-9fe5-89b9191612b9', 1795717356178279);
INSERT INTO events VALUES ('a77fbaf7-cded-537e-b507-39982f1c57c1', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 15, 'account.complete', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '01a21918-56c4-705e-ab6a-a05a3fc3abce', 1795717356178279);
INSERT INTO events VALUES ('6e79f088-1497-5691-8fa4-7c7ddd7851f1', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 16, 'account.drifting', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '01a21918-56c4-7104-b432-04e21dca0e89', 1795717356178279);
INSERT INTO events VALUES ('a8db1656-5b73-557e-bd37-551f519efb52', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 17, 'account.added', '01a21918-5746-75ca-ba19-3b755fbe3c14', '01a21918-6821-70a8-8198-5b6f68de1b96', 1795717359648600);
INSERT INTO events VALUES ('73402711-f20e-5f4b-9ddd-8f99b6506d10', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 17, 'account.added', '01a21918-5746-75ca-ba19-3b755fbe3c14', '01a21918-6821-70f7-a3ac-94d4c5c2cee9', 1795717359648600);
INSERT INTO feed VALUES (1, 20, X'1DB3B653EF94530B9CBA571E619BC2068B587A172329402FD158BBA9F805771A', 0);
INSERT INTO goose_db_version VALUES (1, 0, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (2, 30, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (3, 31, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (4, 32, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (5, 33, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (6, 34, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (7, 35, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (8, 36, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (9, 37, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (10, 38, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (11, 39, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (12, 40, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (13, 41, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (14, 42, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (15, 44, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (16, 45, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (17, 46, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (18, 49, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (19, 50, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (20, 51, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (21, 53, 1, '2026-11-26 18:22:34');
INSERT INTO goose_db_version VALUES (22, 55, 1, '2026-11-26 18:22:34');
INSERT INTO idempotency_keys VALUES ('f4ae950b-d464-47f8-b045-d5232fb2335c', 'key of idempotency_keys', X'3DE98196FED01B0B2F179C9ECFBED62F0F8A8394D59F37371AD11432B8FCFD0B', 1791117000123466, 1791117000123467, 9, '{"Content-Type":["application/json"]}', X'7B226964223A226331227D');
INSERT INTO last_webhook_tokens VALUES ('01a21918-5605-75c5-aed0-de71ee044fe5', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5615-7142-a1b7-32673f2a3cbd');
INSERT INTO late_joins VALUES ('01a21918-561b-7b85-9f93-d8f9fee0068e', '01a21918-561b-7b84-a672-34cdbefcfb19', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO link_sessions VALUES ('75bb673e-1be7-796e-8e7e-ec2178f9943d', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', 'Banco do Brasil', 'https://api.pluggy.ai', X'D7C7B2A71C01AB56D6F743A15A739D5BAA87D114D9CFA7951A179CC63F37489F', 'actor of link_sessions', 'receiver of link_sessions', X'D01DF94D19FEDF408EE177C281205044D6675B2ACCC2917593CDC378F1703C49', 'open', 'account_ref of link_sessions', '["item-1"]', 1791117000123466, 1791117000123466, 1791117000123464, 1791117000123462, 11, 'f4ae950b-d464-47f8-b045-d5232fb2335c', '74a28dc9-e672-77d4-8f20-b09e21f54c87');
INSERT INTO matcher_entries VALUES ('3844f958-35c8-7cbb-8481-7f13b2f0cf47', '01a21918-5633-7eac-9b47-cc11ceb748b4', '01a21918-5605-75c5-aed0-de71ee044fe5', '01a21918-562c-78cf-9fe5-89b9191612b9', 'imported', 'external_id of matcher_entries', 'context_id of matcher_entries', 'source_id of matcher_entries', '{"amount":"-12.50"}', 'matcher_id of matcher_entries', 10, 15, 'file of matcher_entries', 8, 11, '', 1791117000123470, 1791117000123462, 8, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO possible_replacements VALUES ('01a21918-5605-75c5-aed0-de71ee044fe5', '8735d227-e10e-720c-84f5-5fc76487057d', '6cb9c778-877f-7944-890f-ff5a3df33c47', '01a21918-562c-78cf-9fe5-89b9191612b9', 1791117000123461, 'open', '{"sameAmount":true}', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO pulls VALUES ('01a21918-561b-7b85-9f93-d8f9fee0068e', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', 'webhook', '', 'succeeded', '{"everything":true,"signal":"recovered"}', '{"planned":true,"reference":"b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90 at http://127.0.0.1:39411","plannedOn":"2026-11-26","steps":[{"account":"11aa22bb-33cc-4d44-8e55-66ff77aa88bb","window":{"from":"2025-12-03"},"sweep":true},{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","window":{"from":"2025-12-03"},"sweep":true}],"step":2,"pages":0}', 2, 8, 8, 0, 0, 0, 1, '', NULL, NULL, NULL, 1795717355035755, 1795717355038054, 1795717355071628, 1, 0);
INSERT INTO pulls VALUES ('01a21918-564a-771e-bcfe-07113ebbc9c8', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', 'webhook', '', 'succeeded', '{"changed":{"22bb33cc-44dd-4e55-9f66-77aa88bb99cc":["c0ffee00-0000-4000-8000-000000000011"]},"removed":["c0ffee00-0000-4000-8000-000000000010"]}', '{"planned":true,"reference":"b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90 at http://127.0.0.1:39411","plannedOn":"2026-11-26","steps":[{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","ids":["c0ffee00-0000-4000-8000-000000000011"]}],"step":1,"pages":0,"shown":["c0ffee00-0000-4000-8000-000000000011"],"listed":{"pages":["OO9CJhM="]}}', 2, 1, 0, 1, 1, 0, 1, '', NULL, NULL, NULL, 1795717355082466, 1795717355088294, 1795717355113441, 0, 0);
INSERT INTO pulls VALUES ('01a21918-566a-7db2-b726-13b5bfc533e7', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', 'webhook', '', 'succeeded', '{"created":{"22bb33cc-44dd-4e55-9f66-77aa88bb99cc":"2026-11-26T18:17:35.114Z"},"announced":[{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","from":"2026-11-26T18:22:35.114Z","count":1}]}', '{"planned":true,"reference":"b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90 at http://127.0.0.1:39411","plannedOn":"2026-11-26","steps":[{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","createdFrom":"2026-11-26T18:17:35.114Z"}],"step":1,"pages":0,"shown":["fbe29d84-cfbf-4971-b9b1-1ae0441b6a1f"],"listed":{"pages":["DMiCJQk="]}}', 2, 1, 1, 0, 0, 0, 1, '', NULL, NULL, NULL, 1795717355114897, 1795717355120298, 1795717355147882, 0, 0);
INSERT INTO pulls VALUES ('01a21918-5671-7d3f-85dd-ae14d9b1af8a', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', 'webhook', '', 'succeeded', '{"removed":["c0ffee00-0000-4000-8000-000000000011"]}', '{"planned":false,"step":0,"pages":0,"listed":{}}', 2, 0, 0, 1, 1, 0, 1, '', NULL, NULL, NULL, 1795717355121868, 1795717355153988, 1795717355171817, 0, 0);
INSERT INTO pulls VALUES ('01a21918-56b7-7af6-9c42-71dd6fd917d9', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', 'webhook', '', 'succeeded', '{"everything":true,"signal":"recovered","announced":[{"count":5}]}', '{"planned":true,"reference":"6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12 at http://127.0.0.1:34433","plannedOn":"2026-11-26","steps":[{"sweep":true,"resume":true}],"step":1,"pages":0}', 2, 5, 5, 0, 0, 0, 1, '', NULL, NULL, NULL, 1795717355191718, 1795717355195658, 1795717355215310, 1, 0);
INSERT INTO pulls VALUES ('01a21918-56ee-7e74-bfb9-b131b4f01c29', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', 'webhook', '', 'succeeded', '{"everything":true}', '{"planned":true,"reference":"6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12 at http://127.0.0.1:34433","plannedOn":"2026-11-26","steps":[{"sweep":true,"resume":true}],"step":1,"pages":0}', 2, 4, 0, 1, 0, 3, 1, '', NULL, NULL, NULL, 1795717355246947, 1795717355251303, 1795717355267387, 1, 0);
INSERT INTO pulls VALUES ('01a21918-56f4-7c8e-a129-50b1d205fac1', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', 'webhook', '', 'succeeded', '{"everything":true,"removed":["2d94f7a3-b80c-4e16-95d2-f1c06a7e3b48"]}', '{"planned":true,"reference":"6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12 at http://127.0.0.1:34433","plannedOn":"2026-11-26","steps":[{"sweep":true,"resume":true}],"step":1,"pages":0}', 2, 4, 1, 0, 1, 3, 1, '', NULL, NULL, NULL, 1795717355252823, 1795717355271537, 1795717355291921, 1, 0);
INSERT INTO pulls VALUES ('01a21918-5716-7398-a702-e865b42d8263', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', 'webhook', '', 'succeeded', '{"everything":true,"removed":["0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69"],"signal":"recovered"}', '{"planned":true,"reference":"6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12 at http://127.0.0.1:34433","plannedOn":"2026-11-26","steps":[{"sweep":true,"resume":true}],"step":1,"pages":0}', 2, 4, 0, 1, 1, 4, 1, '', NULL, NULL, NULL, 1795717355286235, 1795717355298844, 1795717355323282, 1, 0);
INSERT INTO pulls VALUES ('01a21918-5753-7648-b4a0-36ac9725385d', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', 'webhook', '', 'succeeded', '{"news":true}', '{"planned":true,"reference":"eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6 at http://127.0.0.1:44195","plannedOn":"2026-11-26","steps":[{"sweep":true}],"step":1,"pages":0,"streamPosition":"ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiA4IDggMA=="}', 2, 8, 8, 0, 0, 0, 1, '', NULL, NULL, NULL, 1795717355347412, 1795717355351399, 1795717359701134, 1, 0);
INSERT INTO pulls VALUES ('01a21918-6886-72a9-903a-5e2b21d63a46', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', 'webhook', '', 'succeeded', '{"news":true}', '{"planned":true,"reference":"eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6 at http://127.0.0.1:44195","plannedOn":"2026-11-26","steps":[{"since":"ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiA4IDggMA=="}],"step":1,"pages":0,"shown":["lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD07"],"listed":{"pages":["tAB43mE="]},"streamPosition":"ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiAxMCAxMCAw"}', 2, 1, 0, 1, 1, 0, 1, '', NULL, NULL, NULL, 1795717359750174, 1795717359773846, 1795717363960007, 0, 0);
INSERT INTO pulls VALUES ('01a21918-7907-7b66-a3c4-b5d6e89f0a1e', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', 'webhook', '', 'succeeded', '{"news":true}', '{"planned":true,"reference":"eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6 at http://127.0.0.1:44195","plannedOn":"2026-11-26","steps":[{"since":"ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiAxMCAxMCAw"}],"step":1,"pages":0,"shown":["uZhcbbvUJ2eiBvCJrZpYiSJJAtiBg8JZYrK7B"],"listed":{"pages":["LqXKZTs="]},"streamPosition":"ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiAxMiAxMiAw"}', 2, 1, 0, 1, 0, 0, 1, '', NULL, NULL, NULL, 1795717363975747, 1795717363977135, 1795717368288209, 0, 0);
INSERT INTO quarantined_rows VALUES ('806cf4b7-4a42-7238-87c7-ef461f9efe52', '01a21918-5605-75c5-aed0-de71ee044fe5', 'transaction', 'row_key of quarantined_rows', 'amount', X'7B226964223A227231222C22616D6F756E74223A22FF227D', '01a21918-561b-7b85-9f93-d8f9fee0068e', 1791117000123469, 1791117000123468, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO reopened_closes VALUES ('01a21918-562c-78cf-9fe5-89b9191612b9', '2026-09-30', '01a21918-5605-75c5-aed0-de71ee044fe5', 11, 10, NULL, 'BRL', X'4BDC3EA8534CC6AD15FE9E471FA0155999B4A754D4F7BD8974E01DFCB1C54DA9', 1791117000123465, 'closed_by of reopened_closes', 'unknown', '', 1791117000123467, 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (1, '01a21918-5633-7eac-9b47-cc11ceb748b4', '01a21918-5605-75c5-aed0-de71ee044fe5', '2026-11-25', '1500', 'BRL', 'posted', 'PIX RECEBIDO DE ENSAIO
PAGADOR DE ENSAIO', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (2, '01a21918-5633-7eb2-93a6-2f01ab7efdb9', '01a21918-5605-75c5-aed0-de71ee044fe5', '2026-11-25', '-212.45', 'BRL', 'posted', 'BOLETO DE ENERGIA
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (3, '01a21918-5633-7eb3-9e56-5fcfa122a930', '01a21918-5605-75c5-aed0-de71ee044fe5', '2026-11-24', '-0.1', 'BRL', 'posted', 'TARIFA DE PACOTE
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (4, '01a21918-5633-7eb5-839c-2062e9abca86', '01a21918-5605-75c5-aed0-de71ee044fe5', '2026-11-24', '-0.1', 'BRL', 'posted', 'TARIFA DE PACOTE
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (5, '01a21918-5633-7eb6-96a1-234870277171', '01a21918-5605-75c5-aed0-de71ee044fe5', '2026-11-23', '-19.99', 'BRL', 'posted', 'TRANSFERENCIA NOTURNA
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (6, '01a21918-5638-7c8b-8a79-b66a2985b17a', '01a21918-5605-75c5-aed0-de71ee044fe5', '2026-12-23', '-160.1', 'BRL', 'posted', 'LOJA DE ENSAIO PARC 02/10
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (7, '01a21918-5638-7c97-b470-328de2588916', '01a21918-5605-75c5-aed0-de71ee044fe5', '2026-11-23', '-58', 'USD', '', 'ASSINATURA NO EXTERIOR
ENSAIO VIDEO', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (8, '01a21918-5638-7c98-98b3-d6eb3a3cc4c3', '01a21918-5605-75c5-aed0-de71ee044fe5', '2026-11-12', '900', 'BRL', 'posted', 'PAGAMENTO DA FATURA
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (9, '01a21918-5689-78fd-b68c-87ea9e3fbbdd', '01a21918-5605-75c5-aed0-de71ee044fe5', '2026-12-23', '-160.1', 'BRL', '', 'LOJA DE ENSAIO PARC 02/10
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (10, '01a21918-56c8-7c94-87e8-d2d0c530c6e2', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '2026-11-18', '-684.9', 'MXN', 'posted', 'CORRECTED BY THE BANK
FARMACIA DEL CENTRO', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (11, '01a21918-56c8-7ca3-9cd2-5d2c0366a145', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '2026-11-16', '21750', 'MXN', '', 'NOMINA SEGUNDA QUINCENA
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (12, '01a21918-56c8-7ca4-ba1c-6b2ba453060b', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '2026-11-19', '-249', 'MXN', 'pending', 'SUSCRIPCION MUSICA
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (13, '01a21918-56c8-7ca5-9317-9387187a7780', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '2026-11-16', '75.5', 'MXN', 'posted', 'COMISION POR AJUSTE
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (14, '01a21918-56c8-7ca6-817a-54c5eea6df45', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '2026-11-16', '-75.5', 'MXN', 'posted', 'RETIRO CAJERO
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (15, '01a21918-5715-786a-b5df-9b529eca62fa', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '2026-11-18', '-684.9', 'MXN', '', 'CORRECTED BY THE BANK
FARMACIA DEL CENTRO', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (16, '01a21918-682a-707d-82b6-eb5e11a082c3', '01a21918-5746-75ca-ba19-3b755fbe3c14', '2026-11-26', '-500', 'USD', 'pending', 'UNITED AIRLINES
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (17, '01a21918-682a-7086-88bf-6ad9d9b17126', '01a21918-5746-75ca-ba19-3b755fbe3c14', '2026-11-23', '-89.4', 'USD', 'posted', 'SPARKFUN
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (18, '01a21918-682a-7088-83f5-e5c58ae4130e', '01a21918-5746-75ca-ba19-3b755fbe3c14', '2026-11-20', '-12', 'USD', 'posted', 'MCDONALDS #3322
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (19, '01a21918-682a-7089-a6ee-d4e84a4b0153', '01a21918-5746-75ca-ba19-3b755fbe3c14', '2026-11-17', '5850', 'USD', 'posted', 'GUSTO PAYROLL
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (20, '01a21918-682a-708a-9634-193d671769f1', '01a21918-5746-75ca-ba19-3b755fbe3c14', '2026-11-14', '-1900', 'USD', 'posted', 'RENT OAK STREET
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (21, '01a21918-682a-708b-be30-8f6d59bf89cd', '01a21918-5746-75ca-ba19-3b755fbe3c14', '2026-11-11', '25', 'USD', 'posted', 'ACH ELECTRONIC CREDIT
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (22, '01a21918-682a-708c-972e-80c638335d34', '01a21918-5746-75ca-ba19-3b755fbe3c14', '2026-11-08', '-1000', 'USD', '', 'CD DEPOSIT .INITIAL.
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_index VALUES (23, '01a21918-682a-708d-8acd-574889caf4d2', '01a21918-5746-75ca-ba19-3b755fbe3c14', '2026-11-05', '-6.33', 'USD', 'posted', 'CORRECTED BY THE BANK
', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO search_progress VALUES (19, '01a21918-682a-708d-8acd-574889caf4d2', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO split_pairs VALUES ('01a21918-5605-75c5-aed0-de71ee044fe5', 'old-row', 'new-row', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO staged_transactions VALUES ('01a21918-5605-75c5-aed0-de71ee044fe5', 'external_id of staged_transactions', 7, 'acc-1', '2026-10-02', X'7B2265787465726E616C4964223A227331222C22616D6F756E74223A222D31322E3530227D', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO subscription_attempts VALUES ('f4a91a7d-ce40-7ace-8cfb-fd1508b29055', 1791117000123468, 'b3550fb8-60a6-7504-83b0-f237f79312e6', 11, '08392cef-f4e7-76fa-863e-dae282365674', 'transaction.created', 'subject of subscription_attempts', 9, 10, 'the server answered 500', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO subscription_events VALUES ('b1c583b5-f336-7e28-8749-3eec750396c2', 11, '6c2ff362-cce6-7b1c-8368-b8dd137b4afb', 'transaction.created', 'subject of subscription_events', '01a21918-5605-75c5-aed0-de71ee044fe5', 10, 1791117000123463, 1, 11, 1791117000123469, 1791117000123471, '', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '/discovery');
INSERT INTO subscriptions VALUES ('a4609749-c7e2-7590-8d31-5d4ef2b081f8', 'f4ae950b-d464-47f8-b045-d5232fb2335c', 'name of subscriptions', '["transaction.created"]', '01a21918-5605-75c5-aed0-de71ee044fe5', 'webhook', X'E621F1B9AFB26DC58E8EAF04D042808162315B61D0235CFEE9ECB211976AA819', 1791117000123470, 'active', '', 1791117000123467, 1, 10, '24e0a586-5e26-7399-846c-99ad78d0e1cd', 11, 'fb180cf6-5474-724e-8d34-82f71805bae3', 16, 15, 8, '4efa827a-7f07-7ce5-8d7e-17dd47b9e3b8', 1791117000123467, 11, 1791117000123466, 1791117000123466, '{"url":"https://example.org/events"}', 18, 1791117000123469);
INSERT INTO transaction_past_ids VALUES ('01a21918-5605-75c5-aed0-de71ee044fe5', 'c0ffee00-0000-4000-8000-000000000011', '01a21918-5638-7c8b-8a79-b66a2985b17a', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO transaction_past_ids VALUES ('01a21918-56ad-75b9-b5ea-e22e97467cd2', '0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69', '01a21918-56c8-7c94-87e8-d2d0c530c6e2', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO transaction_past_ids VALUES ('01a21918-5746-75ca-ba19-3b755fbe3c14', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD00', '01a21918-682a-707d-82b6-eb5e11a082c3', 'f4ae950b-d464-47f8-b045-d5232fb2335c');
INSERT INTO transaction_versions VALUES ('01a21918-5638-7c97-b470-328de2588916', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', '01a21918-562c-795e-8407-ab341c9d94d8', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', '-58', 'USD', '-298.19', 'BRL', 'posted', '2026-11-23', NULL, 'ASSINATURA NO EXTERIOR', 'Video streaming', 'Ensaio Video', X'7B226964223A2263306666656530302D303030302D343030302D383030302D303030303030303030303130222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C226465736372697074696F6E223A22415353494E4154555241204E4F204558544552494F52222C226465736372697074696F6E526177223A22415353494E4154555241204E4F204558544552494F52222C2263757272656E6379436F6465223A22555344222C22616D6F756E74223A35382C22616D6F756E74496E4163636F756E7443757272656E6379223A3239382E31392C2264617465223A22323032362D31312D32335430333A30303A30302E3030305A222C2274797065223A224445424954222C2262616C616E6365223A6E756C6C2C22737461747573223A22504F53544544222C2263617465676F7279223A22566964656F2073747265616D696E67222C2263617465676F72794964223A223039303030303030222C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A6E756C6C2C227061796D656E7444617461223A6E756C6C2C22637265646974436172644D65746164617461223A7B22707572636861736544617465223A22323032362D31312D31355432313A31303A30302E3030305A222C2270617965654D4343223A343839392C22636172644E756D626572223A2238363730222C2262696C6C466F72656361737444617465223A22323032362D3132227D2C226D65726368616E74223A7B226E616D65223A22456E7361696F20566964656F222C22627573696E6573734E616D65223A22454E5341494F20564944454F204C544441222C22636E706A223A223030303030303030303030313931222C22636E6165223A2235393131313030222C2263617465676F7279223A22566964656F2073747265616D696E67227D2C226F7065726174696F6E54797065223A6E756C6C2C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A302C22637265617465644174223A22323032362D31312D32365430393A30323A31312E3030305A222C22757064617465644174223A22323032362D31312D32365430393A30323A31312E3030305A227D', 1, 1795717355064156, NULL, '01a21918-561b-7b85-9f93-d8f9fee0068e', '', X'478D60F20CADCFCF3AF61E54D0F71071DA53E098751E70F7C0FEC7A4BBC329F0', 'pluggy 3', 'c0ffee00-0000-4000-8000-000000000010', '', NULL, 3, '', '', '', '', '', '', '', '', '', 'CNPJ 00000000000191', 1795717355093625);
INSERT INTO transaction_versions VALUES ('01a21918-5638-7c8b-8a79-b66a2985b17a', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', '01a21918-562c-795e-8407-ab341c9d94d8', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', '-160.1', 'BRL', NULL, '', 'pending', '2026-12-23', NULL, 'LOJA DE ENSAIO PARC 02/10', '', '', X'7B226964223A2263306666656530302D303030302D343030302D383030302D303030303030303030303131222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C226465736372697074696F6E223A224C4F4A4120444520454E5341494F20504152432030322F3130222C226465736372697074696F6E526177223A224C4F4A4120444520454E5341494F20504152432030322F3130222C2263757272656E6379436F6465223A2242524C222C22616D6F756E74223A3136302E312C22616D6F756E74496E4163636F756E7443757272656E6379223A6E756C6C2C2264617465223A22323032362D31322D32335430333A30303A30302E3030305A222C2274797065223A224445424954222C2262616C616E6365223A6E756C6C2C22737461747573223A2250454E44494E47222C2263617465676F7279223A6E756C6C2C2263617465676F72794964223A6E756C6C2C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A6E756C6C2C227061796D656E7444617461223A6E756C6C2C22637265646974436172644D65746164617461223A7B22696E7374616C6C6D656E744E756D626572223A322C22746F74616C496E7374616C6C6D656E7473223A31302C22746F74616C416D6F756E74223A313630312E302C22707572636861736544617465223A22323032362D31312D31365430333A30303A30302E3030305A222C2270617965654D4343223A353331312C22636172644E756D626572223A2238363730222C2262696C6C466F72656361737444617465223A22323032372D3031227D2C226D65726368616E74223A6E756C6C2C226F7065726174696F6E54797065223A6E756C6C2C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A302C22637265617465644174223A22323032362D31312D32365430393A30323A31312E3030305A222C22757064617465644174223A22323032362D31312D32365430393A30323A31312E3030305A227D', 1, 1795717355064156, NULL, '01a21918-561b-7b85-9f93-d8f9fee0068e', '', X'110E01AEA26DE90F29DDEE5BC52256D544BA82BD42567C837527829838AA4B12', 'pluggy 3', 'c0ffee00-0000-4000-8000-000000000011', '', NULL, 3, '', '', '', '', '', '', '', '', '', '', 1795717355108145);
INSERT INTO transaction_versions VALUES ('01a21918-5638-7c8b-8a79-b66a2985b17a', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', '01a21918-562c-795e-8407-ab341c9d94d8', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', '-160.1', 'BRL', NULL, '', 'posted', '2026-12-23', NULL, 'LOJA DE ENSAIO PARC 02/10', '', '', X'7B226964223A2263306666656530302D303030302D343030302D383030302D303030303030303030303131222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C226465736372697074696F6E223A224C4F4A4120444520454E5341494F20504152432030322F3130222C226465736372697074696F6E526177223A224C4F4A4120444520454E5341494F20504152432030322F3130222C2263757272656E6379436F6465223A2242524C222C22616D6F756E74223A3136302E312C22616D6F756E74496E4163636F756E7443757272656E6379223A6E756C6C2C2264617465223A22323032362D31322D32335430333A30303A30302E3030305A222C2274797065223A224445424954222C2262616C616E6365223A6E756C6C2C22737461747573223A22504F53544544222C2263617465676F7279223A6E756C6C2C2263617465676F72794964223A6E756C6C2C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A6E756C6C2C227061796D656E7444617461223A6E756C6C2C22637265646974436172644D65746164617461223A7B22696E7374616C6C6D656E744E756D626572223A322C22746F74616C496E7374616C6C6D656E7473223A31302C22746F74616C416D6F756E74223A313630312E302C22707572636861736544617465223A22323032362D31312D31365430333A30303A30302E3030305A222C2270617965654D4343223A353331312C22636172644E756D626572223A2238363730222C2262696C6C466F72656361737444617465223A22323032372D3031227D2C226D65726368616E74223A6E756C6C2C226F7065726174696F6E54797065223A6E756C6C2C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A302C22637265617465644174223A22323032362D31312D32365430393A30323A31312E3030305A222C22757064617465644174223A22323032362D31312D32365431383A32323A33352E3038325A227D', 2, 1795717355108145, NULL, '01a21918-564a-771e-bcfe-07113ebbc9c8', '', X'88261CFCB9B1138137ED920DECFEE81651BCDF77C915DFFB107B2B365B98951E', 'pluggy 3', 'c0ffee00-0000-4000-8000-000000000011', '', NULL, 5, '', '', '', '', '', '', '', '', '', '', 1795717355157430);
INSERT INTO transaction_versions VALUES ('01a21918-5689-78fd-b68c-87ea9e3fbbdd', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', '01a21918-562c-795e-8407-ab341c9d94d8', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', '-160.1', 'BRL', NULL, '', 'posted', '2026-12-23', NULL, 'LOJA DE ENSAIO PARC 02/10', '', '', X'7B226964223A2266626532396438342D636662662D343937312D623962312D316165303434316236613166222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C226465736372697074696F6E223A224C4F4A4120444520454E5341494F20504152432030322F3130222C226465736372697074696F6E526177223A224C4F4A4120444520454E5341494F20504152432030322F3130222C2263757272656E6379436F6465223A2242524C222C22616D6F756E74223A3136302E312C22616D6F756E74496E4163636F756E7443757272656E6379223A6E756C6C2C2264617465223A22323032362D31322D32335430333A30303A30302E3030305A222C2274797065223A224445424954222C2262616C616E6365223A6E756C6C2C22737461747573223A22504F53544544222C2263617465676F7279223A6E756C6C2C2263617465676F72794964223A6E756C6C2C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A6E756C6C2C227061796D656E7444617461223A6E756C6C2C22637265646974436172644D65746164617461223A7B22696E7374616C6C6D656E744E756D626572223A322C22746F74616C496E7374616C6C6D656E7473223A31302C22746F74616C416D6F756E74223A313630312E302C22707572636861736544617465223A22323032362D31312D31365430333A30303A30302E3030305A222C2270617965654D4343223A353331312C22636172644E756D626572223A2238363730222C2262696C6C466F72656361737444617465223A22323032372D3031227D2C226D65726368616E74223A6E756C6C2C226F7065726174696F6E54797065223A6E756C6C2C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A302C22637265617465644174223A22323032362D31312D32365431383A32323A33352E3131345A222C22757064617465644174223A22323032362D31312D32365431383A32323A33352E3131345A227D', 1, 1795717355143910, NULL, '01a21918-566a-7db2-b726-13b5bfc533e7', '', X'F5F1B2AAC03418064238FEB09438E4CBB2D5CF20879011E9B8913C99DC2D6052', 'pluggy 3', 'fbe29d84-cfbf-4971-b9b1-1ae0441b6a1f', '', NULL, 6, '', '', '', '', '', '', '', '', '', '', 1795717355157430);
INSERT INTO transaction_versions VALUES ('01a21918-56c8-7c94-87e8-d2d0c530c6e2', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '01a21918-56c4-7104-b432-04e21dca0e89', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '-684.9', 'MXN', NULL, '', 'posted', '2026-11-18', 1795020007334000, 'FARMACIA DEL CENTRO', 'Personal Shopping', 'Farmacia del Centro', X'7B226964223A2230623565386432312D366639612D346333372D613165342D383264376333663035623639222C22696E7465726E616C5F6964656E74696669636174696F6E223A22513068524C5463334D7A41744D4441774E4445222C226163636F756E74223A7B226964223A2265336237306335352D393164342D346132662D623663382D303766323564316539613833222C226C696E6B223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22696E737469747574696F6E223A7B226E616D65223A22657265626F725F6D785F72657461696C222C2274797065223A2262616E6B227D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D30392D32305431323A30303A30392E3737313230345A222C226C6173745F61636365737365645F6174223A22323032362D31312D31395430373A31353A32342E3930303030305A222C2263617465676F7279223A22434845434B494E475F4143434F554E54222C2262616C616E63655F74797065223A224153534554222C2274797065223A224375656E74617320646520656665637469766F222C226E616D65223A224375656E74612064652063686571756573222C226E756D626572223A2237373330303134343832393035222C2262616C616E6365223A7B2263757272656E74223A31323034342E37312C22617661696C61626C65223A31313839302E327D2C2263757272656E6379223A224D584E222C227075626C69635F6964656E74696669636174696F6E5F6E616D65223A22434C414245222C227075626C69635F6964656E74696669636174696F6E5F76616C7565223A22303032313830373030313434383239303531222C2262616E6B5F70726F647563745F6964223A6E756C6C2C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226372656469745F64617461223A6E756C6C2C226C6F616E5F64617461223A6E756C6C2C2266756E64735F64617461223A6E756C6C2C2272656365697661626C65735F64617461223A6E756C6C7D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D31312D31395430373A31353A32312E3031383834365A222C2276616C75655F64617465223A22323032362D31312D3138222C226163636F756E74696E675F64617465223A22323032362D31312D31385431363A34303A30372E3333345A222C22616D6F756E74223A3638342E392C2262616C616E6365223A31323034342E37312C2263757272656E6379223A224D584E222C226465736372697074696F6E223A224641524D414349412044454C2043454E54524F222C226F62736572766174696F6E73223A6E756C6C2C226D65726368616E74223A7B226C6F676F223A6E756C6C2C2277656273697465223A2268747470733A2F2F6661726D616369612E6578616D706C652E74657374222C226D65726368616E745F6E616D65223A224661726D616369612064656C2043656E74726F227D2C2263617465676F7279223A22506572736F6E616C2053686F7070696E67222C2273756263617465676F7279223A224865616C7468222C227265666572656E6365223A223535313032222C2274797065223A224F5554464C4F57222C22737461747573223A2250524F434553534544222C226372656469745F636172645F64617461223A6E756C6C7D', 1, 1795717355208166, NULL, '01a21918-56b7-7af6-9c42-71dd6fd917d9', '', X'0C2CCF91226C672CA06338F8B7E54C6732AB71F32AFE143379EB2519EB01B85B', 'belvo 3', '0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69', '', NULL, 9, '', '', '', 'Q0hRLTc3MzAtMDAwNDE', '', '55102', '', '', '', '', 1795717355263572);
INSERT INTO transaction_versions VALUES ('01a21918-56c8-7ca3-9cd2-5d2c0366a145', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '01a21918-56c4-7104-b432-04e21dca0e89', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '21750', 'MXN', NULL, '', 'posted', '2026-11-16', 1794834344000000, 'NOMINA SEGUNDA QUINCENA', 'Income & Payments', '', X'7B226964223A2232643934663761332D623830632D346531362D393564322D663163303661376533623438222C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226163636F756E74223A7B226964223A2265336237306335352D393164342D346132662D623663382D303766323564316539613833222C226C696E6B223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22696E737469747574696F6E223A7B226E616D65223A22657265626F725F6D785F72657461696C222C2274797065223A2262616E6B227D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D30392D32305431323A30303A30392E3737313230345A222C226C6173745F61636365737365645F6174223A22323032362D31312D31395430373A31353A32342E3930303030305A222C2263617465676F7279223A22434845434B494E475F4143434F554E54222C2262616C616E63655F74797065223A224153534554222C2274797065223A224375656E74617320646520656665637469766F222C226E616D65223A224375656E74612064652063686571756573222C226E756D626572223A2237373330303134343832393035222C2262616C616E6365223A7B2263757272656E74223A31323034342E37312C22617661696C61626C65223A31313839302E327D2C2263757272656E6379223A224D584E222C227075626C69635F6964656E74696669636174696F6E5F6E616D65223A22434C414245222C227075626C69635F6964656E74696669636174696F6E5F76616C7565223A22303032313830373030313434383239303531222C2262616E6B5F70726F647563745F6964223A6E756C6C2C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226372656469745F64617461223A6E756C6C2C226C6F616E5F64617461223A6E756C6C2C2266756E64735F64617461223A6E756C6C2C2272656365697661626C65735F64617461223A6E756C6C7D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D31312D31395430373A31353A32312E3031383834365A222C2276616C75655F64617465223A22323032362D31312D3136222C226163636F756E74696E675F64617465223A22323032362D31312D31365431333A30353A34345A222C22616D6F756E74223A32313735302E302C2262616C616E6365223A31323732392E36312C2263757272656E6379223A224D584E222C226465736372697074696F6E223A224E4F4D494E4120534547554E4441205155494E43454E41222C226F62736572766174696F6E73223A6E756C6C2C226D65726368616E74223A6E756C6C2C2263617465676F7279223A22496E636F6D65205C7530303236205061796D656E7473222C2273756263617465676F7279223A2253616C617279222C227265666572656E6365223A6E756C6C2C2274797065223A22494E464C4F57222C22737461747573223A2250524F434553534544222C226372656469745F636172645F64617461223A6E756C6C7D', 1, 1795717355208166, NULL, '01a21918-56b7-7af6-9c42-71dd6fd917d9', '', X'9DCFE744CA4ED3E439AB5EDA57D9A48ECE5F0B5363A5A0BF7B801475C6C1E694', 'belvo 3', '2d94f7a3-b80c-4e16-95d2-f1c06a7e3b48', '', NULL, 9, '', '', '', '', '', '', '', '', '', '', 1795717355274233);
INSERT INTO transaction_versions VALUES ('01a21918-56c8-7c94-87e8-d2d0c530c6e2', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '01a21918-56c4-7104-b432-04e21dca0e89', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '-684.9', 'MXN', NULL, '', 'posted', '2026-11-18', 1795020007334000, 'CORRECTED BY THE BANK', 'Personal Shopping', 'Farmacia del Centro', X'7B226964223A2230623565386432312D366639612D346333372D613165342D383264376333663035623639222C22696E7465726E616C5F6964656E74696669636174696F6E223A22513068524C5463334D7A41744D4441774E4445222C226163636F756E74223A7B226964223A2265336237306335352D393164342D346132662D623663382D303766323564316539613833222C226C696E6B223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22696E737469747574696F6E223A7B226E616D65223A22657265626F725F6D785F72657461696C222C2274797065223A2262616E6B227D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D30392D32305431323A30303A30392E3737313230345A222C226C6173745F61636365737365645F6174223A22323032362D31312D31395430373A31353A32342E3930303030305A222C2263617465676F7279223A22434845434B494E475F4143434F554E54222C2262616C616E63655F74797065223A224153534554222C2274797065223A224375656E74617320646520656665637469766F222C226E616D65223A224375656E74612064652063686571756573222C226E756D626572223A2237373330303134343832393035222C2262616C616E6365223A7B2263757272656E74223A31323034342E37312C22617661696C61626C65223A31313839302E327D2C2263757272656E6379223A224D584E222C227075626C69635F6964656E74696669636174696F6E5F6E616D65223A22434C414245222C227075626C69635F6964656E74696669636174696F6E5F76616C7565223A22303032313830373030313434383239303531222C2262616E6B5F70726F647563745F6964223A6E756C6C2C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226372656469745F64617461223A6E756C6C2C226C6F616E5F64617461223A6E756C6C2C2266756E64735F64617461223A6E756C6C2C2272656365697661626C65735F64617461223A6E756C6C7D2C22636F6C6C65637465645F6174223A22323032362D31312D32365431383A32323A33352E3234363434395A222C22637265617465645F6174223A22323032362D31312D31395430373A31353A32312E3031383834365A222C2276616C75655F64617465223A22323032362D31312D3138222C226163636F756E74696E675F64617465223A22323032362D31312D31385431363A34303A30372E3333345A222C22616D6F756E74223A3638342E392C2262616C616E6365223A31323034342E37312C2263757272656E6379223A224D584E222C226465736372697074696F6E223A22434F52524543544544204259205448452042414E4B222C226F62736572766174696F6E73223A6E756C6C2C226D65726368616E74223A7B226C6F676F223A6E756C6C2C2277656273697465223A2268747470733A2F2F6661726D616369612E6578616D706C652E74657374222C226D65726368616E745F6E616D65223A224661726D616369612064656C2043656E74726F227D2C2263617465676F7279223A22506572736F6E616C2053686F7070696E67222C2273756263617465676F7279223A224865616C7468222C227265666572656E6365223A223535313032222C2274797065223A224F5554464C4F57222C22737461747573223A2250524F434553534544222C226372656469745F636172645F64617461223A6E756C6C7D', 2, 1795717355263572, NULL, '01a21918-56ee-7e74-bfb9-b131b4f01c29', '', X'F07A82B3160A62495A2993F02EE6EAE84E0F984EC67896EE079127399B0471D8', 'belvo 3', '0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69', '', NULL, 10, '', '', '', 'Q0hRLTc3MzAtMDAwNDE', '', '55102', '', '', '', '', 1795717355304160);
INSERT INTO transaction_versions VALUES ('01a21918-5715-786a-b5df-9b529eca62fa', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', '01a21918-56c4-7104-b432-04e21dca0e89', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '-684.9', 'MXN', NULL, '', 'posted', '2026-11-18', 1795020007334000, 'CORRECTED BY THE BANK', 'Personal Shopping', 'Farmacia del Centro', X'7B226964223A2231653636343064662D613363652D343963392D613836662D663339363862363537643038222C22696E7465726E616C5F6964656E74696669636174696F6E223A22513068524C5463334D7A41744D4441774E4445222C226163636F756E74223A7B226964223A2265336237306335352D393164342D346132662D623663382D303766323564316539613833222C226C696E6B223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22696E737469747574696F6E223A7B226E616D65223A22657265626F725F6D785F72657461696C222C2274797065223A2262616E6B227D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D30392D32305431323A30303A30392E3737313230345A222C226C6173745F61636365737365645F6174223A22323032362D31312D31395430373A31353A32342E3930303030305A222C2263617465676F7279223A22434845434B494E475F4143434F554E54222C2262616C616E63655F74797065223A224153534554222C2274797065223A224375656E74617320646520656665637469766F222C226E616D65223A224375656E74612064652063686571756573222C226E756D626572223A2237373330303134343832393035222C2262616C616E6365223A7B2263757272656E74223A31323034342E37312C22617661696C61626C65223A31313839302E327D2C2263757272656E6379223A224D584E222C227075626C69635F6964656E74696669636174696F6E5F6E616D65223A22434C414245222C227075626C69635F6964656E74696669636174696F6E5F76616C7565223A22303032313830373030313434383239303531222C2262616E6B5F70726F647563745F6964223A6E756C6C2C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226372656469745F64617461223A6E756C6C2C226C6F616E5F64617461223A6E756C6C2C2266756E64735F64617461223A6E756C6C2C2272656365697661626C65735F64617461223A6E756C6C7D2C22636F6C6C65637465645F6174223A22323032362D31312D32365431383A32323A33352E3238333437375A222C22637265617465645F6174223A22323032362D31312D32365431383A32323A33352E3238333437395A222C2276616C75655F64617465223A22323032362D31312D3138222C226163636F756E74696E675F64617465223A22323032362D31312D31385431363A34303A30372E3333345A222C22616D6F756E74223A3638342E392C2262616C616E6365223A31323034342E37312C2263757272656E6379223A224D584E222C226465736372697074696F6E223A22434F52524543544544204259205448452042414E4B222C226F62736572766174696F6E73223A6E756C6C2C226D65726368616E74223A7B226C6F676F223A6E756C6C2C2277656273697465223A2268747470733A2F2F6661726D616369612E6578616D706C652E74657374222C226D65726368616E745F6E616D65223A224661726D616369612064656C2043656E74726F227D2C2263617465676F7279223A22506572736F6E616C2053686F7070696E67222C2273756263617465676F7279223A224865616C7468222C227265666572656E6365223A223535313032222C2274797065223A224F5554464C4F57222C22737461747573223A2250524F434553534544222C226372656469745F636172645F64617461223A6E756C6C7D', 1, 1795717355284366, NULL, '01a21918-56f4-7c8e-a129-50b1d205fac1', '', X'7E68AAF253EDF2826823133027153F33CD8A15DCFDDDEFD4BB00AB8079A3DC98', 'belvo 3', '1e6640df-a3ce-49c9-a86f-f3968b657d08', '', NULL, 12, '', '', '', 'Q0hRLTc3MzAtMDAwNDE', '', '55102', '', '', '', '', 1795717355304160);
INSERT INTO transaction_versions VALUES ('01a21918-682a-708d-8acd-574889caf4d2', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', '01a21918-6821-70a8-8198-5b6f68de1b96', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', '-6.33', 'USD', NULL, '', 'posted', '2026-11-05', NULL, 'UBER 072515 SF**POOL**', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', X'7B227472616E73616374696F6E5F6964223A226C504E6A6557316E523643446E356F6B6D4751366845704D6F346C4C4E6F53727A71443037222C226163636F756E745F6964223A22626C677676426C587733637135474D507771423673367134644C4B4239576356714744476F222C22616D6F756E74223A362E33332C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C2C2264617465223A22323032362D31312D3035222C226461746574696D65223A6E756C6C2C22617574686F72697A65645F64617465223A6E756C6C2C22617574686F72697A65645F6461746574696D65223A6E756C6C2C226E616D65223A2255424552203037323531352053462A2A504F4F4C2A2A222C226D65726368616E745F6E616D65223A6E756C6C2C226F726967696E616C5F6465736372697074696F6E223A2255424552203037323531352053462A2A504F4F4C2A2A222C2270656E64696E67223A66616C73652C2270656E64696E675F7472616E73616374696F6E5F6964223A6E756C6C2C227061796D656E745F6368616E6E656C223A226F74686572222C22706572736F6E616C5F66696E616E63655F63617465676F7279223A7B227072696D617279223A2247454E4552414C5F5345525649434553222C2264657461696C6564223A2247454E4552414C5F53455256494345535F4F544845525F47454E4552414C5F5345525649434553227D2C227061796D656E745F6D657461223A7B227061796565223A6E756C6C2C227061796572223A6E756C6C2C2262795F6F726465725F6F66223A6E756C6C2C227265666572656E63655F6E756D626572223A6E756C6C2C22726561736F6E223A6E756C6C7D2C22636865636B5F6E756D626572223A6E756C6C7D', 1, 1795717359657660, NULL, '01a21918-5753-7648-b4a0-36ac9725385d', '', X'F9632BAE8AD8248AAE99A0A84B78489953A4AA240D3DDE5507472286058EA2C0', 'plaid 1', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD07', '', NULL, 18, '', '', '', '', '', '', '', '', '', '', 1795717363942941);
INSERT INTO transaction_versions VALUES ('01a21918-682a-708c-972e-80c638335d34', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', '01a21918-6821-70a8-8198-5b6f68de1b96', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', '-1000', 'USD', NULL, '', 'posted', '2026-11-08', NULL, 'CD DEPOSIT .INITIAL.', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', X'7B227472616E73616374696F6E5F6964223A226C504E6A6557316E523643446E356F6B6D4751366845704D6F346C4C4E6F53727A71443036222C226163636F756E745F6964223A22626C677676426C587733637135474D507771423673367134644C4B4239576356714744476F222C22616D6F756E74223A313030302C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C2C2264617465223A22323032362D31312D3038222C226461746574696D65223A6E756C6C2C22617574686F72697A65645F64617465223A6E756C6C2C22617574686F72697A65645F6461746574696D65223A6E756C6C2C226E616D65223A224344204445504F534954202E494E495449414C2E222C226D65726368616E745F6E616D65223A6E756C6C2C226F726967696E616C5F6465736372697074696F6E223A224344204445504F534954202E494E495449414C2E222C2270656E64696E67223A66616C73652C2270656E64696E675F7472616E73616374696F6E5F6964223A6E756C6C2C227061796D656E745F6368616E6E656C223A226F74686572222C22706572736F6E616C5F66696E616E63655F63617465676F7279223A7B227072696D617279223A2247454E4552414C5F5345525649434553222C2264657461696C6564223A2247454E4552414C5F53455256494345535F4F544845525F47454E4552414C5F5345525649434553227D2C227061796D656E745F6D657461223A7B227061796565223A6E756C6C2C227061796572223A6E756C6C2C2262795F6F726465725F6F66223A6E756C6C2C227265666572656E63655F6E756D626572223A6E756C6C2C22726561736F6E223A6E756C6C7D2C22636865636B5F6E756D626572223A6E756C6C7D', 1, 1795717359657660, NULL, '01a21918-5753-7648-b4a0-36ac9725385d', '', X'0C432DE7F4E7CCEE55585D2352BFD845CA71B8D6F86534B54ACFF60AA8179461', 'plaid 1', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD06', '', NULL, 18, '', '', '', '', '', '', '', '', '', '', 1795717363942941);
INSERT INTO transaction_versions VALUES ('01a21918-682a-707d-82b6-eb5e11a082c3', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', '01a21918-6821-70f7-a3ac-94d4c5c2cee9', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', '-500', 'USD', NULL, '', 'pending', '2026-11-26', NULL, 'UNITED AIRLINES', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', X'7B227472616E73616374696F6E5F6964223A226C504E6A6557316E523643446E356F6B6D4751366845704D6F346C4C4E6F53727A71443030222C226163636F756E745F6964223A2264567A62564D4C6A7278546E4C6A583447363658557035474C6B6C6D346F695A793838794B222C22616D6F756E74223A3530302C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C2C2264617465223A22323032362D31312D3236222C226461746574696D65223A6E756C6C2C22617574686F72697A65645F64617465223A6E756C6C2C22617574686F72697A65645F6461746574696D65223A6E756C6C2C226E616D65223A22554E49544544204149524C494E4553222C226D65726368616E745F6E616D65223A6E756C6C2C226F726967696E616C5F6465736372697074696F6E223A22554E49544544204149524C494E4553222C2270656E64696E67223A747275652C2270656E64696E675F7472616E73616374696F6E5F6964223A6E756C6C2C227061796D656E745F6368616E6E656C223A226F74686572222C22706572736F6E616C5F66696E616E63655F63617465676F7279223A7B227072696D617279223A2247454E4552414C5F5345525649434553222C2264657461696C6564223A2247454E4552414C5F53455256494345535F4F544845525F47454E4552414C5F5345525649434553227D2C227061796D656E745F6D657461223A7B227061796565223A6E756C6C2C227061796572223A6E756C6C2C2262795F6F726465725F6F66223A6E756C6C2C227265666572656E63655F6E756D626572223A6E756C6C2C22726561736F6E223A6E756C6C7D2C22636865636B5F6E756D626572223A6E756C6C7D', 1, 1795717359657660, NULL, '01a21918-5753-7648-b4a0-36ac9725385d', '', X'6629EB05D1ED406742620EE8F645FAC0C4A7D3FB56EE7A7C8C6F0C39374472E8', 'plaid 1', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD00', '', NULL, 18, '', '', '', '', '', '', '', '', '', '', 1795717368239641);
INSERT INTO transactions VALUES ('01a21918-5633-7eac-9b47-cc11ceb748b4', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', '01a21918-562c-78cf-9fe5-89b9191612b9', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'c0ffee00-0000-4000-8000-000000000001', '1500', 'BRL', NULL, '', 'posted', '2026-11-25', 1795619045000000, 'PIX RECEBIDO DE ENSAIO', 'Transfer - PIX', 'Pagador de Ensaio', X'7B226964223A2263306666656530302D303030302D343030302D383030302D303030303030303030303031222C226163636F756E744964223A2231316161323262622D333363632D346434342D386535352D363666663737616138386262222C226465736372697074696F6E223A2250495820524543454249444F20444520454E5341494F222C226465736372697074696F6E526177223A2250495820524543454249444F20444520454E5341494F222C2263757272656E6379436F6465223A2242524C222C22616D6F756E74223A313530302C22616D6F756E74496E4163636F756E7443757272656E6379223A6E756C6C2C2264617465223A22323032362D31312D32355431353A30343A30352E3030305A222C2274797065223A22435245444954222C2262616C616E6365223A343433392E342C22737461747573223A22504F53544544222C2263617465676F7279223A225472616E73666572202D20504958222C2263617465676F72794964223A223035303730303030222C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A224F462D30303031222C227061796D656E7444617461223A7B227061796572223A7B226E616D65223A2250616761646F7220646520456E7361696F222C226272616E63684E756D626572223A2230303031222C226163636F756E744E756D626572223A223132333435222C22726F7574696E674E756D626572223A22393939222C22726F7574696E674E756D62657249535042223A223939393939393939222C22646F63756D656E744E756D626572223A7B2274797065223A22435046222C2276616C7565223A223030302E3030302E3030322D3732227D7D2C227265636569766572223A7B226E616D65223A22546974756C617220646520456E7361696F222C226272616E63684E756D626572223A2230303031222C226163636F756E744E756D626572223A22353433323130222C22726F7574696E674E756D626572223A22393939222C22726F7574696E674E756D62657249535042223A223939393939393939222C22646F63756D656E744E756D626572223A7B2274797065223A22435046222C2276616C7565223A223030302E3030302E3030312D3931227D7D2C22726561736F6E223A22416C756775656C20646520656E7361696F222C227265666572656E63654E756D626572223A6E756C6C2C2272656365697665725265666572656E63654964223A6E756C6C2C2261757468656E7469636174696F6E436F6465223A22454E5341494F30303031222C227061796D656E744D6574686F64223A22504958222C22626F6C65746F4D65746164617461223A6E756C6C7D2C22637265646974436172644D65746164617461223A6E756C6C2C226D65726368616E74223A6E756C6C2C226F7065726174696F6E54797065223A22504958222C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A302C22637265617465644174223A22323032362D31312D32365430393A30323A31312E3030305A222C22757064617465644174223A22323032362D31312D32365430393A30323A31312E3030305A227D', X'B40A059C6C56A0C4B4C7BCA4C6F2C1CAC7ECD141DD8E6BA3D9D20C57DDCEDB9B', 1, 1795717355059304, 1795717355059304, NULL, 2, X'5CD157F411FA2FD47D9F9DA3F5784726', '01a21918-561b-7b85-9f93-d8f9fee0068e', '', X'B6C53C9C6648325C24BF5DE34A2F233162E8F5CB4A93126DF0F4C9CA289B0985', 'pluggy 3', '', NULL, NULL, '', '', '', 'OF-0001', 'ENSAIO0001', '', '', '', '', 'CPF 00000000272');
INSERT INTO transactions VALUES ('01a21918-5633-7eb2-93a6-2f01ab7efdb9', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', '01a21918-562c-78cf-9fe5-89b9191612b9', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'c0ffee00-0000-4000-8000-000000000002', '-212.45', 'BRL', NULL, '', 'posted', '2026-11-25', NULL, 'BOLETO DE ENERGIA', 'Electricity', '', X'7B226964223A2263306666656530302D303030302D343030302D383030302D303030303030303030303032222C226163636F756E744964223A2231316161323262622D333363632D346434342D386535352D363666663737616138386262222C226465736372697074696F6E223A22424F4C45544F20444520454E4552474941222C226465736372697074696F6E526177223A22424F4C45544F20444520454E4552474941222C2263757272656E6379436F6465223A2242524C222C22616D6F756E74223A2D3231322E34352C22616D6F756E74496E4163636F756E7443757272656E6379223A6E756C6C2C2264617465223A22323032362D31312D32355430333A30303A30302E3030305A222C2274797065223A224445424954222C2262616C616E6365223A323933392E342C22737461747573223A22504F53544544222C2263617465676F7279223A22456C656374726963697479222C2263617465676F72794964223A223137303230303030222C2270726F7669646572436F6465223A22303030313233222C2270726F76696465724964223A224F462D30303032222C227061796D656E7444617461223A7B227061796572223A6E756C6C2C227265636569766572223A6E756C6C2C22726561736F6E223A6E756C6C2C227265666572656E63654E756D626572223A6E756C6C2C2272656365697665725265666572656E63654964223A6E756C6C2C2261757468656E7469636174696F6E436F6465223A6E756C6C2C227061796D656E744D6574686F64223A22424F4C45544F222C22626F6C65746F4D65746164617461223A7B22646967697461626C654C696E65223A223030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030222C22626172636F6465223A6E756C6C2C2262617365416D6F756E74223A3231302C2270656E616C7479416D6F756E74223A322C22696E746572657374416D6F756E74223A302E34352C22646973636F756E74416D6F756E74223A6E756C6C7D7D2C22637265646974436172644D65746164617461223A6E756C6C2C226D65726368616E74223A6E756C6C2C226F7065726174696F6E54797065223A22424F4C45544F222C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A312C22637265617465644174223A22323032362D31312D32365430393A30323A31312E3030305A222C22757064617465644174223A22323032362D31312D32365430393A30323A31312E3030305A227D', X'DE7BC02B0BE5A07A6142DCD899F805DC0E026F5DCA675D7C852387E8D8411D65', 1, 1795717355059304, 1795717355059304, NULL, 2, X'9433153DD8737FDB257302F389DFBE13', '01a21918-561b-7b85-9f93-d8f9fee0068e', '', X'26F188A1E0497D5325DE4FFB022B224418154BBF74E45B1E94124308C87FD987', 'pluggy 3', '', NULL, NULL, '', '', '', 'OF-0002', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-5633-7eb3-9e56-5fcfa122a930', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', '01a21918-562c-78cf-9fe5-89b9191612b9', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'c0ffee00-0000-4000-8000-000000000003', '-0.1', 'BRL', NULL, '', 'posted', '2026-11-24', NULL, 'TARIFA DE PACOTE', '', '', X'7B226964223A2263306666656530302D303030302D343030302D383030302D303030303030303030303033222C226163636F756E744964223A2231316161323262622D333363632D346434342D386535352D363666663737616138386262222C226465736372697074696F6E223A22544152494641204445205041434F5445222C226465736372697074696F6E526177223A22544152494641204445205041434F5445222C2263757272656E6379436F6465223A2242524C222C22616D6F756E74223A2D302E312C22616D6F756E74496E4163636F756E7443757272656E6379223A6E756C6C2C2264617465223A22323032362D31312D32345430333A30303A30302E3030305A222C2274797065223A224445424954222C2262616C616E6365223A6E756C6C2C22737461747573223A22504F53544544222C2263617465676F7279223A6E756C6C2C2263617465676F72794964223A6E756C6C2C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A6E756C6C2C227061796D656E7444617461223A6E756C6C2C22637265646974436172644D65746164617461223A6E756C6C2C226D65726368616E74223A6E756C6C2C226F7065726174696F6E54797065223A6E756C6C2C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A302C22637265617465644174223A22323032362D31312D32365430393A30323A31312E3030305A222C22757064617465644174223A22323032362D31312D32365430393A30323A31312E3030305A227D', X'24D3207388768E310FDA376D6B3759924192B6E52960A03A57E884A043EBE4F3', 1, 1795717355059304, 1795717355059304, NULL, 2, X'0383798F7BEA84CD7360FD4E5E9F39D7', '01a21918-561b-7b85-9f93-d8f9fee0068e', '', X'0624514B8C1AEB483821254EA2A2B84FC12127B6ADD6B56AD30F748B384D9181', 'pluggy 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-5633-7eb5-839c-2062e9abca86', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', '01a21918-562c-78cf-9fe5-89b9191612b9', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'c0ffee00-0000-4000-8000-000000000004', '-0.1', 'BRL', NULL, '', 'posted', '2026-11-24', NULL, 'TARIFA DE PACOTE', '', '', X'7B226964223A2263306666656530302D303030302D343030302D383030302D303030303030303030303034222C226163636F756E744964223A2231316161323262622D333363632D346434342D386535352D363666663737616138386262222C226465736372697074696F6E223A22544152494641204445205041434F5445222C226465736372697074696F6E526177223A22544152494641204445205041434F5445222C2263757272656E6379436F6465223A2242524C222C22616D6F756E74223A2D302E312C22616D6F756E74496E4163636F756E7443757272656E6379223A6E756C6C2C2264617465223A22323032362D31312D32345430333A30303A30302E3030305A222C2274797065223A224445424954222C2262616C616E6365223A6E756C6C2C22737461747573223A22504F53544544222C2263617465676F7279223A6E756C6C2C2263617465676F72794964223A6E756C6C2C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A6E756C6C2C227061796D656E7444617461223A6E756C6C2C22637265646974436172644D65746164617461223A6E756C6C2C226D65726368616E74223A6E756C6C2C226F7065726174696F6E54797065223A6E756C6C2C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A312C22637265617465644174223A22323032362D31312D32365430393A30323A31312E3030305A222C22757064617465644174223A22323032362D31312D32365430393A30323A31312E3030305A227D', X'24D3207388768E310FDA376D6B3759924192B6E52960A03A57E884A043EBE4F3', 1, 1795717355059304, 1795717355059304, NULL, 2, X'BBEC266BD49EE2686793F84627930312', '01a21918-561b-7b85-9f93-d8f9fee0068e', '', X'A4E619EF8F21B253F0F58666DB35BCCE35F3FB00DCB7B3FD613E731C799C3E0E', 'pluggy 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-5633-7eb6-96a1-234870277171', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', '01a21918-562c-78cf-9fe5-89b9191612b9', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'c0ffee00-0000-4000-8000-000000000005', '-19.99', 'BRL', NULL, '', 'posted', '2026-11-23', 1795483800000000, 'TRANSFERENCIA NOTURNA', '', '', X'7B226964223A2263306666656530302D303030302D343030302D383030302D303030303030303030303035222C226163636F756E744964223A2231316161323262622D333363632D346434342D386535352D363666663737616138386262222C226465736372697074696F6E223A225452414E53464552454E434941204E4F5455524E41222C226465736372697074696F6E526177223A225452414E53464552454E434941204E4F5455524E41222C2263757272656E6379436F6465223A2242524C222C22616D6F756E74223A2D31392E39392C22616D6F756E74496E4163636F756E7443757272656E6379223A6E756C6C2C2264617465223A22323032362D31312D32345430313A33303A30302E3030305A222C2274797065223A224445424954222C2262616C616E6365223A6E756C6C2C22737461747573223A22504F53544544222C2263617465676F7279223A6E756C6C2C2263617465676F72794964223A6E756C6C2C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A6E756C6C2C227061796D656E7444617461223A6E756C6C2C22637265646974436172644D65746164617461223A6E756C6C2C226D65726368616E74223A6E756C6C2C226F7065726174696F6E54797065223A6E756C6C2C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A302C22637265617465644174223A22323032362D31312D32365430393A30323A31312E3030305A222C22757064617465644174223A22323032362D31312D32365430393A30323A31312E3030305A227D', X'5584BCB8F62E99CF187DFB5A88BB135A08E9BDA9BE0F420810CE4A5D7999E355', 1, 1795717355059304, 1795717355059304, NULL, 2, X'8EAD08C44582BEB41E4CEF4F685FC188', '01a21918-561b-7b85-9f93-d8f9fee0068e', '', X'AF852C5C47C7BFBAA7E761EC96C81718BEC16C5C5C074983F1718B1E68A34BF6', 'pluggy 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-5638-7c8b-8a79-b66a2985b17a', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', '01a21918-562c-795e-8407-ab341c9d94d8', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', 'fbe29d84-cfbf-4971-b9b1-1ae0441b6a1f', '-160.1', 'BRL', NULL, '', 'posted', '2026-12-23', NULL, 'LOJA DE ENSAIO PARC 02/10', '', '', X'7B226964223A2266626532396438342D636662662D343937312D623962312D316165303434316236613166222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C226465736372697074696F6E223A224C4F4A4120444520454E5341494F20504152432030322F3130222C226465736372697074696F6E526177223A224C4F4A4120444520454E5341494F20504152432030322F3130222C2263757272656E6379436F6465223A2242524C222C22616D6F756E74223A3136302E312C22616D6F756E74496E4163636F756E7443757272656E6379223A6E756C6C2C2264617465223A22323032362D31322D32335430333A30303A30302E3030305A222C2274797065223A224445424954222C2262616C616E6365223A6E756C6C2C22737461747573223A22504F53544544222C2263617465676F7279223A6E756C6C2C2263617465676F72794964223A6E756C6C2C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A6E756C6C2C227061796D656E7444617461223A6E756C6C2C22637265646974436172644D65746164617461223A7B22696E7374616C6C6D656E744E756D626572223A322C22746F74616C496E7374616C6C6D656E7473223A31302C22746F74616C416D6F756E74223A313630312E302C22707572636861736544617465223A22323032362D31312D31365430333A30303A30302E3030305A222C2270617965654D4343223A353331312C22636172644E756D626572223A2238363730222C2262696C6C466F72656361737444617465223A22323032372D3031227D2C226D65726368616E74223A6E756C6C2C226F7065726174696F6E54797065223A6E756C6C2C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A302C22637265617465644174223A22323032362D31312D32365431383A32323A33352E3131345A222C22757064617465644174223A22323032362D31312D32365431383A32323A33352E3131345A227D', X'6898F7F25D3A7BB7367FF52CAB5CA0FDDC079F4325239B98D1B070C2068DA7A5', 3, 1795717355064156, 1795717355157430, NULL, 7, X'0844DFE8C6EB50B2562960339CDF39FF', '01a21918-5671-7d3f-85dd-ae14d9b1af8a', '', X'F5F1B2AAC03418064238FEB09438E4CBB2D5CF20879011E9B8913C99DC2D6052', 'pluggy 3', '[{"externalId":"c0ffee00-0000-4000-8000-000000000011","at":"2026-11-26T18:22:35.15743Z","rule":"same_description","version":2,"younger":"01a21918-5689-78fd-b68c-87ea9e3fbbdd"}]', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-5638-7c97-b470-328de2588916', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', '01a21918-562c-795e-8407-ab341c9d94d8', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', 'c0ffee00-0000-4000-8000-000000000010', '-58', 'USD', '-298.19', 'BRL', 'posted', '2026-11-23', NULL, 'ASSINATURA NO EXTERIOR', 'Video streaming', 'Ensaio Video', X'7B226964223A2263306666656530302D303030302D343030302D383030302D303030303030303030303130222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C226465736372697074696F6E223A22415353494E4154555241204E4F204558544552494F52222C226465736372697074696F6E526177223A22415353494E4154555241204E4F204558544552494F52222C2263757272656E6379436F6465223A22555344222C22616D6F756E74223A35382C22616D6F756E74496E4163636F756E7443757272656E6379223A3239382E31392C2264617465223A22323032362D31312D32335430333A30303A30302E3030305A222C2274797065223A224445424954222C2262616C616E6365223A6E756C6C2C22737461747573223A22504F53544544222C2263617465676F7279223A22566964656F2073747265616D696E67222C2263617465676F72794964223A223039303030303030222C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A6E756C6C2C227061796D656E7444617461223A6E756C6C2C22637265646974436172644D65746164617461223A7B22707572636861736544617465223A22323032362D31312D31355432313A31303A30302E3030305A222C2270617965654D4343223A343839392C22636172644E756D626572223A2238363730222C2262696C6C466F72656361737444617465223A22323032362D3132227D2C226D65726368616E74223A7B226E616D65223A22456E7361696F20566964656F222C22627573696E6573734E616D65223A22454E5341494F20564944454F204C544441222C22636E706A223A223030303030303030303030313931222C22636E6165223A2235393131313030222C2263617465676F7279223A22566964656F2073747265616D696E67227D2C226F7065726174696F6E54797065223A6E756C6C2C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A302C22637265617465644174223A22323032362D31312D32365430393A30323A31312E3030305A222C22757064617465644174223A22323032362D31312D32365430393A30323A31312E3030305A227D', X'19565887A8E39C2A5B5A131E7E219C0F3BE2C837867127797E5808281027876A', 2, 1795717355064156, 1795717355093625, 1795717355093625, 4, X'17FB9341C00D43867AA1E5D45B77645D', '01a21918-564a-771e-bcfe-07113ebbc9c8', '', X'478D60F20CADCFCF3AF61E54D0F71071DA53E098751E70F7C0FEC7A4BBC329F0', 'pluggy 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', 'CNPJ 00000000000191');
INSERT INTO transactions VALUES ('01a21918-5638-7c98-98b3-d6eb3a3cc4c3', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', '01a21918-562c-795e-8407-ab341c9d94d8', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', 'c0ffee00-0000-4000-8000-000000000012', '900', 'BRL', NULL, '', 'posted', '2026-11-12', NULL, 'PAGAMENTO DA FATURA', '', '', X'7B226964223A2263306666656530302D303030302D343030302D383030302D303030303030303030303132222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C226465736372697074696F6E223A22504147414D454E544F20444120464154555241222C226465736372697074696F6E526177223A22504147414D454E544F20444120464154555241222C2263757272656E6379436F6465223A2242524C222C22616D6F756E74223A2D3930302E302C22616D6F756E74496E4163636F756E7443757272656E6379223A6E756C6C2C2264617465223A22323032362D31312D31325430333A30303A30302E3030305A222C2274797065223A22435245444954222C2262616C616E6365223A6E756C6C2C22737461747573223A22504F53544544222C2263617465676F7279223A6E756C6C2C2263617465676F72794964223A6E756C6C2C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A6E756C6C2C227061796D656E7444617461223A6E756C6C2C22637265646974436172644D65746164617461223A7B22636172644E756D626572223A2238363730222C2262696C6C4964223A2233336363343464642D353565652D346636362D386137372D383862623939636364646565227D2C226D65726368616E74223A6E756C6C2C226F7065726174696F6E54797065223A6E756C6C2C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A302C22637265617465644174223A22323032362D31312D32365430393A30323A31312E3030305A222C22757064617465644174223A22323032362D31312D32365430393A30323A31312E3030305A227D', X'029D7A369B0BCB2713DC44F8B10E6399810E03C8C9576D88AD8320135092B513', 1, 1795717355064156, 1795717355064156, NULL, 3, X'FB40C6A162A49023E8FC582EC7CA28D8', '01a21918-561b-7b85-9f93-d8f9fee0068e', '', X'89F5D8CB9E599CBB5DCDB14A0E9103036B8ED10437E63562B8861736DD62180B', 'pluggy 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-5689-78fd-b68c-87ea9e3fbbdd', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', '01a21918-562c-795e-8407-ab341c9d94d8', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', 'fbe29d84-cfbf-4971-b9b1-1ae0441b6a1f01a21918-5689-78fd-b68c-87ea9e3fbbdd', '-160.1', 'BRL', NULL, '', 'posted', '2026-12-23', NULL, 'LOJA DE ENSAIO PARC 02/10', '', '', X'7B226964223A2266626532396438342D636662662D343937312D623962312D316165303434316236613166222C226163636F756E744964223A2232326262333363632D343464642D346535352D396636362D373761613838626239396363222C226465736372697074696F6E223A224C4F4A4120444520454E5341494F20504152432030322F3130222C226465736372697074696F6E526177223A224C4F4A4120444520454E5341494F20504152432030322F3130222C2263757272656E6379436F6465223A2242524C222C22616D6F756E74223A3136302E312C22616D6F756E74496E4163636F756E7443757272656E6379223A6E756C6C2C2264617465223A22323032362D31322D32335430333A30303A30302E3030305A222C2274797065223A224445424954222C2262616C616E6365223A6E756C6C2C22737461747573223A22504F53544544222C2263617465676F7279223A6E756C6C2C2263617465676F72794964223A6E756C6C2C2270726F7669646572436F6465223A6E756C6C2C2270726F76696465724964223A6E756C6C2C227061796D656E7444617461223A6E756C6C2C22637265646974436172644D65746164617461223A7B22696E7374616C6C6D656E744E756D626572223A322C22746F74616C496E7374616C6C6D656E7473223A31302C22746F74616C416D6F756E74223A313630312E302C22707572636861736544617465223A22323032362D31312D31365430333A30303A30302E3030305A222C2270617965654D4343223A353331312C22636172644E756D626572223A2238363730222C2262696C6C466F72656361737444617465223A22323032372D3031227D2C226D65726368616E74223A6E756C6C2C226F7065726174696F6E54797065223A6E756C6C2C226F7065726174696F6E547970654164646974696F6E616C496E666F223A6E756C6C2C226F72646572223A302C22637265617465644174223A22323032362D31312D32365431383A32323A33352E3131345A222C22757064617465644174223A22323032362D31312D32365431383A32323A33352E3131345A227D', X'6898F7F25D3A7BB7367FF52CAB5CA0FDDC079F4325239B98D1B070C2068DA7A5', 2, 1795717355143910, 1795717355157430, 1795717355157430, 7, X'0844DFE8C6EB50B2562960339CDF39FF', '01a21918-5671-7d3f-85dd-ae14d9b1af8a', '', X'F5F1B2AAC03418064238FEB09438E4CBB2D5CF20879011E9B8913C99DC2D6052', 'pluggy 3', '', '01a21918-5638-7c8b-8a79-b66a2985b17a', NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-56c8-7c94-87e8-d2d0c530c6e2', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', '01a21918-56c4-7104-b432-04e21dca0e89', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '1e6640df-a3ce-49c9-a86f-f3968b657d08', '-684.9', 'MXN', NULL, '', 'posted', '2026-11-18', 1795020007334000, 'CORRECTED BY THE BANK', 'Personal Shopping', 'Farmacia del Centro', X'7B226964223A2231653636343064662D613363652D343963392D613836662D663339363862363537643038222C22696E7465726E616C5F6964656E74696669636174696F6E223A22513068524C5463334D7A41744D4441774E4445222C226163636F756E74223A7B226964223A2265336237306335352D393164342D346132662D623663382D303766323564316539613833222C226C696E6B223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22696E737469747574696F6E223A7B226E616D65223A22657265626F725F6D785F72657461696C222C2274797065223A2262616E6B227D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D30392D32305431323A30303A30392E3737313230345A222C226C6173745F61636365737365645F6174223A22323032362D31312D31395430373A31353A32342E3930303030305A222C2263617465676F7279223A22434845434B494E475F4143434F554E54222C2262616C616E63655F74797065223A224153534554222C2274797065223A224375656E74617320646520656665637469766F222C226E616D65223A224375656E74612064652063686571756573222C226E756D626572223A2237373330303134343832393035222C2262616C616E6365223A7B2263757272656E74223A31323034342E37312C22617661696C61626C65223A31313839302E327D2C2263757272656E6379223A224D584E222C227075626C69635F6964656E74696669636174696F6E5F6E616D65223A22434C414245222C227075626C69635F6964656E74696669636174696F6E5F76616C7565223A22303032313830373030313434383239303531222C2262616E6B5F70726F647563745F6964223A6E756C6C2C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226372656469745F64617461223A6E756C6C2C226C6F616E5F64617461223A6E756C6C2C2266756E64735F64617461223A6E756C6C2C2272656365697661626C65735F64617461223A6E756C6C7D2C22636F6C6C65637465645F6174223A22323032362D31312D32365431383A32323A33352E3238333437375A222C22637265617465645F6174223A22323032362D31312D32365431383A32323A33352E3238333437395A222C2276616C75655F64617465223A22323032362D31312D3138222C226163636F756E74696E675F64617465223A22323032362D31312D31385431363A34303A30372E3333345A222C22616D6F756E74223A3638342E392C2262616C616E6365223A31323034342E37312C2263757272656E6379223A224D584E222C226465736372697074696F6E223A22434F52524543544544204259205448452042414E4B222C226F62736572766174696F6E73223A6E756C6C2C226D65726368616E74223A7B226C6F676F223A6E756C6C2C2277656273697465223A2268747470733A2F2F6661726D616369612E6578616D706C652E74657374222C226D65726368616E745F6E616D65223A224661726D616369612064656C2043656E74726F227D2C2263617465676F7279223A22506572736F6E616C2053686F7070696E67222C2273756263617465676F7279223A224865616C7468222C227265666572656E6365223A223535313032222C2274797065223A224F5554464C4F57222C22737461747573223A2250524F434553534544222C226372656469745F636172645F64617461223A6E756C6C7D', X'D8C461F33E647A38466EF87A1C66192A24A77A27C75095B3BA3601DEA6F22B34', 3, 1795717355208166, 1795717355304160, NULL, 13, X'EE927797B6DB9CD765572B9232B317E3', '01a21918-5716-7398-a702-e865b42d8263', '', X'7E68AAF253EDF2826823133027153F33CD8A15DCFDDDEFD4BB00AB8079A3DC98', 'belvo 3', '[{"externalId":"0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69","at":"2026-11-26T18:22:35.30416Z","rule":"institution_key","version":2,"younger":"01a21918-5715-786a-b5df-9b529eca62fa"}]', NULL, NULL, '', '', '', 'Q0hRLTc3MzAtMDAwNDE', '', '55102', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-56c8-7ca3-9cd2-5d2c0366a145', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', '01a21918-56c4-7104-b432-04e21dca0e89', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '2d94f7a3-b80c-4e16-95d2-f1c06a7e3b48', '21750', 'MXN', NULL, '', 'posted', '2026-11-16', 1794834344000000, 'NOMINA SEGUNDA QUINCENA', 'Income & Payments', '', X'7B226964223A2232643934663761332D623830632D346531362D393564322D663163303661376533623438222C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226163636F756E74223A7B226964223A2265336237306335352D393164342D346132662D623663382D303766323564316539613833222C226C696E6B223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22696E737469747574696F6E223A7B226E616D65223A22657265626F725F6D785F72657461696C222C2274797065223A2262616E6B227D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D30392D32305431323A30303A30392E3737313230345A222C226C6173745F61636365737365645F6174223A22323032362D31312D31395430373A31353A32342E3930303030305A222C2263617465676F7279223A22434845434B494E475F4143434F554E54222C2262616C616E63655F74797065223A224153534554222C2274797065223A224375656E74617320646520656665637469766F222C226E616D65223A224375656E74612064652063686571756573222C226E756D626572223A2237373330303134343832393035222C2262616C616E6365223A7B2263757272656E74223A31323034342E37312C22617661696C61626C65223A31313839302E327D2C2263757272656E6379223A224D584E222C227075626C69635F6964656E74696669636174696F6E5F6E616D65223A22434C414245222C227075626C69635F6964656E74696669636174696F6E5F76616C7565223A22303032313830373030313434383239303531222C2262616E6B5F70726F647563745F6964223A6E756C6C2C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226372656469745F64617461223A6E756C6C2C226C6F616E5F64617461223A6E756C6C2C2266756E64735F64617461223A6E756C6C2C2272656365697661626C65735F64617461223A6E756C6C7D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D31312D31395430373A31353A32312E3031383834365A222C2276616C75655F64617465223A22323032362D31312D3136222C226163636F756E74696E675F64617465223A22323032362D31312D31365431333A30353A34345A222C22616D6F756E74223A32313735302E302C2262616C616E6365223A31323732392E36312C2263757272656E6379223A224D584E222C226465736372697074696F6E223A224E4F4D494E4120534547554E4441205155494E43454E41222C226F62736572766174696F6E73223A6E756C6C2C226D65726368616E74223A6E756C6C2C2263617465676F7279223A22496E636F6D65205C7530303236205061796D656E7473222C2273756263617465676F7279223A2253616C617279222C227265666572656E6365223A6E756C6C2C2274797065223A22494E464C4F57222C22737461747573223A2250524F434553534544222C226372656469745F636172645F64617461223A6E756C6C7D', X'DAB888F801FB491AC6E20AB7A2303F50E76D50458595A3DB7195CE9399096905', 2, 1795717355208166, 1795717355274233, 1795717355274233, 11, X'5847899EAFBAD2824FA3C7B369999A24', '01a21918-56f4-7c8e-a129-50b1d205fac1', '', X'9DCFE744CA4ED3E439AB5EDA57D9A48ECE5F0B5363A5A0BF7B801475C6C1E694', 'belvo 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-56c8-7ca4-ba1c-6b2ba453060b', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', '01a21918-56c4-705e-ab6a-a05a3fc3abce', '58c2d6f1-0e4b-4973-a5d9-b31f7e86c204', '47c1e05b-d3a8-4f92-8b67-3e9d50f2a1c6', '-249', 'MXN', NULL, '', 'pending', '2026-11-19', NULL, 'SUSCRIPCION MUSICA', '', '', X'7B226964223A2234376331653035622D643361382D346639322D386236372D336539643530663261316336222C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226163636F756E74223A7B226964223A2235386332643666312D306534622D343937332D613564392D623331663765383663323034222C226C696E6B223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22696E737469747574696F6E223A7B226E616D65223A22657265626F725F6D785F72657461696C222C2274797065223A2262616E6B227D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D30392D32305431323A30303A30392E3737313230345A222C226C6173745F61636365737365645F6174223A22323032362D31312D31395430373A31353A32342E3930303030305A222C2263617465676F7279223A224352454449545F43415244222C2262616C616E63655F74797065223A224C494142494C495459222C2274797065223A225461726A657461206465206372656469746F222C226E616D65223A225461726A65746120506C6174696E6F222C226E756D626572223A2234313532333130303939303138383733222C2262616C616E6365223A7B2263757272656E74223A313833302E302C22617661696C61626C65223A32383137302E307D2C2263757272656E6379223A224D584E222C227075626C69635F6964656E74696669636174696F6E5F6E616D65223A6E756C6C2C227075626C69635F6964656E74696669636174696F6E5F76616C7565223A6E756C6C2C2262616E6B5F70726F647563745F6964223A6E756C6C2C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226372656469745F64617461223A7B22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C226372656469745F6C696D6974223A33303030302E302C2263757474696E675F64617465223A22323032362D31322D3031222C226E6578745F7061796D656E745F64617465223A22323032362D31322D3139222C226D696E696D756D5F7061796D656E74223A3138332E302C226E6F5F696E7465726573745F7061796D656E74223A313833302E302C22696E7465726573745F72617465223A33382E352C22656E645F64617465223A6E756C6C2C226D6F6E74686C795F7061796D656E74223A6E756C6C2C226C6173745F7061796D656E745F64617465223A6E756C6C7D2C226C6F616E5F64617461223A6E756C6C2C2266756E64735F64617461223A6E756C6C2C2272656365697661626C65735F64617461223A6E756C6C7D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D31312D31395430373A31353A32312E3031383834365A222C2276616C75655F64617465223A22323032362D31312D3139222C226163636F756E74696E675F64617465223A6E756C6C2C22616D6F756E74223A3234392E302C2262616C616E6365223A6E756C6C2C2263757272656E6379223A224D584E222C226465736372697074696F6E223A225355534352495043494F4E204D5553494341222C226F62736572766174696F6E73223A6E756C6C2C226D65726368616E74223A6E756C6C2C2263617465676F7279223A6E756C6C2C2273756263617465676F7279223A6E756C6C2C227265666572656E6365223A6E756C6C2C2274797065223A224F5554464C4F57222C22737461747573223A2250454E44494E47222C226372656469745F636172645F64617461223A7B22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C2262696C6C5F6E616D65223A2261637475616C222C2262696C6C5F737461747573223A224F50454E222C2262696C6C5F616D6F756E74223A313833302E302C2270726576696F75735F62696C6C5F746F74616C223A22343132302E3735227D7D', X'C6FDD75F79DC80B7484807434449A472985AFC26BB67004C2C1CBFE009697F2C', 1, 1795717355208166, 1795717355208166, NULL, 9, X'774B16FDB8A6278B0E855F5D0D2690B7', '01a21918-56b7-7af6-9c42-71dd6fd917d9', '', X'7F0B49D964089634BF7DCF4CD6C5B7D589ABB4CCD77B8BD35F1B017BA49E4270', 'belvo 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-56c8-7ca5-9317-9387187a7780', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', '01a21918-56c4-7104-b432-04e21dca0e89', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '63fa28d9-1c75-4b0e-a9f3-d84e6b2c7015', '75.5', 'MXN', NULL, '', 'posted', '2026-11-16', NULL, 'COMISION POR AJUSTE', '', '', X'7B226964223A2236336661323864392D316337352D346230652D613966332D643834653662326337303135222C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226163636F756E74223A7B226964223A2265336237306335352D393164342D346132662D623663382D303766323564316539613833222C226C696E6B223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22696E737469747574696F6E223A7B226E616D65223A22657265626F725F6D785F72657461696C222C2274797065223A2262616E6B227D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D30392D32305431323A30303A30392E3737313230345A222C226C6173745F61636365737365645F6174223A22323032362D31312D31395430373A31353A32342E3930303030305A222C2263617465676F7279223A22434845434B494E475F4143434F554E54222C2262616C616E63655F74797065223A224153534554222C2274797065223A224375656E74617320646520656665637469766F222C226E616D65223A224375656E74612064652063686571756573222C226E756D626572223A2237373330303134343832393035222C2262616C616E6365223A7B2263757272656E74223A31323034342E37312C22617661696C61626C65223A31313839302E327D2C2263757272656E6379223A224D584E222C227075626C69635F6964656E74696669636174696F6E5F6E616D65223A22434C414245222C227075626C69635F6964656E74696669636174696F6E5F76616C7565223A22303032313830373030313434383239303531222C2262616E6B5F70726F647563745F6964223A6E756C6C2C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226372656469745F64617461223A6E756C6C2C226C6F616E5F64617461223A6E756C6C2C2266756E64735F64617461223A6E756C6C2C2272656365697661626C65735F64617461223A6E756C6C7D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333342B30303A3030222C22637265617465645F6174223A22323032362D31312D31395430373A31353A32312E3031383834365A222C2276616C75655F64617465223A22323032362D31312D3136222C226163636F756E74696E675F64617465223A22323032362D31312D3136222C22616D6F756E74223A37352E352C2262616C616E6365223A6E756C6C2C2263757272656E6379223A224D584E222C226465736372697074696F6E223A22434F4D4953494F4E20504F5220414A55535445222C226F62736572766174696F6E73223A6E756C6C2C226D65726368616E74223A6E756C6C2C2263617465676F7279223A6E756C6C2C2273756263617465676F7279223A6E756C6C2C227265666572656E6365223A6E756C6C2C2274797065223A6E756C6C2C22737461747573223A22554E43415445474F52495A4544222C226372656469745F636172645F64617461223A6E756C6C7D', X'44AA82A0F3902B9A4E70491207F697C3AA9731761038F2A080DB81474679F974', 1, 1795717355208166, 1795717355208166, NULL, 9, X'B2FE271EB85F7D19576880E06FC103FB', '01a21918-56b7-7af6-9c42-71dd6fd917d9', '', X'26DEC970CE4233AC2C1F1190C595135A45C88B3B266361ECC03FDF3608B3119E', 'belvo 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-56c8-7ca6-817a-54c5eea6df45', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', NULL, '', '7e60b3c4-95d1-4a8f-b27e-0f5c9a1d6e83', '-75.5', 'MXN', NULL, '', 'posted', '2026-11-16', 1794834344512000, 'RETIRO CAJERO', '', '', X'7B226964223A2237653630623363342D393564312D346138662D623237652D306635633961316436653833222C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226163636F756E74223A6E756C6C2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D31312D31395430373A31353A32312E303138382B30303A3030222C2276616C75655F64617465223A22323032362D31312D3136222C226163636F756E74696E675F64617465223A22323032362D31312D31365431333A30353A34342E3531325A222C22616D6F756E74223A37352E352C2262616C616E6365223A6E756C6C2C2263757272656E6379223A6E756C6C2C226465736372697074696F6E223A2252455449524F2043414A45524F222C226F62736572766174696F6E73223A6E756C6C2C226D65726368616E74223A6E756C6C2C2263617465676F7279223A6E756C6C2C2273756263617465676F7279223A6E756C6C2C227265666572656E6365223A6E756C6C2C2274797065223A224F5554464C4F57222C22737461747573223A6E756C6C2C226372656469745F636172645F64617461223A6E756C6C7D', X'AF9E5918C37911BC762E5AD9C57BB927E4011A76A3CC92ABAEC87C9AD678C8F2', 1, 1795717355208166, 1795717355208166, NULL, 9, X'B0AEBF728A00A1BDEEBF1E8AD8129BDE', '01a21918-56b7-7af6-9c42-71dd6fd917d9', '', X'2A8E6531C819425DCB2471B3F0422781D6352B4569BB97CAB28211AA8FA82775', 'belvo 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-5715-786a-b5df-9b529eca62fa', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', '01a21918-56c4-7104-b432-04e21dca0e89', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '1e6640df-a3ce-49c9-a86f-f3968b657d0801a21918-5715-786a-b5df-9b529eca62fa', '-684.9', 'MXN', NULL, '', 'posted', '2026-11-18', 1795020007334000, 'CORRECTED BY THE BANK', 'Personal Shopping', 'Farmacia del Centro', X'7B226964223A2231653636343064662D613363652D343963392D613836662D663339363862363537643038222C22696E7465726E616C5F6964656E74696669636174696F6E223A22513068524C5463334D7A41744D4441774E4445222C226163636F756E74223A7B226964223A2265336237306335352D393164342D346132662D623663382D303766323564316539613833222C226C696E6B223A2236643161396333342D323062372D346635652D386336312D393365376135643430623132222C22696E737469747574696F6E223A7B226E616D65223A22657265626F725F6D785F72657461696C222C2274797065223A2262616E6B227D2C22636F6C6C65637465645F6174223A22323032362D31312D31395430373A31353A32302E3333343531325A222C22637265617465645F6174223A22323032362D30392D32305431323A30303A30392E3737313230345A222C226C6173745F61636365737365645F6174223A22323032362D31312D31395430373A31353A32342E3930303030305A222C2263617465676F7279223A22434845434B494E475F4143434F554E54222C2262616C616E63655F74797065223A224153534554222C2274797065223A224375656E74617320646520656665637469766F222C226E616D65223A224375656E74612064652063686571756573222C226E756D626572223A2237373330303134343832393035222C2262616C616E6365223A7B2263757272656E74223A31323034342E37312C22617661696C61626C65223A31313839302E327D2C2263757272656E6379223A224D584E222C227075626C69635F6964656E74696669636174696F6E5F6E616D65223A22434C414245222C227075626C69635F6964656E74696669636174696F6E5F76616C7565223A22303032313830373030313434383239303531222C2262616E6B5F70726F647563745F6964223A6E756C6C2C22696E7465726E616C5F6964656E74696669636174696F6E223A6E756C6C2C226372656469745F64617461223A6E756C6C2C226C6F616E5F64617461223A6E756C6C2C2266756E64735F64617461223A6E756C6C2C2272656365697661626C65735F64617461223A6E756C6C7D2C22636F6C6C65637465645F6174223A22323032362D31312D32365431383A32323A33352E3238333437375A222C22637265617465645F6174223A22323032362D31312D32365431383A32323A33352E3238333437395A222C2276616C75655F64617465223A22323032362D31312D3138222C226163636F756E74696E675F64617465223A22323032362D31312D31385431363A34303A30372E3333345A222C22616D6F756E74223A3638342E392C2262616C616E6365223A31323034342E37312C2263757272656E6379223A224D584E222C226465736372697074696F6E223A22434F52524543544544204259205448452042414E4B222C226F62736572766174696F6E73223A6E756C6C2C226D65726368616E74223A7B226C6F676F223A6E756C6C2C2277656273697465223A2268747470733A2F2F6661726D616369612E6578616D706C652E74657374222C226D65726368616E745F6E616D65223A224661726D616369612064656C2043656E74726F227D2C2263617465676F7279223A22506572736F6E616C2053686F7070696E67222C2273756263617465676F7279223A224865616C7468222C227265666572656E6365223A223535313032222C2274797065223A224F5554464C4F57222C22737461747573223A2250524F434553534544222C226372656469745F636172645F64617461223A6E756C6C7D', X'D8C461F33E647A38466EF87A1C66192A24A77A27C75095B3BA3601DEA6F22B34', 2, 1795717355284366, 1795717355304160, 1795717355304160, 13, X'EE927797B6DB9CD765572B9232B317E3', '01a21918-5716-7398-a702-e865b42d8263', '', X'7E68AAF253EDF2826823133027153F33CD8A15DCFDDDEFD4BB00AB8079A3DC98', 'belvo 3', '', '01a21918-56c8-7c94-87e8-d2d0c530c6e2', NULL, '', '', '', 'Q0hRLTc3MzAtMDAwNDE', '', '55102', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-682a-707d-82b6-eb5e11a082c3', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', '01a21918-6821-70f7-a3ac-94d4c5c2cee9', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', 'uZhcbbvUJ2eiBvCJrZpYiSJJAtiBg8JZYrK7B', '-500', 'USD', NULL, '', 'posted', '2026-11-26', NULL, 'UNITED AIRLINES', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', X'7B227472616E73616374696F6E5F6964223A22755A6863626276554A3265694276434A725A705969534A4A4174694267384A5A59724B3742222C226163636F756E745F6964223A2264567A62564D4C6A7278546E4C6A583447363658557035474C6B6C6D346F695A793838794B222C22616D6F756E74223A3530302C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C2C2264617465223A22323032362D31312D3236222C226461746574696D65223A6E756C6C2C22617574686F72697A65645F64617465223A6E756C6C2C22617574686F72697A65645F6461746574696D65223A6E756C6C2C226E616D65223A22554E49544544204149524C494E4553222C226D65726368616E745F6E616D65223A6E756C6C2C226F726967696E616C5F6465736372697074696F6E223A22554E49544544204149524C494E4553222C2270656E64696E67223A66616C73652C2270656E64696E675F7472616E73616374696F6E5F6964223A226C504E6A6557316E523643446E356F6B6D4751366845704D6F346C4C4E6F53727A71443030222C227061796D656E745F6368616E6E656C223A226F74686572222C22706572736F6E616C5F66696E616E63655F63617465676F7279223A7B227072696D617279223A2247454E4552414C5F5345525649434553222C2264657461696C6564223A2247454E4552414C5F53455256494345535F4F544845525F47454E4552414C5F5345525649434553227D2C227061796D656E745F6D657461223A7B227061796565223A6E756C6C2C227061796572223A6E756C6C2C2262795F6F726465725F6F66223A6E756C6C2C227265666572656E63655F6E756D626572223A6E756C6C2C22726561736F6E223A6E756C6C7D2C22636865636B5F6E756D626572223A6E756C6C7D', X'D0AE684DF487D1F065FF2459D9CE30B4536FFE8F6CD552EC73A5A3C2191950D6', 2, 1795717359657660, 1795717368239641, NULL, 20, X'8D0DE053046442B57599D5396A4BE891', '01a21918-7907-7b66-a3c4-b5d6e89f0a1e', '', X'46680697DC02FD9F53679368785CAE39A49EBAD75FBA011CFD40679A4D01DC8E', 'plaid 1', '[{"externalId":"lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD00","at":"2026-11-26T18:22:48.239641Z","rule":"vendor_link","version":1}]', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-682a-7086-88bf-6ad9d9b17126', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', '01a21918-6821-70f7-a3ac-94d4c5c2cee9', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD01', '-89.4', 'USD', NULL, '', 'posted', '2026-11-23', NULL, 'SPARKFUN', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', X'7B227472616E73616374696F6E5F6964223A226C504E6A6557316E523643446E356F6B6D4751366845704D6F346C4C4E6F53727A71443031222C226163636F756E745F6964223A2264567A62564D4C6A7278546E4C6A583447363658557035474C6B6C6D346F695A793838794B222C22616D6F756E74223A38392E342C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C2C2264617465223A22323032362D31312D3233222C226461746574696D65223A6E756C6C2C22617574686F72697A65645F64617465223A6E756C6C2C22617574686F72697A65645F6461746574696D65223A6E756C6C2C226E616D65223A22535041524B46554E222C226D65726368616E745F6E616D65223A6E756C6C2C226F726967696E616C5F6465736372697074696F6E223A22535041524B46554E222C2270656E64696E67223A66616C73652C2270656E64696E675F7472616E73616374696F6E5F6964223A6E756C6C2C227061796D656E745F6368616E6E656C223A226F74686572222C22706572736F6E616C5F66696E616E63655F63617465676F7279223A7B227072696D617279223A2247454E4552414C5F5345525649434553222C2264657461696C6564223A2247454E4552414C5F53455256494345535F4F544845525F47454E4552414C5F5345525649434553227D2C227061796D656E745F6D657461223A7B227061796565223A6E756C6C2C227061796572223A6E756C6C2C2262795F6F726465725F6F66223A6E756C6C2C227265666572656E63655F6E756D626572223A6E756C6C2C22726561736F6E223A6E756C6C7D2C22636865636B5F6E756D626572223A6E756C6C7D', X'96583B7C2355FDC42B4F95D5200E30CB306699EA0696FB45FCC0FAD91C810225', 1, 1795717359657660, 1795717359657660, NULL, 18, X'05C1DD18A759A13B944477487732722E', '01a21918-5753-7648-b4a0-36ac9725385d', '', X'DCAE1C5AB46C6E63516B20A927193FC90C9901DB644A774D65D38237A8B71CE5', 'plaid 1', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-682a-7088-83f5-e5c58ae4130e', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', '01a21918-6821-70f7-a3ac-94d4c5c2cee9', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD02', '-12', 'USD', NULL, '', 'posted', '2026-11-20', NULL, 'MCDONALDS #3322', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', X'7B227472616E73616374696F6E5F6964223A226C504E6A6557316E523643446E356F6B6D4751366845704D6F346C4C4E6F53727A71443032222C226163636F756E745F6964223A2264567A62564D4C6A7278546E4C6A583447363658557035474C6B6C6D346F695A793838794B222C22616D6F756E74223A31322C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C2C2264617465223A22323032362D31312D3230222C226461746574696D65223A6E756C6C2C22617574686F72697A65645F64617465223A6E756C6C2C22617574686F72697A65645F6461746574696D65223A6E756C6C2C226E616D65223A224D43444F4E414C4453202333333232222C226D65726368616E745F6E616D65223A6E756C6C2C226F726967696E616C5F6465736372697074696F6E223A224D43444F4E414C4453202333333232222C2270656E64696E67223A66616C73652C2270656E64696E675F7472616E73616374696F6E5F6964223A6E756C6C2C227061796D656E745F6368616E6E656C223A226F74686572222C22706572736F6E616C5F66696E616E63655F63617465676F7279223A7B227072696D617279223A2247454E4552414C5F5345525649434553222C2264657461696C6564223A2247454E4552414C5F53455256494345535F4F544845525F47454E4552414C5F5345525649434553227D2C227061796D656E745F6D657461223A7B227061796565223A6E756C6C2C227061796572223A6E756C6C2C2262795F6F726465725F6F66223A6E756C6C2C227265666572656E63655F6E756D626572223A6E756C6C2C22726561736F6E223A6E756C6C7D2C22636865636B5F6E756D626572223A6E756C6C7D', X'F37F017D245005FF8EAFAFD5E953268C90021E5E60D7B051EFEC84934D603A49', 1, 1795717359657660, 1795717359657660, NULL, 18, X'F2851AD55800E54229F2EFFA146163A0', '01a21918-5753-7648-b4a0-36ac9725385d', '', X'FA512E66065C841AC8B70515F6C17CBAE7FB645FAF44BE74D180A0A187216468', 'plaid 1', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-682a-7089-a6ee-d4e84a4b0153', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', '01a21918-6821-70a8-8198-5b6f68de1b96', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD03', '5850', 'USD', NULL, '', 'posted', '2026-11-17', NULL, 'GUSTO PAYROLL', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', X'7B227472616E73616374696F6E5F6964223A226C504E6A6557316E523643446E356F6B6D4751366845704D6F346C4C4E6F53727A71443033222C226163636F756E745F6964223A22626C677676426C587733637135474D507771423673367134644C4B4239576356714744476F222C22616D6F756E74223A2D353835302C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C2C2264617465223A22323032362D31312D3137222C226461746574696D65223A6E756C6C2C22617574686F72697A65645F64617465223A6E756C6C2C22617574686F72697A65645F6461746574696D65223A6E756C6C2C226E616D65223A22475553544F20504159524F4C4C222C226D65726368616E745F6E616D65223A6E756C6C2C226F726967696E616C5F6465736372697074696F6E223A22475553544F20504159524F4C4C222C2270656E64696E67223A66616C73652C2270656E64696E675F7472616E73616374696F6E5F6964223A6E756C6C2C227061796D656E745F6368616E6E656C223A226F74686572222C22706572736F6E616C5F66696E616E63655F63617465676F7279223A7B227072696D617279223A2247454E4552414C5F5345525649434553222C2264657461696C6564223A2247454E4552414C5F53455256494345535F4F544845525F47454E4552414C5F5345525649434553227D2C227061796D656E745F6D657461223A7B227061796565223A6E756C6C2C227061796572223A6E756C6C2C2262795F6F726465725F6F66223A6E756C6C2C227265666572656E63655F6E756D626572223A6E756C6C2C22726561736F6E223A6E756C6C7D2C22636865636B5F6E756D626572223A6E756C6C7D', X'10B1B4892C77FA6A6E486B4E140DA1DE4769AEF00E0C83DABA37C70A5D6A0FA7', 1, 1795717359657660, 1795717359657660, NULL, 18, X'FB49D8FDAFADD07514ED8E7DC73DA2A5', '01a21918-5753-7648-b4a0-36ac9725385d', '', X'5E3A38AA6F2DA1FEA1EC6DB3AE5CC3D73A6464FCCCD4085DFB2664F10476BDB6', 'plaid 1', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-682a-708a-9634-193d671769f1', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', '01a21918-6821-70a8-8198-5b6f68de1b96', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD04', '-1900', 'USD', NULL, '', 'posted', '2026-11-14', NULL, 'RENT OAK STREET', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', X'7B227472616E73616374696F6E5F6964223A226C504E6A6557316E523643446E356F6B6D4751366845704D6F346C4C4E6F53727A71443034222C226163636F756E745F6964223A22626C677676426C587733637135474D507771423673367134644C4B4239576356714744476F222C22616D6F756E74223A313930302C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C2C2264617465223A22323032362D31312D3134222C226461746574696D65223A6E756C6C2C22617574686F72697A65645F64617465223A6E756C6C2C22617574686F72697A65645F6461746574696D65223A6E756C6C2C226E616D65223A2252454E54204F414B20535452454554222C226D65726368616E745F6E616D65223A6E756C6C2C226F726967696E616C5F6465736372697074696F6E223A2252454E54204F414B20535452454554222C2270656E64696E67223A66616C73652C2270656E64696E675F7472616E73616374696F6E5F6964223A6E756C6C2C227061796D656E745F6368616E6E656C223A226F74686572222C22706572736F6E616C5F66696E616E63655F63617465676F7279223A7B227072696D617279223A2247454E4552414C5F5345525649434553222C2264657461696C6564223A2247454E4552414C5F53455256494345535F4F544845525F47454E4552414C5F5345525649434553227D2C227061796D656E745F6D657461223A7B227061796565223A6E756C6C2C227061796572223A6E756C6C2C2262795F6F726465725F6F66223A6E756C6C2C227265666572656E63655F6E756D626572223A6E756C6C2C22726561736F6E223A6E756C6C7D2C22636865636B5F6E756D626572223A6E756C6C7D', X'0E2AF9CD724BC3B985DDA151F3EAB0DDC783665A08FAF93F3406CBDA07A96A8C', 1, 1795717359657660, 1795717359657660, NULL, 18, X'5BEBD7CC8A9E78B4B19E170786262DEE', '01a21918-5753-7648-b4a0-36ac9725385d', '', X'8EA775004F27F82BD7F89C66BCEDD6F764EEC8E6E61A515E418D15C3463CF6F2', 'plaid 1', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-682a-708b-be30-8f6d59bf89cd', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', '01a21918-6821-70a8-8198-5b6f68de1b96', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD05', '25', 'USD', NULL, '', 'posted', '2026-11-11', NULL, 'ACH ELECTRONIC CREDIT', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', X'7B227472616E73616374696F6E5F6964223A226C504E6A6557316E523643446E356F6B6D4751366845704D6F346C4C4E6F53727A71443035222C226163636F756E745F6964223A22626C677676426C587733637135474D507771423673367134644C4B4239576356714744476F222C22616D6F756E74223A2D32352C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C2C2264617465223A22323032362D31312D3131222C226461746574696D65223A6E756C6C2C22617574686F72697A65645F64617465223A6E756C6C2C22617574686F72697A65645F6461746574696D65223A6E756C6C2C226E616D65223A2241434820454C454354524F4E494320435245444954222C226D65726368616E745F6E616D65223A6E756C6C2C226F726967696E616C5F6465736372697074696F6E223A2241434820454C454354524F4E494320435245444954222C2270656E64696E67223A66616C73652C2270656E64696E675F7472616E73616374696F6E5F6964223A6E756C6C2C227061796D656E745F6368616E6E656C223A226F74686572222C22706572736F6E616C5F66696E616E63655F63617465676F7279223A7B227072696D617279223A2247454E4552414C5F5345525649434553222C2264657461696C6564223A2247454E4552414C5F53455256494345535F4F544845525F47454E4552414C5F5345525649434553227D2C227061796D656E745F6D657461223A7B227061796565223A6E756C6C2C227061796572223A6E756C6C2C2262795F6F726465725F6F66223A6E756C6C2C227265666572656E63655F6E756D626572223A6E756C6C2C22726561736F6E223A6E756C6C7D2C22636865636B5F6E756D626572223A6E756C6C7D', X'2B78ABB622050185ACCCBE541DDF931AED8E5A015662F73260FDC23D3A470724', 1, 1795717359657660, 1795717359657660, NULL, 18, X'D9F0E87DD8C9974BBD6C869892755870', '01a21918-5753-7648-b4a0-36ac9725385d', '', X'128B1169C7EE2B986BE3D782297BC036091713E389E5C6AE3003EA40EA782A10', 'plaid 1', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-682a-708c-972e-80c638335d34', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', '01a21918-6821-70a8-8198-5b6f68de1b96', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD06', '-1000', 'USD', '1.50', 'BRL', 'posted', '2026-11-08', NULL, 'CD DEPOSIT .INITIAL.', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', X'7B227472616E73616374696F6E5F6964223A226C504E6A6557316E523643446E356F6B6D4751366845704D6F346C4C4E6F53727A71443036222C226163636F756E745F6964223A22626C677676426C587733637135474D507771423673367134644C4B4239576356714744476F222C22616D6F756E74223A313030302C2269736F5F63757272656E63795F636F6465223A22555344222C22756E6F6666696369616C5F63757272656E63795F636F6465223A6E756C6C2C2264617465223A22323032362D31312D3038222C226461746574696D65223A6E756C6C2C22617574686F72697A65645F64617465223A6E756C6C2C22617574686F72697A65645F6461746574696D65223A6E756C6C2C226E616D65223A224344204445504F534954202E494E495449414C2E222C226D65726368616E745F6E616D65223A6E756C6C2C226F726967696E616C5F6465736372697074696F6E223A224344204445504F534954202E494E495449414C2E222C2270656E64696E67223A66616C73652C2270656E64696E675F7472616E73616374696F6E5F6964223A6E756C6C2C227061796D656E745F6368616E6E656C223A226F74686572222C22706572736F6E616C5F66696E616E63655F63617465676F7279223A7B227072696D617279223A2247454E4552414C5F5345525649434553222C2264657461696C6564223A2247454E4552414C5F53455256494345535F4F544845525F47454E4552414C5F5345525649434553227D2C227061796D656E745F6D657461223A7B227061796565223A6E756C6C2C227061796572223A6E756C6C2C2262795F6F726465725F6F66223A6E756C6C2C227265666572656E63655F6E756D626572223A6E756C6C2C22726561736F6E223A6E756C6C7D2C22636865636B5F6E756D626572223A6E756C6C7D', X'D7A0CC59FC4EB99E3C6A5C0BA8C278C404C6DBA015C3F4DBEBA4A03167DB9D7D', 2, 1795717359657660, 1795717363942941, 1795717363942941, 19, X'E9C54700F7162A9A5E3CEEEF8970BA9C', '01a21918-6886-72a9-903a-5e2b21d63a46', '', X'0C432DE7F4E7CCEE55585D2352BFD845CA71B8D6F86534B54ACFF60AA8179461', 'plaid 1', '[{"externalId":"x"}]', '01a21918-5633-7eac-9b47-cc11ceb748b4', NULL, '0198c5a0-0000-7000-8000-000000000001', 'an operator', '', 'inst-1', 'auth-1', '', 'recv-1', 'track-1', '1', '');
INSERT INTO transactions VALUES ('01a21918-682a-708d-8acd-574889caf4d2', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', '01a21918-6821-70a8-8198-5b6f68de1b96', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD07', '-6.33', 'USD', NULL, '', 'posted', '2026-11-05', NULL, '', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', NULL, X'B84F8AF6C4531F844CB1017A852EFE8F92830F34E88F8FBD7BAF547CBC1453CB', 2, 1795717359657660, 1795717363942941, 1791158400000000, 19, X'ED35502E324C37BB6A2DB9C99E904B23', '01a21918-6886-72a9-903a-5e2b21d63a46', '', X'0F70AC73CBE0888762C3004D59B018F612EA00C91863A1DFB87B2AFF30593C24', 'plaid 1', '', NULL, 1791158400000000, '', '', '', '', '', '', '', '', '', '');
INSERT INTO webhook_tokens VALUES ('01a21918-5615-7142-a1b7-32673f2a3cbd', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5605-75c5-aed0-de71ee044fe5', 'pluggy', X'CB3D8222FC930094A18DF4B5BCAB9395C68719D97DDA2FB7369A1D8E542BB82B', 1795717355029082, 1795717355121868, 1795717355175963, NULL, '', '', NULL, 0, NULL, '', NULL, 0);
INSERT INTO webhook_tokens VALUES ('01a21918-56b3-7bd0-af3f-1927f9033dcf', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-56ad-75b9-b5ea-e22e97467cd2', 'belvo', X'FD91C6DD4E0C2667FBCE07329527C1BE5C97DAB18F94A15FDCE4ED1F1EDE8230', 1795717355187774, 1795717355293706, 1795717355327741, NULL, '', '', NULL, 0, NULL, '', NULL, 0);
INSERT INTO webhook_tokens VALUES ('01a21918-574f-7d27-a242-e04489dbed31', 'f4ae950b-d464-47f8-b045-d5232fb2335c', '01a21918-5746-75ca-ba19-3b755fbe3c14', 'plaid', X'97B8CFB45090093A29C2940635897F722D094C2C4F9BFB8BDA0412E69345897B', 1795717355343862, 1795717363975747, 1795717368300598, NULL, '', '', NULL, 0, NULL, '', NULL, 0);
