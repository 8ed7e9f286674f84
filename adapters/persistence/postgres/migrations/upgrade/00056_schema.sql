-- +goose Up

-- Brings a database of commit 68f45046, whose schema has version 55, to the schema of ../00056_schema.sql. A test
-- compares the results. The file is removed with version 1.0.

ALTER TABLE transactions ADD COLUMN barcode text NOT NULL COLLATE "C" DEFAULT '';
ALTER TABLE transactions ADD COLUMN tx_id text NOT NULL COLLATE "C" DEFAULT '';
ALTER TABLE transactions ADD COLUMN excluded_at timestamptz;
ALTER TABLE transactions ADD COLUMN excluded_by text NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN actor text NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN card_facts text NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN bill_id uuid;
ALTER TABLE transactions ADD COLUMN card_bill text NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN barcode text NOT NULL COLLATE "C" DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN tx_id text NOT NULL COLLATE "C" DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN excluded_at timestamptz;
ALTER TABLE transaction_versions ADD COLUMN excluded_by text NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN actor text NOT NULL DEFAULT '';

DROP INDEX transactions_end_to_end_id;
DROP INDEX transactions_institution_id;
DROP INDEX transactions_authentication_code;
DROP INDEX transactions_reference_number;
DROP INDEX transactions_receiver_reference_id;
DROP INDEX transactions_tracking_key;
DROP INDEX transactions_cheque_number;
CREATE INDEX transactions_excluded ON transactions (connection_id, id) WHERE excluded_at IS NOT NULL;

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

-- A list of the pending transactions; few are.
CREATE INDEX transactions_pending ON transactions (connection_id, date, id) WHERE status = 'pending';
-- The records of an account that show one amount, newest first.
CREATE INDEX transactions_amount ON transactions (account_id, amount, date) WHERE removed_at IS NULL;

ALTER TABLE subscription_attempts ADD COLUMN response_status integer NOT NULL DEFAULT 0;
ALTER TABLE subscription_attempts ADD COLUMN response_body text NOT NULL DEFAULT '';
ALTER TABLE subscription_attempts ADD COLUMN next_attempt_at timestamptz;
-- What receivers have answered to failed attempts; an erasure removes it.
CREATE INDEX subscription_attempts_answers ON subscription_attempts (tenant_id) WHERE response_body <> '';
ALTER TABLE webhook_tokens ADD COLUMN moved boolean NOT NULL DEFAULT false;
DROP INDEX webhook_tokens_connection;
CREATE INDEX webhook_tokens_connection ON webhook_tokens (connection_id, revoked_at);

CREATE INDEX link_sessions_open ON link_sessions (tenant_id) WHERE state = 'open';

DELETE FROM rate_budgets WHERE resource LIKE '%/%';
ALTER TABLE rate_budgets ADD COLUMN refusals jsonb NOT NULL DEFAULT '{}';
ALTER TABLE connections ADD COLUMN institution_id text NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN institution_name text NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN bank_every bigint NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN bank_on_demand boolean NOT NULL DEFAULT false;
ALTER TABLE connections ADD COLUMN stale_announced boolean NOT NULL DEFAULT false;
ALTER TABLE connections ADD COLUMN inconsistent_since timestamptz;
ALTER TABLE connections ADD COLUMN pull_woken_at timestamptz;
ALTER TABLE connections ADD COLUMN signal_at timestamptz;
ALTER TABLE connections ADD COLUMN approval_since timestamptz;
ALTER TABLE connections ADD COLUMN device_since timestamptz;
ALTER TABLE link_sessions ADD COLUMN awaiting_since timestamptz;
CREATE INDEX connections_device ON connections (device_since)
    WHERE device_since IS NOT NULL AND NOT needs_reauth AND deleted_at IS NULL;
