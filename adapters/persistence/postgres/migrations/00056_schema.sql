-- +goose Up

-- This file creates the schema of a new database. Its number continues those of the migrations that it replaces;
-- upgrade/00056_schema.sql brings a database at the last of them to the same schema.
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
--
-- usage_*: what the service has caused at the institution since usage_month (domain.MonthlyUsage). *_announced: an
-- event has reported the problem, and no event has reported its end yet (domain.Announced). ambiguity: the accounts of
-- account_ref that cannot be told apart, and which of them an operator has decided to continue, as JSON; '' if there
-- are none. reauth_since: when needs_reauth became true. consent_since: when consent_status last changed.
--
-- client_key: the keyed hash of the client id in the sealed credential. application_key: a hash of vendor, origin and
-- client_key. Both are NULL while the client id is not known, and for connections of the engine. application_id: the
-- application whose credential the connection uses; NULL if it has a credential of its own. stream_position: the
-- position in the vendor's stream of changes up to which a pull has stored everything; '' if there is none
-- (domain.Connection.StreamPosition).
--
-- inconsistent_since: since when the vendor's lists contradict themselves; NULL if they do not.
-- pull_woken_at: the time of the last early attempt at a pull that waited; NULL if there was none.
-- signal_at: when the last event was received that reports about the account reference as a whole; NULL if there was
-- none.
-- approval_since, device_since: since when the vendor waits for an approval at the bank (domain.Health); NULL if it does
-- not.
--
-- institution_*, bank_*: what the vendor states about the bank (domain.BankFacts). bank_every is in microseconds.
CREATE TABLE connections (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('aggregator', 'engine')),
    name text NOT NULL COLLATE "C",
    vendor text NOT NULL,
    base_url text NOT NULL,
    account_ref text NOT NULL,
    type text NOT NULL,
    config bytea,
    sealed bytea NOT NULL,
    health_status text NOT NULL,
    health_reason text NOT NULL,
    health_since timestamptz,
    needs_reauth boolean NOT NULL,
    reauth_by_event boolean NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    target_changed_at timestamptz,
    deleted_at timestamptz,
    paused_at timestamptz,
    consent_status text NOT NULL DEFAULT '',
    consent_key text NOT NULL DEFAULT '',
    consent_expires_at timestamptz,
    consent_notice_at timestamptz,
    webhook_next_at timestamptz,
    webhook_every bigint NOT NULL DEFAULT 0,
    webhook_news_only boolean NOT NULL DEFAULT false,
    webhook_due_at timestamptz,
    webhook_missed_at timestamptz,
    erased_at timestamptz,
    new_reference boolean NOT NULL DEFAULT false,
    staged_since timestamptz,
    usage_month timestamptz,
    usage_refreshes integer NOT NULL DEFAULT 0,
    usage_pulls integer NOT NULL DEFAULT 0,
    reauth_announced boolean NOT NULL DEFAULT false,
    failure_announced boolean NOT NULL DEFAULT false,
    ambiguity text NOT NULL DEFAULT '',
    reauth_since timestamptz,
    consent_since timestamptz,
    client_key bytea,
    application_key bytea,
    application_id uuid,
    stream_position text NOT NULL DEFAULT '',
    institution_id text NOT NULL DEFAULT '',
    institution_name text NOT NULL DEFAULT '',
    bank_every bigint NOT NULL DEFAULT 0,
    bank_on_demand boolean NOT NULL DEFAULT false,
    stale_announced boolean NOT NULL DEFAULT false,
    inconsistent_since timestamptz,
    pull_woken_at timestamptz,
    signal_at timestamptz,
    approval_since timestamptz,
    device_since timestamptz,
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
CREATE INDEX connections_unidentified ON connections (id)
    WHERE client_key IS NULL AND kind = 'aggregator' AND deleted_at IS NULL;
CREATE INDEX connections_application ON connections (application_id, tenant_id) WHERE application_id IS NOT NULL;
CREATE INDEX connections_institution ON connections (tenant_id, vendor, institution_id) WHERE deleted_at IS NULL;
CREATE INDEX connections_stale ON connections (id) WHERE stale_announced AND deleted_at IS NULL;
CREATE INDEX connections_device ON connections (device_since)
    WHERE device_since IS NOT NULL AND NOT needs_reauth AND deleted_at IS NULL;
-- A webhook belongs to the connections with the account reference that it names. References that are UUIDs are compared
-- regardless of case.
CREATE INDEX connections_reference ON connections (tenant_id, lower(account_ref COLLATE "C")) WHERE deleted_at IS NULL;

-- The account references that connections had before an edit, and those of erased connections. digest: the SHA-256 of
-- the reference (domain.DigestOfReference). account_ref: '' as soon as the erasure has ended. erased: the connection is
-- erased, or being erased.
CREATE TABLE account_references (
    digest bytea NOT NULL,
    connection_id uuid NOT NULL,
    account_ref text NOT NULL,
    erased boolean NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (digest, connection_id, tenant_id)
);

CREATE INDEX account_references_by_connection ON account_references (connection_id, tenant_id);

-- hash: the SHA-256 of the token. source_hash: the SHA-256 of the token's own source secret. registration: whether the
-- service has created the webhook at the vendor ('' if not). registration_id: the vendor's id of the webhook.
-- registration_due: when the webhook is removed at the vendor, unless the registration is active. application_key: the
-- application to which a webhook belongs that the service has created at the vendor. registration_base_url,
-- registration_sealed: how this webhook is removed, if its connection has another address or client id now; empty and
-- NULL otherwise. registration_of_reference: the vendor sends only the events of one account reference to the webhook.
CREATE TABLE webhook_tokens (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    source_hash bytea,
    registration text NOT NULL DEFAULT '',
    registration_id text NOT NULL DEFAULT '',
    registration_due timestamptz,
    registration_attempts integer NOT NULL DEFAULT 0,
    application_key bytea,
    registration_base_url text NOT NULL DEFAULT '',
    registration_sealed bytea,
    registration_of_reference boolean NOT NULL DEFAULT false,
    moved boolean NOT NULL DEFAULT false,
    PRIMARY KEY (id, tenant_id)
);

