-- +goose Up

-- Brings a database of commit 68f45046, whose schema has version 55, to the schema of ../00056_schema.sql. A test
-- compares the results. The file is removed with version 1.0.

CREATE INDEX deliveries_pull ON deliveries (pull_id) WHERE pull_id IS NOT NULL;

DROP TRIGGER deliveries_late_join;
DROP TRIGGER pulls_forget_late_joins;
DROP TABLE late_joins;

ALTER TABLE transactions ADD COLUMN barcode TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN tx_id TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN excluded_at INTEGER;
ALTER TABLE transactions ADD COLUMN excluded_by TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN card_facts TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN bill_id TEXT;
ALTER TABLE transactions ADD COLUMN card_bill TEXT NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN barcode TEXT NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN tx_id TEXT NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN excluded_at INTEGER;
ALTER TABLE transaction_versions ADD COLUMN excluded_by TEXT NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN actor TEXT NOT NULL DEFAULT '';

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

ALTER TABLE subscription_attempts ADD COLUMN response_status INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscription_attempts ADD COLUMN response_body TEXT NOT NULL DEFAULT '';
ALTER TABLE subscription_attempts ADD COLUMN next_attempt_at INTEGER;
-- What receivers have answered to failed attempts; an erasure removes it.
CREATE INDEX subscription_attempts_answers ON subscription_attempts (tenant_id) WHERE response_body <> '';
ALTER TABLE webhook_tokens ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
DROP INDEX webhook_tokens_connection;
CREATE INDEX webhook_tokens_connection ON webhook_tokens (connection_id, revoked_at);

CREATE INDEX link_sessions_open ON link_sessions (tenant_id) WHERE state = 'open';
ALTER TABLE connections ADD COLUMN institution_id TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN institution_name TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN bank_every INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN bank_on_demand INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN stale_announced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN inconsistent_since INTEGER;
ALTER TABLE connections ADD COLUMN pull_woken_at INTEGER;
ALTER TABLE connections ADD COLUMN signal_at INTEGER;
ALTER TABLE connections ADD COLUMN approval_since INTEGER;
ALTER TABLE connections ADD COLUMN device_since INTEGER;
ALTER TABLE link_sessions ADD COLUMN awaiting_since INTEGER;
CREATE INDEX connections_device ON connections (device_since)
    WHERE device_since IS NOT NULL AND NOT needs_reauth AND deleted_at IS NULL;
ALTER TABLE accounts ADD COLUMN bank_read_at INTEGER;
ALTER TABLE account_balances ADD COLUMN bank_read_at INTEGER;
ALTER TABLE account_balances ADD COLUMN first_read_at INTEGER;
ALTER TABLE account_closes ADD COLUMN bank_read_at INTEGER;
ALTER TABLE account_closes ADD COLUMN covered_since INTEGER;
ALTER TABLE account_closes ADD COLUMN covered_state TEXT NOT NULL DEFAULT '';
ALTER TABLE reopened_closes ADD COLUMN bank_read_at INTEGER;
ALTER TABLE reopened_closes ADD COLUMN covered_since INTEGER;
ALTER TABLE reopened_closes ADD COLUMN covered_state TEXT NOT NULL DEFAULT '';
ALTER TABLE account_closes ADD COLUMN without_amount INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reopened_closes ADD COLUMN without_amount INTEGER NOT NULL DEFAULT 0;
CREATE INDEX accounts_bank_read ON accounts (bank_read_at) WHERE bank_read_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX connections_institution ON connections (tenant_id, vendor, institution_id) WHERE deleted_at IS NULL;
CREATE INDEX connections_stale ON connections (id) WHERE stale_announced AND deleted_at IS NULL;
ALTER TABLE account_completeness ADD COLUMN incomparable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account_completeness ADD COLUMN drift_elsewhere INTEGER;
UPDATE account_completeness SET drift_elsewhere = drift_since;
ALTER TABLE accounts ADD COLUMN institution TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN maybe_continues TEXT NOT NULL DEFAULT '';
CREATE INDEX subscription_events_skipped ON subscription_events (subscription_id, subject)
    WHERE last_error = 'skipped';
