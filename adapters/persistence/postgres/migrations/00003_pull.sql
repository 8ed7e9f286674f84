-- +goose Up

-- The pull that wrote the row's present version. NULL: written before this column existed. A column
-- without a default needs no rewrite of the table.
ALTER TABLE transactions ADD COLUMN pull_id uuid;

-- +goose Down
ALTER TABLE transactions DROP COLUMN pull_id;