CREATE INDEX webhook_tokens_newest ON webhook_tokens (tenant_id, created_at, id);
CREATE INDEX webhook_tokens_connection ON webhook_tokens (connection_id, revoked_at);
CREATE INDEX webhook_tokens_registration ON webhook_tokens (registration_due)
    WHERE registration IN ('pending', 'removing');
CREATE UNIQUE INDEX webhook_tokens_application ON webhook_tokens (application_key, tenant_id)
    WHERE revoked_at IS NULL;

-- The token through which the last webhook of a live connection came.
CREATE TABLE last_webhook_tokens (
    connection_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    token_id uuid NOT NULL,
    PRIMARY KEY (connection_id, tenant_id)
);

CREATE INDEX last_webhook_tokens_token ON last_webhook_tokens (token_id);

-- The key with which client ids are hashed, sealed. One row.
CREATE TABLE client_hash_keys (
    sealed bytea NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- The applications that operators have created: credentials that several connections share (domain.Application).
-- renewal_*: the webhook that is to be created at the vendor because the client id has changed.
CREATE TABLE applications (
    id uuid NOT NULL,
    vendor text NOT NULL,
    name text NOT NULL COLLATE "C",
    base_url text NOT NULL,
    sealed bytea NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    renewal_due_at timestamptz,
    renewal_since timestamptz,
    renewal_attempts integer NOT NULL,
    renewal_receiver text NOT NULL,
    renewal_actor text NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE UNIQUE INDEX applications_name ON applications (name, tenant_id);
CREATE INDEX applications_list ON applications (tenant_id, name, id);
CREATE INDEX applications_renewal ON applications (renewal_due_at) WHERE renewal_due_at IS NOT NULL;

-- Link sessions for new accounts (domain.LinkSession). connection_id: the id of the connection that the session
-- creates. announced: account references that webhooks have named, as JSON; '' if there are none. receiver: the address
-- of the webhook receiver. hook_hash: the SHA-256 of the webhook token that the vendor was given. due_at: when the
-- session continues, or until when a worker has claimed it; NULL if nothing is left to do. name, base_url, sealed,
-- account_ref, announced, actor and receiver are empty then. The token of the vendor's page is not stored.
-- application_id: as in connections. awaiting_since: since when an open session waits for an approval at the bank.
CREATE TABLE link_sessions (
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    name text NOT NULL COLLATE "C",
    base_url text NOT NULL,
    sealed bytea NOT NULL,
    actor text NOT NULL,
    receiver text NOT NULL,
    hook_hash bytea,
    state text NOT NULL CHECK (state IN ('open', 'connected', 'done', 'closing', 'abandoned')),
    account_ref text NOT NULL,
    announced text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    due_at timestamptz,
    attempts integer NOT NULL,
    tenant_id uuid NOT NULL,
    application_id uuid,
    awaiting_since timestamptz,
    PRIMARY KEY (id, tenant_id)
);

CREATE UNIQUE INDEX link_sessions_reserved_name ON link_sessions (name, tenant_id) WHERE state = 'open';
CREATE UNIQUE INDEX link_sessions_hook ON link_sessions (hook_hash, tenant_id) WHERE hook_hash IS NOT NULL;
CREATE INDEX link_sessions_open ON link_sessions (tenant_id) WHERE state = 'open';
CREATE INDEX link_sessions_due ON link_sessions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX link_sessions_ended ON link_sessions (ended_at) WHERE due_at IS NULL;
CREATE INDEX link_sessions_of_connection ON link_sessions (connection_id);
CREATE INDEX link_sessions_application ON link_sessions (application_id, tenant_id) WHERE application_id IS NOT NULL;

-- state 'waiting': the pull is between two attempts; callers see it as queued. complete: the pull reads everything that
-- the vendor has. Only such pulls put off the next reconciliation of their connection.
-- scheduled_at: when the next attempt was due before an early attempt was planned; NULL unless the early attempt is due
-- or running.
-- retry_after_until: when the vendor permits the next attempt; NULL if it stated no time.
-- uncounted: the pull wrote versions that its numbers do not count: of records with a new suggestion, or of an account
-- that it has moved to its connection.
CREATE TABLE pulls (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    trigger text NOT NULL,
    trace text NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'succeeded', 'failed')),
    scope text NOT NULL,
    progress text NOT NULL,
    seen_accounts integer NOT NULL,
    seen_rows integer NOT NULL,
    added integer NOT NULL,
    modified integer NOT NULL,
    removed integer NOT NULL,
    unchanged integer NOT NULL,
    attempts integer NOT NULL,
    last_error text NOT NULL,
    lease_id uuid,
    lease_until timestamptz,
    not_before timestamptz,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    complete boolean NOT NULL DEFAULT false,
    quarantined integer NOT NULL DEFAULT 0,
    uncounted boolean NOT NULL DEFAULT false,
    id_changes integer NOT NULL DEFAULT 0,
    late_rows integer NOT NULL DEFAULT 0,
    scheduled_at timestamptz,
    retry_after_until timestamptz,
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
-- The pulls that changed nothing, by age. They are deleted after PULL_RETENTION.
CREATE INDEX pulls_unchanged ON pulls (finished_at) WHERE state IN ('succeeded', 'failed')
    AND added = 0 AND modified = 0 AND removed = 0 AND NOT uncounted;
-- The pulls for the activity of a bank, which are few.
CREATE INDEX pulls_irregular ON pulls (connection_id, finished_at) WHERE state IN ('succeeded', 'failed')
    AND (id_changes > 0 OR late_rows > 0);
-- Failed pulls are few, so their index is small.
CREATE INDEX pulls_failed ON pulls (tenant_id, created_at, id) WHERE state = 'failed';

CREATE TABLE deliveries (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    event text NOT NULL,
    event_id text NOT NULL COLLATE "C",
    fingerprint bytea NOT NULL,
    body bytea NOT NULL,
    scope text NOT NULL,
    status text NOT NULL CHECK (status IN ('accepted', 'ignored', 'unreadable')),
    pull_id uuid,
    received_at timestamptz NOT NULL,
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
    tenant_id uuid NOT NULL,
    key text NOT NULL COLLATE "C",
    fingerprint bytea NOT NULL,
    claimed_at timestamptz NOT NULL,
    answered_at timestamptz,
    status integer NOT NULL,
    headers text NOT NULL,
    body bytea,
    PRIMARY KEY (tenant_id, key)
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (claimed_at);

-- removed_at: when it was detected that the vendor no longer lists the account. listed: whether the vendor has listed
-- it, or it was only embedded in rows. absent_pull_id: the pull whose list was the first one without the account.
-- account_ref: the account reference under which the account was stored first. account_refs: all account references of
-- the account, as JSON; '' if there is only the first one. account_key: equal for accounts that are the same account of
-- an institution; '' if that is not known. bank_read_at: when the vendor last read the transactions of the account at
-- the bank; NULL if it states no time. institution: the bank as JSON; '' if the vendor states none for the whole
-- reference. maybe_continues: ids of accounts of deleted connections, separated by commas, about which somebody must
-- decide. held_at: when the removal of the account was held back, because the vendor listed no account at all.
-- held_sync: when the vendor had last read the institution at that time.
CREATE TABLE accounts (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    external_id text NOT NULL COLLATE "C",
    type text NOT NULL,
    subtype text NOT NULL,
    name text NOT NULL,
    number text NOT NULL,
    currency text NOT NULL,
    balance numeric,
    balance_currency text NOT NULL,
    metadata bytea,
    first_seen_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz,
    listed boolean NOT NULL DEFAULT true,
    absent_pull_id uuid,
    account_ref text NOT NULL DEFAULT '',
    account_refs text NOT NULL DEFAULT '',
    account_key text NOT NULL DEFAULT '',
    bank_read_at timestamptz,
    institution text NOT NULL DEFAULT '',
    maybe_continues text NOT NULL DEFAULT '',
    held_at timestamptz,
    held_sync timestamptz,
    PRIMARY KEY (id, tenant_id),
    UNIQUE (connection_id, external_id, tenant_id)
);

CREATE INDEX accounts_of_tenant ON accounts (tenant_id, external_id, id);
CREATE INDEX accounts_by_key ON accounts (tenant_id, account_key, removed_at) WHERE account_key <> '';
CREATE INDEX accounts_maybe ON accounts (tenant_id, connection_id) WHERE maybe_continues <> '';
CREATE INDEX accounts_by_external_id ON accounts (external_id, tenant_id);
CREATE INDEX accounts_bank_read ON accounts (bank_read_at) WHERE bank_read_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX accounts_readings ON accounts (tenant_id, connection_id, bank_read_at)
    WHERE bank_read_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX accounts_held ON accounts (tenant_id, connection_id, held_at) WHERE held_at IS NOT NULL;

-- account: the external id of the account. digest: of the normalised row. change_tx: the position in the change feed;
-- see the table feed. content_hash: the content hash of the vendor's row, which shows that a row is unchanged without
-- normalising it; NULL if it is not known. pull_id: the pull that wrote the row's present version. warnings: codes of
-- doubts about the row, separated by commas. row_sha256: the hash of the vendor's row that made the present version.
-- normalizer: the version of the rules that normalised it. supersedes: the rows that the transaction had before its
-- present one, as JSON; '' if there are none. superseded_by: the transaction that has taken over the row of this one;
-- its external_id then ends with its own id, so that the other transaction can have the external id itself. erased_at:
-- when the row was erased. possibly_supersedes: the ids of the removed transactions that may be the same movement,
-- separated by commas. actor and reason: the operator who has made the version, and why. excluded_at: when the
-- operator excluded_by has excluded the transaction, so that it counts nowhere.
--
-- The members from end_to_end_id to cheque_number are the identifiers by which a person reconciles a transaction;
-- counterparty_document is the tax number of the other party with its type before it. A text is empty if it is not
-- known. The indexes of the identifiers serve the search for the exact value of a reference. Many payments have their
-- end-to-end id as their reference number, too; one index entry is enough to find them.
CREATE TABLE transactions (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    account_id uuid,
    account text NOT NULL COLLATE "C",
    external_id text NOT NULL COLLATE "C",
    amount numeric NOT NULL,
    currency text NOT NULL,
    account_amount numeric,
    account_currency text NOT NULL,
    status text NOT NULL,
    date text NOT NULL COLLATE "C",
    occurred_at timestamptz,
    description text NOT NULL,
    category text NOT NULL,
    counterparty text NOT NULL,
    metadata bytea,
    digest bytea NOT NULL,
    version integer NOT NULL,
    first_seen_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz,
    change_tx bigint NOT NULL,
    content_hash bytea,
    pull_id uuid,
    warnings text NOT NULL DEFAULT '',
    row_sha256 bytea,
    normalizer text NOT NULL DEFAULT '',
    supersedes text NOT NULL DEFAULT '',
    superseded_by uuid,
    erased_at timestamptz,
    possibly_supersedes text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    end_to_end_id text NOT NULL COLLATE "C" DEFAULT '',
    institution_id text NOT NULL COLLATE "C" DEFAULT '',
    authentication_code text NOT NULL COLLATE "C" DEFAULT '',
    reference_number text NOT NULL COLLATE "C" DEFAULT '',
    receiver_reference_id text NOT NULL COLLATE "C" DEFAULT '',
    tracking_key text NOT NULL COLLATE "C" DEFAULT '',
    cheque_number text NOT NULL COLLATE "C" DEFAULT '',
    counterparty_document text NOT NULL DEFAULT '',
    barcode text NOT NULL COLLATE "C" DEFAULT '',
    tx_id text NOT NULL COLLATE "C" DEFAULT '',
    excluded_at timestamptz,
    excluded_by text NOT NULL DEFAULT '',
    actor text NOT NULL DEFAULT '',
    card_facts text NOT NULL DEFAULT '',
    bill_id uuid,
    card_bill text NOT NULL DEFAULT '',
    PRIMARY KEY (id, tenant_id),
    UNIQUE (connection_id, external_id, tenant_id)
);

-- A list as of a moment passes the records that came or changed later within this index.
CREATE INDEX transactions_by_date ON transactions (connection_id, date, id, updated_at);
CREATE INDEX transactions_feed ON transactions (tenant_id, change_tx, id);
CREATE INDEX transactions_removed ON transactions (connection_id, removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX transactions_excluded ON transactions (connection_id, id) WHERE excluded_at IS NOT NULL;
-- A list of the pending transactions; few are.
CREATE INDEX transactions_pending ON transactions (connection_id, date, id) WHERE status = 'pending';
-- The records of an account that show one amount, newest first.
CREATE INDEX transactions_amount ON transactions (account_id, amount, date) WHERE removed_at IS NULL;
-- The references of transactions. Upper and lower case letters are equal.
CREATE INDEX transactions_end_to_end_id ON transactions (tenant_id, lower(end_to_end_id), date, id)
    WHERE end_to_end_id <> '';
CREATE INDEX transactions_institution_id ON transactions (tenant_id, lower(institution_id), date, id)
    WHERE institution_id <> '';
CREATE INDEX transactions_authentication_code ON transactions (tenant_id, lower(authentication_code), date, id)
    WHERE authentication_code <> '';
CREATE INDEX transactions_reference_number ON transactions (tenant_id, lower(reference_number), date, id)
    WHERE reference_number <> '' AND lower(reference_number) <> lower(end_to_end_id);
CREATE INDEX transactions_receiver_reference_id ON transactions (tenant_id, lower(receiver_reference_id), date, id)
    WHERE receiver_reference_id <> '';
CREATE INDEX transactions_tracking_key ON transactions (tenant_id, lower(tracking_key), date, id)
    WHERE tracking_key <> '';
CREATE INDEX transactions_cheque_number ON transactions (tenant_id, lower(cheque_number), date, id)
    WHERE cheque_number <> '';
CREATE INDEX transactions_barcode ON transactions (tenant_id, lower(barcode), date, id)
    WHERE barcode <> '';
CREATE INDEX transactions_tx_id ON transactions (tenant_id, lower(tx_id), date, id)
    WHERE tx_id <> '';
CREATE INDEX transactions_counterparty_document ON transactions (tenant_id, counterparty_document, date, id)
    WHERE counterparty_document <> '';

-- The versions of transactions that were replaced, each as it was directly before. The present version is only in
-- transactions, so a transaction that never changed has no row here. id is the id of the transaction. The columns are
-- those of transactions. replaced_at: when the next version replaced this one.
CREATE TABLE transaction_versions (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    account_id uuid,
    account text NOT NULL COLLATE "C",
    amount numeric NOT NULL,
    currency text NOT NULL,
    account_amount numeric,
    account_currency text NOT NULL,
    status text NOT NULL,
    date text NOT NULL COLLATE "C",
    occurred_at timestamptz,
    description text NOT NULL,
    category text NOT NULL,
    counterparty text NOT NULL,
    metadata bytea,
    version integer NOT NULL,
    updated_at timestamptz NOT NULL,
    removed_at timestamptz,
    pull_id uuid,
    warnings text NOT NULL,
    row_sha256 bytea,
    normalizer text NOT NULL,
    external_id text NOT NULL COLLATE "C" DEFAULT '',
    supersedes text NOT NULL DEFAULT '',
    superseded_by uuid,
    change_tx bigint NOT NULL DEFAULT 0,
    possibly_supersedes text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    end_to_end_id text NOT NULL COLLATE "C" DEFAULT '',
    institution_id text NOT NULL COLLATE "C" DEFAULT '',
    authentication_code text NOT NULL COLLATE "C" DEFAULT '',
    reference_number text NOT NULL COLLATE "C" DEFAULT '',
    receiver_reference_id text NOT NULL COLLATE "C" DEFAULT '',
    tracking_key text NOT NULL COLLATE "C" DEFAULT '',
    cheque_number text NOT NULL COLLATE "C" DEFAULT '',
    counterparty_document text NOT NULL DEFAULT '',
    replaced_at timestamptz,
    barcode text NOT NULL COLLATE "C" DEFAULT '',
    tx_id text NOT NULL COLLATE "C" DEFAULT '',
    excluded_at timestamptz,
    excluded_by text NOT NULL DEFAULT '',
    actor text NOT NULL DEFAULT '',
    PRIMARY KEY (connection_id, id, version, tenant_id)
);

-- The first versions of transactions that have changed since, in the order of the change feed. A subscription reads
-- them, because it reports a record at the position of its first version.
CREATE INDEX transaction_versions_first ON transaction_versions (tenant_id, change_tx, id) WHERE version = 1;
CREATE INDEX transaction_versions_by_date
    ON transaction_versions (connection_id, date, id, replaced_at, updated_at);

-- The time of the last change of records, or close, of each connection. Later times of the connection are higher.
CREATE TABLE change_clocks (
    connection_id uuid NOT NULL,
    last_at timestamptz NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (connection_id, tenant_id)
) WITH (fillfactor = 50);

-- What is known about rows of a vendor apart from their records (records.RowState). A row has at least one of four marks:
--   past:         transaction_id is the transaction that had the row before its current one
--   carried over: account_id is the account of the transaction, which the vendor has not returned under the present
--                 account reference
--   absent:       absent_pull_id is the first pull whose complete read did not return the live row. held_at: when the
--                 removal was held back, because too many rows of the account would have been removed. held_sync: when
--                 the vendor had last read the institution at that time. proved_by: the first pull whose read can prove
--                 that the row was removed.
--   announced:    announced_state is the state of a removal that the vendor has announced: 'waiting', 'applied', 'held'
--                 or 'void'; '' if there is none. announced_pull_id: the pull that has stored the state.
-- account: the external id of the account of an absent or announced row; '' if the vendor names none. date: of a carried
-- over or announced row.
CREATE TABLE row_states (
    connection_id uuid NOT NULL,
    external_id text NOT NULL COLLATE "C",
    transaction_id uuid,
    account_id uuid,
    date text NOT NULL DEFAULT '' COLLATE "C",
    account text NOT NULL DEFAULT '',
    absent_pull_id uuid,
    held_at timestamptz,
    held_sync timestamptz,
    proved_by uuid,
    announced_at timestamptz,
    announced_pull_id uuid,
    announced_state text NOT NULL DEFAULT '',
    tenant_id uuid NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

CREATE INDEX row_states_carried_over ON row_states (connection_id, date) WHERE account_id IS NOT NULL;
CREATE INDEX row_states_announced ON row_states (connection_id, announced_at) WHERE announced_state <> '';
CREATE INDEX row_states_held ON row_states (tenant_id, connection_id, held_at) WHERE held_at IS NOT NULL;
CREATE INDEX row_states_announced_held ON row_states (tenant_id, connection_id, announced_at)
    WHERE announced_state = 'held';

-- Pairs of an old and a new row that are never matched again, because a replacement was undone.
CREATE TABLE split_pairs (
    connection_id uuid NOT NULL,
    old_external_id text NOT NULL COLLATE "C",
    new_external_id text NOT NULL COLLATE "C",
    tenant_id uuid NOT NULL,
    PRIMARY KEY (connection_id, old_external_id, new_external_id, tenant_id)
);

-- Pairs of a removed and a live transaction that may be one movement (records.Suggestion). state: 'open',
-- 'join_undone', or why the suggestion has ended. evidence: JSON; '' if there is none.
CREATE TABLE possible_replacements (
    connection_id uuid NOT NULL,
    old_id uuid NOT NULL,
    new_id uuid NOT NULL,
    account_id uuid,
    since timestamptz NOT NULL,
    state text NOT NULL,
    evidence text NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (connection_id, old_id, new_id, tenant_id)
);

CREATE INDEX possible_replacements_listed ON possible_replacements (tenant_id, since, old_id, new_id)
    WHERE state IN ('open', 'join_undone');
CREATE INDEX possible_replacements_of_connection ON possible_replacements (connection_id, state);
CREATE INDEX possible_replacements_by_new ON possible_replacements (new_id, tenant_id);
CREATE INDEX possible_replacements_of_account ON possible_replacements (account_id, tenant_id);

-- The rows of a new account reference, until they are published. step: the number of the step that has read the row.
-- content: the normalised row, as JSON.
CREATE TABLE staged_transactions (
    connection_id uuid NOT NULL,
    external_id text NOT NULL COLLATE "C",
    step integer NOT NULL,
    account text NOT NULL COLLATE "C",
    date text NOT NULL COLLATE "C",
    content bytea NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

CREATE INDEX staged_transactions_by_date ON staged_transactions (connection_id, date);

-- The next versions of transactions that continue with a row of a new account reference, while a pull prepares to
-- publish its staged rows. The columns are those of transactions. change_tx: 0. If the server
-- crashes, the table is empty afterwards, and the rows are prepared again.
CREATE UNLOGGED TABLE prepared_transactions (
    LIKE transactions INCLUDING DEFAULTS,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

-- Rows of a vendor that cannot be normalised exactly. row_key is the external id, or a hash of the payload if the id
-- cannot be read. The payload is the vendor's bytes, which may be no valid UTF-8.
CREATE TABLE quarantined_rows (
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('transaction', 'account')),
    row_key text NOT NULL COLLATE "C",
    reason text NOT NULL,
    payload bytea NOT NULL,
    pull_id uuid NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (connection_id, kind, row_key, tenant_id)
);

CREATE INDEX quarantined_rows_of_tenant ON quarantined_rows (tenant_id, connection_id, first_seen_at);

-- The completeness of each account: a JSON document, and the columns by which the completeness of a connection is
-- found. compared: the account can be complete. incomparable: there is nothing to compare. drift_since: when the oldest
-- drift began, even if it has not lasted for the grace period yet. drift_elsewhere: the same without the bills of cards.
-- announced: the state of the account in its last event account.drifting or account.complete.
-- changed_since: when posted records of the account have first changed after its latest reading. changed_from: the
-- earliest date of these records, before or after the changes; '' if there are none. decided_at: when an operator's
-- decision has last changed posted records of the account after its latest reading.
CREATE TABLE account_completeness (
    account_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    state text NOT NULL,
    compared boolean NOT NULL,
    drift_since timestamptz,
    tenant_id uuid NOT NULL,
    announced text NOT NULL DEFAULT '',
    changed_since timestamptz,
    changed_from text NOT NULL DEFAULT '' COLLATE "C",
    decided_at timestamptz,
    incomparable boolean NOT NULL DEFAULT false,
    drift_elsewhere timestamptz,
    PRIMARY KEY (account_id, tenant_id)
);

CREATE INDEX account_completeness_connection ON account_completeness (connection_id);
CREATE INDEX account_completeness_drifting ON account_completeness (tenant_id, connection_id)
    WHERE drift_since IS NOT NULL;

-- The bills of cards. key: the vendor's id, or the closing date where the vendor assigns no ids. data: the vendor's
-- description; facts: what the rules of package bills have found (JSON). bank_read_at: when the vendor had last read the
-- bank when it listed the bill.
CREATE TABLE bills (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    bill_key text NOT NULL COLLATE "C",
    due_date text NOT NULL COLLATE "C",
    data text NOT NULL,
    facts text NOT NULL,
    bank_read_at timestamptz,
    removed_at timestamptz,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE INDEX bills_list ON bills (account_id, due_date, id);
CREATE INDEX bills_connection ON bills (connection_id);

-- What is known of the bills of each card as a whole. state: ok or denied; open: the sums of the rows that are on no
-- closed bill (JSON). day, covers_to: the day of the latest evaluation, and the last day that the reading of the bank
-- covered then. due_at: when the bills are evaluated again, because rows of the card have changed since; otherwise NULL.
CREATE TABLE bill_lists (
    account_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    state text NOT NULL,
    open text NOT NULL,
    read_at timestamptz NOT NULL,
    day text NOT NULL,
    covers_to text NOT NULL,
    due_at timestamptz,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (account_id, tenant_id)
);

CREATE INDEX bill_lists_connection ON bill_lists (connection_id);
CREATE INDEX bill_lists_due ON bill_lists (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX transactions_bill ON transactions (bill_id, date, id) WHERE bill_id IS NOT NULL;

-- The last reading of each account on each day (UTC) on which a settled pull has read it. balance is in the holder's
-- view; posted is the sum of the live posted records; anchor is balance - posted. first_read_at: the last reading of the
-- bank seen on this day that was the first one after the end of a day (CLOSE_OFFSET); NULL if none was.
CREATE TABLE account_balances (
    account_id uuid NOT NULL,
    day text NOT NULL COLLATE "C",
    connection_id uuid NOT NULL,
    read_at timestamptz NOT NULL,
    currency text NOT NULL,
    balance numeric NOT NULL,
    posted numeric NOT NULL,
    anchor numeric NOT NULL,
    tenant_id uuid NOT NULL,
    bank_read_at timestamptz,
    first_read_at timestamptz,
    PRIMARY KEY (account_id, day, tenant_id)
);

-- The closed periods of accounts. date: the last day of the period. position: the highest seq in close_adjustments, or
-- position, of the account when the close was made. records and total: the number and the sum of the records; total is
-- NULL if a record has no amount in currency. digest: SHA-256 over the records. document: what the statement of the
-- period states besides its records, as JSON; '' if it has no statement. bank_read_at: when the bank was last read then.
-- covered_since, covered_state: when a later reading has covered the day of a close that was not covered, and the
-- completeness then.
CREATE TABLE account_closes (
    account_id uuid NOT NULL,
    date text NOT NULL COLLATE "C",
    connection_id uuid NOT NULL,
    position bigint NOT NULL,
    records bigint NOT NULL,
    total text,
    currency text NOT NULL,
    digest bytea NOT NULL,
    closed_at timestamptz NOT NULL,
    closed_by text NOT NULL,
    completeness text NOT NULL,
    tenant_id uuid NOT NULL,
    document text NOT NULL DEFAULT '',
    bank_read_at timestamptz,
    covered_since timestamptz,
    covered_state text NOT NULL DEFAULT '',
    without_amount bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, date, tenant_id)
);

CREATE INDEX account_closes_connection ON account_closes (connection_id);
CREATE INDEX account_closes_tenant ON account_closes (tenant_id);

-- The closes that were reopened. The columns are those of account_closes.
CREATE TABLE reopened_closes (
    account_id uuid NOT NULL,
    date text NOT NULL COLLATE "C",
    connection_id uuid NOT NULL,
    position bigint NOT NULL,
    records bigint NOT NULL,
    total text,
    currency text NOT NULL,
    digest bytea NOT NULL,
    closed_at timestamptz NOT NULL,
    closed_by text NOT NULL,
    completeness text NOT NULL,
    document text NOT NULL,
    reopened_at timestamptz NOT NULL,
    tenant_id uuid NOT NULL,
    bank_read_at timestamptz,
    covered_since timestamptz,
    covered_state text NOT NULL DEFAULT '',
    without_amount bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, date, closed_at, tenant_id)
);

CREATE INDEX reopened_closes_connection ON reopened_closes (connection_id);

-- The changes of records after a close of their account. A row is an adjustment of each close of the account whose
-- position is lower than seq and whose date is not before day. day: the earlier one of the dates before and after the
-- change. members_before, members_after: the members that the digest of a close covers, separated by "|"; "" if the
-- account does not have the record.
CREATE TABLE close_adjustments (
    account_id uuid NOT NULL,
    seq bigint NOT NULL,
    transaction_id uuid NOT NULL,
    version integer NOT NULL,
    change text NOT NULL,
    made_at timestamptz NOT NULL,
    day text NOT NULL COLLATE "C",
    members_before text NOT NULL,
    members_after text NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (account_id, seq, tenant_id)
);

CREATE INDEX close_adjustments_transaction ON close_adjustments (transaction_id);

-- The second witnesses of accounts: statement files of banks, and other accounts (witness_id). source_key: the SHA-256
-- hash of the file, or the other account with the days. reading, comparison, decisions: JSON; comparison is '' unless
-- the statement is compared. overview: what the comparison of the account's statements with each other needs, as JSON.
-- first_day, last_day: the days of the lines and of the covered days; '' if there are none. waits_for: the earliest day
-- of a line that the account's readings do not cover yet; '' if there is none. changes: the number of changes of records
-- that may affect the comparison; compared_changes: that number when the records were read. due_at: when the statement
-- has to be compared again. alerting_since: since when the statement needs attention.
CREATE TABLE bank_statements (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    witness_id uuid,
    witness_connection_id uuid,
    source_key text NOT NULL COLLATE "C",
    state text NOT NULL,
    verdict text NOT NULL,
    first_day text NOT NULL COLLATE "C",
    last_day text NOT NULL COLLATE "C",
    waits_for text NOT NULL COLLATE "C",
    reading text NOT NULL,
    comparison text NOT NULL,
    overview text NOT NULL,
    decisions text NOT NULL,
    uploaded_by text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    revision bigint NOT NULL,
    changes bigint NOT NULL,
    compared_changes bigint NOT NULL,
    due_at timestamptz,
    alerting_since timestamptz,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE UNIQUE INDEX bank_statements_source ON bank_statements (account_id, source_key, tenant_id);
CREATE INDEX bank_statements_list ON bank_statements (account_id, uploaded_at, id);
CREATE INDEX bank_statements_connection ON bank_statements (connection_id);
CREATE INDEX bank_statements_witness ON bank_statements (witness_connection_id)
    WHERE witness_connection_id IS NOT NULL;
CREATE INDEX bank_statements_due ON bank_statements (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX bank_statements_alerting ON bank_statements (tenant_id, connection_id) WHERE alerting_since IS NOT NULL;

-- The sealed files of bank statements.
CREATE TABLE bank_statement_files (
    id uuid NOT NULL,
    sealed bytea NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

-- The lines of the comparisons of bank statements, and the records without a line, in portions of up to 500. number: the
-- number of the first one, from 1. buckets: the buckets that occur in the portion, separated by commas. content: the
-- findings as compressed JSON.
CREATE TABLE bank_statement_lines (
    statement_id uuid NOT NULL,
    number bigint NOT NULL,
    buckets text NOT NULL,
    content bytea NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (statement_id, number, tenant_id)
);

-- The columns of the accounts' CSV files, as JSON.
CREATE TABLE csv_mappings (
    account_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    mapping text NOT NULL,
    updated_at timestamptz NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (account_id, tenant_id)
);

CREATE INDEX csv_mappings_connection ON csv_mappings (connection_id);

-- The index of the search. A background task fills it after the commit, in the order of the change feed, so that
-- storing a page does not pay for it. amount: as text without trailing zeros. account_amount: the same in the currency
-- of the account; '' if there is none. folded: description and counterparty without case and accents, separated by a
-- line feed. Erased transactions have no row. currency and status: what day_totals contains of the transaction. status
-- is empty for a removed transaction, which day_totals does not contain.
CREATE TABLE search_index (
    transaction_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    date text NOT NULL COLLATE "C",
    amount text NOT NULL COLLATE "C",
    folded text NOT NULL,
    tenant_id uuid NOT NULL,
    currency text NOT NULL COLLATE "C",
    status text NOT NULL,
    account_amount text NOT NULL DEFAULT '' COLLATE "C",
    PRIMARY KEY (transaction_id, tenant_id)
);

CREATE INDEX search_index_account_amount ON search_index (tenant_id, account_amount, date, transaction_id)
    WHERE account_amount <> '';
CREATE INDEX search_index_amount ON search_index (tenant_id, amount, date, transaction_id);
CREATE INDEX search_index_connection ON search_index (connection_id, tenant_id);
-- A search for a text that occurs often examines the newest rows of the index first.
CREATE INDEX search_index_newest ON search_index (tenant_id, date, transaction_id);

-- Up to which position of the change feed the transactions of a tenant are in search_index.
CREATE TABLE search_progress (
    change_tx bigint NOT NULL,
    transaction_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- Without the extension pg_trgm, a search for text examines the transactions themselves.
-- +goose StatementBegin
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX search_index_folded ON search_index USING gin (folded gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'the extension pg_trgm is not available: %', SQLERRM;
END
$$;
-- +goose StatementEnd

-- The sums of a tenant's live transactions by day, currency and status. The background task of the search index
-- maintains them, so that storing a page does not pay for them. amount_in, amount_out: exact decimals; amount_out
-- without its sign. A sum of no transactions has no row.
CREATE TABLE day_totals (
    date text NOT NULL COLLATE "C",
    currency text NOT NULL COLLATE "C",
    status text NOT NULL,
    amount_in text NOT NULL,
    amount_out text NOT NULL,
    count bigint NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (date, currency, status, tenant_id)
);

CREATE INDEX day_totals_by_tenant ON day_totals (tenant_id, date);

-- Erasures of connections. requested_at: when the deletion at the vendor was requested. due_at: when the erasure
-- continues, or until when a worker has claimed it. vendor_done: the vendor does not have the account reference.
-- passes: complete passes over all tables. place: the place within the present pass, as JSON.
CREATE TABLE erasures (
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    at_vendor boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    last_error text NOT NULL,
    created_at timestamptz NOT NULL,
    requested_at timestamptz NOT NULL,
    ended_at timestamptz,
    due_at timestamptz NOT NULL,
    vendor_done boolean NOT NULL,
    attempts integer NOT NULL,
    passes integer NOT NULL,
    place text NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE UNIQUE INDEX erasures_one_running ON erasures (connection_id, tenant_id) WHERE status = 'running';
CREATE INDEX erasures_due ON erasures (due_at) WHERE status = 'running';
CREATE INDEX erasures_newest ON erasures (tenant_id, created_at, id);
CREATE INDEX erasures_of_connection ON erasures (connection_id, created_at);

-- The events that are not changes of transactions. Each is written in the transaction that makes the change. change_tx
-- orders them like the change feed.
CREATE TABLE events (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    change_tx bigint NOT NULL,
    type text NOT NULL,
    connection_id uuid,
    subject text NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE INDEX events_feed ON events (tenant_id, change_tx, id);
CREATE INDEX events_age ON events (made_at);

-- types: a JSON array. settings: the settings of the sink, without passwords, as a JSON object that only the adapter of
-- its kind interprets. sealed: the signing secrets and the password. feed_tx and feed_id, event_tx and event_id: the
-- positions in transactions and in events up to which the subscription has read. delivered_to: each event up to this
-- sequence is delivered, was skipped, or is parked. epoch: the number of replays and of other new beginnings. lease_id:
-- the process that sends the events. state 'deleted': the row stays until its events are deleted. scanned_sources: a
-- hash of the sources that were compared with the entries of Matcher; 0 if none were. failing_since: when the calls to
-- Matcher began to fail; NULL if they do not fail (ports.MatcherState). account_id: only events of this account are
-- sent; NULL for all.
CREATE TABLE subscriptions (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    types text NOT NULL,
    connection_id uuid,
    sink_kind text NOT NULL,
    sealed bytea,
    previous_until timestamptz,
    state text NOT NULL,
    reason text NOT NULL,
    state_since timestamptz NOT NULL,
    from_start boolean NOT NULL,
    feed_tx bigint NOT NULL,
    feed_id uuid NOT NULL,
    event_tx bigint NOT NULL,
    event_id uuid NOT NULL,
    last_sequence bigint NOT NULL,
    delivered_to bigint NOT NULL,
    epoch bigint NOT NULL,
    lease_id uuid,
    lease_until timestamptz,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    settings text NOT NULL DEFAULT '',
    scanned_sources bigint NOT NULL DEFAULT 0,
    failing_since timestamptz,
    account_id uuid,
    PRIMARY KEY (id, tenant_id)
);

CREATE INDEX subscriptions_tenant ON subscriptions (tenant_id, created_at, id);

-- The events of a subscription. version: of the transaction; 0 for every other resource. parked: the event waits apart
-- from the others, because it has failed, or because an earlier event of the same subject has. source: the CloudEvents
-- attribute; '' for events that an earlier version has recorded.
CREATE TABLE subscription_events (
    subscription_id uuid NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    connection_id uuid,
    version integer NOT NULL,
    made_at timestamptz NOT NULL,
    parked boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    next_attempt_at timestamptz,
    last_error text NOT NULL DEFAULT '',
    tenant_id uuid NOT NULL,
    source text NOT NULL DEFAULT '',
    PRIMARY KEY (subscription_id, sequence, tenant_id)
);

CREATE INDEX subscription_events_parked ON subscription_events (subscription_id, subject, sequence) WHERE parked;
-- An event with the last_error 'skipped' was passed over by an operator, and is neither parked nor sent. If it reported
-- a new record, it is stored until the next event of the record, which then reports the new record.
CREATE INDEX subscription_events_skipped ON subscription_events (subscription_id, subject)
    WHERE last_error = 'skipped';

CREATE TABLE subscription_attempts (
    subscription_id uuid NOT NULL,
    attempted_at timestamptz NOT NULL,
    id uuid NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    number integer NOT NULL,
    took_us bigint NOT NULL,
    error text NOT NULL,
    tenant_id uuid NOT NULL,
    response_status integer NOT NULL DEFAULT 0,
    response_body text NOT NULL DEFAULT '',
    next_attempt_at timestamptz,
    PRIMARY KEY (subscription_id, attempted_at, id, tenant_id)
);
-- What receivers have answered to failed attempts; an erasure removes it.
CREATE INDEX subscription_attempts_answers ON subscription_attempts (tenant_id) WHERE response_body <> '';

-- What a subscription has sent to Matcher for a transaction (matcher.Entry). account_id: NULL if it is not known yet.
-- external_id: of the first import. context_id, source_id and matcher_id: ids of Matcher. content: of the last import,
-- as JSON; '' in the state none. conflict: JSON; '' if there is none. due_at: NULL if nothing is to be done. marks:
-- counts the changes of the transaction.
CREATE TABLE matcher_entries (
    subscription_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    account_id uuid,
    state text NOT NULL CHECK (state IN ('none', 'importing', 'imported', 'ignoring', 'ignored')),
    external_id text NOT NULL COLLATE "C",
    context_id text NOT NULL COLLATE "C",
    source_id text NOT NULL COLLATE "C",
    content text NOT NULL,
    matcher_id text NOT NULL,
    imports integer NOT NULL,
    last_version integer NOT NULL,
    file text NOT NULL,
    tries integer NOT NULL,
    max_rows integer NOT NULL,
    conflict text NOT NULL,
    conflict_since timestamptz,
    due_at timestamptz,
    marks bigint NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (subscription_id, transaction_id, tenant_id)
) WITH (fillfactor = 80);

CREATE INDEX matcher_entries_due ON matcher_entries (subscription_id, due_at, transaction_id) WHERE due_at IS NOT NULL;
CREATE INDEX matcher_entries_conflicts ON matcher_entries (subscription_id, conflict_since, transaction_id)
    WHERE conflict_since IS NOT NULL;
CREATE INDEX matcher_entries_external_id ON matcher_entries (subscription_id, source_id, external_id)
    WHERE external_id <> '';
CREATE INDEX matcher_entries_of_connection ON matcher_entries (connection_id);

-- The audit entries that have no number yet. A change of an operator inserts its entry here, in its own transaction.
CREATE TABLE audit_pending (
    id uuid NOT NULL,
    made_at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    request_id text NOT NULL,
    detail text NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

-- The numbered audit entries. sequence: the number, which is the index of the leaf in the tenant's Merkle tree.
CREATE TABLE audit_entries (
    sequence bigint NOT NULL,
    made_at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    request_id text NOT NULL,
    detail text NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (sequence, tenant_id)
);

CREATE INDEX audit_entries_tenant ON audit_entries (tenant_id, sequence);
CREATE INDEX audit_entries_object ON audit_entries (object, tenant_id, sequence);
CREATE INDEX audit_entries_actor ON audit_entries (actor, tenant_id, sequence);

-- The hashes of the Merkle trees, by their indexes (StoredHashIndex of golang.org/x/mod/sumdb/tlog).
CREATE TABLE audit_hashes (
    position bigint NOT NULL,
    hash bytea NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (position, tenant_id)
);

-- The signed checkpoints, one for each batch of numbered entries.
CREATE TABLE audit_checkpoints (
    size bigint NOT NULL,
    note bytea NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (size, tenant_id)
);

-- The number of numbered entries of each tenant. A process that numbers entries locks the row. announced_at: when a
-- checkpoint of the tenant was last logged.
CREATE TABLE audit_heads (
    size bigint NOT NULL,
    announced_at timestamptz,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- The sealed key that signs the checkpoints, in at most one row, whose tenant_id is the nil UUID.
CREATE TABLE audit_keys (
    sealed bytea NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- The rate budgets of the vendors, which all replicas share. A row belongs to the service and not to a tenant, because
-- a vendor counts calls by address; therefore its key has no tenant_id. A replica changes a row only if version is
-- still the one that it has read. full_at: when the token bucket is full again. blocked_until: the vendor accepts no
-- call before. demands: the calls that wait on each replica, by tenant. refusals: the clients that the vendor has
-- refused. Origins, client ids and account references are stored as hashes, because an erasure removes them.
CREATE TABLE rate_budgets (
    vendor text NOT NULL,
    origin_sha256 bytea NOT NULL,
    resource text NOT NULL,
    egress_address text NOT NULL,
    version bigint NOT NULL,
    full_at timestamptz NOT NULL,
    blocked_until timestamptz,
    demands jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    refusals jsonb NOT NULL DEFAULT '{}',
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
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    cluster bigint NOT NULL,
    shift bigint NOT NULL,
    cursor_key bytea NOT NULL,
    plain_until bigint NOT NULL DEFAULT 0
);

INSERT INTO feed (cluster, shift, cursor_key)
SELECT system_identifier, 0, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
FROM pg_control_system();

-- The positions of a tenant's change feed in a distributed database. Without distribution the table is empty, and the
-- table feed is used. A position is the id of the database transaction that wrote the row, plus shift. server and
-- timeline identify the server that assigns the ids. If another server has the tenant's rows, or if the positions reach
-- reserved, a writer first updates the row. All assigned positions are less than reserved.
CREATE TABLE tenant_feeds (
    tenant_id uuid PRIMARY KEY,
    server bigint NOT NULL,
    timeline integer NOT NULL,
    shift bigint NOT NULL,
    reserved bigint NOT NULL
);
