-- +goose Up

-- A search for a text that occurs often examines the newest rows of the index first.
CREATE INDEX search_index_newest ON search_index (tenant_id, date, transaction_id);