CREATE INDEX accounts_maybe ON accounts (tenant_id, connection_id) WHERE maybe_continues <> '';
ALTER TABLE accounts ADD COLUMN held_at INTEGER;
ALTER TABLE accounts ADD COLUMN held_sync INTEGER;
DROP INDEX accounts_by_key;
CREATE INDEX accounts_by_key ON accounts (tenant_id, account_key, removed_at) WHERE account_key <> '';
CREATE INDEX accounts_readings ON accounts (tenant_id, connection_id, bank_read_at)
    WHERE bank_read_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX accounts_held ON accounts (tenant_id, connection_id, held_at) WHERE held_at IS NOT NULL;
ALTER TABLE pulls ADD COLUMN uncounted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pulls ADD COLUMN id_changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pulls ADD COLUMN late_rows INTEGER NOT NULL DEFAULT 0;
CREATE INDEX pulls_irregular ON pulls (connection_id, finished_at) WHERE state IN ('succeeded', 'failed')
    AND (id_changes > 0 OR late_rows > 0);
ALTER TABLE pulls ADD COLUMN scheduled_at INTEGER;
ALTER TABLE pulls ADD COLUMN retry_after_until INTEGER;
CREATE INDEX pulls_unchanged ON pulls (finished_at) WHERE state IN ('succeeded', 'failed')
    AND added = 0 AND modified = 0 AND removed = 0 AND NOT uncounted;

-- The terms of the index of texts contain the tenant.
DROP TRIGGER search_index_inserted;
DROP TRIGGER search_index_deleted;
DROP TABLE search_texts;
CREATE VIRTUAL TABLE search_texts USING fts5 (terms, content = '', tokenize = 'ascii');

INSERT INTO search_texts (search_texts, rank) VALUES ('secure-delete', 1);
-- Merge eight parts of the index at a time (4 by default): texts are indexed a tenth faster.
INSERT INTO search_texts (search_texts, rank) VALUES ('automerge', 8);

-- +goose StatementBegin
CREATE TRIGGER search_index_inserted AFTER INSERT ON search_index BEGIN
    INSERT INTO search_texts (rowid, terms) VALUES (new.id, search_terms(new.tenant_id, new.folded));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER search_index_deleted AFTER DELETE ON search_index BEGIN
    INSERT INTO search_texts (search_texts, rowid, terms)
        VALUES ('delete', old.id, search_terms(old.tenant_id, old.folded));
END;
-- +goose StatementEnd

INSERT INTO search_texts (rowid, terms) SELECT id, search_terms(tenant_id, folded) FROM search_index;

-- Texts with these letters, with spaces other than the ASCII one, or with several between words, are folded differently
-- now: the index of their tenant is filled anew. One line break separates description and counterparty.
DELETE FROM search_progress WHERE tenant_id IN (SELECT tenant_id FROM search_index
    WHERE folded GLOB '*[ßŁØĐÐÞÆŒıĦŦ' || char(64256) || '-' || char(64262) || char(160, 5760) || char(8192) || '-'
        || char(8202) || char(8239, 8287, 12288) || ']*'
        OR folded GLOB '*[' || char(9, 11, 12, 13, 133, 8232, 8233) || ']*' OR folded LIKE '%  %'
        OR folded GLOB '*' || char(10) || '*' || char(10) || '*');

