-- +goose Up

-- reauth_since: when needs_reauth became true. consent_since: when consent_status last changed. Both are NULL for states
-- that an earlier version of the service has stored.
ALTER TABLE connections ADD COLUMN reauth_since INTEGER;
ALTER TABLE connections ADD COLUMN consent_since INTEGER;

-- The list of the connections that need attention reads these tables by tenant.
CREATE INDEX quarantined_rows_of_tenant ON quarantined_rows (tenant_id, connection_id, first_seen_at);
CREATE INDEX absent_transactions_held ON absent_transactions (tenant_id, connection_id, held_at)
    WHERE held_at IS NOT NULL;
CREATE INDEX account_completeness_drifting ON account_completeness (tenant_id, connection_id)
    WHERE drift_since IS NOT NULL;

-- The index of the search. A background task fills it after the commit, in the order of the change feed, so that storing
-- a page does not pay for it. amount: as text without trailing zeros. folded: description and counterparty without case
-- and accents, separated by a line feed. Erased transactions have no row. id: the row in search_texts.
CREATE TABLE search_index (
    id             INTEGER PRIMARY KEY,
    transaction_id TEXT NOT NULL,
    connection_id  TEXT NOT NULL,
    date           TEXT NOT NULL,
    amount         TEXT NOT NULL,
    folded         TEXT NOT NULL,
    tenant_id      TEXT NOT NULL,
    UNIQUE (transaction_id, tenant_id)
) STRICT;

CREATE INDEX search_index_amount ON search_index (tenant_id, amount, date, transaction_id);
CREATE INDEX search_index_connection ON search_index (connection_id);

-- The trigrams of search_index.folded. With secure-delete, nothing of a deleted text stays in the index.
CREATE VIRTUAL TABLE search_texts USING fts5 (
    folded, content = 'search_index', content_rowid = 'id', tokenize = 'trigram case_sensitive 1'
);

INSERT INTO search_texts (search_texts, rank) VALUES ('secure-delete', 1);

-- +goose StatementBegin
CREATE TRIGGER search_index_inserted AFTER INSERT ON search_index BEGIN
    INSERT INTO search_texts (rowid, folded) VALUES (new.id, new.folded);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER search_index_deleted AFTER DELETE ON search_index BEGIN
    INSERT INTO search_texts (search_texts, rowid, folded) VALUES ('delete', old.id, old.folded);
END;
-- +goose StatementEnd

-- Up to which position of the change feed the transactions of a tenant are in search_index.
CREATE TABLE search_progress (
    change_tx      INTEGER NOT NULL,
    transaction_id TEXT    NOT NULL,
    tenant_id      TEXT    NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT, WITHOUT ROWID;
