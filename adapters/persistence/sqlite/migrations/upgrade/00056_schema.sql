-- +goose Up

-- Brings a database of commit 68f45046, whose schema has version 55, to the schema of ../00056_schema.sql. A test
-- compares the results. The file is removed with version 1.0.

CREATE INDEX deliveries_pull ON deliveries (pull_id) WHERE pull_id IS NOT NULL;

DROP TRIGGER deliveries_late_join;
DROP TRIGGER pulls_forget_late_joins;
DROP TABLE late_joins;

DROP INDEX transactions_reference_number;
CREATE INDEX transactions_reference_number ON transactions (tenant_id, reference_number, date, id)
    WHERE reference_number <> '' AND reference_number <> end_to_end_id;
