-- +goose Up

-- The sums of a tenant's live transactions by day, currency and status. A background task maintains them after the
-- commit, in the order of the change feed, so that storing a page does not pay for them. amount_in, amount_out: exact
-- decimals; amount_out without its sign. A sum of no transactions has no row.
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

-- What day_totals contains of each transaction. Removed and erased transactions have no row.
CREATE TABLE summed_transactions (
    transaction_id TEXT NOT NULL,
    date           TEXT NOT NULL,
    currency       TEXT NOT NULL,
    status         TEXT NOT NULL,
    amount         TEXT NOT NULL,
    tenant_id      TEXT NOT NULL,
    PRIMARY KEY (transaction_id, tenant_id)
) STRICT, WITHOUT ROWID;

-- Up to which position of the change feed the transactions of a tenant are in day_totals.
CREATE TABLE sum_progress (
    change_tx      INTEGER NOT NULL,
    transaction_id TEXT    NOT NULL,
    tenant_id      TEXT    NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT, WITHOUT ROWID;
