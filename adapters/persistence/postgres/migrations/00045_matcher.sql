-- +goose Up

-- What a subscription has sent to Matcher for a transaction (matcher.Entry). account_id: NULL if it is not known yet.
-- external_id: of the first import. context_id, source_id and matcher_id: ids of Matcher. content: of the last import, as
-- JSON; '' in the state none. conflict: JSON; '' if there is none. due_at: NULL if nothing is to be done. marks: counts the
-- changes of the transaction.
CREATE TABLE matcher_entries (
    subscription_id uuid    NOT NULL,
    transaction_id  uuid    NOT NULL,
    connection_id   uuid    NOT NULL,
    account_id      uuid,
    state           text    NOT NULL CHECK (state IN ('none', 'importing', 'imported', 'ignoring', 'ignored')),
    external_id     text    NOT NULL COLLATE "C",
    context_id      text    NOT NULL COLLATE "C",
    source_id       text    NOT NULL COLLATE "C",
    content         text    NOT NULL,
    matcher_id      text    NOT NULL,
    imports         integer NOT NULL,
    last_version    integer NOT NULL,
    file            text    NOT NULL,
    tries           integer NOT NULL,
    max_rows        integer NOT NULL,
    conflict        text    NOT NULL,
    conflict_since  timestamptz,
    due_at          timestamptz,
    marks           bigint  NOT NULL,
    tenant_id       uuid    NOT NULL,
    PRIMARY KEY (subscription_id, transaction_id, tenant_id)
) WITH (fillfactor = 80);

CREATE INDEX matcher_entries_due ON matcher_entries (subscription_id, due_at, transaction_id) WHERE due_at IS NOT NULL;
CREATE INDEX matcher_entries_conflicts ON matcher_entries (subscription_id, conflict_since, transaction_id)
    WHERE conflict_since IS NOT NULL;
CREATE INDEX matcher_entries_external_id ON matcher_entries (subscription_id, source_id, external_id)
    WHERE external_id <> '';
CREATE INDEX matcher_entries_of_connection ON matcher_entries (connection_id);

-- scanned_revision: the revision whose sources were compared with the entries (ports.MatcherEntries.Scanned).
ALTER TABLE subscriptions ADD COLUMN scanned_revision bigint NOT NULL DEFAULT 0;
