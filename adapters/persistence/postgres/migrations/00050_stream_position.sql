-- +goose Up
-- stream_position: the position in the vendor's stream of changes up to which a pull has stored everything; '' if there
-- is none (domain.Connection.StreamPosition).
ALTER TABLE connections ADD COLUMN stream_position text NOT NULL DEFAULT '';
