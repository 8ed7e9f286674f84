-- +goose Up

-- Removals of live rows that the vendor has announced (domain.AnnouncedRemoval). account: the account's external id; '' if
-- the vendor names none. date: of the row. state: 'waiting', 'applied', 'held' or 'void'. pull_id: the pull that has stored
-- the state.
CREATE TABLE announced_removals (
    connection_id TEXT    NOT NULL,
    external_id   TEXT    NOT NULL,
    account       TEXT    NOT NULL,
    date          TEXT    NOT NULL,
    announced_at  INTEGER NOT NULL,
    pull_id       TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX announced_removals_held ON announced_removals (tenant_id, connection_id, announced_at)
    WHERE state = 'held';
