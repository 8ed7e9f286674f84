-- +goose Up

-- A list as of a moment passes the records that came or changed later within the index.
DROP INDEX transactions_by_date;
CREATE INDEX transactions_by_date ON transactions (connection_id, date, id, updated_at);
