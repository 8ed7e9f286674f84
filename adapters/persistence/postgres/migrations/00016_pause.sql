-- +goose Up

-- paused_at: since when no request is sent to the vendor; NULL unless the connection is paused.
ALTER TABLE connections ADD COLUMN paused_at timestamptz;

-- +goose Down
ALTER TABLE connections DROP COLUMN paused_at;