ALTER TABLE accounts ADD COLUMN bank_read_at timestamptz;
ALTER TABLE account_balances ADD COLUMN bank_read_at timestamptz;
ALTER TABLE account_balances ADD COLUMN first_read_at timestamptz;
ALTER TABLE account_closes ADD COLUMN bank_read_at timestamptz;
ALTER TABLE account_closes ADD COLUMN covered_since timestamptz;
ALTER TABLE account_closes ADD COLUMN covered_state text NOT NULL DEFAULT '';
ALTER TABLE reopened_closes ADD COLUMN bank_read_at timestamptz;
ALTER TABLE reopened_closes ADD COLUMN covered_since timestamptz;
ALTER TABLE reopened_closes ADD COLUMN covered_state text NOT NULL DEFAULT '';
ALTER TABLE account_closes ADD COLUMN without_amount bigint NOT NULL DEFAULT 0;
ALTER TABLE reopened_closes ADD COLUMN without_amount bigint NOT NULL DEFAULT 0;
CREATE INDEX accounts_bank_read ON accounts (bank_read_at) WHERE bank_read_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX connections_institution ON connections (tenant_id, vendor, institution_id) WHERE deleted_at IS NULL;
CREATE INDEX connections_stale ON connections (id) WHERE stale_announced AND deleted_at IS NULL;
ALTER TABLE account_completeness ADD COLUMN incomparable boolean NOT NULL DEFAULT false;
ALTER TABLE account_completeness ADD COLUMN drift_elsewhere timestamptz;
UPDATE account_completeness SET drift_elsewhere = drift_since;
ALTER TABLE accounts ADD COLUMN institution text NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN maybe_continues text NOT NULL DEFAULT '';
CREATE INDEX subscription_events_skipped ON subscription_events (subscription_id, subject)
    WHERE last_error = 'skipped';
CREATE INDEX accounts_maybe ON accounts (tenant_id, connection_id) WHERE maybe_continues <> '';
ALTER TABLE accounts ADD COLUMN held_at timestamptz;
ALTER TABLE accounts ADD COLUMN held_sync timestamptz;
DROP INDEX accounts_by_key;
CREATE INDEX accounts_by_key ON accounts (tenant_id, account_key, removed_at) WHERE account_key <> '';
CREATE INDEX accounts_readings ON accounts (tenant_id, connection_id, bank_read_at)
    WHERE bank_read_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX accounts_held ON accounts (tenant_id, connection_id, held_at) WHERE held_at IS NOT NULL;
ALTER TABLE pulls ADD COLUMN uncounted boolean NOT NULL DEFAULT false;
ALTER TABLE pulls ADD COLUMN id_changes integer NOT NULL DEFAULT 0;
ALTER TABLE pulls ADD COLUMN late_rows integer NOT NULL DEFAULT 0;
CREATE INDEX pulls_irregular ON pulls (connection_id, finished_at) WHERE state IN ('succeeded', 'failed')
    AND (id_changes > 0 OR late_rows > 0);
ALTER TABLE pulls ADD COLUMN scheduled_at timestamptz;
ALTER TABLE pulls ADD COLUMN retry_after_until timestamptz;
CREATE INDEX pulls_unchanged ON pulls (finished_at) WHERE state IN ('succeeded', 'failed')
    AND added = 0 AND modified = 0 AND removed = 0 AND NOT uncounted;

