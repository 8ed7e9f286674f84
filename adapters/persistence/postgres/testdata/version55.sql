-- A database of commit 68f45046, the last one with separate migrations: the tables of version 55, the rows that
-- "discovery demo" had left, and some rows in tables that it leaves empty.

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE TABLE absent_transactions (
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    external_id text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL,
    pull_id uuid NOT NULL,
    held_at timestamp with time zone
);
CREATE TABLE account_balances (
    account_id uuid NOT NULL,
    day text NOT NULL COLLATE pg_catalog."C",
    connection_id uuid NOT NULL,
    read_at timestamp with time zone NOT NULL,
    currency text NOT NULL,
    balance numeric NOT NULL,
    posted numeric NOT NULL,
    anchor numeric NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE account_closes (
    account_id uuid NOT NULL,
    date text NOT NULL COLLATE pg_catalog."C",
    connection_id uuid NOT NULL,
    "position" bigint NOT NULL,
    records bigint NOT NULL,
    total text,
    currency text NOT NULL,
    digest bytea NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    closed_by text NOT NULL,
    completeness text NOT NULL,
    tenant_id uuid NOT NULL,
    document text DEFAULT ''::text NOT NULL
);
CREATE TABLE account_completeness (
    account_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    state text NOT NULL,
    compared boolean NOT NULL,
    drift_since timestamp with time zone,
    tenant_id uuid NOT NULL,
    announced text DEFAULT ''::text NOT NULL,
    changed_since timestamp with time zone,
    changed_from text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    decided_at timestamp with time zone
);
CREATE TABLE account_references (
    digest bytea NOT NULL,
    connection_id uuid NOT NULL,
    account_ref text NOT NULL,
    erased boolean NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE accounts (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    external_id text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL,
    subtype text NOT NULL,
    name text NOT NULL,
    number text NOT NULL,
    currency text NOT NULL,
    balance numeric,
    balance_currency text NOT NULL,
    metadata bytea,
    first_seen_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone,
    listed boolean DEFAULT true NOT NULL,
    absent_pull_id uuid,
    account_ref text DEFAULT ''::text NOT NULL,
    account_refs text DEFAULT ''::text NOT NULL,
    account_key text DEFAULT ''::text NOT NULL
);
CREATE TABLE announced_removals (
    connection_id uuid NOT NULL,
    external_id text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL,
    date text NOT NULL COLLATE pg_catalog."C",
    announced_at timestamp with time zone NOT NULL,
    pull_id uuid NOT NULL,
    state text NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE applications (
    id uuid NOT NULL,
    vendor text NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    base_url text NOT NULL,
    sealed bytea NOT NULL,
    revision bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    renewal_due_at timestamp with time zone,
    renewal_since timestamp with time zone,
    renewal_attempts integer NOT NULL,
    renewal_receiver text NOT NULL,
    renewal_actor text NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE audit_checkpoints (
    size bigint NOT NULL,
    note bytea NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE audit_entries (
    sequence bigint NOT NULL,
    made_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    request_id text NOT NULL,
    detail text NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE audit_hashes (
    "position" bigint NOT NULL,
    hash bytea NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE audit_heads (
    size bigint NOT NULL,
    announced_at timestamp with time zone,
    tenant_id uuid NOT NULL
);
CREATE TABLE audit_keys (
    sealed bytea NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE audit_pending (
    id uuid NOT NULL,
    made_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    request_id text NOT NULL,
    detail text NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE carried_over_transactions (
    connection_id uuid NOT NULL,
    external_id text NOT NULL COLLATE pg_catalog."C",
    account_id uuid NOT NULL,
    date text NOT NULL COLLATE pg_catalog."C",
    tenant_id uuid NOT NULL
);
CREATE TABLE change_clocks (
    connection_id uuid NOT NULL,
    last_at timestamp with time zone NOT NULL,
    tenant_id uuid NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE client_hash_keys (
    sealed bytea NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE close_adjustments (
    account_id uuid NOT NULL,
    seq bigint NOT NULL,
    transaction_id uuid NOT NULL,
    version integer NOT NULL,
    change text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    day text NOT NULL COLLATE pg_catalog."C",
    members_before text NOT NULL,
    members_after text NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE connections (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    vendor text NOT NULL,
    base_url text NOT NULL,
    account_ref text NOT NULL,
    type text NOT NULL,
    config bytea,
    sealed bytea NOT NULL,
    health_status text NOT NULL,
    health_reason text NOT NULL,
    health_since timestamp with time zone,
    needs_reauth boolean NOT NULL,
    reauth_by_event boolean NOT NULL,
    revision bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    target_changed_at timestamp with time zone,
    deleted_at timestamp with time zone,
    paused_at timestamp with time zone,
    consent_status text DEFAULT ''::text NOT NULL,
    consent_key text DEFAULT ''::text NOT NULL,
    consent_expires_at timestamp with time zone,
    consent_notice_at timestamp with time zone,
    webhook_next_at timestamp with time zone,
    webhook_every bigint DEFAULT 0 NOT NULL,
    webhook_news_only boolean DEFAULT false NOT NULL,
    webhook_due_at timestamp with time zone,
    webhook_missed_at timestamp with time zone,
    erased_at timestamp with time zone,
    new_reference boolean DEFAULT false NOT NULL,
    staged_since timestamp with time zone,
    usage_month timestamp with time zone,
    usage_refreshes integer DEFAULT 0 NOT NULL,
    usage_pulls integer DEFAULT 0 NOT NULL,
    reauth_announced boolean DEFAULT false NOT NULL,
    failure_announced boolean DEFAULT false NOT NULL,
    ambiguity text DEFAULT ''::text NOT NULL,
    reauth_since timestamp with time zone,
    consent_since timestamp with time zone,
    client_key bytea,
    application_key bytea,
    application_id uuid,
    stream_position text DEFAULT ''::text NOT NULL,
    CONSTRAINT connections_kind_check CHECK ((kind = ANY (ARRAY['aggregator'::text, 'engine'::text])))
);
CREATE TABLE day_totals (
    date text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL,
    amount_in text NOT NULL,
    amount_out text NOT NULL,
    count bigint NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE deliveries (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    event text NOT NULL,
    event_id text NOT NULL COLLATE pg_catalog."C",
    fingerprint bytea NOT NULL,
    body bytea NOT NULL,
    scope text NOT NULL,
    status text NOT NULL,
    pull_id uuid,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT deliveries_status_check CHECK ((status = ANY (ARRAY['accepted'::text, 'ignored'::text, 'unreadable'::text])))
);
CREATE TABLE erasures (
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    at_vendor boolean NOT NULL,
    status text NOT NULL,
    last_error text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    due_at timestamp with time zone NOT NULL,
    vendor_done boolean NOT NULL,
    attempts integer NOT NULL,
    passes integer NOT NULL,
    place text NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT erasures_status_check CHECK ((status = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text])))
);
CREATE TABLE events (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    change_tx bigint NOT NULL,
    type text NOT NULL,
    connection_id uuid,
    subject text NOT NULL,
    made_at timestamp with time zone NOT NULL
);
CREATE TABLE feed (
    one boolean DEFAULT true NOT NULL,
    cluster bigint NOT NULL,
    shift bigint NOT NULL,
    cursor_key bytea NOT NULL,
    plain_until bigint DEFAULT 0 NOT NULL,
    CONSTRAINT feed_one_check CHECK (one)
);
CREATE TABLE goose_db_version (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT now() NOT NULL
);
ALTER TABLE goose_db_version ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME goose_db_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    fingerprint bytea NOT NULL,
    claimed_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    status integer NOT NULL,
    headers text NOT NULL,
    body bytea
);
CREATE TABLE last_webhook_tokens (
    connection_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    token_id uuid NOT NULL
);
CREATE TABLE link_sessions (
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    base_url text NOT NULL,
    sealed bytea NOT NULL,
    actor text NOT NULL,
    receiver text NOT NULL,
    hook_hash bytea,
    state text NOT NULL,
    account_ref text NOT NULL,
    announced text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    due_at timestamp with time zone,
    attempts integer NOT NULL,
    tenant_id uuid NOT NULL,
    application_id uuid,
    CONSTRAINT link_sessions_state_check CHECK ((state = ANY (ARRAY['open'::text, 'connected'::text, 'done'::text, 'closing'::text, 'abandoned'::text])))
);
CREATE TABLE matcher_entries (
    subscription_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    account_id uuid,
    state text NOT NULL,
    external_id text NOT NULL COLLATE pg_catalog."C",
    context_id text NOT NULL COLLATE pg_catalog."C",
    source_id text NOT NULL COLLATE pg_catalog."C",
    content text NOT NULL,
    matcher_id text NOT NULL,
    imports integer NOT NULL,
    last_version integer NOT NULL,
    file text NOT NULL,
    tries integer NOT NULL,
    max_rows integer NOT NULL,
    conflict text NOT NULL,
    conflict_since timestamp with time zone,
    due_at timestamp with time zone,
    marks bigint NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT matcher_entries_state_check CHECK ((state = ANY (ARRAY['none'::text, 'importing'::text, 'imported'::text, 'ignoring'::text, 'ignored'::text])))
)
WITH (fillfactor='80');
CREATE TABLE possible_replacements (
    connection_id uuid NOT NULL,
    old_id uuid NOT NULL,
    new_id uuid NOT NULL,
    account_id uuid,
    since timestamp with time zone NOT NULL,
    state text NOT NULL,
    evidence text NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE pulls (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    trigger text NOT NULL,
    trace text NOT NULL,
    state text NOT NULL,
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
    lease_until timestamp with time zone,
    not_before timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    complete boolean DEFAULT false NOT NULL,
    quarantined integer DEFAULT 0 NOT NULL,
    CONSTRAINT pulls_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'waiting'::text, 'succeeded'::text, 'failed'::text])))
)
WITH (fillfactor='80');
CREATE TABLE quarantined_rows (
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    kind text NOT NULL,
    row_key text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL,
    payload bytea NOT NULL,
    pull_id uuid NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT quarantined_rows_kind_check CHECK ((kind = ANY (ARRAY['transaction'::text, 'account'::text])))
);
CREATE TABLE rate_budgets (
    vendor text NOT NULL,
    origin_sha256 bytea NOT NULL,
    resource text NOT NULL,
    egress_address text NOT NULL,
    version bigint NOT NULL,
    full_at timestamp with time zone NOT NULL,
    blocked_until timestamp with time zone,
    demands jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE reopened_closes (
    account_id uuid NOT NULL,
    date text NOT NULL COLLATE pg_catalog."C",
    connection_id uuid NOT NULL,
    "position" bigint NOT NULL,
    records bigint NOT NULL,
    total text,
    currency text NOT NULL,
    digest bytea NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    closed_by text NOT NULL,
    completeness text NOT NULL,
    document text NOT NULL,
    reopened_at timestamp with time zone NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE search_index (
    transaction_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    date text NOT NULL COLLATE pg_catalog."C",
    amount text NOT NULL COLLATE pg_catalog."C",
    folded text NOT NULL,
    tenant_id uuid NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL
);
CREATE TABLE search_progress (
    change_tx bigint NOT NULL,
    transaction_id uuid NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE split_pairs (
    connection_id uuid NOT NULL,
    old_external_id text NOT NULL COLLATE pg_catalog."C",
    new_external_id text NOT NULL COLLATE pg_catalog."C",
    tenant_id uuid NOT NULL
);
CREATE TABLE staged_transactions (
    connection_id uuid NOT NULL,
    external_id text NOT NULL COLLATE pg_catalog."C",
    step integer NOT NULL,
    account text NOT NULL COLLATE pg_catalog."C",
    date text NOT NULL COLLATE pg_catalog."C",
    content bytea NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE subscription_attempts (
    subscription_id uuid NOT NULL,
    attempted_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    number integer NOT NULL,
    took_us bigint NOT NULL,
    error text NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE subscription_events (
    subscription_id uuid NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    connection_id uuid,
    version integer NOT NULL,
    made_at timestamp with time zone NOT NULL,
    parked boolean DEFAULT false NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    next_attempt_at timestamp with time zone,
    last_error text DEFAULT ''::text NOT NULL,
    tenant_id uuid NOT NULL,
    source text DEFAULT ''::text NOT NULL
);
CREATE TABLE subscriptions (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    types text NOT NULL,
    connection_id uuid,
    sink_kind text NOT NULL,
    sealed bytea,
    previous_until timestamp with time zone,
    state text NOT NULL,
    reason text NOT NULL,
    state_since timestamp with time zone NOT NULL,
    from_start boolean NOT NULL,
    feed_tx bigint NOT NULL,
    feed_id uuid NOT NULL,
    event_tx bigint NOT NULL,
    event_id uuid NOT NULL,
    last_sequence bigint NOT NULL,
    delivered_to bigint NOT NULL,
    epoch bigint NOT NULL,
    lease_id uuid,
    lease_until timestamp with time zone,
    revision bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    settings text DEFAULT ''::text NOT NULL,
    scanned_sources bigint DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone
);
CREATE TABLE tenant_feeds (
    tenant_id uuid NOT NULL,
    server bigint NOT NULL,
    timeline integer NOT NULL,
    shift bigint NOT NULL,
    reserved bigint NOT NULL
);
CREATE TABLE transaction_past_ids (
    connection_id uuid NOT NULL,
    external_id text NOT NULL COLLATE pg_catalog."C",
    transaction_id uuid NOT NULL,
    tenant_id uuid NOT NULL
);
CREATE TABLE transaction_versions (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    account_id uuid,
    account text NOT NULL COLLATE pg_catalog."C",
    amount numeric NOT NULL,
    currency text NOT NULL,
    account_amount numeric,
    account_currency text NOT NULL,
    status text NOT NULL,
    date text NOT NULL COLLATE pg_catalog."C",
    occurred_at timestamp with time zone,
    description text NOT NULL,
    category text NOT NULL,
    counterparty text NOT NULL,
    metadata bytea,
    version integer NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone,
    pull_id uuid,
    warnings text NOT NULL,
    row_sha256 bytea,
    normalizer text NOT NULL,
    external_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    supersedes text DEFAULT ''::text NOT NULL,
    superseded_by uuid,
    change_tx bigint DEFAULT 0 NOT NULL,
    possibly_supersedes text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    end_to_end_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    institution_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    authentication_code text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    reference_number text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    receiver_reference_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    tracking_key text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    cheque_number text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    counterparty_document text DEFAULT ''::text NOT NULL,
    replaced_at timestamp with time zone
);
CREATE TABLE transactions (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    account_id uuid,
    account text NOT NULL COLLATE pg_catalog."C",
    external_id text NOT NULL COLLATE pg_catalog."C",
    amount numeric NOT NULL,
    currency text NOT NULL,
    account_amount numeric,
    account_currency text NOT NULL,
    status text NOT NULL,
    date text NOT NULL COLLATE pg_catalog."C",
    occurred_at timestamp with time zone,
    description text NOT NULL,
    category text NOT NULL,
    counterparty text NOT NULL,
    metadata bytea,
    digest bytea NOT NULL,
    version integer NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone,
    change_tx bigint NOT NULL,
    content_hash bytea,
    pull_id uuid,
    warnings text DEFAULT ''::text NOT NULL,
    row_sha256 bytea,
    normalizer text DEFAULT ''::text NOT NULL,
    supersedes text DEFAULT ''::text NOT NULL,
    superseded_by uuid,
    erased_at timestamp with time zone,
    possibly_supersedes text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    end_to_end_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    institution_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    authentication_code text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    reference_number text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    receiver_reference_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    tracking_key text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    cheque_number text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    counterparty_document text DEFAULT ''::text NOT NULL
);
CREATE TABLE webhook_tokens (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    vendor text NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    source_hash bytea,
    registration text DEFAULT ''::text NOT NULL,
    registration_id text DEFAULT ''::text NOT NULL,
    registration_due timestamp with time zone,
    registration_attempts integer DEFAULT 0 NOT NULL,
    application_key bytea,
    registration_base_url text DEFAULT ''::text NOT NULL,
    registration_sealed bytea,
    registration_of_reference boolean DEFAULT false NOT NULL
);
INSERT INTO absent_transactions VALUES ('f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'a-row-that-was-not-shown', 'acc-1', '01a21918-8f85-7377-a8f8-68f3dfba8901', '2026-10-04 12:30:00.123463+00');
INSERT INTO account_balances VALUES ('01a21918-8f56-7341-ab6b-d055e684c648', '2026-11-26', '01a21918-8ed2-7742-8818-47d851516da1', '2026-11-26 18:22:50.040987+00', 'BRL', 4439.4, 1267.36, 3172.04, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO account_balances VALUES ('01a21918-90d9-7d20-9958-968d88ce19eb', '2026-11-26', '01a21918-90cc-7336-9a3b-7efc257d2eef', '2026-11-26 18:22:50.200928+00', 'MXN', -1830, 0, -1830, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO account_balances VALUES ('01a21918-90d9-7daa-af3f-483329eacd4f', '2026-11-26', '01a21918-90cc-7336-9a3b-7efc257d2eef', '2026-11-26 18:22:50.200928+00', 'MXN', 12044.71, -609.4, 12654.11, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO account_balances VALUES ('01a21918-a243-7260-99f8-54bc9e1ec963', '2026-11-26', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '2026-11-26 18:23:03.306462+00', 'USD', 2541.75, 3968.67, -1426.92, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO account_balances VALUES ('01a21918-a243-7363-b955-fb12fc3b487b', '2026-11-26', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '2026-11-26 18:23:03.306462+00', 'USD', -410, -601.4, 191.4, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO account_closes VALUES ('01a21918-8f56-7341-ab6b-d055e684c648', '2026-10-31', '01a21918-90cc-7336-9a3b-7efc257d2eef', 11, 10, '-12.50', 'BRL', '\xfabf113a952d02e7ff0dd9d8d7ec52dfaa93809185cfc3657db34cdaf29f71e2', '2026-10-04 12:30:00.123465+00', 'closed_by of account_closes', 'complete', 'f99e731f-ba49-4527-9688-dbefff215dc5', '{"from":"2026-10-01","opening":"1000.00"}');
INSERT INTO account_completeness VALUES ('01a21918-8f56-74b1-ba22-5ce9cbf83fb5', '01a21918-8ed2-7742-8818-47d851516da1', '{"last":{"at":"2026-11-26T18:22:50.040987Z","pull":"01a21918-906f-7595-9ecb-104b0570fd32","missing":"invoice_balance","balance":"0","posted":"0","late":"0","firstDay":"2026-11-12"},"announced":[{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","from":"2026-11-26T18:22:49.959Z","count":1}]}', false, NULL, 'f99e731f-ba49-4527-9688-dbefff215dc5', '', NULL, '', NULL);
INSERT INTO account_completeness VALUES ('01a21918-8f56-7341-ab6b-d055e684c648', '01a21918-8ed2-7742-8818-47d851516da1', '{"baseline":{"at":"2026-11-26T18:22:49.697626Z","anchor":"3172.04","firstDay":"2026-11-23"},"last":{"at":"2026-11-26T18:22:50.040987Z","pull":"01a21918-906f-7595-9ecb-104b0570fd32","currency":"BRL","balance":"4439.4","posted":"1267.36","late":"0","firstDay":"2026-11-23","days":1,"consistent":1,"links":1},"since":"2026-11-26T18:22:49.697626Z"}', true, NULL, 'f99e731f-ba49-4527-9688-dbefff215dc5', 'complete', NULL, '', NULL);
INSERT INTO account_completeness VALUES ('01a21918-90d9-7d20-9958-968d88ce19eb', '01a21918-90cc-7336-9a3b-7efc257d2eef', '{"baseline":{"at":"2026-11-26T18:22:50.080291Z","anchor":"-1830","firstDay":"2026-11-19"},"last":{"at":"2026-11-26T18:22:50.200928Z","pull":"01a21918-9133-7092-9fc5-8821538dcda1","currency":"MXN","balance":"-1830","posted":"0","late":"0","firstDay":"2026-11-19"},"since":"2026-11-26T18:22:50.080291Z","counted":{"expected":5,"actual":5,"at":"2026-11-26T18:22:50.080291Z"}}', true, NULL, 'f99e731f-ba49-4527-9688-dbefff215dc5', 'complete', NULL, '', NULL);
INSERT INTO account_completeness VALUES ('01a21918-90d9-7daa-af3f-483329eacd4f', '01a21918-90cc-7336-9a3b-7efc257d2eef', '{"baseline":{"at":"2026-11-26T18:22:50.080291Z","anchor":"-9095.89","firstDay":"2026-11-16"},"last":{"at":"2026-11-26T18:22:50.200928Z","pull":"01a21918-9133-7092-9fc5-8821538dcda1","currency":"MXN","balance":"12044.71","posted":"-609.4","late":"0","firstDay":"2026-11-16"},"since":"2026-11-26T18:22:50.080291Z","anchorDrift":"2026-11-26T18:22:50.135835Z","counted":{"expected":5,"actual":5,"at":"2026-11-26T18:22:50.080291Z"}}', true, '2026-11-26 18:22:50.135835+00', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'drifting', NULL, '', NULL);
INSERT INTO account_completeness VALUES ('01a21918-a243-7260-99f8-54bc9e1ec963', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '{"baseline":{"at":"2026-11-26T18:22:54.5439Z","anchor":"-426.92","firstDay":"2026-11-05"},"last":{"at":"2026-11-26T18:23:03.306462Z","pull":"01a21918-b3d7-77c4-bdef-6921b710e49e","currency":"USD","balance":"2541.75","posted":"3968.67","late":"0","firstDay":"2026-11-05"},"since":"2026-11-26T18:22:54.5439Z","anchorDrift":"2026-11-26T18:22:59.01956Z"}', true, '2026-11-26 18:22:59.01956+00', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'complete', NULL, '', NULL);
INSERT INTO account_completeness VALUES ('01a21918-a243-7363-b955-fb12fc3b487b', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '{"baseline":{"at":"2026-11-26T18:22:54.5439Z","anchor":"-308.6","firstDay":"2026-11-20"},"last":{"at":"2026-11-26T18:23:03.306462Z","pull":"01a21918-b3d7-77c4-bdef-6921b710e49e","currency":"USD","balance":"-410","posted":"-601.4","late":"0","firstDay":"2026-11-20"},"since":"2026-11-26T18:22:54.5439Z","anchorDrift":"2026-11-26T18:23:03.306462Z"}', true, '2026-11-26 18:23:03.306462+00', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'complete', NULL, '', NULL);
INSERT INTO account_references VALUES ('\x68fe0b3ba24817154256a23dbe99b7c13486bae355e3560d216f214109f92891', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'account_ref of account_references', true, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO accounts VALUES ('01a21918-8f56-7341-ab6b-d055e684c648', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'bank', 'CHECKING_ACCOUNT', 'Conta de Ensaio', '0001/54321-0', 'BRL', 4439.4, 'BRL', '\x7b226964223a2231316161323262622d333363632d346434342d386535352d363666663737616138386262222c2274797065223a2242414e4b222c2273756274797065223a22434845434b494e475f4143434f554e54222c226e756d626572223a22303030312f35343332312d30222c226e616d65223a22436f6e746120646520456e7361696f222c226d61726b6574696e674e616d65223a22436f6e746120456e7361696f222c2262616c616e6365223a343433392e342c226974656d4964223a2262376431663061322d346333352d346538622d396136312d306432663563376538613930222c227461784e756d626572223a223030302e3030302e3030312d3931222c226f776e6572223a22546974756c617220646520456e7361696f222c2263757272656e6379436f6465223a2242524c222c2262616e6b44617461223a7b227472616e736665724e756d626572223a223939392f303030312f35343332312d30222c22636c6f73696e6742616c616e6365223a343433392e342c226175746f6d61746963616c6c79496e76657374656442616c616e6365223a3130302c226f7665726472616674436f6e747261637465644c696d6974223a302c226f7665726472616674557365644c696d6974223a302c22756e617272616e6765644f7665726472616674416d6f756e74223a302c22686173526573657276656442616c616e6365223a66616c73652c22726573657276656442616c616e636573223a6e756c6c7d2c2263726564697444617461223a6e756c6c2c22637265617465644174223a22323032362d31312d30385431323a30303a30352e3030305a222c22757064617465644174223a22323032362d31312d32365430393a30323a31302e3030305a227d', '2026-11-26 18:22:49.684533+00', '2026-11-26 18:22:49.684533+00', NULL, true, NULL, 'b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90', '', 'b049e9da4a44f6221def764bb87e9bcdc29631044e6e4e9779555d44abe5c5bb');
INSERT INTO accounts VALUES ('01a21918-8f56-74b1-ba22-5ce9cbf83fb5', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', 'credit', 'CREDIT_CARD', 'Cartão de Ensaio', '8670', 'BRL', 1532.77, 'BRL', '\x7b226964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c2274797065223a22435245444954222c2273756274797065223a224352454449545f43415244222c226e756d626572223a2238363730222c226e616d65223a2243617274c3a36f20646520456e7361696f222c226d61726b6574696e674e616d65223a22454e5341494f20504c4154494e554d222c2262616c616e6365223a313533322e37372c226974656d4964223a2262376431663061322d346333352d346538622d396136312d306432663563376538613930222c227461784e756d626572223a6e756c6c2c226f776e6572223a22546974756c617220646520456e7361696f222c2263757272656e6379436f6465223a2242524c222c2262616e6b44617461223a6e756c6c2c2263726564697444617461223a7b226c6576656c223a22504c4154494e554d222c226272616e64223a2256495341222c226272616e644164646974696f6e616c496e666f223a6e756c6c2c2262616c616e6365436c6f736544617465223a22323032362d31312d3238222c2262616c616e636544756544617465223a22323032362d31322d3035222c22617661696c61626c654372656469744c696d6974223a383436372e32332c2262616c616e6365466f726569676e43757272656e6379223a302c226d696e696d756d5061796d656e74223a3135332e32382c226372656469744c696d6974223a31303030302c2269734c696d6974466c657869626c65223a66616c73652c22737461747573223a22414354495645222c22686f6c64657254797065223a224d41494e222c22646973616767726567617465644372656469744c696d697473223a5b5d2c226164646974696f6e616c4361726473223a6e756c6c7d2c22637265617465644174223a22323032362d31312d30385431323a30303a30352e3030305a222c22757064617465644174223a22323032362d31312d32365430393a30323a31302e3030305a227d', '2026-11-26 18:22:49.684533+00', '2026-11-26 18:22:49.684533+00', NULL, true, NULL, 'b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90', '', '');
INSERT INTO accounts VALUES ('01a21918-90d9-7d20-9958-968d88ce19eb', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', '58c2d6f1-0e4b-4973-a5d9-b31f7e86c204', 'credit', 'CREDIT_CARD', 'Tarjeta Platino', '4152310099018873', 'MXN', 1830, 'MXN', '\x7b226964223a2235386332643666312d306534622d343937332d613564392d623331663765383663323034222c226c696e6b223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22696e737469747574696f6e223a7b226e616d65223a22657265626f725f6d785f72657461696c222c2274797065223a2262616e6b227d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d30392d32305431323a30303a30392e3737313230345a222c226c6173745f61636365737365645f6174223a22323032362d31312d31395430373a31353a32342e3930303030305a222c2263617465676f7279223a224352454449545f43415244222c2262616c616e63655f74797065223a224c494142494c495459222c2274797065223a225461726a657461206465206372656469746f222c226e616d65223a225461726a65746120506c6174696e6f222c226e756d626572223a2234313532333130303939303138383733222c2262616c616e6365223a7b2263757272656e74223a313833302e302c22617661696c61626c65223a32383137302e307d2c2263757272656e6379223a224d584e222c227075626c69635f6964656e74696669636174696f6e5f6e616d65223a6e756c6c2c227075626c69635f6964656e74696669636174696f6e5f76616c7565223a6e756c6c2c2262616e6b5f70726f647563745f6964223a6e756c6c2c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226372656469745f64617461223a7b22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c226372656469745f6c696d6974223a33303030302e302c2263757474696e675f64617465223a22323032362d31322d3031222c226e6578745f7061796d656e745f64617465223a22323032362d31322d3139222c226d696e696d756d5f7061796d656e74223a3138332e302c226e6f5f696e7465726573745f7061796d656e74223a313833302e302c22696e7465726573745f72617465223a33382e352c22656e645f64617465223a6e756c6c2c226d6f6e74686c795f7061796d656e74223a6e756c6c2c226c6173745f7061796d656e745f64617465223a6e756c6c7d2c226c6f616e5f64617461223a6e756c6c2c2266756e64735f64617461223a6e756c6c2c2272656365697661626c65735f64617461223a6e756c6c7d', '2026-11-26 18:22:50.073256+00', '2026-11-26 18:22:50.073256+00', NULL, true, NULL, '6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12', '', '557f69d4bd99cfb02fa89d230061031c62be7bb30681e8f5fc5a47fb00aa7ec8');
INSERT INTO accounts VALUES ('01a21918-90d9-7daa-af3f-483329eacd4f', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', 'bank', 'CHECKING_ACCOUNT', 'Cuenta de cheques', '7730014482905', 'MXN', 12044.71, 'MXN', '\x7b226964223a2265336237306335352d393164342d346132662d623663382d303766323564316539613833222c226c696e6b223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22696e737469747574696f6e223a7b226e616d65223a22657265626f725f6d785f72657461696c222c2274797065223a2262616e6b227d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d30392d32305431323a30303a30392e3737313230345a222c226c6173745f61636365737365645f6174223a22323032362d31312d31395430373a31353a32342e3930303030305a222c2263617465676f7279223a22434845434b494e475f4143434f554e54222c2262616c616e63655f74797065223a224153534554222c2274797065223a224375656e74617320646520656665637469766f222c226e616d65223a224375656e74612064652063686571756573222c226e756d626572223a2237373330303134343832393035222c2262616c616e6365223a7b2263757272656e74223a31323034342e37312c22617661696c61626c65223a31313839302e327d2c2263757272656e6379223a224d584e222c227075626c69635f6964656e74696669636174696f6e5f6e616d65223a22434c414245222c227075626c69635f6964656e74696669636174696f6e5f76616c7565223a22303032313830373030313434383239303531222c2262616e6b5f70726f647563745f6964223a6e756c6c2c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226372656469745f64617461223a6e756c6c2c226c6f616e5f64617461223a6e756c6c2c2266756e64735f64617461223a6e756c6c2c2272656365697661626c65735f64617461223a6e756c6c7d', '2026-11-26 18:22:50.073256+00', '2026-11-26 18:22:50.073256+00', NULL, true, NULL, '6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12', '', '6afc7429b1b1a917e6889a54beea5d72213b0737c12e6e92e9b3fde13295d490');
INSERT INTO accounts VALUES ('01a21918-a243-7260-99f8-54bc9e1ec963', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'bank', 'checking', 'Plaid Checking', '0000', 'USD', 2541.75, 'USD', '\x7b226163636f756e745f6964223a22626c677676426c587733637135474d507771423673367134644c4b4239576356714744476f222c2262616c616e636573223a7b22617661696c61626c65223a6e756c6c2c2263757272656e74223a323534312e37352c226c696d6974223a6e756c6c2c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c7d2c226d61736b223a2230303030222c226e616d65223a22506c61696420436865636b696e67222c226f6666696369616c5f6e616d65223a6e756c6c2c2274797065223a226465706f7369746f7279222c2273756274797065223a22636865636b696e67227d', '2026-11-26 18:22:54.52928+00', '2026-11-26 18:22:54.52928+00', NULL, true, NULL, 'eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6', '', '');
INSERT INTO accounts VALUES ('01a21918-a243-7363-b955-fb12fc3b487b', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', 'credit', 'credit card', 'Plaid Credit Card', '3333', 'USD', 410, 'USD', '\x7b226163636f756e745f6964223a2264567a62564d4c6a7278546e4c6a583447363658557035474c6b6c6d346f695a793838794b222c2262616c616e636573223a7b22617661696c61626c65223a6e756c6c2c2263757272656e74223a3431302c226c696d6974223a6e756c6c2c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c7d2c226d61736b223a2233333333222c226e616d65223a22506c616964204372656469742043617264222c226f6666696369616c5f6e616d65223a6e756c6c2c2274797065223a22637265646974222c2273756274797065223a226372656469742063617264227d', '2026-11-26 18:22:54.52928+00', '2026-11-26 18:22:54.52928+00', NULL, true, NULL, 'eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6', '', '');
INSERT INTO announced_removals VALUES ('01a21918-8ed2-7742-8818-47d851516da1', 'c0ffee00-0000-4000-8000-000000000010', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', '2026-11-23', '2026-11-26 18:22:49.929759+00', '01a21918-8f85-7377-a8f8-68f3dfba8901', 'applied', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO announced_removals VALUES ('01a21918-8ed2-7742-8818-47d851516da1', 'c0ffee00-0000-4000-8000-000000000011', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', '2026-12-23', '2026-11-26 18:22:50.014643+00', '01a21918-906f-7595-9ecb-104b0570fd32', 'applied', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO announced_removals VALUES ('01a21918-90cc-7336-9a3b-7efc257d2eef', '2d94f7a3-b80c-4e16-95d2-f1c06a7e3b48', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '2026-11-16', '2026-11-26 18:22:50.145769+00', '01a21918-9107-7a62-a844-7730ec5e9741', 'applied', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO announced_removals VALUES ('01a21918-90cc-7336-9a3b-7efc257d2eef', '0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '2026-11-18', '2026-11-26 18:22:50.181695+00', '01a21918-9133-7092-9fc5-8821538dcda1', 'applied', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO announced_removals VALUES ('01a21918-9174-75e3-bcdf-7f1abfec44ce', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD06', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', '2026-11-08', '2026-11-26 18:22:59.014553+00', '01a21918-a26f-7868-b642-fe0837de661d', 'applied', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO announced_removals VALUES ('01a21918-9174-75e3-bcdf-7f1abfec44ce', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD00', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', '2026-11-26', '2026-11-26 18:23:03.301473+00', '01a21918-b3d7-77c4-bdef-6921b710e49e', 'applied', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO applications VALUES ('9631e266-83b9-7887-800e-7bbf3636a622', 'pluggy', 'Pluggy, production', 'https://api.pluggy.ai', '\x0169685130be2457e8790206685b0c76bc1dc25a2218d98d33582b5f657aaf1f', 11, '2026-10-04 12:30:00.123466+00', '2026-10-04 12:30:00.123466+00', '2026-10-04 12:30:00.12347+00', '2026-10-04 12:30:00.123469+00', 19, 'renewal_receiver of applications', 'renewal_actor of applications', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_checkpoints VALUES (3, '\x73747564696f2e6c657269616e2e646973636f766572792f61756469742f66393965373331662d626134392d343532372d393638382d6462656666663231356463350a330a4344642f51654e3859316d614c516a6b34372b4878336f6b58674d5573454a72567057574c59563277664d3d0a0ae280942073747564696f2e6c657269616e2e646973636f766572792f61756469742f66393965373331662d626134392d343532372d393638382d646265666666323135646335204f4e46382f7277764654554d6a2b685776546b4c55554a6437774f31657a4d726a656a6e3557595250494159626e66536177697141482b6d567759433259586a51574b325244363067756b4a5674613663707238796a355877776b3d0a', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_checkpoints VALUES (11, '\x73747564696f2e6c657269616e2e646973636f766572792f61756469742f66393965373331662d626134392d343532372d393638382d6462656666663231356463350a31310a63485745722f544d656951597a4a497862304f4646706e616a66383574563633594d66386e72416f744e4d3d0a0ae280942073747564696f2e6c657269616e2e646973636f766572792f61756469742f66393965373331662d626134392d343532372d393638382d646265666666323135646335204f4e46382f75557a36316d6b6d4c425275396833644975426e62376f6e645031504c69724d526f6f76316b4d6a47493953613237322b795052474d37767146445a48316a316450655777326570646d745a69684f666e49466451773d0a', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_checkpoints VALUES (12, '\x73747564696f2e6c657269616e2e646973636f766572792f61756469742f66393965373331662d626134392d343532372d393638382d6462656666663231356463350a31320a6d654b54356846384c74514277636d65466362624e7664567647556e3642454636537336796b64592f76413d0a0ae280942073747564696f2e6c657269616e2e646973636f766572792f61756469742f66393965373331662d626134392d343532372d393638382d646265666666323135646335204f4e46382f6c634f6772584646624b577533694d4d414866634a61706575514e774c79616a4a666f4261414d453851556c707332785a46756b6a78444e61784948664f5036687646552f594776682b5369527842775a454f67416f3d0a', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (0, '2026-11-26 18:22:49.59155+00', 'unknown', 'connection.create', '01a21918-8ed2-7742-8818-47d851516da1', 'cee8fa4e-698c-4e61-8537-bf5a65437089', '{}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (1, '2026-11-26 18:22:49.618066+00', 'unknown', 'connection.test', '01a21918-8ed2-7742-8818-47d851516da1', '80c536d6-bd65-4174-9eab-346dae12c24f', '{}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (2, '2026-11-26 18:22:49.631744+00', 'unknown', 'token.mint', '01a21918-8f12-7d8c-909b-3a008ed6ec3b', 'f2c883eb-f6b2-4210-aadf-91a544994552', '{"connectionId":"01a21918-8ed2-7742-8818-47d851516da1"}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (3, '2026-11-26 18:22:50.058345+00', 'unknown', 'connection.delete', '01a21918-8ed2-7742-8818-47d851516da1', '9da88e38-9983-4d44-8b19-71a9ea0d37c2', '{}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (4, '2026-11-26 18:22:50.06085+00', 'unknown', 'connection.create', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'a285b38d-f858-42c2-9f72-24e7b2461e79', '{}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (5, '2026-11-26 18:22:50.063238+00', 'unknown', 'connection.test', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'c53c456c-9868-4cb2-b70e-820018a276ea', '{}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (6, '2026-11-26 18:22:50.064568+00', 'unknown', 'token.mint', '01a21918-90cf-7deb-af90-d2874cc9ab43', 'ad7b8ec5-3ca0-4bea-8387-81303896bfb7', '{"connectionId":"01a21918-90cc-7336-9a3b-7efc257d2eef"}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (7, '2026-11-26 18:22:50.224709+00', 'unknown', 'connection.delete', '01a21918-90cc-7336-9a3b-7efc257d2eef', '9ddd81fb-9625-487c-a611-68f619c547fd', '{}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (8, '2026-11-26 18:22:50.229387+00', 'unknown', 'connection.create', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '2dc89c59-d076-4502-801e-8bc80f4a74b2', '{}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (9, '2026-11-26 18:22:50.237816+00', 'unknown', 'connection.test', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '28e63b22-3110-4a96-9c72-83fb8a6a147f', '{}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (10, '2026-11-26 18:22:50.240034+00', 'unknown', 'token.mint', '01a21918-917e-7a8f-89b3-10992173e600', 'd8a4232b-02fc-4545-aee6-4d1c00ec7127', '{"connectionId":"01a21918-9174-75e3-bcdf-7f1abfec44ce"}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_entries VALUES (11, '2026-11-26 18:23:03.315204+00', 'unknown', 'connection.delete', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '945b1893-31b4-4d83-a8ff-5bd88168e049', '{}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (0, '\x1ca4c42ede2b71bb182f604df58095c5b1f207031d71621945b28673a4be243e', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (1, '\xa410c3a94818df4ac857ab627ab63d37ad1b8b939b16c9372d2147411d1c94d6', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (2, '\x6395df46874293b2cf7846812a477d09f83d4eec47fffe52aeec5c950b653e80', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (3, '\x91da28ae34da4cd67e51e29311e475bc790fd2d5f89a74493609391d4abbcd26', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (4, '\x8d99aded1d40094b4694cc638e126fd47f8617d7a9a433a3377a26ec50cc0410', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (5, '\xd16478fc9cf3e6d811d2dae8663cba35343d8f5418e91f50bc8df424afe18440', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (6, '\x2789e4dcb31dd7caaed9a2d65fbbb242f147e0570b1c8ed4ee95f3b8b2012894', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (7, '\xe0d25463f5f29500c16473c4317cada0c495a4136576c667d96c1d66cba17b94', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (8, '\xfc6005810feb801c6496e879faac52556e7803e45623aff83c11333148754f31', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (9, '\xf1414a8e765322a8d580dd772e6fd4a25faffc1d71b6de96481e1c036bf32525', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (10, '\x9807141354e91763ff82b7199b268a60e3fbd18d42c9793ee68d446a64736432', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (11, '\xa3f21d493167b8f79874c420950eea1354326ffe333d26c183fbc42f8f38132d', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (12, '\x15dbeee4cd797e09ade04dc5ada8f009c7dc2e0086e0acf3941a4595d1efa7d5', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (13, '\x1033f61790c5cab729ddd73e8a2b9cad1a98de3b9bb4a579fcd36976f8134061', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (14, '\x2263baa82c3d2d7e1e56f9875ebe3adca02a56909cb64424ea7f1ded581d3ed5', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (15, '\x84c638eaba3ad50f1a07bded7a7e83651a44ef82fafbb4a677a268bb59600d1d', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (16, '\x3edc2185aa69d6de725bfc0a89938f7385a436cbf8d6c03ffec21bbc436d1f3d', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (17, '\x249727f9c6bddac4a69c968d3e2864a030863ba207a0f459cc07788c44bb4aef', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (18, '\xd4091cee4d9df29a93385698ff61c57469737c3e50be499013966080957a6393', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (19, '\x4cedd1d8232f17ea2e6804021e9f003f4b15c0bf8ae9f1c14a690aeab6054484', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (20, '\xadf92947a68f1901da60893634f9c648a4c91b5542ee85ddcd1ec28a90330fd3', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_hashes VALUES (21, '\xefab7d2316a6ad419b32f54612687f602a9dec9b764ed0f42a1fd3bc75b489fd', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_heads VALUES (12, NULL, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO audit_keys VALUES ('\x01293b694c57c9b440bbcf019f90952d9a872db8a9ebc57fd97c2b6a5f8ad850a88a3b26d0ae0b419c30a148905fedf5f725b0cb89f48b57520d0117f8a0ace782198848b5c0cf92df1e3cb2597c8e32c5d571ea59d0e325b9f4c1ee', '00000000-0000-0000-0000-000000000000');
INSERT INTO audit_pending VALUES ('fa69f03b-06b2-7bec-88e8-4b9f44e819f0', '2026-10-04 12:30:00.123463+00', 'operator', 'connection.update', 'object of audit_pending', 'request_id of audit_pending', '{"name":"x"}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO carried_over_transactions VALUES ('01a21918-90cc-7336-9a3b-7efc257d2eef', 'a-carried-over-row', '01a21918-8f56-7341-ab6b-d055e684c648', '2026-10-03', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO change_clocks VALUES ('01a21918-8ed2-7742-8818-47d851516da1', '2026-11-26 18:22:50.038968+00', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO change_clocks VALUES ('01a21918-90cc-7336-9a3b-7efc257d2eef', '2026-11-26 18:22:50.190163+00', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO change_clocks VALUES ('01a21918-9174-75e3-bcdf-7f1abfec44ce', '2026-11-26 18:23:03.301473+00', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO client_hash_keys VALUES ('\x01293b694ca918acb77b7f051ee1ac151b8f469298a2e0b371c540ba221ace7ba9007c2a91c84b2dd90df97ca1838263d1bac5d3801de84dae31d9c6b3a66c255f21f33d34e8252804e2f626e65d905d34db643b9fcf3e5daf5c02f4a1c4df743b', '00000000-0000-0000-0000-000000000000');
INSERT INTO close_adjustments VALUES ('01a21918-8f56-7341-ab6b-d055e684c648', 6, '01a21918-8f5d-770f-84be-7b14cb2f40da', 10, 'modified', '2026-10-04 12:30:00.123463+00', '2026-10-30', '-12.50|BRL', '-13.50|BRL', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO connections VALUES ('01a21918-90cc-7336-9a3b-7efc257d2eef', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'aggregator', 'belvo-main', 'belvo', 'http://127.0.0.1:35183', '6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12', '', NULL, '\x01293b694c034465a66d20cc5aa0089b250028847022de24012fe29253d4e77f224104f86c425dd6a3da33132aeb6046cd1996bb16c01592af5d5ac6b199764827173524c5c655a1486aa259cdf2dbc6f12c95e0a30fd5ea6783206daa096267aeb9898449ed62ecf6bf7b87', 'healthy', '', '2026-11-26 18:22:50.062489+00', false, false, 2, '2026-11-26 18:22:50.060209+00', '2026-11-26 18:22:50.220531+00', '2026-11-26 18:22:50.060209+00', '2026-11-26 18:22:50.220531+00', NULL, '', '', NULL, NULL, '2026-11-20 08:00:00+00', 86400000000, true, '2026-11-20 08:00:00+00', NULL, NULL, false, NULL, '2026-11-01 00:00:00+00', 0, 4, false, false, '', NULL, NULL, '\x4f2e919759f8bc764f7547bc39b62e04ce7545376b72a27284732917f7b6be5b', '\x156c55686b4bf938cb1c209f63f1a10f70e8e1441b86aaed3c4ef5d7a3876fb3', NULL, '');
INSERT INTO connections VALUES ('01a21918-8ed2-7742-8818-47d851516da1', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'aggregator', 'pluggy-main', 'pluggy', 'http://127.0.0.1:34147', 'b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90', '', NULL, '\x01293b694c03850dc6b2a68369deedee283b901140ab9bf7a361a6b039fd71f781ffdd497ddfb1a0a069dad0f31374bd47c05260cc856976f3e5a0e2b5099d93716e3bc15ac0dfb21244c44e4051dbd4a945d74b556c7e90022085657452978bbc69ef8f8020a637c981f4048d645670e5e846dc1dfffd3fc23ac88e0f21415c487940fb88f4833d', 'healthy', '', '2026-11-26 18:22:49.617056+00', false, false, 2, '2026-11-26 18:22:49.554474+00', '2026-11-26 18:22:50.055563+00', '2026-11-26 18:22:49.554474+00', '2026-11-26 18:22:50.055563+00', NULL, '', '', NULL, NULL, '2026-11-27 09:02:11.402+00', 0, false, '2026-11-27 09:02:11.402+00', NULL, NULL, false, NULL, '2026-11-01 00:00:00+00', 0, 1, false, false, '', NULL, NULL, '\x522a906c7c461d172968b1f14b991dfa94d59298adf425c2b1d8075bbc16f5ca', '\xebaf77dc2f75fd5f193290e67440b8579273e8e53388420a5e92f4e0f59b63ed', NULL, '');
INSERT INTO connections VALUES ('01a21918-9174-75e3-bcdf-7f1abfec44ce', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'aggregator', 'plaid-main', 'plaid', 'http://127.0.0.1:40935', 'eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6', '', NULL, '\x01293b694c09153b64eb97e3f5c7ffebd5a214fb74427444150c3b31b55e8d5b75b6636577cc678c3925e9a27522e1fbb168dcc4618b3475b7e2b2c13af8171196358ec2062d69fc778028846bce52321ac062feec4587ae149143d82876a5b2df70e0f7d4207309ac20a66a16bb89780426b62370b73a412e2d1ebaf3610619370cb273692e89ce79bce926fb9499a72cde17b4db0ee812259e229a08b31864ccaa41bc615c2116624111bd3536e5cb04b5da95f571f5b214dfe98eddee5ac8666a968d5e8c9b062b29a984da85d8a06c05eb6754', 'healthy', '', '2026-11-26 18:22:50.236689+00', false, false, 2, '2026-11-26 18:22:50.228385+00', '2026-11-26 18:23:03.313505+00', '2026-11-26 18:22:50.228385+00', '2026-11-26 18:23:03.313505+00', NULL, '', '', NULL, NULL, '2026-11-27 18:22:59+00', 86400000000, true, '2026-11-27 18:22:59+00', NULL, NULL, false, NULL, NULL, 0, 0, false, false, '', NULL, NULL, '\x9e255c2c001c92fa468585242bae94698903ea3ab77cb58f933ab77aeffb74b5', '\x0682812390c8ccbf568d00ea92d0e36133566007ecdd78d2ba4c19833fdb6ffe', NULL, 'ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiAxMiAxMiAw');
INSERT INTO day_totals VALUES ('2026-11-18', 'MXN', 'posted', '0', '684.9', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-19', 'MXN', 'pending', '0', '249', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-23', 'USD', 'posted', '0', '89.4', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-20', 'USD', 'posted', '0', '12', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-25', 'BRL', 'posted', '1500', '212.45', 2, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-24', 'BRL', 'posted', '0', '0.2', 2, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-12', 'BRL', 'posted', '900', '0', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-14', 'USD', 'posted', '0', '1900', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-23', 'BRL', 'posted', '0', '19.99', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-12-23', 'BRL', 'posted', '0', '160.1', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-16', 'MXN', 'posted', '75.5', '75.5', 2, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-17', 'USD', 'posted', '5850', '0', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-26', 'USD', 'pending', '0', '500', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-11', 'USD', 'posted', '25', '0', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO day_totals VALUES ('2026-11-05', 'USD', 'posted', '0', '6.33', 1, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO deliveries VALUES ('01a21918-8f23-777d-b0c7-722319c28f80', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', 'item/updated', '366b545c-fac3-4a4d-8237-d10b7083d838', '\x90d0c2781dde15a9fec310cf8b947f2abef7e685611ce6a5e46d98510f267024', '\x7b226576656e74223a226974656d2f75706461746564222c226576656e744964223a2233363662353435632d666163332d346134642d383233372d643130623730383364383338222c226974656d4964223a2262376431663061322d346333352d346538622d396136312d306432663563376538613930222c22636c69656e74557365724964223a22757365722d3432222c227472696767657265644279223a2253594e43227d', '{"everything":true,"signal":"recovered"}', 'accepted', '01a21918-8f23-777e-a8b0-63041a68e483', '2026-11-26 18:22:49.635491+00');
INSERT INTO deliveries VALUES ('01a21918-8f7f-795b-b8a8-8e3c239b17cb', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', 'transactions/updated', 'dcd071ef-2c3c-428c-865f-57b82f6e3bfa', '\x662d2c500b001e6e286971eebb4fb9d667454edae488a78399ac1b19f2ab907d', '\x7b226576656e74223a227472616e73616374696f6e732f75706461746564222c226576656e744964223a2264636430373165662d326333632d343238632d383635662d353762383266366533626661222c226974656d4964223a2262376431663061322d346333352d346538622d396136312d306432663563376538613930222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c22636c69656e744964223a2233663163326435652d366137622d346338642d396530662d316132623363346435653666222c22636c69656e74557365724964223a22757365722d3432222c227472696767657265644279223a2253594e43222c227472616e73616374696f6e73436f756e74223a312c227472616e73616374696f6e496473223a5b2263306666656530302d303030302d343030302d383030302d303030303030303030303131225d7d', '{"changed":{"22bb33cc-44dd-4e55-9f66-77aa88bb99cc":["c0ffee00-0000-4000-8000-000000000011"]}}', 'accepted', '01a21918-8f7f-795c-a2ef-d8b41281166a', '2026-11-26 18:22:49.727613+00');
INSERT INTO deliveries VALUES ('01a21918-8f85-7376-b48f-b1e03af42c02', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', 'transactions/deleted', 'a6fe9444-9e69-472a-a881-2044ffda6684', '\x01ad854df8639dd30eaaad89229babb579628d25053017e6b4181857b97155a4', '\x7b226576656e74223a227472616e73616374696f6e732f64656c65746564222c226576656e744964223a2261366665393434342d396536392d343732612d613838312d323034346666646136363834222c226974656d4964223a2262376431663061322d346333352d346538622d396136312d306432663563376538613930222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c22636c69656e744964223a2233663163326435652d366137622d346338642d396530662d316132623363346435653666222c22636c69656e74557365724964223a22757365722d3432222c227472616e73616374696f6e73436f756e74223a312c227472616e73616374696f6e496473223a5b2263306666656530302d303030302d343030302d383030302d303030303030303030303130225d7d', '{"removed":["c0ffee00-0000-4000-8000-000000000010"]}', 'accepted', '01a21918-8f85-7377-a8f8-68f3dfba8901', '2026-11-26 18:22:49.733227+00');
INSERT INTO deliveries VALUES ('01a21918-9067-7633-81f0-9b7d511915fe', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', 'transactions/created', '1035333d-eaad-44b3-bd3f-4df37177d6f6', '\xa6dee42c876688a7cdd3144f405f4623358ee334b939f9246f8035ffd067b256', '\x7b226576656e74223a227472616e73616374696f6e732f63726561746564222c226576656e744964223a2231303335333333642d656161642d343462332d626433662d346466333731373764366636222c226974656d4964223a2262376431663061322d346333352d346538622d396136312d306432663563376538613930222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c22636c69656e74557365724964223a22757365722d3432222c227472696767657265644279223a2253594e43222c227472616e73616374696f6e73436f756e74223a312c227472616e73616374696f6e734d696e44617465223a22323032362d31322d32335430333a30303a30302e3030305a222c227472616e73616374696f6e7343726561746564417446726f6d223a22323032362d31312d32365431383a32323a34392e3935395a222c22637265617465645472616e73616374696f6e734c696e6b223a2268747470733a2f2f6170692e706c756767792e61692f7472616e73616374696f6e733f6163636f756e7449643d32326262333363632d343464642d346535352d396636362d3737616138386262393963635c753030323663726561746564417446726f6d3d323032362d31312d32365431383a32323a34392e3935395a222c22637265617465645472616e73616374696f6e734c696e6b5632223a2268747470733a2f2f6170692e706c756767792e61692f76322f7472616e73616374696f6e733f6163636f756e7449643d32326262333363632d343464642d346535352d396636362d3737616138386262393963635c753030323663726561746564417446726f6d3d323032362d31312d32365431383a32323a34392e3935395a227d', '{"created":{"22bb33cc-44dd-4e55-9f66-77aa88bb99cc":"2026-11-26T18:17:49.959Z"},"announced":[{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","from":"2026-11-26T18:22:49.959Z","count":1}]}', 'accepted', '01a21918-9067-7634-bd1e-01127720ed34', '2026-11-26 18:22:49.959406+00');
INSERT INTO deliveries VALUES ('01a21918-906f-7594-a4cd-c1b150058e4c', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', 'transactions/deleted', '7f3e09e4-0cf9-4925-a550-24ff6d0ced5c', '\xc144a293be9513902340a49d176a60ce38416f75f533ceae1c1a99fd162ba6b1', '\x7b226576656e74223a227472616e73616374696f6e732f64656c65746564222c226576656e744964223a2237663365303965342d306366392d343932352d613535302d323466663664306365643563222c226974656d4964223a2262376431663061322d346333352d346538622d396136312d306432663563376538613930222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c22636c69656e744964223a2233663163326435652d366137622d346338642d396530662d316132623363346435653666222c22636c69656e74557365724964223a22757365722d3432222c227472616e73616374696f6e73436f756e74223a312c227472616e73616374696f6e496473223a5b2263306666656530302d303030302d343030302d383030302d303030303030303030303131225d7d', '{"removed":["c0ffee00-0000-4000-8000-000000000011"]}', 'accepted', '01a21918-906f-7595-9ecb-104b0570fd32', '2026-11-26 18:22:49.967366+00');
INSERT INTO deliveries VALUES ('01a21918-90d1-7148-8571-293e8a8d2818', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', 'TRANSACTIONS.historical_update', 'b4907e8677f244d8941e979c42fc875f', '\x317556d39d17bf78135386d3eb13e774733b001571d90d3c290599eb7035d804', '\x7b22776562686f6f6b5f6964223a226234393037653836373766323434643839343165393739633432666338373566222c22776562686f6f6b5f74797065223a225452414e53414354494f4e53222c2270726f636573735f74797065223a22686973746f726963616c5f757064617465222c22776562686f6f6b5f636f6465223a22686973746f726963616c5f757064617465222c226c696e6b5f6964223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22726571756573745f6964223a2234353932326139622d393130312d343737652d626632622d373632336466363761616638222c2265787465726e616c5f6964223a22637573746f6d65722d37373331222c2264617461223a7b22746f74616c5f7472616e73616374696f6e73223a352c22746f74616c5f696e666c6f775f7472616e73616374696f6e73223a312c22746f74616c5f6f7574666c6f775f7472616e73616374696f6e73223a332c2266697273745f7472616e73616374696f6e5f64617465223a22323032362d31312d3136222c226c6173745f7472616e73616374696f6e5f64617465223a22323032362d31312d3139227d7d', '{"everything":true,"signal":"recovered","announced":[{"count":5}]}', 'accepted', '01a21918-90d1-7149-a715-550b91e8b986', '2026-11-26 18:22:50.065084+00');
INSERT INTO deliveries VALUES ('01a21918-9105-7c31-ae88-b99c8267da33', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', 'TRANSACTIONS.transactions_updated', '2424406095a941f6aa5b87394763f935', '\x266f00603b00f68b9dddd72be5ee00485b7c75da3966321883b1e71e9ac50447', '\x7b22776562686f6f6b5f6964223a223234323434303630393561393431663661613562383733393437363366393335222c22776562686f6f6b5f74797065223a225452414e53414354494f4e53222c2270726f636573735f74797065223a22726563757272656e745f757064617465222c22776562686f6f6b5f636f6465223a227472616e73616374696f6e735f75706461746564222c226c696e6b5f6964223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22726571756573745f6964223a2266663865373238322d376562302d346430322d383666662d643638663230336564363539222c2265787465726e616c5f6964223a22637573746f6d65722d37373331222c2264617461223a7b22636f756e74223a312c22757064617465645f7472616e73616374696f6e73223a5b2230623565386432312d366639612d346333372d613165342d383264376333663035623639225d7d7d', '{"everything":true}', 'accepted', '01a21918-9105-7c32-8b34-98b52ef4f06f', '2026-11-26 18:22:50.117799+00');
INSERT INTO deliveries VALUES ('01a21918-9107-7a60-868e-cbfb09432036', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', 'TRANSACTIONS.transactions_deleted', 'b7ebbcce46ae42968072b2e73f8ca2a1', '\x9d64d28b92ec8dc327345c93dbaac8be37227b7c45cc724dd83bd78552afe839', '\x7b22776562686f6f6b5f6964223a226237656262636365343661653432393638303732623265373366386361326131222c22776562686f6f6b5f74797065223a225452414e53414354494f4e53222c2270726f636573735f74797065223a22726563757272656e745f757064617465222c22776562686f6f6b5f636f6465223a227472616e73616374696f6e735f64656c65746564222c226c696e6b5f6964223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22726571756573745f6964223a2234373531343239632d343439612d346637302d613137342d393530353036633866376566222c2265787465726e616c5f6964223a22637573746f6d65722d37373331222c2264617461223a7b22636f756e74223a312c2264656c657465645f7472616e73616374696f6e73223a5b2232643934663761332d623830632d346531362d393564322d663163303661376533623438225d7d7d', '{"everything":true,"removed":["2d94f7a3-b80c-4e16-95d2-f1c06a7e3b48"]}', 'accepted', '01a21918-9107-7a62-a844-7730ec5e9741', '2026-11-26 18:22:50.11968+00');
INSERT INTO deliveries VALUES ('01a21918-9133-7091-83e6-ebd98ea7ada1', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', 'TRANSACTIONS.new_transactions_available', '2ad35f62b98b449fba03127de515db6b', '\x5cd7478f640a62488d885cdd8af7865dbd2f158b4bc287fcfb3d533a82a59616', '\x7b22776562686f6f6b5f6964223a223261643335663632623938623434396662613033313237646535313564623662222c22776562686f6f6b5f74797065223a225452414e53414354494f4e53222c2270726f636573735f74797065223a22726563757272656e745f757064617465222c22776562686f6f6b5f636f6465223a226e65775f7472616e73616374696f6e735f617661696c61626c65222c226c696e6b5f6964223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22726571756573745f6964223a2239313237646563622d653731312d346663612d613535652d643138633764363566663931222c2265787465726e616c5f6964223a22637573746f6d65722d37373331222c2264617461223a7b226e65775f7472616e73616374696f6e73223a317d7d', '{"everything":true,"signal":"recovered"}', 'accepted', '01a21918-9133-7092-9fc5-8821538dcda1', '2026-11-26 18:22:50.163039+00');
INSERT INTO deliveries VALUES ('01a21918-9138-7b2b-b8e7-39a6f48634a2', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', 'TRANSACTIONS.transactions_deleted', '531bb19cc4aa447b99c63857e664a58f', '\xf065abe550037846c61a2dbdeac61912b420964201b9f81ec755da6f4f120ca1', '\x7b22776562686f6f6b5f6964223a223533316262313963633461613434376239396336333835376536363461353866222c22776562686f6f6b5f74797065223a225452414e53414354494f4e53222c2270726f636573735f74797065223a22726563757272656e745f757064617465222c22776562686f6f6b5f636f6465223a227472616e73616374696f6e735f64656c65746564222c226c696e6b5f6964223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22726571756573745f6964223a2264643839326361622d343039322d343763622d393039332d396238653164396533386536222c2265787465726e616c5f6964223a22637573746f6d65722d37373331222c2264617461223a7b22636f756e74223a312c2264656c657465645f7472616e73616374696f6e73223a5b2230623565386432312d366639612d346333372d613165342d383264376333663035623639225d7d7d', '{"everything":true,"removed":["0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69"]}', 'accepted', '01a21918-9133-7092-9fc5-8821538dcda1', '2026-11-26 18:22:50.168732+00');
INSERT INTO deliveries VALUES ('01a21918-9181-7d8d-85df-9350bbf0e246', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', 'TRANSACTIONS.SYNC_UPDATES_AVAILABLE', '', '\xcac3b05aeda635986fbb96f00355dcdf945f70c6b351499cdd03101822949b18', '\x7b0a202022656e7669726f6e6d656e74223a202273616e64626f78222c0a2020226974656d5f6964223a20226556426e564d70377a64544a4c6b524e7233335273367a72374b4e4a7142464c3944724536222c0a202022776562686f6f6b5f636f6465223a202253594e435f555044415445535f415641494c41424c45222c0a202022776562686f6f6b5f74797065223a20225452414e53414354494f4e53220a7d', '{"news":true}', 'accepted', '01a21918-9181-7d8e-a5bb-4f9c5e58b996', '2026-11-26 18:22:50.241888+00');
INSERT INTO deliveries VALUES ('01a21918-a26f-7867-bf4b-0a53ceaa6968', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', 'TRANSACTIONS.SYNC_UPDATES_AVAILABLE', '', '\x0f2018a0a342349a80456a898ec43b9cf710741d4a49f965ce72524c4672d6a4', '\x7b0a202022656e7669726f6e6d656e74223a202273616e64626f78222c0a2020226974656d5f6964223a20226556426e564d70377a64544a4c6b524e7233335273367a72374b4e4a7142464c3944724536222c0a202022776562686f6f6b5f636f6465223a202253594e435f555044415445535f415641494c41424c45222c0a202022776562686f6f6b5f74797065223a20225452414e53414354494f4e53220a7d', '{"news":true}', 'accepted', '01a21918-a26f-7868-b642-fe0837de661d', '2026-11-26 18:22:54.575551+00');
INSERT INTO deliveries VALUES ('01a21918-b3d7-77c3-9b64-9721d50599e6', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', 'TRANSACTIONS.SYNC_UPDATES_AVAILABLE', '', '\xcf99825d9cf208f9ccc494835da1c451605f6d2a6cda620f404ca404b450c341', '\x7b0a202022656e7669726f6e6d656e74223a202273616e64626f78222c0a2020226974656d5f6964223a20226556426e564d70377a64544a4c6b524e7233335273367a72374b4e4a7142464c3944724536222c0a202022776562686f6f6b5f636f6465223a202253594e435f555044415445535f415641494c41424c45222c0a202022776562686f6f6b5f74797065223a20225452414e53414354494f4e53220a7d', '{"news":true}', 'accepted', '01a21918-b3d7-77c4-bdef-6921b710e49e', '2026-11-26 18:22:59.031509+00');
INSERT INTO erasures VALUES ('12e7a500-7a95-7f9f-8850-32f55e4d3c43', '01a21918-90cc-7336-9a3b-7efc257d2eef', true, 'done', '', '2026-10-04 12:30:00.123466+00', '2026-10-04 12:30:00.123468+00', '2026-10-04 12:30:00.123464+00', '2026-10-04 12:30:00.123462+00', true, 11, 9, '', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO events VALUES ('3eaa055c-57f5-5289-8440-18b3a7a05780', 'f99e731f-ba49-4527-9688-dbefff215dc5', 792, 'account.added', '01a21918-8ed2-7742-8818-47d851516da1', '01a21918-8f56-7341-ab6b-d055e684c648', '2026-11-26 18:22:49.684533+00');
INSERT INTO events VALUES ('5a3df1a1-b7fa-5855-b9f5-1e67aa783931', 'f99e731f-ba49-4527-9688-dbefff215dc5', 792, 'account.added', '01a21918-8ed2-7742-8818-47d851516da1', '01a21918-8f56-74b1-ba22-5ce9cbf83fb5', '2026-11-26 18:22:49.684533+00');
INSERT INTO events VALUES ('e22f7d0e-57d6-5951-865e-b12d0ee86261', 'f99e731f-ba49-4527-9688-dbefff215dc5', 838, 'account.added', '01a21918-90cc-7336-9a3b-7efc257d2eef', '01a21918-90d9-7d20-9958-968d88ce19eb', '2026-11-26 18:22:50.073256+00');
INSERT INTO events VALUES ('9f35861c-99bd-57e6-b061-92444cb5674c', 'f99e731f-ba49-4527-9688-dbefff215dc5', 838, 'account.added', '01a21918-90cc-7336-9a3b-7efc257d2eef', '01a21918-90d9-7daa-af3f-483329eacd4f', '2026-11-26 18:22:50.073256+00');
INSERT INTO events VALUES ('c9607fd2-0e68-5200-b6af-0f55e109ed0b', 'f99e731f-ba49-4527-9688-dbefff215dc5', 889, 'account.added', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '01a21918-a243-7260-99f8-54bc9e1ec963', '2026-11-26 18:22:54.52928+00');
INSERT INTO events VALUES ('8bb96071-f51e-5fe3-975f-4d5901a54747', 'f99e731f-ba49-4527-9688-dbefff215dc5', 889, 'account.added', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '01a21918-a243-7363-b955-fb12fc3b487b', '2026-11-26 18:22:54.52928+00');
INSERT INTO events VALUES ('0182c250-7e64-5443-8f31-b15f4fe3a8ed', 'f99e731f-ba49-4527-9688-dbefff215dc5', 901, 'account.complete', '01a21918-8ed2-7742-8818-47d851516da1', '01a21918-8f56-7341-ab6b-d055e684c648', '2026-11-26 18:22:58.300932+00');
INSERT INTO events VALUES ('c50e0efb-5dc8-5495-a0a4-94512aa6884e', 'f99e731f-ba49-4527-9688-dbefff215dc5', 902, 'account.complete', '01a21918-90cc-7336-9a3b-7efc257d2eef', '01a21918-90d9-7d20-9958-968d88ce19eb', '2026-11-26 18:22:58.300932+00');
INSERT INTO events VALUES ('050b26ae-e8a1-563e-a5c3-4b9d33b3f17d', 'f99e731f-ba49-4527-9688-dbefff215dc5', 903, 'account.drifting', '01a21918-90cc-7336-9a3b-7efc257d2eef', '01a21918-90d9-7daa-af3f-483329eacd4f', '2026-11-26 18:22:58.300932+00');
INSERT INTO events VALUES ('7f14c1e2-eed8-5777-ab2e-cb3eaf1eb5b4', 'f99e731f-ba49-4527-9688-dbefff215dc5', 904, 'account.complete', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '01a21918-a243-7260-99f8-54bc9e1ec963', '2026-11-26 18:22:58.300932+00');
INSERT INTO events VALUES ('9fdec6f9-382d-56c8-98d7-5004e75a7cb8', 'f99e731f-ba49-4527-9688-dbefff215dc5', 905, 'account.complete', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '01a21918-a243-7363-b955-fb12fc3b487b', '2026-11-26 18:22:58.300932+00');
INSERT INTO feed VALUES (true, 7712546963750014238, 0, '\x1a6814810df5018ce4771557b00e9ab4dd3d21dcd6f744ddd8cabf50794d5d50', 0);
INSERT INTO goose_db_version VALUES (1, 0, true, '2026-11-26 18:22:49.288061');
INSERT INTO goose_db_version VALUES (2, 30, true, '2026-11-26 18:22:49.296568');
INSERT INTO goose_db_version VALUES (3, 31, true, '2026-11-26 18:22:49.392334');
INSERT INTO goose_db_version VALUES (4, 32, true, '2026-11-26 18:22:49.399414');
INSERT INTO goose_db_version VALUES (5, 33, true, '2026-11-26 18:22:49.404445');
INSERT INTO goose_db_version VALUES (6, 34, true, '2026-11-26 18:22:49.411499');
INSERT INTO goose_db_version VALUES (7, 35, true, '2026-11-26 18:22:49.422683');
INSERT INTO goose_db_version VALUES (8, 36, true, '2026-11-26 18:22:49.427407');
INSERT INTO goose_db_version VALUES (9, 37, true, '2026-11-26 18:22:49.440065');
INSERT INTO goose_db_version VALUES (10, 38, true, '2026-11-26 18:22:49.442923');
INSERT INTO goose_db_version VALUES (11, 39, true, '2026-11-26 18:22:49.445655');
INSERT INTO goose_db_version VALUES (12, 40, true, '2026-11-26 18:22:49.447316');
INSERT INTO goose_db_version VALUES (13, 41, true, '2026-11-26 18:22:49.448668');
INSERT INTO goose_db_version VALUES (14, 42, true, '2026-11-26 18:22:49.449147');
INSERT INTO goose_db_version VALUES (15, 44, true, '2026-11-26 18:22:49.449434');
INSERT INTO goose_db_version VALUES (16, 45, true, '2026-11-26 18:22:49.45233');
INSERT INTO goose_db_version VALUES (17, 46, true, '2026-11-26 18:22:49.455249');
INSERT INTO goose_db_version VALUES (18, 49, true, '2026-11-26 18:22:49.455767');
INSERT INTO goose_db_version VALUES (19, 50, true, '2026-11-26 18:22:49.456309');
INSERT INTO goose_db_version VALUES (20, 51, true, '2026-11-26 18:22:49.456791');
INSERT INTO goose_db_version VALUES (21, 52, true, '2026-11-26 18:22:49.457441');
INSERT INTO goose_db_version VALUES (22, 53, true, '2026-11-26 18:22:49.458016');
INSERT INTO goose_db_version VALUES (23, 54, true, '2026-11-26 18:22:49.46281');
INSERT INTO goose_db_version VALUES (24, 55, true, '2026-11-26 18:22:49.464048');
INSERT INTO idempotency_keys VALUES ('f99e731f-ba49-4527-9688-dbefff215dc5', 'key of idempotency_keys', '\x3de98196fed01b0b2f179c9ecfbed62f0f8a8394d59f37371ad11432b8fcfd0b', '2026-10-04 12:30:00.123466+00', '2026-10-04 12:30:00.123467+00', 9, '{"Content-Type":["application/json"]}', '\x7b226964223a226331227d');
INSERT INTO last_webhook_tokens VALUES ('01a21918-90cc-7336-9a3b-7efc257d2eef', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8f12-7d8c-909b-3a008ed6ec3b');
INSERT INTO link_sessions VALUES ('75bb673e-1be7-796e-8e7e-ec2178f9943d', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'pluggy', 'Banco do Brasil', 'https://api.pluggy.ai', '\xd7c7b2a71c01ab56d6f743a15a739d5baa87d114d9cfa7951a179cc63f37489f', 'actor of link_sessions', 'receiver of link_sessions', '\xd01df94d19fedf408ee177c281205044d6675b2accc2917593cdc378f1703c49', 'open', 'account_ref of link_sessions', '["item-1"]', '2026-10-04 12:30:00.123466+00', '2026-10-04 12:30:00.123466+00', '2026-10-04 12:30:00.123464+00', '2026-10-04 12:30:00.123462+00', 11, 'f99e731f-ba49-4527-9688-dbefff215dc5', '74a28dc9-e672-77d4-8f20-b09e21f54c87');
INSERT INTO matcher_entries VALUES ('3844f958-35c8-7cbb-8481-7f13b2f0cf47', '01a21918-8f5d-770f-84be-7b14cb2f40da', '01a21918-90cc-7336-9a3b-7efc257d2eef', '01a21918-8f56-7341-ab6b-d055e684c648', 'imported', 'external_id of matcher_entries', 'context_id of matcher_entries', 'source_id of matcher_entries', '{"amount":"-12.50"}', 'matcher_id of matcher_entries', 10, 15, 'file of matcher_entries', 8, 11, '', '2026-10-04 12:30:00.12347+00', '2026-10-04 12:30:00.123462+00', 8, 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO possible_replacements VALUES ('01a21918-90cc-7336-9a3b-7efc257d2eef', '8735d227-e10e-720c-84f5-5fc76487057d', '6cb9c778-877f-7944-890f-ff5a3df33c47', '01a21918-8f56-7341-ab6b-d055e684c648', '2026-10-04 12:30:00.123461+00', 'open', '{"sameAmount":true}', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO pulls VALUES ('01a21918-8f85-7377-a8f8-68f3dfba8901', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', 'webhook', '', 'succeeded', '{"removed":["c0ffee00-0000-4000-8000-000000000010"]}', '{"planned":false,"step":0,"pages":0,"listed":{}}', 2, 0, 0, 0, 1, 0, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:49.733227+00', '2026-11-26 18:22:49.919311+00', '2026-11-26 18:22:49.954332+00', false, 0);
INSERT INTO pulls VALUES ('01a21918-8f23-777e-a8b0-63041a68e483', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', 'webhook', '', 'succeeded', '{"everything":true,"signal":"recovered"}', '{"planned":true,"reference":"b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90 at http://127.0.0.1:34147","plannedOn":"2026-11-26","steps":[{"account":"11aa22bb-33cc-4d44-8e55-66ff77aa88bb","window":{"from":"2025-12-03"},"sweep":true},{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","window":{"from":"2025-12-03"},"sweep":true}],"step":2,"pages":0}', 2, 8, 8, 0, 0, 0, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:49.635491+00', '2026-11-26 18:22:49.649837+00', '2026-11-26 18:22:49.697626+00', true, 0);
INSERT INTO pulls VALUES ('01a21918-8f7f-795c-a2ef-d8b41281166a', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', 'webhook', '', 'succeeded', '{"changed":{"22bb33cc-44dd-4e55-9f66-77aa88bb99cc":["c0ffee00-0000-4000-8000-000000000011"]}}', '{"planned":true,"reference":"b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90 at http://127.0.0.1:34147","plannedOn":"2026-11-26","steps":[{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","ids":["c0ffee00-0000-4000-8000-000000000011"]}],"step":1,"pages":0,"shown":["c0ffee00-0000-4000-8000-000000000011"],"listed":{"pages":["OO9CJhM="]}}', 2, 1, 0, 1, 0, 0, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:49.727613+00', '2026-11-26 18:22:49.733581+00', '2026-11-26 18:22:49.916972+00', false, 0);
INSERT INTO pulls VALUES ('01a21918-9067-7634-bd1e-01127720ed34', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', 'webhook', '', 'succeeded', '{"created":{"22bb33cc-44dd-4e55-9f66-77aa88bb99cc":"2026-11-26T18:17:49.959Z"},"announced":[{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","from":"2026-11-26T18:22:49.959Z","count":1}]}', '{"planned":true,"reference":"b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90 at http://127.0.0.1:34147","plannedOn":"2026-11-26","steps":[{"account":"22bb33cc-44dd-4e55-9f66-77aa88bb99cc","createdFrom":"2026-11-26T18:17:49.959Z"}],"step":1,"pages":0,"shown":["c19d61e5-0b98-43be-a5f7-f23649c18f83"],"listed":{"pages":["iMXkXeQ="]}}', 2, 1, 1, 0, 0, 0, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:49.959406+00', '2026-11-26 18:22:49.967198+00', '2026-11-26 18:22:50.000311+00', false, 0);
INSERT INTO pulls VALUES ('01a21918-906f-7595-9ecb-104b0570fd32', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', 'webhook', '', 'succeeded', '{"removed":["c0ffee00-0000-4000-8000-000000000011"]}', '{"planned":false,"step":0,"pages":0,"listed":{}}', 2, 0, 0, 1, 1, 0, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:49.967366+00', '2026-11-26 18:22:49.992668+00', '2026-11-26 18:22:50.040987+00', false, 0);
INSERT INTO pulls VALUES ('01a21918-9107-7a62-a844-7730ec5e9741', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', 'webhook', '', 'succeeded', '{"everything":true,"removed":["2d94f7a3-b80c-4e16-95d2-f1c06a7e3b48"]}', '{"planned":true,"reference":"6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12 at http://127.0.0.1:35183","plannedOn":"2026-11-26","steps":[{"sweep":true,"resume":true}],"step":1,"pages":0}', 2, 4, 0, 0, 1, 4, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:50.11968+00', '2026-11-26 18:22:50.141826+00', '2026-11-26 18:22:50.164188+00', true, 0);
INSERT INTO pulls VALUES ('01a21918-90d1-7149-a715-550b91e8b986', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', 'webhook', '', 'succeeded', '{"everything":true,"signal":"recovered","announced":[{"count":5}]}', '{"planned":true,"reference":"6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12 at http://127.0.0.1:35183","plannedOn":"2026-11-26","steps":[{"sweep":true,"resume":true}],"step":1,"pages":0}', 2, 5, 5, 0, 0, 0, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:50.065084+00', '2026-11-26 18:22:50.068761+00', '2026-11-26 18:22:50.080291+00', true, 0);
INSERT INTO pulls VALUES ('01a21918-b3d7-77c4-bdef-6921b710e49e', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', 'webhook', '', 'succeeded', '{"news":true}', '{"planned":true,"reference":"eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6 at http://127.0.0.1:40935","plannedOn":"2026-11-26","steps":[{"since":"ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiAxMCAxMCAw"}],"step":1,"pages":0,"shown":["TNzmQQU1LhWTnGqgtriG3Jns5rKk6a24LUGt9"],"listed":{"pages":["tfz1sPc="]},"streamPosition":"ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiAxMiAxMiAw"}', 2, 1, 0, 1, 0, 0, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:59.031509+00', '2026-11-26 18:22:59.033232+00', '2026-11-26 18:23:03.306462+00', false, 0);
INSERT INTO pulls VALUES ('01a21918-9181-7d8e-a5bb-4f9c5e58b996', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', 'webhook', '', 'succeeded', '{"news":true}', '{"planned":true,"reference":"eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6 at http://127.0.0.1:40935","plannedOn":"2026-11-26","steps":[{"sweep":true}],"step":1,"pages":0,"streamPosition":"ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiA4IDggMA=="}', 2, 8, 8, 0, 0, 0, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:50.241888+00', '2026-11-26 18:22:50.245603+00', '2026-11-26 18:22:54.5439+00', true, 0);
INSERT INTO pulls VALUES ('01a21918-9105-7c32-8b34-98b52ef4f06f', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', 'webhook', '', 'succeeded', '{"everything":true}', '{"planned":true,"reference":"6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12 at http://127.0.0.1:35183","plannedOn":"2026-11-26","steps":[{"sweep":true,"resume":true}],"step":1,"pages":0}', 2, 4, 0, 1, 0, 3, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:50.117799+00', '2026-11-26 18:22:50.122469+00', '2026-11-26 18:22:50.135835+00', true, 0);
INSERT INTO pulls VALUES ('01a21918-a26f-7868-b642-fe0837de661d', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', 'webhook', '', 'succeeded', '{"news":true}', '{"planned":true,"reference":"eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6 at http://127.0.0.1:40935","plannedOn":"2026-11-26","steps":[{"since":"ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiA4IDggMA=="}],"step":1,"pages":0,"shown":["lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD07"],"listed":{"pages":["tAB43mE="]},"streamPosition":"ZVZCblZNcDd6ZFRKTGtSTnIzM1JzNnpyN0tOSnFCRkw5RHJFNiAxMCAxMCAw"}', 2, 1, 0, 1, 1, 0, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:54.575551+00', '2026-11-26 18:22:54.580242+00', '2026-11-26 18:22:59.01956+00', false, 0);
INSERT INTO pulls VALUES ('01a21918-9133-7092-9fc5-8821538dcda1', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', 'webhook', '', 'succeeded', '{"everything":true,"removed":["0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69"],"signal":"recovered"}', '{"planned":true,"reference":"6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12 at http://127.0.0.1:35183","plannedOn":"2026-11-26","steps":[{"sweep":true,"resume":true}],"step":1,"pages":0}', 2, 4, 0, 1, 1, 3, 1, '', NULL, NULL, NULL, '2026-11-26 18:22:50.163039+00', '2026-11-26 18:22:50.179551+00', '2026-11-26 18:22:50.200928+00', true, 0);
INSERT INTO quarantined_rows VALUES ('806cf4b7-4a42-7238-87c7-ef461f9efe52', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'transaction', 'row_key of quarantined_rows', 'amount', '\x7b226964223a227231222c22616d6f756e74223a22ff227d', '01a21918-8f85-7377-a8f8-68f3dfba8901', '2026-10-04 12:30:00.123469+00', '2026-10-04 12:30:00.123468+00', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO rate_budgets VALUES ('pluggy', '\xd0daac08cded63533c82db4d15a2874bf733b9e77864114321766c2d3e60dae9', 'auth', '', 1, '2026-11-26 18:22:50.523908+00', NULL, '[{"served": 1, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 1, "askedAt": 1795717369614813, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:22:49.61527+00');
INSERT INTO rate_budgets VALUES ('pluggy', '\xd0daac08cded63533c82db4d15a2874bf733b9e77864114321766c2d3e60dae9', 'accounts', '', 1, '2026-11-26 18:22:50.577219+00', NULL, '[{"served": 1, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 1, "askedAt": 1795717369668124, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:22:49.668599+00');
INSERT INTO rate_budgets VALUES ('pluggy', '\xd0daac08cded63533c82db4d15a2874bf733b9e77864114321766c2d3e60dae9', 'transactions', '', 1, '2026-11-26 18:22:50.60066+00', NULL, '[{"served": 1, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 1, "askedAt": 1795717369691565, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:22:49.691731+00');
INSERT INTO rate_budgets VALUES ('pluggy', '\xd0daac08cded63533c82db4d15a2874bf733b9e77864114321766c2d3e60dae9', 'items', '', 2, '2026-11-26 18:22:51.43435+00', NULL, '[{"served": 2, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 2, "askedAt": 1795717369943701, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:22:49.95078+00');
INSERT INTO rate_budgets VALUES ('pluggy', '\xd0daac08cded63533c82db4d15a2874bf733b9e77864114321766c2d3e60dae9', 'consents', '', 2, '2026-11-26 18:22:51.434866+00', NULL, '[{"served": 2, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 2, "askedAt": 1795717370040372, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:22:50.04067+00');
INSERT INTO rate_budgets VALUES ('belvo', '\xe9a3fe1283342b473e851958acd82286ebcd48bc37709f65745b4e8de374f791', 'api', '', 3, '2026-11-26 18:22:51.698304+00', NULL, '[{"served": 3, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 3, "askedAt": 1795717370187262, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:22:50.187587+00');
INSERT INTO rate_budgets VALUES ('plaid', '\xa9bff1b823d1b9cc5e84e622e74b681476a86c7bbeadd74cc618c9bc22d7192b', 'items of an item/972cb6f2edc9dc799a7a3daa08903ce3/eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6', '', 13, '2026-11-26 18:23:07.381545+00', NULL, '[{"served": 4, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 4, "askedAt": 1795717383095830, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:23:03.096129+00');
INSERT INTO rate_budgets VALUES ('plaid', '\xa9bff1b823d1b9cc5e84e622e74b681476a86c7bbeadd74cc618c9bc22d7192b', 'keys/972cb6f2edc9dc799a7a3daa08903ce3', '', 1, '2026-11-26 18:22:50.786744+00', NULL, '[{"served": 1, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 1, "askedAt": 1795717370241289, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:22:50.241456+00');
INSERT INTO rate_budgets VALUES ('plaid', '\xa9bff1b823d1b9cc5e84e622e74b681476a86c7bbeadd74cc618c9bc22d7192b', 'accounts/972cb6f2edc9dc799a7a3daa08903ce3', '', 3, '2026-11-26 18:23:03.326289+00', NULL, '[{"served": 1, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 1, "askedAt": 1795717383299014, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:23:03.299155+00');
INSERT INTO rate_budgets VALUES ('plaid', '\xa9bff1b823d1b9cc5e84e622e74b681476a86c7bbeadd74cc618c9bc22d7192b', 'sync of an item/972cb6f2edc9dc799a7a3daa08903ce3/eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6', '', 3, '2026-11-26 18:23:05.909295+00', NULL, '[{"served": 1, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 1, "askedAt": 1795717383300599, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:23:03.300684+00');
INSERT INTO rate_budgets VALUES ('plaid', '\xa9bff1b823d1b9cc5e84e622e74b681476a86c7bbeadd74cc618c9bc22d7192b', 'items/972cb6f2edc9dc799a7a3daa08903ce3', '', 4, '2026-11-26 18:23:03.178104+00', NULL, '[{"served": 1, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 1, "askedAt": 1795717383096314, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:23:03.096433+00');
INSERT INTO rate_budgets VALUES ('plaid', '\xa9bff1b823d1b9cc5e84e622e74b681476a86c7bbeadd74cc618c9bc22d7192b', 'sync/972cb6f2edc9dc799a7a3daa08903ce3', '', 3, '2026-11-26 18:23:03.464363+00', NULL, '[{"served": 1, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 1, "askedAt": 1795717383300783, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:23:03.300872+00');
INSERT INTO rate_budgets VALUES ('plaid', '\xa9bff1b823d1b9cc5e84e622e74b681476a86c7bbeadd74cc618c9bc22d7192b', 'accounts of an item/972cb6f2edc9dc799a7a3daa08903ce3/eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6', '', 5, '2026-11-26 18:23:07.58438+00', NULL, '[{"served": 1, "tenant": "f99e731f-ba49-4527-9688-dbefff215dc5", "replicas": [{"calls": 0, "served": 1, "askedAt": 1795717383298665, "replica": "IL3ZEN5UOMNK6QK3FIWIOK6EZP"}]}]', '2026-11-26 18:23:03.298842+00');
INSERT INTO reopened_closes VALUES ('01a21918-8f56-7341-ab6b-d055e684c648', '2026-09-30', '01a21918-90cc-7336-9a3b-7efc257d2eef', 11, 10, NULL, 'BRL', '\x4bdc3ea8534cc6ad15fe9e471fa0155999b4a754d4f7bd8974e01dfcb1c54da9', '2026-10-04 12:30:00.123465+00', 'closed_by of reopened_closes', 'unknown', '', '2026-10-04 12:30:00.123467+00', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO search_index VALUES ('01a21918-8f5d-770f-84be-7b14cb2f40da', '01a21918-8ed2-7742-8818-47d851516da1', '2026-11-25', '1500', 'PIX RECEBIDO DE ENSAIO
PAGADOR DE ENSAIO', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'BRL', 'posted');
INSERT INTO search_index VALUES ('01a21918-8f5d-7717-8dc8-515ac139e597', '01a21918-8ed2-7742-8818-47d851516da1', '2026-11-25', '-212.45', 'BOLETO DE ENERGIA
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'BRL', 'posted');
INSERT INTO search_index VALUES ('01a21918-8f5d-7718-b834-1ca33abdfe51', '01a21918-8ed2-7742-8818-47d851516da1', '2026-11-24', '-0.1', 'TARIFA DE PACOTE
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'BRL', 'posted');
INSERT INTO search_index VALUES ('01a21918-8f5d-7719-8b80-9f825c83a848', '01a21918-8ed2-7742-8818-47d851516da1', '2026-11-24', '-0.1', 'TARIFA DE PACOTE
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'BRL', 'posted');
INSERT INTO search_index VALUES ('01a21918-8f5d-771a-95c8-419189bb4724', '01a21918-8ed2-7742-8818-47d851516da1', '2026-11-23', '-19.99', 'TRANSFERENCIA NOTURNA
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'BRL', 'posted');
INSERT INTO search_index VALUES ('01a21918-8f5f-79da-bddd-89b1a592fb56', '01a21918-8ed2-7742-8818-47d851516da1', '2026-12-23', '-160.1', 'LOJA DE ENSAIO PARC 02/10
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'BRL', 'posted');
INSERT INTO search_index VALUES ('01a21918-8f5f-79e0-9539-70166d3b4d96', '01a21918-8ed2-7742-8818-47d851516da1', '2026-11-23', '-58', 'ASSINATURA NO EXTERIOR
ENSAIO VIDEO', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'USD', '');
INSERT INTO search_index VALUES ('01a21918-8f5f-79e3-a301-7a4636d8fa80', '01a21918-8ed2-7742-8818-47d851516da1', '2026-11-12', '900', 'PAGAMENTO DA FATURA
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'BRL', 'posted');
INSERT INTO search_index VALUES ('01a21918-908a-7aac-b104-eb46ff4af515', '01a21918-8ed2-7742-8818-47d851516da1', '2026-12-23', '-160.1', 'LOJA DE ENSAIO PARC 02/10
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'BRL', '');
INSERT INTO search_index VALUES ('01a21918-90de-7707-a13b-2fcd010ab3ac', '01a21918-90cc-7336-9a3b-7efc257d2eef', '2026-11-18', '-684.9', 'CORRECTED BY THE BANK
FARMACIA DEL CENTRO', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'MXN', 'posted');
INSERT INTO search_index VALUES ('01a21918-90de-7714-b2c7-b03a13321899', '01a21918-90cc-7336-9a3b-7efc257d2eef', '2026-11-16', '21750', 'NOMINA SEGUNDA QUINCENA
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'MXN', '');
INSERT INTO search_index VALUES ('01a21918-90de-7717-bc87-d64102c9dbc3', '01a21918-90cc-7336-9a3b-7efc257d2eef', '2026-11-19', '-249', 'SUSCRIPCION MUSICA
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'MXN', 'pending');
INSERT INTO search_index VALUES ('01a21918-90de-7718-9976-a6f8c83d3d7f', '01a21918-90cc-7336-9a3b-7efc257d2eef', '2026-11-16', '75.5', 'COMISION POR AJUSTE
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'MXN', 'posted');
INSERT INTO search_index VALUES ('01a21918-90de-7719-8290-ba5ad38a840a', '01a21918-90cc-7336-9a3b-7efc257d2eef', '2026-11-16', '-75.5', 'RETIRO CAJERO
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'MXN', 'posted');
INSERT INTO search_index VALUES ('01a21918-a24b-7728-ad2c-3970dd9a6098', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '2026-11-26', '-500', 'UNITED AIRLINES
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'USD', 'pending');
INSERT INTO search_index VALUES ('01a21918-a24b-7730-932d-74ea470da74e', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '2026-11-23', '-89.4', 'SPARKFUN
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'USD', 'posted');
INSERT INTO search_index VALUES ('01a21918-a24b-7731-b241-a91d997f8974', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '2026-11-20', '-12', 'MCDONALDS #3322
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'USD', 'posted');
INSERT INTO search_index VALUES ('01a21918-a24b-7733-9b4c-bd56b2c4f280', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '2026-11-17', '5850', 'GUSTO PAYROLL
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'USD', 'posted');
INSERT INTO search_index VALUES ('01a21918-a24b-7734-90dc-2815e169344e', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '2026-11-14', '-1900', 'RENT OAK STREET
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'USD', 'posted');
INSERT INTO search_index VALUES ('01a21918-a24b-7736-8235-253250628c20', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '2026-11-11', '25', 'ACH ELECTRONIC CREDIT
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'USD', 'posted');
INSERT INTO search_index VALUES ('01a21918-a24b-7737-84c0-73adff76bd8a', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '2026-11-08', '-1000', 'CD DEPOSIT .INITIAL.
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'USD', '');
INSERT INTO search_index VALUES ('01a21918-a24b-7738-9da2-53fafb3275cc', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '2026-11-05', '-6.33', 'CORRECTED BY THE BANK
', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'USD', 'posted');
INSERT INTO search_progress VALUES (916, '01a21918-a24b-7738-9da2-53fafb3275cc', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO split_pairs VALUES ('01a21918-90cc-7336-9a3b-7efc257d2eef', 'old-row', 'new-row', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO staged_transactions VALUES ('01a21918-90cc-7336-9a3b-7efc257d2eef', 'external_id of staged_transactions', 7, 'acc-1', '2026-10-02', '\x7b2265787465726e616c4964223a227331222c22616d6f756e74223a222d31322e3530227d', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO subscription_attempts VALUES ('f4a91a7d-ce40-7ace-8cfb-fd1508b29055', '2026-10-04 12:30:00.123468+00', 'b3550fb8-60a6-7504-83b0-f237f79312e6', 11, '08392cef-f4e7-76fa-863e-dae282365674', 'transaction.created', 'subject of subscription_attempts', 9, 10, 'the server answered 500', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO subscription_events VALUES ('b1c583b5-f336-7e28-8749-3eec750396c2', 11, '6c2ff362-cce6-7b1c-8368-b8dd137b4afb', 'transaction.created', 'subject of subscription_events', '01a21918-90cc-7336-9a3b-7efc257d2eef', 10, '2026-10-04 12:30:00.123463+00', true, 11, '2026-10-04 12:30:00.123469+00', '2026-10-04 12:30:00.123471+00', '', 'f99e731f-ba49-4527-9688-dbefff215dc5', '/discovery');
INSERT INTO subscriptions VALUES ('a4609749-c7e2-7590-8d31-5d4ef2b081f8', 'f99e731f-ba49-4527-9688-dbefff215dc5', 'name of subscriptions', '["transaction.created"]', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'webhook', '\xe621f1b9afb26dc58e8eaf04d042808162315b61d0235cfee9ecb211976aa819', '2026-10-04 12:30:00.12347+00', 'active', '', '2026-10-04 12:30:00.123467+00', true, 10, '24e0a586-5e26-7399-846c-99ad78d0e1cd', 11, 'fb180cf6-5474-724e-8d34-82f71805bae3', 16, 15, 8, '4efa827a-7f07-7ce5-8d7e-17dd47b9e3b8', '2026-10-04 12:30:00.123467+00', 11, '2026-10-04 12:30:00.123466+00', '2026-10-04 12:30:00.123466+00', '{"url":"https://example.org/events"}', 18, '2026-10-04 12:30:00.123469+00');
INSERT INTO tenant_feeds VALUES ('f99e731f-ba49-4527-9688-dbefff215dc5', 9, 11, 8, 11);
INSERT INTO transaction_past_ids VALUES ('01a21918-8ed2-7742-8818-47d851516da1', 'c0ffee00-0000-4000-8000-000000000011', '01a21918-8f5f-79da-bddd-89b1a592fb56', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO transaction_past_ids VALUES ('01a21918-90cc-7336-9a3b-7efc257d2eef', '0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69', '01a21918-90de-7707-a13b-2fcd010ab3ac', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO transaction_past_ids VALUES ('01a21918-9174-75e3-bcdf-7f1abfec44ce', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD00', '01a21918-a24b-7728-ad2c-3970dd9a6098', 'f99e731f-ba49-4527-9688-dbefff215dc5');
INSERT INTO transaction_versions VALUES ('01a21918-8f5f-79da-bddd-89b1a592fb56', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', '01a21918-8f56-74b1-ba22-5ce9cbf83fb5', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', -160.1, 'BRL', NULL, '', 'pending', '2026-12-23', NULL, 'LOJA DE ENSAIO PARC 02/10', '', '', '\x7b226964223a2263306666656530302d303030302d343030302d383030302d303030303030303030303131222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c226465736372697074696f6e223a224c4f4a4120444520454e5341494f20504152432030322f3130222c226465736372697074696f6e526177223a224c4f4a4120444520454e5341494f20504152432030322f3130222c2263757272656e6379436f6465223a2242524c222c22616d6f756e74223a3136302e312c22616d6f756e74496e4163636f756e7443757272656e6379223a6e756c6c2c2264617465223a22323032362d31322d32335430333a30303a30302e3030305a222c2274797065223a224445424954222c2262616c616e6365223a6e756c6c2c22737461747573223a2250454e44494e47222c2263617465676f7279223a6e756c6c2c2263617465676f72794964223a6e756c6c2c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a6e756c6c2c227061796d656e7444617461223a6e756c6c2c22637265646974436172644d65746164617461223a7b22696e7374616c6c6d656e744e756d626572223a322c22746f74616c496e7374616c6c6d656e7473223a31302c22746f74616c416d6f756e74223a313630312e302c22707572636861736544617465223a22323032362d31312d31365430333a30303a30302e3030305a222c2270617965654d4343223a353331312c22636172644e756d626572223a2238363730222c2262696c6c466f72656361737444617465223a22323032372d3031227d2c226d65726368616e74223a6e756c6c2c226f7065726174696f6e54797065223a6e756c6c2c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a302c22637265617465644174223a22323032362d31312d32365430393a30323a31312e3030305a222c22757064617465644174223a22323032362d31312d32365430393a30323a31312e3030305a227d', 1, '2026-11-26 18:22:49.695009+00', NULL, '01a21918-8f23-777e-a8b0-63041a68e483', '', '\x110e01aea26de90f29ddee5bc52256d544ba82bd42567c837527829838aa4b12', 'pluggy 3', 'c0ffee00-0000-4000-8000-000000000011', '', NULL, 795, '', '', '', '', '', '', '', '', '', '', '2026-11-26 18:22:49.764349+00');
INSERT INTO transaction_versions VALUES ('01a21918-8f5f-79e0-9539-70166d3b4d96', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', '01a21918-8f56-74b1-ba22-5ce9cbf83fb5', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', -58, 'USD', -298.19, 'BRL', 'posted', '2026-11-23', NULL, 'ASSINATURA NO EXTERIOR', 'Video streaming', 'Ensaio Video', '\x7b226964223a2263306666656530302d303030302d343030302d383030302d303030303030303030303130222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c226465736372697074696f6e223a22415353494e4154555241204e4f204558544552494f52222c226465736372697074696f6e526177223a22415353494e4154555241204e4f204558544552494f52222c2263757272656e6379436f6465223a22555344222c22616d6f756e74223a35382c22616d6f756e74496e4163636f756e7443757272656e6379223a3239382e31392c2264617465223a22323032362d31312d32335430333a30303a30302e3030305a222c2274797065223a224445424954222c2262616c616e6365223a6e756c6c2c22737461747573223a22504f53544544222c2263617465676f7279223a22566964656f2073747265616d696e67222c2263617465676f72794964223a223039303030303030222c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a6e756c6c2c227061796d656e7444617461223a6e756c6c2c22637265646974436172644d65746164617461223a7b22707572636861736544617465223a22323032362d31312d31355432313a31303a30302e3030305a222c2270617965654d4343223a343839392c22636172644e756d626572223a2238363730222c2262696c6c466f72656361737444617465223a22323032362d3132227d2c226d65726368616e74223a7b226e616d65223a22456e7361696f20566964656f222c22627573696e6573734e616d65223a22454e5341494f20564944454f204c544441222c22636e706a223a223030303030303030303030313931222c22636e6165223a2235393131313030222c2263617465676f7279223a22566964656f2073747265616d696e67227d2c226f7065726174696f6e54797065223a6e756c6c2c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a302c22637265617465644174223a22323032362d31312d32365430393a30323a31312e3030305a222c22757064617465644174223a22323032362d31312d32365430393a30323a31312e3030305a227d', 1, '2026-11-26 18:22:49.695009+00', NULL, '01a21918-8f23-777e-a8b0-63041a68e483', '', '\x478d60f20cadcfcf3af61e54d0f71071da53e098751e70f7c0fec7a4bbc329f0', 'pluggy 3', 'c0ffee00-0000-4000-8000-000000000010', '', NULL, 795, '', '', '', '', '', '', '', '', '', 'CNPJ 00000000000191', '2026-11-26 18:22:49.929759+00');
INSERT INTO transaction_versions VALUES ('01a21918-8f5f-79da-bddd-89b1a592fb56', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', '01a21918-8f56-74b1-ba22-5ce9cbf83fb5', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', -160.1, 'BRL', NULL, '', 'posted', '2026-12-23', NULL, 'LOJA DE ENSAIO PARC 02/10', '', '', '\x7b226964223a2263306666656530302d303030302d343030302d383030302d303030303030303030303131222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c226465736372697074696f6e223a224c4f4a4120444520454e5341494f20504152432030322f3130222c226465736372697074696f6e526177223a224c4f4a4120444520454e5341494f20504152432030322f3130222c2263757272656e6379436f6465223a2242524c222c22616d6f756e74223a3136302e312c22616d6f756e74496e4163636f756e7443757272656e6379223a6e756c6c2c2264617465223a22323032362d31322d32335430333a30303a30302e3030305a222c2274797065223a224445424954222c2262616c616e6365223a6e756c6c2c22737461747573223a22504f53544544222c2263617465676f7279223a6e756c6c2c2263617465676f72794964223a6e756c6c2c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a6e756c6c2c227061796d656e7444617461223a6e756c6c2c22637265646974436172644d65746164617461223a7b22696e7374616c6c6d656e744e756d626572223a322c22746f74616c496e7374616c6c6d656e7473223a31302c22746f74616c416d6f756e74223a313630312e302c22707572636861736544617465223a22323032362d31312d31365430333a30303a30302e3030305a222c2270617965654d4343223a353331312c22636172644e756d626572223a2238363730222c2262696c6c466f72656361737444617465223a22323032372d3031227d2c226d65726368616e74223a6e756c6c2c226f7065726174696f6e54797065223a6e756c6c2c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a302c22637265617465644174223a22323032362d31312d32365430393a30323a31312e3030305a222c22757064617465644174223a22323032362d31312d32365431383a32323a34392e3732375a227d', 2, '2026-11-26 18:22:49.764349+00', NULL, '01a21918-8f7f-795c-a2ef-d8b41281166a', '', '\x7608b9604815b8654f49c1991463226f4875688b5b1d38b08b4df9c4f4269fcd', 'pluggy 3', 'c0ffee00-0000-4000-8000-000000000011', '', NULL, 805, '', '', '', '', '', '', '', '', '', '', '2026-11-26 18:22:50.014643+00');
INSERT INTO transaction_versions VALUES ('01a21918-908a-7aac-b104-eb46ff4af515', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', '01a21918-8f56-74b1-ba22-5ce9cbf83fb5', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', -160.1, 'BRL', NULL, '', 'posted', '2026-12-23', NULL, 'LOJA DE ENSAIO PARC 02/10', '', '', '\x7b226964223a2263313964363165352d306239382d343362652d613566372d663233363439633138663833222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c226465736372697074696f6e223a224c4f4a4120444520454e5341494f20504152432030322f3130222c226465736372697074696f6e526177223a224c4f4a4120444520454e5341494f20504152432030322f3130222c2263757272656e6379436f6465223a2242524c222c22616d6f756e74223a3136302e312c22616d6f756e74496e4163636f756e7443757272656e6379223a6e756c6c2c2264617465223a22323032362d31322d32335430333a30303a30302e3030305a222c2274797065223a224445424954222c2262616c616e6365223a6e756c6c2c22737461747573223a22504f53544544222c2263617465676f7279223a6e756c6c2c2263617465676f72794964223a6e756c6c2c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a6e756c6c2c227061796d656e7444617461223a6e756c6c2c22637265646974436172644d65746164617461223a7b22696e7374616c6c6d656e744e756d626572223a322c22746f74616c496e7374616c6c6d656e7473223a31302c22746f74616c416d6f756e74223a313630312e302c22707572636861736544617465223a22323032362d31312d31365430333a30303a30302e3030305a222c2270617965654d4343223a353331312c22636172644e756d626572223a2238363730222c2262696c6c466f72656361737444617465223a22323032372d3031227d2c226d65726368616e74223a6e756c6c2c226f7065726174696f6e54797065223a6e756c6c2c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a302c22637265617465644174223a22323032362d31312d32365431383a32323a34392e3935395a222c22757064617465644174223a22323032362d31312d32365431383a32323a34392e3935395a227d', 1, '2026-11-26 18:22:49.978516+00', NULL, '01a21918-9067-7634-bd1e-01127720ed34', '', '\x1c33cfbab8d2f1e99be3465b301ffd0a419baad07e5f9c363bd0c74d77e7ac0d', 'pluggy 3', 'c19d61e5-0b98-43be-a5f7-f23649c18f83', '', NULL, 819, '', '', '', '', '', '', '', '', '', '', '2026-11-26 18:22:50.014643+00');
INSERT INTO transaction_versions VALUES ('01a21918-90de-7707-a13b-2fcd010ab3ac', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', '01a21918-90d9-7daa-af3f-483329eacd4f', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', -684.9, 'MXN', NULL, '', 'posted', '2026-11-18', '2026-11-18 16:40:07.334+00', 'FARMACIA DEL CENTRO', 'Personal Shopping', 'Farmacia del Centro', '\x7b226964223a2230623565386432312d366639612d346333372d613165342d383264376333663035623639222c22696e7465726e616c5f6964656e74696669636174696f6e223a22513068524c5463334d7a41744d4441774e4445222c226163636f756e74223a7b226964223a2265336237306335352d393164342d346132662d623663382d303766323564316539613833222c226c696e6b223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22696e737469747574696f6e223a7b226e616d65223a22657265626f725f6d785f72657461696c222c2274797065223a2262616e6b227d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d30392d32305431323a30303a30392e3737313230345a222c226c6173745f61636365737365645f6174223a22323032362d31312d31395430373a31353a32342e3930303030305a222c2263617465676f7279223a22434845434b494e475f4143434f554e54222c2262616c616e63655f74797065223a224153534554222c2274797065223a224375656e74617320646520656665637469766f222c226e616d65223a224375656e74612064652063686571756573222c226e756d626572223a2237373330303134343832393035222c2262616c616e6365223a7b2263757272656e74223a31323034342e37312c22617661696c61626c65223a31313839302e327d2c2263757272656e6379223a224d584e222c227075626c69635f6964656e74696669636174696f6e5f6e616d65223a22434c414245222c227075626c69635f6964656e74696669636174696f6e5f76616c7565223a22303032313830373030313434383239303531222c2262616e6b5f70726f647563745f6964223a6e756c6c2c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226372656469745f64617461223a6e756c6c2c226c6f616e5f64617461223a6e756c6c2c2266756e64735f64617461223a6e756c6c2c2272656365697661626c65735f64617461223a6e756c6c7d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d31312d31395430373a31353a32312e3031383834365a222c2276616c75655f64617465223a22323032362d31312d3138222c226163636f756e74696e675f64617465223a22323032362d31312d31385431363a34303a30372e3333345a222c22616d6f756e74223a3638342e392c2262616c616e6365223a31323034342e37312c2263757272656e6379223a224d584e222c226465736372697074696f6e223a224641524d414349412044454c2043454e54524f222c226f62736572766174696f6e73223a6e756c6c2c226d65726368616e74223a7b226c6f676f223a6e756c6c2c2277656273697465223a2268747470733a2f2f6661726d616369612e6578616d706c652e74657374222c226d65726368616e745f6e616d65223a224661726d616369612064656c2043656e74726f227d2c2263617465676f7279223a22506572736f6e616c2053686f7070696e67222c2273756263617465676f7279223a224865616c7468222c227265666572656e6365223a223535313032222c2274797065223a224f5554464c4f57222c22737461747573223a2250524f434553534544222c226372656469745f636172645f64617461223a6e756c6c7d', 1, '2026-11-26 18:22:50.077588+00', NULL, '01a21918-90d1-7149-a715-550b91e8b986', '', '\x0c2ccf91226c672ca06338f8b7e54c6732ab71f32afe143379eb2519eb01b85b', 'belvo 3', '0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69', '', NULL, 839, '', '', '', 'Q0hRLTc3MzAtMDAwNDE', '', '55102', '', '', '', '', '2026-11-26 18:22:50.127897+00');
INSERT INTO transaction_versions VALUES ('01a21918-90de-7714-b2c7-b03a13321899', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', '01a21918-90d9-7daa-af3f-483329eacd4f', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', 21750, 'MXN', NULL, '', 'posted', '2026-11-16', '2026-11-16 13:05:44+00', 'NOMINA SEGUNDA QUINCENA', 'Income & Payments', '', '\x7b226964223a2232643934663761332d623830632d346531362d393564322d663163303661376533623438222c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226163636f756e74223a7b226964223a2265336237306335352d393164342d346132662d623663382d303766323564316539613833222c226c696e6b223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22696e737469747574696f6e223a7b226e616d65223a22657265626f725f6d785f72657461696c222c2274797065223a2262616e6b227d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d30392d32305431323a30303a30392e3737313230345a222c226c6173745f61636365737365645f6174223a22323032362d31312d31395430373a31353a32342e3930303030305a222c2263617465676f7279223a22434845434b494e475f4143434f554e54222c2262616c616e63655f74797065223a224153534554222c2274797065223a224375656e74617320646520656665637469766f222c226e616d65223a224375656e74612064652063686571756573222c226e756d626572223a2237373330303134343832393035222c2262616c616e6365223a7b2263757272656e74223a31323034342e37312c22617661696c61626c65223a31313839302e327d2c2263757272656e6379223a224d584e222c227075626c69635f6964656e74696669636174696f6e5f6e616d65223a22434c414245222c227075626c69635f6964656e74696669636174696f6e5f76616c7565223a22303032313830373030313434383239303531222c2262616e6b5f70726f647563745f6964223a6e756c6c2c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226372656469745f64617461223a6e756c6c2c226c6f616e5f64617461223a6e756c6c2c2266756e64735f64617461223a6e756c6c2c2272656365697661626c65735f64617461223a6e756c6c7d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d31312d31395430373a31353a32312e3031383834365a222c2276616c75655f64617465223a22323032362d31312d3136222c226163636f756e74696e675f64617465223a22323032362d31312d31365431333a30353a34345a222c22616d6f756e74223a32313735302e302c2262616c616e6365223a31323732392e36312c2263757272656e6379223a224d584e222c226465736372697074696f6e223a224e4f4d494e4120534547554e4441205155494e43454e41222c226f62736572766174696f6e73223a6e756c6c2c226d65726368616e74223a6e756c6c2c2263617465676f7279223a22496e636f6d65205c7530303236205061796d656e7473222c2273756263617465676f7279223a2253616c617279222c227265666572656e6365223a6e756c6c2c2274797065223a22494e464c4f57222c22737461747573223a2250524f434553534544222c226372656469745f636172645f64617461223a6e756c6c7d', 1, '2026-11-26 18:22:50.077588+00', NULL, '01a21918-90d1-7149-a715-550b91e8b986', '', '\x9dcfe744ca4ed3e439ab5eda57d9a48ece5f0b5363a5a0bf7b801475c6c1e694', 'belvo 3', '2d94f7a3-b80c-4e16-95d2-f1c06a7e3b48', '', NULL, 839, '', '', '', '', '', '', '', '', '', '', '2026-11-26 18:22:50.145769+00');
INSERT INTO transaction_versions VALUES ('01a21918-90de-7707-a13b-2fcd010ab3ac', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', '01a21918-90d9-7daa-af3f-483329eacd4f', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', -684.9, 'MXN', NULL, '', 'posted', '2026-11-18', '2026-11-18 16:40:07.334+00', 'CORRECTED BY THE BANK', 'Personal Shopping', 'Farmacia del Centro', '\x7b226964223a2230623565386432312d366639612d346333372d613165342d383264376333663035623639222c22696e7465726e616c5f6964656e74696669636174696f6e223a22513068524c5463334d7a41744d4441774e4445222c226163636f756e74223a7b226964223a2265336237306335352d393164342d346132662d623663382d303766323564316539613833222c226c696e6b223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22696e737469747574696f6e223a7b226e616d65223a22657265626f725f6d785f72657461696c222c2274797065223a2262616e6b227d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d30392d32305431323a30303a30392e3737313230345a222c226c6173745f61636365737365645f6174223a22323032362d31312d31395430373a31353a32342e3930303030305a222c2263617465676f7279223a22434845434b494e475f4143434f554e54222c2262616c616e63655f74797065223a224153534554222c2274797065223a224375656e74617320646520656665637469766f222c226e616d65223a224375656e74612064652063686571756573222c226e756d626572223a2237373330303134343832393035222c2262616c616e6365223a7b2263757272656e74223a31323034342e37312c22617661696c61626c65223a31313839302e327d2c2263757272656e6379223a224d584e222c227075626c69635f6964656e74696669636174696f6e5f6e616d65223a22434c414245222c227075626c69635f6964656e74696669636174696f6e5f76616c7565223a22303032313830373030313434383239303531222c2262616e6b5f70726f647563745f6964223a6e756c6c2c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226372656469745f64617461223a6e756c6c2c226c6f616e5f64617461223a6e756c6c2c2266756e64735f64617461223a6e756c6c2c2272656365697661626c65735f64617461223a6e756c6c7d2c22636f6c6c65637465645f6174223a22323032362d31312d32365431383a32323a35302e3131373537345a222c22637265617465645f6174223a22323032362d31312d31395430373a31353a32312e3031383834365a222c2276616c75655f64617465223a22323032362d31312d3138222c226163636f756e74696e675f64617465223a22323032362d31312d31385431363a34303a30372e3333345a222c22616d6f756e74223a3638342e392c2262616c616e6365223a31323034342e37312c2263757272656e6379223a224d584e222c226465736372697074696f6e223a22434f52524543544544204259205448452042414e4b222c226f62736572766174696f6e73223a6e756c6c2c226d65726368616e74223a7b226c6f676f223a6e756c6c2c2277656273697465223a2268747470733a2f2f6661726d616369612e6578616d706c652e74657374222c226d65726368616e745f6e616d65223a224661726d616369612064656c2043656e74726f227d2c2263617465676f7279223a22506572736f6e616c2053686f7070696e67222c2273756263617465676f7279223a224865616c7468222c227265666572656e6365223a223535313032222c2274797065223a224f5554464c4f57222c22737461747573223a2250524f434553534544222c226372656469745f636172645f64617461223a6e756c6c7d', 2, '2026-11-26 18:22:50.127897+00', NULL, '01a21918-9105-7c32-8b34-98b52ef4f06f', '', '\x86463a2a92eb52e8e8a9c103f26d81332ad150d3d05d3382a5aabcbca357ee7b', 'belvo 3', '0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69', '', NULL, 847, '', '', '', 'Q0hRLTc3MzAtMDAwNDE', '', '55102', '', '', '', '', '2026-11-26 18:22:50.181695+00');
INSERT INTO transaction_versions VALUES ('01a21918-90de-7707-a13b-2fcd010ab3ac', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', '01a21918-90d9-7daa-af3f-483329eacd4f', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', -684.9, 'MXN', NULL, '', 'posted', '2026-11-18', '2026-11-18 16:40:07.334+00', 'CORRECTED BY THE BANK', 'Personal Shopping', 'Farmacia del Centro', '\x7b226964223a2230623565386432312d366639612d346333372d613165342d383264376333663035623639222c22696e7465726e616c5f6964656e74696669636174696f6e223a22513068524c5463334d7a41744d4441774e4445222c226163636f756e74223a7b226964223a2265336237306335352d393164342d346132662d623663382d303766323564316539613833222c226c696e6b223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22696e737469747574696f6e223a7b226e616d65223a22657265626f725f6d785f72657461696c222c2274797065223a2262616e6b227d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d30392d32305431323a30303a30392e3737313230345a222c226c6173745f61636365737365645f6174223a22323032362d31312d31395430373a31353a32342e3930303030305a222c2263617465676f7279223a22434845434b494e475f4143434f554e54222c2262616c616e63655f74797065223a224153534554222c2274797065223a224375656e74617320646520656665637469766f222c226e616d65223a224375656e74612064652063686571756573222c226e756d626572223a2237373330303134343832393035222c2262616c616e6365223a7b2263757272656e74223a31323034342e37312c22617661696c61626c65223a31313839302e327d2c2263757272656e6379223a224d584e222c227075626c69635f6964656e74696669636174696f6e5f6e616d65223a22434c414245222c227075626c69635f6964656e74696669636174696f6e5f76616c7565223a22303032313830373030313434383239303531222c2262616e6b5f70726f647563745f6964223a6e756c6c2c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226372656469745f64617461223a6e756c6c2c226c6f616e5f64617461223a6e756c6c2c2266756e64735f64617461223a6e756c6c2c2272656365697661626c65735f64617461223a6e756c6c7d2c22636f6c6c65637465645f6174223a22323032362d31312d32365431383a32323a35302e3131373537345a222c22637265617465645f6174223a22323032362d31312d31395430373a31353a32312e3031383834365a222c2276616c75655f64617465223a22323032362d31312d3138222c226163636f756e74696e675f64617465223a22323032362d31312d31385431363a34303a30372e3333345a222c22616d6f756e74223a3638342e392c2262616c616e6365223a31323034342e37312c2263757272656e6379223a224d584e222c226465736372697074696f6e223a22434f52524543544544204259205448452042414e4b222c226f62736572766174696f6e73223a6e756c6c2c226d65726368616e74223a7b226c6f676f223a6e756c6c2c2277656273697465223a2268747470733a2f2f6661726d616369612e6578616d706c652e74657374222c226d65726368616e745f6e616d65223a224661726d616369612064656c2043656e74726f227d2c2263617465676f7279223a22506572736f6e616c2053686f7070696e67222c2273756263617465676f7279223a224865616c7468222c227265666572656e6365223a223535313032222c2274797065223a224f5554464c4f57222c22737461747573223a2250524f434553534544222c226372656469745f636172645f64617461223a6e756c6c7d', 3, '2026-11-26 18:22:50.181695+00', '2026-11-26 18:22:50.181695+00', '01a21918-9133-7092-9fc5-8821538dcda1', '', '\x86463a2a92eb52e8e8a9c103f26d81332ad150d3d05d3382a5aabcbca357ee7b', 'belvo 3', '0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69', '', NULL, 863, '', '', '', 'Q0hRLTc3MzAtMDAwNDE', '', '55102', '', '', '', '', '2026-11-26 18:22:50.190163+00');
INSERT INTO transaction_versions VALUES ('01a21918-a24b-7738-9da2-53fafb3275cc', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '01a21918-a243-7260-99f8-54bc9e1ec963', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', -6.33, 'USD', NULL, '', 'posted', '2026-11-05', NULL, 'UBER 072515 SF**POOL**', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', '\x7b227472616e73616374696f6e5f6964223a226c504e6a6557316e523643446e356f6b6d4751366845704d6f346c4c4e6f53727a71443037222c226163636f756e745f6964223a22626c677676426c587733637135474d507771423673367134644c4b4239576356714744476f222c22616d6f756e74223a362e33332c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c2c2264617465223a22323032362d31312d3035222c226461746574696d65223a6e756c6c2c22617574686f72697a65645f64617465223a6e756c6c2c22617574686f72697a65645f6461746574696d65223a6e756c6c2c226e616d65223a2255424552203037323531352053462a2a504f4f4c2a2a222c226d65726368616e745f6e616d65223a6e756c6c2c226f726967696e616c5f6465736372697074696f6e223a2255424552203037323531352053462a2a504f4f4c2a2a222c2270656e64696e67223a66616c73652c2270656e64696e675f7472616e73616374696f6e5f6964223a6e756c6c2c227061796d656e745f6368616e6e656c223a226f74686572222c22706572736f6e616c5f66696e616e63655f63617465676f7279223a7b227072696d617279223a2247454e4552414c5f5345525649434553222c2264657461696c6564223a2247454e4552414c5f53455256494345535f4f544845525f47454e4552414c5f5345525649434553227d2c227061796d656e745f6d657461223a7b227061796565223a6e756c6c2c227061796572223a6e756c6c2c2262795f6f726465725f6f66223a6e756c6c2c227265666572656e63655f6e756d626572223a6e756c6c2c22726561736f6e223a6e756c6c7d2c22636865636b5f6e756d626572223a6e756c6c7d', 1, '2026-11-26 18:22:54.538679+00', NULL, '01a21918-9181-7d8e-a5bb-4f9c5e58b996', '', '\xf9632bae8ad8248aae99a0a84b78489953a4aa240d3dde5507472286058ea2c0', 'plaid 1', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD07', '', NULL, 892, '', '', '', '', '', '', '', '', '', '', '2026-11-26 18:22:59.014553+00');
INSERT INTO transaction_versions VALUES ('01a21918-a24b-7737-84c0-73adff76bd8a', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '01a21918-a243-7260-99f8-54bc9e1ec963', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', -1000, 'USD', NULL, '', 'posted', '2026-11-08', NULL, 'CD DEPOSIT .INITIAL.', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', '\x7b227472616e73616374696f6e5f6964223a226c504e6a6557316e523643446e356f6b6d4751366845704d6f346c4c4e6f53727a71443036222c226163636f756e745f6964223a22626c677676426c587733637135474d507771423673367134644c4b4239576356714744476f222c22616d6f756e74223a313030302c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c2c2264617465223a22323032362d31312d3038222c226461746574696d65223a6e756c6c2c22617574686f72697a65645f64617465223a6e756c6c2c22617574686f72697a65645f6461746574696d65223a6e756c6c2c226e616d65223a224344204445504f534954202e494e495449414c2e222c226d65726368616e745f6e616d65223a6e756c6c2c226f726967696e616c5f6465736372697074696f6e223a224344204445504f534954202e494e495449414c2e222c2270656e64696e67223a66616c73652c2270656e64696e675f7472616e73616374696f6e5f6964223a6e756c6c2c227061796d656e745f6368616e6e656c223a226f74686572222c22706572736f6e616c5f66696e616e63655f63617465676f7279223a7b227072696d617279223a2247454e4552414c5f5345525649434553222c2264657461696c6564223a2247454e4552414c5f53455256494345535f4f544845525f47454e4552414c5f5345525649434553227d2c227061796d656e745f6d657461223a7b227061796565223a6e756c6c2c227061796572223a6e756c6c2c2262795f6f726465725f6f66223a6e756c6c2c227265666572656e63655f6e756d626572223a6e756c6c2c22726561736f6e223a6e756c6c7d2c22636865636b5f6e756d626572223a6e756c6c7d', 1, '2026-11-26 18:22:54.538679+00', NULL, '01a21918-9181-7d8e-a5bb-4f9c5e58b996', '', '\x0c432de7f4e7ccee55585d2352bfd845ca71b8d6f86534b54acff60aa8179461', 'plaid 1', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD06', '', NULL, 892, '', '', '', '', '', '', '', '', '', '', '2026-11-26 18:22:59.014553+00');
INSERT INTO transaction_versions VALUES ('01a21918-a24b-7728-ad2c-3970dd9a6098', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', '01a21918-a243-7363-b955-fb12fc3b487b', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', -500, 'USD', NULL, '', 'pending', '2026-11-26', NULL, 'UNITED AIRLINES', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', '\x7b227472616e73616374696f6e5f6964223a226c504e6a6557316e523643446e356f6b6d4751366845704d6f346c4c4e6f53727a71443030222c226163636f756e745f6964223a2264567a62564d4c6a7278546e4c6a583447363658557035474c6b6c6d346f695a793838794b222c22616d6f756e74223a3530302c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c2c2264617465223a22323032362d31312d3236222c226461746574696d65223a6e756c6c2c22617574686f72697a65645f64617465223a6e756c6c2c22617574686f72697a65645f6461746574696d65223a6e756c6c2c226e616d65223a22554e49544544204149524c494e4553222c226d65726368616e745f6e616d65223a6e756c6c2c226f726967696e616c5f6465736372697074696f6e223a22554e49544544204149524c494e4553222c2270656e64696e67223a747275652c2270656e64696e675f7472616e73616374696f6e5f6964223a6e756c6c2c227061796d656e745f6368616e6e656c223a226f74686572222c22706572736f6e616c5f66696e616e63655f63617465676f7279223a7b227072696d617279223a2247454e4552414c5f5345525649434553222c2264657461696c6564223a2247454e4552414c5f53455256494345535f4f544845525f47454e4552414c5f5345525649434553227d2c227061796d656e745f6d657461223a7b227061796565223a6e756c6c2c227061796572223a6e756c6c2c2262795f6f726465725f6f66223a6e756c6c2c227265666572656e63655f6e756d626572223a6e756c6c2c22726561736f6e223a6e756c6c7d2c22636865636b5f6e756d626572223a6e756c6c7d', 1, '2026-11-26 18:22:54.538679+00', NULL, '01a21918-9181-7d8e-a5bb-4f9c5e58b996', '', '\x6629eb05d1ed406742620ee8f645fac0c4a7d3fb56ee7a7c8c6f0c39374472e8', 'plaid 1', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD00', '', NULL, 892, '', '', '', '', '', '', '', '', '', '', '2026-11-26 18:23:03.301473+00');
INSERT INTO transactions VALUES ('01a21918-8f5d-770f-84be-7b14cb2f40da', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '01a21918-8f56-7341-ab6b-d055e684c648', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'c0ffee00-0000-4000-8000-000000000001', 1500, 'BRL', NULL, '', 'posted', '2026-11-25', '2026-11-25 15:04:05+00', 'PIX RECEBIDO DE ENSAIO', 'Transfer - PIX', 'Pagador de Ensaio', '\x7b226964223a2263306666656530302d303030302d343030302d383030302d303030303030303030303031222c226163636f756e744964223a2231316161323262622d333363632d346434342d386535352d363666663737616138386262222c226465736372697074696f6e223a2250495820524543454249444f20444520454e5341494f222c226465736372697074696f6e526177223a2250495820524543454249444f20444520454e5341494f222c2263757272656e6379436f6465223a2242524c222c22616d6f756e74223a313530302c22616d6f756e74496e4163636f756e7443757272656e6379223a6e756c6c2c2264617465223a22323032362d31312d32355431353a30343a30352e3030305a222c2274797065223a22435245444954222c2262616c616e6365223a343433392e342c22737461747573223a22504f53544544222c2263617465676f7279223a225472616e73666572202d20504958222c2263617465676f72794964223a223035303730303030222c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a224f462d30303031222c227061796d656e7444617461223a7b227061796572223a7b226e616d65223a2250616761646f7220646520456e7361696f222c226272616e63684e756d626572223a2230303031222c226163636f756e744e756d626572223a223132333435222c22726f7574696e674e756d626572223a22393939222c22726f7574696e674e756d62657249535042223a223939393939393939222c22646f63756d656e744e756d626572223a7b2274797065223a22435046222c2276616c7565223a223030302e3030302e3030322d3732227d7d2c227265636569766572223a7b226e616d65223a22546974756c617220646520456e7361696f222c226272616e63684e756d626572223a2230303031222c226163636f756e744e756d626572223a22353433323130222c22726f7574696e674e756d626572223a22393939222c22726f7574696e674e756d62657249535042223a223939393939393939222c22646f63756d656e744e756d626572223a7b2274797065223a22435046222c2276616c7565223a223030302e3030302e3030312d3931227d7d2c22726561736f6e223a22416c756775656c20646520656e7361696f222c227265666572656e63654e756d626572223a6e756c6c2c2272656365697665725265666572656e63654964223a6e756c6c2c2261757468656e7469636174696f6e436f6465223a22454e5341494f30303031222c227061796d656e744d6574686f64223a22504958222c22626f6c65746f4d65746164617461223a6e756c6c7d2c22637265646974436172644d65746164617461223a6e756c6c2c226d65726368616e74223a6e756c6c2c226f7065726174696f6e54797065223a22504958222c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a302c22637265617465644174223a22323032362d31312d32365430393a30323a31312e3030305a222c22757064617465644174223a22323032362d31312d32365430393a30323a31312e3030305a227d', '\xb40a059c6c56a0c4b4c7bca4c6f2c1cac7ecd141dd8e6ba3d9d20c57ddcedb9b', 1, '2026-11-26 18:22:49.692588+00', '2026-11-26 18:22:49.692588+00', NULL, 794, '\x5cd157f411fa2fd47d9f9da3f5784726', '01a21918-8f23-777e-a8b0-63041a68e483', '', '\xb6c53c9c6648325c24bf5de34a2f233162e8f5cb4a93126df0f4c9ca289b0985', 'pluggy 3', '', NULL, NULL, '', '', '', 'OF-0001', 'ENSAIO0001', '', '', '', '', 'CPF 00000000272');
INSERT INTO transactions VALUES ('01a21918-8f5d-7717-8dc8-515ac139e597', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '01a21918-8f56-7341-ab6b-d055e684c648', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'c0ffee00-0000-4000-8000-000000000002', -212.45, 'BRL', NULL, '', 'posted', '2026-11-25', NULL, 'BOLETO DE ENERGIA', 'Electricity', '', '\x7b226964223a2263306666656530302d303030302d343030302d383030302d303030303030303030303032222c226163636f756e744964223a2231316161323262622d333363632d346434342d386535352d363666663737616138386262222c226465736372697074696f6e223a22424f4c45544f20444520454e4552474941222c226465736372697074696f6e526177223a22424f4c45544f20444520454e4552474941222c2263757272656e6379436f6465223a2242524c222c22616d6f756e74223a2d3231322e34352c22616d6f756e74496e4163636f756e7443757272656e6379223a6e756c6c2c2264617465223a22323032362d31312d32355430333a30303a30302e3030305a222c2274797065223a224445424954222c2262616c616e6365223a323933392e342c22737461747573223a22504f53544544222c2263617465676f7279223a22456c656374726963697479222c2263617465676f72794964223a223137303230303030222c2270726f7669646572436f6465223a22303030313233222c2270726f76696465724964223a224f462d30303032222c227061796d656e7444617461223a7b227061796572223a6e756c6c2c227265636569766572223a6e756c6c2c22726561736f6e223a6e756c6c2c227265666572656e63654e756d626572223a6e756c6c2c2272656365697665725265666572656e63654964223a6e756c6c2c2261757468656e7469636174696f6e436f6465223a6e756c6c2c227061796d656e744d6574686f64223a22424f4c45544f222c22626f6c65746f4d65746164617461223a7b22646967697461626c654c696e65223a223030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030222c22626172636f6465223a6e756c6c2c2262617365416d6f756e74223a3231302c2270656e616c7479416d6f756e74223a322c22696e746572657374416d6f756e74223a302e34352c22646973636f756e74416d6f756e74223a6e756c6c7d7d2c22637265646974436172644d65746164617461223a6e756c6c2c226d65726368616e74223a6e756c6c2c226f7065726174696f6e54797065223a22424f4c45544f222c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a312c22637265617465644174223a22323032362d31312d32365430393a30323a31312e3030305a222c22757064617465644174223a22323032362d31312d32365430393a30323a31312e3030305a227d', '\xde7bc02b0be5a07a6142dcd899f805dc0e026f5dca675d7c852387e8d8411d65', 1, '2026-11-26 18:22:49.692588+00', '2026-11-26 18:22:49.692588+00', NULL, 794, '\x9433153dd8737fdb257302f389dfbe13', '01a21918-8f23-777e-a8b0-63041a68e483', '', '\x26f188a1e0497d5325de4ffb022b224418154bbf74e45b1e94124308c87fd987', 'pluggy 3', '', NULL, NULL, '', '', '', 'OF-0002', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-8f5d-7718-b834-1ca33abdfe51', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '01a21918-8f56-7341-ab6b-d055e684c648', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'c0ffee00-0000-4000-8000-000000000003', -0.1, 'BRL', NULL, '', 'posted', '2026-11-24', NULL, 'TARIFA DE PACOTE', '', '', '\x7b226964223a2263306666656530302d303030302d343030302d383030302d303030303030303030303033222c226163636f756e744964223a2231316161323262622d333363632d346434342d386535352d363666663737616138386262222c226465736372697074696f6e223a22544152494641204445205041434f5445222c226465736372697074696f6e526177223a22544152494641204445205041434f5445222c2263757272656e6379436f6465223a2242524c222c22616d6f756e74223a2d302e312c22616d6f756e74496e4163636f756e7443757272656e6379223a6e756c6c2c2264617465223a22323032362d31312d32345430333a30303a30302e3030305a222c2274797065223a224445424954222c2262616c616e6365223a6e756c6c2c22737461747573223a22504f53544544222c2263617465676f7279223a6e756c6c2c2263617465676f72794964223a6e756c6c2c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a6e756c6c2c227061796d656e7444617461223a6e756c6c2c22637265646974436172644d65746164617461223a6e756c6c2c226d65726368616e74223a6e756c6c2c226f7065726174696f6e54797065223a6e756c6c2c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a302c22637265617465644174223a22323032362d31312d32365430393a30323a31312e3030305a222c22757064617465644174223a22323032362d31312d32365430393a30323a31312e3030305a227d', '\x24d3207388768e310fda376d6b3759924192b6e52960a03a57e884a043ebe4f3', 1, '2026-11-26 18:22:49.692588+00', '2026-11-26 18:22:49.692588+00', NULL, 794, '\x0383798f7bea84cd7360fd4e5e9f39d7', '01a21918-8f23-777e-a8b0-63041a68e483', '', '\x0624514b8c1aeb483821254ea2a2b84fc12127b6add6b56ad30f748b384d9181', 'pluggy 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-8f5d-7719-8b80-9f825c83a848', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '01a21918-8f56-7341-ab6b-d055e684c648', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'c0ffee00-0000-4000-8000-000000000004', -0.1, 'BRL', NULL, '', 'posted', '2026-11-24', NULL, 'TARIFA DE PACOTE', '', '', '\x7b226964223a2263306666656530302d303030302d343030302d383030302d303030303030303030303034222c226163636f756e744964223a2231316161323262622d333363632d346434342d386535352d363666663737616138386262222c226465736372697074696f6e223a22544152494641204445205041434f5445222c226465736372697074696f6e526177223a22544152494641204445205041434f5445222c2263757272656e6379436f6465223a2242524c222c22616d6f756e74223a2d302e312c22616d6f756e74496e4163636f756e7443757272656e6379223a6e756c6c2c2264617465223a22323032362d31312d32345430333a30303a30302e3030305a222c2274797065223a224445424954222c2262616c616e6365223a6e756c6c2c22737461747573223a22504f53544544222c2263617465676f7279223a6e756c6c2c2263617465676f72794964223a6e756c6c2c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a6e756c6c2c227061796d656e7444617461223a6e756c6c2c22637265646974436172644d65746164617461223a6e756c6c2c226d65726368616e74223a6e756c6c2c226f7065726174696f6e54797065223a6e756c6c2c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a312c22637265617465644174223a22323032362d31312d32365430393a30323a31312e3030305a222c22757064617465644174223a22323032362d31312d32365430393a30323a31312e3030305a227d', '\x24d3207388768e310fda376d6b3759924192b6e52960a03a57e884a043ebe4f3', 1, '2026-11-26 18:22:49.692588+00', '2026-11-26 18:22:49.692588+00', NULL, 794, '\xbbec266bd49ee2686793f84627930312', '01a21918-8f23-777e-a8b0-63041a68e483', '', '\xa4e619ef8f21b253f0f58666db35bcce35f3fb00dcb7b3fd613e731c799c3e0e', 'pluggy 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-8f5d-771a-95c8-419189bb4724', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '01a21918-8f56-7341-ab6b-d055e684c648', '11aa22bb-33cc-4d44-8e55-66ff77aa88bb', 'c0ffee00-0000-4000-8000-000000000005', -19.99, 'BRL', NULL, '', 'posted', '2026-11-23', '2026-11-24 01:30:00+00', 'TRANSFERENCIA NOTURNA', '', '', '\x7b226964223a2263306666656530302d303030302d343030302d383030302d303030303030303030303035222c226163636f756e744964223a2231316161323262622d333363632d346434342d386535352d363666663737616138386262222c226465736372697074696f6e223a225452414e53464552454e434941204e4f5455524e41222c226465736372697074696f6e526177223a225452414e53464552454e434941204e4f5455524e41222c2263757272656e6379436f6465223a2242524c222c22616d6f756e74223a2d31392e39392c22616d6f756e74496e4163636f756e7443757272656e6379223a6e756c6c2c2264617465223a22323032362d31312d32345430313a33303a30302e3030305a222c2274797065223a224445424954222c2262616c616e6365223a6e756c6c2c22737461747573223a22504f53544544222c2263617465676f7279223a6e756c6c2c2263617465676f72794964223a6e756c6c2c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a6e756c6c2c227061796d656e7444617461223a6e756c6c2c22637265646974436172644d65746164617461223a6e756c6c2c226d65726368616e74223a6e756c6c2c226f7065726174696f6e54797065223a6e756c6c2c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a302c22637265617465644174223a22323032362d31312d32365430393a30323a31312e3030305a222c22757064617465644174223a22323032362d31312d32365430393a30323a31312e3030305a227d', '\x5584bcb8f62e99cf187dfb5a88bb135a08e9bda9be0f420810ce4a5d7999e355', 1, '2026-11-26 18:22:49.692588+00', '2026-11-26 18:22:49.692588+00', NULL, 794, '\x8ead08c44582beb41e4cef4f685fc188', '01a21918-8f23-777e-a8b0-63041a68e483', '', '\xaf852c5c47c7bfbaa7e761ec96c81718bec16c5c5c074983f1718b1e68a34bf6', 'pluggy 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-8f5f-79e3-a301-7a4636d8fa80', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '01a21918-8f56-74b1-ba22-5ce9cbf83fb5', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', 'c0ffee00-0000-4000-8000-000000000012', 900, 'BRL', NULL, '', 'posted', '2026-11-12', NULL, 'PAGAMENTO DA FATURA', '', '', '\x7b226964223a2263306666656530302d303030302d343030302d383030302d303030303030303030303132222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c226465736372697074696f6e223a22504147414d454e544f20444120464154555241222c226465736372697074696f6e526177223a22504147414d454e544f20444120464154555241222c2263757272656e6379436f6465223a2242524c222c22616d6f756e74223a2d3930302e302c22616d6f756e74496e4163636f756e7443757272656e6379223a6e756c6c2c2264617465223a22323032362d31312d31325430333a30303a30302e3030305a222c2274797065223a22435245444954222c2262616c616e6365223a6e756c6c2c22737461747573223a22504f53544544222c2263617465676f7279223a6e756c6c2c2263617465676f72794964223a6e756c6c2c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a6e756c6c2c227061796d656e7444617461223a6e756c6c2c22637265646974436172644d65746164617461223a7b22636172644e756d626572223a2238363730222c2262696c6c4964223a2233336363343464642d353565652d346636362d386137372d383862623939636364646565227d2c226d65726368616e74223a6e756c6c2c226f7065726174696f6e54797065223a6e756c6c2c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a302c22637265617465644174223a22323032362d31312d32365430393a30323a31312e3030305a222c22757064617465644174223a22323032362d31312d32365430393a30323a31312e3030305a227d', '\x029d7a369b0bcb2713dc44f8b10e6399810e03c8c9576d88ad8320135092b513', 1, '2026-11-26 18:22:49.695009+00', '2026-11-26 18:22:49.695009+00', NULL, 795, '\xfb40c6a162a49023e8fc582ec7ca28d8', '01a21918-8f23-777e-a8b0-63041a68e483', '', '\x89f5d8cb9e599cbb5dcdb14a0e9103036b8ed10437e63562b8861736dd62180b', 'pluggy 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-8f5f-79e0-9539-70166d3b4d96', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '01a21918-8f56-74b1-ba22-5ce9cbf83fb5', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', 'c0ffee00-0000-4000-8000-000000000010', -58, 'USD', -298.19, 'BRL', 'posted', '2026-11-23', NULL, 'ASSINATURA NO EXTERIOR', 'Video streaming', 'Ensaio Video', '\x7b226964223a2263306666656530302d303030302d343030302d383030302d303030303030303030303130222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c226465736372697074696f6e223a22415353494e4154555241204e4f204558544552494f52222c226465736372697074696f6e526177223a22415353494e4154555241204e4f204558544552494f52222c2263757272656e6379436f6465223a22555344222c22616d6f756e74223a35382c22616d6f756e74496e4163636f756e7443757272656e6379223a3239382e31392c2264617465223a22323032362d31312d32335430333a30303a30302e3030305a222c2274797065223a224445424954222c2262616c616e6365223a6e756c6c2c22737461747573223a22504f53544544222c2263617465676f7279223a22566964656f2073747265616d696e67222c2263617465676f72794964223a223039303030303030222c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a6e756c6c2c227061796d656e7444617461223a6e756c6c2c22637265646974436172644d65746164617461223a7b22707572636861736544617465223a22323032362d31312d31355432313a31303a30302e3030305a222c2270617965654d4343223a343839392c22636172644e756d626572223a2238363730222c2262696c6c466f72656361737444617465223a22323032362d3132227d2c226d65726368616e74223a7b226e616d65223a22456e7361696f20566964656f222c22627573696e6573734e616d65223a22454e5341494f20564944454f204c544441222c22636e706a223a223030303030303030303030313931222c22636e6165223a2235393131313030222c2263617465676f7279223a22566964656f2073747265616d696e67227d2c226f7065726174696f6e54797065223a6e756c6c2c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a302c22637265617465644174223a22323032362d31312d32365430393a30323a31312e3030305a222c22757064617465644174223a22323032362d31312d32365430393a30323a31312e3030305a227d', '\x19565887a8e39c2a5b5a131e7e219c0f3be2c837867127797e5808281027876a', 2, '2026-11-26 18:22:49.695009+00', '2026-11-26 18:22:49.929759+00', '2026-11-26 18:22:49.929759+00', 810, '\x17fb9341c00d43867aa1e5d45b77645d', '01a21918-8f85-7377-a8f8-68f3dfba8901', '', '\x478d60f20cadcfcf3af61e54d0f71071da53e098751e70f7c0fec7a4bbc329f0', 'pluggy 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', 'CNPJ 00000000000191');
INSERT INTO transactions VALUES ('01a21918-908a-7aac-b104-eb46ff4af515', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '01a21918-8f56-74b1-ba22-5ce9cbf83fb5', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', 'c19d61e5-0b98-43be-a5f7-f23649c18f8301a21918-908a-7aac-b104-eb46ff4af515', -160.1, 'BRL', NULL, '', 'posted', '2026-12-23', NULL, 'LOJA DE ENSAIO PARC 02/10', '', '', '\x7b226964223a2263313964363165352d306239382d343362652d613566372d663233363439633138663833222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c226465736372697074696f6e223a224c4f4a4120444520454e5341494f20504152432030322f3130222c226465736372697074696f6e526177223a224c4f4a4120444520454e5341494f20504152432030322f3130222c2263757272656e6379436f6465223a2242524c222c22616d6f756e74223a3136302e312c22616d6f756e74496e4163636f756e7443757272656e6379223a6e756c6c2c2264617465223a22323032362d31322d32335430333a30303a30302e3030305a222c2274797065223a224445424954222c2262616c616e6365223a6e756c6c2c22737461747573223a22504f53544544222c2263617465676f7279223a6e756c6c2c2263617465676f72794964223a6e756c6c2c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a6e756c6c2c227061796d656e7444617461223a6e756c6c2c22637265646974436172644d65746164617461223a7b22696e7374616c6c6d656e744e756d626572223a322c22746f74616c496e7374616c6c6d656e7473223a31302c22746f74616c416d6f756e74223a313630312e302c22707572636861736544617465223a22323032362d31312d31365430333a30303a30302e3030305a222c2270617965654d4343223a353331312c22636172644e756d626572223a2238363730222c2262696c6c466f72656361737444617465223a22323032372d3031227d2c226d65726368616e74223a6e756c6c2c226f7065726174696f6e54797065223a6e756c6c2c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a302c22637265617465644174223a22323032362d31312d32365431383a32323a34392e3935395a222c22757064617465644174223a22323032362d31312d32365431383a32323a34392e3935395a227d', '\x6898f7f25d3a7bb7367ff52cab5ca0fddc079f4325239b98d1b070c2068da7a5', 2, '2026-11-26 18:22:49.978516+00', '2026-11-26 18:22:50.014643+00', '2026-11-26 18:22:50.014643+00', 823, '\xb6a79fad3fc3989b7f0a472a457e4dab', '01a21918-906f-7595-9ecb-104b0570fd32', '', '\x1c33cfbab8d2f1e99be3465b301ffd0a419baad07e5f9c363bd0c74d77e7ac0d', 'pluggy 3', '', '01a21918-8f5f-79da-bddd-89b1a592fb56', NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-8f5f-79da-bddd-89b1a592fb56', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '01a21918-8f56-74b1-ba22-5ce9cbf83fb5', '22bb33cc-44dd-4e55-9f66-77aa88bb99cc', 'c19d61e5-0b98-43be-a5f7-f23649c18f83', -160.1, 'BRL', NULL, '', 'posted', '2026-12-23', NULL, 'LOJA DE ENSAIO PARC 02/10', '', '', '\x7b226964223a2263313964363165352d306239382d343362652d613566372d663233363439633138663833222c226163636f756e744964223a2232326262333363632d343464642d346535352d396636362d373761613838626239396363222c226465736372697074696f6e223a224c4f4a4120444520454e5341494f20504152432030322f3130222c226465736372697074696f6e526177223a224c4f4a4120444520454e5341494f20504152432030322f3130222c2263757272656e6379436f6465223a2242524c222c22616d6f756e74223a3136302e312c22616d6f756e74496e4163636f756e7443757272656e6379223a6e756c6c2c2264617465223a22323032362d31322d32335430333a30303a30302e3030305a222c2274797065223a224445424954222c2262616c616e6365223a6e756c6c2c22737461747573223a22504f53544544222c2263617465676f7279223a6e756c6c2c2263617465676f72794964223a6e756c6c2c2270726f7669646572436f6465223a6e756c6c2c2270726f76696465724964223a6e756c6c2c227061796d656e7444617461223a6e756c6c2c22637265646974436172644d65746164617461223a7b22696e7374616c6c6d656e744e756d626572223a322c22746f74616c496e7374616c6c6d656e7473223a31302c22746f74616c416d6f756e74223a313630312e302c22707572636861736544617465223a22323032362d31312d31365430333a30303a30302e3030305a222c2270617965654d4343223a353331312c22636172644e756d626572223a2238363730222c2262696c6c466f72656361737444617465223a22323032372d3031227d2c226d65726368616e74223a6e756c6c2c226f7065726174696f6e54797065223a6e756c6c2c226f7065726174696f6e547970654164646974696f6e616c496e666f223a6e756c6c2c226f72646572223a302c22637265617465644174223a22323032362d31312d32365431383a32323a34392e3935395a222c22757064617465644174223a22323032362d31312d32365431383a32323a34392e3935395a227d', '\x6898f7f25d3a7bb7367ff52cab5ca0fddc079f4325239b98d1b070c2068da7a5', 3, '2026-11-26 18:22:49.695009+00', '2026-11-26 18:22:50.014643+00', NULL, 823, '\xb6a79fad3fc3989b7f0a472a457e4dab', '01a21918-906f-7595-9ecb-104b0570fd32', '', '\x1c33cfbab8d2f1e99be3465b301ffd0a419baad07e5f9c363bd0c74d77e7ac0d', 'pluggy 3', '[{"externalId":"c0ffee00-0000-4000-8000-000000000011","at":"2026-11-26T18:22:50.014643Z","rule":"same_description","version":2,"younger":"01a21918-908a-7aac-b104-eb46ff4af515"}]', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-90de-7717-bc87-d64102c9dbc3', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', '01a21918-90d9-7d20-9958-968d88ce19eb', '58c2d6f1-0e4b-4973-a5d9-b31f7e86c204', '47c1e05b-d3a8-4f92-8b67-3e9d50f2a1c6', -249, 'MXN', NULL, '', 'pending', '2026-11-19', NULL, 'SUSCRIPCION MUSICA', '', '', '\x7b226964223a2234376331653035622d643361382d346639322d386236372d336539643530663261316336222c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226163636f756e74223a7b226964223a2235386332643666312d306534622d343937332d613564392d623331663765383663323034222c226c696e6b223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22696e737469747574696f6e223a7b226e616d65223a22657265626f725f6d785f72657461696c222c2274797065223a2262616e6b227d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d30392d32305431323a30303a30392e3737313230345a222c226c6173745f61636365737365645f6174223a22323032362d31312d31395430373a31353a32342e3930303030305a222c2263617465676f7279223a224352454449545f43415244222c2262616c616e63655f74797065223a224c494142494c495459222c2274797065223a225461726a657461206465206372656469746f222c226e616d65223a225461726a65746120506c6174696e6f222c226e756d626572223a2234313532333130303939303138383733222c2262616c616e6365223a7b2263757272656e74223a313833302e302c22617661696c61626c65223a32383137302e307d2c2263757272656e6379223a224d584e222c227075626c69635f6964656e74696669636174696f6e5f6e616d65223a6e756c6c2c227075626c69635f6964656e74696669636174696f6e5f76616c7565223a6e756c6c2c2262616e6b5f70726f647563745f6964223a6e756c6c2c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226372656469745f64617461223a7b22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c226372656469745f6c696d6974223a33303030302e302c2263757474696e675f64617465223a22323032362d31322d3031222c226e6578745f7061796d656e745f64617465223a22323032362d31322d3139222c226d696e696d756d5f7061796d656e74223a3138332e302c226e6f5f696e7465726573745f7061796d656e74223a313833302e302c22696e7465726573745f72617465223a33382e352c22656e645f64617465223a6e756c6c2c226d6f6e74686c795f7061796d656e74223a6e756c6c2c226c6173745f7061796d656e745f64617465223a6e756c6c7d2c226c6f616e5f64617461223a6e756c6c2c2266756e64735f64617461223a6e756c6c2c2272656365697661626c65735f64617461223a6e756c6c7d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d31312d31395430373a31353a32312e3031383834365a222c2276616c75655f64617465223a22323032362d31312d3139222c226163636f756e74696e675f64617465223a6e756c6c2c22616d6f756e74223a3234392e302c2262616c616e6365223a6e756c6c2c2263757272656e6379223a224d584e222c226465736372697074696f6e223a225355534352495043494f4e204d5553494341222c226f62736572766174696f6e73223a6e756c6c2c226d65726368616e74223a6e756c6c2c2263617465676f7279223a6e756c6c2c2273756263617465676f7279223a6e756c6c2c227265666572656e6365223a6e756c6c2c2274797065223a224f5554464c4f57222c22737461747573223a2250454e44494e47222c226372656469745f636172645f64617461223a7b22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c2262696c6c5f6e616d65223a2261637475616c222c2262696c6c5f737461747573223a224f50454e222c2262696c6c5f616d6f756e74223a313833302e302c2270726576696f75735f62696c6c5f746f74616c223a22343132302e3735227d7d', '\xc6fdd75f79dc80b7484807434449a472985afc26bb67004c2c1cbfe009697f2c', 1, '2026-11-26 18:22:50.077588+00', '2026-11-26 18:22:50.077588+00', NULL, 839, '\x774b16fdb8a6278b0e855f5d0d2690b7', '01a21918-90d1-7149-a715-550b91e8b986', '', '\x7f0b49d964089634bf7dcf4cd6c5b7d589abb4ccd77b8bd35f1b017ba49e4270', 'belvo 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-90de-7714-b2c7-b03a13321899', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', '01a21918-90d9-7daa-af3f-483329eacd4f', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '2d94f7a3-b80c-4e16-95d2-f1c06a7e3b48', 21750, 'MXN', NULL, '', 'posted', '2026-11-16', '2026-11-16 13:05:44+00', 'NOMINA SEGUNDA QUINCENA', 'Income & Payments', '', '\x7b226964223a2232643934663761332d623830632d346531362d393564322d663163303661376533623438222c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226163636f756e74223a7b226964223a2265336237306335352d393164342d346132662d623663382d303766323564316539613833222c226c696e6b223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22696e737469747574696f6e223a7b226e616d65223a22657265626f725f6d785f72657461696c222c2274797065223a2262616e6b227d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d30392d32305431323a30303a30392e3737313230345a222c226c6173745f61636365737365645f6174223a22323032362d31312d31395430373a31353a32342e3930303030305a222c2263617465676f7279223a22434845434b494e475f4143434f554e54222c2262616c616e63655f74797065223a224153534554222c2274797065223a224375656e74617320646520656665637469766f222c226e616d65223a224375656e74612064652063686571756573222c226e756d626572223a2237373330303134343832393035222c2262616c616e6365223a7b2263757272656e74223a31323034342e37312c22617661696c61626c65223a31313839302e327d2c2263757272656e6379223a224d584e222c227075626c69635f6964656e74696669636174696f6e5f6e616d65223a22434c414245222c227075626c69635f6964656e74696669636174696f6e5f76616c7565223a22303032313830373030313434383239303531222c2262616e6b5f70726f647563745f6964223a6e756c6c2c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226372656469745f64617461223a6e756c6c2c226c6f616e5f64617461223a6e756c6c2c2266756e64735f64617461223a6e756c6c2c2272656365697661626c65735f64617461223a6e756c6c7d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d31312d31395430373a31353a32312e3031383834365a222c2276616c75655f64617465223a22323032362d31312d3136222c226163636f756e74696e675f64617465223a22323032362d31312d31365431333a30353a34345a222c22616d6f756e74223a32313735302e302c2262616c616e6365223a31323732392e36312c2263757272656e6379223a224d584e222c226465736372697074696f6e223a224e4f4d494e4120534547554e4441205155494e43454e41222c226f62736572766174696f6e73223a6e756c6c2c226d65726368616e74223a6e756c6c2c2263617465676f7279223a22496e636f6d65205c7530303236205061796d656e7473222c2273756263617465676f7279223a2253616c617279222c227265666572656e6365223a6e756c6c2c2274797065223a22494e464c4f57222c22737461747573223a2250524f434553534544222c226372656469745f636172645f64617461223a6e756c6c7d', '\xdab888f801fb491ac6e20ab7a2303f50e76d50458595a3db7195ce9399096905', 2, '2026-11-26 18:22:50.077588+00', '2026-11-26 18:22:50.145769+00', '2026-11-26 18:22:50.145769+00', 852, '\x5847899eafbad2824fa3c7b369999a24', '01a21918-9107-7a62-a844-7730ec5e9741', '', '\x9dcfe744ca4ed3e439ab5eda57d9a48ece5f0b5363a5a0bf7b801475c6c1e694', 'belvo 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-90de-7718-9976-a6f8c83d3d7f', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', '01a21918-90d9-7daa-af3f-483329eacd4f', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', '63fa28d9-1c75-4b0e-a9f3-d84e6b2c7015', 75.5, 'MXN', NULL, '', 'posted', '2026-11-16', NULL, 'COMISION POR AJUSTE', '', '', '\x7b226964223a2236336661323864392d316337352d346230652d613966332d643834653662326337303135222c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226163636f756e74223a7b226964223a2265336237306335352d393164342d346132662d623663382d303766323564316539613833222c226c696e6b223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22696e737469747574696f6e223a7b226e616d65223a22657265626f725f6d785f72657461696c222c2274797065223a2262616e6b227d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d30392d32305431323a30303a30392e3737313230345a222c226c6173745f61636365737365645f6174223a22323032362d31312d31395430373a31353a32342e3930303030305a222c2263617465676f7279223a22434845434b494e475f4143434f554e54222c2262616c616e63655f74797065223a224153534554222c2274797065223a224375656e74617320646520656665637469766f222c226e616d65223a224375656e74612064652063686571756573222c226e756d626572223a2237373330303134343832393035222c2262616c616e6365223a7b2263757272656e74223a31323034342e37312c22617661696c61626c65223a31313839302e327d2c2263757272656e6379223a224d584e222c227075626c69635f6964656e74696669636174696f6e5f6e616d65223a22434c414245222c227075626c69635f6964656e74696669636174696f6e5f76616c7565223a22303032313830373030313434383239303531222c2262616e6b5f70726f647563745f6964223a6e756c6c2c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226372656469745f64617461223a6e756c6c2c226c6f616e5f64617461223a6e756c6c2c2266756e64735f64617461223a6e756c6c2c2272656365697661626c65735f64617461223a6e756c6c7d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333342b30303a3030222c22637265617465645f6174223a22323032362d31312d31395430373a31353a32312e3031383834365a222c2276616c75655f64617465223a22323032362d31312d3136222c226163636f756e74696e675f64617465223a22323032362d31312d3136222c22616d6f756e74223a37352e352c2262616c616e6365223a6e756c6c2c2263757272656e6379223a224d584e222c226465736372697074696f6e223a22434f4d4953494f4e20504f5220414a55535445222c226f62736572766174696f6e73223a6e756c6c2c226d65726368616e74223a6e756c6c2c2263617465676f7279223a6e756c6c2c2273756263617465676f7279223a6e756c6c2c227265666572656e6365223a6e756c6c2c2274797065223a6e756c6c2c22737461747573223a22554e43415445474f52495a4544222c226372656469745f636172645f64617461223a6e756c6c7d', '\x44aa82a0f3902b9a4e70491207f697c3aa9731761038f2a080db81474679f974', 1, '2026-11-26 18:22:50.077588+00', '2026-11-26 18:22:50.077588+00', NULL, 839, '\xb2fe271eb85f7d19576880e06fc103fb', '01a21918-90d1-7149-a715-550b91e8b986', '', '\x26dec970ce4233ac2c1f1190c595135a45c88b3b266361ecc03fdf3608b3119e', 'belvo 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-90de-7719-8290-ba5ad38a840a', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', NULL, '', '7e60b3c4-95d1-4a8f-b27e-0f5c9a1d6e83', -75.5, 'MXN', NULL, '', 'posted', '2026-11-16', '2026-11-16 13:05:44.512+00', 'RETIRO CAJERO', '', '', '\x7b226964223a2237653630623363342d393564312d346138662d623237652d306635633961316436653833222c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226163636f756e74223a6e756c6c2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d31312d31395430373a31353a32312e303138382b30303a3030222c2276616c75655f64617465223a22323032362d31312d3136222c226163636f756e74696e675f64617465223a22323032362d31312d31365431333a30353a34342e3531325a222c22616d6f756e74223a37352e352c2262616c616e6365223a6e756c6c2c2263757272656e6379223a6e756c6c2c226465736372697074696f6e223a2252455449524f2043414a45524f222c226f62736572766174696f6e73223a6e756c6c2c226d65726368616e74223a6e756c6c2c2263617465676f7279223a6e756c6c2c2273756263617465676f7279223a6e756c6c2c227265666572656e6365223a6e756c6c2c2274797065223a224f5554464c4f57222c22737461747573223a6e756c6c2c226372656469745f636172645f64617461223a6e756c6c7d', '\xaf9e5918c37911bc762e5ad9c57bb927e4011a76a3cc92abaec87c9ad678c8f2', 1, '2026-11-26 18:22:50.077588+00', '2026-11-26 18:22:50.077588+00', NULL, 839, '\xb0aebf728a00a1bdeebf1e8ad8129bde', '01a21918-90d1-7149-a715-550b91e8b986', '', '\x2a8e6531c819425dcb2471b3f0422781d6352b4569bb97cab28211aa8fa82775', 'belvo 3', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-90de-7707-a13b-2fcd010ab3ac', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', '01a21918-90d9-7daa-af3f-483329eacd4f', 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83', 'ca78b816-2ff0-487f-95ac-b884896194d4', -684.9, 'MXN', NULL, '', 'posted', '2026-11-18', '2026-11-18 16:40:07.334+00', 'CORRECTED BY THE BANK', 'Personal Shopping', 'Farmacia del Centro', '\x7b226964223a2263613738623831362d326666302d343837662d393561632d623838343839363139346434222c22696e7465726e616c5f6964656e74696669636174696f6e223a22513068524c5463334d7a41744d4441774e4445222c226163636f756e74223a7b226964223a2265336237306335352d393164342d346132662d623663382d303766323564316539613833222c226c696e6b223a2236643161396333342d323062372d346635652d386336312d393365376135643430623132222c22696e737469747574696f6e223a7b226e616d65223a22657265626f725f6d785f72657461696c222c2274797065223a2262616e6b227d2c22636f6c6c65637465645f6174223a22323032362d31312d31395430373a31353a32302e3333343531325a222c22637265617465645f6174223a22323032362d30392d32305431323a30303a30392e3737313230345a222c226c6173745f61636365737365645f6174223a22323032362d31312d31395430373a31353a32342e3930303030305a222c2263617465676f7279223a22434845434b494e475f4143434f554e54222c2262616c616e63655f74797065223a224153534554222c2274797065223a224375656e74617320646520656665637469766f222c226e616d65223a224375656e74612064652063686571756573222c226e756d626572223a2237373330303134343832393035222c2262616c616e6365223a7b2263757272656e74223a31323034342e37312c22617661696c61626c65223a31313839302e327d2c2263757272656e6379223a224d584e222c227075626c69635f6964656e74696669636174696f6e5f6e616d65223a22434c414245222c227075626c69635f6964656e74696669636174696f6e5f76616c7565223a22303032313830373030313434383239303531222c2262616e6b5f70726f647563745f6964223a6e756c6c2c22696e7465726e616c5f6964656e74696669636174696f6e223a6e756c6c2c226372656469745f64617461223a6e756c6c2c226c6f616e5f64617461223a6e756c6c2c2266756e64735f64617461223a6e756c6c2c2272656365697661626c65735f64617461223a6e756c6c7d2c22636f6c6c65637465645f6174223a22323032362d31312d32365431383a32323a35302e3136323638385a222c22637265617465645f6174223a22323032362d31312d32365431383a32323a35302e3136323638395a222c2276616c75655f64617465223a22323032362d31312d3138222c226163636f756e74696e675f64617465223a22323032362d31312d31385431363a34303a30372e3333345a222c22616d6f756e74223a3638342e392c2262616c616e6365223a31323034342e37312c2263757272656e6379223a224d584e222c226465736372697074696f6e223a22434f52524543544544204259205448452042414e4b222c226f62736572766174696f6e73223a6e756c6c2c226d65726368616e74223a7b226c6f676f223a6e756c6c2c2277656273697465223a2268747470733a2f2f6661726d616369612e6578616d706c652e74657374222c226d65726368616e745f6e616d65223a224661726d616369612064656c2043656e74726f227d2c2263617465676f7279223a22506572736f6e616c2053686f7070696e67222c2273756263617465676f7279223a224865616c7468222c227265666572656e6365223a223535313032222c2274797065223a224f5554464c4f57222c22737461747573223a2250524f434553534544222c226372656469745f636172645f64617461223a6e756c6c7d', '\xd8c461f33e647a38466ef87a1c66192a24a77a27c75095b3ba3601dea6f22b34', 4, '2026-11-26 18:22:50.077588+00', '2026-11-26 18:22:50.190163+00', NULL, 867, '\x1f2dc10ce73f1ada79a9b0ab62073f93', '01a21918-9133-7092-9fc5-8821538dcda1', '', '\xfaa96ac3ba8964184d5ef6032be5104655d560eea8088d3e005f7e4da59c97e6', 'belvo 3', '[{"externalId":"0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69","at":"2026-11-26T18:22:50.190163Z","rule":"institution_key","version":3}]', NULL, NULL, '', '', '', 'Q0hRLTc3MzAtMDAwNDE', '', '55102', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-a24b-7730-932d-74ea470da74e', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', '01a21918-a243-7363-b955-fb12fc3b487b', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD01', -89.4, 'USD', NULL, '', 'posted', '2026-11-23', NULL, 'SPARKFUN', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', '\x7b227472616e73616374696f6e5f6964223a226c504e6a6557316e523643446e356f6b6d4751366845704d6f346c4c4e6f53727a71443031222c226163636f756e745f6964223a2264567a62564d4c6a7278546e4c6a583447363658557035474c6b6c6d346f695a793838794b222c22616d6f756e74223a38392e342c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c2c2264617465223a22323032362d31312d3233222c226461746574696d65223a6e756c6c2c22617574686f72697a65645f64617465223a6e756c6c2c22617574686f72697a65645f6461746574696d65223a6e756c6c2c226e616d65223a22535041524b46554e222c226d65726368616e745f6e616d65223a6e756c6c2c226f726967696e616c5f6465736372697074696f6e223a22535041524b46554e222c2270656e64696e67223a66616c73652c2270656e64696e675f7472616e73616374696f6e5f6964223a6e756c6c2c227061796d656e745f6368616e6e656c223a226f74686572222c22706572736f6e616c5f66696e616e63655f63617465676f7279223a7b227072696d617279223a2247454e4552414c5f5345525649434553222c2264657461696c6564223a2247454e4552414c5f53455256494345535f4f544845525f47454e4552414c5f5345525649434553227d2c227061796d656e745f6d657461223a7b227061796565223a6e756c6c2c227061796572223a6e756c6c2c2262795f6f726465725f6f66223a6e756c6c2c227265666572656e63655f6e756d626572223a6e756c6c2c22726561736f6e223a6e756c6c7d2c22636865636b5f6e756d626572223a6e756c6c7d', '\x96583b7c2355fdc42b4f95d5200e30cb306699ea0696fb45fcc0fad91c810225', 1, '2026-11-26 18:22:54.538679+00', '2026-11-26 18:22:54.538679+00', NULL, 892, '\x05c1dd18a759a13b944477487732722e', '01a21918-9181-7d8e-a5bb-4f9c5e58b996', '', '\xdcae1c5ab46c6e63516b20a927193fc90c9901db644a774d65d38237a8b71ce5', 'plaid 1', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-a24b-7731-b241-a91d997f8974', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', '01a21918-a243-7363-b955-fb12fc3b487b', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD02', -12, 'USD', NULL, '', 'posted', '2026-11-20', NULL, 'MCDONALDS #3322', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', '\x7b227472616e73616374696f6e5f6964223a226c504e6a6557316e523643446e356f6b6d4751366845704d6f346c4c4e6f53727a71443032222c226163636f756e745f6964223a2264567a62564d4c6a7278546e4c6a583447363658557035474c6b6c6d346f695a793838794b222c22616d6f756e74223a31322c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c2c2264617465223a22323032362d31312d3230222c226461746574696d65223a6e756c6c2c22617574686f72697a65645f64617465223a6e756c6c2c22617574686f72697a65645f6461746574696d65223a6e756c6c2c226e616d65223a224d43444f4e414c4453202333333232222c226d65726368616e745f6e616d65223a6e756c6c2c226f726967696e616c5f6465736372697074696f6e223a224d43444f4e414c4453202333333232222c2270656e64696e67223a66616c73652c2270656e64696e675f7472616e73616374696f6e5f6964223a6e756c6c2c227061796d656e745f6368616e6e656c223a226f74686572222c22706572736f6e616c5f66696e616e63655f63617465676f7279223a7b227072696d617279223a2247454e4552414c5f5345525649434553222c2264657461696c6564223a2247454e4552414c5f53455256494345535f4f544845525f47454e4552414c5f5345525649434553227d2c227061796d656e745f6d657461223a7b227061796565223a6e756c6c2c227061796572223a6e756c6c2c2262795f6f726465725f6f66223a6e756c6c2c227265666572656e63655f6e756d626572223a6e756c6c2c22726561736f6e223a6e756c6c7d2c22636865636b5f6e756d626572223a6e756c6c7d', '\xf37f017d245005ff8eafafd5e953268c90021e5e60d7b051efec84934d603a49', 1, '2026-11-26 18:22:54.538679+00', '2026-11-26 18:22:54.538679+00', NULL, 892, '\xf2851ad55800e54229f2effa146163a0', '01a21918-9181-7d8e-a5bb-4f9c5e58b996', '', '\xfa512e66065c841ac8b70515f6c17cbae7fb645faf44be74d180a0a187216468', 'plaid 1', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-a24b-7733-9b4c-bd56b2c4f280', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', '01a21918-a243-7260-99f8-54bc9e1ec963', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD03', 5850, 'USD', NULL, '', 'posted', '2026-11-17', NULL, 'GUSTO PAYROLL', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', '\x7b227472616e73616374696f6e5f6964223a226c504e6a6557316e523643446e356f6b6d4751366845704d6f346c4c4e6f53727a71443033222c226163636f756e745f6964223a22626c677676426c587733637135474d507771423673367134644c4b4239576356714744476f222c22616d6f756e74223a2d353835302c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c2c2264617465223a22323032362d31312d3137222c226461746574696d65223a6e756c6c2c22617574686f72697a65645f64617465223a6e756c6c2c22617574686f72697a65645f6461746574696d65223a6e756c6c2c226e616d65223a22475553544f20504159524f4c4c222c226d65726368616e745f6e616d65223a6e756c6c2c226f726967696e616c5f6465736372697074696f6e223a22475553544f20504159524f4c4c222c2270656e64696e67223a66616c73652c2270656e64696e675f7472616e73616374696f6e5f6964223a6e756c6c2c227061796d656e745f6368616e6e656c223a226f74686572222c22706572736f6e616c5f66696e616e63655f63617465676f7279223a7b227072696d617279223a2247454e4552414c5f5345525649434553222c2264657461696c6564223a2247454e4552414c5f53455256494345535f4f544845525f47454e4552414c5f5345525649434553227d2c227061796d656e745f6d657461223a7b227061796565223a6e756c6c2c227061796572223a6e756c6c2c2262795f6f726465725f6f66223a6e756c6c2c227265666572656e63655f6e756d626572223a6e756c6c2c22726561736f6e223a6e756c6c7d2c22636865636b5f6e756d626572223a6e756c6c7d', '\x10b1b4892c77fa6a6e486b4e140da1de4769aef00e0c83daba37c70a5d6a0fa7', 1, '2026-11-26 18:22:54.538679+00', '2026-11-26 18:22:54.538679+00', NULL, 892, '\xfb49d8fdafadd07514ed8e7dc73da2a5', '01a21918-9181-7d8e-a5bb-4f9c5e58b996', '', '\x5e3a38aa6f2da1fea1ec6db3ae5cc3d73a6464fcccd4085dfb2664f10476bdb6', 'plaid 1', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-a24b-7734-90dc-2815e169344e', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', '01a21918-a243-7260-99f8-54bc9e1ec963', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD04', -1900, 'USD', NULL, '', 'posted', '2026-11-14', NULL, 'RENT OAK STREET', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', '\x7b227472616e73616374696f6e5f6964223a226c504e6a6557316e523643446e356f6b6d4751366845704d6f346c4c4e6f53727a71443034222c226163636f756e745f6964223a22626c677676426c587733637135474d507771423673367134644c4b4239576356714744476f222c22616d6f756e74223a313930302c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c2c2264617465223a22323032362d31312d3134222c226461746574696d65223a6e756c6c2c22617574686f72697a65645f64617465223a6e756c6c2c22617574686f72697a65645f6461746574696d65223a6e756c6c2c226e616d65223a2252454e54204f414b20535452454554222c226d65726368616e745f6e616d65223a6e756c6c2c226f726967696e616c5f6465736372697074696f6e223a2252454e54204f414b20535452454554222c2270656e64696e67223a66616c73652c2270656e64696e675f7472616e73616374696f6e5f6964223a6e756c6c2c227061796d656e745f6368616e6e656c223a226f74686572222c22706572736f6e616c5f66696e616e63655f63617465676f7279223a7b227072696d617279223a2247454e4552414c5f5345525649434553222c2264657461696c6564223a2247454e4552414c5f53455256494345535f4f544845525f47454e4552414c5f5345525649434553227d2c227061796d656e745f6d657461223a7b227061796565223a6e756c6c2c227061796572223a6e756c6c2c2262795f6f726465725f6f66223a6e756c6c2c227265666572656e63655f6e756d626572223a6e756c6c2c22726561736f6e223a6e756c6c7d2c22636865636b5f6e756d626572223a6e756c6c7d', '\x0e2af9cd724bc3b985dda151f3eab0ddc783665a08faf93f3406cbda07a96a8c', 1, '2026-11-26 18:22:54.538679+00', '2026-11-26 18:22:54.538679+00', NULL, 892, '\x5bebd7cc8a9e78b4b19e170786262dee', '01a21918-9181-7d8e-a5bb-4f9c5e58b996', '', '\x8ea775004f27f82bd7f89c66bcedd6f764eec8e6e61a515e418d15c3463cf6f2', 'plaid 1', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-a24b-7736-8235-253250628c20', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', '01a21918-a243-7260-99f8-54bc9e1ec963', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD05', 25, 'USD', NULL, '', 'posted', '2026-11-11', NULL, 'ACH ELECTRONIC CREDIT', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', '\x7b227472616e73616374696f6e5f6964223a226c504e6a6557316e523643446e356f6b6d4751366845704d6f346c4c4e6f53727a71443035222c226163636f756e745f6964223a22626c677676426c587733637135474d507771423673367134644c4b4239576356714744476f222c22616d6f756e74223a2d32352c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c2c2264617465223a22323032362d31312d3131222c226461746574696d65223a6e756c6c2c22617574686f72697a65645f64617465223a6e756c6c2c22617574686f72697a65645f6461746574696d65223a6e756c6c2c226e616d65223a2241434820454c454354524f4e494320435245444954222c226d65726368616e745f6e616d65223a6e756c6c2c226f726967696e616c5f6465736372697074696f6e223a2241434820454c454354524f4e494320435245444954222c2270656e64696e67223a66616c73652c2270656e64696e675f7472616e73616374696f6e5f6964223a6e756c6c2c227061796d656e745f6368616e6e656c223a226f74686572222c22706572736f6e616c5f66696e616e63655f63617465676f7279223a7b227072696d617279223a2247454e4552414c5f5345525649434553222c2264657461696c6564223a2247454e4552414c5f53455256494345535f4f544845525f47454e4552414c5f5345525649434553227d2c227061796d656e745f6d657461223a7b227061796565223a6e756c6c2c227061796572223a6e756c6c2c2262795f6f726465725f6f66223a6e756c6c2c227265666572656e63655f6e756d626572223a6e756c6c2c22726561736f6e223a6e756c6c7d2c22636865636b5f6e756d626572223a6e756c6c7d', '\x2b78abb622050185acccbe541ddf931aed8e5a015662f73260fdc23d3a470724', 1, '2026-11-26 18:22:54.538679+00', '2026-11-26 18:22:54.538679+00', NULL, 892, '\xd9f0e87dd8c9974bbd6c869892755870', '01a21918-9181-7d8e-a5bb-4f9c5e58b996', '', '\x128b1169c7ee2b986be3d782297bc036091713e389e5c6ae3003ea40ea782a10', 'plaid 1', '', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-a24b-7728-ad2c-3970dd9a6098', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', '01a21918-a243-7363-b955-fb12fc3b487b', 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK', 'TNzmQQU1LhWTnGqgtriG3Jns5rKk6a24LUGt9', -500, 'USD', NULL, '', 'posted', '2026-11-26', NULL, 'UNITED AIRLINES', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', '\x7b227472616e73616374696f6e5f6964223a22544e7a6d515155314c6857546e47716774726947334a6e7335724b6b366132344c55477439222c226163636f756e745f6964223a2264567a62564d4c6a7278546e4c6a583447363658557035474c6b6c6d346f695a793838794b222c22616d6f756e74223a3530302c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c2c2264617465223a22323032362d31312d3236222c226461746574696d65223a6e756c6c2c22617574686f72697a65645f64617465223a6e756c6c2c22617574686f72697a65645f6461746574696d65223a6e756c6c2c226e616d65223a22554e49544544204149524c494e4553222c226d65726368616e745f6e616d65223a6e756c6c2c226f726967696e616c5f6465736372697074696f6e223a22554e49544544204149524c494e4553222c2270656e64696e67223a66616c73652c2270656e64696e675f7472616e73616374696f6e5f6964223a226c504e6a6557316e523643446e356f6b6d4751366845704d6f346c4c4e6f53727a71443030222c227061796d656e745f6368616e6e656c223a226f74686572222c22706572736f6e616c5f66696e616e63655f63617465676f7279223a7b227072696d617279223a2247454e4552414c5f5345525649434553222c2264657461696c6564223a2247454e4552414c5f53455256494345535f4f544845525f47454e4552414c5f5345525649434553227d2c227061796d656e745f6d657461223a7b227061796565223a6e756c6c2c227061796572223a6e756c6c2c2262795f6f726465725f6f66223a6e756c6c2c227265666572656e63655f6e756d626572223a6e756c6c2c22726561736f6e223a6e756c6c7d2c22636865636b5f6e756d626572223a6e756c6c7d', '\xd0ae684df487d1f065ff2459d9ce30b4536ffe8f6cd552ec73a5a3c2191950d6', 2, '2026-11-26 18:22:54.538679+00', '2026-11-26 18:23:03.301473+00', NULL, 933, '\x472db91d15bd599fa181c9a7a022a119', '01a21918-b3d7-77c4-bdef-6921b710e49e', '', '\x22d8cad4ccbffcc2ecc82f067d612cf4c0bc8880ea168078ab18062a660d504f', 'plaid 1', '[{"externalId":"lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD00","at":"2026-11-26T18:23:03.301473Z","rule":"vendor_link","version":1}]', NULL, NULL, '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-a24b-7738-9da2-53fafb3275cc', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', '01a21918-a243-7260-99f8-54bc9e1ec963', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD07', -6.33, 'USD', NULL, '', 'posted', '2026-11-05', NULL, '', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', NULL, '\xb84f8af6c4531f844cb1017a852efe8f92830f34e88f8fbd7baf547cbc1453cb', 2, '2026-11-26 18:22:54.538679+00', '2026-11-26 18:22:59.014553+00', '2026-10-05 00:00:00+00', 916, '\xed35502e324c37bb6a2db9c99e904b23', '01a21918-a26f-7868-b642-fe0837de661d', '', '\x0f70ac73cbe0888762c3004d59b018f612ea00c91863a1dfb87b2aff30593c24', 'plaid 1', '', NULL, '2026-10-05 00:00:00+00', '', '', '', '', '', '', '', '', '', '');
INSERT INTO transactions VALUES ('01a21918-a24b-7737-84c0-73adff76bd8a', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', '01a21918-a243-7260-99f8-54bc9e1ec963', 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo', 'lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD06', -1000, 'USD', 1.50, 'BRL', 'posted', '2026-11-08', NULL, 'CD DEPOSIT .INITIAL.', 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES', '', '\x7b227472616e73616374696f6e5f6964223a226c504e6a6557316e523643446e356f6b6d4751366845704d6f346c4c4e6f53727a71443036222c226163636f756e745f6964223a22626c677676426c587733637135474d507771423673367134644c4b4239576356714744476f222c22616d6f756e74223a313030302c2269736f5f63757272656e63795f636f6465223a22555344222c22756e6f6666696369616c5f63757272656e63795f636f6465223a6e756c6c2c2264617465223a22323032362d31312d3038222c226461746574696d65223a6e756c6c2c22617574686f72697a65645f64617465223a6e756c6c2c22617574686f72697a65645f6461746574696d65223a6e756c6c2c226e616d65223a224344204445504f534954202e494e495449414c2e222c226d65726368616e745f6e616d65223a6e756c6c2c226f726967696e616c5f6465736372697074696f6e223a224344204445504f534954202e494e495449414c2e222c2270656e64696e67223a66616c73652c2270656e64696e675f7472616e73616374696f6e5f6964223a6e756c6c2c227061796d656e745f6368616e6e656c223a226f74686572222c22706572736f6e616c5f66696e616e63655f63617465676f7279223a7b227072696d617279223a2247454e4552414c5f5345525649434553222c2264657461696c6564223a2247454e4552414c5f53455256494345535f4f544845525f47454e4552414c5f5345525649434553227d2c227061796d656e745f6d657461223a7b227061796565223a6e756c6c2c227061796572223a6e756c6c2c2262795f6f726465725f6f66223a6e756c6c2c227265666572656e63655f6e756d626572223a6e756c6c2c22726561736f6e223a6e756c6c7d2c22636865636b5f6e756d626572223a6e756c6c7d', '\xd7a0cc59fc4eb99e3c6a5c0ba8c278c404c6dba015c3f4dbeba4a03167db9d7d', 2, '2026-11-26 18:22:54.538679+00', '2026-11-26 18:22:59.014553+00', '2026-11-26 18:22:59.014553+00', 916, '\xe9c54700f7162a9a5e3ceeef8970ba9c', '01a21918-a26f-7868-b642-fe0837de661d', '', '\x0c432de7f4e7ccee55585d2352bfd845ca71b8d6f86534b54acff60aa8179461', 'plaid 1', '[{"externalId":"x"}]', '01a21918-8f5d-770f-84be-7b14cb2f40da', NULL, '0198c5a0-0000-7000-8000-000000000001', 'an operator', '', 'inst-1', 'auth-1', '', 'recv-1', 'track-1', '1', '');
INSERT INTO webhook_tokens VALUES ('01a21918-8f12-7d8c-909b-3a008ed6ec3b', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-8ed2-7742-8818-47d851516da1', 'pluggy', '\x9166df0af668512fbc51af120f4eca46a2c9d091079fe986b44bebacc1079eba', '2026-11-26 18:22:49.618888+00', '2026-11-26 18:22:49.967366+00', '2026-11-26 18:22:50.055563+00', NULL, '', '', NULL, 0, NULL, '', NULL, false);
INSERT INTO webhook_tokens VALUES ('01a21918-90cf-7deb-af90-d2874cc9ab43', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-90cc-7336-9a3b-7efc257d2eef', 'belvo', '\x28a80dd72215c65abfd01a5eb6d2936a9817a83ed0a86bd9c4ab77ae851ca59e', '2026-11-26 18:22:50.063912+00', '2026-11-26 18:22:50.168732+00', '2026-11-26 18:22:50.220531+00', NULL, '', '', NULL, 0, NULL, '', NULL, false);
INSERT INTO webhook_tokens VALUES ('01a21918-917e-7a8f-89b3-10992173e600', 'f99e731f-ba49-4527-9688-dbefff215dc5', '01a21918-9174-75e3-bcdf-7f1abfec44ce', 'plaid', '\x4a7108fd823f5a5cdbbc5c32e941fde64a2f50267bab68c61f333f39194c93b5', '2026-11-26 18:22:50.238692+00', '2026-11-26 18:22:59.031509+00', '2026-11-26 18:23:03.313505+00', NULL, '', '', NULL, 0, NULL, '', NULL, false);
SELECT pg_catalog.setval('goose_db_version_id_seq', 24, true);
ALTER TABLE ONLY absent_transactions
    ADD CONSTRAINT absent_transactions_pkey PRIMARY KEY (connection_id, external_id, tenant_id);
ALTER TABLE ONLY account_balances
    ADD CONSTRAINT account_balances_pkey PRIMARY KEY (account_id, day, tenant_id);
ALTER TABLE ONLY account_closes
    ADD CONSTRAINT account_closes_pkey PRIMARY KEY (account_id, date, tenant_id);
ALTER TABLE ONLY account_completeness
    ADD CONSTRAINT account_completeness_pkey PRIMARY KEY (account_id, tenant_id);
ALTER TABLE ONLY account_references
    ADD CONSTRAINT account_references_pkey PRIMARY KEY (digest, connection_id, tenant_id);
ALTER TABLE ONLY accounts
    ADD CONSTRAINT accounts_connection_id_external_id_tenant_id_key UNIQUE (connection_id, external_id, tenant_id);
ALTER TABLE ONLY accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE ONLY announced_removals
    ADD CONSTRAINT announced_removals_pkey PRIMARY KEY (connection_id, external_id, tenant_id);
ALTER TABLE ONLY applications
    ADD CONSTRAINT applications_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE ONLY audit_checkpoints
    ADD CONSTRAINT audit_checkpoints_pkey PRIMARY KEY (size, tenant_id);
ALTER TABLE ONLY audit_entries
    ADD CONSTRAINT audit_entries_pkey PRIMARY KEY (sequence, tenant_id);
ALTER TABLE ONLY audit_hashes
    ADD CONSTRAINT audit_hashes_pkey PRIMARY KEY ("position", tenant_id);
ALTER TABLE ONLY audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY audit_keys
    ADD CONSTRAINT audit_keys_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY audit_pending
    ADD CONSTRAINT audit_pending_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE ONLY carried_over_transactions
    ADD CONSTRAINT carried_over_transactions_pkey PRIMARY KEY (connection_id, external_id, tenant_id);
ALTER TABLE ONLY change_clocks
    ADD CONSTRAINT change_clocks_pkey PRIMARY KEY (connection_id, tenant_id);
ALTER TABLE ONLY client_hash_keys
    ADD CONSTRAINT client_hash_keys_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY close_adjustments
    ADD CONSTRAINT close_adjustments_pkey PRIMARY KEY (account_id, seq, tenant_id);
ALTER TABLE ONLY connections
    ADD CONSTRAINT connections_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE ONLY day_totals
    ADD CONSTRAINT day_totals_pkey PRIMARY KEY (date, currency, status, tenant_id);
ALTER TABLE ONLY deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE ONLY erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE ONLY events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE ONLY feed
    ADD CONSTRAINT feed_pkey PRIMARY KEY (one);
ALTER TABLE ONLY goose_db_version
    ADD CONSTRAINT goose_db_version_pkey PRIMARY KEY (id);
ALTER TABLE ONLY idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, key);
ALTER TABLE ONLY last_webhook_tokens
    ADD CONSTRAINT last_webhook_tokens_pkey PRIMARY KEY (connection_id, tenant_id);
ALTER TABLE ONLY link_sessions
    ADD CONSTRAINT link_sessions_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE ONLY matcher_entries
    ADD CONSTRAINT matcher_entries_pkey PRIMARY KEY (subscription_id, transaction_id, tenant_id);
ALTER TABLE ONLY possible_replacements
    ADD CONSTRAINT possible_replacements_pkey PRIMARY KEY (connection_id, old_id, new_id, tenant_id);
ALTER TABLE ONLY pulls
    ADD CONSTRAINT pulls_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE ONLY quarantined_rows
    ADD CONSTRAINT quarantined_rows_pkey PRIMARY KEY (connection_id, kind, row_key, tenant_id);
ALTER TABLE ONLY rate_budgets
    ADD CONSTRAINT rate_budgets_pkey PRIMARY KEY (vendor, origin_sha256, resource, egress_address);
ALTER TABLE ONLY reopened_closes
    ADD CONSTRAINT reopened_closes_pkey PRIMARY KEY (account_id, date, closed_at, tenant_id);
ALTER TABLE ONLY search_index
    ADD CONSTRAINT search_index_pkey PRIMARY KEY (transaction_id, tenant_id);
ALTER TABLE ONLY search_progress
    ADD CONSTRAINT search_progress_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY split_pairs
    ADD CONSTRAINT split_pairs_pkey PRIMARY KEY (connection_id, old_external_id, new_external_id, tenant_id);
ALTER TABLE ONLY staged_transactions
    ADD CONSTRAINT staged_transactions_pkey PRIMARY KEY (connection_id, external_id, tenant_id);
ALTER TABLE ONLY subscription_attempts
    ADD CONSTRAINT subscription_attempts_pkey PRIMARY KEY (subscription_id, attempted_at, id, tenant_id);
ALTER TABLE ONLY subscription_events
    ADD CONSTRAINT subscription_events_pkey PRIMARY KEY (subscription_id, sequence, tenant_id);
ALTER TABLE ONLY subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE ONLY tenant_feeds
    ADD CONSTRAINT tenant_feeds_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY transaction_past_ids
    ADD CONSTRAINT transaction_past_ids_pkey PRIMARY KEY (connection_id, external_id, tenant_id);
ALTER TABLE ONLY transaction_versions
    ADD CONSTRAINT transaction_versions_pkey PRIMARY KEY (connection_id, id, version, tenant_id);
ALTER TABLE ONLY transactions
    ADD CONSTRAINT transactions_connection_id_external_id_tenant_id_key UNIQUE (connection_id, external_id, tenant_id);
ALTER TABLE ONLY transactions
    ADD CONSTRAINT transactions_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE ONLY webhook_tokens
    ADD CONSTRAINT webhook_tokens_hash_key UNIQUE (hash);
ALTER TABLE ONLY webhook_tokens
    ADD CONSTRAINT webhook_tokens_pkey PRIMARY KEY (id, tenant_id);
CREATE INDEX absent_transactions_held ON absent_transactions USING btree (tenant_id, connection_id, held_at) WHERE (held_at IS NOT NULL);
CREATE INDEX account_closes_connection ON account_closes USING btree (connection_id);
CREATE INDEX account_closes_tenant ON account_closes USING btree (tenant_id);
CREATE INDEX account_completeness_connection ON account_completeness USING btree (connection_id);
CREATE INDEX account_completeness_drifting ON account_completeness USING btree (tenant_id, connection_id) WHERE (drift_since IS NOT NULL);
CREATE INDEX account_references_by_connection ON account_references USING btree (connection_id, tenant_id);
CREATE INDEX accounts_by_external_id ON accounts USING btree (external_id, tenant_id);
CREATE INDEX accounts_by_key ON accounts USING btree (account_key, tenant_id) WHERE (account_key <> ''::text);
CREATE INDEX accounts_of_tenant ON accounts USING btree (tenant_id, external_id, id);
CREATE INDEX announced_removals_held ON announced_removals USING btree (tenant_id, connection_id, announced_at) WHERE (state = 'held'::text);
CREATE INDEX applications_list ON applications USING btree (tenant_id, name, id);
CREATE UNIQUE INDEX applications_name ON applications USING btree (name, tenant_id);
CREATE INDEX applications_renewal ON applications USING btree (renewal_due_at) WHERE (renewal_due_at IS NOT NULL);
CREATE INDEX audit_entries_actor ON audit_entries USING btree (actor, tenant_id, sequence);
CREATE INDEX audit_entries_object ON audit_entries USING btree (object, tenant_id, sequence);
CREATE INDEX audit_entries_tenant ON audit_entries USING btree (tenant_id, sequence);
CREATE INDEX carried_over_transactions_by_date ON carried_over_transactions USING btree (connection_id, date);
CREATE INDEX close_adjustments_transaction ON close_adjustments USING btree (transaction_id);
CREATE INDEX connections_application ON connections USING btree (application_id, tenant_id) WHERE (application_id IS NOT NULL);
CREATE INDEX connections_consent_expiry ON connections USING btree (consent_expires_at) WHERE ((consent_expires_at IS NOT NULL) AND (deleted_at IS NULL));
CREATE INDEX connections_consent_notice ON connections USING btree (consent_notice_at) WHERE ((consent_notice_at IS NOT NULL) AND (deleted_at IS NULL));
CREATE INDEX connections_deleted ON connections USING btree (tenant_id, vendor, deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE UNIQUE INDEX connections_live_name ON connections USING btree (tenant_id, name) WHERE (deleted_at IS NULL);
CREATE INDEX connections_of_tenant ON connections USING btree (tenant_id, id);
CREATE INDEX connections_reference ON connections USING btree (tenant_id, lower((account_ref COLLATE "C"))) WHERE (deleted_at IS NULL);
CREATE INDEX connections_silent ON connections USING btree (webhook_missed_at) WHERE ((webhook_missed_at IS NOT NULL) AND (deleted_at IS NULL) AND (paused_at IS NULL));
CREATE INDEX connections_unidentified ON connections USING btree (id) WHERE ((client_key IS NULL) AND (kind = 'aggregator'::text) AND (deleted_at IS NULL));
CREATE INDEX connections_webhook_due ON connections USING btree (webhook_due_at) WHERE ((webhook_due_at IS NOT NULL) AND (deleted_at IS NULL) AND (paused_at IS NULL));
CREATE INDEX day_totals_by_tenant ON day_totals USING btree (tenant_id, date);
CREATE INDEX deliveries_age ON deliveries USING brin (received_at) WITH (pages_per_range='16', autosummarize='on');
CREATE UNIQUE INDEX deliveries_fingerprint ON deliveries USING btree (connection_id, fingerprint, tenant_id);
CREATE INDEX deliveries_newest ON deliveries USING btree (tenant_id, received_at, id);
CREATE INDEX deliveries_of_connection ON deliveries USING btree (connection_id, received_at, id);
CREATE INDEX deliveries_pull ON deliveries USING btree (pull_id) WHERE (pull_id IS NOT NULL);
CREATE INDEX erasures_due ON erasures USING btree (due_at) WHERE (status = 'running'::text);
CREATE INDEX erasures_newest ON erasures USING btree (tenant_id, created_at, id);
CREATE INDEX erasures_of_connection ON erasures USING btree (connection_id, created_at);
CREATE UNIQUE INDEX erasures_one_running ON erasures USING btree (connection_id, tenant_id) WHERE (status = 'running'::text);
CREATE INDEX events_age ON events USING btree (made_at);
CREATE INDEX events_feed ON events USING btree (tenant_id, change_tx, id);
CREATE INDEX idempotency_keys_age ON idempotency_keys USING btree (claimed_at);
CREATE INDEX last_webhook_tokens_token ON last_webhook_tokens USING btree (token_id);
CREATE INDEX link_sessions_application ON link_sessions USING btree (application_id, tenant_id) WHERE (application_id IS NOT NULL);
CREATE INDEX link_sessions_due ON link_sessions USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX link_sessions_ended ON link_sessions USING btree (ended_at) WHERE (due_at IS NULL);
CREATE UNIQUE INDEX link_sessions_hook ON link_sessions USING btree (hook_hash, tenant_id) WHERE (hook_hash IS NOT NULL);
CREATE INDEX link_sessions_of_connection ON link_sessions USING btree (connection_id);
CREATE UNIQUE INDEX link_sessions_reserved_name ON link_sessions USING btree (name, tenant_id) WHERE (state = 'open'::text);
CREATE INDEX matcher_entries_conflicts ON matcher_entries USING btree (subscription_id, conflict_since, transaction_id) WHERE (conflict_since IS NOT NULL);
CREATE INDEX matcher_entries_due ON matcher_entries USING btree (subscription_id, due_at, transaction_id) WHERE (due_at IS NOT NULL);
CREATE INDEX matcher_entries_external_id ON matcher_entries USING btree (subscription_id, source_id, external_id) WHERE (external_id <> ''::text);
CREATE INDEX matcher_entries_of_connection ON matcher_entries USING btree (connection_id);
CREATE INDEX possible_replacements_by_new ON possible_replacements USING btree (new_id, tenant_id);
CREATE INDEX possible_replacements_listed ON possible_replacements USING btree (tenant_id, since, old_id, new_id) WHERE (state = ANY (ARRAY['open'::text, 'join_undone'::text]));
CREATE INDEX possible_replacements_of_account ON possible_replacements USING btree (account_id, tenant_id);
CREATE INDEX possible_replacements_of_connection ON possible_replacements USING btree (connection_id, state);
CREATE INDEX pulls_complete ON pulls USING btree (connection_id, finished_at) WHERE (complete AND (state = ANY (ARRAY['succeeded'::text, 'failed'::text])));
CREATE INDEX pulls_ended ON pulls USING btree (connection_id, finished_at) WHERE (state = ANY (ARRAY['succeeded'::text, 'failed'::text]));
CREATE INDEX pulls_failed ON pulls USING btree (tenant_id, created_at, id) WHERE (state = 'failed'::text);
CREATE INDEX pulls_newest ON pulls USING btree (tenant_id, created_at, id);
CREATE INDEX pulls_of_connection ON pulls USING btree (connection_id, created_at, id);
CREATE UNIQUE INDEX pulls_one_in_progress ON pulls USING btree (connection_id, tenant_id) WHERE (state = ANY (ARRAY['running'::text, 'waiting'::text]));
CREATE UNIQUE INDEX pulls_one_queued ON pulls USING btree (connection_id, tenant_id) WHERE (state = 'queued'::text);
CREATE INDEX pulls_open ON pulls USING btree (created_at) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text, 'waiting'::text]));
CREATE INDEX quarantined_rows_of_tenant ON quarantined_rows USING btree (tenant_id, connection_id, first_seen_at);
CREATE INDEX reopened_closes_connection ON reopened_closes USING btree (connection_id);
CREATE INDEX search_index_amount ON search_index USING btree (tenant_id, amount, date, transaction_id);
CREATE INDEX search_index_connection ON search_index USING btree (connection_id, tenant_id);
CREATE INDEX search_index_folded ON search_index USING gin (folded gin_trgm_ops);
CREATE INDEX search_index_newest ON search_index USING btree (tenant_id, date, transaction_id);
CREATE INDEX staged_transactions_by_date ON staged_transactions USING btree (connection_id, date);
CREATE INDEX subscription_events_parked ON subscription_events USING btree (subscription_id, subject, sequence) WHERE parked;
CREATE INDEX subscriptions_tenant ON subscriptions USING btree (tenant_id, created_at, id);
CREATE INDEX transaction_versions_by_date ON transaction_versions USING btree (connection_id, date, id, replaced_at, updated_at);
CREATE INDEX transaction_versions_first ON transaction_versions USING btree (tenant_id, change_tx, id) WHERE (version = 1);
CREATE INDEX transactions_authentication_code ON transactions USING btree (tenant_id, authentication_code, date, id) WHERE (authentication_code <> ''::text);
CREATE INDEX transactions_by_date ON transactions USING btree (connection_id, date, id, updated_at);
CREATE INDEX transactions_cheque_number ON transactions USING btree (tenant_id, cheque_number, date, id) WHERE (cheque_number <> ''::text);
CREATE INDEX transactions_end_to_end_id ON transactions USING btree (tenant_id, end_to_end_id, date, id) WHERE (end_to_end_id <> ''::text);
CREATE INDEX transactions_feed ON transactions USING btree (tenant_id, change_tx, id);
CREATE INDEX transactions_institution_id ON transactions USING btree (tenant_id, institution_id, date, id) WHERE (institution_id <> ''::text);
CREATE INDEX transactions_receiver_reference_id ON transactions USING btree (tenant_id, receiver_reference_id, date, id) WHERE (receiver_reference_id <> ''::text);
CREATE INDEX transactions_reference_number ON transactions USING btree (tenant_id, reference_number, date, id) WHERE (reference_number <> ''::text);
CREATE INDEX transactions_removed ON transactions USING btree (connection_id, removed_at) WHERE (removed_at IS NOT NULL);
CREATE INDEX transactions_tracking_key ON transactions USING btree (tenant_id, tracking_key, date, id) WHERE (tracking_key <> ''::text);
CREATE UNIQUE INDEX webhook_tokens_application ON webhook_tokens USING btree (application_key, tenant_id) WHERE (revoked_at IS NULL);
CREATE INDEX webhook_tokens_connection ON webhook_tokens USING btree (connection_id);
CREATE INDEX webhook_tokens_newest ON webhook_tokens USING btree (tenant_id, created_at, id);
CREATE INDEX webhook_tokens_registration ON webhook_tokens USING btree (registration_due) WHERE (registration = ANY (ARRAY['pending'::text, 'removing'::text]));