-- The next versions of transactions that continue with a row of a new account reference, while a pull prepares to
-- publish its staged rows. The columns are those of transactions. change_tx: 0.
CREATE TABLE prepared_transactions (
    id                    TEXT    NOT NULL,
    tenant_id             TEXT    NOT NULL,
    connection_id         TEXT    NOT NULL,
    vendor                TEXT    NOT NULL,
    account_id            TEXT,
    account               TEXT    NOT NULL,
    external_id           TEXT    NOT NULL,
    amount                TEXT    NOT NULL,
    currency              TEXT    NOT NULL,
    account_amount        TEXT,
    account_currency      TEXT    NOT NULL,
    status                TEXT    NOT NULL,
    date                  TEXT    NOT NULL,
    occurred_at           INTEGER,
    description           TEXT    NOT NULL,
    category              TEXT    NOT NULL,
    counterparty          TEXT    NOT NULL,
    metadata              BLOB,
    digest                BLOB    NOT NULL,
    version               INTEGER NOT NULL,
    first_seen_at         INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL,
    removed_at            INTEGER,
    change_tx             INTEGER NOT NULL,
    content_hash          BLOB,
    pull_id               TEXT,
    warnings              TEXT    NOT NULL DEFAULT '',
    row_sha256            BLOB,
    normalizer            TEXT    NOT NULL DEFAULT '',
    supersedes            TEXT    NOT NULL DEFAULT '',
    superseded_by         TEXT,
    erased_at             INTEGER,
    possibly_supersedes   TEXT    NOT NULL DEFAULT '',
    reason                TEXT    NOT NULL DEFAULT '',
    end_to_end_id         TEXT    NOT NULL DEFAULT '',
    institution_id        TEXT    NOT NULL DEFAULT '',
    authentication_code   TEXT    NOT NULL DEFAULT '',
    reference_number      TEXT    NOT NULL DEFAULT '',
    receiver_reference_id TEXT    NOT NULL DEFAULT '',
    tracking_key          TEXT    NOT NULL DEFAULT '',
    cheque_number         TEXT    NOT NULL DEFAULT '',
    counterparty_document TEXT    NOT NULL DEFAULT '',
    barcode               TEXT    NOT NULL DEFAULT '',
    tx_id                 TEXT    NOT NULL DEFAULT '',
    excluded_at           INTEGER,
    excluded_by           TEXT    NOT NULL DEFAULT '',
    actor                 TEXT    NOT NULL DEFAULT '',
    card_facts            TEXT    NOT NULL DEFAULT '',
    bill_id               TEXT,
    card_bill             TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (connection_id, external_id, tenant_id)
) STRICT;