-- The next versions of transactions that continue with a row of a new account reference, while a pull prepares to
-- publish its staged rows. The columns are those of transactions. change_tx: 0. If the server
-- crashes, the table is empty afterwards, and the rows are prepared again.
CREATE UNLOGGED TABLE prepared_transactions (
    LIKE transactions INCLUDING DEFAULTS,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

-- The second witnesses of accounts: statement files of banks, and other accounts (witness_id). source_key: the SHA-256
-- hash of the file, or the other account with the days. reading, comparison, decisions: JSON; comparison is '' unless
-- the statement is compared. overview: what the comparison of the account's statements with each other needs, as JSON.
-- first_day, last_day: the days of the lines and of the covered days; '' if there are none. waits_for: the earliest day
-- of a line that the account's readings do not cover yet; '' if there is none. changes: the number of changes of records
-- that may affect the comparison; compared_changes: that number when the records were read. due_at: when the statement
-- has to be compared again. alerting_since: since when the statement needs attention.
CREATE TABLE bank_statements (
    id                    uuid        NOT NULL,
    account_id            uuid        NOT NULL,
    connection_id         uuid        NOT NULL,
    witness_id            uuid,
    witness_connection_id uuid,
    source_key            text        NOT NULL COLLATE "C",
    state                 text        NOT NULL,
    verdict               text        NOT NULL,
    first_day             text        NOT NULL COLLATE "C",
    last_day              text        NOT NULL COLLATE "C",
    waits_for             text        NOT NULL COLLATE "C",
    reading               text        NOT NULL,
    comparison            text        NOT NULL,
    overview              text        NOT NULL,
    decisions             text        NOT NULL,
    uploaded_by           text        NOT NULL,
    uploaded_at           timestamptz NOT NULL,
    revision              bigint      NOT NULL,
    changes               bigint      NOT NULL,
    compared_changes      bigint      NOT NULL,
    due_at                timestamptz,
    alerting_since        timestamptz,
    tenant_id             uuid        NOT NULL,
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
    id        uuid  NOT NULL,
    sealed    bytea NOT NULL,
    tenant_id uuid  NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

-- The lines of the comparisons of bank statements, and the records without a line, in portions of up to 500. number: the
-- number of the first one, from 1. buckets: the buckets that occur in the portion, separated by commas. content: the
-- findings as compressed JSON.
CREATE TABLE bank_statement_lines (
    statement_id uuid   NOT NULL,
    number       bigint NOT NULL,
    buckets      text   NOT NULL,
    content      bytea  NOT NULL,
    tenant_id    uuid   NOT NULL,
    PRIMARY KEY (statement_id, number, tenant_id)
);

-- The columns of the accounts' CSV files, as JSON.
CREATE TABLE csv_mappings (
    account_id    uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    mapping       text        NOT NULL,
    updated_at    timestamptz NOT NULL,
    tenant_id     uuid        NOT NULL,
    PRIMARY KEY (account_id, tenant_id)
);

CREATE INDEX csv_mappings_connection ON csv_mappings (connection_id);

-- Texts with these letters, with spaces other than the ASCII one, or with several between words, are folded differently
-- now: the index of their tenant is filled anew. One line break separates description and counterparty.
DELETE FROM search_progress WHERE tenant_id IN (SELECT tenant_id FROM search_index
    WHERE folded ~ U&'[ßŁØĐÐÞÆŒıĦŦ\FB00-\FB06\00A0\1680\2000-\200A\202F\205F\3000]'
        OR folded ~ U&'[\0009\000B-\000D\0085\2028\2029]' OR folded LIKE '%  %' OR folded LIKE U&'%\000A%\000A%');

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
    connection_id     uuid        NOT NULL,
    external_id       text        NOT NULL COLLATE "C",
    transaction_id    uuid,
    account_id        uuid,
    date              text        NOT NULL DEFAULT '' COLLATE "C",
    account           text        NOT NULL DEFAULT '',
    absent_pull_id    uuid,
    held_at           timestamptz,
    held_sync         timestamptz,
    proved_by         uuid,
    announced_at      timestamptz,
    announced_pull_id uuid,
    announced_state   text        NOT NULL DEFAULT '',
    tenant_id         uuid        NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

CREATE INDEX row_states_carried_over ON row_states (connection_id, date) WHERE account_id IS NOT NULL;
CREATE INDEX row_states_announced ON row_states (connection_id, announced_at) WHERE announced_state <> '';
CREATE INDEX row_states_held ON row_states (tenant_id, connection_id, held_at) WHERE held_at IS NOT NULL;
CREATE INDEX row_states_announced_held ON row_states (tenant_id, connection_id, announced_at)
    WHERE announced_state = 'held';

INSERT INTO row_states (connection_id, external_id, tenant_id, transaction_id, account_id, date, account, absent_pull_id,
        held_at, announced_at, announced_pull_id, announced_state)
    SELECT connection_id, external_id, tenant_id, p.transaction_id, c.account_id, COALESCE(c.date, n.date, ''),
        COALESCE(a.account, n.account, ''), a.pull_id, a.held_at, n.announced_at, n.pull_id, COALESCE(n.state, '')
    FROM (SELECT connection_id, external_id, tenant_id FROM transaction_past_ids
        UNION SELECT connection_id, external_id, tenant_id FROM carried_over_transactions
        UNION SELECT connection_id, external_id, tenant_id FROM absent_transactions
        UNION SELECT connection_id, external_id, tenant_id FROM announced_removals) k
    LEFT JOIN transaction_past_ids p USING (connection_id, external_id, tenant_id)
    LEFT JOIN carried_over_transactions c USING (connection_id, external_id, tenant_id)
    LEFT JOIN absent_transactions a USING (connection_id, external_id, tenant_id)
    LEFT JOIN announced_removals n USING (connection_id, external_id, tenant_id);
DROP TABLE transaction_past_ids;
DROP TABLE carried_over_transactions;
DROP TABLE absent_transactions;
DROP TABLE announced_removals;

-- The bills of cards. key: the vendor's id, or the closing date where the vendor assigns no ids. data: the vendor's
-- description; facts: what the rules of package bills have found (JSON). bank_read_at: when the vendor had last read the
-- bank when it listed the bill.
CREATE TABLE bills (
    id            uuid    NOT NULL,
    account_id    uuid    NOT NULL,
    connection_id uuid    NOT NULL,
    bill_key      text    NOT NULL COLLATE "C",
    due_date      text    NOT NULL COLLATE "C",
    data          text    NOT NULL,
    facts         text    NOT NULL,
    bank_read_at  timestamptz,
    removed_at    timestamptz,
    tenant_id     uuid    NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE INDEX bills_list ON bills (account_id, due_date, id);
CREATE INDEX bills_connection ON bills (connection_id);

-- What is known of the bills of each card as a whole. state: ok or denied; open: the sums of the rows that are on no
-- closed bill (JSON). day, covers_to: the day of the latest evaluation, and the last day that the reading of the bank
-- covered then. due_at: when the bills are evaluated again, because rows of the card have changed since; otherwise NULL.
CREATE TABLE bill_lists (
    account_id    uuid    NOT NULL,
    connection_id uuid    NOT NULL,
    state         text    NOT NULL,
    open          text    NOT NULL,
    read_at       timestamptz NOT NULL,
    day           text    NOT NULL,
    covers_to     text    NOT NULL,
    due_at        timestamptz,
    tenant_id     uuid    NOT NULL,
    PRIMARY KEY (account_id, tenant_id)
);

CREATE INDEX bill_lists_connection ON bill_lists (connection_id);
CREATE INDEX bill_lists_due ON bill_lists (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX transactions_bill ON transactions (bill_id, date, id) WHERE bill_id IS NOT NULL;
ALTER TABLE subscriptions ADD COLUMN account_id uuid;

-- The amount in the currency of the account is searched, too.
ALTER TABLE search_index ADD COLUMN account_amount text NOT NULL DEFAULT '' COLLATE "C";
CREATE INDEX search_index_account_amount ON search_index (tenant_id, account_amount, date, transaction_id)
    WHERE account_amount <> '';
UPDATE search_index AS x SET account_amount = trim_scale(t.account_amount)::text
    FROM transactions t WHERE t.id = x.transaction_id AND t.tenant_id = x.tenant_id AND t.account_amount IS NOT NULL;
