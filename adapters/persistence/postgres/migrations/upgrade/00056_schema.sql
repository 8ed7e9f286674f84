-- +goose Up

-- Brings a database of commit 68f45046, whose schema has version 55, to the schema of ../00056_schema.sql. A test
-- compares the results. The file is removed with version 1.0.

DROP INDEX transactions_reference_number;
CREATE INDEX transactions_reference_number ON transactions (tenant_id, reference_number, date, id)
    WHERE reference_number <> '' AND reference_number <> end_to_end_id;
