-- +goose Up
-- decided_at: when an operator's decision has last changed posted records of the account after its latest reading.
ALTER TABLE account_completeness ADD COLUMN decided_at timestamptz;
