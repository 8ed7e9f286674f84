-- +goose Up

-- Removals of live rows that the vendor has announced (domain.AnnouncedRemoval). account: the account's external id; '' if
-- the vendor names none. date: of the row. state: 'waiting', 'applied', 'held' or 'void'. pull_id: the pull that has stored
-- the state.
CREATE TABLE announced_removals (
    connection_id uuid        NOT NULL,
    external_id   text        NOT NULL COLLATE "C",
    account       text        NOT NULL,
    date          text        NOT NULL COLLATE "C",
    announced_at  timestamptz NOT NULL,
    pull_id       uuid        NOT NULL,
    state         text        NOT NULL,
    tenant_id     uuid        NOT NULL,
    PRIMARY KEY (connection_id, external_id, tenant_id)
);

CREATE INDEX announced_removals_held ON announced_removals (tenant_id, connection_id, announced_at)
    WHERE state = 'held';
