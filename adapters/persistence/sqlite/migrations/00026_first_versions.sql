-- +goose Up

-- The first versions of transactions that have changed since, in the order of the change feed. A subscription reads
-- them, because it reports a record at the position of its first version.
CREATE INDEX transaction_versions_first ON transaction_versions (tenant_id, change_tx, id) WHERE version = 1;

-- +goose Down
DROP INDEX transaction_versions_first;
