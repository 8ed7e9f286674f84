-- +goose Up

-- Brings a database of commit 68f45046, whose schema has version 55, to the schema of ../00056_schema.sql. A test
-- compares the results. The file is removed with version 1.0.
--
-- The schema is that of version 55.
