-- +goose Up

-- The sums of a tenant's live transactions by day, currency and status. The background task of the search index
-- maintains them, so that storing a page does not pay for them. amount_in, amount_out: exact decimals; amount_out
-- without its sign. A sum of no transactions has no row.
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

CREATE INDEX day_totals_by_tenant ON day_totals (tenant_id, date);

-- A row of search_index also says what day_totals contains of its transaction. status: empty for a removed transaction,
-- which day_totals does not contain. The background task fills the new table; to delete all rows of the old one would
-- take long, because search_texts overwrites each text.
DROP TABLE search_texts;
DROP TABLE search_index;
DELETE FROM search_progress;

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
CREATE INDEX search_index_amount ON search_index (tenant_id, amount, date, transaction_id);
CREATE INDEX search_index_connection ON search_index (connection_id);
CREATE INDEX search_index_newest ON search_index (tenant_id, date, transaction_id);

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
