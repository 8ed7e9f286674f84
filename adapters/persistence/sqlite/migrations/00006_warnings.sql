-- +goose Up

-- Codes of doubts about the row, separated by commas. Empty: no doubt. A column with a constant default
-- needs no rewrite of the table.
ALTER TABLE transactions ADD COLUMN warnings TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE transactions DROP COLUMN warnings;
