-- +goose Up

-- The content hash of the vendor's row. It shows that a row is unchanged without normalizing it. NULL:
-- unknown.
ALTER TABLE transactions ADD COLUMN source bytea;

-- +goose Down
ALTER TABLE transactions DROP COLUMN source;