-- The second witnesses of accounts: statement files of banks, and other accounts (witness_id). source_key: the SHA-256
-- hash of the file, or the other account with the days. reading, comparison, decisions: JSON; comparison is '' unless
-- the statement is compared. overview: what the comparison of the account's statements with each other needs, as JSON.
-- first_day, last_day: the days of the lines and of the covered days; '' if there are none. waits_for: the earliest day
-- of a line that the account's readings do not cover yet; '' if there is none. changes: the number of changes of records
-- that may affect the comparison; compared_changes: that number when the records were read. due_at: when the statement
-- has to be compared again. alerting_since: since when the statement needs attention.
CREATE TABLE bank_statements (
    id                    TEXT    NOT NULL,
    account_id            TEXT    NOT NULL,
    connection_id         TEXT    NOT NULL,
    witness_id            TEXT,
    witness_connection_id TEXT,
    source_key            TEXT    NOT NULL,
    state                 TEXT    NOT NULL,
    verdict               TEXT    NOT NULL,
    first_day             TEXT    NOT NULL,
    last_day              TEXT    NOT NULL,
    waits_for             TEXT    NOT NULL,
    reading               TEXT    NOT NULL,
    comparison            TEXT    NOT NULL,
    overview              TEXT    NOT NULL,
    decisions             TEXT    NOT NULL,
    uploaded_by           TEXT    NOT NULL,
    uploaded_at           INTEGER NOT NULL,
    revision              INTEGER NOT NULL,
    changes               INTEGER NOT NULL,
    compared_changes      INTEGER NOT NULL,
    due_at                INTEGER,
    alerting_since        INTEGER,
    tenant_id             TEXT    NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT;

CREATE UNIQUE INDEX bank_statements_source ON bank_statements (account_id, source_key, tenant_id);
CREATE INDEX bank_statements_list ON bank_statements (account_id, uploaded_at, id);
CREATE INDEX bank_statements_connection ON bank_statements (connection_id);
CREATE INDEX bank_statements_witness ON bank_statements (witness_connection_id)
    WHERE witness_connection_id IS NOT NULL;
CREATE INDEX bank_statements_due ON bank_statements (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX bank_statements_alerting ON bank_statements (tenant_id, connection_id) WHERE alerting_since IS NOT NULL;

-- The sealed files of bank statements.
CREATE TABLE bank_statement_files (
    id        TEXT    NOT NULL,
    sealed    BLOB    NOT NULL,
    tenant_id TEXT    NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT;

-- The lines of the comparisons of bank statements, and the records without a line, in portions of up to 500. number: the
-- number of the first one, from 1. buckets: the buckets that occur in the portion, separated by commas. content: the
-- findings as compressed JSON.
CREATE TABLE bank_statement_lines (
    statement_id TEXT    NOT NULL,
    number       INTEGER NOT NULL,
    buckets      TEXT    NOT NULL,
    content      BLOB    NOT NULL,
    tenant_id    TEXT    NOT NULL,
    PRIMARY KEY (statement_id, number, tenant_id)
) STRICT;

-- The columns of the accounts' CSV files, as JSON.
CREATE TABLE csv_mappings (
    account_id    TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    mapping       TEXT    NOT NULL,
    updated_at    INTEGER NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (account_id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX csv_mappings_connection ON csv_mappings (connection_id);

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
    connection_id     TEXT    NOT NULL,
    external_id       TEXT    NOT NULL,
    transaction_id    TEXT,
    account_id        TEXT,
    date              TEXT    NOT NULL DEFAULT '',
    account           TEXT    NOT NULL DEFAULT '',
    absent_pull_id    TEXT,
    held_at           INTEGER,
    held_sync         INTEGER,
    proved_by         TEXT,
    announced_at      INTEGER,
    announced_pull_id TEXT,
    announced_state   TEXT    NOT NULL DEFAULT '',
    tenant_id         TEXT    NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
) STRICT, WITHOUT ROWID;

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
    id            TEXT    NOT NULL,
    account_id    TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    bill_key      TEXT    NOT NULL,
    due_date      TEXT    NOT NULL,
    data          TEXT    NOT NULL,
    facts         TEXT    NOT NULL,
    bank_read_at  INTEGER,
    removed_at    INTEGER,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX bills_list ON bills (account_id, due_date, id);
CREATE INDEX bills_connection ON bills (connection_id);

-- What is known of the bills of each card as a whole. state: ok or denied; open: the sums of the rows that are on no
-- closed bill (JSON). day, covers_to: the day of the latest evaluation, and the last day that the reading of the bank
-- covered then. due_at: when the bills are evaluated again, because rows of the card have changed since; otherwise NULL.
CREATE TABLE bill_lists (
    account_id    TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    open          TEXT    NOT NULL,
    read_at       INTEGER NOT NULL,
    day           TEXT    NOT NULL,
    covers_to     TEXT    NOT NULL,
    due_at        INTEGER,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (account_id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX bill_lists_connection ON bill_lists (connection_id);
CREATE INDEX bill_lists_due ON bill_lists (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX transactions_bill ON transactions (bill_id, date, id) WHERE bill_id IS NOT NULL;
ALTER TABLE subscriptions ADD COLUMN account_id TEXT;

-- The amount in the currency of the account is searched, too.
ALTER TABLE search_index ADD COLUMN account_amount TEXT NOT NULL DEFAULT '';
CREATE INDEX search_index_account_amount ON search_index (tenant_id, account_amount, date, transaction_id)
    WHERE account_amount <> '';
UPDATE search_index AS x SET account_amount = CASE
        WHEN t.account_amount LIKE '%.%' THEN rtrim(rtrim(t.account_amount, '0'), '.') ELSE t.account_amount END
    FROM transactions t WHERE t.id = x.transaction_id AND t.tenant_id = x.tenant_id AND t.account_amount IS NOT NULL;
