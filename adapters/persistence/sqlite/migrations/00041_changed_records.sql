-- +goose Up
-- changed_since: when posted records of the account have first changed after its latest reading. changed_from: the earliest
-- date of these records, before or after the changes; '' if there are none.
ALTER TABLE account_completeness ADD COLUMN changed_since INTEGER;
ALTER TABLE account_completeness ADD COLUMN changed_from TEXT NOT NULL DEFAULT '';
