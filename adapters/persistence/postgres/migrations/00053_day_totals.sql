-- +goose Up

-- The sums of a tenant's live transactions by day, currency and status. The background task of the search index
-- maintains them, so that storing a page does not pay for them. amount_in, amount_out: exact decimals; amount_out
-- without its sign. A sum of no transactions has no row.
CREATE TABLE day_totals (
    date       text   NOT NULL COLLATE "C",
    currency   text   NOT NULL COLLATE "C",
    status     text   NOT NULL,
    amount_in  text   NOT NULL,
    amount_out text   NOT NULL,
    count      bigint NOT NULL,
    tenant_id  uuid   NOT NULL,
    PRIMARY KEY (date, currency, status, tenant_id)
);

CREATE INDEX day_totals_by_tenant ON day_totals (tenant_id, date);

-- A row of search_index also says what day_totals contains of its transaction. status: empty for a removed transaction,
-- which day_totals does not contain. The background task fills the table again.
TRUNCATE search_index, search_progress;
ALTER TABLE search_index ADD COLUMN currency text NOT NULL COLLATE "C";
ALTER TABLE search_index ADD COLUMN status text NOT NULL;
