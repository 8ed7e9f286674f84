-- +goose Up

-- possibly_supersedes: the ids of the removed transactions that may be the same movement, separated by commas. reason:
-- why an operator has made the change that made the version.
ALTER TABLE transactions ADD COLUMN possibly_supersedes text NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN reason text NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN possibly_supersedes text NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN reason text NOT NULL DEFAULT '';

-- ambiguity: the accounts of account_ref that cannot be told apart, and which of them an operator has decided to continue,
-- as JSON; '' if there are none.
ALTER TABLE connections ADD COLUMN ambiguity text NOT NULL DEFAULT '';

-- Pairs of a removed and a live transaction that may be one movement (records.Suggestion). state: 'open', 'join_undone',
-- or why the suggestion has ended. evidence: JSON; '' if there is none.
CREATE TABLE possible_replacements (
    connection_id uuid        NOT NULL,
    old_id        uuid        NOT NULL,
    new_id        uuid        NOT NULL,
    account_id    uuid,
    since         timestamptz NOT NULL,
    state         text        NOT NULL,
    evidence      text        NOT NULL,
    tenant_id     uuid        NOT NULL,
    PRIMARY KEY (connection_id, old_id, new_id, tenant_id)
);

CREATE INDEX possible_replacements_listed ON possible_replacements (tenant_id, since, old_id, new_id)
    WHERE state IN ('open', 'join_undone');
CREATE INDEX possible_replacements_of_connection ON possible_replacements (connection_id, state);
CREATE INDEX possible_replacements_by_new ON possible_replacements (new_id, tenant_id);
CREATE INDEX possible_replacements_of_account ON possible_replacements (account_id, tenant_id);
