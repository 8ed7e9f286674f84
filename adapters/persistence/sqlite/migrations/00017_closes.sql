-- +goose Up

-- The closed periods of accounts. date: the last day of the period. position: the highest seq in close_adjustments,
-- or position, of the account when the close was made. records and total: the number and the sum of the records;
-- total is NULL if a record has no amount in currency. digest: SHA-256 over the records.
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
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (account_id, date, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_closes_connection ON account_closes (connection_id);
CREATE INDEX account_closes_tenant ON account_closes (tenant_id);

-- The changes of records after a close of their account. A row is an adjustment of each close of the account whose
-- position is lower than seq and whose date is not before day. day: the earlier one of the dates before and after
-- the change. members_before, members_after: the members that the digest of a close covers, separated by "|"; ""
-- if the account does not have the record.
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

CREATE INDEX close_adjustments_transaction ON close_adjustments (transaction_id);

-- +goose Down
DROP TABLE close_adjustments;
DROP TABLE account_closes;
