-- +goose Up

-- removed_at: when it was detected that the vendor no longer lists the account. listed: whether the vendor has
-- listed it, or it was only embedded in rows; of older accounts this is not known. absent_pull_id: the pull whose
-- list was the first one without the account. No column needs a rewrite of the table.
ALTER TABLE accounts ADD COLUMN removed_at INTEGER;
ALTER TABLE accounts ADD COLUMN listed INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN absent_pull_id TEXT;

-- Live transactions that the last complete read did not return. pull_id: the first pull whose read did not return
-- the row. held_at: when the removal was held back, because too many rows of the account would have been removed.
CREATE TABLE absent_transactions (
    tenant_id     TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    external_id   TEXT NOT NULL,
    account       TEXT NOT NULL,
    pull_id       TEXT NOT NULL,
    held_at       INTEGER,
    PRIMARY KEY (connection_id, external_id, tenant_id)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE absent_transactions;
ALTER TABLE accounts DROP COLUMN absent_pull_id;
ALTER TABLE accounts DROP COLUMN listed;
ALTER TABLE accounts DROP COLUMN removed_at;
