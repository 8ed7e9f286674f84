-- +goose Up

-- What a subscription has sent to Matcher for a transaction (matcher.Entry). account_id: NULL if it is not known yet.
-- external_id: of the first import. context_id, source_id and matcher_id: ids of Matcher. content: of the last import, as
-- JSON; '' in the state none. conflict: JSON; '' if there is none. due_at: NULL if nothing is to be done. marks: counts the
-- changes of the transaction.
CREATE TABLE matcher_entries (
    subscription_id TEXT    NOT NULL,
    transaction_id  TEXT    NOT NULL,
    connection_id   TEXT    NOT NULL,
    account_id      TEXT,
    state           TEXT    NOT NULL CHECK (state IN ('none', 'importing', 'imported', 'ignoring', 'ignored')),
    external_id     TEXT    NOT NULL,
    context_id      TEXT    NOT NULL,
    source_id       TEXT    NOT NULL,
    content         TEXT    NOT NULL,
    matcher_id      TEXT    NOT NULL,
    imports         INTEGER NOT NULL,
    last_version    INTEGER NOT NULL,
    file            TEXT    NOT NULL,
    tries           INTEGER NOT NULL,
    max_rows        INTEGER NOT NULL,
    conflict        TEXT    NOT NULL,
    conflict_since  INTEGER,
    due_at          INTEGER,
    marks           INTEGER NOT NULL,
    tenant_id       TEXT    NOT NULL,
    PRIMARY KEY (subscription_id, transaction_id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX matcher_entries_due ON matcher_entries (subscription_id, due_at, transaction_id) WHERE due_at IS NOT NULL;
CREATE INDEX matcher_entries_conflicts ON matcher_entries (subscription_id, conflict_since, transaction_id)
    WHERE conflict_since IS NOT NULL;
CREATE INDEX matcher_entries_external_id ON matcher_entries (subscription_id, source_id, external_id)
    WHERE external_id <> '';
CREATE INDEX matcher_entries_of_connection ON matcher_entries (connection_id);

-- scanned_revision: the revision whose sources were compared with the entries (ports.MatcherEntries.Scanned).
ALTER TABLE subscriptions ADD COLUMN scanned_revision INTEGER NOT NULL DEFAULT 0;
