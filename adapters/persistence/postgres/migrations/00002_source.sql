-- +goose Up

-- By it a row that is seen again as it was is known without being read. NULL: not known.
ALTER TABLE transactions ADD COLUMN source bytea;

-- +goose Down
ALTER TABLE transactions DROP COLUMN source;
